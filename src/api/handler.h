/*
 * What handlers share: reading a request's body and parameters, and making a change of it.
 */
#ifndef QUIVER_API_HANDLER_H
#define QUIVER_API_HANDLER_H

#include <quiver/api/api.h>

/** The body of an operation that takes and gives JSON: check_media, then read_body. */
QV_MUST_CHECK enum qv_status read_json(const struct qv_call *call, json_t **ret_body,
                                       struct qv_error *error);
/** The same of an operation that needs no body. */
QV_MUST_CHECK enum qv_status read_optional_json(const struct qv_call *call, json_t **ret_body,
                                                struct qv_error *error);

/** Accept and Content-Type of an operation that takes and gives JSON: QV_NOT_ACCEPTABLE,
 *  QV_UNSUPPORTED_MEDIA (spec/arrowhead-discovery 2.5). */
QV_MUST_CHECK enum qv_status check_media(const struct qv_request *request,
                                         struct qv_response *response, struct qv_error *error);
/** The same of an operation that needs no body: without one its Content-Type does not matter. */
QV_MUST_CHECK enum qv_status check_optional_media(const struct qv_request *request,
                                                  struct qv_response *response,
                                                  struct qv_error *error);
/** The body as JSON; missing, empty or `null` is QV_INVALID, as is what is no JSON (2.6). */
QV_MUST_CHECK enum qv_status read_body(const struct qv_request *request, json_t **ret_body,
                                       struct qv_error *error);
/** The same where none is needed: NULL where it is missing, empty or `null`. */
QV_MUST_CHECK enum qv_status read_optional_body(const struct qv_request *request, json_t **ret_body,
                                                struct qv_error *error);
/** A query parameter that is a truth value: absent, empty or blank is false (section 11.5). */
QV_MUST_CHECK enum qv_status read_truth(struct qv_str query, const char *name, bool *ret_value,
                                        struct qv_error *error);

/** Appends the text with %XX decoded and `+` as blank; QV_INVALID for a broken escape. Exposed for
 *  its tests. */
QV_MUST_CHECK enum qv_status decode_query_text(struct qv_str text, struct qv_buf *buf);

/** Writes the answer of a change that is done, from what it left. */
typedef void (*job_writer)(const struct qv_job *job, const struct qv_outcome *outcome,
                           struct qv_response *response);

/** Begins an answer in JSON; its body is the caller's to write. */
struct qv_buf *answer_json(struct qv_response *response, int status);
/** The policy's verdict over a change of an object, whose name is for the audit trail. A refusal is
 *  answered, with the policy's words. */
QV_MUST_CHECK enum qv_status ask_policy(const struct qv_call *call, struct qv_str name,
                                        const struct qv_object *object, struct qv_grant *ret_grant);
/** The same over the revoke of a system or device, as it stands: rules may be about its metadata.
 *  Where nothing stands under the name, it has none. */
QV_MUST_CHECK enum qv_status ask_to_revoke(const struct qv_call *call, enum qv_kind kind,
                                           struct qv_str name, struct qv_grant *ret_grant,
                                           struct qv_error *error);
/** Answers a revoke: 200, or 204 where there was nothing. */
void write_revoked(const struct qv_job *job, const struct qv_outcome *outcome,
                   struct qv_response *response);

struct qv_job {
    struct qv_api *api;
    struct qv_grant grant;
    struct qv_change *change;     /* owned until it is submitted */
    char *origin;                 /* owned; the request may be gone when the answer is written */
    struct qv_identity *identity; /* held while the change is on its way */
    job_writer write;
    bool expires;              /* of a registration: */
    struct qv_wall expires_at; /* with the fraction that only its own answer shows */
    /* Of a registration, owned: to be compared with what is there already. */
    struct qv_system_registration *system;
    struct qv_device_registration *device;
    /* Of a CHAP service, owned: */
    char *id;
    char *ping_url;            /* of a registration: what its ping_url begins with */
    bool unrecorded;           /* has no line in the audit trail */
    struct qv_outcome outcome; /* its entities are owned */
    void (*done)(void *data, struct qv_job *job);
    void *done_data;
};

/** Makes a job of a change, taking it over (also on failure). */
QV_MUST_CHECK enum qv_status job_new(const struct qv_call *call, const struct qv_grant *grant,
                                     struct qv_change *change, job_writer write,
                                     struct qv_job **ret_job);

#endif

/*
 * The offered services: what a request means and what is answered. Handlers are
 * (identity, request) -> response, without a socket; a change comes back as a job that the server
 * starts and finishes. Any worker thread; a call belongs to one.
 */
#ifndef QUIVER_API_API_H
#define QUIVER_API_API_H

#include <quiver/identity/service_keys.h>
#include <quiver/identity/verifier.h>
#include <quiver/observe/audit.h>
#include <quiver/observe/handshakes.h>
#include <quiver/observe/health.h>
#include <quiver/observe/metrics.h>
#include <quiver/store/store.h>

/** One for the process: everything handlers need. */
struct qv_api {
    const struct qv_config *config;
    struct qv_rules rules;
    struct qv_registry *registry;
    struct qv_store *store;
    struct qv_health *health;
    struct qv_audit *audit;
    struct qv_handshakes *handshakes;
    struct qv_metrics *metrics;           /**< NULL: nothing is counted, and nobody asks */
    struct qv_verifier *verifier;         /**< whom the server's gates ask about callers */
    struct qv_service_keys *service_keys; /**< NULL: no listener serves chap */
};

struct qv_request {
    struct qv_str method;       /**< as sent */
    struct qv_str path;         /**< raw, without query */
    struct qv_str query;        /**< raw, without question mark; empty where none */
    struct qv_str content_type; /**< `at` NULL: not sent */
    struct qv_str accept;       /**< `at` NULL: not sent; several headers joined by ", " */
    struct qv_str body;
    bool has_body;        /**< Transfer-Encoding, or Content-Length that is not 0 */
    struct qv_str param;  /**< the path's parameter, decoded once; where the route has one */
    struct qv_str origin; /**< "METHOD /path", the decoded parameter filled in */
    struct qv_str url;    /**< scheme://host[:port]/path, without query (spec 1.4) */
    const struct qv_identity
        *identity; /**< NULL: nobody; lives as long as the request and its job */
    /* On a listener that serves chap: */
    struct qv_str service_key; /**< X-Service-Key, the first of several; `at` NULL: not sent */
    unsigned key_number;       /**< of the service key that was proved; 0: none */
    struct qv_str base;        /**< of a registration: scheme://host[:port] by which it was called;
                                    empty: the Host header does not name this server */
    struct qv_wall now;
    size_t json_depth;    /**< limits.json_depth, as it is in force */
    size_t instances_max; /**< that the caller may have registered; 0: no bound */
};

/**
 * What the audit trail is to have of an answer, beside what the server knows itself. A line has
 * each answer 401 and 403 (and 422 to a CHAP request without its key), whatever was asked for, and
 * each change that the policy granted, whatever came of it; but for pings, which renew a lease and
 * come by the thousand. What is beyond a caller's share of requests or connections (429) has one a
 * second for each system: whoever is refused without end must not fill the disk. What never came so
 * far (400, 404, 405 ...) has none, nor have lookups.
 */
enum qv_recorded {
    QV_RECORD_NONE,
    QV_RECORD_ALLOWED, /**< it was made, or there was nothing to do */
    QV_RECORD_DENIED,  /**< for want of identity or right */
    QV_RECORD_REFUSED, /**< granted, but not made: what is stored stands against it, or a fault */
    QV_RECORD_UNKNOWN, /**< nobody knows whether it was made */
};
struct qv_record {
    enum qv_recorded verdict;
    const char *rule; /**< which decided, whether the client is told or not; lives as the policy;
                           NULL: none */
    struct qv_buf object;     /**< instance id, system or device name, as far as it is known */
    struct qv_buf reason;     /**< of what was not made: the words, whether told or not */
    uint64_t epoch, revision; /**< of a change; revision 0: none */
    uint64_t suppressed;      /**< refusals before it that have no line */
};

/** How errors look. */
enum qv_shape {
    QV_SHAPE_ARROWHEAD, /**< the error object (spec/arrowhead-discovery 2.1) */
    QV_SHAPE_DETAIL,    /**< {"detail":...} (spec/chap-registration B1.6) */
};

struct qv_response {
    enum qv_shape shape;      /**< of its errors; set before anything else */
    int status;               /**< HTTP */
    const char *content_type; /**< static; NULL: none */
    const char *allow;        /**< static; for 405 and OPTIONS; NULL: none */
    const char *accept;       /**< static; for 415: what is taken (RFC 9110 12.5.1); NULL: none */
    const char *rule;         /**< lives as the policy; X-Quiver-Rule; NULL: none */
    const char *location;     /**< lives as the request; of a redirection; NULL: none */
    unsigned retry_after;     /**< seconds; 0: none, or what an error of its status has */
    bool close;               /**< end the connection after this answer */
    struct qv_buf body;
    struct qv_record record;
};
void qv_response_free(struct qv_response *response);

/** A change on its way. */
struct qv_job;

/** An operation being asked for; everything is borrowed. */
struct qv_call {
    struct qv_api *api;
    const struct qv_permit *permit; /**< the policy's, for this operation */
    const struct qv_request *request;
    struct qv_response *response;
};

/** One offered operation. */
struct qv_route {
    const char *method;
    const char
        *path;      /**< whole path; with `param`: the path before the last part, with its slash */
    bool param;     /**< a part is a parameter: the last, or the one before `suffix` */
    unsigned serve; /**< bit of enum qv_serve: on which listeners it is */
    const char *allow;         /**< the Allow header of this path, for 405 */
    const char *allow_options; /**< the Allow header of OPTIONS; NULL: that is a method like others,
                                    and one that no route has */
    enum qv_operation operation;
    /** Answers, or makes a job. Its faults are for qv_api_handle to answer, but for those that it
     *  has words of its own for: the response has their status then. */
    enum qv_status (*handle)(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error);
    const char *suffix; /**< what follows the parameter ("/$ping"); NULL: nothing */
};
/** All routes; ended by a NULL method. Static. */
const struct qv_route *qv_api_routes(void);
/** Has the operation done: the call is answered, or there is a job, then the caller's. */
void qv_api_handle(const struct qv_route *route, const struct qv_call *call,
                   struct qv_job **ret_job);

/** Makes the response an error of its shape: status and words; in Arrowhead's shape also type and
 *  origin (empty: the member is left out, as of identity errors). A 401 or 403 is recorded as
 *  denied. */
void qv_response_set_error(struct qv_response *response, const struct qv_error *error,
                           struct qv_str origin);
/** The same for a refusal by policy, as authorization.explain_to_clients says: the rule's name in a
 *  header and the policy's words, or neither where the reference has no words of its own. The
 *  record has both in any case. */
void qv_response_set_denied(struct qv_response *response, const struct qv_api *api,
                            const struct qv_error *error, const struct qv_decision *decision,
                            struct qv_str origin);
/** Makes the response {"detail":...} with this JSON text (a list of faults, as FastAPI has them).
 */
void qv_response_set_detail(struct qv_response *response, int status, struct qv_str detail);
/** What there is to say where memory is out; static. */
struct qv_str qv_response_no_memory(enum qv_shape shape);
/** The HTTP status of a status; 200 for QV_OK. */
int qv_status_http(enum qv_status status);

/** Does its change have a line in the audit trail? */
bool qv_job_is_recorded(const struct qv_job *job);
/** Submits the job's change. `done(data, job)` runs on the store's thread, exactly once. */
void qv_job_start(struct qv_job *job, void (*done)(void *data, struct qv_job *job), void *data);
/** Writes the answer of a job that is done, and its record. On the worker; the job is still the
 *  caller's. */
void qv_job_finish(struct qv_job *job, struct qv_response *response);
void qv_job_free(struct qv_job **job);

#endif

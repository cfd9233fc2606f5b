/*
 * Systems as they are asked to be registered, looked up and revoked: parse, check in the
 * reference's order (spec/arrowhead-discovery 4.1-4.3, 4.7), normalize. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_SYSTEM_H
#define QUIVER_DOMAIN_SYSTEM_H

#include <quiver/domain/entity.h>
#include <quiver/domain/filters.h>

/** A registration that passed every check that needs no store. */
struct qv_system_registration {
    char *name;                  /**< normalized: the caller's */
    char *version;               /**< normalized */
    struct qv_strings addresses; /**< normalized; empty: the device's are to be inherited */
    char *device;                /**< name, normalized; NULL: none */
    json_t *metadata;            /**< owned; NULL: none given */
};

/** Reads a register request. `requester` is the caller's system name as identified (raw), `body`
 *  the parsed JSON text (any JSON value). QV_INVALID with the words of spec 4.1, in its order. */
QV_MUST_CHECK enum qv_status
qv_system_registration_read(const struct qv_rules *rules, struct qv_str requester,
                            const json_t *body, struct qv_system_registration **ret_registration,
                            struct qv_error *error);
void qv_system_registration_free(struct qv_system_registration **registration);

/** The stored document {"name","metadata"?,"version","addresses":[{"type","address"}...],
 *  "device"?} in pieces: whoever stores it may have to fill in the device's addresses. */
struct qv_system_document {
    struct qv_buf front;     /**< up to the version */
    struct qv_buf addresses; /**< the list; empty where there is none */
    struct qv_buf back;      /**< behind the list, with the brace */
};
/** Appends to the three buffers. */
void qv_system_registration_write(const struct qv_system_registration *registration,
                                  struct qv_system_document *document);
void qv_system_document_free(struct qv_system_document *document);

/** Was the system that is stored under the name registered alike? `device` is the one that it is
 *  on, NULL: none. QV_INVALID with words that name the first difference (11.9: JSON is compared
 *  by kind and value). */
QV_MUST_CHECK enum qv_status
qv_system_registration_compare(const struct qv_system_registration *registration,
                               const struct qv_system *stored, const struct qv_device *device,
                               struct qv_error *error);

/** The caller's own name as systems are stored, to be freed with qv_free. QV_INVALID where it is
 *  blank, or, where the dialect looks at such names, against the convention. */
QV_MUST_CHECK enum qv_status qv_system_name_read(const struct qv_rules *rules,
                                                 struct qv_str requester, char **ret_name,
                                                 struct qv_error *error);
/** Appends what is equal for names that differ in letter case alone (11.6); nothing where the
 *  dialect's names have no letter case. */
void qv_system_name_fold(const struct qv_dialect *dialect, struct qv_str name, struct qv_buf *buf);

/** A lookup request: AND across the members, OR within each; an empty member does not filter. */
struct qv_system_query {
    struct qv_strings names, versions, devices; /**< normalized */
    struct qv_filters filters;
};

/** `body` NULL: none was sent, which filters nothing. */
QV_MUST_CHECK enum qv_status qv_system_query_read(const struct qv_rules *rules, const json_t *body,
                                                  struct qv_system_query **ret_query,
                                                  struct qv_error *error);
void qv_system_query_free(struct qv_system_query **query);

#endif

/*
 * Devices as they are asked to be registered, looked up and revoked: parse, check in the
 * reference's order (spec/arrowhead-discovery 4.4, 4.5, 4.7), normalize. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_DEVICE_H
#define QUIVER_DOMAIN_DEVICE_H

#include <quiver/domain/entity.h>
#include <quiver/domain/filters.h>

/** A registration that passed every check that needs no store. */
struct qv_device_registration {
    char *name;                  /**< normalized */
    struct qv_strings addresses; /**< normalized, at least one */
    json_t *metadata;            /**< owned; NULL: none given */
};

/** Reads a register request; `body` is the parsed JSON text (any JSON value). QV_INVALID with the
 *  words of spec 4.4, in its order. */
QV_MUST_CHECK enum qv_status
qv_device_registration_read(const struct qv_rules *rules, const json_t *body,
                            struct qv_device_registration **ret_registration,
                            struct qv_error *error);
void qv_device_registration_free(struct qv_device_registration **registration);
/** Appends the stored document: {"name","metadata"?,"addresses":[{"type","address"}...]}. */
void qv_device_registration_write(const struct qv_device_registration *registration,
                                  struct qv_buf *buf);
/** Was the device that is stored under the name registered alike? QV_INVALID with words that name
 *  the first difference (11.9: JSON is compared by kind and value). */
QV_MUST_CHECK enum qv_status
qv_device_registration_compare(const struct qv_device_registration *registration,
                               const struct qv_device *stored, struct qv_error *error);

/** The name of a device that a request refers to, normalized, to be freed with qv_free. QV_INVALID
 *  where it is blank, or, where the dialect looks at such names, against the convention. */
QV_MUST_CHECK enum qv_status qv_device_name_read(const struct qv_rules *rules, struct qv_str raw,
                                                 char **ret_name, struct qv_error *error);

/** A lookup request: AND across the members, OR within each; an empty member does not filter. */
struct qv_device_query {
    struct qv_strings names; /**< normalized */
    struct qv_filters filters;
};

/** `body` NULL: none was sent, which filters nothing. */
QV_MUST_CHECK enum qv_status qv_device_query_read(const struct qv_rules *rules, const json_t *body,
                                                  struct qv_device_query **ret_query,
                                                  struct qv_error *error);
void qv_device_query_free(struct qv_device_query **query);

#endif

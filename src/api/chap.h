/*
 * What the handlers of CHAP services share. Any worker thread.
 */
#ifndef QUIVER_API_CHAP_H
#define QUIVER_API_CHAP_H

#include "handler.h"

/** Where they are; an id comes behind it. */
#define CHAP_SERVICES "/v2/services/"

/** How long leases are, and what becomes of them, by the configuration. */
struct qv_chap_terms chap_terms(const struct qv_api *api);
/** Answers 404: "Service <id> not found". */
void chap_set_not_found(struct qv_str id, struct qv_response *response);

/** A service as the policy is asked about it: what it is, and room for names in the dialect's form.
 *  Zero-initialized: empty. */
struct chap_object {
    struct qv_object object;
    struct qv_buf provider, service; /* owned */
};
void chap_object_free(struct chap_object *object);
/** Names provider and definition; version and metadata are the caller's to fill in. */
QV_MUST_CHECK enum qv_status chap_object_begin(const struct qv_api *api, struct qv_str id,
                                               struct chap_object *object);

#endif

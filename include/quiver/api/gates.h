/*
 * What the server asks of the api before it knows whether a request may go on: is it the one lookup
 * that needs no identity, must its caller be looked up on the blacklist, and did whoever changes
 * CHAP services prove who he is. Any worker thread.
 */
#ifndef QUIVER_API_GATES_H
#define QUIVER_API_GATES_H

#include <quiver/api/api.h>

/** Is it the service lookup of exactly `["identity"]`, by which systems find the Authentication
 *  system (spec/arrowhead-discovery 1.5-1.7, section 11.15)? Its other members do not matter, as
 *  long as they are ones that a lookup has. */
bool qv_gate_is_identity_lookup(const struct qv_request *request);

/** May this request go on although nobody proved who calls, on a listener with outsourced identity
 *  (section 11.15)? The lookup above, in dialect 5.2. */
bool qv_gate_needs_nobody(const struct qv_api *api, const struct qv_request *request);

/** Must the caller be looked up on the blacklist (spec 1.6, 1.7)? False: nobody is to be asked, as
 *  it is off, the caller is an operator, exempt or the blacklist itself, or this is the lookup
 *  above. True: `name` is the caller's normalized name and `url` where to ask; empty: the check
 *  cannot be made. Both are appended to. */
QV_MUST_CHECK enum qv_status qv_gate_blacklist(const struct qv_api *api,
                                               const struct qv_request *request, bool *ret_asks,
                                               struct qv_buf *name, struct qv_buf *url);
/** The refusal, from what the verifier found: QV_OK where the caller is not on it. */
QV_MUST_CHECK enum qv_status qv_gate_blacklist_verdict(const struct qv_api *api,
                                                       const struct qv_inquiry *inquiry,
                                                       struct qv_str name, struct qv_error *error);

/** Has whoever calls this CHAP operation proved what chap.authentication asks for
 *  (spec/chap-registration B1.5)? True: request->key_number is that of the key, if any. False: the
 *  response is the refusal, as chap.dialect words it. Reading needs no proof; a key that is sent
 *  with it counts for the policy where it is good, and nothing where it is not. */
bool qv_gate_chap(const struct qv_api *api, enum qv_operation operation, struct qv_request *request,
                  struct qv_response *response);

#endif

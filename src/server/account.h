/*
 * What is known of a request beside its answer, until the audit trail has its line. It belongs to
 * the exchange, and to the change while that is on its way: what was made has its line, also where
 * whoever asked for it has gone. One thread at a time.
 */
#ifndef QUIVER_SERVER_ACCOUNT_H
#define QUIVER_SERVER_ACCOUNT_H

#include "peers.h"

#include <quiver/api/api.h>

struct qv_account {
    struct qv_mono begun;         /**< when the request had come in */
    struct qv_identity *identity; /**< a reference; NULL: nobody, or not known yet */
    struct qv_rights *rights;     /**< a reference; NULL: not asked for yet. Keep the rule's name */
    unsigned key;                 /**< number of the service key that was proved; 0: none */
    const char *listener;         /**< lives as long as the server */
    uint64_t generation;          /**< of the trust by which it is judged */
    enum qv_operation operation;  /**< what the policy was asked about; QV_OP_COUNT: nothing yet */
    bool reserved;                /**< room for the line was set aside: the line must be written */
    char peer[QV_PEER_TEXT];
};
void qv_account_free(struct qv_account *account);

/** Appends the caller's name as it is stored; nothing where nobody is known, or without memory. */
void qv_account_write_system(const struct qv_account *account, const struct qv_api *api,
                             struct qv_buf *system);
/** What the policy was asked about; empty: nothing. Static. */
const char *qv_account_operation(const struct qv_account *account);
/** Writes the line of this answer, where it is one that has a line. To be called once, before it is
 *  sent. */
void qv_account_write(const struct qv_account *account, const struct qv_api *api,
                      const struct qv_response *response);

#endif

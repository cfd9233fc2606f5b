/*
 * Beginning and end of an exchange.
 *
 * Holds always: connection->exchange points to the exchange whose request libh2o has, and is NULL
 * between requests; so it tells the busy connections from the idle ones, and our answers from
 * libh2o's own. The connection's thread.
 */
#include "exchange.h"

#include <string.h>

static void dispose(void *memory)
{
    struct qv_exchange *exchange = memory;
    struct qv_connection *connection = exchange->connection;
    connection->exchange = NULL;
    if (exchange->pending != NULL)
        qv_pending_forget(exchange->pending);
    qv_asking_end(exchange);
    qv_response_free(&exchange->response);
    qv_account_free(&exchange->account);
    qv_identity_free(&exchange->declared);
    /* An answer that was on its way when the server began to stop did not say that it is the
       last. What the peer has sent by now is still served. */
    if (connection->worker->stopping)
        qv_connection_cut(connection, SHUT_RD);
}

static void begin_account(struct qv_exchange *exchange)
{
    const struct qv_connection *connection = exchange->connection;
    struct qv_account *account = &exchange->account;
    account->begun = qv_mono_now();
    account->operation = QV_OP_COUNT;
    account->listener = connection->listener->config->name;
    memcpy(account->peer, connection->peer, sizeof(account->peer));
}

struct qv_exchange *qv_exchange_begin(h2o_req_t *http)
{
    struct qv_exchange *exchange = h2o_mem_alloc_shared(&http->pool, sizeof(*exchange), dispose);
    *exchange = (struct qv_exchange){
        .http = http,
        .connection = qv_connection_of_request(http),
    };
    exchange->connection->exchange = exchange;
    exchange->connection->asked = true;
    exchange->response.shape = qv_connection_shape(exchange->connection);
    begin_account(exchange);
    return exchange;
}

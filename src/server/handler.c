/*
 * The way of a request, in the order that the design lays down (section 3; the reference's is in
 * spec/arrowhead-discovery 1.1): is it one request and not two, who calls, has that one asked for
 * too much, is it on the blacklist, may it manage, what is asked for, did a CHAP service prove its
 * key, may this caller call it; then the operation, which asks the policy about the object. Each
 * gate either lets it pass, or ends it with an error, or asks the verifier about the caller and is
 * tried again when that has answered; nothing behind a gate that refused is looked at. Before all
 * of this stands whether the connection is still trusted: if it is not, the request is not looked
 * at at all. The connection's thread.
 */
#include "caller.h"
#include "live.h"
#include "routing.h"
#include "shares.h"

#include <quiver/api/gates.h>

/* ---- who calls --------------------------------------------------------------------------------
 */

/* The connection's identity error with this request's URL in its words. */
static enum qv_status retell(const struct qv_error *told, struct qv_str url, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_identity_error_text(qv_str_from(qv_error_message(told)), url, &words);
    QV_TRY(qv_buf_status(&words));
    return qv_error_set(error, told->status, "%.*s", QV_STR_ARG(qv_buf_str(&words)));
}

static enum qv_status read_declared(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_api *api = exchange->connection->worker->server->api;
    struct qv_str header = qv_request_authorization(exchange->http);
    QV_TRY(qv_identity_from_declared(api->rules.dialect, header.at != NULL ? &header : NULL,
                                     &exchange->declared, error));
    exchange->request.identity = exchange->declared;
    return QV_OK;
}

/* The inquiry's own words. */
static enum qv_status take_refusal(const struct qv_inquiry *inquiry, struct qv_error *error)
{
    return qv_error_set(error, inquiry->status, "%s", qv_error_message(&inquiry->error));
}

/* Whom the Authentication system vouches for. In dialect 5.2 one lookup needs nobody: that by which
   a system finds the Authentication system (section 11.15). */
static enum qv_status read_outsourced(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_api *api = exchange->connection->worker->server->api;
    if (qv_asking_answer(exchange) == NULL) {
        if (qv_gate_needs_nobody(api, &exchange->request)) {
            QV_TRY(qv_identity_unknown(&exchange->declared));
            exchange->request.identity = exchange->declared;
            return QV_OK;
        }
        struct qv_inquiry *inquiry;
        QV_TRY(qv_asking_begin(exchange, &inquiry));
        struct qv_str header = qv_request_authorization(exchange->http);
        exchange->waits =
            qv_verifier_identify(api->verifier, header.at != NULL ? &header : NULL, inquiry);
        if (exchange->waits)
            return QV_OK;
    }
    const struct qv_inquiry *answer = qv_asking_answer(exchange);
    if (answer->status != QV_OK)
        return take_refusal(answer, error);
    exchange->declared = qv_identity_ref(answer->identity);
    exchange->request.identity = exchange->declared;
    return QV_OK;
}

/* A certificate outranks a header, also one that gives no identity: whoever shows one is judged by
   it. */
static enum qv_status find_identity(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_connection *connection = exchange->connection;
    exchange->blame = QV_STR(""); /* identity errors name no origin (spec 1.3, 1.4) */
    exchange->request.identity = connection->identity;
    if (connection->identity != NULL)
        return QV_OK;
    if (connection->identity_error.status != QV_OK)
        return retell(&connection->identity_error, exchange->request.url, error);
    if (qv_connection_serves_chap(connection))
        return QV_OK; /* nobody may read; who changes something proves himself later */
    switch (connection->listener->config->authentication) {
    case QV_AUTHENTICATION_NONE: return QV_OK;
    case QV_AUTHENTICATION_DECLARED: return read_declared(exchange, error);
    case QV_AUTHENTICATION_OUTSOURCED: return read_outsourced(exchange, error);
    case QV_AUTHENTICATION_CERTIFICATE: break;
    }
    return qv_error_set(error, QV_UNAUTHENTICATED, "Unauthenticated access attempt: %.*s",
                        QV_STR_ARG(exchange->request.url));
}

static enum qv_status identify(struct qv_exchange *exchange, struct qv_error *error)
{
    QV_TRY(find_identity(exchange, error));
    if (!exchange->waits)
        exchange->account.identity =
            qv_identity_ref((struct qv_identity *)exchange->request.identity);
    return QV_OK;
}

/* Is the caller on the cloud's blacklist (spec 1.6)? */
static enum qv_status check_blacklist(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_connection *connection = exchange->connection;
    const struct qv_api *api = connection->worker->server->api;
    bool asks = false;
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    QV_CLEANUP(qv_buf) struct qv_buf url = {0};
    exchange->blame = QV_STR(""); /* as identity errors */
    if ((connection->listener->config->serve & (QV_SERVE_ARROWHEAD | QV_SERVE_CHAP)) != 0)
        QV_TRY(qv_gate_blacklist(api, &exchange->request, &asks, &name, &url));
    if (!asks)
        return QV_OK;
    if (qv_asking_answer(exchange) == NULL) {
        struct qv_inquiry *inquiry;
        QV_TRY(qv_asking_begin(exchange, &inquiry));
        exchange->waits =
            qv_verifier_look_up(api->verifier, qv_buf_str(&name), qv_buf_str(&url), inquiry);
        if (exchange->waits)
            return QV_OK;
    }
    return qv_gate_blacklist_verdict(api, qv_asking_answer(exchange), qv_buf_str(&name), error);
}

/* ---- may one ask here --------------------------------------------------------------------------
 */

static enum qv_status ask_policy(struct qv_exchange *exchange, enum qv_operation operation,
                                 struct qv_error *error)
{
    exchange->account.operation = operation;
    QV_TRY(qv_caller_find_rights(exchange));
    enum qv_status status = qv_policy_permit(exchange->account.rights, operation, &exchange->permit,
                                             &exchange->decision, error);
    exchange->denied = status == QV_DENIED;
    return status;
}

/* Whatever is below: it is asked for before anything is looked for there (spec 1.6). */
static enum qv_status guard_management(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_request *request = &exchange->request;
    bool arrowhead = (exchange->connection->listener->config->serve & QV_SERVE_ARROWHEAD) != 0;
    exchange->blame = request->url; /* the reference's origin here */
    if (arrowhead &&
        h2o_strstr(request->path.at, request->path.length, H2O_STRLIT("/mgmt/")) != SIZE_MAX)
        QV_TRY(ask_policy(exchange, QV_OP_MANAGEMENT_ACCESS, error));
    exchange->blame = request->origin;
    return QV_OK;
}

/* ---- the operation -----------------------------------------------------------------------------
 */

/* Where the answer is complete, none is asked for any more. */
static enum qv_status permit(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_route *asked = exchange->routed.route;
    return asked != NULL ? ask_policy(exchange, asked->operation, error) : QV_OK;
}

static void answer_operation(struct qv_exchange *exchange)
{
    struct qv_worker *worker = exchange->connection->worker;
    const struct qv_call call = {
        .api = worker->server->api,
        .permit = &exchange->permit,
        .request = &exchange->request,
        .response = &exchange->response,
    };
    struct qv_job *job = NULL;
    if (exchange->routed.route->operation == QV_OP_CHAP_PING)
        worker->rest.renewals++;
    qv_api_handle(exchange->routed.route, &call, &job);
    if (job != NULL)
        qv_pending_start(exchange, job);
    else
        qv_response_send(exchange);
}

/* ---- the gates ---------------------------------------------------------------------------------
 */

static enum qv_status (*const gates[])(struct qv_exchange *exchange, struct qv_error *error) = {
    qv_request_read,  identify,        qv_shares_check,      check_blacklist,
    guard_management, qv_routing_find, qv_routing_check_key, permit,
};
enum { GATES = sizeof(gates) / sizeof(gates[0]) };

/* Passes the gates that are left. With QV_OK and exchange->waits one of them has asked the verifier
   and is called again when there is an answer. */
static enum qv_status pass_gates(struct qv_exchange *exchange, struct qv_error *error)
{
    for (; exchange->gate < GATES; exchange->gate++) {
        exchange->waits = false;
        QV_TRY(gates[exchange->gate](exchange, error));
        if (exchange->waits) {
            qv_asking_wait(exchange);
            return QV_OK;
        }
        qv_asking_end(exchange);
    }
    return QV_OK;
}

/* The connection is shut down in both directions, so nobody gets this answer: it only lets libh2o
   be done with the request, and close. */
static void drop(struct qv_exchange *exchange)
{
    exchange->http->http1_is_persistent = 0;
    exchange->response.status = 403;
    qv_response_send(exchange);
}

static void refuse(struct qv_exchange *exchange, struct qv_error *error)
{
    const struct qv_api *api = exchange->connection->worker->server->api;
    struct qv_response *response = &exchange->response;
    qv_buf_put(&response->record.object, exchange->request.param);
    if (exchange->denied)
        qv_response_set_denied(response, api, error, &exchange->decision, exchange->blame);
    else
        qv_response_set_error(response, error, exchange->blame);
    qv_response_send(exchange);
}

void qv_handler_go_on(struct qv_exchange *exchange)
{
    exchange->account.generation = qv_trust_generation(exchange->connection->worker->trust);
    if (!qv_live_stands(exchange->connection, qv_wall_now())) {
        drop(exchange);
        return;
    }
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = pass_gates(exchange, &error);
    if (status == QV_OK && exchange->waits)
        return;
    if (status == QV_OK && exchange->routed.route != NULL) {
        answer_operation(exchange);
        return;
    }
    error.status = status; /* running out of memory leaves no words */
    if (status != QV_OK)
        refuse(exchange, &error);
    else
        qv_response_send(exchange);
}

static int on_request(h2o_handler_t *self, h2o_req_t *http)
{
    (void)self;
    struct qv_exchange *exchange = qv_exchange_begin(http);
    exchange->connection->worker->rest.requests++;
    qv_handler_go_on(exchange);
    return 0;
}

void qv_handler_register(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof(*handler));
    handler->on_req = on_request;
}

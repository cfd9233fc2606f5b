/*
 * One request and its answer, as the parts of the server hand it on. It lives in the request's
 * memory pool and ends with it. The connection's thread alone.
 */
#ifndef QUIVER_SERVER_EXCHANGE_H
#define QUIVER_SERVER_EXCHANGE_H

#include "account.h"
#include "connection.h"

#include <quiver/identity/verifier.h>

struct qv_exchange {
    h2o_req_t *http;
    struct qv_connection *connection;
    struct qv_request request;
    struct qv_response response;
    struct qv_str authority; /**< as which the client called this server; empty: it did not say */
    struct qv_str blame; /**< what an error found now is to name as its origin; empty: nothing */
    struct qv_routed routed;
    struct qv_permit permit;      /**< borrows account.rights */
    struct qv_decision decision;  /**< of the policy, when it was asked last ... */
    bool denied;                  /**< ... and whether that was a refusal */
    struct qv_identity *declared; /**< a reference, where a header said who calls */
    size_t gate;                  /**< the first that the request has not passed yet */
    bool waits;                   /**< this gate has asked the verifier ... */
    struct qv_asking *asking;     /**< ... this; NULL: nothing */
    struct qv_pending *pending;   /**< the change that the answer waits for */
    struct qv_account account;    /**< for the audit trail and the log */
};

/** Ties an exchange to the request. Never NULL: libh2o's pools end the process without memory. */
struct qv_exchange *qv_exchange_begin(h2o_req_t *http);

/* ---- request.c --------------------------------------------------------------------------------
 */

/** Fills exchange->request from what libh2o parsed, but for identity, param and base; checks head,
 * target and size. QV_INVALID and QV_TOO_LARGE end the connection. */
QV_MUST_CHECK enum qv_status qv_request_read(struct qv_exchange *exchange, struct qv_error *error);
/** Decodes the parameter and puts it into the origin. */
QV_MUST_CHECK enum qv_status qv_request_read_param(struct qv_exchange *exchange,
                                                   struct qv_error *error);
/** "METHOD /path" as text that can be shown: bytes that are not UTF-8 become %XX. In the pool. */
struct qv_str qv_request_origin(h2o_req_t *http);
/** Both, one behind the other, in the pool. */
struct qv_str qv_request_join(h2o_req_t *http, struct qv_str front, struct qv_str back);
/** The first Authorization header; `at` NULL: none was sent. */
struct qv_str qv_request_authorization(const h2o_req_t *http);

/* ---- handler.c --------------------------------------------------------------------------------
 */

/** Takes every request of the path configuration (design 3). */
void qv_handler_register(h2o_pathconf_t *path);
/** The gate that asked the verifier has its answer. */
void qv_handler_go_on(struct qv_exchange *exchange);

/* ---- asking.c ---------------------------------------------------------------------------------
 */

/** A gate has a question: it fills in the inquiry and hands it to the verifier. */
QV_MUST_CHECK enum qv_status qv_asking_begin(struct qv_exchange *exchange,
                                             struct qv_inquiry **ret_inquiry);
/** The verifier took it: the gate is called again when it was answered. */
void qv_asking_wait(struct qv_exchange *exchange);
/** The answer; NULL: nothing was asked yet. */
const struct qv_inquiry *qv_asking_answer(const struct qv_exchange *exchange);
/** Forgets question and answer. */
void qv_asking_end(struct qv_exchange *exchange);

/* ---- response.c -------------------------------------------------------------------------------
 */

/** Sends exchange->response. The request, and the connection with it, may be gone when this
 *  returns. */
void qv_response_send(struct qv_exchange *exchange);
/** The words of a status line; static. */
const char *qv_response_reason(int status);
/** Puts the headers that each answer has, and those that this one asks for. */
void qv_response_add_headers(const struct qv_response *response, h2o_req_t *http);

/* ---- pending.c --------------------------------------------------------------------------------
 */

/** Starts the job (taking it over); the answer is sent when it is done. Account and response are
 *  the change's until then. Where the audit trail must have a line of it and cannot, or memory is
 *  short, the change is not made, and that is the answer. */
void qv_pending_start(struct qv_exchange *exchange, struct qv_job *job);
/** The request went away before its change was done. */
void qv_pending_forget(struct qv_pending *pending);
/** Receives what was posted to worker->jobs. */
void qv_pending_receive(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages);

/* ---- request_log.c ----------------------------------------------------------------------------
 */

/** Writes the request's line into the log, where it is to have one; when its status is known,
 * before it is sent. */
void qv_request_log(const struct qv_exchange *exchange);
/** The same of an answer that libh2o gave by itself: nobody knows who asked, and when. */
void qv_request_log_bare(h2o_req_t *http, int status);

/* ---- error_filter.c ---------------------------------------------------------------------------
 */

/** Gives libh2o's own error answers the shape that the listener's errors have. */
void qv_error_filter_register(h2o_pathconf_t *path);

#endif

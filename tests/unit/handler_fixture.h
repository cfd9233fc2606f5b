/*
 * Handlers called as the server calls them, by a system that is called prov, with a view that a
 * test fills and a policy that it chooses. The store's part is played by the test. One thread.
 */
#ifndef QUIVER_TESTS_HANDLER_FIXTURE_H
#define QUIVER_TESTS_HANDLER_FIXTURE_H

#include "domain_fixture.h"

#include "../../src/api/handler.h"
#include "../../src/api/operations.h"
#include "policy_fixture.h"
#include "view_fixture.h"

#define ORIGIN "POST /x"
#define ERROR(words, code, type)                                                                   \
    "{\"errorMessage\":\"" words "\",\"errorCode\":" #code ",\"exceptionType\":\"" type            \
    "\",\"origin\":\"" ORIGIN "\"}"

static struct qv_config config;
static struct qv_registry *registry;
static struct qv_view *view;
static struct qv_rights *rights; /* of prov */
static struct qv_identity *caller;
static struct qv_api api;
static const char *base; /* of a request to CHAP; NULL: it is not known */

/* NULL: the rules that are shipped. */
static inline void set_policy(const char *text)
{
    QV_CLEANUP(qv_policy) struct qv_policy *policy = NULL;
    const struct qv_caller prov = {.identity = caller, .system = QV_STR("prov")};
    if (text != NULL)
        policy = fixture_policy(text);
    else
        assert_int_equal(qv_policy_builtin(&api.rules, &policy), QV_OK);
    qv_rights_free(&rights);
    assert_int_equal(qv_policy_rights(policy, &prov, &rights), QV_OK); /* they keep the policy */
}

static inline int set_up(void **state)
{
    (void)state;
    struct qv_str header = QV_STR("Bearer SYSTEM//Prov");
    config = (struct qv_config){.registry.verbose = true};
    api = (struct qv_api){.config = &config, .rules = fixture_rules()};
    if (qv_registry_new(&api.rules, &registry) != QV_OK || qv_view_new(&view) != QV_OK ||
        qv_identity_from_declared(api.rules.dialect, &header, &caller, NULL) != QV_OK)
        return 1;
    set_policy(NULL);
    qv_registry_publish(registry, view);
    api.registry = registry;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    qv_identity_free(&caller);
    qv_rights_free(&rights);
    qv_registry_free(&registry);
    return 0;
}

struct call {
    operation_handler *handle;
    enum qv_operation operation;
    const char *body, *query, *param;
    const char *content_type; /* NULL: not sent */
};

static inline void run(const struct call *call, struct qv_response *response,
                       struct qv_job **ret_job)
{
    struct qv_request request = {
        .query = qv_str_from(call->query),
        .body = qv_str_from(call->body),
        .has_body = call->body != NULL,
        .param = qv_str_from(call->param),
        .origin = QV_STR(ORIGIN),
        .identity = caller,
        .base = qv_str_from(base),
        .json_depth = 16,
    };
    if (call->content_type != NULL)
        request.content_type = qv_str_from(call->content_type);
    struct qv_permit permit;
    struct qv_decision decision;
    assert_int_equal(qv_policy_permit(rights, call->operation, &permit, &decision, NULL), QV_OK);
    const struct qv_route route = {.handle = call->handle};
    qv_api_handle(&route, &(struct qv_call){&api, &permit, &request, response}, ret_job);
}

#define JSON "application/json"

#endif

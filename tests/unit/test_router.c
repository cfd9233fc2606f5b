// links: server
/*
 * The router: raw paths, byte by byte; methods; listeners.
 */
#include "../../src/server/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <quiver/base/memory.h>

static const struct qv_route table[] = {
    {.method = "POST",
     .path = "/s/lookup",
     .serve = QV_SERVE_ARROWHEAD,
     .allow_options = "POST,OPTIONS"},
    {.method = "DELETE", .path = "/s/revoke/", .param = true, .serve = QV_SERVE_ARROWHEAD},
    {.method = "GET", .path = "/s/echo", .serve = QV_SERVE_ARROWHEAD | QV_SERVE_CHAP},
    {.method = "GET", .path = "/item/", .param = true, .serve = QV_SERVE_CHAP},
    {.method = "DELETE", .path = "/item/", .param = true, .serve = QV_SERVE_CHAP},
    {.method = "POST", .path = "/item/all", .serve = QV_SERVE_CHAP},
    {.method = "PUT", .path = "/item/", .param = true, .suffix = "/$ping", .serve = QV_SERVE_CHAP},
    {.method = "GET", .path = "/health/live", .serve = QV_SERVE_OPS},
    {.method = NULL},
};
enum { LOOKUP, REVOKE, ECHO_, ITEM, ITEM_DELETE, ITEM_ALL, ITEM_PING, LIVE, NONE };

static const struct {
    unsigned serve;
    const char *method, *path;
    enum qv_match match;
    int route;
    const char *param;
} cases[] = {
    {QV_SERVE_ARROWHEAD, "POST", "/s/lookup", QV_MATCH_ROUTE, LOOKUP, ""},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/a::b::c", QV_MATCH_ROUTE, REVOKE, "a::b::c"},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/a%2Fb", QV_MATCH_ROUTE, REVOKE, "a%2Fb"},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/..", QV_MATCH_ROUTE, REVOKE, ".."},
    {QV_SERVE_ARROWHEAD, "GET", "/s/echo", QV_MATCH_ROUTE, ECHO_, ""},
    {QV_SERVE_ARROWHEAD, "HEAD", "/s/echo", QV_MATCH_ROUTE, ECHO_, ""},
    {QV_SERVE_CHAP, "GET", "/s/echo", QV_MATCH_ROUTE, ECHO_, ""},
    {QV_SERVE_OPS, "GET", "/health/live", QV_MATCH_ROUTE, LIVE, ""},
    {QV_SERVE_CHAP | QV_SERVE_OPS, "GET", "/health/live", QV_MATCH_ROUTE, LIVE, ""},
    /* several methods of one path; what is written out outranks a parameter */
    {QV_SERVE_CHAP, "GET", "/item/1", QV_MATCH_ROUTE, ITEM, "1"},
    {QV_SERVE_CHAP, "DELETE", "/item/1", QV_MATCH_ROUTE, ITEM_DELETE, "1"},
    {QV_SERVE_CHAP, "POST", "/item/all", QV_MATCH_ROUTE, ITEM_ALL, ""},
    /* which counts only where both have the method, or neither */
    {QV_SERVE_CHAP, "GET", "/item/all", QV_MATCH_ROUTE, ITEM, "all"},
    {QV_SERVE_CHAP, "HEAD", "/item/all", QV_MATCH_ROUTE, ITEM, "all"},
    {QV_SERVE_CHAP, "DELETE", "/item/all", QV_MATCH_ROUTE, ITEM_DELETE, "all"},
    {QV_SERVE_CHAP, "PATCH", "/item/all", QV_MATCH_METHOD, ITEM_ALL, ""},
    /* something behind the parameter */
    {QV_SERVE_CHAP, "PUT", "/item/1/$ping", QV_MATCH_ROUTE, ITEM_PING, "1"},
    {QV_SERVE_CHAP, "PUT", "/item/$ping/$ping", QV_MATCH_ROUTE, ITEM_PING, "$ping"},
    {QV_SERVE_CHAP, "GET", "/item/1/$ping", QV_MATCH_METHOD, ITEM_PING, "1"},
    {QV_SERVE_CHAP, "GET", "/item/$ping", QV_MATCH_ROUTE, ITEM, "$ping"},
    {QV_SERVE_CHAP, "PUT", "/item//$ping", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_CHAP, "PUT", "/item/$ping/", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_CHAP, "PUT", "/item/1/2/$ping", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_CHAP, "PUT", "/item/1/$pong", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_CHAP, "PUT", "/item/1$ping", QV_MATCH_METHOD, ITEM, "1$ping"},
    /* methods */
    {QV_SERVE_ARROWHEAD, "GET", "/s/lookup", QV_MATCH_METHOD, LOOKUP, ""},
    {QV_SERVE_ARROWHEAD, "HEAD", "/s/lookup", QV_MATCH_METHOD, LOOKUP, ""},
    {QV_SERVE_ARROWHEAD, "post", "/s/lookup", QV_MATCH_METHOD, LOOKUP, ""},
    {QV_SERVE_ARROWHEAD, "FOO", "/s/revoke/x", QV_MATCH_METHOD, REVOKE, "x"},
    {QV_SERVE_ARROWHEAD, "OPTIONS", "/s/lookup", QV_MATCH_OPTIONS, LOOKUP, ""},
    {QV_SERVE_ARROWHEAD, "OPTIONS", "/s/nothing", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_CHAP, "OPTIONS", "/item/all", QV_MATCH_METHOD, ITEM_ALL, ""},
    {QV_SERVE_CHAP, "OPTIONS", "/item/1", QV_MATCH_METHOD, ITEM, "1"},
    /* other listeners' routes do not exist */
    {QV_SERVE_ARROWHEAD, "GET", "/health/live", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_OPS, "POST", "/s/lookup", QV_MATCH_NONE, NONE, ""},
    /* other spellings are other paths */
    {QV_SERVE_ARROWHEAD, "POST", "/s/lookup/", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "/s/Lookup", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "/s/%6Cookup", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "/x/../s/lookup", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "//s/lookup", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "/s/lookupx", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "POST", "/s/looku", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/a/b", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "DELETE", "/s/revoke/a/", QV_MATCH_NONE, NONE, ""},
    {QV_SERVE_ARROWHEAD, "GET", "/", QV_MATCH_NONE, NONE, ""},
};

static void requests_find_their_route(void **state)
{
    (void)state;
    QV_CLEANUP(qv_router) struct qv_router router = {0};
    assert_int_equal(qv_router_new(table, &router), QV_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct qv_routed routed = {0};
        enum qv_match match = qv_router_find(&router, cases[i].serve, qv_str_from(cases[i].method),
                                             qv_str_from(cases[i].path), &routed);
        if (match != cases[i].match)
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, (int)match);
        const struct qv_route *route = cases[i].route == NONE ? NULL : &table[cases[i].route];
        assert_ptr_equal(routed.route, route);
        assert_true(qv_str_equal(routed.param, qv_str_from(cases[i].param)));
    }
}

static void no_memory_leaves_no_router(void **state)
{
    (void)state;
    struct qv_router router = {0};
    qv_memory_fail_at(1);
    assert_int_equal(qv_router_new(table, &router), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_null(router.entries);
    qv_router_free(&router);
    qv_router_free(&router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_find_their_route),
        cmocka_unit_test(no_memory_leaves_no_router),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

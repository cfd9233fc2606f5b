// links: api
/*
 * The description of the endpoints has each route of the server, and no other.
 */
#include "../../src/api/operations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static json_t *description;

/* As the description writes it: a parameter has a name there. */
static bool is_path_of(const char *path, const struct qv_route *route)
{
    size_t length = strlen(route->path);
    if (!route->param)
        return strcmp(path, route->path) == 0;
    const char *end = strchr(path, '}');
    return strncmp(path, route->path, length) == 0 && path[length] == '{' && end != NULL &&
           strcmp(end + 1, route->suffix != NULL ? route->suffix : "") == 0;
}

static const json_t *find_item(const struct qv_route *route)
{
    const char *path;
    json_t *item;
    json_object_foreach (json_object_get(description, "paths"), path, item) {
        if (is_path_of(path, route))
            return item;
    }
    return NULL;
}

static void has_each_route(void **state)
{
    (void)state;
    size_t routes = 0, described = 0;
    for (const struct qv_route *route = qv_api_routes(); route->method != NULL; route++) {
        const json_t *item = find_item(route);
        if (item == NULL)
            fail_msg("%s %s is not described", route->method, route->path);
        char method[16];
        snprintf(method, sizeof(method), "%s", route->method);
        for (char *c = method; *c != '\0'; c++)
            *c = (char)(*c | 0x20);
        if (json_object_get(item, method) == NULL)
            fail_msg("%s %s is not described", route->method, route->path);
        routes++;
    }
    const char *path, *method;
    json_t *item, *operation;
    json_object_foreach (json_object_get(description, "paths"), path, item) {
        json_object_foreach (item, method, operation) {
            described++;
        }
    }
    assert_int_equal(described, routes);
}

static int read_description(void **state)
{
    (void)state;
    struct qv_response response = {0};
    const struct qv_call call = {.response = &response};
    enum qv_status answered = ops_openapi(&call, NULL, NULL);
    enum qv_status status = qv_json_parse(qv_buf_str(&response.body), 64, &description, NULL);
    bool good = answered == QV_OK && response.status == 200 && status == QV_OK;
    qv_response_free(&response);
    return good ? 0 : -1;
}

static int free_description(void **state)
{
    (void)state;
    qv_json_free(&description);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(has_each_route)};
    return cmocka_run_group_tests(tests, read_description, free_description);
}

/*
 * The router: a walk over a table of routes whose lengths were measured at the start.
 *
 * Holds always: a path part is compared as it is given, so that "%6Cookup", "LOOKUP" and "lookup/"
 * are unknown paths and not other spellings of a known one. Pure; any thread.
 */
#include "router.h"

#include <quiver/base/memory.h>
#include <string.h>

enum qv_status qv_router_new(const struct qv_route *routes, struct qv_router *ret_router)
{
    size_t count = 0;
    while (routes[count].method != NULL)
        count++;
    struct qv_router_entry *entries = qv_alloc_array(count + 1, sizeof(struct qv_router_entry));
    if (entries == NULL)
        return QV_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct qv_router_entry){.method = qv_str_from(routes[i].method),
                                              .path = qv_str_from(routes[i].path),
                                              .suffix = qv_str_from(routes[i].suffix),
                                              .route = &routes[i]};
    *ret_router = (struct qv_router){entries, count};
    return QV_OK;
}

void qv_router_free(struct qv_router *router)
{
    if (router == NULL)
        return;
    qv_free(router->entries);
    *router = (struct qv_router){0};
}

static bool ends_with(struct qv_str text, struct qv_str end)
{
    return text.length >= end.length &&
           qv_str_equal((struct qv_str){text.at + text.length - end.length, end.length}, end);
}

/* Is this the entry's path? `ret_param` gets what stands between path and suffix of one that has a
   parameter. */
static bool path_fits(const struct qv_router_entry *entry, struct qv_str path,
                      struct qv_str *ret_param)
{
    if (!entry->route->param)
        return qv_str_equal(entry->path, path);
    size_t around = entry->path.length + entry->suffix.length;
    if (path.length <= around || !qv_str_starts_with(path, entry->path) ||
        !ends_with(path, entry->suffix))
        return false;
    struct qv_str param = {path.at + entry->path.length, path.length - around};
    if (qv_str_find(param, '/') != SIZE_MAX)
        return false;
    *ret_param = param;
    return true;
}

/* Among the routes with or without a parameter. */
static enum qv_match find_among(const struct qv_router *router, bool with_param, unsigned serve,
                                struct qv_str method, struct qv_str path,
                                struct qv_routed *ret_routed)
{
    enum qv_match match = QV_MATCH_NONE;
    for (size_t i = 0; i < router->count; i++) {
        const struct qv_router_entry *entry = &router->entries[i];
        struct qv_routed routed = {.route = entry->route};
        if (entry->route->param != with_param || (entry->route->serve & serve) == 0 ||
            !path_fits(entry, path, &routed.param))
            continue;
        if (match == QV_MATCH_NONE)
            *ret_routed = routed;
        match = QV_MATCH_METHOD;
        if (qv_str_equal(entry->method, method)) {
            *ret_routed = routed;
            return QV_MATCH_ROUTE;
        }
    }
    return match;
}

enum qv_match qv_router_find(const struct qv_router *router, unsigned serve, struct qv_str method,
                             struct qv_str path, struct qv_routed *ret_routed)
{
    struct qv_str wanted = qv_str_equal(method, QV_STR("HEAD")) ? QV_STR("GET") : method;
    struct qv_routed other = {0};
    enum qv_match match = find_among(router, false, serve, wanted, path, ret_routed);
    enum qv_match second = QV_MATCH_NONE;
    if (match != QV_MATCH_ROUTE)
        second = find_among(router, true, serve, wanted, path, &other);
    if (second == QV_MATCH_ROUTE || (second == QV_MATCH_METHOD && match == QV_MATCH_NONE)) {
        match = second;
        *ret_routed = other;
    }
    if (match == QV_MATCH_METHOD && qv_str_equal(method, QV_STR("OPTIONS")) &&
        ret_routed->route->allow_options != NULL)
        return QV_MATCH_OPTIONS;
    return match;
}

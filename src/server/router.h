/*
 * From method and path to a route. Paths are compared byte by byte, without a trailing slash: as
 * they were sent (spec/arrowhead-discovery section 11.4), or decoded by the caller where CHAP is
 * served. Immutable once made; any thread.
 */
#ifndef QUIVER_SERVER_ROUTER_H
#define QUIVER_SERVER_ROUTER_H

#include <quiver/api/api.h>

struct qv_router_entry {
    struct qv_str method, path, suffix;
    const struct qv_route *route;
};
struct qv_router {
    struct qv_router_entry *entries; /**< owned */
    size_t count;
};

/** Measures the routes, a table that a NULL method ends; borrows it for its life. */
QV_MUST_CHECK enum qv_status qv_router_new(const struct qv_route *routes,
                                           struct qv_router *ret_router);
void qv_router_free(struct qv_router *router);

enum qv_match {
    QV_MATCH_ROUTE,   /**< here it is */
    QV_MATCH_OPTIONS, /**< the path is known and asked for its methods */
    QV_MATCH_METHOD,  /**< the path is known, not with this method */
    QV_MATCH_NONE,    /**< the path is not known on this listener */
};
struct qv_routed {
    const struct qv_route *route; /**< of QV_MATCH_OPTIONS and _METHOD: one of the path's routes */
    struct qv_str param; /**< part of the path, as that was given, where the route has one */
};

/** `serve`: bits of enum qv_serve that the listener has; other routes do not exist for it. HEAD
 *  finds the route of GET. A path that is written out outranks one with a parameter, if both have
 *  the method or neither has it. An empty parameter is none. `ret_routed` is untouched with
 *  QV_MATCH_NONE. */
enum qv_match qv_router_find(const struct qv_router *router, unsigned serve, struct qv_str method,
                             struct qv_str path, struct qv_routed *ret_routed);

#endif

/*
 * The target of a request taken apart, and the last part of a path decoded (RFC 9112 3.2;
 * spec/arrowhead-discovery section 11.4). Pure; any thread.
 */
#ifndef QUIVER_SERVER_PATH_H
#define QUIVER_SERVER_PATH_H

#include <quiver/base/str.h>

/** Points into the raw target. */
struct qv_target {
    struct qv_str path;      /**< undecoded, begins with a slash */
    struct qv_str query;     /**< undecoded, without question mark; empty where there is none */
    struct qv_str authority; /**< of an absolute target; `at` NULL: it was a path alone */
};

/** Takes "/path?query" and "http://authority/path?query". QV_INVALID for any other form: the
 *  asterisk, the authority of a CONNECT. */
QV_MUST_CHECK enum qv_status qv_target_read(struct qv_str raw, struct qv_target *ret_target,
                                            struct qv_error *error);

/**
 * Decodes `part`, the last part of a path, once. `room` has part.length bytes; the result lies in
 * it. QV_INVALID names the fault: a broken `%`, `;`, `\`, `%2F`, `%00`, bytes that are not UTF-8.
 */
QV_MUST_CHECK enum qv_status qv_path_decode(struct qv_str part, char *room,
                                            struct qv_str *ret_decoded, struct qv_error *error);

#endif

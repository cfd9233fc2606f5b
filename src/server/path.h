/*
 * The target of a request taken apart, and the last part of a path decoded, or all of it (RFC 9112
 * 3.2; spec/arrowhead-discovery section 11.4; spec/chap-registration B1.1). Pure; any thread.
 */
#ifndef QUIVER_SERVER_PATH_H
#define QUIVER_SERVER_PATH_H

#include <quiver/base/buf.h>

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

/**
 * Decodes all parts of `path` once, as CHAP's paths are matched: `%` that begins no code stands for
 * itself, and whatever bytes there are may be in an id. `room` has path.length bytes. False: a part
 * has a slash in it (%2F), so that it is not one part any more.
 */
bool qv_path_decode_all(struct qv_str path, char *room, struct qv_str *ret_decoded);

/** Appends the decoded path as a URL has it (RFC 3986 3.3): everything that cannot stand there is
 *  percent-encoded. */
void qv_path_encode(struct qv_str path, struct qv_buf *buf);
/** Appends a raw query in which only what can stand in no URL is percent-encoded. */
void qv_query_encode(struct qv_str query, struct qv_buf *buf);

#endif

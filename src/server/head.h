/*
 * Checks on the raw head of a request that the HTTP library lets through and that would let two
 * servers in a row see different requests (RFC 9112 section 11.2). Pure; any thread.
 */
#ifndef QUIVER_SERVER_HEAD_H
#define QUIVER_SERVER_HEAD_H

#include <quiver/base/str.h>

/** What the head says and the library does not hand on. */
struct qv_head {
    bool has_body; /**< Transfer-Encoding, or a Content-Length that is not 0 */
};

/**
 * `input` begins with the head of a request that the library has parsed (it may go on behind the
 * head); `http_1_0`: its version is HTTP/1.0. QV_INVALID names the fault: Content-Length together
 * with Transfer-Encoding, one of them or Host given twice, a folded line, Transfer-Encoding in
 * HTTP/1.0, no Host in HTTP/1.1, a Host that is none, a method that is no token.
 */
QV_MUST_CHECK enum qv_status qv_head_check(struct qv_str input, bool http_1_0,
                                           struct qv_head *ret_head, struct qv_error *error);

/** May the text be a Host header's value, or the authority of a target (RFC 3986 3.2.2, without
 *  user information)? Empty is fine. */
bool qv_authority_is_valid(struct qv_str text);

#endif

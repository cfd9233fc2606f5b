/*
 * How a line of the audit trail is written. Private to the module; any thread.
 */
#ifndef QUIVER_OBSERVE_AUDIT_LINE_H
#define QUIVER_OBSERVE_AUDIT_LINE_H

#include <quiver/observe/audit.h>

/** No line is longer, with its newline and one before it. What a pipe takes whole or not at all
 *  (PIPE_BUF), and what is set aside for a line to come. */
#define QV_AUDIT_LINE_MAX 4096

/** Text of bounded length, so that no line is lost for want of memory. */
struct qv_audit_text {
    size_t length;
    char at[QV_AUDIT_LINE_MAX];
};

/** What only the place in the chain decides. */
struct qv_audit_head {
    uint64_t seq;
    struct qv_wall time;
    bool torn;
    uint64_t lost;        /**< lines before this one that could not be written */
    const char *previous; /**< 64 digits */
};

/** Writes the members that the event decides, with a comma behind each. */
void qv_audit_body_write(struct qv_audit_text *body, const struct qv_audit_event *event);
/** Appends the line, without a newline. */
void qv_audit_line_write(struct qv_audit_text *line, const struct qv_audit_head *head,
                         const struct qv_audit_text *body);
void qv_audit_text_put(struct qv_audit_text *text, struct qv_str more);
struct qv_str qv_audit_text_str(const struct qv_audit_text *text);

#endif

/*
 * The audit trail: a JSON line for each change and each refusal, chained by SHA-256 so that a line
 * that was altered, removed or put in shows (docs/operations.md). Any thread; a line is one write.
 *
 * A line's `previous` is the SHA-256 of the line before it, without the newline; the first has 64
 * zeros. Where a write ended in the middle, what is there is left as it is: the next line stands on
 * a line of its own, has `"torn":true`, and its `previous` is the SHA-256 of the text
 * "<SHA-256 of the last whole line>\n<SHA-256 of the torn one>" (again for each further torn one).
 * Lines at the end that are gone leave no trace in the chain: who wants to see that notes the last
 * hash elsewhere. The log has it whenever the trail is opened, reopened and closed.
 */
#ifndef QUIVER_OBSERVE_AUDIT_H
#define QUIVER_OBSERVE_AUDIT_H

#include <quiver/config/config.h>
#include <quiver/identity/identity.h>

struct qv_audit;

/** Opens what `audit:` in the configuration says; without it a trail that writes nothing. A file is
 *  made with mode 0600 and locked against a second Quiver; its last line is read, so that the chain
 *  goes on across restarts: of an empty or new file, that of the file which rotation made of it
 *  last. On `stdout` a new chain begins. QV_INVALID: it cannot be opened, is no trail, or
 *  `audit.required` on a file system that sets nothing aside; the message names file and reason. A
 *  full disk is none: it may have room later. */
QV_MUST_CHECK enum qv_status qv_audit_open(const struct qv_config *config,
                                           struct qv_audit **ret_audit, struct qv_error *error);
void qv_audit_free(struct qv_audit **audit);
/** After logrotate moved the file: closes and opens by name. The chain goes on in the new file.
 *  Where it cannot be opened, the old one stays in use, with a line in the log. */
void qv_audit_reopen(struct qv_audit *audit);

/** One change or refusal. Texts are borrowed, escaped, and cut (with a mark) where they are long;
 *  empty and NULL ones are left out. */
struct qv_audit_event {
    const struct qv_identity *identity; /**< NULL: anonymous */
    const char *system;                 /**< normalized; NULL: the identity's own, or anonymous */
    const char *peer, *listener;        /**< "address:port" */
    const char *operation;              /**< "service.register"; "" where it got no further */
    struct qv_str object;               /**< instance id, system or device name */
    const char *verdict;                /**< "allowed", "denied", "refused", "unknown" */
    const char *rule;                   /**< NULL: none */
    unsigned key;                       /**< number of the service key; 0: none */
    uint64_t generation;                /**< of trust */
    int status;                         /**< HTTP */
    struct qv_str reason;               /**< of a refusal: the words */
    uint64_t epoch, revision;           /**< of a change; revision 0: none */
    int64_t duration_us;
    uint64_t suppressed; /**< refusals of the same system before it that have no line; 0: none */
    bool reserved;       /**< uses up one QV_OK of qv_audit_reserve */
};
/** Appends a line. What cannot be written is counted as lost, and the next line that can be
 *  written says how many. */
void qv_audit_write(struct qv_audit *audit, const struct qv_audit_event *event);

/** May a change be made? With `audit.required` only while room for its line is set aside (see
 *  docs/operations.md): QV_UNAVAILABLE with words; it is QV_OK again by itself when there is room.
 *  Call before the change; each QV_OK is used up by one qv_audit_write with `reserved`. Write a
 *  line for the change that is refused too: after a fault of the disk it is by the next line that
 *  can be written that this trail finds itself well again. */
QV_MUST_CHECK enum qv_status qv_audit_reserve(struct qv_audit *audit, struct qv_error *error);

/** Would qv_audit_reserve be refused now? In the same words; for readiness. */
QV_MUST_CHECK enum qv_status qv_audit_check(struct qv_audit *audit, struct qv_error *error);

uint64_t qv_audit_lost(const struct qv_audit *audit);    /**< lines, since the start */
uint64_t qv_audit_written(const struct qv_audit *audit); /**< the same of those that got there */

/* ---- checking -------------------------------------------------------------------------------- */

#define QV_AUDIT_HASH_SIZE 65 /**< 64 hexadecimal digits and NUL */

/** What a check found. */
struct qv_audit_summary {
    size_t lines, torn;            /**< whole lines; torn ones, each explained by the next line */
    uint64_t lost;                 /**< lines that Quiver could not write */
    uint64_t first_seq, last_seq;  /**< 0: there is no line */
    bool begins;                   /**< the first line is the first of a trail; else its link to
                                        the file before could not be checked */
    bool ends_torn;                /**< the last line is not whole, and nothing explains it yet */
    char last[QV_AUDIT_HASH_SIZE]; /**< the hash that the next line will have as `previous` */
    struct qv_strings notes; /**< "file:line: ..." about the first torn and lost lines; owned */
};
void qv_audit_summary_free(struct qv_audit_summary *summary);

/** Checks files in the order of their making (the oldest first), as one chain. `anchor`: a hash
 *  that was noted earlier, of which a line must be there; NULL: none. QV_INVALID names file, line
 *  and what is wrong. */
QV_MUST_CHECK enum qv_status qv_audit_verify(char *const *files, size_t count, const char *anchor,
                                             struct qv_audit_summary *ret_summary,
                                             struct qv_error *error);

#endif

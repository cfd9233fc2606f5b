/*
 * The audit trail: a JSON line for each change and each refusal, chained by SHA-256 so that a line
 * that was altered, removed or put in shows (docs/operations.md). Any thread; a line is one write.
 */
#ifndef QUIVER_OBSERVE_AUDIT_H
#define QUIVER_OBSERVE_AUDIT_H

#include <quiver/config/config.h>
#include <quiver/identity/identity.h>

struct qv_audit;

/** Opens what `audit:` in the configuration says; without it a trail that writes nothing. A file is
 *  made with mode 0600; its last line is read, so that the chain goes on across restarts. */
QV_MUST_CHECK enum qv_status qv_audit_open(const struct qv_config *config,
                                           struct qv_audit **ret_audit, struct qv_error *error);
void qv_audit_free(struct qv_audit **audit);
/** After logrotate moved the file: closes and opens by name. The chain goes on in the new file. */
void qv_audit_reopen(struct qv_audit *audit);

/** One change or refusal. Texts are borrowed and escaped; empty and NULL ones are left out. */
struct qv_audit_event {
    const struct qv_identity *identity; /**< NULL: anonymous */
    const char *system;                 /**< normalized; NULL: anonymous */
    const char *peer, *listener;        /**< "address:port" */
    const char *operation;              /**< "service.register"; "" where it got no further */
    struct qv_str object;               /**< instance id, system or device name */
    const char *verdict;                /**< "allowed", "denied", "refused", "unknown" */
    const char *rule;                   /**< NULL: none */
    uint64_t generation;                /**< of trust */
    int status;                         /**< HTTP */
    struct qv_str reason;               /**< of a refusal: the words */
    uint64_t epoch, revision;           /**< of a change; 0: none */
    int64_t duration_us;
};
/** Appends a line. What cannot be written is counted as lost, and the next line that can be
 *  written says how many. */
void qv_audit_write(struct qv_audit *audit, const struct qv_audit_event *event);

/** May a change be made? With `audit.required` only while room for its line is set aside (see
 *  docs/operations.md): QV_UNAVAILABLE with words. Call before the change; each QV_OK is used up by
 *  one qv_audit_write. */
QV_MUST_CHECK enum qv_status qv_audit_reserve(struct qv_audit *audit, struct qv_error *error);

uint64_t qv_audit_lost(const struct qv_audit *audit); /**< lines, since the start */

/** Checks files in the order of their making (the oldest first), as one chain. QV_INVALID names
 *  file, line and what is wrong. `ret_lines` counts them. */
QV_MUST_CHECK enum qv_status qv_audit_verify(char *const *files, size_t count, size_t *ret_lines,
                                             struct qv_error *error);

#endif

/*
 * Where the lines of the audit trail go, and room for them set aside. Private to the module; one
 * thread at a time.
 */
#ifndef QUIVER_OBSERVE_AUDIT_SINK_H
#define QUIVER_OBSERVE_AUDIT_SINK_H

#include "audit_line.h"

#include <sys/types.h>

/** How a write is kept from waiting. */
enum qv_audit_sink_kind {
    QV_AUDIT_TO_FILE,   /**< a regular file takes all at once */
    QV_AUDIT_TO_READER, /**< a pipe or terminal of which we have an open file of our own */
    QV_AUDIT_TO_SHARED, /**< one that we share with others */
    QV_AUDIT_TO_SOCKET,
};

struct qv_audit_sink {
    enum qv_audit_sink_kind kind;
    int descriptor; /**< owned; -1: none */
    /* Of a file, with audit.required: room from its end to `room_end` is ours, whatever others
       write to the disk. */
    size_t reserved; /**< lines that were promised room */
    off_t seen;      /**< size at the last look */
    off_t room_end;
    int reason;           /**< errno of the last attempt to set room aside; 0: it was fine */
    struct qv_mono again; /**< when to try again after a failure */
};

/** Opens (or makes) the file for appending. QV_INVALID with path and reason: also where it is no
 *  regular file. */
QV_MUST_CHECK enum qv_status qv_audit_sink_open(const char *path, struct qv_audit_sink *ret_sink,
                                                struct qv_error *error);
/** Keeps other Quivers from it until it is closed. QV_INVALID: another one has it. */
QV_MUST_CHECK enum qv_status qv_audit_sink_lock(const struct qv_audit_sink *sink, const char *path,
                                                struct qv_error *error);
/** Standard output, in whatever form it is. */
QV_MUST_CHECK enum qv_status qv_audit_sink_stdout(struct qv_audit_sink *ret_sink,
                                                  struct qv_error *error);
bool qv_audit_sink_same_file(const struct qv_audit_sink *a, const struct qv_audit_sink *b);
/** Gives back the room that was not used. */
void qv_audit_sink_close(struct qv_audit_sink *sink);

/** One write, which never waits for a reader. How many bytes went, or -1 with errno. */
ssize_t qv_audit_sink_append(const struct qv_audit_sink *sink, struct qv_str line);
/** Is there room for `bytes` now and for all reserved lines afterwards? Sets more aside where it
 *  is needed: 0, or errno. EOPNOTSUPP: this file system cannot. */
int qv_audit_sink_room(struct qv_audit_sink *sink, size_t bytes);

#endif

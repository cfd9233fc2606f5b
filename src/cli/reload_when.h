/*
 * When to reload by itself: a burst of changes is one reload, and what failed is tried again.
 * Pure; the reloader's thread.
 */
#ifndef QUIVER_CLI_RELOAD_WHEN_H
#define QUIVER_CLI_RELOAD_WHEN_H

#include <quiver/base/clock.h>

enum {
    RELOAD_QUIET_MS = 200,  /* nothing changed for so long: the burst is over */
    RELOAD_BURST_MS = 2000, /* but no burst is waited for longer */
    RELOAD_RETRIES = 4,     /* after 1, 2, 4, 8 s; then each minute */
};

/** Why a reload. */
enum reload_trigger {
    RELOAD_BY_START, /* which is none, but has something in common */
    RELOAD_BY_SIGNAL,
    RELOAD_BY_COMMAND,
    RELOAD_BY_FILES,
    RELOAD_BY_RETRY,
};
const char *reload_trigger_name(enum reload_trigger trigger); /**< for logs; static */

struct reload_when {
    bool changed; /**< files did, and no reload has begun since */
    struct qv_mono first, last;
    bool again; /**< to be tried again */
    struct qv_mono again_at;
    unsigned tries;
};

void reload_when_changed(struct reload_when *when, struct qv_mono now);
/** Is a reload due? `ret_trigger` says why. */
bool reload_when_due(const struct reload_when *when, struct qv_mono now,
                     enum reload_trigger *ret_trigger);
/** Milliseconds until one may be due, at most `most`. */
int reload_when_wait(const struct reload_when *when, struct qv_mono now, int most);
/** A reload begins, by whomever: what changed before is covered by it. */
void reload_when_begins(struct reload_when *when);
/** It ended; `faults`: something old stays. */
void reload_when_ends(struct reload_when *when, enum reload_trigger trigger, bool faults,
                      struct qv_mono now);

#endif

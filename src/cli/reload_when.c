/*
 * When to reload by itself.
 *
 * A file may be seen half written. Then the reload fails, the old stays, and the next change tries
 * again; where that fell between two looks, a few retries find it. Then it is tried once a minute,
 * for what hindered it may end without a file changing (no descriptors, no memory, a disk that
 * answers again), and a revocation must not wait for somebody to touch a file. Time comes in as an
 * argument.
 */
#include "reload_when.h"

enum { FIRST_PAUSE_MS = 1000, LAST_PAUSE_MS = 60000 };

const char *reload_trigger_name(enum reload_trigger trigger)
{
    static const char *const names[] = {[RELOAD_BY_START] = "start",
                                        [RELOAD_BY_SIGNAL] = "signal",
                                        [RELOAD_BY_COMMAND] = "command",
                                        [RELOAD_BY_FILES] = "files",
                                        [RELOAD_BY_RETRY] = "retry"};
    return names[trigger];
}

void reload_when_changed(struct reload_when *when, struct qv_mono now)
{
    if (!when->changed)
        when->first = now;
    when->changed = true;
    when->last = now;
}

/* When the burst of changes is over. */
static struct qv_mono settled(const struct reload_when *when)
{
    struct qv_mono quiet = qv_mono_add_ms(when->last, RELOAD_QUIET_MS);
    struct qv_mono longest = qv_mono_add_ms(when->first, RELOAD_BURST_MS);
    return quiet.us < longest.us ? quiet : longest;
}

bool reload_when_due(const struct reload_when *when, struct qv_mono now,
                     enum reload_trigger *ret_trigger)
{
    bool by_files = when->changed && now.us >= settled(when).us;
    /* Not in the middle of a burst. */
    bool by_retry = when->again && !when->changed && now.us >= when->again_at.us;
    if (by_files || by_retry)
        *ret_trigger = by_files ? RELOAD_BY_FILES : RELOAD_BY_RETRY;
    return by_files || by_retry;
}

int reload_when_wait(const struct reload_when *when, struct qv_mono now, int most)
{
    if (!when->changed && !when->again)
        return most;
    struct qv_mono due = when->changed ? settled(when) : when->again_at;
    int64_t left = (due.us - now.us + 999) / 1000; /* rounded up: not too early */
    return left < 0 ? 0 : left > most ? most : (int)left;
}

void reload_when_begins(struct reload_when *when)
{
    when->changed = false;
}

void reload_when_ends(struct reload_when *when, enum reload_trigger trigger, bool faults,
                      struct qv_mono now)
{
    bool by_itself = trigger == RELOAD_BY_FILES || trigger == RELOAD_BY_RETRY;
    if (!faults)
        when->again = false;
    if (!faults || trigger == RELOAD_BY_FILES)
        when->tries = 0;
    if (!faults || !by_itself)
        return; /* who asked for it knows that it failed, and asks again */
    when->again = true;
    int64_t pause = LAST_PAUSE_MS;
    if (when->tries < RELOAD_RETRIES)
        pause = (int64_t)FIRST_PAUSE_MS << when->tries++;
    when->again_at = qv_mono_add_ms(now, pause);
}

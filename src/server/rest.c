/*
 * Rests between turns.
 *
 * A service that pings is in no hurry, and there are many of them: one that wakes the worker by
 * itself costs several times what it costs among others, because caches are cold and the processor
 * was asleep. So a worker that has lately served renewals and nothing else looks at its connections
 * every few milliseconds only. Whoever asks for anything else is served at once from his first
 * request on; until then each step waits at most one rest, those of a handshake included.
 *
 * What a turn took is taken off the rest, and behind on its work it does not rest at all: who comes
 * is never held up by more than what there is to do.
 */
#include "rest.h"

#include <errno.h>
#include <time.h>

enum { TURN_MS = 25, LATELY_MS = 100 };

static bool lately(struct qv_mono at, struct qv_mono now)
{
    return at.us != 0 && now.us < qv_mono_add_ms(at, LATELY_MS).us;
}

static void sleep_until(struct qv_mono end)
{
    struct timespec when = {.tv_sec = end.us / 1000000, .tv_nsec = end.us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
        continue;
}

void qv_rest_take(struct qv_rest *rest)
{
    struct qv_mono now = qv_mono_now();
    if (rest->renewals > 0)
        rest->renewed = now;
    if (rest->requests > rest->renewals)
        rest->hurried = now;
    bool quiet = lately(rest->renewed, now) && !lately(rest->hurried, now) && !rest->crowded;
    rest->requests = rest->renewals = 0;
    rest->crowded = false;
    struct qv_mono next = qv_mono_add_ms(rest->turn, TURN_MS);
    if (quiet && now.us < next.us) {
        sleep_until(next);
        rest->turn = next; /* however late it wakes: the one after that is not put off by it */
    } else {
        rest->turn = now;
    }
}

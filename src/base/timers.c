/*
 * A queue of timers: a binary heap whose first entry is due first.
 *
 * Holds always: timers->at[i]->place == i + 1, so a timer knows where it is and can be moved or
 * taken out without a search; place 0 means not armed. The thread of the owning loop alone.
 */
#include <quiver/base/clock.h>
#include <quiver/base/memory.h>

static void put_at(struct qv_timers *timers, size_t index, struct qv_timer *timer)
{
    timers->at[index] = timer;
    timer->place = index + 1;
}

static size_t sift_up(struct qv_timers *timers, size_t index)
{
    struct qv_timer *timer = timers->at[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (timers->at[parent]->due.us <= timer->due.us)
            break;
        put_at(timers, index, timers->at[parent]);
        index = parent;
    }
    put_at(timers, index, timer);
    return index;
}

static void sift_down(struct qv_timers *timers, size_t index)
{
    struct qv_timer *timer = timers->at[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && timers->at[child + 1]->due.us < timers->at[child]->due.us)
            child++;
        if (timer->due.us <= timers->at[child]->due.us)
            break;
        put_at(timers, index, timers->at[child]);
        index = child;
    }
    put_at(timers, index, timer);
}

static bool has_room(struct qv_timers *timers)
{
    if (timers->count < timers->capacity)
        return true;
    size_t capacity = timers->capacity > 0 ? timers->capacity * 2 : 16;
    struct qv_timer **at = qv_realloc_array(timers->at, capacity, sizeof(struct qv_timer *));
    if (at == NULL)
        return false;
    timers->at = at;
    timers->capacity = capacity;
    return true;
}

enum qv_status qv_timers_arm(struct qv_timers *timers, struct qv_timer *timer, struct qv_mono due)
{
    if (timer->place == 0) {
        if (!has_room(timers))
            return QV_NO_MEMORY;
        put_at(timers, timers->count++, timer);
    }
    timer->due = due;
    sift_down(timers, sift_up(timers, timer->place - 1));
    return QV_OK;
}

void qv_timers_disarm(struct qv_timers *timers, struct qv_timer *timer)
{
    if (timer->place == 0)
        return;
    size_t index = timer->place - 1;
    timer->place = 0;
    struct qv_timer *last = timers->at[--timers->count];
    if (last == timer)
        return;
    put_at(timers, index, last);
    sift_down(timers, sift_up(timers, index));
}

void qv_timers_run(struct qv_timers *timers, struct qv_mono now)
{
    /* One that arms itself again for "now" has its turn in the next run, not forever in this. */
    for (size_t left = timers->count; left > 0 && timers->count > 0; left--) {
        struct qv_timer *first = timers->at[0];
        if (first->due.us > now.us)
            return;
        qv_timers_disarm(timers, first);
        first->fire(first); /* may free itself, and arm or disarm others */
    }
}

bool qv_timers_next(const struct qv_timers *timers, struct qv_mono *ret_due)
{
    if (timers->count == 0)
        return false;
    *ret_due = timers->at[0]->due;
    return true;
}

void qv_timers_free(struct qv_timers *timers)
{
    if (timers == NULL)
        return;
    for (size_t i = 0; i < timers->count; i++)
        timers->at[i]->place = 0;
    qv_free(timers->at);
    *timers = (struct qv_timers){0};
}

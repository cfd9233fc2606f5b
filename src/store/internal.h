/*
 * The parts of the store, and what they say to each other. All of it belongs to the store's thread,
 * except what is marked.
 *
 *   contact  keeps a connection up          session  what makes Redis ready for changes; the tick
 *   tail     the view follows the journal   commands  changes on their way
 *   mirror   CHAP services, for CHAP's own core
 */
#ifndef QUIVER_STORE_INTERNAL_H
#define QUIVER_STORE_INTERNAL_H

#include "contact.h"
#include "reasons.h"
#include "scripts.h"

#include <quiver/base/gate.h>
#include <quiver/store/store.h>

#define QV_TOKEN_SIZE 17 /* with its NUL */

/* ---- session.c, tick.c: the connection for commands ---- */

struct qv_session {
    struct qv_contact contact;
    struct qv_timer timer; /* the next tick, or the next look whether Redis is fit */
    bool open;             /* changes are accepted */
    bool was_open;         /* for the log: since the link is up */
    bool refuses;          /* decided: this Redis takes no changes from us */
    bool ticking;          /* a tick is on its way, ... */
    struct qv_mono ticked; /* ... since then */
    unsigned ticks;        /* since Redis' fitness was last looked at */
    unsigned loading;      /* answers to SCRIPT LOAD that are still to come */
    char sha[QV_SCRIPT_COUNT][41];
    struct qv_mono clock_at; /* when Redis' clock was ... */
    int64_t clock_ms;        /* ... at least this */
};

/* ---- tail.c, load.c: the connection that follows ---- */

enum { QV_TAIL_MEMORY = 8192 }; /* revisions whose tokens are remembered */

struct qv_position {
    uint64_t revision;
    char token[QV_TOKEN_SIZE];
};

struct qv_tail {
    struct qv_contact contact;
    struct qv_timer timer; /* look at the head again */
    struct qv_view *view;  /* in force; owned by the registry */
    struct qv_view *next;  /* being built; owned; NULL: none is */
    bool live;             /* `at` is the view's position, else that of `next` */
    bool stuck;            /* at an entry that cannot be applied */
    uint64_t epoch;
    struct qv_position at;    /* up to here everything is applied */
    struct qv_position head;  /* as last read: this much there is */
    struct qv_mono head_read; /* when */
    struct qv_mono load_began;
    size_t loaded, damaged;                    /* documents, of this load */
    char first_damaged[128];                   /* a key */
    int64_t load_offset_ms, load_tick_ms;      /* of the head, read for its registry time */
    struct qv_position memory[QV_TAIL_MEMORY]; /* by revision modulo its size; token "" : none */
};

/* ---- commands.c: changes on their way ---- */

struct qv_commands {
    struct qv_change *parked; /* made, but not in the view yet; by revision */
    size_t count;             /* changes that have had no answer yet, parked ones included */
    bool stopping;
    struct qv_gate failures; /* for "change failed" */
};

/* ---- gather.c: renewals that wait for company ---- */

struct qv_gather {
    struct qv_change *first; /* any thread, under the gate */
    struct qv_post post;     /* runs when the first has come */
    struct qv_timer timer;
};

/* ---- registry_time.c: what leases are counted in ---- */

struct qv_registry_time {
    bool known;
    int64_t registry_us, offset_us; /* at the moment ... */
    struct qv_mono at;              /* ... when they were learned */
};

/* ---- mirror.c: the CHAP services in another Redis ---- */

struct qv_mirror {
    struct qv_contact contact;
    struct qv_timer timer;      /* the next look whether something is left to do */
    char *where;                /* for messages; owned */
    bool up;                    /* it has answered since it was connected */
    bool all;                   /* all that live are to be written anew */
    unsigned flying;            /* commands without their answer */
    json_t *changed;            /* owned: an object whose keys are ids, oldest first */
    struct qv_chap_result pass; /* over all that lived when it began ... */
    size_t next;                /* ... up to here it is done */
};

/* ---- own.c: the registry's own entries ---- */

struct qv_own_entries {
    struct qv_change *change; /* owned; its arguments are used again and again; NULL: none */
    bool asked;               /* it is on its way ... */
    bool outdated;            /* ... as it was: another was set since */
    bool there;               /* since the store was opened */
    bool tried;               /* once, or there is no way to */
};

struct qv_store {
    const struct qv_config *config;
    struct qv_registry *registry;
    struct qv_metrics *metrics; /* borrowed; NULL: nobody asks */
    const struct qv_dialect *dialect;
    char *prefix;                 /* of all keys */
    char *socket_path;            /* of the embedded Redis, else NULL */
    char *where;                  /* where Redis is, for messages */
    void (*on_ready)(void *data); /* NULL: not wanted, or called already */
    void *on_ready_data;

    pthread_mutex_t gate; /* guards `accepting`; held while posting */
    bool accepting;       /* any thread */
    bool started;
    pthread_t thread;
    struct qv_loop *loop;
    struct qv_post stop;
    struct qv_post beat;
    _Atomic bool beat_due;     /* it is posted and has not run */
    struct qv_reasons reasons; /* any thread */

    struct qv_session session;
    struct qv_tail tail;
    struct qv_commands commands;
    struct qv_gather gather;
    struct qv_own_entries own;
    struct qv_registry_time time;
    struct qv_mirror mirror;
};

/** How long Redis may be silent: under load for a while; a change's own timeout is shorter. */
static inline int64_t qv_store_patience_ms(const struct qv_store *store)
{
    return store->config->store.timeout_ms + 3000;
}

/* Appends where a Redis is, for messages; not of the embedded one. */
void qv_store_write_where(const struct qv_config_redis *redis, struct qv_buf *buf);

/* ---- measures.c ---- */

/** Whether changes are taken, and how far the view is behind, may be another now. */
void qv_store_measure(struct qv_store *store);
/** A connection came up or went down. */
void qv_store_measure_link(struct qv_store *store, enum qv_metrics_link link, bool up);
/** The answer to a script is there. */
void qv_store_measure_trip(struct qv_store *store, struct qv_mono sent);

/* Calls on_ready if it is due; asked wherever one of its conditions may have come true. */
void qv_store_announce(struct qv_store *store);

/* ---- what they say to each other ---- */

QV_MUST_CHECK enum qv_status qv_session_init(struct qv_store *store);
void qv_session_destroy(struct qv_store *store);
/** Sends a script: `whole` with its text, else by its digest. `rest` are the arguments behind
 *  deadline and token. */
QV_MUST_CHECK enum qv_status qv_session_call(struct qv_store *store, enum qv_script script,
                                             bool whole, int64_t deadline_ms, const char *token,
                                             const struct qv_str *rest, size_t count,
                                             qv_link_done done, void *data,
                                             struct qv_command **ret_command);
/** Redis' clock at `due`, or earlier. */
int64_t qv_session_redis_ms(const struct qv_session *session, struct qv_mono due);
void qv_session_note_clock(struct qv_session *session, int64_t redis_ms);
/** Does what a refusal asks for. */
void qv_session_remedy(struct qv_store *store, enum qv_remedy remedy);
/** Looks at Redis again in a while (tick.c: ticks again). */
void qv_session_again(struct qv_store *store, int64_t milliseconds);
void qv_session_ask_info(struct qv_store *store);
void qv_session_load_scripts(struct qv_store *store);
/** Runs tick.lua now. */
void qv_tick(struct qv_store *store);

QV_MUST_CHECK enum qv_status qv_tail_init(struct qv_store *store);
void qv_tail_destroy(struct qv_store *store);
/** The head may have come to be: looks at once. */
void qv_tail_wake(struct qv_store *store);
/** Where a change of this position is in respect to the view. */
enum qv_seen { QV_SEEN_NOT_YET, QV_SEEN, QV_SEEN_OTHER_HISTORY, QV_SEEN_FORGOTTEN };
enum qv_seen qv_tail_seen(const struct qv_tail *tail, const struct qv_position *position);
/** load.c: begins a new view at the position `tail->at`, and is back in tail.c when all keys are
 *  read. */
void qv_load_begin(struct qv_store *store);
/** tail.c: all keys are read. */
void qv_tail_scanned(struct qv_store *store);
/** Applies what can be read of these effects; what cannot is left out, logged and counted. */
QV_MUST_CHECK enum qv_status qv_load_apply(struct qv_store *store, struct qv_view *view,
                                           const struct qv_effect *effects, size_t count);

/** Logs and counts something that was left out of the view that is being loaded. */
void qv_load_note_damage(struct qv_store *store, const char *kind, struct qv_str id,
                         const char *message);
/** load_leases.c: all keys are read; gives the CHAP services their leases and the registry its
 *  time, and is back in tail.c then. */
void qv_load_leases(struct qv_store *store);

/** Redis' clock says `now_us`, and so much of it was given back to leases. */
void qv_time_learn(struct qv_store *store, int64_t now_us, int64_t offset_us);
/** Registry time; since it was learned it goes on for QV_REGISTRY_PAUSE_MS at most. */
int64_t qv_time_now_us(const struct qv_store *store);
/** Does it, until more is learned? */
bool qv_time_stands_still(const struct qv_store *store);

QV_MUST_CHECK enum qv_status qv_mirror_init(struct qv_store *store);
void qv_mirror_start(struct qv_store *store);
void qv_mirror_destroy(struct qv_store *store);
/** The view that is in force has these effects. */
void qv_mirror_note(struct qv_store *store, const struct qv_effect *effects, size_t count);
/** Another view is in force, or all ends have moved. */
void qv_mirror_renew(struct qv_store *store);

/** Writes the own entries, unless they are there or on their way. */
void qv_own_write(struct qv_store *store);
/** The first view has to wait no longer for them. */
void qv_own_tried(struct qv_store *store);
/** Has it to? */
bool qv_own_awaited(const struct qv_store *store);

/** The view has come further. */
void qv_commands_advance(struct qv_store *store);
/** What is parked belongs to a history that is over. */
void qv_commands_history_broken(struct qv_store *store);
/** No change is accepted any more; the loop ends when all have their answer. */
void qv_commands_stop(struct qv_store *store);
/* A change that was submitted: sends it, or answers why not. */
void qv_commands_begin(struct qv_change *change);
/* Takes a renewal; under the gate, any thread. */
void qv_gather(struct qv_store *store, struct qv_change *change);
/* Begins those that have gathered. */
void qv_gather_end(struct qv_store *store);

#endif

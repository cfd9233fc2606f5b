/*
 * The store's life: made by the main thread, run by a thread of its own, which alone touches the
 * loop and the links. `accepting` is the gate between the two: while it is open the loop exists,
 * and it is closed before the loop may end, so that nothing is ever posted to a loop that is gone.
 */
#include "internal.h"

#include <errno.h>
#include <quiver/base/memory.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

enum { CLOUD_MAX = 180 }; /* bytes of "<cloud>.<organization>" in the keys */

/* ---- made ------------------------------------------------------------------------------------ */

static enum qv_status make_prefix(struct qv_str cloud, char **ret_prefix, struct qv_error *error)
{
    struct qv_str rest = cloud, name, organization = {0};
    bool complete = qv_str_split_next(&rest, '.', &name) && name.length > 0 &&
                    qv_str_split_next(&rest, '.', &organization) && organization.length > 0;
    if (!complete || name.length + organization.length > CLOUD_MAX)
        return qv_error_set(error, QV_INVALID,
                            "%.*s names no cloud: it must begin with <cloud>.<organization>",
                            QV_STR_ARG(cloud));
    QV_CLEANUP(qv_buf) struct qv_buf prefix = {0};
    size_t length;
    qv_buf_printf(&prefix, "quiver:{%.*s.%.*s}", QV_STR_ARG(name), QV_STR_ARG(organization));
    return qv_buf_take(&prefix, ret_prefix, &length);
}

void qv_store_write_where(const struct qv_config_redis *redis, struct qv_buf *buf)
{
    if (redis->kind == QV_REDIS_UNIX)
        qv_buf_put_text(buf, redis->path);
    else
        qv_buf_printf(buf, "%s:%u", redis->host, redis->port);
}

static enum qv_status make_where(struct qv_store *store)
{
    const struct qv_config *config = store->config;
    QV_CLEANUP(qv_buf) struct qv_buf where = {0};
    size_t length;
    if (config->store.at.kind == QV_REDIS_EMBEDDED) {
        store->socket_path = qv_embedded_socket_path(config);
        if (store->socket_path == NULL)
            return QV_NO_MEMORY;
        qv_buf_put_text(&where, store->socket_path);
    } else {
        qv_store_write_where(&config->store.at, &where);
    }
    return qv_buf_take(&where, &store->where, &length);
}

enum qv_status qv_store_new(const struct qv_config *config, struct qv_str cloud,
                            struct qv_registry *registry, struct qv_store **ret_store,
                            struct qv_error *error)
{
    struct qv_store *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&made->gate, NULL);
    made->commands.failures = (struct qv_gate)QV_GATE_INIT(1);
    qv_reasons_init(&made->reasons);
    QV_CLEANUP(qv_store) struct qv_store *store = made;
    store->config = config;
    store->registry = registry;
    store->dialect = qv_dialect_get(config->cloud.dialect);
    if (store->dialect == NULL)
        return qv_error_set(error, QV_INVALID, "this version does not speak the dialect");
    QV_TRY(make_prefix(cloud, &store->prefix, error));
    QV_TRY(make_where(store));
    qv_reasons_set(&store->reasons, QV_REASON_VIEW, "the registry is being loaded");
    *ret_store = store;
    store = NULL;
    return QV_OK;
}

void qv_store_on_ready(struct qv_store *store, void (*fn)(void *data), void *data)
{
    store->on_ready = fn;
    store->on_ready_data = data;
}

void qv_store_announce(struct qv_store *store)
{
    bool decided = store->session.open || store->session.refuses;
    void (*fn)(void *data) = store->on_ready;
    if (fn == NULL || store->tail.view == NULL || !decided)
        return;
    store->on_ready = NULL;
    fn(store->on_ready_data);
}

/* ---- run ------------------------------------------------------------------------------------- */

struct start {
    struct qv_store *store;
    sem_t ready;
    enum qv_status status;
};

static enum qv_status set_up(struct qv_store *store)
{
    QV_TRY(qv_loop_new(&store->loop));
    QV_TRY(qv_session_init(store));
    QV_TRY(qv_tail_init(store));
    QV_TRY(qv_mirror_init(store));
    qv_contact_start(&store->session.contact);
    qv_contact_start(&store->tail.contact);
    qv_mirror_start(store);
    return QV_OK;
}

static void tear_down(struct qv_store *store)
{
    qv_session_destroy(store);
    qv_tail_destroy(store);
    qv_mirror_destroy(store);
    qv_loop_free(&store->loop);
}

static void *thread_main(void *argument)
{
    struct start *start = argument;
    struct qv_store *store = start->store;
    pthread_setname_np(pthread_self(), "store");
    enum qv_status status = set_up(store);
    start->status = status;
    sem_post(&start->ready); /* `start` is gone from here on */
    if (status == QV_OK)
        qv_loop_run(store->loop);
    tear_down(store);
    return NULL;
}

/* Signals are the main thread's. */
static int create_thread(pthread_t *thread, struct start *start)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

enum qv_status qv_store_start(struct qv_store *store, struct qv_error *error)
{
    struct start start = {.store = store};
    sem_init(&start.ready, 0, 0);
    int failed = create_thread(&store->thread, &start);
    if (failed == 0)
        while (sem_wait(&start.ready) != 0 && errno == EINTR)
            ;
    sem_destroy(&start.ready);
    if (failed != 0)
        return qv_error_set(error, QV_UNAVAILABLE, "the store's thread cannot be started: %s",
                            strerror(failed));
    if (start.status != QV_OK) {
        pthread_join(store->thread, NULL);
        return qv_error_set(error, start.status, "the store cannot be started: %s",
                            qv_status_name(start.status));
    }
    store->started = true;
    pthread_mutex_lock(&store->gate);
    store->accepting = true;
    pthread_mutex_unlock(&store->gate);
    return QV_OK;
}

/* ---- stopped --------------------------------------------------------------------------------- */

static void on_stop(struct qv_post *post)
{
    qv_commands_stop((struct qv_store *)((char *)post - offsetof(struct qv_store, stop)));
}

void qv_store_stop(struct qv_store *store)
{
    if (!store->started)
        return;
    /* Posts run in order: what was submitted before is known to the thread when this one runs. */
    store->stop.run = on_stop;
    pthread_mutex_lock(&store->gate);
    store->accepting = false;
    qv_loop_post(store->loop, &store->stop);
    pthread_mutex_unlock(&store->gate);
    pthread_join(store->thread, NULL);
    store->started = false;
}

void qv_store_free(struct qv_store **store)
{
    if (*store == NULL)
        return;
    qv_store_stop(*store);
    pthread_mutex_destroy(&(*store)->gate);
    qv_reasons_destroy(&(*store)->reasons);
    qv_free((*store)->prefix);
    qv_free((*store)->socket_path);
    qv_free((*store)->where);
    qv_change_free(&(*store)->own.change);
    qv_free(*store);
    *store = NULL;
}

/* ---- any thread ------------------------------------------------------------------------------ */

static void on_beat(struct qv_post *post)
{
    struct qv_store *store = (struct qv_store *)((char *)post - offsetof(struct qv_store, beat));
    atomic_store(&store->beat_due, false); /* from here on it may be posted again */
}

bool qv_store_beat(struct qv_store *store)
{
    if (atomic_load(&store->beat_due))
        return false;
    store->beat.run = on_beat;
    pthread_mutex_lock(&store->gate);
    if (store->accepting) {
        atomic_store(&store->beat_due, true);
        qv_loop_post(store->loop, &store->beat);
    }
    pthread_mutex_unlock(&store->gate);
    return true;
}

void qv_store_reasons(struct qv_store *store, struct qv_strings *ret_reasons)
{
    char words[256];
    for (int which = 0; which < QV_REASON_COUNT; which++)
        if (qv_reasons_get(&store->reasons, (enum qv_reason)which, words, sizeof(words)) &&
            qv_strings_add(ret_reasons, qv_str_from(words)) != QV_OK)
            return; /* memory is out: what there is tells enough */
}

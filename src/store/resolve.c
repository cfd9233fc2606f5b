/*
 * Host names to addresses. getaddrinfo may take many seconds and cannot be interrupted, so each
 * question has a detached thread of its own; it posts the answer to the loop, unless the question
 * was cancelled before. The question is shared by asker, thread and posted answer, and freed by
 * whoever lets go last: the asker's part ends with the answer or with cancelling.
 */
#include "resolve.h"

#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdio.h>

struct qv_resolve {
    struct qv_post post;
    struct qv_loop *loop;
    pthread_mutex_t lock; /* guards `cancelled` against the answer being posted */
    bool cancelled;
    unsigned owners;
    qv_resolve_done done;
    void *data;
    char *host;
    uint16_t port;
    int code;
    struct addrinfo *list;
};

static int look_up(const char *host, uint16_t port, int flags, struct addrinfo **ret_list)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    return getaddrinfo(host, service, &hints, ret_list);
}

struct addrinfo *qv_resolve_numeric(const char *host, uint16_t port)
{
    struct addrinfo *list = NULL;
    return look_up(host, port, AI_NUMERICHOST, &list) == 0 ? list : NULL;
}

static void release(struct qv_resolve *resolve)
{
    if (__atomic_sub_fetch(&resolve->owners, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (resolve->list != NULL)
        freeaddrinfo(resolve->list);
    pthread_mutex_destroy(&resolve->lock);
    qv_free(resolve->host);
    qv_free(resolve);
}

/* On the loop's thread, as qv_resolve_cancel: the two cannot meet. */
static void answer(struct qv_post *post)
{
    struct qv_resolve *resolve = (struct qv_resolve *)post;
    struct addrinfo *list = resolve->list;
    resolve->list = NULL;
    if (!resolve->cancelled) {
        resolve->done(resolve->data, list, gai_strerror(resolve->code));
        release(resolve); /* the asker's part */
    } else if (list != NULL) {
        freeaddrinfo(list);
    }
    release(resolve); /* the post's part */
}

static void *ask(void *argument)
{
    struct qv_resolve *resolve = argument;
    resolve->code = look_up(resolve->host, resolve->port, 0, &resolve->list);
    pthread_mutex_lock(&resolve->lock);
    if (!resolve->cancelled) {
        __atomic_add_fetch(&resolve->owners, 1, __ATOMIC_RELAXED);
        qv_loop_post(resolve->loop, &resolve->post);
    }
    pthread_mutex_unlock(&resolve->lock);
    release(resolve);
    return NULL;
}

static bool start_thread(struct qv_resolve *resolve)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, ask, resolve) != 0)
        return false;
    pthread_detach(thread);
    return true;
}

enum qv_status qv_resolve_start(struct qv_loop *loop, const char *host, uint16_t port,
                                qv_resolve_done done, void *data, struct qv_resolve **ret_resolve)
{
    struct qv_resolve *resolve = qv_alloc(sizeof(*resolve));
    if (resolve == NULL)
        return QV_NO_MEMORY;
    *resolve = (struct qv_resolve){.post.run = answer,
                                   .loop = loop,
                                   .owners = 2, /* asker and thread */
                                   .done = done,
                                   .data = data,
                                   .host = qv_strdup(host),
                                   .port = port};
    pthread_mutex_init(&resolve->lock, NULL);
    if (resolve->host == NULL || !start_thread(resolve)) {
        resolve->owners = 1;
        release(resolve);
        return QV_NO_MEMORY;
    }
    *ret_resolve = resolve;
    return QV_OK;
}

void qv_resolve_cancel(struct qv_resolve **resolve)
{
    if (*resolve == NULL)
        return;
    pthread_mutex_lock(&(*resolve)->lock);
    (*resolve)->cancelled = true;
    pthread_mutex_unlock(&(*resolve)->lock);
    release(*resolve);
    *resolve = NULL;
}

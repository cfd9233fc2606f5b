/*
 * Reasons by their source.
 *
 * Holds always: a source's reasons are replaced whole or not at all, and a reader sees those of one
 * moment. Sources are few (a part of trust, the configuration), so a list will do. Any thread,
 * under the lock.
 */
#include <pthread.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/observe/health.h>
#include <string.h>

struct source {
    const char *name;
    struct qv_strings reasons;
};

struct qv_health {
    pthread_mutex_t lock;
    struct source *sources;
    size_t count;
};

enum qv_status qv_health_new(struct qv_health **ret_health)
{
    struct qv_health *health = qv_alloc(sizeof(*health));
    if (health == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&health->lock, NULL);
    *ret_health = health;
    return QV_OK;
}

void qv_health_free(struct qv_health **health)
{
    if (*health == NULL)
        return;
    for (size_t i = 0; i < (*health)->count; i++)
        qv_strings_free(&(*health)->sources[i].reasons);
    qv_free((*health)->sources);
    pthread_mutex_destroy(&(*health)->lock);
    qv_free(*health);
    *health = NULL;
}

static struct source *find(const struct qv_health *health, const char *name)
{
    for (size_t i = 0; i < health->count; i++)
        if (strcmp(health->sources[i].name, name) == 0)
            return &health->sources[i];
    return NULL;
}

static struct source *find_or_add(struct qv_health *health, const char *name)
{
    struct source *source = find(health, name);
    if (source != NULL)
        return source;
    struct source *grown =
        qv_realloc_array(health->sources, health->count + 1, sizeof(*health->sources));
    if (grown == NULL)
        return NULL;
    health->sources = grown;
    grown[health->count] = (struct source){.name = name};
    return &grown[health->count++];
}

static enum qv_status copy(const struct qv_strings *reasons, struct qv_strings *ret_copy)
{
    for (size_t i = 0; reasons != NULL && i < reasons->count; i++)
        QV_TRY(qv_strings_add(ret_copy, qv_str_from(reasons->at[i])));
    return QV_OK;
}

/* Exchanges the source's reasons for these; false: no memory. */
static bool exchange(struct qv_health *health, const char *name, struct qv_strings *reasons)
{
    bool wanted = reasons->count > 0; /* one that never had a reason needs no place */
    pthread_mutex_lock(&health->lock);
    struct source *source = wanted ? find_or_add(health, name) : find(health, name);
    if (source != NULL) {
        struct qv_strings old = source->reasons;
        source->reasons = *reasons;
        *reasons = old;
    }
    pthread_mutex_unlock(&health->lock);
    return source != NULL || !wanted;
}

void qv_health_set(struct qv_health *health, const char *source, const struct qv_strings *reasons)
{
    QV_CLEANUP(qv_strings) struct qv_strings mine = {0};
    if (copy(reasons, &mine) != QV_OK || !exchange(health, source, &mine))
        qv_log(QV_LOG_ERROR, "health not noted", QV_LOG_CSTR("source", source),
               QV_LOG_CSTR("reason", "out of memory"));
}

static enum qv_status put(const struct source *source, struct qv_strings *ret_reasons)
{
    for (size_t i = 0; i < source->reasons.count; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf line = {0};
        qv_buf_printf(&line, "%s: %s", source->name, source->reasons.at[i]);
        QV_TRY(qv_buf_status(&line));
        QV_TRY(qv_strings_add(ret_reasons, qv_buf_str(&line)));
    }
    return QV_OK;
}

enum qv_status qv_health_reasons(struct qv_health *health, struct qv_strings *ret_reasons)
{
    enum qv_status status = QV_OK;
    pthread_mutex_lock(&health->lock);
    for (size_t i = 0; status == QV_OK && i < health->count; i++)
        status = put(&health->sources[i], ret_reasons);
    pthread_mutex_unlock(&health->lock);
    return status;
}

/*
 * The identity object: made once, never changed, counted by reference, so that a connection, its
 * requests and the changes that it set going can hold it across threads without a lock.
 * Here also the table of Arrowhead's certificate profiles. Any thread.
 */
#include "names.h"

#include <quiver/base/memory.h>
#include <stdatomic.h>

/** What is really allocated: the public part first, so that its address is the whole's. */
struct counted_identity {
    struct qv_identity identity;
    atomic_size_t references;
};

static const struct {
    const char *code, *name;
} profiles[] = {
    [QV_PROFILE_UNKNOWN] = {NULL, "UNKNOWN"},
    [QV_PROFILE_MASTER] = {"ma", "MASTER"},
    [QV_PROFILE_GATE] = {"ga", "GATE"},
    [QV_PROFILE_ORGANIZATION] = {"or", "ORGANIZATION"},
    [QV_PROFILE_LOCAL_CLOUD] = {"lo", "LOCAL_CLOUD"},
    [QV_PROFILE_ONBOARDING] = {"on", "ON_BOARDING"},
    [QV_PROFILE_DEVICE] = {"de", "DEVICE"},
    [QV_PROFILE_SYSTEM] = {"sy", "SYSTEM"},
    [QV_PROFILE_OPERATOR] = {"op", "OPERATOR"},
    [QV_PROFILE_BROKER] = {"br", "BROKER"},
};
#define PROFILE_COUNT (sizeof(profiles) / sizeof(profiles[0]))

const char *qv_profile_name(enum qv_profile profile)
{
    return (size_t)profile < PROFILE_COUNT ? profiles[profile].name : "UNKNOWN";
}

enum qv_profile qv_profile_from_code(struct qv_str code)
{
    for (size_t i = QV_PROFILE_UNKNOWN + 1; i < PROFILE_COUNT; i++)
        if (qv_str_equal(code, qv_str_from(profiles[i].code)))
            return (enum qv_profile)i;
    return QV_PROFILE_UNKNOWN;
}

enum qv_status qv_identity_make(struct qv_str system, const struct qv_str *cloud,
                                enum qv_profile profile, struct qv_certificate **certificate,
                                struct qv_identity **ret_identity)
{
    struct counted_identity *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    atomic_init(&made->references, 1);
    QV_CLEANUP(qv_identity) struct qv_identity *identity = &made->identity;
    identity->profile = profile;
    identity->system = qv_str_dup(system);
    if (identity->system == NULL)
        return QV_NO_MEMORY;
    if (cloud != NULL && (identity->cloud = qv_str_dup(*cloud)) == NULL)
        return QV_NO_MEMORY;
    if (certificate != NULL) {
        identity->certificate = *certificate;
        *certificate = NULL;
    }
    *ret_identity = identity;
    identity = NULL;
    return QV_OK;
}

struct qv_identity *qv_identity_ref(struct qv_identity *identity)
{
    if (identity != NULL)
        atomic_fetch_add_explicit(&((struct counted_identity *)identity)->references, 1,
                                  memory_order_relaxed);
    return identity;
}

void qv_identity_free(struct qv_identity **identity)
{
    struct qv_identity *old = *identity;
    if (old == NULL)
        return;
    *identity = NULL;
    struct counted_identity *counted = (struct counted_identity *)old;
    if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1)
        return;
    qv_free(old->system);
    qv_free(old->cloud);
    qv_certificate_free(&old->certificate);
    qv_free(counted);
}

void qv_identity_error_text(struct qv_str message, struct qv_str url, struct qv_buf *buf)
{
    struct qv_str part;
    bool first = true;
    while (qv_str_split_next(&message, QV_IDENTITY_URL[0], &part)) {
        if (!first)
            qv_buf_put(buf, url);
        qv_buf_put(buf, part);
        first = false;
    }
}

/*
 * The trust of a server as a whole. Everything is read and checked before any of it is given out;
 * what was given out never changes. Loading runs in one thread, reading in any.
 */
#include "anchors.h"
#include "context.h"
#include "faults.h"
#include "own.h"
#include "verdict.h"

#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/trust/trust.h>

struct qv_trust {
    atomic_size_t references;
    uint64_t generation;
    char *cloud;
    struct qv_anchors *anchors;
    SSL_CTX **contexts; /* one a listener, NULL where it has no TLS */
    size_t context_count;
};

static _Atomic uint64_t generations;

static bool uses_tls(const struct qv_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls != QV_TLS_OFF)
            return true;
    return false;
}

/** The two parts, each as far as it goes, so that all faults are told at once. */
static enum qv_status load_parts(const struct qv_config *config, struct qv_wall now,
                                 struct qv_trust *trust, struct qv_own **own,
                                 struct qv_strings *faults)
{
    enum qv_status status =
        qv_anchors_load(&config->tls.trust, &config->tls.crl, now, &trust->anchors, faults);
    if (status == QV_NO_MEMORY)
        return status;
    status = qv_status_worse(status, qv_own_load(config, now, own, faults));
    QV_TRY(status);
    if (sk_X509_num(qv_anchors_cas(trust->anchors)) > 0)
        status = qv_own_check_chain(*own, config->tls.certificate, trust->anchors, now, faults);
    return status;
}

/** What is no fault and still surprises: clients of this cloud would be "from foreign cloud". */
static void warn_of_issuer(const struct qv_own *own, const struct qv_config *config)
{
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    if (qv_identity_from_leaf(own->leaf, qv_str_from(own->cloud), &identity, NULL, &reason) ==
        QV_DENIED)
        qv_log(QV_LOG_WARNING, "own certificate would have no identity as a client",
               QV_LOG_CSTR("file", config->tls.certificate),
               QV_LOG_CSTR("reason", qv_error_message(&reason)));
}

static enum qv_status make_contexts(const struct qv_config *config, const struct qv_own *own,
                                    struct qv_trust *trust, struct qv_strings *faults)
{
    trust->contexts = qv_alloc_array(config->listener_count, sizeof(SSL_CTX *));
    if (trust->contexts == NULL)
        return QV_NO_MEMORY;
    trust->context_count = config->listener_count;
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls != QV_TLS_OFF)
            QV_TRY(qv_context_make(&config->listeners[i], own, trust->anchors, &trust->contexts[i],
                                   faults));
    return QV_OK;
}

static enum qv_status load_tls(const struct qv_config *config, struct qv_wall now,
                               struct qv_trust *trust, struct qv_strings *faults)
{
    if (!qv_verdict_prepare())
        return QV_INTERNAL;
    QV_CLEANUP(qv_own) struct qv_own *own = NULL;
    QV_TRY(load_parts(config, now, trust, &own, faults));
    QV_TRY(make_contexts(config, own, trust, faults));
    warn_of_issuer(own, config);
    trust->cloud = own->cloud;
    own->cloud = NULL;
    return QV_OK;
}

static enum qv_status load_plain(const struct qv_config *config, struct qv_trust *trust)
{
    struct qv_strings none = {0};
    QV_TRY(qv_anchors_load(&none, &none, (struct qv_wall){0}, &trust->anchors, &none));
    trust->cloud = qv_str_dup(qv_str_from(config->cloud.name));
    return trust->cloud != NULL ? QV_OK : QV_NO_MEMORY;
}

enum qv_status qv_trust_load(const struct qv_config *config, struct qv_wall now,
                             struct qv_trust **ret_trust, struct qv_strings *faults)
{
    QV_CLEANUP(qv_trust) struct qv_trust *trust = qv_alloc(sizeof(*trust));
    if (trust == NULL)
        return QV_NO_MEMORY;
    atomic_init(&trust->references, 1);
    QV_TRY(uses_tls(config) ? load_tls(config, now, trust, faults) : load_plain(config, trust));
    trust->generation = atomic_fetch_add(&generations, 1) + 1;
    *ret_trust = trust;
    trust = NULL;
    return QV_OK;
}

struct qv_trust *qv_trust_ref(struct qv_trust *trust)
{
    if (trust != NULL)
        atomic_fetch_add_explicit(&trust->references, 1, memory_order_relaxed);
    return trust;
}

void qv_trust_free(struct qv_trust **trust)
{
    struct qv_trust *old = *trust;
    if (old == NULL)
        return;
    *trust = NULL;
    if (atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < old->context_count; i++)
        SSL_CTX_free(old->contexts[i]);
    qv_free(old->contexts);
    qv_anchors_free(&old->anchors);
    qv_free(old->cloud);
    qv_free(old);
}

struct qv_str qv_trust_cloud(const struct qv_trust *trust)
{
    return qv_str_from(trust->cloud);
}

uint64_t qv_trust_generation(const struct qv_trust *trust)
{
    return trust->generation;
}

const struct qv_anchors *qv_trust_anchors(const struct qv_trust *trust)
{
    return trust->anchors;
}

SSL_CTX *qv_trust_context(const struct qv_trust *trust, size_t listener)
{
    return listener < trust->context_count ? trust->contexts[listener] : NULL;
}

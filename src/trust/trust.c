/*
 * The trust of a server as a whole. Everything is read and checked before any of it is given out;
 * what was given out never changes. Loading runs in one thread, reading in any.
 */
#include "trust.h"

#include "context.h"
#include "faults.h"
#include "verdict.h"

#include <quiver/base/log.h>
#include <quiver/base/memory.h>

static _Atomic uint64_t generations;

const char *qv_trust_part_name(enum qv_trust_part part)
{
    static const char *const names[QV_TRUST_PARTS] = {
        [QV_TRUST_OWN] = "own certificate",
        [QV_TRUST_ANCHORS] = "CAs and CRLs",
    };
    return names[part];
}

/* --- loading --- */

enum qv_status qv_trust_new(struct qv_trust **ret_trust)
{
    struct qv_trust *trust = qv_alloc(sizeof(*trust));
    if (trust == NULL)
        return QV_NO_MEMORY;
    atomic_init(&trust->references, 1);
    trust->generation = atomic_fetch_add(&generations, 1) + 1;
    trust->tls_generation = trust->generation;
    *ret_trust = trust;
    return QV_OK;
}

static bool uses_tls(const struct qv_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls != QV_TLS_OFF)
            return true;
    return false;
}

/** What is no fault and still surprises: clients of this cloud would be "from foreign cloud". */
static void warn_of_issuer(const struct qv_own *own)
{
    QV_CLEANUP(qv_identity) struct qv_identity *identity = NULL;
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    if (qv_identity_from_leaf(own->leaf, qv_str_from(own->cloud), &identity, NULL, &reason) ==
        QV_DENIED)
        qv_log(QV_LOG_WARNING, "own certificate would have no identity as a client",
               QV_LOG_CSTR("file", own->file), QV_LOG_CSTR("reason", qv_error_message(&reason)));
}

enum qv_status qv_trust_load_own(struct qv_trust *trust, const struct qv_config *config,
                                 const struct qv_anchors *anchors, struct qv_wall now,
                                 struct qv_strings *faults)
{
    QV_CLEANUP(qv_own) struct qv_own *own = NULL;
    QV_CLEANUP(qv_protocol) struct qv_protocol *protocol = NULL;
    enum qv_status status = qv_own_load(config, now, &own, faults);
    if (status == QV_NO_MEMORY)
        return status;
    QV_TRY(qv_status_worse(status, qv_protocol_load(config, &protocol, faults)));
    if (anchors != NULL && sk_X509_num(qv_anchors_cas(anchors)) > 0)
        QV_TRY(qv_own_check_chain(own, anchors, now, faults));
    warn_of_issuer(own);
    trust->own = own;
    own = NULL;
    trust->protocol = protocol;
    protocol = NULL;
    return QV_OK;
}

enum qv_status qv_trust_make_contexts(struct qv_trust *trust, const struct qv_config *config,
                                      struct qv_strings *faults)
{
    trust->contexts = qv_alloc_array(config->listener_count, sizeof(SSL_CTX *));
    if (trust->contexts == NULL)
        return QV_NO_MEMORY;
    trust->context_count = config->listener_count;
    for (size_t i = 0; i < config->listener_count; i++) {
        struct qv_context_parts parts = {.listener = &config->listeners[i],
                                         .protocol = trust->protocol,
                                         .own = trust->own,
                                         .anchors = trust->anchors,
                                         .generation = trust->tls_generation};
        if (parts.listener->tls != QV_TLS_OFF)
            QV_TRY(qv_context_make(&parts, &trust->contexts[i], faults));
    }
    return QV_OK;
}

/** The two parts, each as far as it goes, so that all faults are told at once. */
static enum qv_status load_tls(const struct qv_config *config, const struct qv_crl_memory *memory,
                               struct qv_wall now, struct qv_trust *trust,
                               struct qv_strings *faults)
{
    if (!qv_verdict_prepare())
        return QV_INTERNAL;
    enum qv_status status = qv_anchors_load(config, memory, now, &trust->anchors, faults);
    if (status == QV_NO_MEMORY)
        return status;
    QV_TRY(qv_status_worse(status, qv_trust_load_own(trust, config, trust->anchors, now, faults)));
    QV_TRY(qv_trust_make_contexts(trust, config, faults));
    trust->cloud = qv_strdup(trust->own->cloud);
    return trust->cloud != NULL ? QV_OK : QV_NO_MEMORY;
}

static enum qv_status load_plain(const struct qv_config *config, struct qv_trust *trust)
{
    struct qv_config none = {0};
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_TRY(qv_anchors_load(&none, NULL, (struct qv_wall){0}, &trust->anchors, &faults));
    trust->cloud = qv_str_dup(qv_str_from(config->cloud.name));
    return trust->cloud != NULL ? QV_OK : QV_NO_MEMORY;
}

enum qv_status qv_trust_load(const struct qv_config *config, const struct qv_crl_memory *memory,
                             struct qv_wall now, struct qv_trust **ret_trust,
                             struct qv_strings *faults)
{
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    QV_TRY(qv_trust_new(&trust));
    QV_TRY(uses_tls(config) ? load_tls(config, memory, now, trust, faults)
                            : load_plain(config, trust));
    *ret_trust = trust;
    trust = NULL;
    return QV_OK;
}

/* --- reading --- */

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
    qv_own_free(&old->own);
    qv_protocol_free(&old->protocol);
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

uint64_t qv_trust_tls_generation(const struct qv_trust *trust)
{
    return trust->tls_generation;
}

const struct qv_anchors *qv_trust_anchors(const struct qv_trust *trust)
{
    return trust->anchors;
}

const struct qv_certificate *qv_trust_own(const struct qv_trust *trust)
{
    return trust->own != NULL ? trust->own->facts : NULL;
}

const char *qv_trust_own_file(const struct qv_trust *trust)
{
    return trust->own != NULL ? trust->own->file : NULL;
}

SSL_CTX *qv_trust_context(const struct qv_trust *trust, size_t listener)
{
    return listener < trust->context_count ? trust->contexts[listener] : NULL;
}

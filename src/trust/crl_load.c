/*
 * Loads CRL files: blocks, the CAs that came with them, then each CRL checked once and for all and
 * packed. A fault in one CRL does not hide those of the next. Runs where trust is loaded.
 */
#include "blocks.h"
#include "crl_memory.h"
#include "faults.h"
#include "verdict.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <string.h>

#define CRL_FILE_MAX ((size_t)256 * 1024 * 1024)

/** What the steps of one load share; all borrowed. */
struct loading {
    struct qv_crls *crls;
    X509_STORE *store;
    const STACK_OF(X509) * cas;
    struct qv_wall now;
    struct qv_strings *faults;
};

static bool is_crl(const struct qv_block *block)
{
    return block->label[0] == '\0' || strcmp(block->label, PEM_STRING_X509_CRL) == 0;
}

static void warn(const char *event, const struct qv_crl *crl)
{
    QV_CLEANUP(qv_buf) struct qv_buf end = {0};
    if (crl->has_next_update)
        qv_wall_write(&end, crl->next_update, QV_WALL_SECONDS);
    qv_log(QV_LOG_WARNING, event, QV_LOG_CSTR("file", crl->file),
           QV_LOG_STR("next_update", qv_buf_str(&end)));
}

/** Everything that is known of a CRL, but for its serials. */
static enum qv_status check_crl(const struct qv_crl_parts *parts, const STACK_OF(X509) * cas,
                                struct qv_crl *crl, struct qv_error *error)
{
    X509 *issuer = NULL;
    QV_TRY(qv_crl_about_read(parts, &crl->stamp.about, error));
    QV_TRY(qv_crl_issuer(parts, cas, &issuer, error));
    QV_TRY(qv_issuer_key_of(issuer, &crl->stamp.issuer));
    qv_verdict_name(parts->issuer, crl->issuer, sizeof(crl->issuer));
    crl->stamp.this_update = parts->this_update;
    crl->next_update = parts->next_update;
    crl->has_next_update = parts->has_next_update;
    return qv_crl_serials_read(parts->revoked, &crl->serials, &crl->count, error);
}

static enum qv_status read_crl(const struct qv_block *block, const STACK_OF(X509) * cas,
                               const char *file, struct qv_crl **ret_crl, struct qv_error *error)
{
    QV_CLEANUP(qv_crl_parts) struct qv_crl_parts parts = {0};
    struct qv_str der = {.at = (const char *)block->der, .length = block->length};
    QV_TRY(qv_crl_parts_read(der, &parts, error));
    QV_CLEANUP(qv_crl) struct qv_crl *crl = qv_alloc(sizeof(*crl));
    if (crl == NULL || (crl->file = qv_strdup(file)) == NULL)
        return QV_NO_MEMORY;
    QV_TRY(check_crl(&parts, cas, crl, error));
    *ret_crl = crl;
    crl = NULL;
    return QV_OK;
}

static enum qv_status add_crl(const struct loading *loading, const struct qv_block *block,
                              const STACK_OF(X509) * cas, const char *file)
{
    QV_CLEANUP(qv_crl) struct qv_crl *crl = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = read_crl(block, cas, file, &crl, &error);
    if (status == QV_NO_MEMORY)
        return status;
    if (status != QV_OK)
        return qv_fault(loading->faults, "%s: %s", file, qv_error_message(&error));
    if (crl->has_next_update && qv_wall_compare(crl->next_update, loading->now) < 0)
        warn("CRL is past its end: peers of its CA are refused until a newer one is loaded", crl);
    if (qv_wall_compare(crl->stamp.this_update, loading->now) > 0)
        warn("CRL begins in the future; it is used at once", crl);
    bool replaced = false;
    QV_TRY(qv_crls_add(loading->crls, &crl, &replaced));
    if (replaced)
        qv_log(QV_LOG_WARNING, "two CRLs of one CA; the newer counts", QV_LOG_CSTR("file", file));
    return QV_OK;
}

/** Does the store vouch for a CA that came with a CRL? */
static bool vouched_for(X509_STORE *store, X509 *ca, STACK_OF(X509) * others, struct qv_wall now)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = false;
    if (context != NULL && X509_check_ca(ca) == 1 &&
        X509_STORE_CTX_init(context, store, ca, others) == 1) {
        X509_STORE_CTX_set_time(context, 0, (time_t)now.seconds);
        (void)X509_STORE_CTX_set_purpose(context, X509_PURPOSE_ANY);
        good = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    return good;
}

/** The CAs whose CRLs count in this file: the configured ones and those that came along. */
static enum qv_status collect_cas(const struct loading *loading, const struct qv_blocks *blocks,
                                  STACK_OF(X509) * into)
{
    STACK_OF(X509) *came = sk_X509_new_null();
    bool complete = came != NULL;
    for (int i = 0; i < sk_X509_num(loading->cas) && complete; i++)
        complete = X509_add_cert(into, sk_X509_value(loading->cas, i), X509_ADD_FLAG_UP_REF) == 1;
    for (size_t i = 0; i < blocks->count && complete; i++) {
        if (is_crl(&blocks->at[i]) || !qv_block_is_certificate(&blocks->at[i]))
            continue;
        X509 *x509 = qv_block_certificate(&blocks->at[i]);
        if (x509 != NULL && sk_X509_push(came, x509) <= 0) {
            X509_free(x509);
            complete = false;
        }
    }
    ERR_set_mark();
    for (int i = 0; i < sk_X509_num(came) && complete; i++)
        if (vouched_for(loading->store, sk_X509_value(came, i), came, loading->now))
            complete = X509_add_cert(into, sk_X509_value(came, i), X509_ADD_FLAG_UP_REF) == 1;
    ERR_pop_to_mark();
    sk_X509_pop_free(came, X509_free);
    return complete ? QV_OK : QV_NO_MEMORY;
}

static enum qv_status load_blocks(const struct loading *loading, const struct qv_blocks *blocks,
                                  const STACK_OF(X509) * cas, const char *file)
{
    enum qv_status status = QV_OK;
    size_t count = 0;
    for (size_t i = 0; i < blocks->count && status != QV_NO_MEMORY; i++) {
        if (!is_crl(&blocks->at[i]))
            continue;
        count++;
        status = qv_status_worse(status, add_crl(loading, &blocks->at[i], cas, file));
    }
    if (count == 0)
        return qv_fault(loading->faults, "%s: there is no CRL (PEM or DER) in it", file);
    return status;
}

static enum qv_status load_file(const struct loading *loading, const char *file)
{
    QV_CLEANUP(qv_blocks) struct qv_blocks blocks = {0};
    QV_TRY(qv_blocks_read(file, CRL_FILE_MAX, &blocks, loading->faults));
    STACK_OF(X509) *cas = sk_X509_new_null();
    enum qv_status status = cas != NULL ? collect_cas(loading, &blocks, cas) : QV_NO_MEMORY;
    if (status == QV_OK)
        status = load_blocks(loading, &blocks, cas, file);
    sk_X509_pop_free(cas, X509_free);
    return status;
}

/** Is each of them at least as new as what was in force before? Asked of the newest ones alone: an
 *  older one may well lie beside its successor. */
static enum qv_status check_ages(const struct qv_crls *crls, const struct qv_crl_memory *memory,
                                 struct qv_strings *faults)
{
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < crls->count && status != QV_NO_MEMORY; i++)
        status = qv_status_worse(status, qv_crl_memory_check(memory, &crls->at[i], faults));
    return status;
}

enum qv_status qv_crls_load(const struct qv_strings *files, X509_STORE *store,
                            const STACK_OF(X509) * cas, const struct qv_crl_memory *memory,
                            struct qv_wall now, struct qv_crls **ret_crls,
                            struct qv_strings *faults)
{
    QV_CLEANUP(qv_crls) struct qv_crls *crls = qv_alloc(sizeof(*crls));
    if (crls == NULL)
        return QV_NO_MEMORY;
    struct loading loading = {
        .crls = crls, .store = store, .cas = cas, .now = now, .faults = faults};
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < files->count && status != QV_NO_MEMORY; i++)
        status = qv_status_worse(status, load_file(&loading, files->at[i]));
    if (status != QV_NO_MEMORY)
        status = qv_status_worse(status, check_ages(crls, memory, faults));
    QV_TRY(status);
    *ret_crls = crls;
    crls = NULL;
    return QV_OK;
}

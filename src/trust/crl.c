/*
 * The set of CRLs in force: for each issuer key and scope the newest, its serials packed. A look-up
 * walks the few CRLs and searches in those of the issuer. Immutable once loaded; any thread.
 */
#include "crl.h"

#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_DER_MAX 64 /* longer ones exist in no sound certificate, yet must be looked up */

enum qv_status qv_issuer_key_of(const X509 *ca, struct qv_issuer_key *ret_key)
{
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(ca);
    if (bits == NULL)
        return QV_INTERNAL;
    return qv_sha256((struct qv_str){.at = (const char *)ASN1_STRING_get0_data(bits),
                                     .length = (size_t)ASN1_STRING_length(bits)},
                     ret_key->digest);
}

static void crl_reset(struct qv_crl *crl)
{
    qv_free(crl->serials);
    qv_free(crl->file);
    *crl = (struct qv_crl){0};
}

void qv_crl_free(struct qv_crl **crl)
{
    if (*crl == NULL)
        return;
    crl_reset(*crl);
    qv_free(*crl);
    *crl = NULL;
}

void qv_crls_free(struct qv_crls **crls)
{
    struct qv_crls *old = *crls;
    if (old == NULL)
        return;
    *crls = NULL;
    for (size_t i = 0; i < old->count; i++)
        crl_reset(&old->at[i]);
    qv_free(old->at);
    qv_free(old);
}

/** By CRL number, then by thisUpdate. */
static int compare_age(const struct qv_crl *a, const struct qv_crl *b)
{
    int order = memcmp(a->about.number, b->about.number, sizeof(a->about.number));
    return order != 0 ? order : qv_wall_compare(a->this_update, b->this_update);
}

static struct qv_crl *same_scope(struct qv_crls *crls, const struct qv_crl *crl)
{
    for (size_t i = 0; i < crls->count; i++)
        if (memcmp(&crls->at[i].issuer, &crl->issuer, sizeof(crl->issuer)) == 0 &&
            memcmp(crls->at[i].about.scope, crl->about.scope, sizeof(crl->about.scope)) == 0)
            return &crls->at[i];
    return NULL;
}

enum qv_status qv_crls_add(struct qv_crls *crls, struct qv_crl **crl, bool *ret_replaced)
{
    bool replaced = false;
    struct qv_crl *place = same_scope(crls, *crl);
    if (place != NULL) {
        replaced = true;
        if (compare_age(*crl, place) <= 0) {
            qv_crl_free(crl);
            *ret_replaced = replaced;
            return QV_OK;
        }
        crl_reset(place);
    } else {
        struct qv_crl *grown = qv_realloc_array(crls->at, crls->count + 1, sizeof(*grown));
        if (grown == NULL)
            return QV_NO_MEMORY;
        crls->at = grown;
        place = &grown[crls->count++];
    }
    *place = **crl;
    qv_free(*crl);
    *crl = NULL;
    *ret_replaced = replaced;
    return QV_OK;
}

/** CRLReason, RFC 5280 5.3.1. */
static const char *reason_words(unsigned char reason)
{
    static const char *const words[] = {
        "no reason given",
        "key compromise",
        "CA compromise",
        "affiliation changed",
        "superseded",
        "cessation of operation",
        "certificate on hold",
        "no reason given",
        "removed from CRL",
        "privilege withdrawn",
        "attribute authority compromise",
    };
    return reason < sizeof(words) / sizeof(words[0]) ? words[reason] : "unknown reason";
}

static enum qv_status serial_key(const ASN1_INTEGER *serial, struct qv_serial *ret_serial)
{
    unsigned char small[SERIAL_DER_MAX], *large = NULL, *at = small;
    int length = i2d_ASN1_INTEGER(serial, NULL);
    if (length <= 0)
        return QV_INTERNAL;
    if ((size_t)length > sizeof(small) && (at = large = qv_alloc((size_t)length)) == NULL)
        return QV_NO_MEMORY;
    struct qv_str der = {.at = (const char *)at, .length = (size_t)length}, octets;
    enum qv_status status = QV_INTERNAL;
    if (i2d_ASN1_INTEGER(serial, &at) == length && qv_der_next(&der, QV_DER_INTEGER, NULL, &octets))
        status = qv_serial_of(octets, ret_serial);
    qv_free(large);
    return status;
}

static void look_into(const struct qv_crl *crl, const struct qv_serial *serial, struct qv_wall now,
                      struct qv_crl_finding *finding)
{
    struct qv_crl_finding found = {.answer = QV_CRL_GOOD, .file = crl->file};
    const struct qv_serial *entry =
        bsearch(serial, crl->serials, crl->count, sizeof(*serial), qv_serial_compare);
    if (entry != NULL) {
        found.answer = QV_CRL_REVOKED;
        found.reason = reason_words(entry->reason);
    } else if (crl->has_next_update && qv_wall_compare(crl->next_update, now) < 0) {
        found.answer = QV_CRL_STALE;
    }
    if (found.answer > finding->answer)
        *finding = found;
}

enum qv_status qv_crls_look_up(const struct qv_crls *crls, const struct qv_issuer_key *issuer,
                               const ASN1_INTEGER *serial, struct qv_wall now,
                               struct qv_crl_finding *ret_finding)
{
    struct qv_crl_finding finding = {.answer = QV_CRL_NONE};
    struct qv_serial key;
    QV_TRY(serial_key(serial, &key));
    for (size_t i = 0; crls != NULL && i < crls->count; i++)
        if (memcmp(&crls->at[i].issuer, issuer, sizeof(*issuer)) == 0)
            look_into(&crls->at[i], &key, now, &finding);
    *ret_finding = finding;
    return QV_OK;
}

size_t qv_crls_count(const struct qv_crls *crls)
{
    return crls != NULL ? crls->count : 0;
}

size_t qv_crls_serial_count(const struct qv_crls *crls)
{
    size_t count = 0;
    for (size_t i = 0; crls != NULL && i < crls->count; i++)
        count += crls->at[i].count;
    return count;
}

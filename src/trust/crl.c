/*
 * The set of CRLs in force: for each issuer key and scope the newest, its serials packed. A look-up
 * walks the few CRLs and searches in those of the issuer. Immutable once loaded; any thread.
 */
#include "crl.h"

#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

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

bool qv_crl_stamp_alike(const struct qv_crl_stamp *a, const struct qv_crl_stamp *b)
{
    return memcmp(&a->issuer, &b->issuer, sizeof(a->issuer)) == 0 &&
           memcmp(a->about.scope, b->about.scope, sizeof(a->about.scope)) == 0;
}

int qv_crl_stamp_compare(const struct qv_crl_stamp *a, const struct qv_crl_stamp *b)
{
    int order = memcmp(a->about.number, b->about.number, sizeof(a->about.number));
    return order != 0 ? order : qv_wall_compare(a->this_update, b->this_update);
}

static struct qv_crl *find_alike(struct qv_crls *crls, const struct qv_crl *crl)
{
    for (size_t i = 0; i < crls->count; i++)
        if (qv_crl_stamp_alike(&crls->at[i].stamp, &crl->stamp))
            return &crls->at[i];
    return NULL;
}

enum qv_status qv_crls_add(struct qv_crls *crls, struct qv_crl **crl, bool *ret_replaced)
{
    bool replaced = false;
    struct qv_crl *place = find_alike(crls, *crl);
    if (place != NULL) {
        replaced = true;
        if (qv_crl_stamp_compare(&(*crl)->stamp, &place->stamp) <= 0) {
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

#define SUPERSEDED 4 /* CRLReason, RFC 5280 5.3.1 */

static const char *reason_words(unsigned char reason)
{
    static const char *const words[] = {
        "no reason given",
        "key compromise",
        "CA compromise",
        "affiliation changed",
        [SUPERSEDED] = "superseded",
        "cessation of operation",
        "certificate on hold",
        "no reason given",
        "removed from CRL",
        "privilege withdrawn",
        "attribute authority compromise",
    };
    return reason < sizeof(words) / sizeof(words[0]) ? words[reason] : "unknown reason";
}

/** The entry of a serial, NULL where there is none. Where it stands there twice, one that holds
 *  something against it. */
static const struct qv_serial *find_entry(const struct qv_crl *crl, const struct qv_serial *serial)
{
    const struct qv_serial *end = crl->serials + crl->count;
    const struct qv_serial *entry =
        bsearch(serial, crl->serials, crl->count, sizeof(*serial), qv_serial_compare);
    if (entry == NULL)
        return NULL;
    while (entry > crl->serials && qv_serial_compare(entry - 1, serial) == 0)
        entry--;
    while (entry->reason == SUPERSEDED && entry + 1 < end &&
           qv_serial_compare(entry + 1, serial) == 0)
        entry++;
    return entry;
}

/** Which of two CRLs' findings is the graver one. */
static bool is_graver(const struct qv_crl_finding *found, const struct qv_crl_finding *than)
{
    return found->answer > than->answer ||
           (found->answer == than->answer && than->superseded && !found->superseded);
}

static void look_into(const struct qv_crl *crl, const struct qv_serial *serial, struct qv_wall now,
                      struct qv_crl_finding *finding)
{
    struct qv_crl_finding found = {.answer = QV_CRL_GOOD, .file = crl->file};
    const struct qv_serial *entry = find_entry(crl, serial);
    if (entry != NULL) {
        found.answer = QV_CRL_REVOKED;
        found.reason = reason_words(entry->reason);
        found.superseded = entry->reason == SUPERSEDED;
    } else if (crl->has_next_update && qv_wall_compare(crl->next_update, now) < 0) {
        found.answer = QV_CRL_STALE;
    }
    if (is_graver(&found, finding))
        *finding = found;
}

enum qv_status qv_crls_look_up(const struct qv_crls *crls, const struct qv_issuer_key *issuer,
                               const struct qv_serial *serial, struct qv_wall now,
                               struct qv_crl_finding *ret_finding)
{
    struct qv_crl_finding finding = {.answer = QV_CRL_NONE};
    for (size_t i = 0; crls != NULL && i < crls->count; i++)
        if (memcmp(&crls->at[i].stamp.issuer, issuer, sizeof(*issuer)) == 0)
            look_into(&crls->at[i], serial, now, &finding);
    *ret_finding = finding;
    return QV_OK;
}

void qv_crls_facts(const struct qv_crls *crls, size_t index, struct qv_crl_facts *ret_facts)
{
    const struct qv_crl *crl = &crls->at[index];
    *ret_facts = (struct qv_crl_facts){.file = crl->file,
                                       .issuer = crl->issuer,
                                       .this_update = crl->stamp.this_update,
                                       .next_update = crl->next_update,
                                       .has_next_update = crl->has_next_update,
                                       .serials = crl->count};
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

/*
 * What will soon need the operator: said early, while there is time to act. Any thread.
 */
#include "trust.h"

#define SOON_SECONDS (7 * 86400)

/** "<file>: <what> <ends|ended> on <time>; <remedy>" where that is near or past. */
static enum qv_status warn_of_end(struct qv_strings *warnings, const char *file, const char *what,
                                  const char *remedy, struct qv_wall end, struct qv_wall now)
{
    if (end.seconds - now.seconds > SOON_SECONDS)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_printf(&text, "%s: %s %s on ", file, what,
                  qv_wall_compare(end, now) <= 0 ? "ended" : "ends");
    qv_wall_write(&text, end, QV_WALL_SECONDS);
    qv_buf_printf(&text, "; %s", remedy);
    QV_TRY(qv_buf_status(&text));
    return qv_strings_add(warnings, qv_buf_str(&text));
}

static enum qv_status warn_of_ca(const struct qv_anchors *anchors, size_t index, struct qv_wall now,
                                 struct qv_strings *warnings)
{
    struct qv_ca_facts facts;
    qv_anchors_facts(anchors, index, &facts);
    QV_CLEANUP(qv_buf) struct qv_buf what = {0};
    qv_buf_printf(&what, "the CA %s", facts.subject);
    QV_TRY(qv_buf_status(&what));
    return warn_of_end(warnings, facts.file, what.at,
                       "put its successor beside it: nobody is let in by it then", facts.not_after,
                       now);
}

static enum qv_status warn_of_crl(const struct qv_anchors *anchors, size_t index,
                                  struct qv_wall now, struct qv_strings *warnings)
{
    struct qv_crl_facts facts;
    qv_crls_facts(anchors->crls, index, &facts);
    if (!facts.has_next_update)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf what = {0};
    qv_buf_printf(&what, "the CRL of %s", facts.issuer);
    QV_TRY(qv_buf_status(&what));
    return warn_of_end(warnings, facts.file, what.at,
                       anchors->stale_crl == QV_STALE_CRL_REFUSE
                           ? "put a new one there: without it new handshakes of its CA's peers are "
                             "refused"
                           : "put a new one there",
                       facts.next_update, now);
}

enum qv_status qv_trust_warnings(const struct qv_trust *trust, struct qv_wall now,
                                 struct qv_strings *ret_warnings)
{
    if (trust->own != NULL)
        QV_TRY(warn_of_end(ret_warnings, trust->own->file, "the own certificate",
                           "renew it: no client will believe it then", trust->own->facts->not_after,
                           now));
    for (size_t i = 0; i < qv_anchors_count(trust->anchors); i++)
        QV_TRY(warn_of_ca(trust->anchors, i, now, ret_warnings));
    for (size_t i = 0; i < qv_crls_count(trust->anchors->crls); i++)
        QV_TRY(warn_of_crl(trust->anchors, i, now, ret_warnings));
    return QV_OK;
}

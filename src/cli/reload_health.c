/*
 * What readiness and the log are told between reloads: what was not reloaded, what needs a restart,
 * what came to its end by itself, and what the audit trail lacks. The reloader's thread.
 */
#include "reload.h"

#include <quiver/base/log.h>
#include <quiver/observe/health.h>

/* A list in the making, for one source. */
struct reasons {
    struct qv_strings list;
    bool failed; /* not all are in it */
};

static void add(struct reasons *reasons, struct qv_str words)
{
    if (qv_strings_add(&reasons->list, words) != QV_OK)
        reasons->failed = true;
}

static void add_all(struct reasons *reasons, const struct qv_strings *words)
{
    for (size_t i = 0; i < words->count; i++)
        add(reasons, qv_str_from(words->at[i]));
}

/* What is not whole is not told: then what was told before stays. */
static void tell(const struct reload *reload, const char *source, struct reasons *reasons)
{
    if (reasons->failed)
        qv_log(QV_LOG_ERROR, "health not noted", QV_LOG_CSTR("source", source),
               QV_LOG_CSTR("reason", "out of memory"));
    else
        qv_health_set(reload->health, source, &reasons->list);
    qv_strings_free(&reasons->list);
}

/* ---- what has ended -------------------------------------------------------------------------- */

static bool is_past(struct qv_wall end, struct qv_wall now)
{
    return qv_wall_compare(end, now) < 0;
}

/* "<before> <time><behind>" */
static void add_end(struct reasons *reasons, const char *before, struct qv_wall end,
                    const char *behind)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_printf(&words, "%s ", before);
    qv_wall_write(&words, end, QV_WALL_SECONDS);
    qv_buf_put_text(&words, behind);
    if (qv_buf_status(&words) == QV_OK)
        add(reasons, qv_buf_str(&words));
    else
        reasons->failed = true;
}

static void add_ended_own(const struct reload *reload, struct qv_wall now, struct reasons *reasons)
{
    const struct qv_certificate *own = qv_trust_own(reload->trust);
    if (own != NULL && is_past(own->not_after, now))
        add_end(reasons, "it ended at", own->not_after,
                ": no client believes it any more, renew it");
}

static void add_ended_cas(const struct reload *reload, struct qv_wall now, struct reasons *reasons)
{
    const struct qv_anchors *anchors = qv_trust_anchors(reload->trust);
    for (size_t i = 0; i < qv_anchors_count(anchors); i++) {
        struct qv_ca_facts facts;
        QV_CLEANUP(qv_buf) struct qv_buf words = {0};
        qv_anchors_facts(anchors, i, &facts);
        if (!is_past(facts.not_after, now))
            continue;
        qv_buf_printf(&words, "%s: the CA %s ended at", facts.file, facts.subject);
        if (qv_buf_status(&words) != QV_OK)
            reasons->failed = true;
        else
            add_end(reasons, words.at, facts.not_after,
                    ": nobody is let in by it any more, take it out when its successor is there");
    }
}

static void add_stale_crl(const struct reload *reload, const struct qv_crl_facts *crl,
                          struct reasons *reasons)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_printf(&words, "%s: the CRL of %s ended at", crl->file, crl->issuer);
    if (qv_buf_status(&words) != QV_OK)
        reasons->failed = true;
    else
        add_end(reasons, words.at, crl->next_update,
                reload->view.tls.stale_crl == QV_STALE_CRL_REFUSE
                    ? ": new handshakes of its CA's peers are refused, put a newer one there"
                    : ": put a newer one there");
}

static void add_stale_crls(const struct reload *reload, struct qv_wall now, struct reasons *reasons)
{
    const struct qv_crls *crls = qv_trust_own(reload->trust) != NULL
                                     ? qv_anchors_crls(qv_trust_anchors(reload->trust))
                                     : NULL;
    for (size_t i = 0; crls != NULL && i < qv_crls_count(crls); i++) {
        struct qv_crl_facts facts;
        qv_crls_facts(crls, i, &facts);
        if (facts.has_next_update && is_past(facts.next_update, now))
            add_stale_crl(reload, &facts, reasons);
    }
}

static void add_ended_anchors(const struct reload *reload, struct qv_wall now,
                              struct reasons *reasons)
{
    add_ended_cas(reload, now, reasons);
    add_stale_crls(reload, now, reasons);
}

/* What comes to a part without a reload. */
static void (*const endings[RELOAD_PARTS])(const struct reload *reload, struct qv_wall now,
                                           struct reasons *reasons) = {
    [RELOAD_OWN] = add_ended_own,
    [RELOAD_ANCHORS] = add_ended_anchors,
};

/* ---- what the audit trail lacks -------------------------------------------------------------- */

static void add_lost_lines(const struct reload *reload, struct reasons *reasons)
{
    uint64_t lost = qv_audit_lost(reload->audit);
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    if (lost == 0)
        return;
    qv_buf_printf(&words, "%llu line%s could not be written since the start, the log says why%s",
                  (unsigned long long)lost, lost == 1 ? "" : "s",
                  reload->running->audit.required ? "; changes without room for theirs are refused"
                                                  : "");
    if (qv_buf_status(&words) == QV_OK)
        add(reasons, qv_buf_str(&words));
    else
        reasons->failed = true;
}

/* With audit.required: said before the first line is lost. */
static void add_missing_room(const struct reload *reload, struct reasons *reasons)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_audit_check(reload->audit, &error) != QV_OK)
        add(reasons, qv_str_from(qv_error_message(&error)));
}

/* ---- telling --------------------------------------------------------------------------------- */

void reload_show_health(const struct reload *reload, struct qv_wall now)
{
    for (size_t i = 0; i < RELOAD_PARTS; i++) {
        struct reasons reasons = {0};
        add_all(&reasons, &reload->last.parts[i].faults);
        if (endings[i] != NULL)
            endings[i](reload, now, &reasons);
        tell(reload, reload_part_name((enum reload_part)i), &reasons);
    }
    struct reasons restart = {0};
    add_all(&restart, &reload->last.restart);
    tell(reload, "restart needed", &restart);
    struct reasons audit = {0};
    add_lost_lines(reload, &audit);
    add_missing_room(reload, &audit);
    tell(reload, "audit trail", &audit);
}

void reload_warn(const struct reload *reload, struct qv_wall now)
{
    QV_CLEANUP(qv_strings) struct qv_strings warnings = {0};
    if (qv_trust_warnings(reload->trust, now, &warnings) != QV_OK)
        qv_log(QV_LOG_ERROR, "warnings not told", QV_LOG_CSTR("reason", "out of memory"));
    for (size_t i = 0; i < warnings.count; i++)
        qv_log(QV_LOG_WARNING, "ends soon", QV_LOG_CSTR("what", warnings.at[i]));
}

/* ---- metrics --------------------------------------------------------------------------------- */

/* A part that is not present had nothing to do: all is well with it. */
void reload_measure(const struct reload *reload, struct qv_wall now)
{
    qv_metrics_set_trust(reload->metrics, reload->trust);
    for (size_t i = 0; i < RELOAD_PARTS; i++)
        qv_metrics_reloaded(reload->metrics, i, reload_part_name((enum reload_part)i),
                            !reload->last.parts[i].present || reload->last.parts[i].renewed, now);
}

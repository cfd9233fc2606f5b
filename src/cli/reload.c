/*
 * One reload.
 *
 * Holds always: what is in force has been checked whole before; a fault in one part keeps the old
 * one of that part and holds back none of the others, so that a CRL is enforced although somebody
 * else has just broken the configuration; what was given up is freed only when nobody decides by it
 * any more. A further part is a row in `steps` and one in enum reload_part.
 */
#include "reload.h"

#include "chap_parts.h"
#include "descriptors.h"
#include "identity_clients.h"
#include "own_entries.h"
#include "policy_load.h"

#include <quiver/base/memory.h>

/* ---- the configuration ----------------------------------------------------------------------- */

enum qv_status reload_watch(struct qv_watch *watch, const struct qv_config *config)
{
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    const char *const single[] = {config->file,
                                  config->tls.certificate,
                                  config->tls.private_key,
                                  config->tls.private_key_password_file,
                                  config->tls.keystore,
                                  config->tls.keystore_password_file,
                                  config->identity.authentication_system.secrets_file,
                                  config->identity.authentication_system.ca,
                                  config->identity.blacklist.ca,
                                  config->authorization.policy,
                                  config->chap.keys.file};
    const struct qv_strings *const lists[] = {&config->tls.trust, &config->tls.crl};
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (single[i] != NULL)
            QV_TRY(qv_strings_add(&files, qv_str_from(single[i])));
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        for (size_t k = 0; k < lists[i]->count; k++)
            QV_TRY(qv_strings_add(&files, qv_str_from(lists[i]->at[k])));
    return qv_watch_set(watch, &files);
}

/* The file as it is now, if all is well with it. The files that it names are watched from here on,
   before anyone reads them. */
static enum qv_status read_file(struct reload *reload, struct qv_config **ret_file,
                                struct qv_config *ret_view, struct qv_strings *faults)
{
    QV_CLEANUP(qv_config) struct qv_config *file = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings fixed = {0};
    struct qv_config view;
    QV_TRY(qv_config_load(reload->running->file, &file, faults));
    QV_TRY(qv_config_overlay(reload->running, file, &view, faults));
    QV_TRY(qv_config_compare(&reload->view, &view, &reload->last.changed, &fixed));
    QV_TRY(reload_watch(reload->watch, &view));
    *ret_view = view;
    *ret_file = file;
    file = NULL;
    return QV_OK;
}

static void note_what_needs_a_restart(struct reload *reload)
{
    QV_CLEANUP(qv_strings) struct qv_strings others = {0};
    if (reload->file != NULL &&
        qv_config_compare(reload->running, reload->file, &others, &reload->last.restart) != QV_OK)
        reload_outcome_fail(&reload->last, RELOAD_CONFIGURATION, "out of memory");
}

static void load_configuration(struct reload *reload, struct qv_wall now)
{
    (void)now;
    struct qv_config *file = NULL;
    struct qv_strings *faults = &reload->last.parts[RELOAD_CONFIGURATION].faults;
    enum qv_status status = read_file(reload, &file, &reload->view, faults);
    reload_outcome_set(&reload->last, RELOAD_CONFIGURATION, status == QV_OK);
    if (status == QV_OK) {
        qv_config_free(&reload->file);
        reload->file = file;
    } else {
        qv_strings_free(&reload->last.changed);
        if (faults->count == 0)
            reload_outcome_add(faults, "out of memory");
    }
    note_what_needs_a_restart(reload);
}

/* ---- trust ----------------------------------------------------------------------------------- */

static const struct {
    enum qv_trust_part of_trust;
    enum reload_part part;
} trust_parts[] = {{QV_TRUST_OWN, RELOAD_OWN}, {QV_TRUST_ANCHORS, RELOAD_ANCHORS}};
enum { TRUST_PARTS = sizeof(trust_parts) / sizeof(trust_parts[0]) };

static bool has_tls(const struct reload *reload)
{
    return qv_trust_own(reload->trust) != NULL;
}

static void load_trust(struct reload *reload, struct qv_wall now)
{
    struct qv_trust_renewal renewal = {0};
    struct qv_trust *renewed = NULL;
    if (!has_tls(reload))
        return;
    enum qv_status status =
        qv_trust_renew(reload->trust, &reload->view, reload->memory, now, &renewed, &renewal);
    for (size_t i = 0; i < TRUST_PARTS; i++) {
        enum reload_part part = trust_parts[i].part;
        reload_outcome_set(&reload->last, part,
                           status == QV_OK && renewal.renewed[trust_parts[i].of_trust]);
        struct qv_strings *faults = &reload->last.parts[part].faults;
        *faults = renewal.faults[trust_parts[i].of_trust];
        renewal.faults[trust_parts[i].of_trust] = (struct qv_strings){0};
        if (!reload->last.parts[part].renewed && faults->count == 0)
            reload_outcome_add(faults, qv_status_name(status));
    }
    qv_trust_renewal_free(&renewal);
    if (status != QV_OK)
        return;
    qv_trust_free(&reload->trust);
    reload->trust = renewed;
}

/* ---- policy ---------------------------------------------------------------------------------- */

/* Who is who in it hangs on settings that are fixed (`rules`), so that it needs nothing of the
   other parts but its file's name. */
static void load_policy(struct reload *reload, struct qv_wall now)
{
    (void)now;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    struct qv_policy *renewed = NULL;
    enum qv_status status = policy_load(&reload->view, reload->rules, &renewed, &faults);
    if (reload->view.authorization.policy != NULL)
        reload_outcome_set(&reload->last, RELOAD_POLICY, true);
    for (size_t i = 0; i < faults.count; i++)
        reload_outcome_fail(&reload->last, RELOAD_POLICY, faults.at[i]);
    if (status != QV_OK && faults.count == 0)
        reload_outcome_fail(&reload->last, RELOAD_POLICY, qv_status_name(status));
    if (status != QV_OK)
        return;
    qv_policy_free(&reload->policy);
    reload->policy = renewed;
}

/* ---- identity -------------------------------------------------------------------------------- */

/* Behind the trust, whose certificate is shown to those who are asked. Also where nothing of it is
   configured any more: then nothing may stay in force. */
static void load_identity(struct reload *reload, struct qv_wall now)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status shown =
        identity_show_own(reload->verifier, &reload->view, reload->trust, now, &faults);
    enum qv_status renewed = qv_verifier_renew(reload->verifier, &reload->view, &error);
    if (identity_is_used(&reload->view))
        reload_outcome_set(&reload->last, RELOAD_IDENTITY, true);
    for (size_t i = 0; i < faults.count; i++)
        reload_outcome_fail(&reload->last, RELOAD_IDENTITY, faults.at[i]);
    if (shown != QV_OK && faults.count == 0)
        reload_outcome_fail(&reload->last, RELOAD_IDENTITY, qv_status_name(shown));
    if (renewed != QV_OK)
        reload_outcome_fail_by(&reload->last, RELOAD_IDENTITY, renewed, &error);
}

/* ---- service keys ---------------------------------------------------------------------------- */

/* Also where no file is named any more: then none of its keys may stay in force. */
static void load_keys(struct reload *reload, struct qv_wall now)
{
    (void)now;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (reload->service_keys == NULL)
        return;
    enum qv_status status = qv_service_keys_renew(reload->service_keys, &reload->view, &error);
    if (reload->view.chap.keys.file != NULL)
        reload_outcome_set(&reload->last, RELOAD_KEYS, true);
    if (status != QV_OK)
        reload_outcome_fail_by(&reload->last, RELOAD_KEYS, status, &error);
}

/* When each was used last: so that an operator knows when an old one can go. */
static void tell_of_keys(struct reload *reload, struct qv_wall now)
{
    (void)now;
    if (reload->service_keys == NULL)
        return;
    const char *warning = chap_warning(&reload->view, reload->service_keys);
    if (warning != NULL)
        qv_log(QV_LOG_WARNING, "no service key", QV_LOG_CSTR("what", warning));
    qv_service_keys_log(reload->service_keys);
}

/* ---- in force -------------------------------------------------------------------------------- */

static void hand_to_workers(struct reload *reload, struct qv_wall now)
{
    (void)now;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_config_limits limits = reload->view.limits;
    descriptors_lower(&limits, reload->clients, reload->last.changed.count > 0);
    enum qv_status status = qv_server_renew(reload->server, reload->trust, reload->policy, &limits,
                                            &reload->last.sweep, &error);
    reload->last.generation = qv_trust_generation(reload->trust);
    if (status != QV_OK)
        reload_outcome_fail_by(&reload->last, RELOAD_WORKERS, status, &error);
}

/* Behind the workers: what is advertised is what they show. */
static void renew_own_entries(struct reload *reload, struct qv_wall now)
{
    (void)now;
    enum qv_status status = own_entries_set(reload->server, reload->rules, reload->store);
    if (status != QV_OK)
        reload_outcome_fail(&reload->last, RELOAD_ENTRIES, qv_status_name(status));
}

static void configure_log(struct reload *reload, struct qv_wall now)
{
    (void)now;
    qv_log_configure(reload->view.log.level, reload->view.log.format);
    qv_server_log_requests(reload->view.log.requests);
}

static void hide_revoked(struct reload *reload, struct qv_wall now)
{
    (void)now;
    /* Shared, not changed: what the registry takes is a reference. */
    struct qv_anchors *anchors = (struct qv_anchors *)(uintptr_t)qv_trust_anchors(reload->trust);
    if (has_tls(reload) && reload->running->registry.revoked_providers == QV_REVOKED_HIDE)
        qv_registry_set_revocation(reload->registry, anchors);
}

static void note_crls(struct reload *reload, struct qv_wall now)
{
    (void)now;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (!has_tls(reload))
        return;
    enum qv_status status = qv_crl_memory_note(
        reload->memory, qv_anchors_crls(qv_trust_anchors(reload->trust)), &error);
    if (status != QV_OK)
        reload_outcome_fail_by(&reload->last, RELOAD_CRL_MEMORY, status, &error);
}

static void note_warnings(struct reload *reload, struct qv_wall now)
{
    if (qv_trust_warnings(reload->trust, now, &reload->last.warnings) != QV_OK)
        reload_outcome_add(&reload->last.warnings, "out of memory");
}

typedef void step(struct reload *reload, struct qv_wall now);
/* In this order; NULL ends them. */
static step *const loading[] = {load_configuration, load_trust, load_policy,
                                load_identity,      load_keys,  NULL};
static step *const putting_in_force[] = {
    hand_to_workers, renew_own_entries, configure_log, hide_revoked, note_crls, tell_of_keys, NULL};

static void take(step *const *steps, struct reload *reload, struct qv_wall now)
{
    for (; *steps != NULL; steps++)
        (*steps)(reload, now);
}

static bool same_list(const struct qv_strings *one, const struct qv_strings *other)
{
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = qv_str_equal(qv_str_from(one->at[i]), qv_str_from(other->at[i]));
    return same;
}

static bool same_faults(const struct reload_outcome *one, const struct reload_outcome *other)
{
    bool same = true;
    for (size_t i = 0; same && i < RELOAD_PARTS; i++)
        same = same_list(&one->parts[i].faults, &other->parts[i].faults);
    return same;
}

/* ---- what the policy alone brings ------------------------------------------------------------ */

/* A fault in it is also something new. */
static bool policy_is_new(const struct reload *reload, const struct qv_policy *before)
{
    return reload->last.parts[RELOAD_POLICY].faults.count > 0 ||
           !qv_policy_is_alike(reload->policy, before);
}

/* Where of the three parts of trust the policy alone is new, the generation rises and nobody's
   session ends. A reload that finds nothing new makes other keys for tickets: so that there is a
   way to do that. Without memory for it sessions end, no more. */
static void spare_sessions(struct reload *reload, const struct qv_trust *trust,
                           const struct qv_policy *policy)
{
    struct qv_trust *again;
    bool spares = policy_is_new(reload, policy) && qv_trust_is_alike(reload->trust, trust);
    if ((has_tls(reload) && !spares) || qv_trust_again(trust, &again) != QV_OK)
        return;
    qv_trust_free(&reload->trust);
    reload->trust = again;
}

/* Who asks for a reload is told all of it, each time. */
static struct reload_said compare(const struct reload_outcome *before,
                                  const struct reload_outcome *now, enum reload_trigger trigger)
{
    bool by_itself = trigger == RELOAD_BY_FILES || trigger == RELOAD_BY_RETRY;
    return (struct reload_said){
        .faults = trigger == RELOAD_BY_RETRY && same_faults(before, now),
        .restart = by_itself && same_list(&before->restart, &now->restart),
    };
}

void reload_run(struct reload *reload, enum reload_trigger trigger, struct qv_wall now)
{
    struct reload_outcome before = reload->last;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = qv_trust_ref(reload->trust);
    QV_CLEANUP(qv_policy) struct qv_policy *policy = qv_policy_ref(reload->policy);
    reload->last = (struct reload_outcome){.generation = before.generation};
    take(loading, reload, now);
    if (trigger == RELOAD_BY_RETRY && same_faults(&before, &reload->last)) {
        /* The same faults in the same files: nothing new came of it, and a new trust would end
           everybody's tickets, each minute, for nothing. */
        qv_trust_free(&reload->trust);
        reload->trust = qv_trust_ref(trust);
        qv_policy_free(&reload->policy);
        reload->policy = qv_policy_ref(policy);
    } else {
        spare_sessions(reload, trust, policy);
        take(putting_in_force, reload, now);
    }
    note_warnings(reload, now);
    reload_measure(reload, now);
    struct reload_said said = compare(&before, &reload->last, trigger);
    reload_outcome_free(&before);
    reload_show_health(reload, now);
    reload_outcome_log(&reload->last, trigger, said);
    if (!said.faults)
        reload_warn(reload, now);
}

void reload_note_again(struct reload *reload, struct qv_wall now)
{
    struct qv_strings *faults = &reload->last.parts[RELOAD_CRL_MEMORY].faults;
    if (!reload->last.parts[RELOAD_CRL_MEMORY].present)
        return;
    qv_strings_free(faults);
    reload->last.parts[RELOAD_CRL_MEMORY].present = false;
    note_crls(reload, now);
    if (reload->last.parts[RELOAD_CRL_MEMORY].present)
        return;
    qv_log(QV_LOG_INFO, "memory of CRLs written");
    qv_metrics_reloaded(reload->metrics, RELOAD_CRL_MEMORY, reload_part_name(RELOAD_CRL_MEMORY),
                        true, now);
}

/* ---- life ------------------------------------------------------------------------------------ */

void reload_init(struct reload *reload, struct qv_trust *trust, struct qv_policy *policy)
{
    reload->policy = qv_policy_ref(policy);
    reload->trust = qv_trust_ref(trust);
    reload->view = *reload->running;
    reload->last.generation = qv_trust_generation(trust);
}

void reload_first(struct reload *reload, struct qv_wall now)
{
    hide_revoked(reload, now);
    note_crls(reload, now);
    tell_of_keys(reload, now);
    reload_measure(reload, now);
    reload_show_health(reload, now);
    reload_outcome_log(&reload->last, RELOAD_BY_START, (struct reload_said){0});
    reload_warn(reload, now);
}

enum qv_status reload_lower_limits(struct reload *reload, struct qv_error *error)
{
    struct qv_sweep sweep;
    struct qv_config_limits limits = reload->view.limits;
    if (!descriptors_lower(&limits, reload->clients, true))
        return QV_OK;
    return qv_server_renew(reload->server, reload->trust, reload->policy, &limits, &sweep, error);
}

void reload_free(struct reload *reload)
{
    qv_policy_free(&reload->policy);
    qv_trust_free(&reload->trust);
    qv_config_free(&reload->file);
    reload_outcome_free(&reload->last);
}

/*
 * The metrics, one row each: from this table come the lines, their HELP and TYPE, and the page
 * docs/monitoring/README.md. A scrape walks over it; series are there from the start, also where
 * they are zero, for a rate that began with the first event would miss it. Any thread.
 */
#include "metrics_private.h"

struct scrape {
    struct qv_metrics *metrics;
    const struct qv_metrics_asked *asked;
    struct qv_trust *trust; /* in force at the moment; NULL: none */
};

typedef void writer(const struct scrape *scrape, struct qv_buf *buf, const char *name);

/* ---- the process ----------------------------------------------------------------------------- */

static void write_build(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    (void)scrape;
    metrics_put_labelled(buf, name, "version", QV_STR(QUIVER_VERSION), 1);
}

static void write_start(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, (unsigned long long)scrape->metrics->started.seconds);
}

#define OF_PROCESS(function)                                                                       \
    static void write_##function(const struct scrape *scrape, struct qv_buf *buf,                  \
                                 const char *name)                                                 \
    {                                                                                              \
        (void)scrape;                                                                              \
        metrics_##function(buf, name);                                                             \
    }
OF_PROCESS(process_cpu)
OF_PROCESS(process_memory)
OF_PROCESS(process_descriptors)
OF_PROCESS(process_descriptors_max)

static void write_reasons(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->reasons != NULL)
        metrics_put(buf, name, scrape->asked->reasons->count);
}

/* ---- requests and connections ---------------------------------------------------------------- */

static const char *operation_name(size_t row)
{
    return row < QV_OP_COUNT ? qv_operation_name((enum qv_operation)row) : "none";
}

static void write_answers(struct qv_buf *buf, const char *name, size_t row, size_t column,
                          unsigned long long count)
{
    qv_buf_printf(buf, "%s{operation=\"%s\",status=\"", name, operation_name(row));
    if (column < METRICS_STATUSES)
        qv_buf_printf(buf, "%d\"} %llu\n", metrics_statuses[column], count);
    else
        qv_buf_printf(buf, "other\"} %llu\n", count);
}

static void write_requests(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t row = 0; row < METRICS_OPERATIONS; row++)
        for (size_t column = 0; column <= METRICS_STATUSES; column++) {
            unsigned long long count = 0;
            for (const struct qv_metrics_slot *slot = scrape->metrics->slots; slot != NULL;
                 slot = slot->next)
                count += metrics_read(&slot->answers[row][column]);
            write_answers(buf, name, row, column, count);
        }
}

static void write_durations(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t row = 0; row < METRICS_OPERATIONS; row++) {
        struct metrics_sum sum = {0};
        for (const struct qv_metrics_slot *slot = scrape->metrics->slots; slot != NULL;
             slot = slot->next)
            metrics_sum_add(&sum, &slot->durations[row]);
        metrics_put_histogram(buf, name, "operation", qv_str_from(operation_name(row)), &sum);
    }
}

static void write_connections(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    const struct qv_config *config = scrape->metrics->config;
    for (size_t i = 0; i < config->listener_count; i++) {
        unsigned long long count = 0;
        for (const struct qv_metrics_slot *slot = scrape->metrics->slots; slot != NULL;
             slot = slot->next)
            count += metrics_read(&slot->connections[i]);
        metrics_put_labelled(buf, name, "listener", qv_str_from(config->listeners[i].name), count);
    }
}

static void write_handshakes(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    (void)name;
    if (scrape->asked->handshakes != NULL)
        qv_handshakes_write(scrape->asked->handshakes, buf);
}

static void write_cut(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    (void)name;
    if (scrape->asked->handshakes != NULL)
        qv_handshakes_write_ended(scrape->asked->handshakes, buf);
}

static void write_limited(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    static const char *const limits[QV_LIMIT_COUNT] = {
        [QV_LIMIT_REQUESTS] = "requests",
        [QV_LIMIT_CONNECTIONS] = "connections",
        [QV_LIMIT_INSTANCES] = "instances",
        [QV_LIMIT_CONNECTIONS_PER_PEER] = "connections_per_peer",
    };
    for (size_t i = 0; i < QV_LIMIT_COUNT; i++)
        metrics_put_labelled(buf, name, "limit", qv_str_from(limits[i]),
                             metrics_read(&scrape->metrics->limited[i]));
}

/* ---- trust ----------------------------------------------------------------------------------- */

static void write_generation(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->trust != NULL)
        metrics_put(buf, name, qv_trust_generation(scrape->trust));
}

/* A part's time or outcome. */
static void write_parts(const struct scrape *scrape, struct qv_buf *buf, const char *name,
                        long long (*value)(const struct metrics_part *part))
{
    for (size_t i = 0; i < QV_METRICS_PARTS; i++) {
        const struct metrics_part *part = &scrape->metrics->parts[i];
        if (part->name != NULL)
            metrics_put_labelled(buf, name, "part", qv_str_from(part->name),
                                 (unsigned long long)value(part));
    }
}

static long long outcome_of(const struct metrics_part *part)
{
    return part->good;
}

static long long try_of(const struct metrics_part *part)
{
    return part->tried.seconds;
}

static long long success_of(const struct metrics_part *part)
{
    return part->succeeded.seconds;
}

#define OF_PARTS(what)                                                                             \
    static void write_##what(const struct scrape *scrape, struct qv_buf *buf, const char *name)    \
    {                                                                                              \
        write_parts(scrape, buf, name, what##_of);                                                 \
    }
OF_PARTS(outcome)
OF_PARTS(try)
OF_PARTS(success)

static void write_certificate(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    const char *file = scrape->trust != NULL ? qv_trust_own_file(scrape->trust) : NULL;
    if (file == NULL)
        return;
    qv_buf_printf(buf, "%s{", name);
    metrics_put_label(buf, "file", qv_str_from(file));
    qv_buf_printf(buf, "} %lld\n", (long long)qv_trust_own(scrape->trust)->not_after.seconds);
}

/* The earliest nextUpdate among the CRLs with this one's issuer name (there may be several: two CAs
   of one name during a rotation, or CRLs of several scopes); false: an earlier index told it. */
static bool earliest_of(const struct qv_crls *crls, size_t index, struct qv_crl_facts *ret_facts)
{
    struct qv_crl_facts other;
    qv_crls_facts(crls, index, ret_facts);
    if (!ret_facts->has_next_update)
        return false;
    for (size_t i = 0; i < qv_crls_count(crls); i++) {
        qv_crls_facts(crls, i, &other);
        if (i == index || !other.has_next_update ||
            !qv_str_equal(qv_str_from(other.issuer), qv_str_from(ret_facts->issuer)))
            continue;
        if (i < index)
            return false;
        if (qv_wall_compare(other.next_update, ret_facts->next_update) < 0)
            ret_facts->next_update = other.next_update;
    }
    return true;
}

static void write_crls(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    struct qv_crl_facts facts;
    if (scrape->trust == NULL || qv_trust_own(scrape->trust) == NULL)
        return;
    const struct qv_crls *crls = qv_anchors_crls(qv_trust_anchors(scrape->trust));
    for (size_t i = 0; i < qv_crls_count(crls); i++) {
        if (!earliest_of(crls, i, &facts))
            continue;
        qv_buf_printf(buf, "%s{", name);
        metrics_put_label(buf, "issuer", qv_str_from(facts.issuer));
        qv_buf_printf(buf, "} %lld\n", (long long)facts.next_update.seconds);
    }
}

/* ---- the store ------------------------------------------------------------------------------- */

static const char *const links[QV_LINK_COUNT] = {
    [QV_LINK_COMMANDS] = "commands",
    [QV_LINK_JOURNAL] = "journal",
};

static void write_links(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t i = 0; i < QV_LINK_COUNT; i++)
        metrics_put_labelled(buf, name, "link", qv_str_from(links[i]),
                             atomic_load(&scrape->metrics->up[i]));
}

static void write_losses(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t i = 0; i < QV_LINK_COUNT; i++)
        metrics_put_labelled(buf, name, "link", qv_str_from(links[i]),
                             metrics_read(&scrape->metrics->losses[i]));
}

static void write_writable(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, atomic_load(&scrape->metrics->writable));
}

static void write_round_trips(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    struct metrics_sum sum = {0};
    metrics_sum_add(&sum, &scrape->metrics->round_trips);
    metrics_put_histogram(buf, name, NULL, QV_STR(""), &sum);
}

static void write_lag(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, metrics_read(&scrape->metrics->lag));
}

static void write_ended(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, metrics_read(&scrape->metrics->ended));
}

/* ---- the view -------------------------------------------------------------------------------- */

static void write_loaded(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->loaded);
}

static void write_epoch(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->epoch);
}

static void write_revision(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->revision);
}

static void write_entries(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (int kind = 0; scrape->asked->registry != NULL && kind < QV_KIND_COUNT; kind++)
        metrics_put_labelled(buf, name, "kind", qv_str_from(qv_kind_name((enum qv_kind)kind)),
                             scrape->asked->registry->count[kind]);
}

static void write_bytes(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (int kind = 0; scrape->asked->registry != NULL && kind < QV_KIND_COUNT; kind++)
        metrics_put_labelled(buf, name, "kind", qv_str_from(qv_kind_name((enum qv_kind)kind)),
                             scrape->asked->registry->bytes[kind]);
}

/* ---- the audit trail ------------------------------------------------------------------------- */

static void write_audit_written(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->audit != NULL)
        metrics_put(buf, name, qv_audit_written(scrape->asked->audit));
}

static void write_audit_lost(const struct scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->audit != NULL)
        metrics_put(buf, name, qv_audit_lost(scrape->asked->audit));
}

/* ---- the table ------------------------------------------------------------------------------- */

#define GAUGE     "gauge"
#define COUNTER   "counter"
#define HISTOGRAM "histogram"

/* Words without quotes and backslashes, so that they are the same in HELP and in the page. */
static const struct {
    const char *name, *type, *labels, *help;
    writer *write;
} families[] = {
    {"quiver_build_info", GAUGE, "version", "Always 1: which version of Quiver runs.", write_build},
    {"process_start_time_seconds", GAUGE, "", "When the process was started, as Unix time.",
     write_start},
    {"process_cpu_seconds_total", COUNTER, "", "Processor time used, in seconds.",
     write_process_cpu},
    {"process_resident_memory_bytes", GAUGE, "", "Memory in use, without that of Redis.",
     write_process_memory},
    {"process_open_fds", GAUGE, "", "Open file descriptors.", write_process_descriptors},
    {"process_max_fds", GAUGE, "", "How many file descriptors may be open.",
     write_process_descriptors_max},
    {"quiver_health_reasons", GAUGE, "",
     "How many reasons GET /health/ready tells why something is not as it should be; 0: ready.",
     write_reasons},
    {"quiver_requests_total", COUNTER, "operation, status",
     "Answers to requests, by operation as in policies and by HTTP status; the operation is none "
     "where it was refused before it was known (400, 401, 404, 405, 413, 429).",
     write_requests},
    {"quiver_request_duration_seconds", HISTOGRAM, "operation",
     "From the request's arrival to its answer, a change's way to Redis and back included.",
     write_durations},
    {"quiver_connections", GAUGE, "listener",
     "Open connections, those in their handshake included.", write_connections},
    {"quiver_handshakes_total", COUNTER, "outcome, reason",
     "TLS handshakes that came to an end, by what came of them: full, resumed, or refused with a "
     "reason.",
     write_handshakes},
    {"quiver_connections_ended_total", COUNTER, "reason",
     "Live connections that were cut because their peer is not trusted any more.", write_cut},
    {"quiver_limit_refusals_total", COUNTER, "limit",
     "What was refused because a limit was reached: requests, connections and instances of "
     "limits.identities (429), and connections turned away by limits.connections_per_peer.",
     write_limited},
    {"quiver_trust_generation", GAUGE, "",
     "Number of the trust in force; it rises with each reload that puts something in force.",
     write_generation},
    {"quiver_reload_successful", GAUGE, "part",
     "1 where the last reload (or the start) took this part over, 0 where the old one stays in "
     "force because of a fault.",
     write_outcome},
    {"quiver_reload_timestamp_seconds", GAUGE, "part",
     "When this part was loaded last, with success or without, as Unix time.", write_try},
    {"quiver_reload_success_timestamp_seconds", GAUGE, "part",
     "When this part was loaded last with success, as Unix time.", write_success},
    {"quiver_certificate_expiry_seconds", GAUGE, "file",
     "When the own certificate ends, as Unix time (a moment, no duration).", write_certificate},
    {"quiver_crl_next_update_seconds", GAUGE, "issuer",
     "When the CRL of this CA ends (nextUpdate), as Unix time (a moment, no duration); of several "
     "CRLs of one name the earliest. A CRL without nextUpdate has no series.",
     write_crls},
    {"quiver_store_link_up", GAUGE, "link",
     "1 while the connection to Redis stands: the one for commands, or the one that follows the "
     "journal.",
     write_links},
    {"quiver_store_disconnects_total", COUNTER, "link",
     "How often a connection to Redis that stood was lost.", write_losses},
    {"quiver_store_writable", GAUGE, "", "1 while changes are taken; lookups never wait for that.",
     write_writable},
    {"quiver_store_round_trip_seconds", HISTOGRAM, "",
     "From sending a script to Redis to its answer: each change, and one tick a second.",
     write_round_trips},
    {"quiver_journal_lag_entries", GAUGE, "",
     "Entries of the journal that the view does not have yet, as far as is known.", write_lag},
    {"quiver_leases_ended_total", COUNTER, "",
     "Entries that this process ended because their time was over (expiresAt, or a lease that "
     "nobody renewed).",
     write_ended},
    {"quiver_registry_loaded", GAUGE, "",
     "1 when what is stored is loaded and lookups are "
     "answered.",
     write_loaded},
    {"quiver_registry_epoch", GAUGE, "",
     "Rises when the stored history broke (a restored backup, a failover that lost writes).",
     write_epoch},
    {"quiver_registry_revision", GAUGE, "", "Number of the last change that the view has.",
     write_revision},
    {"quiver_registry_entries", GAUGE, "kind",
     "Entries in the view, by kind: instance, system, device, definition, template, chap.",
     write_entries},
    {"quiver_registry_bytes", GAUGE, "kind",
     "Memory that these entries take, without the indexes over them.", write_bytes},
    {"quiver_audit_lines_written_total", COUNTER, "", "Lines of the audit trail that were written.",
     write_audit_written},
    {"quiver_audit_lines_lost_total", COUNTER, "",
     "Lines of the audit trail that could not be written.", write_audit_lost},
};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

/* ---- scraping -------------------------------------------------------------------------------- */

static void write_families(const struct scrape *scrape, struct qv_buf *buf)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        qv_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", families[i].name, families[i].help,
                      families[i].name, families[i].type);
        families[i].write(scrape, buf, families[i].name);
    }
}

void qv_metrics_write(struct qv_metrics *metrics, const struct qv_metrics_asked *asked,
                      struct qv_buf *buf)
{
    pthread_mutex_lock(&metrics->lock);
    const struct scrape scrape = {.metrics = metrics, .asked = asked, .trust = metrics->trust};
    write_families(&scrape, buf);
    pthread_mutex_unlock(&metrics->lock);
}

void qv_metrics_write_reference(struct qv_buf *buf)
{
    qv_buf_put_text(buf, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < FAMILIES; i++)
        qv_buf_printf(buf, "| `%s` | %s | %s | %s |\n", families[i].name, families[i].type,
                      families[i].labels, families[i].help);
}

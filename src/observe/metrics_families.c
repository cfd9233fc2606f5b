/*
 * The metrics, one row each: from this table come the lines, their HELP and TYPE, and the page
 * docs/monitoring/README.md. A scrape walks over it; series are there from the start, also where
 * they are zero, for a rate that began with the first event would miss it. Any thread.
 */
#include "metrics_writers.h"

#define GAUGE     "gauge"
#define COUNTER   "counter"
#define HISTOGRAM "histogram"

/* Words without quotes and backslashes, so that they are the same in HELP and in the page. */
static const struct {
    const char *name, *type, *labels, *help;
    metrics_writer *write;
} families[] = {
    {"quiver_build_info", GAUGE, "version", "Always 1: which version of Quiver runs.",
     metrics_write_build},
    {"process_start_time_seconds", GAUGE, "", "When the process was started, as Unix time.",
     metrics_write_start},
    {"process_cpu_seconds_total", COUNTER, "", "Processor time used, in seconds.",
     metrics_write_process_cpu},
    {"process_resident_memory_bytes", GAUGE, "", "Memory in use, without that of Redis.",
     metrics_write_process_memory},
    {"process_open_fds", GAUGE, "", "Open file descriptors.", metrics_write_process_descriptors},
    {"process_max_fds", GAUGE, "", "How many file descriptors may be open.",
     metrics_write_process_descriptors_max},
    {"quiver_health_reasons", GAUGE, "",
     "How many reasons GET /health/ready tells why something is not as it should be; 0: ready.",
     metrics_write_reasons},
    {"quiver_requests_total", COUNTER, "operation, status",
     "Answers to requests, by operation as in policies and by HTTP status; the operation is none "
     "where it was refused before it was known (400, 401, 404, 405, 413, 429).",
     metrics_write_requests},
    {"quiver_request_duration_seconds", HISTOGRAM, "operation",
     "From the request's arrival to its answer, a change's way to Redis and back included.",
     metrics_write_durations},
    {"quiver_connections", GAUGE, "listener",
     "Open connections, those in their handshake included.", metrics_write_connections},
    {"quiver_handshakes_total", COUNTER, "outcome, reason",
     "TLS handshakes that came to an end, by what came of them: full, resumed, or refused with a "
     "reason.",
     metrics_write_handshakes},
    {"quiver_connections_ended_total", COUNTER, "reason",
     "Live connections that were cut because their peer is not trusted any more.",
     metrics_write_cut},
    {"quiver_limit_refusals_total", COUNTER, "limit",
     "What was refused because a limit was reached: requests, connections and instances of "
     "limits.identities (429), and connections turned away by limits.connections_per_peer.",
     metrics_write_limited},
    {"quiver_trust_generation", GAUGE, "",
     "Number of the trust in force; it rises with each reload that puts something in force.",
     metrics_write_generation},
    {"quiver_reload_successful", GAUGE, "part",
     "1 where the last reload (or the start) took this part over, 0 where the old one stays in "
     "force because of a fault.",
     metrics_write_outcome},
    {"quiver_reload_timestamp_seconds", GAUGE, "part",
     "When this part was loaded last, with success or without, as Unix time.", metrics_write_try},
    {"quiver_reload_success_timestamp_seconds", GAUGE, "part",
     "When this part was loaded last with success, as Unix time.", metrics_write_success},
    {"quiver_certificate_expiry_seconds", GAUGE, "file",
     "When the own certificate ends, or the first of the CAs in a file of tls.trust, as Unix time "
     "(a moment, no duration).",
     metrics_write_certificates},
    {"quiver_crl_next_update_seconds", GAUGE, "issuer",
     "When the CRL of this CA ends (nextUpdate), as Unix time (a moment, no duration); of several "
     "CRLs of one name the earliest. A CRL without nextUpdate has no series.",
     metrics_write_crls},
    {"quiver_store_link_up", GAUGE, "link",
     "1 while the connection to Redis stands: the one for commands, or the one that follows the "
     "journal.",
     metrics_write_links},
    {"quiver_store_disconnects_total", COUNTER, "link",
     "How often a connection to Redis that stood was lost.", metrics_write_losses},
    {"quiver_store_writable", GAUGE, "", "1 while changes are taken; lookups never wait for that.",
     metrics_write_writable},
    {"quiver_store_round_trip_seconds", HISTOGRAM, "",
     "From sending a script to Redis to its answer: each change, and one tick a second.",
     metrics_write_round_trips},
    {"quiver_journal_lag_entries", GAUGE, "",
     "Entries of the journal that the view does not have yet, as far as is known.",
     metrics_write_lag},
    {"quiver_leases_ended_total", COUNTER, "",
     "Entries that this process ended because their time was over (expiresAt, or a lease that "
     "nobody renewed).",
     metrics_write_ended},
    {"quiver_registry_loaded", GAUGE, "",
     "1 when what is stored is loaded and lookups are "
     "answered.",
     metrics_write_loaded},
    {"quiver_registry_epoch", GAUGE, "",
     "Rises when the stored history broke (a restored backup, a failover that lost writes).",
     metrics_write_epoch},
    {"quiver_registry_revision", GAUGE, "", "Number of the last change that the view has.",
     metrics_write_revision},
    {"quiver_registry_entries", GAUGE, "kind",
     "Entries in the view, by kind: instance, system, device, definition, template, chap.",
     metrics_write_entries},
    {"quiver_registry_bytes", GAUGE, "kind",
     "Memory that these entries take, without the indexes over them.", metrics_write_bytes},
    {"quiver_audit_lines_written_total", COUNTER, "", "Lines of the audit trail that were written.",
     metrics_write_audit_written},
    {"quiver_audit_lines_lost_total", COUNTER, "",
     "Lines of the audit trail that could not be written.", metrics_write_audit_lost},
};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

/* ---- scraping -------------------------------------------------------------------------------- */

static void write_families(const struct metrics_scrape *scrape, struct qv_buf *buf)
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
    const struct metrics_scrape scrape = {
        .metrics = metrics, .asked = asked, .trust = metrics->trust};
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

/*
 * The series of each metric that is not about trust: what they are called, and from where their
 * numbers come. Any thread.
 */
#include "metrics_writers.h"

/* ---- the process ----------------------------------------------------------------------------- */

void metrics_write_build(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    (void)scrape;
    metrics_put_labelled(buf, name, "version", QV_STR(QUIVER_VERSION), 1);
}

void metrics_write_start(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, (unsigned long long)scrape->metrics->started.seconds);
}

#define OF_PROCESS(function)                                                                       \
    void metrics_write_##function(const struct metrics_scrape *scrape, struct qv_buf *buf,         \
                                  const char *name)                                                \
    {                                                                                              \
        (void)scrape;                                                                              \
        metrics_##function(buf, name);                                                             \
    }
OF_PROCESS(process_cpu)
OF_PROCESS(process_memory)
OF_PROCESS(process_descriptors)
OF_PROCESS(process_descriptors_max)

void metrics_write_reasons(const struct metrics_scrape *scrape, struct qv_buf *buf,
                           const char *name)
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

void metrics_write_requests(const struct metrics_scrape *scrape, struct qv_buf *buf,
                            const char *name)
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

void metrics_write_durations(const struct metrics_scrape *scrape, struct qv_buf *buf,
                             const char *name)
{
    for (size_t row = 0; row < METRICS_OPERATIONS; row++) {
        struct metrics_sum sum = {0};
        for (const struct qv_metrics_slot *slot = scrape->metrics->slots; slot != NULL;
             slot = slot->next)
            metrics_sum_add(&sum, &slot->durations[row]);
        metrics_put_histogram(buf, name, "operation", qv_str_from(operation_name(row)), &sum);
    }
}

void metrics_write_connections(const struct metrics_scrape *scrape, struct qv_buf *buf,
                               const char *name)
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

void metrics_write_handshakes(const struct metrics_scrape *scrape, struct qv_buf *buf,
                              const char *name)
{
    (void)name;
    if (scrape->asked->handshakes != NULL)
        qv_handshakes_write(scrape->asked->handshakes, buf);
}

void metrics_write_cut(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    (void)name;
    if (scrape->asked->handshakes != NULL)
        qv_handshakes_write_ended(scrape->asked->handshakes, buf);
}

void metrics_write_limited(const struct metrics_scrape *scrape, struct qv_buf *buf,
                           const char *name)
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

/* ---- the store ------------------------------------------------------------------------------- */

static const char *const links[QV_LINK_COUNT] = {
    [QV_LINK_COMMANDS] = "commands",
    [QV_LINK_JOURNAL] = "journal",
};

void metrics_write_links(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t i = 0; i < QV_LINK_COUNT; i++)
        metrics_put_labelled(buf, name, "link", qv_str_from(links[i]),
                             atomic_load(&scrape->metrics->up[i]));
}

void metrics_write_losses(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (size_t i = 0; i < QV_LINK_COUNT; i++)
        metrics_put_labelled(buf, name, "link", qv_str_from(links[i]),
                             metrics_read(&scrape->metrics->losses[i]));
}

void metrics_write_writable(const struct metrics_scrape *scrape, struct qv_buf *buf,
                            const char *name)
{
    metrics_put(buf, name, atomic_load(&scrape->metrics->writable));
}

void metrics_write_round_trips(const struct metrics_scrape *scrape, struct qv_buf *buf,
                               const char *name)
{
    struct metrics_sum sum = {0};
    metrics_sum_add(&sum, &scrape->metrics->round_trips);
    metrics_put_histogram(buf, name, NULL, QV_STR(""), &sum);
}

void metrics_write_lag(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, metrics_read(&scrape->metrics->lag));
}

void metrics_write_ended(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    metrics_put(buf, name, metrics_read(&scrape->metrics->ended));
}

/* ---- the view -------------------------------------------------------------------------------- */

void metrics_write_loaded(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->loaded);
}

void metrics_write_epoch(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->epoch);
}

void metrics_write_revision(const struct metrics_scrape *scrape, struct qv_buf *buf,
                            const char *name)
{
    if (scrape->asked->registry != NULL)
        metrics_put(buf, name, scrape->asked->registry->revision);
}

void metrics_write_entries(const struct metrics_scrape *scrape, struct qv_buf *buf,
                           const char *name)
{
    for (int kind = 0; scrape->asked->registry != NULL && kind < QV_KIND_COUNT; kind++)
        metrics_put_labelled(buf, name, "kind", qv_str_from(qv_kind_name((enum qv_kind)kind)),
                             scrape->asked->registry->count[kind]);
}

void metrics_write_bytes(const struct metrics_scrape *scrape, struct qv_buf *buf, const char *name)
{
    for (int kind = 0; scrape->asked->registry != NULL && kind < QV_KIND_COUNT; kind++)
        metrics_put_labelled(buf, name, "kind", qv_str_from(qv_kind_name((enum qv_kind)kind)),
                             scrape->asked->registry->bytes[kind]);
}

/* ---- the audit trail ------------------------------------------------------------------------- */

void metrics_write_audit_written(const struct metrics_scrape *scrape, struct qv_buf *buf,
                                 const char *name)
{
    if (scrape->asked->audit != NULL)
        metrics_put(buf, name, qv_audit_written(scrape->asked->audit));
}

void metrics_write_audit_lost(const struct metrics_scrape *scrape, struct qv_buf *buf,
                              const char *name)
{
    if (scrape->asked->audit != NULL)
        metrics_put(buf, name, qv_audit_lost(scrape->asked->audit));
}

/*
 * Looking up service instances (spec/arrowhead-discovery 3.11).
 *
 * Under the read lock only names are compared and references taken (collect.c); what must look into
 * JSON runs afterwards, without the lock. What a lookup costs follows what it finds, not what is
 * stored. Any thread.
 */
#include "find.h"
#include "fetch.h"

#include <quiver/base/memory.h>
#include <stdlib.h>

/* Stored metadata was bounded when it came in. */
enum { STORED_DEPTH_MAX = 2000 };

/* ---- filtering, outside the lock ------------------------------------------------------------- */

static enum qv_status has_metadata(const struct qv_service_query *query,
                                   const struct qv_instance *instance, bool *ret_matches)
{
    *ret_matches = query->metadata_count == 0;
    if (*ret_matches)
        return QV_OK;
    QV_CLEANUP(qv_json) json_t *metadata = NULL;
    if (instance->metadata.length > 0)
        QV_TRY(qv_json_parse(instance->metadata, STORED_DEPTH_MAX, &metadata, NULL));
    for (size_t i = 0; i < query->metadata_count && !*ret_matches; i++)
        *ret_matches = qv_requirement_matches(query->metadata[i], metadata);
    return QV_OK;
}

static enum qv_status judge(const struct finder *finder, struct qv_service_match *match,
                            bool *ret_matches)
{
    const struct qv_service_query *query = finder->query;
    /* First: of what may not be seen, nothing is to be noticed by how long a filter takes. */
    if (query->sees != NULL) {
        QV_TRY(query->sees(query->view_data, match->instance, ret_matches));
        if (!*ret_matches)
            return QV_OK;
    }
    QV_TRY(has_metadata(query, match->instance, ret_matches));
    if (*ret_matches && filters_interfaces(query))
        return filter_interfaces(finder, match, ret_matches);
    return QV_OK;
}

static bool filters(const struct qv_service_query *query)
{
    return query->sees != NULL || query->metadata_count > 0 || filters_interfaces(query);
}

static enum qv_status filter(struct finder *finder)
{
    if (!filters(finder->query))
        return QV_OK;
    size_t kept = 0;
    enum qv_status status = QV_OK;
    for (size_t i = 0; i < finder->count; i++) {
        bool matches = false;
        if (i % FETCHED_AHEAD == 0)
            fetch_metadata(finder->matches, finder->count, i);
        if (status == QV_OK)
            status = judge(finder, &finder->matches[i], &matches);
        if (matches)
            finder->matches[kept++] = finder->matches[i];
        else
            match_free(&finder->matches[i]);
    }
    finder->count = kept;
    return status;
}

static int by_id_descending(const void *a, const void *b)
{
    const struct qv_service_match *left = a, *right = b;
    int order = qv_instance_id_compare(right->instance->head.id, left->instance->head.id);
    return order != 0 ? order : left->leased - right->leased;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static void finder_free(struct finder *finder)
{
    struct name_set *sets[] = {&finder->ids,      &finder->providers, &finder->definitions,
                               &finder->versions, &finder->templates, &finder->policies};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        qv_free(sets[i]->sorted);
    drop_matches(finder);
    qv_free(finder->matches);
    revocation_end(&finder->revocation);
}

static enum qv_status finder_init(struct finder *finder)
{
    const struct qv_service_query *query = finder->query;
    QV_TRY(name_set_init(&finder->ids, &query->instance_ids));
    QV_TRY(name_set_init(&finder->providers, &query->providers));
    QV_TRY(name_set_init(&finder->definitions, &query->definitions));
    QV_TRY(name_set_init(&finder->versions, &query->versions));
    QV_TRY(name_set_init(&finder->templates, &query->templates));
    return name_set_init(&finder->policies, &query->policies);
}

static enum qv_status find(struct finder *finder, struct qv_registry *registry,
                           struct qv_error *error)
{
    QV_TRY(collect_matches(finder, registry, error));
    QV_TRY(drop_revoked(finder));
    return filter(finder);
}

enum qv_status qv_registry_find_services(struct qv_registry *registry,
                                         const struct qv_service_query *query, struct qv_wall now,
                                         struct qv_service_result *ret_result,
                                         struct qv_error *error)
{
    QV_CLEANUP(finder)
    struct finder finder = {
        .query = query, .rules = registry->rules, .now = now, .mono = qv_mono_now()};
    QV_TRY(finder_init(&finder));
    finder.late = filters(query);
    QV_TRY(find(&finder, registry, error));
    if (finder.late && !attach_owners(&finder, registry)) {
        finder.late = false;
        drop_matches(&finder);
        QV_TRY(find(&finder, registry, error));
    }
    if (finder.count > 1)
        qsort(finder.matches, finder.count, sizeof(*finder.matches), by_id_descending);

    *ret_result = (struct qv_service_result){.matches = finder.matches, .count = finder.count};
    finder.matches = NULL;
    finder.count = 0;
    return QV_OK;
}

void qv_service_result_write(const struct qv_service_result *result, enum qv_detail detail,
                             bool fingerprints, struct qv_buf *buf)
{
    qv_buf_put_text(buf, "{\"entries\":[");
    for (size_t i = 0; i < result->count; i++) {
        const struct qv_service_match *match = &result->matches[i];
        const struct qv_instance_choice choice = {.shown = match->shown,
                                                  .json = match->json,
                                                  .fingerprint = fingerprints,
                                                  .expires_at =
                                                      match->leased ? &match->ends : NULL};
        if (i % FETCHED_AHEAD == 0)
            fetch_texts(result->matches, result->count, i);
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_instance_write(match->instance, match->provider, match->device, match->definition,
                          detail, &choice, buf);
    }
    qv_buf_printf(buf, "],\"count\":%zu}", result->count);
}

void qv_service_result_free(struct qv_service_result *result)
{
    for (size_t i = 0; i < result->count; i++)
        match_free(&result->matches[i]);
    qv_free(result->matches);
    *result = (struct qv_service_result){0};
}

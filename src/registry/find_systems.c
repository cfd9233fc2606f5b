/*
 * Looking up systems (spec/arrowhead-discovery 4.2; section 11 without quirk Q9): the youngest
 * first. Systems of one second are told apart by the change that entered them. Any thread.
 */
#include "gather.h"
#include <quiver/base/memory.h>

/* What is asked for, with what makes looking it up cheap. */
struct wanted {
    const struct qv_system_query *query;
    struct name_set versions; /* empty: any */
};

static void wanted_free(struct wanted *wanted)
{
    qv_free(wanted->versions.sorted);
}

static enum qv_status judge(const void *data, const struct qv_entity_match *match,
                            bool *ret_matches)
{
    const struct wanted *wanted = data;
    const struct qv_system_query *query = wanted->query;
    const struct qv_system *system = (const struct qv_system *)match->entity;
    *ret_matches = false;
    if (!name_set_has(&wanted->versions, system->version))
        return QV_OK;
    if (!qv_filters_match_addresses(&query->filters, system->addresses))
        return QV_OK;
    return qv_filters_match_metadata(&query->filters, system->metadata, ret_matches);
}

static int youngest_first(const void *a, const void *b)
{
    const struct qv_system *left =
        (const struct qv_system *)((const struct qv_entity_match *)a)->entity;
    const struct qv_system *right =
        (const struct qv_system *)((const struct qv_entity_match *)b)->entity;
    int order = qv_str_compare(right->created, left->created);
    if (order == 0 && left->revision != right->revision)
        order = left->revision < right->revision ? 1 : -1;
    return order != 0 ? order : qv_str_compare(left->head.id, right->head.id);
}

enum qv_status qv_registry_find_systems(struct qv_registry *registry,
                                        const struct qv_system_query *query,
                                        struct qv_entity_result *ret_result, struct qv_error *error)
{
    QV_CLEANUP(wanted) struct wanted wanted = {.query = query};
    QV_CLEANUP(gathering)
    struct gathering gathering = {
        .registry = registry, .kind = QV_KIND_SYSTEM, .query = &wanted, .judge = judge};
    QV_TRY(name_set_init(&gathering.names, &query->names));
    QV_TRY(name_set_init(&gathering.devices, &query->devices));
    QV_TRY(name_set_init(&wanted.versions, &query->versions));
    QV_TRY(gather(&gathering, error));
    gathering_finish(&gathering, youngest_first, ret_result);
    return QV_OK;
}

void qv_system_result_write(const struct qv_entity_result *result, enum qv_detail detail,
                            struct qv_buf *buf)
{
    qv_buf_put_text(buf, "{\"entries\":[");
    for (size_t i = 0; i < result->count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_system_write((const struct qv_system *)result->matches[i].entity,
                        result->matches[i].device, detail, buf);
    }
    qv_buf_printf(buf, "],\"count\":%zu}", result->count);
}

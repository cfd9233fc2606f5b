/*
 * Looking up devices (spec/arrowhead-discovery 4.5), in the order of their registration. Any
 * thread.
 */
#include "gather.h"

static enum qv_status judge(const void *data, const struct qv_entity_match *match,
                            bool *ret_matches)
{
    const struct qv_device_query *query = data;
    const struct qv_device *device = (const struct qv_device *)match->entity;
    *ret_matches = false;
    if (!qv_filters_match_addresses(&query->filters, device->addresses))
        return QV_OK;
    return qv_filters_match_metadata(&query->filters, device->metadata, ret_matches);
}

static int oldest_first(const void *a, const void *b)
{
    const struct qv_device *left =
        (const struct qv_device *)((const struct qv_entity_match *)a)->entity;
    const struct qv_device *right =
        (const struct qv_device *)((const struct qv_entity_match *)b)->entity;
    int order = qv_str_compare(left->created, right->created);
    if (order == 0 && left->revision != right->revision)
        order = left->revision < right->revision ? -1 : 1;
    return order != 0 ? order : qv_str_compare(left->head.id, right->head.id);
}

enum qv_status qv_registry_find_devices(struct qv_registry *registry,
                                        const struct qv_device_query *query,
                                        struct qv_entity_result *ret_result, struct qv_error *error)
{
    QV_CLEANUP(gathering)
    struct gathering gathering = {
        .registry = registry, .kind = QV_KIND_DEVICE, .query = query, .judge = judge};
    QV_TRY(name_set_init(&gathering.names, &query->names));
    QV_TRY(gather(&gathering, error));
    gathering_finish(&gathering, oldest_first, ret_result);
    return QV_OK;
}

void qv_device_result_write(const struct qv_entity_result *result, struct qv_buf *buf)
{
    qv_buf_put_text(buf, "{\"entries\":[");
    for (size_t i = 0; i < result->count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_buf_put(buf, ((const struct qv_device *)result->matches[i].entity)->json);
    }
    qv_buf_printf(buf, "],\"count\":%zu}", result->count);
}

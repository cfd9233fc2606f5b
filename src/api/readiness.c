/*
 * Ready is who has a view; degraded is who has one but knows of a reason why something will be
 * refused, such as a store that is away, or that something is not as its files say, such as a
 * certificate that could not be reloaded. Any thread.
 */
#include <quiver/api/readiness.h>
#include <quiver/base/json.h>

enum qv_readiness qv_readiness_of(struct qv_store *store, struct qv_health *health,
                                  struct qv_registry *registry, struct qv_strings *ret_reasons)
{
    struct qv_registry_state state;
    qv_store_reasons(store, ret_reasons);
    bool told = qv_health_reasons(health, ret_reasons) == QV_OK;
    qv_registry_state(registry, &state);
    if (!state.loaded || !told)
        return QV_NOT_READY;
    return ret_reasons->count > 0 ? QV_DEGRADED : QV_READY;
}

void qv_readiness_write_reasons(const struct qv_strings *reasons, struct qv_buf *buf)
{
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < reasons->count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_json_write_str(buf, qv_str_from(reasons->at[i]));
    }
    qv_buf_put_char(buf, ']');
}

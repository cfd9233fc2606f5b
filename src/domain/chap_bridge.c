/*
 * CHAP services as Arrowhead has them: a provider, a definition and an instance, which lookups show
 * among those that were registered there (chap.expose_in_arrowhead).
 *
 * They are put together as documents and read as those are, so that they are like all others. The
 * names are of the dialect's convention also where `normalization: simple` converts none: nothing
 * else could be asked for. Pure; any thread.
 */
#include "address_list.h"
#include "chap_endpoint.h"
#include "dialect.h"
#include "text.h"

#include <quiver/domain/chap.h>
#include <quiver/domain/core_names.h>
#include <string.h>

#define VERSION "1.0.0" /* where the service's own is none of Arrowhead's */

/* What a service is called there. */
struct names {
    struct qv_buf provider, definition, version, instance;
};

static void names_free(struct names *names)
{
    qv_buf_free(&names->provider);
    qv_buf_free(&names->definition);
    qv_buf_free(&names->version);
    qv_buf_free(&names->instance);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The same release with names that are converted. */
static const struct qv_dialect *converting(const struct qv_dialect *dialect)
{
    static const enum qv_dialect_id ids[] = {QV_DIALECT_5_0, QV_DIALECT_5_2};
    for (size_t i = 0; i < QV_COUNT_OF(ids); i++)
        if (strcmp(qv_dialect_name(qv_dialect_get(ids[i])), qv_dialect_name(dialect)) == 0)
            return qv_dialect_get(ids[i]);
    return dialect;
}

void qv_chap_provider_write(const struct qv_rules *rules, struct qv_str id, struct qv_buf *buf)
{
    qv_name_normalize(converting(rules->dialect), QV_ENTITY_SYSTEM, id, buf);
}

static enum qv_status put_name(const struct qv_dialect *dialect, enum qv_entity entity,
                               struct qv_str raw, struct qv_buf *buf, struct qv_error *error)
{
    qv_name_normalize(converting(dialect), entity, raw, buf);
    QV_TRY(qv_buf_status(buf));
    QV_TRY(qv_name_check_length(dialect, entity, qv_buf_str(buf), error));
    return qv_name_check(dialect, entity, qv_buf_str(buf), error);
}

static enum qv_status put_version(const struct qv_dialect *dialect, struct qv_str raw,
                                  struct qv_buf *buf)
{
    qv_version_normalize(raw, buf);
    QV_TRY(qv_buf_status(buf));
    if (qv_version_check(dialect, qv_buf_str(buf), NULL) == QV_OK)
        return QV_OK;
    qv_buf_truncate(buf, 0);
    qv_buf_put_text(buf, VERSION);
    return qv_buf_status(buf);
}

static enum qv_status make_names(const struct qv_rules *rules, const char *definition,
                                 const struct qv_chap *chap, struct names *names,
                                 struct qv_error *error)
{
    const struct qv_dialect *dialect = rules->dialect;
    QV_TRY(put_name(dialect, QV_ENTITY_SYSTEM, chap->head.id, &names->provider, error));
    QV_TRY(put_name(dialect, QV_ENTITY_DEFINITION, qv_str_from(definition), &names->definition,
                    error));
    QV_TRY(put_version(dialect, chap->version, &names->version));
    qv_instance_id_write(dialect, qv_buf_str(&names->provider), qv_buf_str(&names->definition),
                         qv_buf_str(&names->version), &names->instance);
    return qv_buf_status(&names->instance);
}

/* ---- where it is ----------------------------------------------------------------------------- */

static enum qv_status read_endpoint(const struct qv_rules *rules, const struct qv_chap *chap,
                                    struct chap_endpoint *ret_endpoint,
                                    struct qv_strings *addresses, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf address = {0};
    struct chap_endpoint endpoint = {0};
    if (chap_endpoint_read(chap->url, &endpoint) != QV_OK)
        return qv_error_set(error, QV_INVALID, "its url names no host by http or https");
    qv_address_normalize(endpoint.host, &address);
    QV_TRY(qv_buf_status(&address));
    enum qv_address_type type = qv_address_detect(qv_buf_str(&address));
    if ((type & QV_ADDRESS_REACHABLE) == 0)
        return qv_error_set(error, QV_INVALID, "its url's host is no address");
    QV_TRY(qv_address_check(rules, type, qv_buf_str(&address), error));
    QV_TRY(qv_strings_add(addresses, qv_buf_str(&address)));
    *ret_endpoint = endpoint;
    return QV_OK;
}

/* ---- documents ------------------------------------------------------------------------------- */

static void put_text(struct qv_buf *buf, const char *key, struct qv_str text)
{
    qv_buf_put_text(buf, key);
    qv_json_write_str(buf, text);
}

static void put_moment(struct qv_buf *buf, const char *key, int64_t us)
{
    int64_t rest = us % 1000000;
    qv_buf_put_text(buf, key);
    qv_wall_write(buf,
                  (struct qv_wall){.seconds = (us - (rest < 0 ? rest + 1000000 : rest)) / 1000000},
                  QV_WALL_SECONDS);
    qv_buf_put_char(buf, '"');
}

/* Up to the document. */
static void open_envelope(const struct qv_chap *chap, struct qv_buf *buf)
{
    qv_buf_printf(buf, "{\"v\":%d,\"rev\":%llu", QV_ENVELOPE_VERSION,
                  (unsigned long long)chap->revision);
    put_moment(buf, ",\"created\":\"", chap->registered_us);
    put_moment(buf, ",\"updated\":\"", chap->updated_us);
    if (chap->by.length > 0) {
        qv_buf_put_text(buf, ",\"by\":");
        qv_buf_put(buf, chap->by);
    }
    qv_buf_put_text(buf, ",\"doc\":");
}

/* Of both pieces the front up to `info` is the same. */
static struct qv_str lean_info(const struct qv_chap *chap)
{
    return qv_str_part(chap->front_lean, chap->front.length - chap->info.length, SIZE_MAX);
}

static void put_interface(const struct qv_core_names *core, const struct chap_endpoint *endpoint,
                          const struct qv_strings *addresses, struct qv_buf *buf)
{
    put_text(buf, "{\"templateName\":",
             qv_str_from(endpoint->https ? core->https_template : core->http_template));
    put_text(buf, ",\"protocol\":", endpoint->https ? QV_STR("https") : QV_STR("http"));
    qv_buf_put_text(buf, ",\"policy\":\"NONE\",\"properties\":{\"accessAddresses\":");
    for (size_t i = 0; i < addresses->count; i++) {
        qv_buf_put_char(buf, i == 0 ? '[' : ',');
        qv_json_write_str(buf, qv_str_from(addresses->at[i]));
    }
    qv_buf_printf(buf, "],\"accessPort\":%u", endpoint->port);
    put_text(buf, ",\"basePath\":", endpoint->path);
    qv_buf_put_text(buf, "}}");
}

static void put_instance(const struct qv_rules *rules, const struct qv_chap *chap,
                         const struct names *names, const struct chap_endpoint *endpoint,
                         const struct qv_strings *addresses, struct qv_buf *buf)
{
    put_text(buf, "{\"instanceId\":", qv_buf_str(&names->instance));
    put_text(buf, ",\"provider\":", qv_buf_str(&names->provider));
    put_text(buf, ",\"serviceDefinition\":", qv_buf_str(&names->definition));
    put_text(buf, ",\"version\":", qv_buf_str(&names->version));
    qv_buf_put_text(buf, ",\"metadata\":");
    qv_buf_put(buf, lean_info(chap));
    qv_buf_put_text(buf, ",\"interfaces\":[");
    put_interface(qv_core_names(rules->dialect), endpoint, addresses, buf);
    qv_buf_put_text(buf, "]}");
}

static void put_system(const struct names *names, const struct qv_strings *addresses,
                       struct qv_buf *buf)
{
    put_text(buf, "{\"name\":", qv_buf_str(&names->provider));
    qv_buf_put_text(buf, ",\"version\":\"" VERSION "\",\"addresses\":");
    qv_address_list_write(addresses, buf);
    qv_buf_put_text(buf, ",\"automatic\":true}");
}

/* ---- entities -------------------------------------------------------------------------------- */

/* Reads the document that stands in `buf` behind an envelope's front, and takes it out again. */
static enum qv_status read_entity(enum qv_kind kind, const struct qv_buf *id, struct qv_buf *buf,
                                  size_t front, struct qv_entity_head **ret_entity,
                                  struct qv_error *error)
{
    qv_buf_put_char(buf, '}');
    QV_TRY(qv_buf_status(buf));
    enum qv_status status =
        qv_entity_read(kind, qv_buf_str(id), qv_buf_str(buf), ret_entity, error);
    qv_buf_truncate(buf, front);
    return status;
}

static enum qv_status make_entities(const struct qv_rules *rules, const struct qv_chap *chap,
                                    const struct names *names, const struct chap_endpoint *endpoint,
                                    const struct qv_strings *addresses,
                                    struct qv_chap_bridge *bridge, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    open_envelope(chap, &buf);
    size_t front = buf.length;
    put_instance(rules, chap, names, endpoint, addresses, &buf);
    QV_TRY(read_entity(QV_KIND_INSTANCE, &names->instance, &buf, front,
                       (struct qv_entity_head **)&bridge->instance, error));
    put_system(names, addresses, &buf);
    QV_TRY(read_entity(QV_KIND_SYSTEM, &names->provider, &buf, front,
                       (struct qv_entity_head **)&bridge->system, error));
    put_text(&buf, "{\"name\":", qv_buf_str(&names->definition));
    qv_buf_put_char(&buf, '}');
    return read_entity(QV_KIND_DEFINITION, &names->definition, &buf, front,
                       (struct qv_entity_head **)&bridge->definition, error);
}

enum qv_status qv_chap_bridge_new(const struct qv_rules *rules, const char *definition,
                                  const struct qv_chap *chap, struct qv_chap_bridge *ret_bridge,
                                  struct qv_error *error)
{
    QV_CLEANUP(names) struct names names = {0};
    QV_CLEANUP(qv_strings) struct qv_strings addresses = {0};
    QV_CLEANUP(qv_chap_bridge) struct qv_chap_bridge bridge = {0};
    struct chap_endpoint endpoint = {0};
    QV_TRY(make_names(rules, definition, chap, &names, error));
    QV_TRY(read_endpoint(rules, chap, &endpoint, &addresses, error));
    QV_TRY(make_entities(rules, chap, &names, &endpoint, &addresses, &bridge, error));
    *ret_bridge = bridge;
    bridge = (struct qv_chap_bridge){0};
    return QV_OK;
}

void qv_chap_bridge_free(struct qv_chap_bridge *bridge)
{
    struct qv_entity_head *held[] = {(struct qv_entity_head *)bridge->instance,
                                     (struct qv_entity_head *)bridge->system,
                                     (struct qv_entity_head *)bridge->definition};
    for (size_t i = 0; i < QV_COUNT_OF(held); i++)
        qv_entity_free(&held[i]);
    *bridge = (struct qv_chap_bridge){0};
}

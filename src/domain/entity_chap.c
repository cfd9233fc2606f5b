/*
 * CHAP services as entities of the view: from the stored document to one block with the answer's
 * JSON in pieces (spec/chap-registration B1.2).
 *
 * A service is shown either with the members that are null or without them, as the dialect of the
 * caller's time has it: both are written here once. Where nothing is null they are the same piece.
 * Pure; any thread.
 */
#include "entity_block.h"
#include "members.h"

#include <quiver/domain/chap.h>

struct chap_places {
    struct entity_place id, info, front, front_lean, url, version, by;
};

/* ---- without nulls --------------------------------------------------------------------------- */

static void write_lean(const json_t *value, struct qv_buf *text);

static void write_lean_object(const json_t *object, struct qv_buf *text)
{
    const char *name;
    const json_t *value;
    bool first = true;
    qv_buf_put_char(text, '{');
    QV_EACH_MEMBER(object, name, value)
    {
        if (json_is_null(value))
            continue;
        qv_json_write_key(text, &first, name);
        write_lean(value, text);
    }
    qv_buf_put_char(text, '}');
}

static void write_lean(const json_t *value, struct qv_buf *text)
{
    if (json_is_object(value)) {
        write_lean_object(value, text);
        return;
    }
    if (!json_is_array(value)) {
        qv_json_write(text, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        qv_buf_put_char(text, i == 0 ? '[' : ',');
        write_lean(json_array_get(value, i), text);
    }
    qv_buf_put_text(text, json_array_size(value) == 0 ? "[]" : "]");
}

/* ---- the block's text ------------------------------------------------------------------------ */

/* What both pieces begin with. */
static enum qv_status put_names(struct qv_buf *text, struct qv_str id, struct qv_str url,
                                struct entity_place *ret_id, struct qv_error *error)
{
    qv_buf_put_text(text, "{\"id\":");
    QV_TRY(entity_put_plain(text, id, ret_id, error));
    qv_buf_put_text(text, ",\"url\":");
    qv_json_write_str(text, url);
    qv_buf_put_text(text, ",\"info\":");
    return QV_OK;
}

static enum qv_status put_fronts(struct qv_buf *text, struct qv_str id, struct qv_str url,
                                 const json_t *info, struct chap_places *places,
                                 struct qv_error *error)
{
    struct entity_place again;
    QV_TRY(put_names(text, id, url, &places->id, error));
    size_t start = text->length;
    qv_json_write(text, info);
    places->info = entity_since(text, start);
    places->front = places->front_lean = entity_since(text, 0);

    start = text->length;
    QV_TRY(put_names(text, id, url, &again, error));
    write_lean(info, text);
    struct entity_place lean = entity_since(text, start);
    if (lean.length == places->front.length)
        qv_buf_truncate(text, start);
    else
        places->front_lean = lean;
    return QV_OK;
}

static enum qv_status put_chap(struct qv_buf *text, struct qv_str id,
                               const struct qv_envelope *envelope, struct chap_places *places,
                               struct qv_error *error)
{
    const json_t *url = json_object_get(envelope->doc, "url");
    const json_t *info = json_object_get(envelope->doc, "info");
    if (!json_is_string(url) || !json_is_object(info))
        return qv_error_set(error, QV_INVALID, "the service has no url or no info");
    if (!qv_str_equal(qv_json_str(json_object_get(envelope->doc, "id")), id))
        return qv_error_set(error, QV_INVALID, "the document does not belong to the id %.*s",
                            QV_STR_ARG(id));
    QV_TRY(put_fronts(text, id, qv_json_str(url), info, places, error));
    places->url = entity_put_raw(text, qv_json_str(url));
    places->version = entity_put_raw(text, qv_json_str(json_object_get(info, "version")));
    places->by = entity_put_member(text, "", envelope->by);
    return QV_OK;
}

/* ---- the entity ------------------------------------------------------------------------------ */

static enum qv_status read_time(struct qv_str text, int64_t *ret_us, struct qv_error *error)
{
    struct qv_wall at;
    int64_t us;
    if (qv_wall_parse(text, &at) != QV_OK || __builtin_mul_overflow(at.seconds, 1000000, &us) ||
        __builtin_add_overflow(us, at.nanoseconds / 1000, &us))
        return qv_error_set(error, QV_INVALID, "%.*s is no time", QV_STR_ARG(text));
    *ret_us = us;
    return QV_OK;
}

enum qv_status entity_read_chap(struct qv_str id, const struct qv_envelope *envelope,
                                struct qv_entity_head **ret_entity, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct chap_places places;
    int64_t registered_us, updated_us;
    QV_TRY(read_time(envelope->created, &registered_us, error));
    QV_TRY(read_time(envelope->updated, &updated_us, error));
    QV_TRY(put_chap(&text, id, envelope, &places, error));

    struct qv_chap *chap;
    const char *copy;
    QV_TRY(entity_block_new(sizeof(*chap), QV_KIND_CHAP, &text, places.id, (void **)&chap, &copy));
    chap->revision = envelope->revision;
    chap->registered_us = registered_us;
    chap->updated_us = updated_us;
    chap->url = entity_at(copy, places.url);
    chap->version = entity_at(copy, places.version);
    chap->info = entity_at(copy, places.info);
    chap->by = entity_at(copy, places.by);
    chap->front = entity_at(copy, places.front);
    chap->front_lean = entity_at(copy, places.front_lean);
    *ret_entity = &chap->head;
    return QV_OK;
}

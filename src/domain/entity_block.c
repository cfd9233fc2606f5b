/*
 * Blocks: see entity_block.h. Pure; any thread.
 */
#include "entity_block.h"

#include <quiver/base/memory.h>
#include <string.h>

struct entity_place entity_since(const struct qv_buf *text, size_t start)
{
    return (struct entity_place){.at = start, .length = text->length - start};
}

struct entity_place entity_put_raw(struct qv_buf *text, struct qv_str s)
{
    size_t start = text->length;
    qv_buf_put(text, s);
    return entity_since(text, start);
}

enum qv_status entity_put_plain(struct qv_buf *text, struct qv_str s,
                                struct entity_place *ret_place, struct qv_error *error)
{
    size_t start = text->length;
    qv_json_write_str(text, s);
    if (!text->failed && text->length - start != s.length + 2)
        return qv_error_set(error, QV_INVALID, "a name has characters that no name can have");
    *ret_place = (struct entity_place){.at = start + 1, .length = s.length};
    return QV_OK;
}

struct entity_place entity_put_times(struct qv_buf *text, const struct qv_envelope *envelope)
{
    qv_buf_put_text(text, ",\"createdAt\":");
    struct entity_place created = {.at = text->length + 1, .length = envelope->created.length};
    qv_json_write_str(text, envelope->created);
    qv_buf_put_text(text, ",\"updatedAt\":");
    qv_json_write_str(text, envelope->updated);
    qv_buf_put_char(text, '}');
    return created;
}

struct entity_place entity_put_member(struct qv_buf *text, const char *key, const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return entity_since(text, text->length);
    qv_buf_put_text(text, key);
    size_t start = text->length;
    qv_json_write(text, value);
    return entity_since(text, start);
}

struct entity_place entity_put_metadata(struct qv_buf *text, const json_t *doc)
{
    const json_t *metadata = json_object_get(doc, "metadata");
    return entity_put_member(text, ",\"metadata\":", json_is_object(metadata) ? metadata : NULL);
}

enum qv_status entity_block_new(size_t size, enum qv_kind kind, const struct qv_buf *text,
                                struct entity_place id, void **ret_block, const char **ret_text)
{
    QV_TRY(qv_buf_status(text));
    struct qv_entity_head *head = qv_alloc(size + text->length + 1);
    if (head == NULL)
        return QV_NO_MEMORY;
    char *copy = (char *)head + size;
    if (text->length > 0)
        memcpy(copy, text->at, text->length);
    head->references_ = 1;
    head->kind = kind;
    head->id = (struct qv_str){.at = copy + id.at, .length = id.length};
    *ret_block = head;
    *ret_text = copy;
    return QV_OK;
}

struct qv_str entity_at(const char *text, struct entity_place place)
{
    return (struct qv_str){.at = text + place.at, .length = place.length};
}

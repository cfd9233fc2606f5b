/*
 * Reading and following key paths. A dot separates parts, empty ones at the end do not count; a
 * part `name[i]` with a number i selects an element, any other bracket belongs to the name.
 * Pure; any thread.
 */
#include "key_path.h"
#include "text.h"
#include <quiver/base/memory.h>

/* The index between the brackets: a 32-bit integer that is not negative, a sign allowed. */
static bool read_index(struct qv_str digits, size_t *ret_index)
{
    bool minus = digits.length > 0 && digits.at[0] == '-';
    if (minus || (digits.length > 0 && digits.at[0] == '+'))
        digits = qv_str_part(digits, 1, SIZE_MAX);
    uint64_t index;
    if (qv_str_to_uint(digits, INT32_MAX, &index) != QV_OK || (minus && index != 0))
        return false;
    *ret_index = (size_t)index;
    return true;
}

static enum qv_status read_part(struct qv_str text, struct qv_key_part *ret_part)
{
    struct qv_key_part part = {0};
    struct qv_str name = text;
    size_t open = qv_str_find(text, '[');
    size_t close = qv_str_find(text, ']');
    if (open != SIZE_MAX && close == text.length - 1 && open < close &&
        read_index(qv_str_part(text, open + 1, close - open - 1), &part.index)) {
        part.indexed = true;
        name.length = open;
    }
    part.name = qv_str_dup(name);
    if (part.name == NULL)
        return QV_NO_MEMORY;
    *ret_part = part;
    return QV_OK;
}

static size_t count_dots(struct qv_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.at[i] == '.';
    return count;
}

enum qv_status qv_key_path_read(struct qv_str text, struct qv_key_path *ret_path)
{
    text = qv_str_trim(text);
    while (text.length > 0 && text.at[text.length - 1] == '.')
        text.length--;
    if (text.length == 0) {
        *ret_path = (struct qv_key_path){0};
        return QV_OK;
    }
    QV_CLEANUP(qv_key_path)
    struct qv_key_path path = {
        .parts = qv_alloc_array(count_dots(text) + 1, sizeof(struct qv_key_part)),
    };
    if (path.parts == NULL)
        return QV_NO_MEMORY;
    struct qv_str part;
    while (qv_str_split_next(&text, '.', &part)) {
        QV_TRY(read_part(part, &path.parts[path.count]));
        path.count++;
    }
    *ret_path = path;
    path = (struct qv_key_path){0};
    return QV_OK;
}

void qv_key_path_free(struct qv_key_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        qv_free(path->parts[i].name);
    qv_free(path->parts);
    *path = (struct qv_key_path){0};
}

const json_t *qv_key_path_follow(const struct qv_key_path *path, const json_t *subject)
{
    if (path->count == 0)
        return NULL;
    for (size_t i = 0; i < path->count && subject != NULL; i++) {
        const struct qv_key_part *part = &path->parts[i];
        subject = json_object_get(subject, part->name);
        if (part->indexed)
            subject = json_array_get(subject, part->index);
    }
    return json_is_null(subject) ? NULL : subject;
}

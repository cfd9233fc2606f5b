/*
 * Instance ids: provider, definition and version with the dialect's separator between them
 * (spec/arrowhead-discovery 3.13 and section 11.4). Pure; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <string.h>

#define PARTS 3

void qv_instance_id_write(const struct qv_dialect *dialect, struct qv_str provider,
                          struct qv_str definition, struct qv_str version, struct qv_buf *buf)
{
    qv_buf_put(buf, provider);
    qv_buf_put_text(buf, dialect->separator);
    qv_buf_put(buf, definition);
    qv_buf_put_text(buf, dialect->separator);
    qv_buf_put(buf, version);
}

static size_t find_text(struct qv_str text, struct qv_str needle)
{
    for (size_t i = 0; i + needle.length <= text.length; i++) {
        if (memcmp(text.at + i, needle.at, needle.length) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Splits at each separator from the left. False unless there are exactly three parts. */
static bool split(struct qv_str id, struct qv_str separator, struct qv_str parts[PARTS])
{
    for (size_t i = 0; i < PARTS; i++) {
        size_t at = find_text(id, separator);
        if ((at == SIZE_MAX) != (i == PARTS - 1))
            return false;
        parts[i] = qv_str_part(id, 0, at);
        if (at != SIZE_MAX)
            id = qv_str_part(id, at + separator.length, SIZE_MAX);
    }
    return parts[PARTS - 1].length > 0;
}

enum qv_status qv_instance_id_read(const struct qv_dialect *dialect, struct qv_str raw,
                                   struct qv_instance_id *ret_id, struct qv_error *error)
{
    if (qv_str_is_blank(raw))
        return qv_error_set(error, QV_INVALID, "Service instance ID is missing");
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    dialect->normalize_instance_id(raw, &buf);
    char *text;
    size_t length;
    if (qv_buf_take(&buf, &text, &length) != QV_OK)
        return qv_no_memory(error);
    struct qv_str parts[PARTS];
    struct qv_str id = {.at = text, .length = length};
    if (!split(id, qv_str_from(dialect->separator), parts)) {
        qv_free(text);
        return qv_error_set(error, QV_INVALID, "Not a service instance ID: %.*s", QV_STR_ARG(raw));
    }
    *ret_id = (struct qv_instance_id){
        .text = text,
        .provider = parts[0],
        .definition = parts[1],
        .version = parts[2],
    };
    return QV_OK;
}

void qv_instance_id_free(struct qv_instance_id *id)
{
    qv_free(id->text);
    *id = (struct qv_instance_id){0};
}

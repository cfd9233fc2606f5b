/*
 * Instance ids: provider, definition and version with the dialect's separator between them
 * (spec/arrowhead-discovery 3.13, 3.14 and section 11.4). Pure; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <string.h>

enum { PROVIDER, DEFINITION, VERSION, PART_COUNT };

void qv_instance_id_write(const struct qv_dialect *dialect, struct qv_str provider,
                          struct qv_str definition, struct qv_str version, struct qv_buf *buf)
{
    qv_buf_put(buf, provider);
    qv_buf_put_text(buf, dialect->instance_id.separator);
    qv_buf_put(buf, definition);
    qv_buf_put_text(buf, dialect->instance_id.separator);
    qv_buf_put(buf, version);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Ids that differ in letter case alone keep an order, too. */
int qv_instance_id_compare(struct qv_str a, struct qv_str b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    for (size_t i = 0; i < shorter; i++) {
        unsigned char left = (unsigned char)upper(a.at[i]), right = (unsigned char)upper(b.at[i]);
        if (left != right)
            return left < right ? -1 : 1;
    }
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return qv_str_compare(a, b);
}

/* ---- taking apart ---- */

/* Takes the part in front of the next separator; false when there was none left. The empty text is
 * one empty part. */
static bool next_part(struct qv_str *rest, struct qv_str separator, struct qv_str *ret_part)
{
    if (rest->at == NULL)
        return false;
    const char *at = memmem(rest->at, rest->length, separator.at, separator.length);
    size_t length = at != NULL ? (size_t)(at - rest->at) : rest->length;
    *ret_part = qv_str_part(*rest, 0, length);
    *rest =
        at != NULL ? qv_str_part(*rest, length + separator.length, SIZE_MAX) : (struct qv_str){0};
    return true;
}

/* False unless there are exactly three parts. */
static bool split(const struct qv_dialect *dialect, struct qv_str id,
                  struct qv_str parts[PART_COUNT])
{
    struct qv_str separator = qv_str_from(dialect->instance_id.separator), part;
    size_t count = 0;
    for (; next_part(&id, separator, &part); count++) {
        if (count < PART_COUNT)
            parts[count] = part;
    }
    return count == PART_COUNT;
}

/* ---- normalizing ---- */

static void put_part(const struct qv_dialect *dialect, size_t place, struct qv_str part,
                     struct qv_buf *buf)
{
    static const enum qv_entity named[] = {
        [PROVIDER] = QV_ENTITY_SYSTEM,
        [DEFINITION] = QV_ENTITY_DEFINITION,
    };
    if (place < QV_COUNT_OF(named))
        qv_name_normalize(dialect, named[place], part, buf);
    else if (place > VERSION) /* too many: told as it came */
        qv_buf_put(buf, part);
    else if (!qv_str_is_blank(part)) /* no part comes from nothing */
        qv_version_normalize(part, buf);
}

void qv_instance_id_normalize(const struct qv_dialect *dialect, struct qv_str raw,
                              struct qv_buf *buf)
{
    struct qv_str separator = qv_str_from(dialect->instance_id.separator), part;
    if (!dialect->instance_id.by_parts) {
        qv_text_put_lower(raw, buf);
        return;
    }
    for (size_t place = 0; next_part(&raw, separator, &part); place++) {
        if (place > 0)
            qv_buf_put(buf, separator);
        put_part(dialect, place, part, buf);
    }
}

/* ---- checking ---- */

/* The reference forgets the empty parts at an id's end, also where it tells of the id. */
static enum qv_status refuse_shape(const struct qv_dialect *dialect, struct qv_str id,
                                   struct qv_error *error)
{
    if (dialect->instance_id.by_parts) {
        while (id.length > 0 && id.at[id.length - 1] == dialect->instance_id.separator[0])
            id.length--;
    }
    return qv_error_set(error, QV_INVALID, "%s%.*s", dialect->instance_id.violation,
                        QV_STR_ARG(id));
}

static enum qv_status check(const struct qv_dialect *dialect, struct qv_str id,
                            struct qv_str parts[PART_COUNT], struct qv_error *error)
{
    if (!split(dialect, id, parts) || parts[VERSION].length == 0)
        return refuse_shape(dialect, id, error);
    if (!dialect->instance_id.by_parts)
        return QV_OK;
    QV_TRY(qv_name_check(dialect, QV_ENTITY_SYSTEM, parts[PROVIDER], error));
    QV_TRY(qv_name_check(dialect, QV_ENTITY_DEFINITION, parts[DEFINITION], error));
    return qv_version_check(dialect, parts[VERSION], error);
}

enum qv_status qv_instance_id_check(const struct qv_dialect *dialect, struct qv_str id,
                                    struct qv_error *error)
{
    struct qv_str parts[PART_COUNT];
    return check(dialect, id, parts, error);
}

/* ---- the verb ---- */

enum qv_status qv_instance_id_read(const struct qv_dialect *dialect, struct qv_str raw,
                                   struct qv_instance_id *ret_id, struct qv_error *error)
{
    if (qv_str_is_blank(raw))
        return qv_error_set(error, QV_INVALID, "Service instance ID is missing");
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
    size_t length;
    qv_instance_id_normalize(dialect, raw, &buf);
    if (qv_buf_take(&buf, &id.text, &length) != QV_OK)
        return qv_no_memory(error);
    struct qv_str parts[PART_COUNT];
    QV_TRY(check(dialect, (struct qv_str){.at = id.text, .length = length}, parts, error));
    id.provider = parts[PROVIDER];
    id.definition = parts[DEFINITION];
    id.version = parts[VERSION];
    *ret_id = id;
    id = (struct qv_instance_id){0};
    return QV_OK;
}

void qv_instance_id_free(struct qv_instance_id *id)
{
    qv_free(id->text);
    *id = (struct qv_instance_id){0};
}

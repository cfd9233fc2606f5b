/*
 * Journal entries as the view's effects. What is not known here is not skipped: it may change
 * something that this version would then show wrongly. Pure; any thread.
 */
#include "journal.h"

#include <quiver/base/memory.h>
#include <string.h>

static enum qv_status add_effect(struct qv_entry *entry, enum qv_kind kind, struct qv_str id,
                                 struct qv_str envelope)
{
    if (entry->count == entry->capacity) {
        size_t capacity = entry->capacity > 0 ? entry->capacity * 2 : 8;
        struct qv_effect *effects = qv_realloc_array(entry->effects, capacity, sizeof(*effects));
        if (effects == NULL)
            return QV_NO_MEMORY;
        entry->effects = effects;
        entry->capacity = capacity;
    }
    entry->effects[entry->count++] =
        (struct qv_effect){.kind = kind, .id = id, .envelope = envelope};
    return QV_OK;
}

static enum qv_status read_put(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                               struct qv_error *error)
{
    struct qv_str kind_name;
    bool has_kind = qv_str_split_next(&what, ':', &kind_name);
    enum qv_kind kind = has_kind ? qv_kind_parse(kind_name) : QV_KIND_COUNT;
    if (kind == QV_KIND_COUNT || what.length == 0 || value.length == 0)
        return qv_error_set(error, QV_INVALID, "it puts what is not known here: %.*s",
                            QV_STR_ARG(kind_name));
    return add_effect(entry, kind, what, value);
}

/* The lease of what the entry puts just before is that effect's own. */
static enum qv_status read_lease(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                                 struct qv_error *error)
{
    struct qv_str kind_name;
    uint64_t end;
    bool has_kind = qv_str_split_next(&what, ':', &kind_name);
    enum qv_kind kind = has_kind ? qv_kind_parse(kind_name) : QV_KIND_COUNT;
    if (kind != QV_KIND_CHAP || what.length == 0 || qv_str_to_uint(value, INT64_MAX, &end) != QV_OK)
        return qv_error_set(error, QV_INVALID, "it renews what is not known here: %.*s",
                            QV_STR_ARG(kind_name));
    struct qv_effect *last = entry->count > 0 ? &entry->effects[entry->count - 1] : NULL;
    if (last == NULL || last->envelope.length == 0 || last->kind != kind ||
        !qv_str_equal(last->id, what)) {
        QV_TRY(add_effect(entry, kind, what, (struct qv_str){0}));
        last = &entry->effects[entry->count - 1];
    }
    last->renews = true;
    last->lease_us = (int64_t)end;
    return QV_OK;
}

static enum qv_status read_del(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                               struct qv_error *error)
{
    enum qv_kind kind = qv_kind_parse(what);
    if (kind == QV_KIND_COUNT)
        return qv_error_set(error, QV_INVALID, "it removes what is not known here: %.*s",
                            QV_STR_ARG(what));
    struct qv_str id;
    while (qv_str_split_next(&value, '\n', &id))
        QV_TRY(add_effect(entry, kind, id, (struct qv_str){0}));
    return QV_OK;
}

static enum qv_status read_prev(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                                struct qv_error *error)
{
    (void)what;
    (void)error;
    entry->prev = value;
    return QV_OK;
}

static enum qv_status read_token(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                                 struct qv_error *error)
{
    (void)what;
    (void)error;
    entry->token = value;
    return QV_OK;
}

static enum qv_status read_nothing(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                                   struct qv_error *error)
{
    (void)entry;
    (void)what;
    (void)value;
    (void)error;
    return QV_OK;
}

static const struct {
    const char *name; /* with a colon at its end: the rest of the field's name says what */
    enum qv_status (*read)(struct qv_entry *entry, struct qv_str what, struct qv_str value,
                           struct qv_error *error);
} fields[] = {
    {"put:", read_put},    {"lease:", read_lease}, {"del:", read_del},     {"prev", read_prev},
    {"token", read_token}, {"at", read_nothing},   {"kind", read_nothing}, {"by", read_nothing},
};

static enum qv_status read_field(struct qv_entry *entry, struct qv_str name, struct qv_str value,
                                 struct qv_error *error)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct qv_str known = qv_str_from(fields[i].name);
        bool is_prefix = known.at[known.length - 1] == ':';
        if (is_prefix ? qv_str_starts_with(name, known) : qv_str_equal(name, known))
            return fields[i].read(entry, qv_str_part(name, known.length, SIZE_MAX), value, error);
    }
    return qv_error_set(error, QV_INVALID, "it has a field that is not known here: %.*s",
                        QV_STR_ARG(name));
}

static enum qv_status read_id(struct qv_str id, uint64_t *ret_revision, struct qv_error *error)
{
    struct qv_str number;
    struct qv_str rest = id;
    if (!qv_str_split_next(&rest, '-', &number) || !qv_str_equal(rest, QV_STR("0")) ||
        qv_str_to_uint(number, UINT64_MAX, ret_revision) != QV_OK)
        return qv_error_set(error, QV_INVALID, "its id is no revision: %.*s", QV_STR_ARG(id));
    return QV_OK;
}

enum qv_status qv_entry_read(const struct qv_reply *item, struct qv_entry *entry,
                             struct qv_error *error)
{
    entry->count = 0;
    entry->prev = entry->token = (struct qv_str){0};
    QV_TRY(read_id(qv_reply_text(item, 0), &entry->revision, error));
    const struct qv_reply *list = qv_reply_item(item, 1);
    if (list->kind != QV_REPLY_LIST)
        return qv_error_set(error, QV_INVALID, "it has no fields");
    for (size_t i = 0; i + 1 < list->count; i += 2)
        QV_TRY(read_field(entry, qv_reply_text(list, i), qv_reply_text(list, i + 1), error));
    return QV_OK;
}

void qv_entry_free(struct qv_entry *entry)
{
    qv_free(entry->effects);
    *entry = (struct qv_entry){0};
}

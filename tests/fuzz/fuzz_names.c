// links: domain
/*
 * Any text as a name, a version and an instance id, in every dialect: what is accepted is normal
 * already and consists of what it may, and an id that is taken apart is the same
 * when joined. Ids are ordered.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/names.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_name(const struct qv_dialect *dialect, struct qv_str raw)
{
    for (int entity = 0; entity < QV_ENTITY_COUNT; entity++) {
        QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0};
        qv_name_normalize(dialect, (enum qv_entity)entity, raw, &once);
        struct qv_str name = qv_buf_str(&once);
        if (qv_name_check(dialect, (enum qv_entity)entity, name, NULL) != QV_OK)
            continue;
        qv_name_normalize(dialect, (enum qv_entity)entity, name, &twice);
        MUST(qv_str_equal(name, qv_buf_str(&twice)));
        MUST(name.length > 0 && strchr("-_", name.at[name.length - 1]) == NULL);
        MUST(name.at[0] > '9' && name.at[0] != '_');
        for (size_t i = 0; i < name.length; i++)
            MUST((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '-' ||
                 (name.at[i] >= 'A' && name.at[i] <= 'Z') || name.at[i] == '_' ||
                 (name.at[i] >= '0' && name.at[i] <= '9'));
    }
}

static void check_version(const struct qv_dialect *dialect, struct qv_str raw)
{
    QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0};
    qv_version_normalize(raw, &once);
    struct qv_str version = qv_buf_str(&once);
    if (qv_version_check(dialect, version, NULL) != QV_OK)
        return;
    MUST(version.length >= 5 && version.length <= 14);
    qv_version_normalize(version, &twice);
    MUST(qv_str_equal(version, qv_buf_str(&twice)));
}

static void check_instance_id(const struct qv_dialect *dialect, struct qv_str raw)
{
    QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_instance_id_read(dialect, raw, &id, &error) != QV_OK) {
        MUST(id.text == NULL && error.message != NULL);
        return;
    }
    MUST(id.version.length > 0);
    QV_CLEANUP(qv_buf) struct qv_buf joined = {0};
    qv_instance_id_write(dialect, id.provider, id.definition, id.version, &joined);
    struct qv_str text = qv_buf_str(&joined);
    size_t parts = id.provider.length + id.definition.length + id.version.length;
    MUST(text.length == parts + 2 * strlen(qv_dialect_separator(dialect)));
    MUST(qv_str_equal(text, (struct qv_str){.at = id.text, .length = text.length}));
    MUST(qv_instance_id_check(dialect, text, NULL) == QV_OK);
    QV_CLEANUP(qv_instance_id) struct qv_instance_id again = {0};
    MUST(qv_instance_id_read(dialect, text, &again, NULL) == QV_OK);
    MUST(strcmp(again.text, id.text) == 0);
}

static void check_order(struct qv_str raw)
{
    struct qv_str front = qv_str_part(raw, 0, raw.length / 2);
    struct qv_str back = qv_str_part(raw, raw.length / 2, SIZE_MAX);
    int order = qv_instance_id_compare(front, back);
    MUST((order == 0) == qv_str_equal(front, back));
    MUST((order < 0) == (qv_instance_id_compare(back, front) > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str raw = {.at = (const char *)data, .length = size};
    const struct qv_dialect *dialects[] = {
        qv_dialect_get(QV_DIALECT_5_0),
        qv_dialect_get(QV_DIALECT_5_2),
        qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE),
    };
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        check_name(dialects[i], raw);
        check_version(dialects[i], raw);
        check_instance_id(dialects[i], raw);
    }
    check_order(raw);
    return 0;
}

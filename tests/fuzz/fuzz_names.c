// links: domain
/*
 * Any text as a name, a version and an instance id: normalizing twice changes nothing more, what
 * is accepted consists of what it may, and an id that is taken apart is the same when joined.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/names.h>
#include <stdio.h>
#include <stdlib.h>

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
        qv_name_normalize(dialect, (enum qv_entity)entity, name, &twice);
        MUST(qv_str_equal(name, qv_buf_str(&twice)));
        if (qv_name_check(dialect, (enum qv_entity)entity, name, NULL) != QV_OK)
            continue;
        MUST(name.length > 0 && name.at[name.length - 1] != '-');
        for (size_t i = 0; i < name.length; i++)
            MUST((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '-' ||
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
    size_t parts = id.provider.length + id.definition.length + id.version.length;
    MUST(joined.length == parts + 4);
    MUST(qv_str_equal(qv_buf_str(&joined), (struct qv_str){.at = id.text, .length = parts + 4}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str raw = {.at = (const char *)data, .length = size};
    const struct qv_dialect *dialect = qv_dialect_get(QV_DIALECT_5_0);
    check_name(dialect, raw);
    check_version(dialect, raw);
    check_instance_id(dialect, raw);
    return 0;
}

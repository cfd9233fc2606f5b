// links: domain
/*
 * A JSON list of a requirement and metadata: reading either refuses with words or gives a
 * requirement that can be asked; an allocation that fails leaves nothing behind.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/requirement.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check(json_t *object, const json_t *metadata, size_t fail_at)
{
    const struct qv_dialect *dialect = qv_dialect_get(QV_DIALECT_5_0);
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL, *other = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_requirement_read(dialect, object, &requirement, &error);
    MUST(status == QV_OK || status == QV_INVALID);
    MUST((requirement != NULL) == (status == QV_OK));
    if (requirement != NULL) {
        bool all = json_object_size(object) == 0;
        MUST(qv_requirement_matches(requirement, NULL) == all);
        bool matches = qv_requirement_matches(requirement, metadata);
        MUST(matches || !all);
    }
    qv_memory_fail_at(fail_at);
    enum qv_status again = qv_requirement_read(dialect, object, &other, NULL);
    qv_memory_fail_at(0);
    MUST(again == status || again == QV_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_json) json_t *list = NULL;
    if (qv_json_parse(text, 64, &list, NULL) == QV_OK)
        check(json_array_get(list, 0), json_array_get(list, 1), 1 + size % 13);
    return 0;
}

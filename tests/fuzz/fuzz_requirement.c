// links: domain
/*
 * A JSON list of a requirement and metadata: reading either refuses with words or gives a
 * requirement that can be asked, in bounded time whatever expressions it has; what dialect 5.0
 * takes 5.2 takes, too, and both say the same of it; a demand holds; an allocation that fails
 * leaves nothing behind.
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

static void check_demand(json_t *object, const json_t *metadata)
{
    const struct qv_dialect *dialect = qv_dialect_get(QV_DIALECT_5_2);
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    if (qv_requirement_read(dialect, object, &requirement, NULL) != QV_OK)
        return;
    MUST(qv_requirement_demand(dialect, requirement, "a") == QV_OK);
    MUST(!qv_requirement_matches(requirement, NULL));
    if (qv_requirement_matches(requirement, metadata))
        MUST(json_is_true(json_object_get(metadata, "a")));
}

static void check_other_dialect(json_t *object, const json_t *metadata, bool matches)
{
    QV_CLEANUP(qv_requirement) struct qv_requirement *other = NULL;
    MUST(qv_requirement_read(qv_dialect_get(QV_DIALECT_5_2), object, &other, NULL) == QV_OK);
    MUST(qv_requirement_matches(other, metadata) == matches);
}

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
        check_other_dialect(object, metadata, matches);
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
    check_demand(json_array_get(list, 0), json_array_get(list, 1));
    return 0;
}

// links: base
/*
 * JSON of any bytes: what is read is written and read again as the same value and the same text;
 * jansson's own loader agrees about what is JSON; lack of memory never passes for something else.
 */
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 64

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void survives_a_round(const json_t *value)
{
    QV_CLEANUP(qv_buf) struct qv_buf first = {0}, second = {0};
    QV_CLEANUP(qv_json) json_t *again = NULL;
    qv_json_write(&first, value);
    MUST(qv_json_parse(qv_buf_str(&first), DEPTH, &again, NULL) == QV_OK);
    MUST(qv_json_equal(value, again));
    qv_json_write(&second, again);
    MUST(qv_str_equal(qv_buf_str(&first), qv_buf_str(&second)));
}

static void agrees_with_jansson(struct qv_str text, const json_t *value,
                                const struct qv_error *error)
{
    if (error->status != QV_OK && strstr(qv_error_message(error), "nested too deeply") != NULL)
        return;
    if (qv_str_starts_with(text, QV_STR("\xEF\xBB\xBF")))
        text = qv_str_part(text, 3, SIZE_MAX);
    if (qv_str_find(text, '\0') != SIZE_MAX) {
        MUST(value == NULL); /* theirs takes a NUL for the end */
        return;
    }
    QV_CLEANUP(qv_json)
    json_t *theirs = json_loadb(text.length > 0 ? text.at : "", text.length,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    MUST((value == NULL) == (theirs == NULL));
    MUST(value == NULL || qv_json_equal(value, theirs));
}

static void bears_lack_of_memory(struct qv_str text, enum qv_status expected)
{
    QV_CLEANUP(qv_json) json_t *value = NULL;
    qv_memory_fail_at(1 + text.length % 23);
    enum qv_status status = qv_json_parse(text, DEPTH, &value, NULL);
    qv_memory_fail_at(0);
    MUST(status == expected || status == QV_NO_MEMORY);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    qv_memory_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_json_parse(text, DEPTH, &value, &error);
    MUST(status == QV_OK || status == QV_INVALID);
    MUST((status == QV_OK) == (value != NULL));
    if (value != NULL)
        survives_a_round(value);
    agrees_with_jansson(text, value, &error);
    bears_lack_of_memory(text, status);
    return 0;
}

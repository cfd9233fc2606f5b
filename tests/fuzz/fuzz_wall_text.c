// links: base
/*
 * Times as text: whatever is read is written as a text that is read as the same instant, and so
 * is every instant of the years that can be written.
 */
#include <quiver/base/clock.h>
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

static void survives_a_round(struct qv_wall at)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    struct qv_wall again;
    qv_wall_write(&text, at, QV_WALL_EXACT);
    MUST(qv_wall_parse(qv_buf_str(&text), &again) == QV_OK);
    MUST(qv_wall_compare(at, again) == 0);
    int64_t ms = qv_wall_to_ms(at);
    if (ms > INT64_MIN && ms < INT64_MAX)
        MUST(qv_wall_compare(qv_wall_from_ms(ms), at) <= 0);
}

/* An offset may lead a second beyond the years that have a text. */
static bool has_text(struct qv_wall at)
{
    const int64_t longest = INT64_C(31556889832780799);
    return at.seconds <= longest && at.seconds >= -longest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_wall at;
    if (qv_wall_parse((struct qv_str){.at = (const char *)data, .length = size}, &at) == QV_OK) {
        MUST(at.nanoseconds >= 0 && at.nanoseconds <= 999999999);
        if (has_text(at))
            survives_a_round(at);
    }
    uint32_t nanoseconds;
    if (size >= sizeof(at.seconds) + sizeof(nanoseconds)) {
        memcpy(&at.seconds, data, sizeof(at.seconds));
        memcpy(&nanoseconds, data + sizeof(at.seconds), sizeof(nanoseconds));
        at.nanoseconds = (int32_t)(nanoseconds % 1000000000);
        if (has_text(at))
            survives_a_round(at);
    }
    return 0;
}

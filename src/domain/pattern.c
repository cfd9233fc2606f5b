/*
 * Patterns, by PCRE2.
 *
 * A pattern comes from a caller and is asked of every candidate of a lookup, so each is bounded:
 * its length, its compiled size, the steps and the memory of a match. JIT is not used: it costs
 * more to compile than a lookup's few matches save, and knows no depth limit. `\C` is refused
 * because it can look into the middle of a character. All memory is qv_alloc's.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"
#include <pcre2.h>
#include <quiver/base/memory.h>

/* One match: a millisecond of a usual text, some of a long one, at the most. */
#define STEPS_MAX     50000
#define DEPTH_MAX     2000
#define HEAP_KIB_MAX  4096
#define BRACKETS_MAX  100 /* parentheses in parentheses, which the compiler follows by recursion */
#define UTF8_SIZE_MAX 4

struct qv_pattern {
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void *allocate(PCRE2_SIZE size, void *data)
{
    (void)data;
    return qv_realloc_array(NULL, size, 1); /* a match takes 20 KiB: not zeroed */
}

static void release(void *memory, void *data)
{
    (void)data;
    qv_free(memory);
}

static uint32_t options_of(unsigned kind)
{
    static const struct {
        unsigned kind;
        uint32_t option;
    } options[] = {
        {QV_PATTERN_LITERAL, PCRE2_LITERAL},
        {QV_PATTERN_FOLDED, PCRE2_CASELESS},
        {QV_PATTERN_START, PCRE2_ANCHORED},
        {QV_PATTERN_END, PCRE2_ENDANCHORED},
    };
    uint32_t all = PCRE2_UTF;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        all |= (kind & options[i].kind) != 0 ? options[i].option : 0;
    return (kind & QV_PATTERN_LITERAL) != 0 ? all : all | PCRE2_NEVER_BACKSLASH_C;
}

static PCRE2_SPTR bytes(struct qv_str text)
{
    return (PCRE2_SPTR)(text.at != NULL ? text.at : "");
}

/* ---- compiling ---- */

static enum qv_status compile(struct qv_str text, uint32_t options, pcre2_general_context *memory,
                              pcre2_code **ret_code)
{
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    if (context == NULL)
        return QV_NO_MEMORY;
    pcre2_set_max_pattern_length(context, QV_PATTERN_LENGTH_MAX);
    pcre2_set_parens_nest_limit(context, BRACKETS_MAX);
    /* A dot is no line's end of Unicode's, nearly as in Java. */
    pcre2_set_newline(context, PCRE2_NEWLINE_ANY);
    int fault;
    PCRE2_SIZE place;
    pcre2_code *code = pcre2_compile(bytes(text), text.length, options, &fault, &place, context);
    pcre2_compile_context_free(context);
    if (code == NULL)
        return fault == PCRE2_ERROR_HEAP_FAILED ? QV_NO_MEMORY : QV_INVALID;
    *ret_code = code;
    return QV_OK;
}

static pcre2_match_context *make_limits(pcre2_general_context *memory)
{
    pcre2_match_context *limits = pcre2_match_context_create(memory);
    if (limits == NULL)
        return NULL;
    pcre2_set_match_limit(limits, STEPS_MAX);
    pcre2_set_depth_limit(limits, DEPTH_MAX);
    pcre2_set_heap_limit(limits, HEAP_KIB_MAX);
    return limits;
}

static enum qv_status fill(struct qv_pattern *pattern, struct qv_str text, unsigned kind)
{
    pcre2_general_context *memory = pcre2_general_context_create(allocate, release, NULL);
    if (memory == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = compile(text, options_of(kind), memory, &pattern->code);
    if (status == QV_OK) {
        pattern->limits = make_limits(memory);
        status = pattern->limits != NULL ? QV_OK : QV_NO_MEMORY;
    }
    pcre2_general_context_free(memory);
    return status;
}

enum qv_status qv_pattern_read(struct qv_str text, unsigned kind, struct qv_pattern **ret_pattern)
{
    QV_CLEANUP(qv_pattern) struct qv_pattern *pattern = qv_alloc(sizeof(*pattern));
    if (pattern == NULL)
        return QV_NO_MEMORY;
    QV_TRY(fill(pattern, text, kind));
    *ret_pattern = pattern;
    pattern = NULL;
    return QV_OK;
}

void qv_pattern_free(struct qv_pattern **pattern)
{
    if (pattern == NULL || *pattern == NULL)
        return;
    pcre2_match_context_free((*pattern)->limits);
    pcre2_code_free((*pattern)->code);
    qv_free(*pattern);
    *pattern = NULL;
}

/* ---- matching ---- */

enum qv_status qv_pattern_find(const struct qv_pattern *pattern, struct qv_str text,
                               bool *ret_found)
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    if (data == NULL)
        return QV_NO_MEMORY;
    int found = pcre2_match(pattern->code, bytes(text), text.length, 0, 0, data, pattern->limits);
    pcre2_match_data_free(data);
    if (found == PCRE2_ERROR_NOMEMORY)
        return QV_NO_MEMORY;
    if (found < 0 && found != PCRE2_ERROR_NOMATCH)
        return QV_INVALID;
    *ret_found = found >= 0;
    return QV_OK;
}

/* ---- letter case ---- */

/* `to` has room for four times the text, the most that UTF-8 can need. */
static int put_in_case(const struct qv_pattern *letters, struct qv_str text, bool upper, char *to,
                       PCRE2_SIZE *size)
{
    PCRE2_SPTR form = (PCRE2_SPTR)(upper ? "\\U$0" : "\\L$0");
    return pcre2_substitute(letters->code, bytes(text), text.length, 0,
                            PCRE2_SUBSTITUTE_EXTENDED | PCRE2_SUBSTITUTE_GLOBAL, NULL,
                            letters->limits, form, PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)to, size);
}

void qv_pattern_put_case(struct qv_str text, bool upper, struct qv_buf *buf)
{
    QV_CLEANUP(qv_pattern) struct qv_pattern *letters = NULL;
    char *to = qv_alloc_array(text.length + 1, UTF8_SIZE_MAX);
    int replaced = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE size = (text.length + 1) * UTF8_SIZE_MAX;
    if (to != NULL && qv_pattern_read(QV_STR("\\p{L}+"), 0, &letters) == QV_OK)
        replaced = put_in_case(letters, text, upper, to, &size);
    if (replaced == PCRE2_ERROR_NOMEMORY)
        buf->failed = true;
    else
        qv_buf_put(buf, replaced >= 0 ? (struct qv_str){.at = to, .length = size} : text);
    qv_free(to);
}

/*
 * Reads JSON text (RFC 8259) into jansson's values.
 *
 * The reader is our own and not json_loadb: that one takes a text with bytes missing for the whole
 * when memory runs out (measured), quotes the client's bytes in its messages, and bounds depth
 * only by a limit of its own. tests/fuzz/fuzz_json.c holds the two against each other.
 *
 * Holds always: recursion is bounded by max_depth; every fault names its place; whatever was
 * built when a fault is met is freed. Any thread.
 */
#include "json_lex.h"

static enum qv_status read_value(struct qv_json_lex *lex, json_t **ret_value);

/* Counts one level down; the caller counts it up again when it is through. */
static enum qv_status enter(struct qv_json_lex *lex)
{
    if (lex->levels_left == 0)
        return qv_json_lex_fault(lex, lex->at, "nested too deeply");
    lex->levels_left--;
    lex->at++;
    qv_json_lex_skip_blanks(lex);
    return QV_OK;
}

/* Behind an item: a comma leads to the next, `close` ends the whole. */
static enum qv_status read_separator(struct qv_json_lex *lex, char close, bool *ret_more)
{
    qv_json_lex_skip_blanks(lex);
    if (!qv_json_lex_next_is(lex, ',') && !qv_json_lex_next_is(lex, close))
        return qv_json_lex_unexpected(lex);
    *ret_more = *lex->at++ == ',';
    if (*ret_more)
        qv_json_lex_skip_blanks(lex);
    return QV_OK;
}

static enum qv_status read_array(struct qv_json_lex *lex, json_t **ret_value)
{
    QV_TRY(enter(lex));
    QV_CLEANUP(qv_json) json_t *array = json_array();
    if (array == NULL)
        return qv_json_lex_no_memory(lex);
    for (bool more = !qv_json_lex_take(lex, ']'); more;) {
        json_t *item;
        QV_TRY(read_value(lex, &item));
        if (json_array_append_new(array, item) != 0)
            return qv_json_lex_no_memory(lex);
        QV_TRY(read_separator(lex, ']', &more));
    }
    lex->levels_left++;
    *ret_value = array;
    array = NULL;
    return QV_OK;
}

static enum qv_status read_member(struct qv_json_lex *lex, json_t *object)
{
    QV_CLEANUP(qv_buf) struct qv_buf decoded = {0};
    struct qv_str key;
    const char *place = lex->at;
    if (!qv_json_lex_next_is(lex, '"'))
        return qv_json_lex_unexpected(lex);
    QV_TRY(qv_json_lex_text(lex, &decoded, &key));
    if (!lex->lenient && json_object_getn(object, key.length > 0 ? key.at : "", key.length) != NULL)
        return qv_json_lex_fault(lex, place, "member given twice");
    qv_json_lex_skip_blanks(lex);
    if (!qv_json_lex_take(lex, ':'))
        return qv_json_lex_unexpected(lex);
    qv_json_lex_skip_blanks(lex);
    json_t *value;
    QV_TRY(read_value(lex, &value));
    if (json_object_setn_new_nocheck(object, key.length > 0 ? key.at : "", key.length, value) != 0)
        return qv_json_lex_no_memory(lex);
    return QV_OK;
}

static enum qv_status read_object(struct qv_json_lex *lex, json_t **ret_value)
{
    QV_TRY(enter(lex));
    QV_CLEANUP(qv_json) json_t *object = json_object();
    if (object == NULL)
        return qv_json_lex_no_memory(lex);
    for (bool more = !qv_json_lex_take(lex, '}'); more;) {
        QV_TRY(read_member(lex, object));
        QV_TRY(read_separator(lex, '}', &more));
    }
    lex->levels_left++;
    *ret_value = object;
    object = NULL;
    return QV_OK;
}

/* ---- any value ---- */

static enum qv_status read_word(struct qv_json_lex *lex, json_t **ret_value)
{
    static const struct {
        struct qv_str word;
        json_t *(*make)(void);
    } words[] = {
        {{"true", 4}, json_true},
        {{"false", 5}, json_false},
        {{"null", 4}, json_null},
    };
    struct qv_str rest = {.at = lex->at, .length = (size_t)(lex->end - lex->at)};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!qv_str_starts_with(rest, words[i].word))
            continue;
        lex->at += words[i].word.length;
        *ret_value = words[i].make();
        return QV_OK;
    }
    return qv_json_lex_unexpected(lex);
}

static enum qv_status read_value(struct qv_json_lex *lex, json_t **ret_value)
{
    switch (lex->at < lex->end ? *lex->at : '\0') {
    case '{': return read_object(lex, ret_value);
    case '[': return read_array(lex, ret_value);
    case '"': return qv_json_lex_string(lex, ret_value);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return qv_json_lex_number(lex, ret_value);
    default: return read_word(lex, ret_value);
    }
}

static enum qv_status check_encoding(const struct qv_json_lex *lex)
{
    struct qv_str text = {.at = lex->start, .length = (size_t)(lex->end - lex->start)};
    if (qv_str_is_utf8(text))
        return QV_OK;
    uint32_t ignored;
    size_t length;
    while ((length = qv_str_next_code_point(text, &ignored)) > 0)
        text = qv_str_part(text, length, SIZE_MAX);
    return qv_json_lex_fault(lex, text.at, "bytes that are not UTF-8");
}

static enum qv_status parse(struct qv_str text, struct qv_json_lex *lex, json_t **ret_value)
{
    if (qv_str_starts_with(text, QV_STR("\xEF\xBB\xBF")))
        text = qv_str_part(text, 3, SIZE_MAX);
    lex->start = lex->at = text.length > 0 ? text.at : "";
    lex->end = lex->start + text.length;
    QV_TRY(check_encoding(lex));
    qv_json_lex_skip_blanks(lex);
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_TRY(read_value(lex, &value));
    qv_json_lex_skip_blanks(lex);
    if (lex->at != lex->end)
        return qv_json_lex_fault(lex, lex->at, "text behind the end");
    *ret_value = value;
    value = NULL;
    return QV_OK;
}

enum qv_status qv_json_parse(struct qv_str text, size_t max_depth, json_t **ret_value,
                             struct qv_error *error)
{
    struct qv_json_lex lex = {.levels_left = max_depth, .error = error};
    return parse(text, &lex, ret_value);
}

enum qv_status qv_json_parse_lenient(struct qv_str text, size_t max_depth, json_t **ret_value,
                                     size_t *ret_fault_at, struct qv_error *error)
{
    struct qv_json_lex lex = {
        .levels_left = max_depth, .lenient = true, .fault_at = ret_fault_at, .error = error};
    return parse(text, &lex, ret_value);
}

/*
 * Strings and numbers of JSON text (RFC 8259 sections 6 and 7), and the place of a fault.
 *
 * Holds always: nothing reads at or behind `end`; a number is read by the C locale's rules,
 * whatever the process's are; a fault's message has none of the client's bytes. One thread.
 */
#include "json_lex.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where something stands, in characters. */
struct place {
    size_t line, column; /* from 1 */
    size_t index;        /* from 0, line ends counted */
};

static struct place locate(const struct qv_json_lex *lex, const char *at)
{
    struct place place = {.line = 1, .column = 1};
    for (const char *c = lex->start; c < at; c++) {
        if (((unsigned char)*c & 0xC0) == 0x80)
            continue;
        place.index++;
        place.column = *c == '\n' ? 1 : place.column + 1;
        place.line += *c == '\n';
    }
    return place;
}

enum qv_status qv_json_lex_fault(const struct qv_json_lex *lex, const char *at, const char *reason)
{
    struct place place = locate(lex, at);
    if (lex->fault_at != NULL)
        *lex->fault_at = place.index;
    return qv_error_set(lex->error, QV_INVALID, "malformed JSON: %s at line %zu, column %zu",
                        reason, place.line, place.column);
}

enum qv_status qv_json_lex_no_memory(const struct qv_json_lex *lex)
{
    return qv_error_set(lex->error, QV_NO_MEMORY, "out of memory");
}

enum qv_status qv_json_lex_unexpected(const struct qv_json_lex *lex)
{
    return qv_json_lex_fault(lex, lex->at,
                             lex->at == lex->end ? "unexpected end" : "unexpected character");
}

void qv_json_lex_skip_blanks(struct qv_json_lex *lex)
{
    while (lex->at < lex->end &&
           (*lex->at == ' ' || *lex->at == '\n' || *lex->at == '\r' || *lex->at == '\t'))
        lex->at++;
}

bool qv_json_lex_next_is(const struct qv_json_lex *lex, char c)
{
    return lex->at < lex->end && *lex->at == c;
}

bool qv_json_lex_take(struct qv_json_lex *lex, char c)
{
    if (!qv_json_lex_next_is(lex, c))
        return false;
    lex->at++;
    return true;
}

/* ---- text ---- */

/* The four digits behind \u. */
static bool take_unit(struct qv_json_lex *lex, uint32_t *ret_unit)
{
    if (lex->end - lex->at < 4)
        return false;
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = qv_hex_digit(lex->at[i]);
        if (digit < 0)
            return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    lex->at += 4;
    *ret_unit = unit;
    return true;
}

static void put_code_point(struct qv_buf *buf, uint32_t c)
{
    if (c < 0x80) {
        qv_buf_put_char(buf, (char)c);
        return;
    }
    if (c < 0x800) {
        qv_buf_put_char(buf, (char)(0xC0 | c >> 6));
    } else {
        if (c < 0x10000) {
            qv_buf_put_char(buf, (char)(0xE0 | c >> 12));
        } else {
            qv_buf_put_char(buf, (char)(0xF0 | c >> 18));
            qv_buf_put_char(buf, (char)(0x80 | (c >> 12 & 0x3F)));
        }
        qv_buf_put_char(buf, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    qv_buf_put_char(buf, (char)(0x80 | (c & 0x3F)));
}

/* Behind "\u": one unit, or two that are a surrogate pair (RFC 8259 section 7). */
static enum qv_status read_unicode_escape(struct qv_json_lex *lex, struct qv_buf *decoded)
{
    const char *escape = lex->at - 2;
    uint32_t high, low;
    if (!take_unit(lex, &high))
        return qv_json_lex_fault(lex, escape, "invalid \\u escape");
    if (high == 0 && !lex->lenient)
        return qv_json_lex_fault(lex, escape, "NUL character");
    if (high < 0xD800 || high > 0xDFFF) {
        put_code_point(decoded, high);
        return QV_OK;
    }
    if (high > 0xDBFF || !qv_json_lex_take(lex, '\\') || !qv_json_lex_take(lex, 'u') ||
        !take_unit(lex, &low) || low < 0xDC00 || low > 0xDFFF)
        return qv_json_lex_fault(lex, escape, "lone surrogate");
    put_code_point(decoded, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    return QV_OK;
}

static enum qv_status read_escape(struct qv_json_lex *lex, struct qv_buf *decoded)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    lex->at++;
    if (lex->at == lex->end)
        return qv_json_lex_unexpected(lex);
    char letter = *lex->at++;
    if (letter == 'u')
        return read_unicode_escape(lex, decoded);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL)
        return qv_json_lex_fault(lex, lex->at - 2, "invalid escape");
    qv_buf_put_char(decoded, meanings[found - letters]);
    return QV_OK;
}

/* Moves to what ends a run of plain characters: a quote, a backslash, a control, the end. */
static struct qv_str take_plain(struct qv_json_lex *lex)
{
    const char *from = lex->at;
    while (lex->at < lex->end && *lex->at != '"' && *lex->at != '\\' &&
           (unsigned char)*lex->at >= ' ')
        lex->at++;
    return (struct qv_str){.at = from, .length = (size_t)(lex->at - from)};
}

enum qv_status qv_json_lex_text(struct qv_json_lex *lex, struct qv_buf *decoded,
                                struct qv_str *ret_text)
{
    lex->at++;
    struct qv_str plain = take_plain(lex);
    if (qv_json_lex_take(lex, '"')) {
        *ret_text = plain;
        return QV_OK;
    }
    for (;;) {
        qv_buf_put(decoded, plain);
        if (qv_json_lex_next_is(lex, '\\'))
            QV_TRY(read_escape(lex, decoded));
        else if (qv_json_lex_take(lex, '"'))
            break;
        else if (lex->at == lex->end)
            return qv_json_lex_unexpected(lex);
        else
            return qv_json_lex_fault(lex, lex->at, "control character in a string");
        plain = take_plain(lex);
    }
    if (qv_buf_status(decoded) != QV_OK)
        return qv_json_lex_no_memory(lex);
    *ret_text = qv_buf_str(decoded);
    return QV_OK;
}

static enum qv_status finish(const struct qv_json_lex *lex, json_t *value, json_t **ret_value)
{
    if (value == NULL)
        return qv_json_lex_no_memory(lex);
    *ret_value = value;
    return QV_OK;
}

enum qv_status qv_json_lex_string(struct qv_json_lex *lex, json_t **ret_value)
{
    QV_CLEANUP(qv_buf) struct qv_buf decoded = {0};
    struct qv_str text;
    QV_TRY(qv_json_lex_text(lex, &decoded, &text));
    return finish(lex, json_stringn_nocheck(text.length > 0 ? text.at : "", text.length),
                  ret_value);
}

/* ---- numbers ---- */

static bool take_digits(struct qv_json_lex *lex)
{
    const char *from = lex->at;
    while (lex->at < lex->end && *lex->at >= '0' && *lex->at <= '9')
        lex->at++;
    return lex->at > from;
}

/* Moves behind a number as the grammar has it; tells whether it is a real. */
static bool take_number(struct qv_json_lex *lex, bool *ret_real)
{
    *ret_real = false;
    qv_json_lex_take(lex, '-');
    if (!qv_json_lex_take(lex, '0') && !take_digits(lex))
        return false;
    if (qv_json_lex_take(lex, '.')) {
        *ret_real = true;
        if (!take_digits(lex))
            return false;
    }
    if (qv_json_lex_take(lex, 'e') || qv_json_lex_take(lex, 'E')) {
        *ret_real = true;
        if (!qv_json_lex_take(lex, '+'))
            qv_json_lex_take(lex, '-');
        return take_digits(lex);
    }
    return true;
}

static enum qv_status read_real(const struct qv_json_lex *lex, struct qv_str digits,
                                json_t **ret_value)
{
    /* strtod wants an end; the locale is named, for the process's may have a decimal comma. */
    QV_CLEANUP(qv_buf) struct qv_buf ended = {0};
    qv_buf_put(&ended, digits);
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (qv_buf_status(&ended) != QV_OK || plain == (locale_t)0)
        return qv_json_lex_no_memory(lex);
    double value = strtod_l(ended.at, NULL, plain);
    freelocale(plain);
    if (isinf(value))
        return qv_json_lex_fault(lex, digits.at, "number too large");
    return finish(lex, json_real(value), ret_value);
}

static enum qv_status read_integer(const struct qv_json_lex *lex, struct qv_str digits,
                                   json_t **ret_value)
{
    bool negative = digits.at[0] == '-';
    json_int_t value = 0;
    for (size_t i = negative ? 1 : 0; i < digits.length; i++) {
        json_int_t digit = digits.at[i] - '0';
        /* Built on the side of its sign: the smallest has no positive counterpart. */
        if (__builtin_mul_overflow(value, (json_int_t)10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return qv_json_lex_fault(lex, digits.at, "integer beyond 64 bits");
    }
    return finish(lex, json_integer(value), ret_value);
}

enum qv_status qv_json_lex_number(struct qv_json_lex *lex, json_t **ret_value)
{
    const char *from = lex->at;
    bool real;
    if (!take_number(lex, &real))
        return qv_json_lex_unexpected(lex);
    struct qv_str digits = {.at = from, .length = (size_t)(lex->at - from)};
    return real ? read_real(lex, digits, ret_value) : read_integer(lex, digits, ret_value);
}

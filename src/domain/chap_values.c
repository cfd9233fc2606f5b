/*
 * Integers and booleans of a CHAP registration, which may come as other kinds of values (spec/
 * chap-registration B1.4): " 1_000 ", "7.0", 12.0 and true are integers; "Yes", 1 and 0.0 are
 * booleans. Pure; any thread.
 */
#include "chap_values.h"
#include "text.h"
#include <math.h>

/* 2^63: what a real must stay below, on both sides, to be an integer of 64 bits here. */
#define INTEGER_BOUND 9223372036854775808.0

/* ---- blanks ---- */

static const struct {
    uint32_t first, last;
} blanks[] = {
    {0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

bool qv_chap_is_blank(uint32_t code_point)
{
    for (size_t i = 0; i < QV_COUNT_OF(blanks); i++) {
        if (code_point >= blanks[i].first && code_point <= blanks[i].last)
            return true;
    }
    return false;
}

struct qv_str qv_chap_trim(struct qv_str text)
{
    size_t from = 0, to = 0;
    bool inside = false;
    for (size_t i = 0, length; i < text.length; i += length) {
        uint32_t c = 0;
        length = qv_str_next_code_point(qv_str_part(text, i, SIZE_MAX), &c);
        bool blank = length > 0 && qv_chap_is_blank(c);
        if (length == 0)
            length = 1; /* not of UTF-8, so no blank */
        if (blank)
            continue;
        from = inside ? from : i;
        inside = true;
        to = i + length;
    }
    return qv_str_part(text, from, to - from);
}

/* ---- integers ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits with single underscores between them from the front of `rest`; false where there
 * are none. `*fits` becomes false where the number is beyond 64 bits. */
static bool take_digits(struct qv_str *rest, bool negative, json_int_t *value, bool *fits)
{
    size_t i = 0;
    for (bool digit = false; i < rest->length; i++) {
        char c = rest->at[i];
        if (!is_digit(c) && !(c == '_' && digit))
            break;
        digit = is_digit(c);
        if (!digit)
            continue;
        /* Built on the side of its sign: the smallest has no positive counterpart. */
        json_int_t unit = negative ? -(c - '0') : c - '0';
        *fits = *fits && !__builtin_mul_overflow(*value, (json_int_t)10, value) &&
                !__builtin_add_overflow(*value, unit, value);
    }
    bool ended = i > 0 && is_digit(rest->at[i - 1]);
    *rest = qv_str_part(*rest, i, SIZE_MAX);
    return ended;
}

/* What may stand behind the digits: nothing, or a fraction that is zero. */
static bool is_zero_fraction(struct qv_str rest)
{
    if (rest.length == 0)
        return true;
    if (rest.length == 1 || rest.at[0] != '.')
        return false;
    for (size_t i = 1; i < rest.length; i++) {
        if (rest.at[i] != '0')
            return false;
    }
    return true;
}

static enum qv_chap_fault integer_from_text(struct qv_str text, json_int_t *ret_integer)
{
    struct qv_str rest = qv_chap_trim(text);
    bool negative = rest.length > 0 && rest.at[0] == '-', fits = true;
    if (negative || (rest.length > 0 && rest.at[0] == '+'))
        rest = qv_str_part(rest, 1, SIZE_MAX);
    json_int_t value = 0;
    if (!take_digits(&rest, negative, &value, &fits) || !is_zero_fraction(rest))
        return QV_CHAP_FAULT_INTEGER_TEXT;
    if (!fits)
        return QV_CHAP_FAULT_INTEGER_SIZE;
    *ret_integer = value;
    return QV_CHAP_FAULT_NONE;
}

static enum qv_chap_fault integer_from_real(double real, json_int_t *ret_integer)
{
    if (trunc(real) != real)
        return QV_CHAP_FAULT_INTEGER_FRACTION;
    if (!(fabs(real) < INTEGER_BOUND))
        return QV_CHAP_FAULT_INTEGER_SIZE;
    *ret_integer = (json_int_t)real;
    return QV_CHAP_FAULT_NONE;
}

enum qv_chap_fault qv_chap_integer_read(const json_t *value, json_int_t *ret_integer)
{
    if (json_is_string(value))
        return integer_from_text(qv_json_str(value), ret_integer);
    if (json_is_real(value))
        return integer_from_real(json_real_value(value), ret_integer);
    if (!json_is_integer(value) && !json_is_boolean(value))
        return QV_CHAP_FAULT_INTEGER_TYPE;
    *ret_integer = json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
    return QV_CHAP_FAULT_NONE;
}

/* ---- booleans ---- */

static const char *const words_of_true[] = {"1", "true", "t", "yes", "y", "on", NULL};
static const char *const words_of_false[] = {"0", "false", "f", "no", "n", "off", NULL};

static enum qv_chap_fault boolean_from_text(struct qv_str text, bool *ret_boolean)
{
    bool yes = qv_text_find(words_of_true, text, true) != NULL;
    if (!yes && qv_text_find(words_of_false, text, true) == NULL)
        return QV_CHAP_FAULT_BOOLEAN_VALUE;
    *ret_boolean = yes;
    return QV_CHAP_FAULT_NONE;
}

enum qv_chap_fault qv_chap_boolean_read(const json_t *value, bool *ret_boolean)
{
    if (json_is_string(value))
        return boolean_from_text(qv_json_str(value), ret_boolean);
    json_int_t integer = 0;
    if (json_is_real(value)
            ? integer_from_real(json_real_value(value), &integer) != QV_CHAP_FAULT_NONE
            : qv_chap_integer_read(value, &integer) != QV_CHAP_FAULT_NONE)
        return QV_CHAP_FAULT_BOOLEAN_TYPE;
    if (integer != 0 && integer != 1)
        return QV_CHAP_FAULT_BOOLEAN_VALUE;
    *ret_boolean = integer == 1;
    return QV_CHAP_FAULT_NONE;
}

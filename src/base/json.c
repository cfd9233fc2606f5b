/*
 * Writes jansson's values as compact JSON, and small helpers on them.
 *
 * Holds always: what is written reads as an equal value again (reals included, in every locale);
 * runs of characters that need no escape are copied at once, because answers are mostly that; the
 * text is UTF-8 whatever bytes came in, so no caller has to look at what a client sent.
 * Any thread.
 */
#include <math.h>
#include <quiver/base/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_SIZE 40

void qv_json_free(json_t **value)
{
    if (value == NULL)
        return;
    json_decref(*value);
    *value = NULL;
}

/* What stands for a byte that is not of UTF-8: U+FFFD. */
#define REPLACEMENT "\xEF\xBF\xBD"

/* How many bytes at `from` are written as they are: a character; 0 where it must be written
 * otherwise. */
static size_t plain_length(struct qv_str text, size_t from)
{
    unsigned char c = (unsigned char)text.at[from];
    uint32_t ignored;
    if (c >= 0x80)
        return qv_str_next_code_point(qv_str_part(text, from, SIZE_MAX), &ignored);
    return c >= ' ' && c != '"' && c != '\\' ? 1 : 0;
}

static void write_escape(struct qv_buf *buf, unsigned char c)
{
    if (c >= 0x80) {
        qv_buf_put_text(buf, REPLACEMENT);
        return;
    }
    static const char letters[] = "\"\\bfnrt";
    static const char meanings[] = "\"\\\b\f\n\r\t";
    const char *found = c != '\0' ? strchr(meanings, c) : NULL;
    if (found == NULL) {
        qv_buf_printf(buf, "\\u%04x", c);
        return;
    }
    qv_buf_put_char(buf, '\\');
    qv_buf_put_char(buf, letters[found - meanings]);
}

void qv_json_write_str(struct qv_buf *buf, struct qv_str text)
{
    qv_buf_reserve(buf, text.length + 2);
    qv_buf_put_char(buf, '"');
    size_t done = 0;
    for (size_t i = 0; i < text.length;) {
        size_t plain = plain_length(text, i);
        i += plain;
        if (plain > 0)
            continue;
        qv_buf_put(buf, qv_str_part(text, done, i - done));
        write_escape(buf, (unsigned char)text.at[i++]);
        done = i;
    }
    qv_buf_put(buf, qv_str_part(text, done, SIZE_MAX));
    qv_buf_put_char(buf, '"');
}

static void write_key(struct qv_buf *buf, bool *first, struct qv_str key)
{
    if (!*first)
        qv_buf_put_char(buf, ',');
    *first = false;
    qv_json_write_str(buf, key);
    qv_buf_put_char(buf, ':');
}

void qv_json_write_key(struct qv_buf *buf, bool *first, const char *key)
{
    write_key(buf, first, qv_str_from(key));
}

static void write_integer(struct qv_buf *buf, json_int_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    unsigned long long rest = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *--at = '-';
    qv_buf_put(buf, (struct qv_str){.at = at, .length = (size_t)(digits + sizeof(digits) - at)});
}

/* The shortest of 15 to 17 significant digits that reads as the same double. */
static void format_real(double value, char text[REAL_SIZE])
{
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, REAL_SIZE, "%.*g", precision, value);
        if (strtod(text, NULL) == value) /* same locale as snprintf's, so it reads its comma */
            return;
    }
}

static void write_real(struct qv_buf *buf, double value)
{
    if (!isfinite(value)) {
        qv_buf_put_text(buf, "null"); /* JSON has no such number, and jansson makes none */
        return;
    }
    char text[REAL_SIZE];
    format_real(value, text);
    size_t whole = strspn(text, "-0123456789");
    qv_buf_put(buf, (struct qv_str){.at = text, .length = whole});
    /* A real stays recognizable as one: 1000.0, 1.0e+22. */
    const char *rest = text + whole;
    qv_buf_put_char(buf, '.');
    if (*rest == '\0' || *rest == 'e')
        qv_buf_put_char(buf, '0');
    else
        rest += strcspn(rest, "0123456789"); /* behind the locale's decimal point */
    qv_buf_put_text(buf, rest);
}

static void write_array(struct qv_buf *buf, const json_t *array)
{
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_json_write(buf, json_array_get(array, i));
    }
    qv_buf_put_char(buf, ']');
}

static void write_object(struct qv_buf *buf, const json_t *object)
{
    /* Iterating changes nothing, but jansson's iterator is declared for changing too. */
    json_t *members = (json_t *)(uintptr_t)object;
    bool first = true;
    qv_buf_put_char(buf, '{');
    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        write_key(buf, &first,
                  (struct qv_str){.at = json_object_iter_key(at),
                                  .length = json_object_iter_key_len(at)});
        qv_json_write(buf, json_object_iter_value(at));
    }
    qv_buf_put_char(buf, '}');
}

void qv_json_write(struct qv_buf *buf, const json_t *value)
{
    if (value == NULL) {
        qv_buf_put_text(buf, "null");
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT: write_object(buf, value); return;
    case JSON_ARRAY: write_array(buf, value); return;
    case JSON_STRING: qv_json_write_str(buf, qv_json_str(value)); return;
    case JSON_INTEGER: write_integer(buf, json_integer_value(value)); return;
    case JSON_REAL: write_real(buf, json_real_value(value)); return;
    case JSON_TRUE: qv_buf_put_text(buf, "true"); return;
    case JSON_FALSE: qv_buf_put_text(buf, "false"); return;
    case JSON_NULL: qv_buf_put_text(buf, "null"); return;
    }
}

struct qv_str qv_json_str(const json_t *value)
{
    if (!json_is_string(value))
        return (struct qv_str){0};
    return (struct qv_str){.at = json_string_value(value), .length = json_string_length(value)};
}

bool qv_json_equal(const json_t *a, const json_t *b)
{
    return json_equal(a, b) == 1;
}

/*
 * Text from outside: a pointer and a length, not owned and not ended by NUL. Any thread.
 */
#ifndef QUIVER_BASE_STR_H
#define QUIVER_BASE_STR_H

#include <quiver/base/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qv_str {
    const char *at; /**< may be NULL where length is 0 */
    size_t length;  /**< bytes */
};

#define QV_STR(literal) ((struct qv_str){.at = "" literal, .length = sizeof(literal) - 1})
/** For printf: `"%.*s", QV_STR_ARG(s)`. */
#define QV_STR_ARG(s) (int)((s).length), ((s).at != NULL ? (s).at : "")

struct qv_str qv_str_from(const char *text); /**< NULL gives the empty text */
struct qv_str qv_str_part(struct qv_str s, size_t from, size_t length); /**< clamped to s */
bool qv_str_equal(struct qv_str a, struct qv_str b);
/** ASCII letters' case ignored; no other letter is folded. */
bool qv_str_equal_ignore_case(struct qv_str a, struct qv_str b);
/** What a hexadecimal digit stands for, in either case; -1: it is none. */
int qv_hex_digit(char c);
bool qv_str_starts_with(struct qv_str s, struct qv_str prefix);
/** Byte order, as strcmp. */
int qv_str_compare(struct qv_str a, struct qv_str b);
/** Without the leading and trailing bytes <= U+0020 (the reference's "trim"). */
struct qv_str qv_str_trim(struct qv_str s);
/** Empty or only Unicode whitespace (the reference's "blank": Java's Character.isWhitespace). */
bool qv_str_is_blank(struct qv_str s);
/** Where `needle` first is in `s`, or SIZE_MAX. */
size_t qv_str_find(struct qv_str s, char needle);
/** Takes the text up to `separator` from the front of `rest` (all of it where there is none) and
 *  moves `rest` behind the separator. False when `rest` was used up. An empty text gives one
 *  empty part. */
bool qv_str_split_next(struct qv_str *rest, char separator, struct qv_str *ret_part);
/** A whole decimal number without sign (leading zeros are fine), QV_INVALID for anything else or
 * more than `max`. */
QV_MUST_CHECK enum qv_status qv_str_to_uint(struct qv_str s, uint64_t max, uint64_t *ret_value);
/** NUL-terminated copy to be freed with qv_free, NULL when memory is out. */
char *qv_str_dup(struct qv_str s);
/** Reads the code point at the front of `s` (RFC 3629) and returns how many bytes it takes; 0 where
 *  `s` is empty or does not begin with UTF-8, `ret_code_point` is untouched then. */
size_t qv_str_next_code_point(struct qv_str s, uint32_t *ret_code_point);
/** Is it UTF-8 as RFC 3629 has it (no overlong forms, no surrogates)? NUL counts as valid. */
bool qv_str_is_utf8(struct qv_str s);

/** A list of owned texts. */
struct qv_strings {
    char **at;
    size_t count;
};
QV_MUST_CHECK enum qv_status qv_strings_add(struct qv_strings *list, struct qv_str text);
bool qv_strings_contain(const struct qv_strings *list, struct qv_str text);
void qv_strings_free(struct qv_strings *list);

#endif

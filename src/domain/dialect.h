/*
 * How one Arrowhead release names and says things. A dialect is one row of the table in
 * dialect.c: code asks the row and never which dialect it is, so that another release is another
 * row. Immutable and static; any thread.
 */
#ifndef QUIVER_DOMAIN_DIALECT_H
#define QUIVER_DOMAIN_DIALECT_H

#include <quiver/domain/names.h>

struct qv_operator; /* operators.h */

/** Kinds of characters in names; bits. */
enum qv_name_char {
    QV_CHAR_UPPER = 1,
    QV_CHAR_LOWER = 2,
    QV_CHAR_DIGIT = 4,
    QV_CHAR_HYPHEN = 8,
    QV_CHAR_UNDERSCORE = 16,
};

/** The rule of one entity's names: one character of `first`, or `first`, any number of `middle`
 *  and one of `last`. */
struct qv_naming {
    void (*normalize)(struct qv_str raw, struct qv_buf *buf);
    unsigned first, middle, last; /**< bits of enum qv_name_char */
    const char *violation;        /**< words that stand before the offending name */
    size_t max_length;            /**< in UTF-16 units; 0: no limit */
    const char *too_long;         /**< words; NULL where there is no limit */
};

/** Words in which the dialects differ; those that end with a colon stand before a name. */
struct qv_dialect_words {
    const char *metadata_key_end; /**< end of the sentence about a dot in a key */
    const char *version_too_long;
    const char *version_not_numbers;
    const char *template_unknown;
    const char *exclusivity_not_integer;
    const char *set_not_list;
    const char *set_empty;
};

struct qv_dialect {
    const char *name;
    const char *separator; /**< between the parts of an instance id */
    struct qv_naming naming[QV_ENTITY_COUNT];
    void (*normalize_instance_id)(struct qv_str raw, struct qv_buf *buf);
    const char *const *policies;         /**< of interfaces; NULL-terminated, upper case */
    const char *exclusivity_key;         /**< metadata member that must be an integer in text */
    const struct qv_operator *operators; /**< of requirements; a NULL name ends the list */
    const char *const *template_seeds;   /**< documents; NULL-terminated */
    struct qv_dialect_words words;
};

#endif

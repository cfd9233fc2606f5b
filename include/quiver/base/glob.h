/*
 * A pattern for names: `*` is any run of characters, also none, `?` is one character, all else is
 * itself. Compiled once. Immutable; any thread.
 */
#ifndef QUIVER_BASE_GLOB_H
#define QUIVER_BASE_GLOB_H

#include <quiver/base/str.h>

enum qv_glob_form {
    QV_GLOB_EXACT,  /**< no wildcard */
    QV_GLOB_PREFIX, /**< one `*`, at the end */
    QV_GLOB_SUFFIX, /**< one `*`, at the front, and something behind it */
    QV_GLOB_OTHER,
};

struct qv_glob {
    struct qv_str text; /**< as written, normalized; borrowed */
    enum qv_glob_form form;
    size_t head; /**< bytes before the first wildcard */
};

/** Has the text a `*` or `?` in it? */
bool qv_glob_has_wildcard(struct qv_str text);
/** What is wrong with the pattern, in words that follow it; NULL: nothing. */
const char *qv_glob_fault(struct qv_str text);
/** The text beside the `*` of a prefix or suffix; of a name all of it. */
struct qv_str qv_glob_fixed_part(const struct qv_glob *glob);
/** Compiles; `text` must outlive it. */
struct qv_glob qv_glob_compile(struct qv_str text);
bool qv_glob_matches(const struct qv_glob *glob, struct qv_str name);
/** Does `wide` certainly match whatever `narrow` matches? False also where that is hard to say. */
bool qv_glob_covers(const struct qv_glob *wide, const struct qv_glob *narrow);

#endif

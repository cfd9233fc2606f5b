/*
 * A pattern for names: `*` is any run of characters, also none, `?` is one character, all else is
 * itself. Compiled once. Immutable; any thread.
 */
#ifndef QUIVER_POLICY_GLOB_H
#define QUIVER_POLICY_GLOB_H

#include <quiver/base/str.h>

enum glob_form {
    GLOB_EXACT,  /**< no wildcard */
    GLOB_PREFIX, /**< one `*`, at the end */
    GLOB_SUFFIX, /**< one `*`, at the front, and something behind it */
    GLOB_OTHER,
};

struct glob {
    struct qv_str text; /**< as written, normalized; borrowed */
    enum glob_form form;
    size_t head; /**< bytes before the first wildcard */
};

/** Has the text a `*` or `?` in it? */
bool glob_has_wildcard(struct qv_str text);
/** What is wrong with the pattern, in words that follow it; NULL: nothing. */
const char *glob_fault(struct qv_str text);
/** The text beside the `*` of a prefix or suffix; of a name all of it. */
struct qv_str glob_fixed_part(const struct glob *glob);
/** Compiles; `text` must outlive it. */
struct glob glob_compile(struct qv_str text);
bool glob_matches(const struct glob *glob, struct qv_str name);
/** Does `wide` certainly match whatever `narrow` matches? False also where that is hard to say. */
bool glob_covers(const struct glob *wide, const struct glob *narrow);

#endif

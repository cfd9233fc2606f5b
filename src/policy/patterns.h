/*
 * The values of one key of a rule: names, globs, groups of both. Immutable once read; any thread.
 */
#ifndef QUIVER_POLICY_PATTERNS_H
#define QUIVER_POLICY_PATTERNS_H

#include <quiver/base/buf.h>
#include <quiver/base/glob.h>

/** Zero-initialized: the key is not given. All memory is the policy's. */
struct patterns {
    struct qv_glob *at; /**< names without wildcards first, these sorted */
    size_t count;       /**< of all in `at` */
    size_t exact;       /**< of those without wildcards */
    const struct group *const *groups;
    size_t group_count;
    bool own; /**< `self`: whoever asks */
};

/** A group of the file. */
struct group {
    const char *name;
    int line;
    bool used;
    struct patterns members; /**< without groups */
};

/** Sorts `at` and counts; call once, when all are there. */
void patterns_sort(struct patterns *patterns);
/** Is one of them the name? No list has the empty name; `own` is not looked at. */
bool patterns_match(const struct patterns *patterns, struct qv_str name);
/** Does `wide` certainly match whatever `narrow` matches? Neither may have `own`. */
bool patterns_cover(const struct patterns *wide, const struct patterns *narrow);
/** Appends them for a reader, at most some: "a, b-*, @greenhouse". */
void patterns_put(const struct patterns *patterns, struct qv_buf *buf);

#endif

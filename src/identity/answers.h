/*
 * What was learned lately, for a while: a cache that never grows, of verified tokens and of names
 * that were looked up on the blacklist. Private to `identity`. Whoever uses it holds a lock.
 */
#ifndef QUIVER_IDENTITY_ANSWERS_H
#define QUIVER_IDENTITY_ANSWERS_H

#include <quiver/identity/identity.h>

struct qv_answers;

/** The question is known by its digest alone, so that no token stays in memory. */
typedef unsigned char qv_question[QV_SHA256_SIZE];

struct qv_answer {
    struct qv_identity *identity; /**< a reference; NULL: none */
    bool listed;                  /**< on the blacklist */
};

QV_MUST_CHECK enum qv_status qv_answers_new(struct qv_answers **ret_answers);
void qv_answers_free(struct qv_answers **answers);
/** True: there is one that still holds at `now`; its identity is a reference for the caller. */
bool qv_answers_find(const struct qv_answers *answers, const qv_question question,
                     struct qv_mono now, struct qv_answer *ret_answer);
/** Keeps an answer until `until`, in place of an older one. Takes a reference of its own. */
void qv_answers_keep(struct qv_answers *answers, const qv_question question,
                     const struct qv_answer *answer, struct qv_mono until);

#endif

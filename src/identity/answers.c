/*
 * The cache: sets of four places, the set chosen by the question's digest. A full set gives up the
 * answer that ends first. Somebody who makes questions collide evicts answers, which then are asked
 * for again; that is all. One thread at a time.
 */
#include "answers.h"

#include <quiver/base/memory.h>
#include <string.h>

enum { SETS = 1024, WAYS = 4 };

struct place {
    qv_question question;
    struct qv_mono until;
    struct qv_answer answer;
};

struct qv_answers {
    struct place places[SETS][WAYS];
};

enum qv_status qv_answers_new(struct qv_answers **ret_answers)
{
    struct qv_answers *answers = qv_alloc(sizeof(*answers));
    if (answers == NULL)
        return QV_NO_MEMORY;
    *ret_answers = answers;
    return QV_OK;
}

void qv_answers_free(struct qv_answers **answers)
{
    struct qv_answers *old = *answers;
    if (old == NULL)
        return;
    *answers = NULL;
    for (size_t set = 0; set < SETS; set++)
        for (size_t way = 0; way < WAYS; way++)
            qv_identity_free(&old->places[set][way].answer.identity);
    qv_free(old);
}

static size_t set_of(const qv_question question)
{
    return ((size_t)question[0] << 8 | question[1]) % SETS;
}

bool qv_answers_find(const struct qv_answers *answers, const qv_question question,
                     struct qv_mono now, struct qv_answer *ret_answer)
{
    const struct place *set = answers->places[set_of(question)];
    for (size_t way = 0; way < WAYS; way++) {
        if (set[way].until.us <= now.us ||
            memcmp(set[way].question, question, sizeof(qv_question)) != 0)
            continue;
        *ret_answer = set[way].answer;
        qv_identity_ref(ret_answer->identity);
        return true;
    }
    return false;
}

void qv_answers_keep(struct qv_answers *answers, const qv_question question,
                     const struct qv_answer *answer, struct qv_mono until)
{
    struct place *set = answers->places[set_of(question)], *chosen = &set[0];
    for (size_t way = 0; way < WAYS; way++) {
        if (memcmp(set[way].question, question, sizeof(qv_question)) == 0) {
            chosen = &set[way];
            break;
        }
        if (set[way].until.us < chosen->until.us)
            chosen = &set[way];
    }
    qv_identity_free(&chosen->answer.identity);
    memcpy(chosen->question, question, sizeof(qv_question));
    chosen->until = until;
    chosen->answer = *answer;
    qv_identity_ref(chosen->answer.identity);
}

// links: identity
/*
 * The cache of what was learned about callers: it forgets in time, and never grows.
 */
#include "../../src/identity/answers.h"
#include "../../src/identity/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

static struct qv_answers *answers;

static const struct qv_mono start = {.us = 5000000};

static struct qv_mono after(int64_t ms)
{
    return qv_mono_add_ms(start, ms);
}

static void ask(const char *text, qv_question question)
{
    assert_int_equal(qv_sha256(qv_str_from(text), question), QV_OK);
}

static struct qv_identity *somebody(const char *name)
{
    struct qv_identity *identity = NULL;
    assert_int_equal(qv_identity_make(qv_str_from(name), NULL, QV_PROFILE_SYSTEM, NULL, &identity),
                     QV_OK);
    return identity;
}

static void keeps_until_then(void **state)
{
    (void)state;
    qv_question question, other;
    ask("one", question);
    ask("other", other);
    QV_CLEANUP(qv_identity) struct qv_identity *identity = somebody("a");
    struct qv_answer answer = {.identity = identity, .listed = true}, found = {0};
    assert_false(qv_answers_find(answers, question, start, &found));
    qv_answers_keep(answers, question, &answer, after(1000));
    assert_true(qv_answers_find(answers, question, after(999), &found));
    assert_ptr_equal(found.identity, identity);
    assert_true(found.listed);
    qv_identity_free(&found.identity);
    assert_false(qv_answers_find(answers, question, after(1000), &found));
    assert_false(qv_answers_find(answers, other, start, &found));
}

static void a_newer_answer_replaces_the_older(void **state)
{
    (void)state;
    qv_question question;
    ask("one", question);
    QV_CLEANUP(qv_identity) struct qv_identity *identity = somebody("a");
    struct qv_answer answer = {.identity = identity}, found;
    qv_answers_keep(answers, question, &answer, after(1000));
    answer = (struct qv_answer){.listed = true};
    qv_answers_keep(answers, question, &answer, after(10));
    assert_true(qv_answers_find(answers, question, start, &found));
    assert_null(found.identity);
    assert_true(found.listed);
    assert_false(qv_answers_find(answers, question, after(10), &found));
}

/* Questions of one set: what ends first gives way. */
static void a_full_set_gives_up_what_ends_first(void **state)
{
    (void)state;
    qv_question questions[5] = {{0}};
    struct qv_answer answer = {0}, found;
    for (size_t i = 0; i < 5; i++)
        questions[i][31] = (unsigned char)(i + 1);
    static const int64_t ends[5] = {4000, 1000, 3000, 2000, 5000};
    for (size_t i = 0; i < 5; i++)
        qv_answers_keep(answers, questions[i], &answer, after(ends[i]));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(qv_answers_find(answers, questions[i], start, &found), i != 1);
}

static void thousands_find_their_own(void **state)
{
    (void)state;
    size_t kept = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%u", i);
        qv_question question;
        ask(text, question);
        QV_CLEANUP(qv_identity) struct qv_identity *identity = somebody(text);
        const struct qv_answer answer = {.identity = identity};
        qv_answers_keep(answers, question, &answer, after(1000 + i));
    }
    for (unsigned i = 0; i < 20000; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%u", i);
        qv_question question;
        ask(text, question);
        struct qv_answer found = {0};
        if (!qv_answers_find(answers, question, start, &found))
            continue;
        assert_string_equal(found.identity->system, text);
        qv_identity_free(&found.identity);
        kept++;
    }
    assert_in_range(kept, 3000, 4096);
}

static int set_up(void **state)
{
    (void)state;
    return qv_answers_new(&answers) == QV_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    qv_answers_free(&answers);
    qv_answers_free(&answers);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_until_then, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_answer_replaces_the_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_set_gives_up_what_ends_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(thousands_find_their_own, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

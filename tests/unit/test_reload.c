// links: cli
/*
 * When a reload comes by itself, and how what came of one is told.
 */
#include "../../src/cli/reload_outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <quiver/base/log.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- when ------------------------------------------------------------------------------------ */

static struct qv_mono at(int64_t ms)
{
    return (struct qv_mono){.us = 5000000 + ms * 1000};
}

static void assert_due(const struct reload_when *when, int64_t ms, enum reload_trigger expected)
{
    enum reload_trigger trigger = RELOAD_BY_START;
    assert_true(reload_when_due(when, at(ms), &trigger));
    assert_int_equal(trigger, expected);
    assert_int_equal(reload_when_wait(when, at(ms), 1000), 0);
}

static void assert_not_due(const struct reload_when *when, int64_t ms, int wait_ms)
{
    enum reload_trigger trigger;
    assert_false(reload_when_due(when, at(ms), &trigger));
    assert_int_equal(reload_when_wait(when, at(ms), 1000), wait_ms);
}

static void nothing_changes_nothing_comes(void **state)
{
    (void)state;
    const struct reload_when when = {0};
    assert_not_due(&when, 0, 1000);
    assert_not_due(&when, 1000000, 1000);
}

static void a_burst_is_one_reload(void **state)
{
    (void)state;
    struct reload_when when = {0};
    reload_when_changed(&when, at(0));
    assert_not_due(&when, 0, 200);
    assert_not_due(&when, 199, 1);
    reload_when_changed(&when, at(150));
    assert_not_due(&when, 200, 150);
    reload_when_changed(&when, at(300));
    assert_not_due(&when, 499, 1);
    assert_due(&when, 500, RELOAD_BY_FILES);
    reload_when_begins(&when);
    assert_not_due(&when, 500, 1000);
    reload_when_ends(&when, RELOAD_BY_FILES, false, at(510));
    assert_not_due(&when, 5000, 1000);
}

static void a_burst_without_end_is_not_waited_for(void **state)
{
    (void)state;
    struct reload_when when = {0};
    for (int64_t ms = 0; ms < 2000; ms += 100) {
        assert_int_equal(reload_when_wait(&when, at(ms), 1000) > 0, true);
        reload_when_changed(&when, at(ms));
    }
    assert_due(&when, 2000, RELOAD_BY_FILES);
}

static void what_failed_by_itself_is_tried_again(void **state)
{
    (void)state;
    struct reload_when when = {0};
    int64_t now = 0;
    reload_when_ends(&when, RELOAD_BY_FILES, true, at(now));
    static const int64_t pauses[RELOAD_RETRIES] = {1000, 2000, 4000, 8000};
    for (size_t i = 0; i < RELOAD_RETRIES; i++) {
        assert_not_due(&when, now + pauses[i] - 1, 1);
        now += pauses[i];
        assert_due(&when, now, RELOAD_BY_RETRY);
        reload_when_begins(&when);
        reload_when_ends(&when, RELOAD_BY_RETRY, true, at(now));
    }
    for (int i = 0; i < 3; i++) {
        assert_not_due(&when, now + 59999, 1);
        now += 60000;
        assert_due(&when, now, RELOAD_BY_RETRY); /* no fault is forgotten */
        reload_when_begins(&when);
        reload_when_ends(&when, RELOAD_BY_RETRY, true, at(now));
    }
    reload_when_changed(&when, at(now));
    assert_due(&when, now + 200, RELOAD_BY_FILES);
    reload_when_begins(&when);
    reload_when_ends(&when, RELOAD_BY_FILES, true, at(now));
    assert_due(&when, now + 1000, RELOAD_BY_RETRY); /* from the beginning */
}

static void a_success_ends_the_tries(void **state)
{
    (void)state;
    static const enum reload_trigger triggers[] = {RELOAD_BY_SIGNAL, RELOAD_BY_COMMAND,
                                                   RELOAD_BY_FILES, RELOAD_BY_RETRY};
    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        struct reload_when when = {0};
        reload_when_ends(&when, RELOAD_BY_FILES, true, at(0));
        reload_when_begins(&when);
        reload_when_ends(&when, triggers[i], false, at(100));
        assert_not_due(&when, 100000, 1000);
    }
}

static void who_asked_and_failed_asks_again(void **state)
{
    (void)state;
    struct reload_when when = {0};
    reload_when_ends(&when, RELOAD_BY_COMMAND, true, at(0));
    reload_when_ends(&when, RELOAD_BY_SIGNAL, true, at(0));
    assert_not_due(&when, 100000, 1000);
    reload_when_ends(&when, RELOAD_BY_FILES, true, at(0));
    reload_when_ends(&when, RELOAD_BY_COMMAND, true, at(500)); /* leaves the try that comes */
    assert_due(&when, 1000, RELOAD_BY_RETRY);
}

static void a_try_waits_for_the_burst(void **state)
{
    (void)state;
    struct reload_when when = {0};
    reload_when_ends(&when, RELOAD_BY_FILES, true, at(0));
    reload_when_changed(&when, at(950));
    assert_not_due(&when, 1000, 150);
    assert_due(&when, 1150, RELOAD_BY_FILES);
}

/* ---- the log --------------------------------------------------------------------------------- */

/* What is logged, without the times. */
static void assert_logged(const struct reload_outcome *outcome, struct reload_said said,
                          const char *expected)
{
    char text[4096] = "", bare[4096] = "";
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    qv_log_to(ends[1]);
    qv_log_configure(QV_LOG_INFO, QV_LOG_TEXT);
    reload_outcome_log(outcome, RELOAD_BY_FILES, said);
    qv_log_to(STDERR_FILENO);
    ssize_t got = read(ends[0], text, sizeof(text) - 1);
    (void)got; /* none, where nothing was logged */
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        strcat(bare, strchr(line, ' ') + 1);
        strcat(bare, "\n");
    }
    assert_string_equal(bare, expected);
    close(ends[0]);
    close(ends[1]);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void put(struct qv_strings *list, const char *text)
{
    assert_int_equal(qv_strings_add(list, qv_str_from(text)), QV_OK);
}

/* One of each. */
static void fill(struct reload_outcome *outcome)
{
    outcome->generation = 7;
    outcome->parts[RELOAD_CONFIGURATION].present = true;
    outcome->parts[RELOAD_CONFIGURATION].renewed = true;
    outcome->parts[RELOAD_OWN].present = true;
    put(&outcome->parts[RELOAD_OWN].faults, "a.crt: ended \"yesterday\"");
    put(&outcome->parts[RELOAD_OWN].faults, "a.key: fits not");
    outcome->parts[RELOAD_ANCHORS].present = true;
    outcome->parts[RELOAD_ANCHORS].renewed = true;
    put(&outcome->changed, "limits.body");
    put(&outcome->changed, "log.level");
    put(&outcome->restart, "listeners");
    put(&outcome->warnings, "ca.crl: ends on Monday");
    outcome->sweep = (struct qv_sweep){.kept = 99, .ended = 1};
}

static void it_is_good_if_nothing_old_stays(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    assert_true(reload_outcome_is_good(&outcome));
    outcome.parts[RELOAD_OWN].present = true;
    assert_false(reload_outcome_is_good(&outcome));
    assert_true(reload_outcome_has_faults(&outcome));
    outcome.parts[RELOAD_OWN].renewed = true;
    assert_true(reload_outcome_is_good(&outcome));
    put(&outcome.changed, "log.level");
    put(&outcome.warnings, "soon");
    assert_true(reload_outcome_is_good(&outcome));
    put(&outcome.restart, "listeners"); /* stays, but trying again would not help */
    assert_false(reload_outcome_is_good(&outcome));
    assert_false(reload_outcome_has_faults(&outcome));
}

static void as_json(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    fill(&outcome);
    reload_outcome_write(&outcome, &buf);
    assert_string_equal(
        buf.at,
        "{\"good\":false,\"generation\":7,\"parts\":["
        "{\"part\":\"configuration\",\"renewed\":true,\"faults\":[]},"
        "{\"part\":\"own certificate\",\"renewed\":false,\"faults\":"
        "[\"a.crt: ended \\\"yesterday\\\"\",\"a.key: fits not\"]},"
        "{\"part\":\"CAs and CRLs\",\"renewed\":true,\"faults\":[]}],"
        "\"connections\":{\"kept\":99,\"ended\":1},\"changed\":[\"limits.body\",\"log.level\"],"
        "\"restart\":[\"listeners\"],\"warnings\":[\"ca.crl: ends on Monday\"]}");
}

static void for_people(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    QV_CLEANUP(qv_buf) struct qv_buf json = {0}, lines = {0};
    QV_CLEANUP(qv_json) json_t *value = NULL;
    bool good = true;
    fill(&outcome);
    reload_outcome_write(&outcome, &json);
    assert_int_equal(qv_json_parse(qv_buf_str(&json), 8, &value, NULL), QV_OK);
    assert_int_equal(reload_outcome_tell(value, &lines, &good), QV_OK);
    assert_false(good);
    assert_string_equal(lines.at, "configuration     renewed\n"
                                  "own certificate   kept: a.crt: ended \"yesterday\"\n"
                                  "own certificate   kept: a.key: fits not\n"
                                  "CAs and CRLs      renewed\n"
                                  "settings          limits.body, log.level\n"
                                  "restart needed    listeners\n"
                                  "warning           ca.crl: ends on Monday\n"
                                  "connections       99 kept, 1 ended\n");
}

/* Between the CAs and what is no file: a part like the others, with each fault on its own. */
static void the_policy_is_a_part(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    QV_CLEANUP(qv_buf) struct qv_buf json = {0}, lines = {0};
    QV_CLEANUP(qv_json) json_t *value = NULL;
    bool good = true;
    reload_outcome_set(&outcome, RELOAD_ANCHORS, true);
    reload_outcome_set(&outcome, RELOAD_POLICY, true);
    assert_true(reload_outcome_is_good(&outcome));
    reload_outcome_fail(&outcome, RELOAD_POLICY, "p.yaml:3: who: is missing");
    reload_outcome_fail(&outcome, RELOAD_POLICY, "p.yaml:9: allow: fly is no operation");
    assert_false(reload_outcome_is_good(&outcome));
    reload_outcome_write(&outcome, &json);
    assert_int_equal(qv_json_parse(qv_buf_str(&json), 8, &value, NULL), QV_OK);
    assert_int_equal(reload_outcome_tell(value, &lines, &good), QV_OK);
    assert_false(good);
    assert_string_equal(lines.at, "CAs and CRLs      renewed\n"
                                  "policy            kept: p.yaml:3: who: is missing\n"
                                  "policy            kept: p.yaml:9: allow: fly is no operation\n"
                                  "connections       0 kept, 0 ended\n");
}

/* A file of the operator's, like certificates: told also where all is well. */
static void the_service_keys_are_a_part(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    QV_CLEANUP(qv_buf) struct qv_buf json = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    reload_outcome_set(&outcome, RELOAD_KEYS, true);
    reload_outcome_write(&outcome, &json);
    assert_non_null(strstr(json.at, "{\"part\":\"service keys\",\"renewed\":true,\"faults\":[]}"));
    assert_int_equal(qv_error_set(&error, QV_INVALID, "keys:2: a key has a blank in it"),
                     QV_INVALID);
    reload_outcome_fail_by(&outcome, RELOAD_KEYS, QV_INVALID, &error);
    assert_true(reload_outcome_has_faults(&outcome));
    assert_logged(&outcome, (struct reload_said){0},
                  "ERROR reload failed part=\"service keys\" reason=\"keys:2: a key has a blank in "
                  "it\" trigger=files\n");
}

static void what_is_no_outcome_is_not_told(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{}",
        "5",
        "[]",
        "{\"good\":true}",
        "{\"good\":1,\"parts\":[],\"connections\":{\"kept\":1,\"ended\":1},\"changed\":[],"
        "\"restart\":[],\"warnings\":[]}",
        "{\"good\":true,\"parts\":[{}],\"connections\":{\"kept\":1,\"ended\":1},\"changed\":[],"
        "\"restart\":[],\"warnings\":[]}",
        "{\"good\":true,\"parts\":[{\"part\":\"a\",\"faults\":[1]}],\"connections\":{\"kept\":1,"
        "\"ended\":1},\"changed\":[],\"restart\":[],\"warnings\":[]}",
        "{\"good\":true,\"parts\":[],\"connections\":{\"kept\":1},\"changed\":[],\"restart\":[],"
        "\"warnings\":[]}",
        "{\"good\":true,\"parts\":[],\"connections\":{\"kept\":1,\"ended\":1},\"changed\":[],"
        "\"restart\":{},\"warnings\":[]}",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        QV_CLEANUP(qv_json) json_t *value = NULL;
        QV_CLEANUP(qv_buf) struct qv_buf lines = {0};
        bool good = false;
        assert_int_equal(qv_json_parse(qv_str_from(others[i]), 8, &value, NULL), QV_OK);
        assert_int_equal(reload_outcome_tell(value, &lines, &good), QV_FOREIGN);
        assert_int_equal(lines.length, 0);
        assert_false(good);
    }
}

static void in_the_log(void **state)
{
    (void)state;
    QV_CLEANUP(reload_outcome) struct reload_outcome outcome = {0};
    static const char restart[] = "WARN  restart needed settings=listeners\n";
    static const char rest[] =
        "INFO  reloaded generation=7 parts=\"configuration, CAs and CRLs\" kept=99 ended=1 "
        "settings=\"limits.body, log.level\" trigger=files\n";
    char all[2048];
    fill(&outcome);
    snprintf(all, sizeof(all),
             "ERROR reload failed part=\"own certificate\" reason=\"a.crt: ended "
             "\\\"yesterday\\\"\" trigger=files\n"
             "ERROR reload failed part=\"own certificate\" reason=\"a.key: fits not\" "
             "trigger=files\n%s%s",
             restart, rest);
    assert_logged(&outcome, (struct reload_said){0}, all);
    assert_logged(&outcome, (struct reload_said){.faults = true}, restart);
    assert_logged(&outcome, (struct reload_said){.faults = true, .restart = true}, "");
    outcome.parts[RELOAD_CONFIGURATION].renewed = outcome.parts[RELOAD_ANCHORS].renewed = false;
    qv_strings_free(&outcome.parts[RELOAD_OWN].faults);
    qv_strings_free(&outcome.restart);
    assert_logged(&outcome, (struct reload_said){0}, ""); /* nothing was reloaded */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_nothing_comes),
        cmocka_unit_test(a_burst_is_one_reload),
        cmocka_unit_test(a_burst_without_end_is_not_waited_for),
        cmocka_unit_test(what_failed_by_itself_is_tried_again),
        cmocka_unit_test(a_success_ends_the_tries),
        cmocka_unit_test(who_asked_and_failed_asks_again),
        cmocka_unit_test(a_try_waits_for_the_burst),
        cmocka_unit_test(it_is_good_if_nothing_old_stays),
        cmocka_unit_test(as_json),
        cmocka_unit_test(for_people),
        cmocka_unit_test(the_policy_is_a_part),
        cmocka_unit_test(the_service_keys_are_a_part),
        cmocka_unit_test(what_is_no_outcome_is_not_told),
        cmocka_unit_test(in_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

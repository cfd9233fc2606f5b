// links: cli
/*
 * What readiness is told between reloads: what was not reloaded, what needs a restart, and what
 * ended by itself, from the second on in which it did.
 */
#include "trust_fixture.h"

#include "../../src/cli/reload.h"

#include <fcntl.h>
#include <quiver/observe/health.h>

static struct reload reload;

static int set_up(void **state)
{
    (void)state;
    QV_CLEANUP(qv_trust) struct qv_trust *trust = NULL;
    assert_int_equal(qv_health_new(&reload.health), QV_OK);
    assert_int_equal(qv_audit_open(&config, &reload.audit, NULL), QV_OK);
    /* The CRL ends in two hours from when it is written, which may be a moment after `now`; the own
       certificate ends tomorrow. */
    struct fx_crl crl = {.issuer = &cloud, .begin = -60, .end = 7200};
    fx_write_crl(&folder, "short.crl", "w", &crl);
    trust = load_good("cloud.crt", "short.crl");
    reload.running = &config;
    reload_init(&reload, trust, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    reload_free(&reload);
    qv_health_free(&reload.health);
    qv_audit_free(&reload.audit);
    reload = (struct reload){0};
    return 0;
}

/* Exactly these, each by its beginning; NULL ends. */
static void assert_reasons(int64_t seconds, const char *const *beginnings)
{
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    size_t count = 0;
    reload_show_health(&reload, later(seconds));
    assert_int_equal(qv_health_reasons(reload.health, &reasons), QV_OK);
    for (; beginnings[count] != NULL; count++) {
        assert_true(count < reasons.count);
        if (strncmp(reasons.at[count], beginnings[count], strlen(beginnings[count])) != 0)
            fail_msg("%s", reasons.at[count]);
    }
    assert_int_equal(reasons.count, count);
}
#define REASONS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void what_ends_is_told_when_it_does(void **state)
{
    (void)state;
    assert_reasons(0, REASONS());
    assert_reasons(7200, REASONS());
    assert_reasons(7260, REASONS("CAs and CRLs: /tmp/quiver-test-"));
    assert_reasons(0, REASONS()); /* the clock was set back */
    assert_reasons(2 * FX_DAY,
                   REASONS("CAs and CRLs: /tmp/quiver-test-", "CAs and CRLs: /tmp/quiver-test-",
                           "own certificate: it ended at 20")); /* the CA itself, its CRL */
}

static void a_stale_crl_is_told_with_its_effect(void **state)
{
    (void)state;
    QV_CLEANUP(qv_strings) struct qv_strings refused = {0}, allowed = {0};
    reload_show_health(&reload, later(7300));
    assert_int_equal(qv_health_reasons(reload.health, &refused), QV_OK);
    assert_non_null(strstr(refused.at[0], "/short.crl: the CRL of dnQualifier=lo,CN=" FX_CLOUD));
    assert_non_null(strstr(refused.at[0], "are refused"));
    reload.view.tls.stale_crl = QV_STALE_CRL_ALLOW;
    reload_show_health(&reload, later(7300));
    assert_int_equal(qv_health_reasons(reload.health, &allowed), QV_OK);
    assert_null(strstr(allowed.at[0], "refused"));
}

static void what_was_not_reloaded_is_told_until_it_is(void **state)
{
    (void)state;
    struct reload_outcome *last = &reload.last;
    assert_int_equal(qv_strings_add(&last->parts[RELOAD_OWN].faults, QV_STR("a.crt: empty")),
                     QV_OK);
    assert_int_equal(qv_strings_add(&last->parts[RELOAD_ANCHORS].faults, QV_STR("ca.crl: garbage")),
                     QV_OK);
    assert_int_equal(qv_strings_add(&last->restart, QV_STR("listeners")), QV_OK);
    assert_int_equal(qv_strings_add(&last->restart, QV_STR("store.timeout")), QV_OK);
    assert_reasons(7260, REASONS("own certificate: a.crt: empty", "CAs and CRLs: ca.crl: garbage",
                                 "CAs and CRLs: /tmp/quiver-test-", "restart needed: listeners",
                                 "restart needed: store.timeout"));
    reload_outcome_free(last);
    *last = (struct reload_outcome){0};
    assert_reasons(0, REASONS());
}

/* What cannot be told whole leaves what was told. */
static void lack_of_memory_hides_nothing(void **state)
{
    (void)state;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    qv_log_to(nowhere);
    assert_reasons(7260, REASONS("CAs and CRLs: "));
    for (size_t nth = 1; nth < 12; nth++) {
        qv_memory_fail_at(nth);
        reload_show_health(&reload, later(7260));
        qv_memory_fail_at(0);
        QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
        assert_int_equal(qv_health_reasons(reload.health, &reasons), QV_OK);
        assert_int_equal(reasons.count, 1);
    }
    qv_log_to(STDERR_FILENO);
    close(nowhere);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_ends_is_told_when_it_does),
        TEST(a_stale_crl_is_told_with_its_effect),
        TEST(what_was_not_reloaded_is_told_until_it_is),
        TEST(lack_of_memory_hides_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

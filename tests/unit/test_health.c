// links: observe
/*
 * Reasons under the names of their sources: replaced whole, taken back, told in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/observe/health.h>
#include <string.h>
#include <unistd.h>

static struct qv_health *health;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(qv_health_new(&health), QV_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_health_free(&health);
    qv_health_free(&health);
    return 0;
}

static void set(const char *source, const char *first, const char *second)
{
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    if (first != NULL)
        assert_int_equal(qv_strings_add(&reasons, qv_str_from(first)), QV_OK);
    if (second != NULL)
        assert_int_equal(qv_strings_add(&reasons, qv_str_from(second)), QV_OK);
    qv_health_set(health, source, &reasons);
}

/* All reasons, with a bar between them. */
static void assert_reasons(const char *expected)
{
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    QV_CLEANUP(qv_buf) struct qv_buf all = {0};
    assert_int_equal(qv_health_reasons(health, &reasons), QV_OK);
    for (size_t i = 0; i < reasons.count; i++)
        qv_buf_printf(&all, "%s%s", i > 0 ? "|" : "", reasons.at[i]);
    assert_string_equal(all.at != NULL ? all.at : "", expected);
}

static void all_is_well_at_first(void **state)
{
    (void)state;
    assert_reasons("");
    qv_health_set(health, "policy", NULL); /* nothing to take back */
    assert_reasons("");
}

static void a_source_replaces_its_own(void **state)
{
    (void)state;
    set("own certificate", "a.crt: expired", NULL);
    set("CAs and CRLs", "ca.crl: garbage", "ca.crt: empty");
    assert_reasons("own certificate: a.crt: expired|CAs and CRLs: ca.crl: garbage|"
                   "CAs and CRLs: ca.crt: empty");
    set("own certificate", "a.key: fits not", NULL);
    assert_reasons("own certificate: a.key: fits not|CAs and CRLs: ca.crl: garbage|"
                   "CAs and CRLs: ca.crt: empty");
    set("CAs and CRLs", NULL, NULL);
    assert_reasons("own certificate: a.key: fits not");
    qv_health_set(health, "own certificate", NULL);
    assert_reasons("");
    set("CAs and CRLs", "again", NULL); /* in the order in which they first came */
    set("own certificate", "again", NULL);
    assert_reasons("own certificate: again|CAs and CRLs: again");
}

static void without_memory_the_old_stay(void **state)
{
    (void)state;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    qv_log_to(nowhere);
    set("a", "one", NULL);
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0}, told = {0};
    assert_int_equal(qv_strings_add(&reasons, QV_STR("two")), QV_OK);
    qv_memory_fail_at(1);
    qv_health_set(health, "a", &reasons);
    qv_memory_fail_at(0);
    assert_reasons("a: one");
    qv_memory_fail_at(3); /* the list, the text, then the new source */
    qv_health_set(health, "b", &reasons);
    qv_memory_fail_at(0);
    assert_reasons("a: one");
    qv_memory_fail_at(1);
    assert_int_equal(qv_health_reasons(health, &told), QV_NO_MEMORY);
    struct qv_health *none = NULL;
    qv_memory_fail_at(1);
    assert_int_equal(qv_health_new(&none), QV_NO_MEMORY);
    assert_null(none);
    qv_memory_fail_at(0);
    qv_log_to(STDERR_FILENO);
    close(nowhere);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(all_is_well_at_first),
        TEST(a_source_replaces_its_own),
        TEST(without_memory_the_old_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

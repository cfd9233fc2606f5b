// links: base
/*
 * The gate before log lines: so many a second, and a count of the others.
 */
#include <quiver/base/gate.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct qv_mono at_ms(int64_t milliseconds)
{
    return (struct qv_mono){.us = milliseconds * 1000};
}

static void so_many_pass_each_second(void **state)
{
    (void)state;
    struct qv_gate gate = QV_GATE_INIT(2);
    unsigned suppressed = 99;
    assert_true(qv_gate_pass(&gate, at_ms(5000), &suppressed));
    assert_int_equal(suppressed, 0);
    assert_true(qv_gate_pass(&gate, at_ms(5001), &suppressed));
    suppressed = 99;
    assert_false(qv_gate_pass(&gate, at_ms(5002), &suppressed));
    assert_false(qv_gate_pass(&gate, at_ms(5999), &suppressed));
    assert_int_equal(suppressed, 99); /* untouched */
    assert_true(qv_gate_pass(&gate, at_ms(6000), &suppressed));
    assert_int_equal(suppressed, 2);
    assert_true(qv_gate_pass(&gate, at_ms(6001), &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(qv_gate_pass(&gate, at_ms(6002), &suppressed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(so_many_pass_each_second)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

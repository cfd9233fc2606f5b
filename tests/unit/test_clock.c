// links: base
/*
 * Instants: comparing, milliseconds, the calendar, and their text (spec/arrowhead-discovery 3.6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/clock.h>

static void clocks_answer(void **state)
{
    (void)state;
    struct qv_mono first = qv_mono_now();
    assert_true(qv_mono_now().us >= first.us);
    assert_true(qv_wall_now().seconds > 1700000000);
    assert_true(qv_mono_add_ms((struct qv_mono){5}, 2).us == 2005);
    assert_true(qv_mono_add_ms((struct qv_mono){5}, INT64_MAX).us == INT64_MAX);
    assert_true(qv_mono_add_ms((struct qv_mono){INT64_MAX}, 1).us == INT64_MAX);
}

static void comparing(void **state)
{
    (void)state;
    assert_int_equal(qv_wall_compare((struct qv_wall){1, 5}, (struct qv_wall){1, 5}), 0);
    assert_true(qv_wall_compare((struct qv_wall){1, 4}, (struct qv_wall){1, 5}) < 0);
    assert_true(qv_wall_compare((struct qv_wall){2, 0}, (struct qv_wall){1, 5}) > 0);
    assert_true(qv_wall_compare((struct qv_wall){-2, 0}, (struct qv_wall){-1, 5}) < 0);
}

static void milliseconds(void **state)
{
    (void)state;
    struct qv_wall at = qv_wall_from_ms(-1);
    assert_true(at.seconds == -1 && at.nanoseconds == 999000000);
    assert_true(qv_wall_to_ms(at) == -1);
    at = qv_wall_from_ms(1500);
    assert_true(at.seconds == 1 && at.nanoseconds == 500000000);
    assert_true(qv_wall_to_ms((struct qv_wall){1, 999999}) == 1000);
    assert_true(qv_wall_to_ms((struct qv_wall){-1, 999999}) == -1000);
    assert_true(qv_wall_to_ms((struct qv_wall){INT64_MAX, 0}) == INT64_MAX);
    at = qv_wall_from_ms(INT64_MIN);
    assert_true(at.seconds == -9223372036854776 && at.nanoseconds == 192000000);
    assert_true(qv_wall_to_ms(at) == INT64_MIN);
}

static void calendar_goes_there_and_back(void **state)
{
    (void)state;
    assert_true(qv_days_from_civil(1970, 1, 1) == 0);
    assert_true(qv_days_from_civil(2000, 3, 1) == 11017);
    assert_true(qv_days_from_civil(0, 1, 1) == -719528);
    int64_t expected_year = -401;
    int previous_day = 31;
    for (int64_t days = qv_days_from_civil(-400, 1, 1); days < 400 * 366; days++) {
        int64_t year;
        int month, day;
        qv_civil_from_days(days, &year, &month, &day);
        if (month == 1 && day == 1)
            assert_true(year == ++expected_year);
        assert_true(day == 1 || day == previous_day + 1);
        assert_true(qv_days_from_civil(year, month, day) == days);
        previous_day = day;
    }
}

static const struct {
    const char *text;
    int64_t seconds;
    int32_t nanoseconds;
} good[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"2030-01-01T00:00:00Z", 1893456000, 0},
    {"2030-01-01t00:00:00z", 1893456000, 0},
    {"2030-01-01T00:00:00.Z", 1893456000, 0},
    {"2030-01-01T00:00:00.5Z", 1893456000, 500000000},
    {"2030-01-01T00:00:00.123456789Z", 1893456000, 123456789},
    {"2030-01-01T02:00:00+02:00", 1893456000, 0},
    {"2029-12-31T23:30:00-00:30", 1893456000, 0},
    {"2030-01-01T02:00:30+02:00:30", 1893456000, 0},
    {"2030-01-01T18:00:00+18:00", 1893456000, 0},
    {"2030-01-01T00:00:00+00:00", 1893456000, 0},
    {"2030-01-01T00:00:00-00:00", 1893456000, 0},
    {"2029-12-31T24:00:00Z", 1893456000, 0},
    {"2029-12-31T24:00:00.000Z", 1893456000, 0},
    {"2029-12-31T23:59:60Z", 1893455999, 0},
    {"2029-12-31T23:59:60.5Z", 1893455999, 500000000},
    {"0000-01-01T00:00:00Z", -62167219200, 0},
    {"9999-12-31T23:59:59Z", 253402300799, 0},
    {"+12030-01-01T00:00:00Z", 317462976000, 0},
    {"+002030-01-01T00:00:00Z", 1893456000, 0},
    {"-0001-12-31T23:59:59Z", -62167219201, 0},
    {"+999999999-12-31T23:59:59Z", 31556889832780799, 0},
    {"-999999999-01-01T00:00:00Z", -31557014135596800, 0},
    {"2028-02-29T00:00:00Z", 1835395200, 0},
    {"2000-02-29T00:00:00Z", 951782400, 0},
};

static void reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct qv_wall at = {0};
        if (qv_wall_parse(qv_str_from(good[i].text), &at) != QV_OK ||
            at.seconds != good[i].seconds || at.nanoseconds != good[i].nanoseconds)
            fail_msg("%s: %lld %d", good[i].text, (long long)at.seconds, at.nanoseconds);
    }
}

static const char *bad[] = {
    "",
    "2030-01-01",
    "2030-01-01T00:00Z",
    "2030-01-01T00:00:00",
    "2030-01-01T00:00:00+0200",
    "2030-01-01T00:00:00+02",
    "2030-01-01T00:00:00+02:00:3",
    "2030-01-01T00:00:00+02:60",
    "2030-01-01T00:00:00+18:00:01",
    "2030-01-01T00:00:00+19:00",
    "2030-01-01 00:00:00Z",
    " 2030-01-01T00:00:00Z",
    "2030-01-01T00:00:00Z ",
    "2030-01-01T00:00:00.1234567890Z",
    "2030-01-01T00:00:00,5Z",
    "12030-01-01T00:00:00Z",
    "+2030-01-01T00:00:00Z",
    "-0000-01-01T00:00:00Z",
    "+1000000000-01-01T00:00:00Z",
    "203-01-01T00:00:00Z",
    "2030-1-01T00:00:00Z",
    "2030-00-01T00:00:00Z",
    "2030-13-01T00:00:00Z",
    "2030-01-00T00:00:00Z",
    "2030-01-32T00:00:00Z",
    "2030-04-31T00:00:00Z",
    "2030-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2030-01-01T24:00:01Z",
    "2030-01-01T24:01:00Z",
    "2030-01-01T24:00:00.1Z",
    "2030-01-01T25:00:00Z",
    "2030-01-01T00:60:00Z",
    "2030-01-01T00:00:60Z",
    "2030-01-01T22:59:60Z",
    "2030-01-01T23:59:61Z",
    "2030-01-01T00:00:00Z[UTC]",
    "2030-01-01T00:00:00GMT",
    "2030-01-01T00:00:00ZZ",
    "now",
};

static void refusing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct qv_wall at = {77, 7};
        if (qv_wall_parse(qv_str_from(bad[i]), &at) != QV_INVALID || at.seconds != 77)
            fail_msg("taken: %s", bad[i]);
    }
}

static void writing(void **state)
{
    (void)state;
    static const struct {
        struct qv_wall at;
        enum qv_wall_digits digits;
        const char *text;
    } rows[] = {
        {{0, 0}, QV_WALL_SECONDS, "1970-01-01T00:00:00Z"},
        {{-1, 999999999}, QV_WALL_SECONDS, "1969-12-31T23:59:59Z"},
        {{-1, 999999999}, QV_WALL_EXACT, "1969-12-31T23:59:59.999999999Z"},
        {{0, 0}, QV_WALL_EXACT, "1970-01-01T00:00:00Z"},
        {{0, 500000000}, QV_WALL_EXACT, "1970-01-01T00:00:00.500Z"},
        {{0, 1000}, QV_WALL_EXACT, "1970-01-01T00:00:00.000001Z"},
        {{0, 1}, QV_WALL_EXACT, "1970-01-01T00:00:00.000000001Z"},
        {{0, 0}, QV_WALL_MILLISECONDS, "1970-01-01T00:00:00.000Z"},
        {{0, 1999999}, QV_WALL_MILLISECONDS, "1970-01-01T00:00:00.001Z"},
        {{317462976000, 0}, QV_WALL_SECONDS, "+12030-01-01T00:00:00Z"},
        {{-62167219201, 0}, QV_WALL_SECONDS, "-0001-12-31T23:59:59Z"},
        {{-62167219200, 0}, QV_WALL_SECONDS, "0000-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_wall_write(&buf, rows[i].at, rows[i].digits);
        assert_string_equal(buf.at, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_answer), cmocka_unit_test(comparing),
        cmocka_unit_test(milliseconds),  cmocka_unit_test(calendar_goes_there_and_back),
        cmocka_unit_test(reading),       cmocka_unit_test(refusing),
        cmocka_unit_test(writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

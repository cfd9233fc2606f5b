// links: domain
/*
 * Integers, booleans and blanks of CHAP registrations (spec/chap-registration B1.4, B1.6): what
 * other values stand for them and what does not.
 */
#include "domain_fixture.h"

#include "../../src/domain/chap_values.h"

static const struct {
    const char *json;
    json_int_t integer;
} integers[] = {
    {"7", 7},
    {"-7", -7},
    {"true", 1},
    {"false", 0},
    {"12.0", 12},
    {"-3.0", -3},
    {"-0.0", 0},
    {"1e3", 1000},
    {"9.2e18", 9200000000000000000},
    {"'3'", 3},
    {"'1.0'", 1},
    {"'1.000'", 1},
    {"' 7 '", 7},
    {"'\\t7\\n'", 7},
    {"'\\u00a07\\u3000'", 7},
    {"'+7'", 7},
    {"'-7.0'", -7},
    {"'1_000'", 1000},
    {"'1_0_0.0'", 100},
    {"'007'", 7},
    {"'-0'", 0},
    {"'9223372036854775807'", INT64_MAX},
    {"'-9223372036854775808'", INT64_MIN},
};

static const struct {
    const char *json;
    enum qv_chap_fault fault;
} no_integers[] = {
    {"''", QV_CHAP_FAULT_INTEGER_TEXT},
    {"' '", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'abc'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1.'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'.0'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1.5'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1.0_0'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1_.0'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1e3'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'0x10'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1__0'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'_1'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1_'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'1 0'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'+'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'+-1'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'+ 1'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'\\u0663'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'true'", QV_CHAP_FAULT_INTEGER_TEXT},
    {"'9223372036854775808'", QV_CHAP_FAULT_INTEGER_SIZE},
    {"'-9223372036854775809'", QV_CHAP_FAULT_INTEGER_SIZE},
    {"'100000000000000000000000000000000000000000'", QV_CHAP_FAULT_INTEGER_SIZE},
    {"1.5", QV_CHAP_FAULT_INTEGER_FRACTION},
    {"1e20", QV_CHAP_FAULT_INTEGER_SIZE},
    {"-9223372036854775808.0", QV_CHAP_FAULT_INTEGER_SIZE},
    {"null", QV_CHAP_FAULT_INTEGER_TYPE},
    {"[]", QV_CHAP_FAULT_INTEGER_TYPE},
    {"{}", QV_CHAP_FAULT_INTEGER_TYPE},
};

static void test_integers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(integers); i++) {
        QV_CLEANUP(qv_json) json_t *value = fixture_quoted(integers[i].json);
        json_int_t integer = 99;
        if (qv_chap_integer_read(value, &integer) != QV_CHAP_FAULT_NONE ||
            integer != integers[i].integer)
            fail_msg("%s became %lld", integers[i].json, (long long)integer);
    }
    for (size_t i = 0; i < COUNT_OF(no_integers); i++) {
        QV_CLEANUP(qv_json) json_t *value = fixture_quoted(no_integers[i].json);
        json_int_t integer = 99;
        enum qv_chap_fault fault = qv_chap_integer_read(value, &integer);
        if (fault != no_integers[i].fault || integer != 99)
            fail_msg("%s: fault %d, became %lld", no_integers[i].json, fault, (long long)integer);
    }
}

static const struct {
    const char *json;
    enum qv_chap_fault fault;
    bool boolean; /* where there is no fault */
} booleans[] = {
    {"true", QV_CHAP_FAULT_NONE, true},
    {"false", QV_CHAP_FAULT_NONE, false},
    {"1", QV_CHAP_FAULT_NONE, true},
    {"0", QV_CHAP_FAULT_NONE, false},
    {"1.0", QV_CHAP_FAULT_NONE, true},
    {"0.0", QV_CHAP_FAULT_NONE, false},
    {"'yes'", QV_CHAP_FAULT_NONE, true},
    {"'NO'", QV_CHAP_FAULT_NONE, false},
    {"'On'", QV_CHAP_FAULT_NONE, true},
    {"'off'", QV_CHAP_FAULT_NONE, false},
    {"'tRUE'", QV_CHAP_FAULT_NONE, true},
    {"'False'", QV_CHAP_FAULT_NONE, false},
    {"'T'", QV_CHAP_FAULT_NONE, true},
    {"'f'", QV_CHAP_FAULT_NONE, false},
    {"'y'", QV_CHAP_FAULT_NONE, true},
    {"'N'", QV_CHAP_FAULT_NONE, false},
    {"'1'", QV_CHAP_FAULT_NONE, true},
    {"'0'", QV_CHAP_FAULT_NONE, false},
    {"''", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"'maybe'", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"' on'", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"'yes '", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"'1.0'", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"'tru'", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"2", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"-1", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"2.0", QV_CHAP_FAULT_BOOLEAN_VALUE, false},
    {"0.5", QV_CHAP_FAULT_BOOLEAN_TYPE, false},
    {"1e300", QV_CHAP_FAULT_BOOLEAN_TYPE, false},
    {"null", QV_CHAP_FAULT_BOOLEAN_TYPE, false},
    {"[]", QV_CHAP_FAULT_BOOLEAN_TYPE, false},
    {"{}", QV_CHAP_FAULT_BOOLEAN_TYPE, false},
};

static void test_booleans(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(booleans); i++) {
        QV_CLEANUP(qv_json) json_t *value = fixture_quoted(booleans[i].json);
        bool boolean = !booleans[i].boolean;
        enum qv_chap_fault fault = qv_chap_boolean_read(value, &boolean);
        bool wanted = (fault == QV_CHAP_FAULT_NONE) == (boolean == booleans[i].boolean);
        if (fault != booleans[i].fault || !wanted)
            fail_msg("%s: fault %d, became %d", booleans[i].json, fault, boolean);
    }
}

static void test_blanks_are_cut_at_both_ends(void **state)
{
    (void)state;
    static const struct {
        struct qv_str text, trimmed;
    } rows[] = {
        {{0}, {0}},
        {QV_STR("  "), QV_STR("")},
        {QV_STR(" \t\r\n\v\fa b\xC2\x85\xC2\xA0"), QV_STR("a b")},
        {QV_STR("\xE1\x9A\x80\xE2\x80\x83x\xE2\x80\xA8\xE2\x81\x9F"), QV_STR("x")},
        {QV_STR("\xE2\x80\x8Bx\x1C"), QV_STR("\xE2\x80\x8Bx\x1C")}, /* are none */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_true(qv_str_equal(qv_chap_trim(rows[i].text), rows[i].trimmed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_blanks_are_cut_at_both_ends),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

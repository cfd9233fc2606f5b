// links: domain
/*
 * The operators of metadata requirements (spec 3.12, 3.14), each by the kinds of its operands, in
 * both dialects; regular expressions and what bounds them.
 */
#include "domain_fixture.h"

#define METADATA                                                                                   \
    "{'s':'Kelvin','e':'','i':5,'neg':-7,'r':5.0,'h':5.5,'big':4294967296,'b':true,'u':'\xc5\x90r" \
    "'," /* Őr */                                                                                 \
    "'two':'a\\nb','emoji':'\xf0\x9f\x8f\xb9x','l':['Kelvin','Celsius',3,3.5,{'a':1},[1],null],"   \
    "'le':[],'o':{'block':2,'side':'North'},'strasse':'stra\xc3\x9f"                               \
    "e','kelvin':'\xe2\x84\xaa','n':null}"

/* `holds` of the operator; its negation, where it has one, must be the opposite. */
static const struct {
    const char *operator_, *negation, *key, *value;
    bool holds;
} cases[] = {
    {"EQUALS", "NOT_EQUALS", "s", "'Kelvin'", true},
    {"EQUALS", "NOT_EQUALS", "s", "'kelvin'", false},
    {"EQUALS", "NOT_EQUALS", "i", "5", true},
    {"EQUALS", "NOT_EQUALS", "i", "5.0", false},
    {"EQUALS", "NOT_EQUALS", "i", "'5'", false},
    {"EQUALS", "NOT_EQUALS", "o", "{'side':'North','block':2}", true},
    {"EQUALS", "NOT_EQUALS", "le", "[]", true},
    {"EQUALS", "NOT_EQUALS", "s", "null", false},

    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "'KELVIN'", true},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "'KELVI'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "'elvin'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "'K.*N'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "u", "'\xc5\x91R'", true},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "u", "'or'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "kelvin", "'k'", true}, /* the Kelvin sign */
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "strasse", "'STRASSE'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "e", "''", true},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "''", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "i", "'5'", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "s", "5", false},
    {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "two", "'A'", false},

    {"INCLUDES", "NOT_INCLUDES", "s", "'elv'", true},
    {"INCLUDES", "NOT_INCLUDES", "s", "'ELV'", false},
    {"INCLUDES", "NOT_INCLUDES", "s", "''", true},
    {"INCLUDES", "NOT_INCLUDES", "e", "''", true},
    {"INCLUDES", "NOT_INCLUDES", "e", "'x'", false},
    {"INCLUDES", "NOT_INCLUDES", "s", "'Kelvins'", false},
    {"INCLUDES", "NOT_INCLUDES", "l", "'Kelvin'", false},
    {"INCLUDES_IGNORE_CASE", "NOT_INCLUDES_IGNORE_CASE", "s", "'ELV'", true},
    {"INCLUDES_IGNORE_CASE", "NOT_INCLUDES_IGNORE_CASE", "s", "'.'", false},
    {"INCLUDES_IGNORE_CASE", "NOT_INCLUDES_IGNORE_CASE", "s", "''", true},
    {"INCLUDES_IGNORE_CASE", "NOT_INCLUDES_IGNORE_CASE", "two", "'\\nB'", true},
    {"INCLUDES_IGNORE_CASE", "NOT_INCLUDES_IGNORE_CASE", "i", "'5'", false},

    {"STARTS_WITH", "NOT_STARTS_WITH", "s", "'Kel'", true},
    {"STARTS_WITH", "NOT_STARTS_WITH", "s", "'kel'", false},
    {"STARTS_WITH", "NOT_STARTS_WITH", "s", "'vin'", false},
    {"STARTS_WITH", "NOT_STARTS_WITH", "s", "''", true},
    {"STARTS_WITH", "NOT_STARTS_WITH", "b", "'t'", false},
    {"STARTS_WITH_IGNORE_CASE", "NOT_STARTS_WITH_IGNORE_CASE", "s", "'kEL'", true},
    {"STARTS_WITH_IGNORE_CASE", "NOT_STARTS_WITH_IGNORE_CASE", "s", "'VIN'", false},
    {"STARTS_WITH_IGNORE_CASE", "NOT_STARTS_WITH_IGNORE_CASE", "two", "'B'", false},
    {"STARTS_WITH_IGNORE_CASE", "NOT_STARTS_WITH_IGNORE_CASE", "l", "'k'", false},

    {"ENDS_WITH", "NOT_ENDS_WITH", "s", "'vin'", true},
    {"ENDS_WITH", "NOT_ENDS_WITH", "s", "'Kel'", false},
    {"ENDS_WITH", "NOT_ENDS_WITH", "s", "'xKelvin'", false},
    {"ENDS_WITH", "NOT_ENDS_WITH", "s", "''", true},
    {"ENDS_WITH", "NOT_ENDS_WITH", "o", "''", false},
    {"ENDS_WITH_IGNORE_CASE", "NOT_ENDS_WITH_IGNORE_CASE", "s", "'VIN'", true},
    {"ENDS_WITH_IGNORE_CASE", "NOT_ENDS_WITH_IGNORE_CASE", "s", "'KEL'", false},
    {"ENDS_WITH_IGNORE_CASE", "NOT_ENDS_WITH_IGNORE_CASE", "two", "'A'", false},
    {"ENDS_WITH_IGNORE_CASE", "NOT_ENDS_WITH_IGNORE_CASE", "i", "'5'", false},

    {"REGEXP", NULL, "s", "'K.*n'", true},
    {"REGEXP", NULL, "s", "'Kel'", false}, /* the whole text */
    {"REGEXP", NULL, "s", "'Kel|Kelvin'", true},
    {"REGEXP", NULL, "s", "'(?i)kelvin'", true},
    {"REGEXP", NULL, "s", "'^Kelvin$'", true},
    {"REGEXP", NULL, "s", "'[A-Z][a-z]{5}'", true},
    {"REGEXP", NULL, "s", "''", false},
    {"REGEXP", NULL, "e", "''", true},
    {"REGEXP", NULL, "u", "'.r'", true}, /* a letter, not a byte */
    {"REGEXP", NULL, "emoji", "'..'", true},
    {"REGEXP", NULL, "two", "'a.b'", false},
    {"REGEXP", NULL, "two", "'(?s)a.b'", true},
    {"REGEXP", NULL, "two", "'a\\\\sb'", true},
    {"REGEXP", NULL, "i", "'5'", false},
    {"REGEXP", NULL, "s", "5", false},

    {"LESS_THAN", NULL, "i", "6", true},
    {"LESS_THAN", NULL, "i", "5", false},
    {"LESS_THAN", NULL, "i", "5.5", true},
    {"LESS_THAN", NULL, "neg", "-6.5", true},
    {"LESS_THAN", NULL, "big", "4294967297", true},
    {"LESS_THAN", NULL, "s", "6", false},
    {"LESS_THAN", NULL, "i", "'6'", false},
    {"LESS_THAN", NULL, "b", "6", false},
    {"LESS_THAN_OR_EQUALS_TO", NULL, "i", "5", true},
    {"LESS_THAN_OR_EQUALS_TO", NULL, "i", "5.0", true},
    {"LESS_THAN_OR_EQUALS_TO", NULL, "r", "5", true},
    {"LESS_THAN_OR_EQUALS_TO", NULL, "i", "4", false},
    {"LESS_THAN_OR_EQUALS_TO", NULL, "l", "4", false},
    {"GREATER_THAN", NULL, "h", "5", true},
    {"GREATER_THAN", NULL, "i", "5", false},
    {"GREATER_THAN", NULL, "i", "4.9", true},
    {"GREATER_THAN", NULL, "i", "null", false},
    {"GREATER_THAN_OR_EQUALS_TO", NULL, "i", "5", true},
    {"GREATER_THAN_OR_EQUALS_TO", NULL, "r", "5", true},
    {"GREATER_THAN_OR_EQUALS_TO", NULL, "i", "6", false},
    {"GREATER_THAN_OR_EQUALS_TO", NULL, "e", "0", false},

    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "s", "6", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "s", "5", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "u", "2", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "emoji", "3", true}, /* UTF-16 units */
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "l", "7", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "l", "7.9", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "l", "6.9", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "0", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "-0.9", true},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "-1", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "-1.0", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "4294967296", false}, /* does not wrap */
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "le", "1e300", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "l", "'7'", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "o", "2", false},
    {"SIZE_EQUALS", "SIZE_NOT_EQUALS", "i", "1", false},

    {"CONTAINS", "NOT_CONTAINS", "l", "'Celsius'", true},
    {"CONTAINS", "NOT_CONTAINS", "l", "'celsius'", false},
    {"CONTAINS", "NOT_CONTAINS", "l", "3", true},
    {"CONTAINS", "NOT_CONTAINS", "l", "3.0", false},
    {"CONTAINS", "NOT_CONTAINS", "l", "{'a':1}", true},
    {"CONTAINS", "NOT_CONTAINS", "l", "[1]", true},
    {"CONTAINS", "NOT_CONTAINS", "le", "'x'", false},
    {"CONTAINS", "NOT_CONTAINS", "s", "'K'", false},
    {"CONTAINS", "NOT_CONTAINS", "o", "'block'", false},

    {"IN", "NOT_IN", "s", "['x','Kelvin']", true},
    {"IN", "NOT_IN", "s", "['kelvin']", false},
    {"IN", "NOT_IN", "s", "[]", false},
    {"IN", "NOT_IN", "i", "[5.0,'5',5]", true},
    {"IN", "NOT_IN", "i", "[5.0]", false},
    {"IN", "NOT_IN", "s", "'Kelvin'", false},
    {"IN", "NOT_IN", "o", "[{'side':'North','block':2}]", true},
    {"IN", "NOT_IN", "le", "[[]]", true},
};

/* Of dialect 5.2 alone. */
static const struct {
    const char *key, *value;
    bool holds;
} any_cases[] = {
    {"l", "['x',3]", true},         {"l", "['x',3.0]", false}, {"l", "[]", false},
    {"le", "['x']", false},         {"le", "[]", false},       {"l", "'Kelvin'", false},
    {"s", "['Kelvin']", false},     {"l", "[[1]]", true},      {"l", "[{'a':1},{'b':1}]", true},
    {"l", "{'a':'Kelvin'}", false},
};

static enum qv_status read_call(enum qv_dialect_id id, const char *key, const char *operator_,
                                const char *value, struct qv_requirement **ret_requirement,
                                struct qv_error *error)
{
    char text[512];
    snprintf(text, sizeof(text), "{'%s':{'op':'%s','value':%s}}", key, operator_, value);
    QV_CLEANUP(qv_json) json_t *object = fixture_quoted(text);
    return qv_requirement_read(qv_dialect_get(id), object, ret_requirement, error);
}

static void assert_holds(enum qv_dialect_id id, const char *key, const char *operator_,
                         const char *value, bool expected)
{
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted(METADATA);
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (read_call(id, key, operator_, value, &requirement, &error) != QV_OK)
        fail_msg("%s %s: %s", operator_, value, qv_error_message(&error));
    if (qv_requirement_matches(requirement, metadata) != expected)
        fail_msg("%s %s %s", key, operator_, value);
}

static void operators_hold_by_kind(void **state)
{
    (void)state;
    for (int id = QV_DIALECT_5_0; id <= QV_DIALECT_5_2; id++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            enum qv_dialect_id dialect = (enum qv_dialect_id)id;
            assert_holds(dialect, cases[i].key, cases[i].operator_, cases[i].value, cases[i].holds);
            if (cases[i].negation != NULL)
                assert_holds(dialect, cases[i].key, cases[i].negation, cases[i].value,
                             !cases[i].holds);
        }
    }
}

static void lists_with_a_common_element(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(any_cases); i++) {
        assert_holds(QV_DIALECT_5_2, any_cases[i].key, "CONTAINS_ANY", any_cases[i].value,
                     any_cases[i].holds);
        assert_holds(QV_DIALECT_5_2, any_cases[i].key, "NOT_CONTAINS_ANY", any_cases[i].value,
                     !any_cases[i].holds);
    }
}

/* What is not there matches nothing, whatever is asked of it. */
static void missing_and_null_match_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *names[] = {cases[i].operator_, cases[i].negation};
        for (size_t k = 0; k < 2 && names[k] != NULL; k++) {
            assert_holds(QV_DIALECT_5_0, "missing", names[k], cases[i].value, false);
            assert_holds(QV_DIALECT_5_0, "n", names[k], cases[i].value, false);
        }
    }
}

/* ---- operands that are long lists ---- */

/* What is in no other list here. */
static void append_others(json_t *list)
{
    for (int i = 0; i < 40; i++)
        assert_int_equal(json_array_append_new(list, json_sprintf("other-%d", i)), 0);
}

static struct qv_requirement *read_operand(const char *operator_, const char *key, json_t *operand)
{
    QV_CLEANUP(qv_json)
    json_t *object = json_pack("{s:{s:s,s:O}}", key, "op", operator_, "value", operand);
    struct qv_requirement *requirement = NULL;
    assert_int_equal(
        qv_requirement_read(qv_dialect_get(QV_DIALECT_5_2), object, &requirement, NULL), QV_OK);
    return requirement;
}

static void assert_long_holds(const char *key, const char *operator_, const char *value,
                              bool expected)
{
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted(METADATA);
    QV_CLEANUP(qv_json) json_t *operand = fixture_quoted(value);
    if (json_is_array(operand))
        append_others(operand);
    QV_CLEANUP(qv_requirement)
    struct qv_requirement *requirement = read_operand(operator_, key, operand);
    if (qv_requirement_matches(requirement, metadata) != expected)
        fail_msg("%s %s %s and others", key, operator_, value);
}

static void long_operands_hold_as_short_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (strcmp(cases[i].operator_, "IN") != 0)
            continue;
        assert_long_holds(cases[i].key, "IN", cases[i].value, cases[i].holds);
        assert_long_holds(cases[i].key, "NOT_IN", cases[i].value, !cases[i].holds);
    }
    for (size_t i = 0; i < COUNT_OF(any_cases); i++) {
        assert_long_holds(any_cases[i].key, "CONTAINS_ANY", any_cases[i].value, any_cases[i].holds);
        assert_long_holds(any_cases[i].key, "NOT_CONTAINS_ANY", any_cases[i].value,
                          !any_cases[i].holds);
    }
}

static unsigned roll(unsigned sides)
{
    static uint32_t seed = 1; /* the same values in each run */
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % sides;
}

/* Small values of every kind, so that many are equal, or nearly. */
static json_t *random_value(unsigned depth)
{
    static const char *const leaves[] = {
        "0",         "1",    "-1",  "256", "0.0", "-0.0", "1.0",   "1.5",  "''",  "'0'",  "'a'",
        "'\\u00e9'", "true", "'t'", "'n'", "[]",  "{}",   "false", "null", "[0]", "['']", "1e300"};
    static const char *const names[] = {"a", "b", "aa", ""};
    if (depth == 0 || roll(2) == 0)
        return fixture_quoted(leaves[roll(COUNT_OF(leaves))]);
    json_t *value = roll(2) == 0 ? json_array() : json_object();
    for (unsigned i = roll(4); i > 0; i--) {
        json_t *part = random_value(depth - 1);
        int added = json_is_array(value)
                        ? json_array_append_new(value, part)
                        : json_object_set_new(value, names[roll(COUNT_OF(names))], part);
        assert_int_equal(added, 0);
    }
    return value;
}

static json_t *random_list(size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        assert_int_equal(json_array_append_new(list, random_value(2)), 0);
    return list;
}

static bool is_among(const json_t *value, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (qv_json_equal(value, json_array_get(list, i)))
            return true;
    }
    return false;
}

static bool is_any_among(const json_t *values, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (is_among(json_array_get(values, i), list))
            return true;
    }
    return false;
}

static void assert_long_agrees(const char *operator_, json_t *operand, json_t *found, bool expected)
{
    QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:O}", "k", found);
    QV_CLEANUP(qv_requirement)
    struct qv_requirement *requirement = read_operand(operator_, "k", operand);
    if (qv_requirement_matches(requirement, metadata) == expected)
        return;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_json_write(&text, found);
    qv_buf_put_text(&text, " of ");
    qv_json_write(&text, operand);
    fail_msg("%s, %sexpected: %s", operator_, expected ? "" : "not ", text.at);
}

static void long_operands_compare_as_equality_does(void **state)
{
    (void)state;
    for (size_t round = 0; round < 1000; round++) {
        QV_CLEANUP(qv_json) json_t *operand = random_list(20);
        QV_CLEANUP(qv_json) json_t *values = random_list(6);
        for (size_t i = 0; i < json_array_size(values); i++) {
            json_t *value = json_array_get(values, i);
            bool is_in = !json_is_null(value) && is_among(value, operand);
            assert_long_agrees("IN", operand, value, is_in);
        }
        if (json_array_remove(values, roll(3)) != 0)
            fail();
        assert_long_agrees("CONTAINS_ANY", operand, values, is_any_among(values, operand));
    }
}

static void long_operands_when_memory_runs_out(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *operand = fixture_quoted("[{'b':1,'a':[2]},'x']");
    append_others(operand);
    QV_CLEANUP(qv_json)
    json_t *object = json_pack("{s:{s:s,s:O}}", "k", "op", "IN", "value", operand);
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        qv_memory_fail_at(nth);
        status = qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, NULL);
        bool failed = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, failed ? QV_NO_MEMORY : QV_OK);
        assert_true((requirement == NULL) == failed);
    }
}

/* Asking a set takes memory; without it the answer is the same. */
static void long_operands_match_without_memory(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *operand = fixture_quoted("[{'b':1,'a':[2]},'x']");
    append_others(operand);
    QV_CLEANUP(qv_json) json_t *good = fixture_quoted("{'k':[5,{'a':[2],'b':1}]}");
    QV_CLEANUP(qv_json) json_t *bad = fixture_quoted("{'k':[5,{'a':[3],'b':1}]}");
    QV_CLEANUP(qv_requirement)
    struct qv_requirement *requirement = read_operand("CONTAINS_ANY", "k", operand);
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        qv_memory_fail_at(nth);
        bool matches = qv_requirement_matches(requirement, good);
        failed = qv_memory_count() >= nth;
        qv_memory_fail_at(nth);
        bool other_matches = qv_requirement_matches(requirement, bad);
        qv_memory_fail_at(0);
        assert_true(matches);
        assert_false(other_matches);
    }
    assert_true(nth > 2); /* a set was asked */
}

/* ---- what is refused ---- */

static void assert_refused(enum qv_dialect_id id, const char *operator_, const char *value)
{
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char words[256];
    snprintf(words, sizeof(words), "Invalid metadata operation requirement: %s", operator_);
    if (read_call(id, "s", operator_, value, &requirement, &error) != QV_INVALID)
        fail_msg("%s %s is taken", operator_, value);
    assert_null(requirement);
    assert_string_equal(qv_error_message(&error), words);
}

static void operators_of_the_other_dialect_are_unknown(void **state)
{
    (void)state;
    assert_refused(QV_DIALECT_5_0, "CONTAINS_ANY", "[]");
    assert_refused(QV_DIALECT_5_0, "NOT_CONTAINS_ANY", "[]");
    assert_refused(QV_DIALECT_5_0, "NOT_REGEXP", "'x'");
    assert_refused(QV_DIALECT_5_2, "NOT_REGEXP", "'x'");
    assert_refused(QV_DIALECT_5_2, "NOT_LESS_THAN", "5");
    assert_refused(QV_DIALECT_5_2, "SIZE_GREATER_THAN", "5");
}

static void bad_expressions_are_refused_up_front(void **state)
{
    (void)state;
    static const char *const bad[] = {"'('",
                                      "'[a'",
                                      "'a{2,1}'",
                                      "'*'",
                                      "'\\\\'",
                                      "'(?<x'",
                                      "'(?z)'",
                                      "'\\\\C'",
                                      "'\\\\p{Nonsense}'",
                                      "'(((a{999}){999}){999})'"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_refused(QV_DIALECT_5_0, "REGEXP", bad[i]);
    assert_refused(QV_DIALECT_5_0, " regexp ", "'('"); /* named as it was sent */
}

static struct qv_requirement *read_pattern(const char *operator_, char *pattern)
{
    QV_CLEANUP(qv_json)
    json_t *object = json_pack("{s:{s:s,s:s}}", "s", "op", operator_, "value", pattern);
    struct qv_requirement *requirement = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, &error) != QV_OK)
        assert_int_equal(error.status, QV_INVALID);
    return requirement;
}

static void patterns_have_a_length(void **state)
{
    (void)state;
    char pattern[4098] = "";
    memset(pattern, 'a', 4096);
    QV_CLEANUP(qv_requirement) struct qv_requirement *longest = read_pattern("REGEXP", pattern);
    assert_non_null(longest);
    QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:s}", "s", pattern);
    assert_true(qv_requirement_matches(longest, metadata));
    pattern[4096] = 'a';
    assert_null(read_pattern("REGEXP", pattern));
    assert_null(read_pattern("INCLUDES_IGNORE_CASE", pattern));
}

/* Nested repetition takes exponentially many steps: it ends, and matches nothing. */
static void expensive_expressions_end(void **state)
{
    (void)state;
    static char *const patterns[] = {"(a+)+b", "(a|aa)+b", "(a*)*b", "(.*)*(.*)*b"};
    QV_CLEANUP(qv_json)
    json_t *metadata =
        json_pack("{s:s}", "s", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac");
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        QV_CLEANUP(qv_requirement)
        struct qv_requirement *requirement = read_pattern("REGEXP", patterns[i]);
        assert_non_null(requirement);
        assert_false(qv_requirement_matches(requirement, metadata));
    }
}

static void deep_brackets_are_refused(void **state)
{
    (void)state;
    char pattern[512] = "";
    memset(pattern, '(', 200);
    memset(pattern + 200, ')', 200);
    assert_null(read_pattern("REGEXP", pattern));
}

/* What could not be looked for does not hold, under a negated operator either. */
static void a_match_without_memory_does_not_hold(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted("{'s':'Kelvin'}");
    static const char *const names[] = {"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE", "REGEXP"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        assert_int_equal(read_call(QV_DIALECT_5_0, "s", names[i], i == 1 ? "'x'" : "'Kelvin'",
                                   &requirement, NULL),
                         QV_OK);
        assert_true(qv_requirement_matches(requirement, metadata));
        qv_memory_fail_at(1);
        bool matches = qv_requirement_matches(requirement, metadata);
        qv_memory_fail_at(0);
        assert_false(matches);
    }
}

static void patterns_when_memory_runs_out(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *object = fixture_quoted("{'a':{'op':'REGEXP','value':'(a|b)+c'},"
                                    "'b':{'op':'ENDS_WITH_IGNORE_CASE','value':'x'}}");
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, NULL);
        failed = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, failed ? QV_NO_MEMORY : QV_OK);
        assert_true((requirement == NULL) == failed);
    }
    assert_true(nth > 12); /* the sweep met the whole of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_hold_by_kind),
        cmocka_unit_test(lists_with_a_common_element),
        cmocka_unit_test(missing_and_null_match_nothing),
        cmocka_unit_test(long_operands_hold_as_short_ones),
        cmocka_unit_test(long_operands_compare_as_equality_does),
        cmocka_unit_test(long_operands_when_memory_runs_out),
        cmocka_unit_test(long_operands_match_without_memory),
        cmocka_unit_test(operators_of_the_other_dialect_are_unknown),
        cmocka_unit_test(bad_expressions_are_refused_up_front),
        cmocka_unit_test(patterns_have_a_length),
        cmocka_unit_test(expensive_expressions_end),
        cmocka_unit_test(deep_brackets_are_refused),
        cmocka_unit_test(a_match_without_memory_does_not_hold),
        cmocka_unit_test(patterns_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

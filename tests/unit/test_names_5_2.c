// links: domain
/*
 * Names, versions and instance ids of dialect 5.2, in both normalizations (spec 3.14, 5.2).
 */
#include "domain_fixture.h"
#include <ctype.h>

static const struct qv_dialect *extended(void)
{
    return qv_dialect_get(QV_DIALECT_5_2);
}

static const struct qv_dialect *simple(void)
{
    return qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE);
}

/* In the order of enum qv_entity; a `!` before a name that follows no convention. */
static const struct {
    const char *raw, *forms[QV_ENTITY_COUNT];
} conversions[] = {
    {"temperature-provider2",
     {"TemperatureProvider2", "temperatureProvider2", "TEMPERATURE_PROVIDER2",
      "temperature_provider2", "temperature-provider2"}},
    {"TemperatureProvider2",
     {"TemperatureProvider2", "temperatureProvider2", "TEMPERATUREPROVIDER2",
      "temperatureprovider2", "temperatureprovider2"}},
    {" Temperature  Provider_2 ",
     {"TemperatureProvider2", "temperatureProvider2", "TEMPERATURE_PROVIDER_2",
      "temperature_provider_2", "temperature-provider-2"}},
    {"TEMPERATURE-PROVIDER",
     {"TEMPERATUREPROVIDER", "tEMPERATUREPROVIDER", "TEMPERATURE_PROVIDER", "temperature_provider",
      "temperature-provider"}},
    {"my--provider__x",
     {"MyProviderX", "myProviderX", "MY_PROVIDER_X", "my_provider_x", "my-provider-x"}},
    {"a_-_b - c", {"ABC", "aBC", "A_B_C", "a_b_c", "a-b-c"}},
    {"generic-http",
     {"GenericHttp", "genericHttp", "GENERIC_HTTP", "generic_http", "generic-http"}},
    {"abc-", {"Abc", "abc", "!ABC_", "!abc_", "!abc-"}},
    {"-abc", {"!_abc", "!_abc", "!_ABC", "!_abc", "!-abc"}},
    {"-", {"!_", "!_", "!_", "!_", "!-"}},
    {"__", {"!_", "!_", "!_", "!_", "!-"}},
    {"_-x-", {"!_x", "!_x", "!_X_", "!_x_", "!-x-"}},
    {"a-1b", {"A1b", "a1b", "A_1B", "a_1b", "a-1b"}},
    {"a\nb\tc", {"ABC", "aBC", "A_B_C", "a_b_c", "a-b-c"}},
    {"a\xc2\xa0"
     "b\xe2\x80\x83\xe3\x80\x80"
     "c", /* no-break, em and ideographic space */
     {"ABC", "aBC", "A_B_C", "a_b_c", "a-b-c"}},
    {"x", {"X", "x", "X", "x", "x"}},
    {"2abc", {"!2abc", "!2abc", "!2ABC", "!2abc", "!2abc"}},
    {"a.b", {"!A.b", "!a.b", "!A.B", "!a.b", "!a.b"}},
    {"a|b", {"!A|b", "!a|b", "!A|B", "!a|b", "!a|b"}},
    {"d\xc3\xa9v", {"!D\xc3\xa9v", "!d\xc3\xa9v", "!D\xc3\x89V", "!d\xc3\xa9v", "!d\xc3\xa9v"}},
    {"\xc3\xa9-\xc3\xa9",
     {"!\xc3\x89\xc3\x89", "!\xc3\xa9\xc3\x89", "!\xc3\x89_\xc3\x89", "!\xc3\xa9_\xc3\xa9",
      "!\xc3\xa9-\xc3\xa9"}},
    /* no UTF-8: its letters are left alone */
    {"a\xff-b",
     {"!A\xff"
      "b",
      "!a\xff"
      "b",
      "!a\xff_b", "!a\xff_b", "!a\xff-b"}},
};

static void assert_form(const struct qv_dialect *dialect, int entity, const char *raw,
                        const char *form)
{
    QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0};
    bool good = form[0] != '!';
    form += good ? 0 : 1;
    qv_name_normalize(dialect, (enum qv_entity)entity, qv_str_from(raw), &once);
    assert_string_equal(once.at, form);
    assert_int_equal(qv_name_check(dialect, (enum qv_entity)entity, qv_buf_str(&once), NULL),
                     good ? QV_OK : QV_INVALID);
    qv_name_normalize(dialect, (enum qv_entity)entity, qv_buf_str(&once), &twice);
    assert_string_equal(twice.at, form);
}

static void names_are_converted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(conversions); i++) {
        for (int entity = 0; entity < QV_ENTITY_COUNT; entity++)
            assert_form(extended(), entity, conversions[i].raw, conversions[i].forms[entity]);
    }
}

/* ---- the forms once more, a character at a time ---- */

static bool is_separator(struct qv_str text, size_t place)
{
    return strchr("-_ \t", text.at[place]) != NULL;
}

static char in_case(char c, bool upper)
{
    return (char)(upper ? toupper(c) : tolower(c));
}

static void put_joined(struct qv_str raw, bool first_upper, struct qv_buf *buf)
{
    bool met = false;
    for (size_t i = 0; i < raw.length; i++) {
        bool separates = is_separator(raw, i);
        if (i == 0)
            qv_buf_put_char(buf, separates ? '_' : in_case(raw.at[i], first_upper));
        else if (!separates && met && is_separator(raw, i - 1))
            qv_buf_put_char(buf, in_case(raw.at[i], true));
        else if (!separates)
            qv_buf_put_char(buf, raw.at[i]);
        met = met || !separates;
    }
}

static void put_separated(struct qv_str raw, char separator, bool upper, struct qv_buf *buf)
{
    for (size_t i = 0; i < raw.length; i++) {
        if (!is_separator(raw, i))
            qv_buf_put_char(buf, in_case(raw.at[i], upper));
        else if (i == 0 || !is_separator(raw, i - 1))
            qv_buf_put_char(buf, separator);
    }
}

static void put_slowly(struct qv_str raw, int entity, struct qv_buf *buf)
{
    static const char separators[QV_ENTITY_COUNT] = {
        [QV_ENTITY_DEVICE] = '_', [QV_ENTITY_TEMPLATE] = '_', [QV_ENTITY_OPERATION] = '-'};
    bool upper = entity == QV_ENTITY_SYSTEM || entity == QV_ENTITY_DEVICE;
    if (separators[entity] != '\0')
        put_separated(qv_str_trim(raw), separators[entity], upper, buf);
    else
        put_joined(qv_str_trim(raw), upper, buf);
}

static void any_name_is_converted_as_by_characters(void **state)
{
    (void)state;
    static const char letters[] = "aZx9-_ \t.";
    uint32_t seed = 1; /* the same names in each run */
    for (size_t round = 0; round < 5000; round++) {
        char raw[24] = "";
        for (size_t i = 0; i < round % sizeof(raw); i++) {
            seed = seed * 1664525 + 1013904223;
            raw[i] = letters[(seed >> 16) % (sizeof(letters) - 1)];
        }
        for (int entity = 0; entity < QV_ENTITY_COUNT; entity++) {
            QV_CLEANUP(qv_buf) struct qv_buf form = {0}, expected = {0};
            qv_name_normalize(extended(), (enum qv_entity)entity, qv_str_from(raw), &form);
            put_slowly(qv_str_from(raw), entity, &expected);
            if (!qv_str_equal(qv_buf_str(&form), qv_buf_str(&expected)))
                fail_msg("'%s' as a %d: %s", raw, entity, form.at);
        }
    }
}

static void simple_names_are_only_trimmed(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *forms[QV_ENTITY_COUNT];
    } names[] = {
        {" Alpha ", {"Alpha", "!Alpha", "!Alpha", "!Alpha", "!Alpha"}},
        {"alpha", {"!alpha", "alpha", "!alpha", "alpha", "alpha"}},
        {"kelvin-info",
         {"!kelvin-info", "!kelvin-info", "!kelvin-info", "!kelvin-info", "kelvin-info"}},
        {"DEV__ONE", {"!DEV__ONE", "!DEV__ONE", "DEV__ONE", "!DEV__ONE", "!DEV__ONE"}},
        {"a__b", {"!a__b", "!a__b", "!a__b", "a__b", "!a__b"}},
        {"a b", {"!a b", "!a b", "!a b", "!a b", "!a b"}},
        {"A1", {"A1", "!A1", "A1", "!A1", "!A1"}},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (int entity = 0; entity < QV_ENTITY_COUNT; entity++)
            assert_form(simple(), entity, names[i].raw, names[i].forms[entity]);
    }
}

static const char *const kinds[QV_ENTITY_COUNT] = {
    [QV_ENTITY_SYSTEM] = "system name",
    [QV_ENTITY_DEFINITION] = "service definition name",
    [QV_ENTITY_DEVICE] = "device name",
    [QV_ENTITY_TEMPLATE] = "interface template name",
    [QV_ENTITY_OPERATION] = "service operation name",
};

static void assert_violation(const struct qv_dialect *dialect, int entity, struct qv_str name,
                             const char *quoted)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char words[256];
    snprintf(words, sizeof(words), "The specified %s does not match the naming convention: %s",
             kinds[entity], quoted);
    assert_int_equal(qv_name_check(dialect, (enum qv_entity)entity, name, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), words);
}

/* One sentence for everything that is wrong with a name, its length included. */
static void violations_name_the_entity(void **state)
{
    (void)state;
    char text[65] = "";
    for (int entity = 0; entity < QV_ENTITY_COUNT; entity++) {
        bool capital = entity == QV_ENTITY_SYSTEM || entity == QV_ENTITY_DEVICE;
        memset(text, capital ? 'A' : 'a', 64);
        struct qv_str longest = {.at = text, .length = 63};
        assert_int_equal(qv_name_check(extended(), (enum qv_entity)entity, longest, NULL), QV_OK);
        assert_violation(extended(), entity, qv_str_from(text), text);
        assert_violation(simple(), entity, qv_str_from(text), text);
        assert_violation(extended(), entity, QV_STR("2x"), "2x");
        assert_violation(extended(), entity, QV_STR(""), "null");
        assert_int_equal(
            qv_name_check_length(extended(), (enum qv_entity)entity, qv_str_from(text), NULL),
            QV_OK);
    }
}

static void a_blank_name_is_nothing(void **state)
{
    (void)state;
    static const char *const blanks[] = {"", " ", "\t\n", "\xe2\x80\x83"};
    for (size_t i = 0; i < COUNT_OF(blanks); i++) {
        for (int entity = 0; entity < QV_ENTITY_COUNT; entity++) {
            QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
            qv_name_normalize(extended(), (enum qv_entity)entity, qv_str_from(blanks[i]), &buf);
            qv_name_normalize(simple(), (enum qv_entity)entity, qv_str_from(blanks[i]), &buf);
            assert_int_equal(buf.length, 0);
        }
    }
}

static void names_are_read_in_the_dialects_form(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_buf_put_text(&buf, "x");
    assert_int_equal(qv_name_read(extended(), QV_ENTITY_SYSTEM, QV_STR("a-b"), &buf, &error),
                     QV_OK);
    assert_string_equal(buf.at, "xAB");
    assert_int_equal(qv_name_read(extended(), QV_ENTITY_OPERATION, QV_STR(" 2 B"), &buf, &error),
                     QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), ": 2-b"));
    const struct qv_dialect *other = qv_dialect_get(QV_DIALECT_5_0); /* trimmed, and as it was */
    assert_int_equal(qv_name_read(other, QV_ENTITY_OPERATION, QV_STR(" A_B "), &buf, &error),
                     QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), ": A_B"));
    assert_int_equal(qv_name_read(other, QV_ENTITY_DEFINITION, QV_STR(" a"), &buf, &error),
                     QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), ":  a"));
}

static void versions_have_their_own_words(void **state)
{
    (void)state;
    static const struct {
        const char *version, *fault;
    } versions[] = {
        {"123456.67890.1234", "version is too long"},
        {"1.2.3.4", "version must contain exactly 2 separator . characters"},
        {"..", "version must contain exactly 3 numbers"},
        {"1.2.x", "the version should only contain numbers and separator . characters"},
    };
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        char words[128];
        snprintf(words, sizeof(words), "Version verification failure: %s", versions[i].fault);
        assert_int_equal(qv_version_check(extended(), qv_str_from(versions[i].version), &error),
                         QV_INVALID);
        assert_string_equal(qv_error_message(&error), words);
    }
}

/* ---- instance ids ---- */

static void assert_id(const struct qv_dialect *dialect, const char *raw, const char *provider,
                      const char *definition, const char *version)
{
    QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_instance_id_read(dialect, qv_str_from(raw), &id, &error) != QV_OK)
        fail_msg("%s: %s", raw, qv_error_message(&error));
    assert_true(qv_str_equal(id.provider, qv_str_from(provider)));
    assert_true(qv_str_equal(id.definition, qv_str_from(definition)));
    assert_true(qv_str_equal(id.version, qv_str_from(version)));
    QV_CLEANUP(qv_buf) struct qv_buf joined = {0};
    qv_instance_id_write(dialect, id.provider, id.definition, id.version, &joined);
    assert_string_equal(joined.at, id.text);
}

static void ids_are_normalized_part_by_part(void **state)
{
    (void)state;
    assert_id(extended(), "A|b|1.0.0", "A", "b", "1.0.0");
    assert_id(extended(), "temperature-provider2|kelvin-info|1", "TemperatureProvider2",
              "kelvinInfo", "1.0.0");
    assert_id(extended(), " a b | Kelvin Info | 1.2 ", "AB", "kelvinInfo", "1.2.0");
    assert_id(extended(), "A|null|1", "A", "null", "1.0.0");
    assert_id(simple(), " A | b | 1 ", "A", "b", "1.0.0");
}

#define NO_ID         "The specified service instance identifier does not match the naming convention: "
#define NO_SYSTEM     "The specified system name does not match the naming convention: "
#define NO_DEFINITION "The specified service definition name does not match the naming convention: "

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *words;
    } bad[] = {
        {"x", NO_ID "X"},
        {"a-b|k", NO_ID "AB|k"},
        {"a|b|1|2", NO_ID "A|b|1.0.0|2"},
        {"a|b|1| 2 ", NO_ID "A|b|1.0.0| 2 "},
        {"a|b|1|", NO_ID "A|b|1.0.0"}, /* empty parts at the end are not told */
        {"a|b|1||", NO_ID "A|b|1.0.0"},
        {"|", NO_ID},
        {"||", NO_ID},
        {"a||1", NO_DEFINITION "null"},
        {"|b|1", NO_SYSTEM "null"},
        {"a|b|", NO_ID "A|b"},
        {"a|b| ", NO_ID "A|b"},
        {"a| |1", NO_DEFINITION "null"},
        {"a::b::1.0.0", NO_ID "A::b::1.0.0"},
        {"2a|2b|x", NO_SYSTEM "2a"},
        {"a|2b|x", NO_DEFINITION "2b"},
        {"-|b|1", NO_SYSTEM "_"},
        {"a|b|x", "Version verification failure: the version should only contain numbers and "
                  "separator . characters"},
        {" ", "Service instance ID is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(qv_instance_id_read(extended(), qv_str_from(bad[i].raw), &id, &error),
                         QV_INVALID);
        assert_null(id.text);
        assert_string_equal(qv_error_message(&error), bad[i].words);
    }
}

static void names_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_str raw = QV_STR("t\xc3\xa9mp-prov|Kelvin-Info|1");
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_buf) struct qv_buf id = {0};
        qv_memory_fail_at(nth);
        qv_instance_id_normalize(extended(), raw, &id);
        qv_name_normalize(extended(), QV_ENTITY_DEVICE, raw, &id);
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(qv_buf_status(&id), met ? QV_NO_MEMORY : QV_OK);
        if (!met)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_converted),
        cmocka_unit_test(any_name_is_converted_as_by_characters),
        cmocka_unit_test(simple_names_are_only_trimmed),
        cmocka_unit_test(violations_name_the_entity),
        cmocka_unit_test(a_blank_name_is_nothing),
        cmocka_unit_test(names_are_read_in_the_dialects_form),
        cmocka_unit_test(versions_have_their_own_words),
        cmocka_unit_test(ids_are_normalized_part_by_part),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(names_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: domain
/*
 * Names, versions and instance ids of dialect 5.0 (spec 3.5, 3.13, 5.1).
 */
#include "domain_fixture.h"

static const struct qv_dialect *dialect(void)
{
    return qv_dialect_get(QV_DIALECT_5_0);
}

static void dialects_have_names(void **state)
{
    (void)state;
    const struct qv_dialect *other = qv_dialect_get(QV_DIALECT_5_2);
    assert_string_equal(qv_dialect_name(dialect()), "5.0");
    assert_string_equal(qv_dialect_separator(dialect()), "::");
    assert_string_equal(qv_dialect_name(other), "5.2");
    assert_string_equal(qv_dialect_separator(other), "|");
    assert_ptr_equal(qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_EXTENDED), other);
    const struct qv_dialect *simple = qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE);
    assert_ptr_not_equal(simple, other);
    assert_string_equal(qv_dialect_name(simple), "5.2");
    assert_null(qv_dialect_find(QV_DIALECT_5_0, QV_NORMALIZATION_SIMPLE));
}

static void rules_come_from_the_configuration(void **state)
{
    (void)state;
    struct qv_config config = {0};
    config.cloud.dialect = QV_DIALECT_5_0;
    config.registry.interface_policy = QV_INTERFACE_OPEN;
    config.registry.discovery = QV_DISCOVERY_RESTRICTED;
    config.registry.non_routable_addressing = true;
    struct qv_rules rules;
    qv_rules_from_config(&config, &rules);
    assert_ptr_equal(rules.dialect, dialect());
    assert_int_equal(rules.interface_policy, QV_INTERFACE_OPEN);
    assert_int_equal(rules.discovery, QV_DISCOVERY_RESTRICTED);
    assert_ptr_equal(rules.direct_access, &config.registry.direct_access);
    assert_false(rules.self_addressing);
    assert_true(rules.non_routable_addressing);
    assert_ptr_equal(rules.address_alias, &config.registry.address_alias);
    config.cloud.dialect = QV_DIALECT_5_2;
    config.registry.normalization = QV_NORMALIZATION_SIMPLE;
    qv_rules_from_config(&config, &rules);
    assert_ptr_equal(rules.dialect, qv_dialect_find(QV_DIALECT_5_2, QV_NORMALIZATION_SIMPLE));
}

static void names_are_trimmed_and_lowered(void **state)
{
    (void)state;
    for (int entity = 0; entity < QV_ENTITY_COUNT; entity++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_name_normalize(dialect(), (enum qv_entity)entity, QV_STR(" \tKelvin-Info9\n"), &buf);
        assert_string_equal(buf.at, "kelvin-info9");
    }
}

/* No name may have such a letter, but a message quotes it as the reference does. */
static void letters_beyond_ascii_are_lowered(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_name_normalize(dialect(), QV_ENTITY_SYSTEM, QV_STR("H\xc5\x90M\xc3\x89R\xc5\x90-1"), &buf);
    assert_string_equal(buf.at, "h\xc5\x91m\xc3\xa9r\xc5\x91-1");
    QV_CLEANUP(qv_buf) struct qv_buf bytes = {0}; /* no UTF-8: left alone */
    qv_name_normalize(dialect(), QV_ENTITY_SYSTEM, QV_STR("A\xff\xc3"), &bytes);
    assert_string_equal(bytes.at, "A\xff\xc3");
}

static void names_follow_the_convention(void **state)
{
    (void)state;
    static const char *const good[] = {"k", "Q", "kelvin-info", "k--i", "k9", "K1-2-3"};
    static const char *const bad[] = {
        "",   "-",  "1",   "1x",  "a-",   "a_b", "a.b",       "a b",
        " a", "a ", "a\n", "a/b", "a::b", "_",   "h\xc5\x91", "k\xe2\x80\x93i"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_int_equal(qv_name_check(dialect(), QV_ENTITY_DEFINITION, qv_str_from(good[i]), NULL),
                         QV_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(
            qv_name_check(dialect(), QV_ENTITY_DEFINITION, qv_str_from(bad[i]), &error),
            QV_INVALID);
        char words[128];
        snprintf(words, sizeof(words),
                 "The specified name does not match the naming convention: %s", bad[i]);
        assert_string_equal(qv_error_message(&error), words);
    }
}

static void names_have_a_length(void **state)
{
    (void)state;
    static const struct {
        enum qv_entity entity;
        size_t most;
        const char *words;
    } limits[] = {
        {QV_ENTITY_SYSTEM, 63, "System name is too long"},
        {QV_ENTITY_DEFINITION, 63, "Service definition name is too long"},
        {QV_ENTITY_DEVICE, 63, "Device name is too long"},
        {QV_ENTITY_TEMPLATE, 255, "Interface template name is too long"},
    };
    char text[300];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        struct qv_str name = {.at = text, .length = limits[i].most};
        assert_int_equal(qv_name_check_length(dialect(), limits[i].entity, name, &error), QV_OK);
        name.length++;
        assert_int_equal(qv_name_check_length(dialect(), limits[i].entity, name, &error),
                         QV_INVALID);
        assert_string_equal(qv_error_message(&error), limits[i].words);
    }
    struct qv_str any = {.at = text, .length = sizeof(text)};
    assert_int_equal(qv_name_check_length(dialect(), QV_ENTITY_OPERATION, any, NULL), QV_OK);
}

/* The limits are meant in UTF-16 units: a letter with an accent is one, an emoji two. */
static void lengths_are_counted_in_utf16(void **state)
{
    (void)state;
    char accents[2 * 63 + 1] = "", emoji[4 * 32 + 1] = "";
    for (int i = 0; i < 63; i++)
        strcat(accents, "\xc3\xa9");
    for (int i = 0; i < 32; i++)
        strcat(emoji, "\xf0\x9f\x8f\xb9");
    assert_int_equal(qv_name_check_length(dialect(), QV_ENTITY_SYSTEM, qv_str_from(accents), NULL),
                     QV_OK);
    assert_int_equal(qv_name_check_length(dialect(), QV_ENTITY_SYSTEM, qv_str_from(emoji), NULL),
                     QV_INVALID);
}

#define SEPARATORS "version must contain exactly 2 separator . characters"
#define NUMBERS    "the version should only contain numbers and separator dot characters"

static void versions_are_completed_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *normalized, *fault;
    } versions[] = {
        {"", "1.0.0", NULL},
        {" \t", "1.0.0", NULL},
        {"\xe2\x80\x83", "1.0.0", NULL}, /* an em space is blank */
        {"1", "1.0.0", NULL},
        {"1.", "1.0.0", NULL},
        {"1..", "1.0.0", NULL},
        {"1.2", "1.2.0", NULL},
        {"1.2.", "1.2.0", NULL},
        {" 1.2.3 ", "1.2.3", NULL},
        {"01.002.3", "01.002.3", NULL},
        {"12345.67890.12", "12345.67890.12", NULL},
        {"123456.67890.1234", "123456.67890.1234", "version length is too long"},
        {"1.2.3.", "1.2.3.", SEPARATORS},
        {".", ".", SEPARATORS},
        {"...", "...", SEPARATORS},
        {"1.2.3.4", "1.2.3.4", SEPARATORS},
        {"..", "..", "version must contain exactly 3 numbers"},
        {"1..2", "1..2", NUMBERS},
        {".1.2", ".1.2", NUMBERS},
        {".1", ".1.0", NUMBERS},
        {"a", "a.0.0", NUMBERS},
        {"1.2.x", "1.2.x", NUMBERS},
        {"-1.0.0", "-1.0.0", NUMBERS},
        {"+1.0.0", "+1.0.0", NUMBERS},
        {"1.2.3-rc1", "1.2.3-rc1", NUMBERS},
        {"1 .2.3", "1 .2.3", NUMBERS},
        {"\xd9\xa1.0.0", "\xd9\xa1.0.0", NUMBERS}, /* an Arabic digit is none of ours */
    };
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_version_normalize(qv_str_from(versions[i].raw), &buf);
        assert_string_equal(buf.at, versions[i].normalized);
        enum qv_status status = qv_version_check(dialect(), qv_buf_str(&buf), &error);
        assert_int_equal(status, versions[i].fault == NULL ? QV_OK : QV_INVALID);
        if (versions[i].fault == NULL)
            continue;
        char words[128];
        snprintf(words, sizeof(words), "Version verification failure: %s", versions[i].fault);
        assert_string_equal(qv_error_message(&error), words);
    }
}

static void instance_ids_are_joined(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_instance_id_write(dialect(), QV_STR("p"), QV_STR("d"), QV_STR("1.0.0"), &buf);
    assert_string_equal(buf.at, "p::d::1.0.0");
}

static void instance_ids_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *provider, *definition, *version;
    } ids[] = {
        {"p::d::1.0.0", "p", "d", "1.0.0"},
        {" P::Kelvin-Info::1.0.0 ", "p", "kelvin-info", "1.0.0"},
        {"p::::1.0.0", "p", "", "1.0.0"},
        {"::d::1.0.0", "", "d", "1.0.0"},
        {"p:::d::1.0.0", "p", ":d", "1.0.0"},
        {"p::d::1", "p", "d", "1"},
        {"p::h\xc5\x91::1.0.0", "p", "h\xc5\x91", "1.0.0"},
    };
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
        assert_int_equal(qv_instance_id_read(dialect(), qv_str_from(ids[i].raw), &id, NULL), QV_OK);
        assert_true(qv_str_equal(id.provider, qv_str_from(ids[i].provider)));
        assert_true(qv_str_equal(id.definition, qv_str_from(ids[i].definition)));
        assert_true(qv_str_equal(id.version, qv_str_from(ids[i].version)));
    }
}

static void malformed_instance_ids_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "p",  "p::d",      "p:d:1.0.0",     "p::d::1.0.0::x",  "::::",
        "::", "p|d|1.0.0", "p::d::1.0.0::", "p::d::1.0.0::::", "p::d::"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
        assert_int_equal(qv_instance_id_read(dialect(), qv_str_from(bad[i]), &id, &error),
                         QV_INVALID);
        assert_null(id.text);
        char words[128];
        snprintf(words, sizeof(words), "Not a service instance ID: %s", bad[i]);
        assert_string_equal(qv_error_message(&error), words);
    }
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_instance_id id = {0};
    assert_int_equal(qv_instance_id_read(dialect(), QV_STR(" "), &id, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), "Service instance ID is missing");
}

static void ids_are_ordered_without_letter_case(void **state)
{
    (void)state;
    static const char *const descending[] = {"b|a|1.0.0", "B1|a|1.0.0", "a|b|2.0.0", "A|b|10.0.0",
                                             "a|b|1.0.0", "a|A|1.0.0",  "a|a",       ""};
    for (size_t i = 0; i < COUNT_OF(descending); i++) {
        for (size_t k = 0; k < COUNT_OF(descending); k++) {
            int order =
                qv_instance_id_compare(qv_str_from(descending[i]), qv_str_from(descending[k]));
            assert_int_equal((order > 0) - (order < 0), (k > i) - (k < i));
        }
    }
    assert_true(qv_instance_id_compare(QV_STR("a|b"), QV_STR("A|b")) > 0);
    assert_true(qv_instance_id_compare(QV_STR("A|b"), QV_STR("a|b")) < 0);
}

static void instance_id_without_memory(void **state)
{
    (void)state;
    struct qv_instance_id id = {0};
    qv_memory_fail_at(1);
    enum qv_status status = qv_instance_id_read(dialect(), QV_STR("p::d::1.0.0"), &id, NULL);
    qv_memory_fail_at(0);
    assert_int_equal(status, QV_NO_MEMORY);
    assert_null(id.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_have_names),
        cmocka_unit_test(rules_come_from_the_configuration),
        cmocka_unit_test(names_are_trimmed_and_lowered),
        cmocka_unit_test(letters_beyond_ascii_are_lowered),
        cmocka_unit_test(names_follow_the_convention),
        cmocka_unit_test(names_have_a_length),
        cmocka_unit_test(lengths_are_counted_in_utf16),
        cmocka_unit_test(versions_are_completed_and_checked),
        cmocka_unit_test(instance_ids_are_joined),
        cmocka_unit_test(instance_ids_are_taken_apart),
        cmocka_unit_test(malformed_instance_ids_are_refused),
        cmocka_unit_test(ids_are_ordered_without_letter_case),
        cmocka_unit_test(instance_id_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

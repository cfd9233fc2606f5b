// links: domain
/*
 * Restricted discovery with its exemptions, and what may be asked to be revoked (spec 3.11, 3.13,
 * 3.14).
 */
#include "domain_fixture.h"

static char *direct[] = {"direct-consumer", " Other Consumer "};
static const struct qv_strings direct_list = {.at = direct, .count = 2};

static struct qv_rules restricted(enum qv_dialect_id id)
{
    struct qv_rules rules = id == QV_DIALECT_5_0 ? fixture_rules() : fixture_rules_5_2();
    rules.discovery = QV_DISCOVERY_RESTRICTED;
    rules.direct_access = &direct_list;
    return rules;
}

/* Would the caller find a service with this metadata? */
static bool finds(const struct qv_rules *rules, const char *requester, bool is_operator,
                  const char *requirements, const char *metadata)
{
    char text[256];
    snprintf(text, sizeof(text), "{'providerNames':['a'],'metadataRequirementsList':%s}",
             requirements);
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted(text);
    QV_CLEANUP(qv_json) json_t *subject = metadata != NULL ? fixture_quoted(metadata) : NULL;
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    assert_int_equal(qv_service_query_read(rules, body, &query, NULL), QV_OK);
    assert_int_equal(
        qv_service_query_restrict(rules, qv_str_from(requester), is_operator, query, NULL), QV_OK);
    bool found = query->metadata_count == 0;
    for (size_t i = 0; i < query->metadata_count; i++)
        found = found || qv_requirement_matches(query->metadata[i], subject);
    return found;
}

#define MARKED   "{'unrestricted-discovery':true,'a':1}"
#define UNMARKED "{'a':1}"

static void only_marked_services_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *requirements, *metadata;
        bool found;
    } cases[] = {
        {"[]", MARKED, true},
        {"null", MARKED, true},
        {"[]", UNMARKED, false},
        {"[]", NULL, false},
        {"[]", "{}", false},
        {"[]", "{'unrestricted-discovery':'true'}", false},
        {"[]", "{'unrestricted-discovery':1}", false},
        {"[]", "{'unrestrictedDiscovery':true}", false},
        {"[{}]", MARKED, true},
        {"[{}]", UNMARKED, false},
        {"[{'a':1}]", MARKED, true},
        {"[{'a':2}]", MARKED, false},
        {"[{'a':1}]", UNMARKED, false},
        {"[{'a':2},{'a':1}]", MARKED, true},
        {"[{'a':2},{'a':1}]", UNMARKED, false},
        /* a caller's own condition on the mark is overridden */
        {"[{'unrestricted-discovery':false}]", MARKED, true},
        {"[{'unrestricted-discovery':false}]", "{'unrestricted-discovery':false}", false},
        {"[{'unrestricted-discovery':{'op':'NOT_EQUALS','value':true}},{'a':1}]", UNMARKED, false},
    };
    struct qv_rules rules = restricted(QV_DIALECT_5_0);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (finds(&rules, "consumer", false, cases[i].requirements, cases[i].metadata) !=
            cases[i].found)
            fail_msg("%s of %s", cases[i].requirements,
                     cases[i].metadata != NULL ? cases[i].metadata : "nothing");
}

static void the_other_dialect_has_another_mark(void **state)
{
    (void)state;
    struct qv_rules rules = restricted(QV_DIALECT_5_2);
    assert_true(finds(&rules, "Consumer", false, "[]", "{'unrestrictedDiscovery':true}"));
    assert_false(finds(&rules, "Consumer", false, "[]", MARKED));
}

/* Names count as they are stored, however the file and the caller write them. */
static void operators_and_direct_access_find_all(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id id;
        const char *requester;
        bool is_operator, found;
    } callers[] = {
        {QV_DIALECT_5_0, "consumer", true, true},
        {QV_DIALECT_5_0, "direct-consumer", false, true},
        {QV_DIALECT_5_0, " Direct-Consumer ", false, true},
        {QV_DIALECT_5_0, "directconsumer", false, false},
        {QV_DIALECT_5_0, "a", false, false}, /* the provider itself */
        {QV_DIALECT_5_0, "", false, false},
        {QV_DIALECT_5_2, "DirectConsumer", false, true},
        {QV_DIALECT_5_2, "direct-consumer", false, true},
        {QV_DIALECT_5_2, "otherConsumer", false, true},
        {QV_DIALECT_5_2, "Directconsumer", false, false},
        {QV_DIALECT_5_2, " ", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        struct qv_rules rules = restricted(callers[i].id);
        if (finds(&rules, callers[i].requester, callers[i].is_operator, "[]", UNMARKED) !=
            callers[i].found)
            fail_msg("%s", callers[i].requester);
    }
}

static void a_blank_exemption_exempts_nobody(void **state)
{
    (void)state;
    static char *blank[] = {" "};
    const struct qv_strings list = {.at = blank, .count = 1};
    struct qv_rules rules = restricted(QV_DIALECT_5_2);
    rules.direct_access = &list;
    assert_false(finds(&rules, " ", false, "[]", UNMARKED));
    rules.direct_access = NULL;
    assert_false(finds(&rules, "DirectConsumer", false, "[]", UNMARKED));
}

static void open_discovery_restricts_nobody(void **state)
{
    (void)state;
    struct qv_rules rules = restricted(QV_DIALECT_5_0);
    rules.discovery = QV_DISCOVERY_OPEN;
    assert_true(finds(&rules, "consumer", false, "[]", UNMARKED));
    assert_true(finds(&rules, "consumer", false, "[]", NULL));
    assert_false(finds(&rules, "consumer", false, "[{'unrestricted-discovery':true}]", UNMARKED));
}

static void restriction_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_rules rules = restricted(QV_DIALECT_5_0);
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted("{'providerNames':['a']}");
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
        assert_int_equal(qv_service_query_read(&rules, body, &query, NULL), QV_OK);
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_service_query_restrict(&rules, QV_STR("consumer"), false, query, NULL);
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, met ? QV_NO_MEMORY : QV_OK);
        if (!met)
            break;
    }
}

/* ---- revoke ---- */

#define NO(kind) "The specified " kind " does not match the naming convention: "

static void revocations_are_checked_in_order(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id id;
        const char *requester, *instance, *words; /**< no words: it is good */
    } cases[] = {
        {QV_DIALECT_5_0, " ", " ", "System name is empty"},
        {QV_DIALECT_5_0, "a", " ", "Service instance ID is missing"},
        {QV_DIALECT_5_0, "a", "x", "Not a service instance ID: x"},
        {QV_DIALECT_5_0, "1 bad", "a::b::1.0.0", NULL}, /* matches no provider */
        {QV_DIALECT_5_0, "a", "B::c::1.0.0", NULL},     /* another's: for the policy */
        {QV_DIALECT_5_2, "", "x", "System name is empty"},
        {QV_DIALECT_5_2, "2a", " ", "Service instance ID is missing"},
        {QV_DIALECT_5_2, "2a", "x", NO("system name") "2a"},
        {QV_DIALECT_5_2, "a", "x", NO("service instance identifier") "X"},
        {QV_DIALECT_5_2, "a", "b|2c|1", NO("service definition name") "2c"},
        {QV_DIALECT_5_2, "a", "b|c|1", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct qv_rules rules = restricted(cases[i].id);
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
        enum qv_status status = qv_service_revocation_read(
            &rules, qv_str_from(cases[i].requester), qv_str_from(cases[i].instance), &id, &error);
        assert_int_equal(status, cases[i].words != NULL ? QV_INVALID : QV_OK);
        assert_true((id.text != NULL) == (cases[i].words == NULL));
        if (cases[i].words != NULL)
            assert_string_equal(qv_error_message(&error), cases[i].words);
    }
}

static void a_revocation_is_normalized(void **state)
{
    (void)state;
    struct qv_rules rules = restricted(QV_DIALECT_5_2);
    QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
    assert_int_equal(qv_service_revocation_read(&rules, QV_STR("alpha-beta"),
                                                QV_STR("alpha-beta|Kelvin Info|1"), &id, NULL),
                     QV_OK);
    assert_string_equal(id.text, "AlphaBeta|kelvinInfo|1.0.0");
}

static void revocation_when_memory_runs_out(void **state)
{
    (void)state;
    struct qv_rules rules = restricted(QV_DIALECT_5_2);
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_instance_id) struct qv_instance_id id = {0};
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_service_revocation_read(&rules, QV_STR("a-b"), QV_STR("a-b|c|1"), &id, NULL);
        bool met = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, met ? QV_NO_MEMORY : QV_OK);
        if (!met)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_marked_services_are_found),
        cmocka_unit_test(the_other_dialect_has_another_mark),
        cmocka_unit_test(operators_and_direct_access_find_all),
        cmocka_unit_test(a_blank_exemption_exempts_nobody),
        cmocka_unit_test(open_discovery_restricts_nobody),
        cmocka_unit_test(restriction_when_memory_runs_out),
        cmocka_unit_test(revocations_are_checked_in_order),
        cmocka_unit_test(a_revocation_is_normalized),
        cmocka_unit_test(revocation_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

// links: domain
/*
 * The metadata requirement language (spec 3.12, section 11.9): key paths, equality, refusals.
 */
#include "domain_fixture.h"

#define METADATA                                                                                   \
    "{'s':'Kelvin','e':'','i':5,'r':5.0,'big':4294967296,'b':true,"                                \
    "'l':['Kelvin','Celsius',3,3.5,{'a':1},[1],null],'le':[],'o':{'block':2,'side':'North'},"      \
    "'n':null,'a b':1,'list[1]':'literal','':'empty','x':{'':{'y':7}},'m':[[1,2],[3]],"            \
    "'op':{'op':'EQUALS'},'br]':8,'[0]':9}"

static const struct {
    const char *requirement;
    bool matches;
} cases[] = {
    {"{}", true},
    {"{'s':'Kelvin'}", true},
    {"{'s':'kelvin'}", false},
    {"{'s':'Kelvin','i':5}", true},
    {"{'s':'Kelvin','i':6}", false},
    {"{'e':''}", true},
    /* kinds are told apart, objects have no order, lists have */
    {"{'i':5}", true},
    {"{'i':5.0}", false},
    {"{'r':5.0}", true},
    {"{'r':5}", false},
    {"{'i':'5'}", false},
    {"{'big':4294967296}", true},
    {"{'big':0}", false},
    {"{'b':true}", true},
    {"{'b':'true'}", false},
    {"{'o':{'side':'North','block':2}}", true},
    {"{'o':{'block':2}}", false},
    {"{'l':['Kelvin','Celsius',3,3.5,{'a':1},[1],null]}", true},
    {"{'l':[null,[1],{'a':1},3.5,3,'Celsius','Kelvin']}", false},
    {"{'le':[]}", true},
    {"{'le':{}}", false},
    /* keys that lead nowhere, or to null */
    {"{'missing':1}", false},
    {"{'missing':null}", false},
    {"{'n':null}", false},
    {"{'s.x':1}", false},
    {"{'':'empty'}", false},
    {"{' . ':1}", false},
    {"{'...':1}", false},
    /* paths */
    {"{'o.block':2}", true},
    {"{' o.block ':2}", true},
    {"{'o.block.':2}", true},
    {"{'o.block...':2}", true},
    {"{'o. block':2}", false},
    {"{'a b':1}", true},
    {"{'x..y':7}", true},
    {"{'.x':7}", false},
    /* indexes */
    {"{'l[0]':'Kelvin'}", true},
    {"{'l[1]':'Celsius'}", true},
    {"{'l[+0]':'Kelvin'}", true},
    {"{'l[-0]':'Kelvin'}", true},
    {"{'l[00]':'Kelvin'}", true},
    {"{'l[4].a':1}", true},
    {"{'l[5]':[1]}", true},
    {"{'l[6]':null}", false},
    {"{'l[7]':1}", false},
    {"{'l[2147483647]':1}", false},
    {"{'s[0]':'K'}", false},
    {"{'o[0]':2}", false},
    {"{'i[0]':5}", false},
    {"{'n[0]':1}", false},
    {"{'m[0][1]':2}", false},
    /* a valid index is never a name; what is none is part of one */
    {"{'list[1]':'literal'}", false},
    {"{'br]':8}", true},
    {"{'[0]':9}", false},
    /* the operator's form */
    {"{'i':{'op':'EQUALS','value':5}}", true},
    {"{'i':{'op':'EQUALS','value':6}}", false},
    {"{'i':{'op':' equals ','value':5}}", true},
    {"{'i':{'value':5,'op':'Equals','note':'x'}}", true},
    {"{'op':{'op':'EQUALS'}}", true},
    {"{'o':{'value':1}}", false},
    {"{'o':{'op':'EQUALS','value':{'side':'North','block':2}}}", true},
    {"{'missing':{'op':'EQUALS','value':null}}", false},
};

static struct qv_requirement *read_quoted(const char *text)
{
    QV_CLEANUP(qv_json) json_t *object = fixture_quoted(text);
    struct qv_requirement *requirement = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(
        qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, &error), QV_OK);
    return requirement;
}

static void requirements_match_metadata(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted(METADATA);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        QV_CLEANUP(qv_requirement)
        struct qv_requirement *requirement = read_quoted(cases[i].requirement);
        if (qv_requirement_matches(requirement, metadata) != cases[i].matches)
            fail_msg("%s", cases[i].requirement);
    }
}

/* Names with brackets that hold no index are taken as they are. */
static void brackets_without_an_index_are_names(void **state)
{
    (void)state;
    static const char *const names[] = {"l[-1]", "l[x]",           "l[]",     "l[ 1]", "l[1",
                                        "l[0]x", "l[99999999999]", "a[0][1]", "l[[0]", "]l["};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        QV_CLEANUP(qv_json) json_t *metadata = json_pack("{s:i}", names[i], 1);
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        assert_int_equal(
            qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), metadata, &requirement, NULL),
            QV_OK);
        if (!qv_requirement_matches(requirement, metadata))
            fail_msg("%s", names[i]);
    }
}

static void an_empty_name_can_have_an_index(void **state)
{
    (void)state;
    QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = read_quoted("{'[1]':2}");
    QV_CLEANUP(qv_json) json_t *metadata = fixture_quoted("{'':[1,2]}");
    assert_true(qv_requirement_matches(requirement, metadata));
}

static void nothing_matches_only_the_empty_requirement(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *empty = json_object();
    QV_CLEANUP(qv_requirement) struct qv_requirement *all = read_quoted("{}");
    QV_CLEANUP(qv_requirement) struct qv_requirement *some = read_quoted("{'a':1}");
    assert_true(qv_requirement_matches(all, NULL));
    assert_true(qv_requirement_matches(all, empty));
    assert_false(qv_requirement_matches(some, NULL));
    assert_false(qv_requirement_matches(some, empty));
}

static void unknown_operators_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *requirement, *named;
    } bad[] = {
        {"{'i':{'op':'LESS','value':1}}", "LESS"},
        {"{'i':{'op':'LESS THAN','value':1}}", "LESS THAN"},
        {"{'i':{'op':'SIZE_GREATER_THAN','value':1}}", "SIZE_GREATER_THAN"},
        {"{'i':{'op':'','value':1}}", ""},
        {"{'i':{'op':null,'value':1}}", "null"},
        {"{'i':{'op':5,'value':1}}", "5"},
        {"{'i':{'op':{},'value':1}}", "{}"},
        {"{'i':1,'z':{'op':'<','value':null}}", "<"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_json) json_t *object = fixture_quoted(bad[i].requirement);
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        assert_int_equal(
            qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, &error),
            QV_INVALID);
        assert_null(requirement);
        char words[128];
        snprintf(words, sizeof(words), "Invalid metadata operation requirement: %s", bad[i].named);
        assert_string_equal(qv_error_message(&error), words);
    }
}

static bool matches_quoted(const struct qv_requirement *requirement, const char *metadata)
{
    QV_CLEANUP(qv_json) json_t *subject = fixture_quoted(metadata);
    return qv_requirement_matches(requirement, subject);
}

/* Restricted discovery: the condition is added, and stands in place of the caller's own. */
static void a_demand_cannot_be_overridden(void **state)
{
    (void)state;
    static const char *const requirements[] = {
        "{}",
        "{'open':false}",
        "{'open':{'op':'NOT_EQUALS','value':true}}",
        "{' open. ':5,'open':false}",
    };
    for (size_t i = 0; i < COUNT_OF(requirements); i++) {
        QV_CLEANUP(qv_requirement)
        struct qv_requirement *requirement = read_quoted(requirements[i]);
        assert_int_equal(qv_requirement_demand(qv_dialect_get(QV_DIALECT_5_0), requirement, "open"),
                         QV_OK);
        assert_true(matches_quoted(requirement, "{'open':true}"));
        assert_false(matches_quoted(requirement, "{'open':false}"));
        assert_false(matches_quoted(requirement, "{'open':'true'}"));
        assert_false(matches_quoted(requirement, "{'a':1}"));
        assert_false(qv_requirement_matches(requirement, NULL));
    }
}

static void a_demand_leaves_the_rest(void **state)
{
    (void)state;
    QV_CLEANUP(qv_requirement)
    struct qv_requirement *requirement =
        read_quoted("{'a':1,'open':false,'open.x':2,'open[0]':3,'b':2}");
    assert_int_equal(qv_requirement_demand(qv_dialect_get(QV_DIALECT_5_0), requirement, "open"),
                     QV_OK);
    assert_false(matches_quoted(requirement, "{'open':true,'a':1,'b':2}"));
    QV_CLEANUP(qv_requirement) struct qv_requirement *other = read_quoted("{'a':1,'open':false}");
    assert_int_equal(qv_requirement_demand(qv_dialect_get(QV_DIALECT_5_0), other, "open"), QV_OK);
    assert_true(matches_quoted(other, "{'open':true,'a':1}"));
    assert_false(matches_quoted(other, "{'open':true,'a':2}"));
}

static void a_demand_without_memory_changes_nothing(void **state)
{
    (void)state;
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_requirement)
        struct qv_requirement *requirement = read_quoted("{'open':false,'a':1}");
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_requirement_demand(qv_dialect_get(QV_DIALECT_5_0), requirement, "open");
        bool failed = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, failed ? QV_NO_MEMORY : QV_OK);
        assert_true(matches_quoted(requirement, "{'open':false,'a':1}") == failed);
        assert_true(matches_quoted(requirement, "{'open':true,'a':1}") == !failed);
        if (!failed)
            break;
    }
}

static void requirement_when_memory_runs_out(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *object = fixture_quoted("{'a.b[1].c':1,'b':{'op':'EQUALS','value':[1]}}");
    for (size_t nth = 1;; nth++) {
        QV_CLEANUP(qv_requirement) struct qv_requirement *requirement = NULL;
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_requirement_read(qv_dialect_get(QV_DIALECT_5_0), object, &requirement, NULL);
        bool failed = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        assert_int_equal(status, failed ? QV_NO_MEMORY : QV_OK);
        assert_true((requirement == NULL) == failed);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requirements_match_metadata),
        cmocka_unit_test(brackets_without_an_index_are_names),
        cmocka_unit_test(an_empty_name_can_have_an_index),
        cmocka_unit_test(nothing_matches_only_the_empty_requirement),
        cmocka_unit_test(unknown_operators_are_refused),
        cmocka_unit_test(a_demand_cannot_be_overridden),
        cmocka_unit_test(a_demand_leaves_the_rest),
        cmocka_unit_test(a_demand_without_memory_changes_nothing),
        cmocka_unit_test(requirement_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

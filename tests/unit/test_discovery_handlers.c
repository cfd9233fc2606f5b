// links: api
/*
 * The handlers of system-discovery and device-discovery: what is refused at once, what leaves as a
 * job, and what is answered when the store is done with it. The store's part is played by the test;
 * what the scripts do is tested in test_discovery_scripts.c.
 */
#include "domain_fixture.h"

#include "../../src/api/handler.h"
#include "../../src/api/operations.h"
#include "view_fixture.h"

#define ORIGIN "POST /x"
#define OTHER  "\"addresses\":[{\"type\":\"IPV4\",\"address\":\"10.0.0.2\"}]"
#define OWN    "\"addresses\":[{\"type\":\"IPV4\",\"address\":\"10.0.0.1\"}]"
#define ERROR(words, code, type)                                                                   \
    "{\"errorMessage\":\"" words "\",\"errorCode\":" #code ",\"exceptionType\":\"" type            \
    "\",\"origin\":\"" ORIGIN "\"}"

static struct qv_config config;
static struct qv_registry *registry;
static struct qv_view *view;
static struct qv_policy *policy;
static struct qv_identity *caller;
static struct qv_api api;

static int set_up(void **state)
{
    (void)state;
    struct qv_str header = QV_STR("Bearer SYSTEM//Prov");
    config = (struct qv_config){.registry.verbose = true};
    api = (struct qv_api){.config = &config, .rules = fixture_rules()};
    if (qv_registry_new(&api.rules, &registry) != QV_OK || qv_view_new(&view) != QV_OK ||
        qv_policy_builtin(&policy) != QV_OK ||
        qv_identity_from_declared(api.rules.dialect, &header, &caller, NULL) != QV_OK)
        return 1;
    qv_registry_publish(registry, view);
    api.registry = registry;
    api.policy = policy;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_identity_free(&caller);
    qv_policy_free(&policy);
    qv_registry_free(&registry);
    return 0;
}

struct call {
    operation_handler *handle;
    enum qv_operation operation;
    const char *body, *query, *param;
    const char *content_type; /* NULL: not sent */
};

static void run(const struct call *call, struct qv_response *response, struct qv_job **ret_job)
{
    struct qv_request request = {
        .query = qv_str_from(call->query),
        .body = qv_str_from(call->body),
        .has_body = call->body != NULL,
        .param = qv_str_from(call->param),
        .origin = QV_STR(ORIGIN),
        .identity = caller,
        .json_depth = 16,
    };
    if (call->content_type != NULL)
        request.content_type = qv_str_from(call->content_type);
    struct qv_permit permit;
    struct qv_decision decision;
    assert_int_equal(qv_policy_permit(policy, caller, call->operation, &permit, &decision, NULL),
                     QV_OK);
    call->handle(&api, &permit, &request, response, ret_job);
}

#define JSON              "application/json"
#define REGISTER_S(body_) system_register, QV_OP_SYSTEM_REGISTER, body_, NULL, NULL, JSON
#define REGISTER_D(body_) device_register, QV_OP_DEVICE_REGISTER, body_, NULL, NULL, JSON

/* ---- lookups and refusals -------------------------------------------------------------------- */

static void put_plant(void)
{
    assert_int_equal(APPLY(view, PUT(QV_KIND_DEVICE, "d", DEVICE_DOC("d")),
                           PUT(QV_KIND_SYSTEM, "s", SYSTEM_DOC("s", ",\"device\":\"d\""))),
                     QV_OK);
}

#define DEVICE                                                                                     \
    "{\"name\":\"d\",\"metadata\":{\"max\":310},\"addresses\":[{\"type\":\"MAC\",\"address\":"     \
    "\"81:ef:1a:44:7a:f5\"}]," TIMES "}"
#define SYSTEM(device)                                                                             \
    "{\"entries\":[{\"name\":\"s\",\"version\":\"1.0.0\"," OWN ",\"device\":" device "," TIMES     \
    "}],\"count\":1}"
#define NOTHING   "{\"entries\":[],\"count\":0}"
#define LOOK_UP_S system_lookup, QV_OP_SYSTEM_LOOKUP
#define LOOK_UP_D device_lookup, QV_OP_DEVICE_LOOKUP

static const struct {
    struct call call;
    int status;
    const char *answer; /* NULL: whatever */
} answered[] = {
    /* a lookup needs no body, and no type for the body that it does not have */
    {{LOOK_UP_S, NULL, NULL, NULL, NULL}, 200, SYSTEM("{\"name\":\"d\"}")},
    {{LOOK_UP_S, NULL, NULL, NULL, "text/plain"}, 200, SYSTEM("{\"name\":\"d\"}")},
    {{LOOK_UP_S, "", NULL, NULL, JSON}, 200, SYSTEM("{\"name\":\"d\"}")},
    {{LOOK_UP_S, "null", NULL, NULL, JSON}, 200, SYSTEM("{\"name\":\"d\"}")},
    {{LOOK_UP_S, "{}", "verbose=", NULL, JSON}, 200, SYSTEM("{\"name\":\"d\"}")},
    {{LOOK_UP_S, "{}", "verbose=on", NULL, JSON}, 200, SYSTEM(DEVICE)},
    {{LOOK_UP_S, "{\"systemNames\":[\"t\"]}", NULL, NULL, JSON}, 200, NOTHING},
    {{LOOK_UP_D, NULL, "verbose=maybe", NULL, NULL}, 200, "{\"entries\":[" DEVICE "],\"count\":1}"},
    {{LOOK_UP_D, "{\"addressType\":\"IPV4\"}", NULL, NULL, JSON}, 200, NOTHING},
    /* of several faults the body's comes first, then verbose, then the members */
    {{LOOK_UP_S, "{", "verbose=maybe", NULL, NULL}, 415, NULL},
    {{LOOK_UP_D, "{", NULL, NULL, "text/json"}, 415, NULL},
    {{LOOK_UP_S, "{", "verbose=maybe", NULL, JSON}, 400, NULL},
    {{LOOK_UP_S, "{\"systemNames\":[\"\"]}", "verbose=maybe", NULL, JSON},
     400,
     ERROR("Failed to convert 'verbose' with value: 'maybe' (true or false is expected)", 400,
           "INVALID_PARAMETER")},
    {{LOOK_UP_S, "{\"systemNames\":[\"\"]}", NULL, NULL, JSON},
     400,
     ERROR("System name list contains null or empty element", 400, "INVALID_PARAMETER")},
    {{LOOK_UP_D, "[]", NULL, NULL, JSON}, 400, NULL},
    {{REGISTER_S(NULL)}, 400, NULL},
    {{REGISTER_S("null")}, 400, NULL},
    {{REGISTER_S("{}")},
     400,
     ERROR("At least one system address is needed for every system", 400, "INVALID_PARAMETER")},
    {{REGISTER_D("")}, 400, NULL},
    {{REGISTER_D("{}")}, 400, ERROR("Device name is empty", 400, "INVALID_PARAMETER")},
    {{system_register, QV_OP_SYSTEM_REGISTER, NULL, NULL, NULL, NULL}, 415, NULL},
    {{device_register, QV_OP_DEVICE_REGISTER, "{}", NULL, NULL, NULL}, 415, NULL},
    {{device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, " ", NULL},
     400,
     ERROR("Device name is empty", 400, "INVALID_PARAMETER")},
};

static void what_needs_no_change_is_answered_at_once(void **state)
{
    (void)state;
    put_plant();
    for (size_t i = 0; i < COUNT_OF(answered); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        run(&answered[i].call, &response, &job);
        assert_null(job);
        if (response.status != answered[i].status ||
            (answered[i].answer != NULL && strcmp(response.body.at, answered[i].answer) != 0))
            fail_msg("row %zu: %d %s", i, response.status, response.body.at);
        assert_string_equal(response.content_type, JSON);
        if (response.status >= 400)
            assert_non_null(strstr(response.body.at, "\"origin\":\"" ORIGIN "\"}"));
    }
}

static void verbose_that_is_switched_off_is_no_fault(void **state)
{
    (void)state;
    put_plant();
    config.registry.verbose = false;
    QV_CLEANUP(qv_response) struct qv_response response = {0};
    struct qv_job *job = NULL;
    run(&(struct call){LOOK_UP_S, "{}", "verbose=true", NULL, JSON}, &response, &job);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.at, SYSTEM("{\"name\":\"d\"}"));
}

/* ---- changes --------------------------------------------------------------------------------- */

#define STORED_S(addresses) ENVELOPE("{\"name\":\"prov\",\"version\":\"1.0.0\"," addresses "}")
#define STORED_D(addresses) ENVELOPE("{\"name\":\"d\"," addresses "}")
#define A                   "{\"addresses\":[\"10.0.0.1\"]}"
#define D                   "{\"name\":\"D\",\"addresses\":[\"10.0.0.1\"]}"

static const struct {
    struct call call;
    enum qv_operation granted;
    bool done;
    enum qv_kind kind;  /* of what the store hands out */
    const char *stored; /* NULL: nothing */
    int status;
    const char *answer; /* NULL: no body */
} changes[] = {
    {{REGISTER_S(A)},
     QV_OP_SYSTEM_REGISTER,
     true,
     QV_KIND_SYSTEM,
     STORED_S(OWN),
     201,
     "{\"name\":\"prov\",\"version\":\"1.0.0\"," OWN "," TIMES "}"},
    {{REGISTER_S(A)},
     QV_OP_SYSTEM_REGISTER,
     false,
     QV_KIND_SYSTEM,
     STORED_S(OWN),
     200,
     "{\"name\":\"prov\",\"version\":\"1.0.0\"," OWN "," TIMES "}"},
    {{REGISTER_S(A)},
     QV_OP_SYSTEM_REGISTER,
     false,
     QV_KIND_SYSTEM,
     STORED_S(OTHER),
     400,
     ERROR("System with name: prov already exists, but provided address list is not matching", 400,
           "INVALID_PARAMETER")},
    {{REGISTER_D(D)},
     QV_OP_DEVICE_REGISTER,
     true,
     QV_KIND_DEVICE,
     STORED_D(OWN),
     201,
     "{\"name\":\"d\"," OWN "," TIMES "}"},
    {{REGISTER_D(D)},
     QV_OP_DEVICE_REGISTER,
     false,
     QV_KIND_DEVICE,
     STORED_D(OWN),
     200,
     "{\"name\":\"d\"," OWN "," TIMES "}"},
    {{REGISTER_D(D)},
     QV_OP_DEVICE_REGISTER,
     false,
     QV_KIND_DEVICE,
     STORED_D(OTHER),
     400,
     ERROR("Device with name 'd' already exists, but provided addresses are not matching", 400,
           "INVALID_PARAMETER")},
    {{system_revoke, QV_OP_SYSTEM_REVOKE, NULL, NULL, NULL, NULL},
     QV_OP_SYSTEM_REVOKE,
     true,
     QV_KIND_SYSTEM,
     NULL,
     200,
     NULL},
    {{system_revoke, QV_OP_SYSTEM_REVOKE, "{\"name\":\"y\"}", NULL, NULL, "x/y"},
     QV_OP_SYSTEM_REVOKE,
     false,
     QV_KIND_SYSTEM,
     NULL,
     204,
     NULL},
    {{device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, "D", NULL},
     QV_OP_DEVICE_REVOKE,
     true,
     QV_KIND_DEVICE,
     NULL,
     200,
     NULL},
    {{device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, "no_name", NULL},
     QV_OP_DEVICE_REVOKE,
     false,
     QV_KIND_DEVICE,
     NULL,
     204,
     NULL},
};

static void what_the_store_found_decides_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        run(&changes[i].call, &response, &job);
        assert_non_null(job);
        assert_true(qv_grant_covers(&job->grant, changes[i].granted));
        job->outcome = (struct qv_outcome){.status = QV_OK, .done = changes[i].done};
        struct qv_entity_head **place =
            changes[i].kind == QV_KIND_SYSTEM ? &job->outcome.system : &job->outcome.device;
        const char *id = changes[i].kind == QV_KIND_SYSTEM ? "prov" : "d";
        if (changes[i].stored != NULL)
            assert_int_equal(qv_entity_read(changes[i].kind, qv_str_from(id),
                                            qv_str_from(changes[i].stored), place, NULL),
                             QV_OK);
        qv_job_finish(job, &response);
        if (response.status != changes[i].status)
            fail_msg("row %zu: %d %s", i, response.status, response.body.at);
        if (changes[i].answer != NULL)
            assert_string_equal(response.body.at, changes[i].answer);
        else
            assert_int_equal(response.body.length, 0);
        qv_job_free(&job);
    }
}

static void a_device_in_use_is_locked(void **state)
{
    (void)state;
    QV_CLEANUP(qv_response) struct qv_response response = {0};
    struct qv_job *job = NULL;
    run(&(struct call){device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, "d", NULL}, &response, &job);
    job->outcome.status = qv_error_set(&job->outcome.error, QV_LOCKED, "At least one system");
    qv_job_finish(job, &response);
    assert_int_equal(response.status, 423);
    assert_string_equal(response.body.at, ERROR("At least one system", 423, "LOCKED"));
    qv_job_free(&job);
}

static void every_failed_allocation_is_answered(void **state)
{
    (void)state;
    put_plant();
    static const struct call calls[] = {
        {REGISTER_S(A)},
        {REGISTER_D(D)},
        {LOOK_UP_S, "{}", "verbose=true", NULL, JSON},
        {LOOK_UP_D, "{}", NULL, NULL, JSON},
        {system_revoke, QV_OP_SYSTEM_REVOKE, NULL, NULL, NULL, NULL},
        {device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, "d", NULL}};
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        bool failed = true;
        for (size_t nth = 1; failed; nth++) {
            QV_CLEANUP(qv_response) struct qv_response response = {0};
            struct qv_job *job = NULL;
            qv_memory_fail_at(nth);
            run(&calls[i], &response, &job);
            qv_memory_fail_at(0);
            failed = job == NULL && response.status != 200;
            if (failed)
                assert_int_equal(response.status, 503);
            qv_job_free(&job);
            assert_true(nth < 500);
        }
    }
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_needs_no_change_is_answered_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(verbose_that_is_switched_off_is_no_fault, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_store_found_decides_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_in_use_is_locked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_answered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: api
/*
 * The handlers of system-discovery and device-discovery: what is refused at once, what leaves as a
 * job, and what is answered when the store is done with it. The store's part is played by the test;
 * what the scripts do is tested in test_discovery_scripts.c.
 */
#include "handler_fixture.h"

#define OTHER "\"addresses\":[{\"type\":\"IPV4\",\"address\":\"10.0.0.2\"}]"
#define OWN   "\"addresses\":[{\"type\":\"IPV4\",\"address\":\"10.0.0.1\"}]"

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

/* A change that found nothing to do, or something else than it brought, has no revision, nor did it
   cost the caller any right. */
static void assert_recorded(const struct qv_response *response, const struct call *call, bool done)
{
    const struct qv_record *record = &response->record;
    bool device = call->handle == device_register || call->handle == device_revoke;
    const char *object = !device                                        ? "prov"
                         : call->param != NULL && call->param[0] == 'n' ? "no_name"
                                                                        : "d";
    bool refused = response->status >= 400;
    assert_int_equal(record->verdict, refused ? QV_RECORD_REFUSED : QV_RECORD_ALLOWED);
    assert_string_equal(record->object.at, object);
    assert_string_equal(record->rule,
                        device ? "devices are everyone's" : "providers publish their own");
    assert_int_equal(record->epoch, done ? 3 : 0);
    assert_int_equal(record->revision, done ? 7 : 0);
    if (refused)
        assert_non_null(strstr(record->reason.at, "already exists"));
    else
        assert_int_equal(record->reason.length, 0);
}

static void what_the_store_found_decides_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        run(&changes[i].call, &response, &job);
        assert_non_null(job);
        assert_true(qv_grant_covers(&job->grant, changes[i].granted));
        job->outcome = (struct qv_outcome){
            .status = QV_OK, .done = changes[i].done, .epoch = 3, .revision = 7};
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
        assert_recorded(&response, &changes[i].call, changes[i].done);
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
    assert_int_equal(response.record.verdict, QV_RECORD_REFUSED);
    assert_string_equal(response.record.reason.at, "At least one system");
    qv_job_free(&job);
}

static void nobody_says_what_nobody_knows(void **state)
{
    (void)state;
    for (int unknown = 0; unknown < 2; unknown++) {
        QV_CLEANUP(qv_response) struct qv_response response = {0};
        struct qv_job *job = NULL;
        run(&(struct call){device_revoke, QV_OP_DEVICE_REVOKE, NULL, NULL, "d", NULL}, &response,
            &job);
        job->outcome.status = qv_error_set(&job->outcome.error, QV_UNAVAILABLE, "slow");
        job->outcome.unknown = unknown;
        job->outcome.done = unknown; /* Redis had made it */
        qv_job_finish(job, &response);
        assert_int_equal(response.status, 503);
        assert_int_equal(response.record.verdict, unknown ? QV_RECORD_UNKNOWN : QV_RECORD_REFUSED);
        assert_int_equal(response.record.revision, 0);
        qv_job_free(&job);
    }
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
        cmocka_unit_test_setup_teardown(nobody_says_what_nobody_knows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_failed_allocation_is_answered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

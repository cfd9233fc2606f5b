// links: api
/*
 * Who may change CHAP services: each dialect's answers to a key that is missing, empty or wrong,
 * and each value of chap.authentication.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <quiver/api/gates.h>

#define VARIABLE     "QUIVER_TEST_SERVICE_KEY"
#define DETAIL(text) "{\"detail\":" text "}"
#define D1                                                                                         \
    DETAIL("[{\"type\":\"missing\",\"loc\":[\"header\",\"X-Service-Key\"],\"msg\":\"Field "        \
           "required\",\"input\":null}]")
#define INVALID  DETAIL("\"Invalid service key\"")
#define REQUIRED DETAIL("\"X-Service-Key header is required\"")
#define EITHER   DETAIL("\"Missing or invalid service key\"")
#define NO_KEYS  DETAIL("\"Service registration is not configured\"")
#define NO_PROOF DETAIL("\"A client certificate is required\"")

static char variable[] = VARIABLE;
static struct qv_config config;
static struct qv_api api;
static struct qv_certificate certificate;
static struct qv_identity certified = {.certificate = &certificate};
static struct qv_identity declared;

static void configure(const char *key)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    const struct qv_wall now = {.seconds = 1};
    qv_service_keys_free(&api.service_keys);
    config = (struct qv_config){.chap.keys.env = variable};
    api.config = &config;
    if (key != NULL)
        setenv(VARIABLE, key, 1);
    else
        unsetenv(VARIABLE);
    if (qv_service_keys_new(&config, now, &api.service_keys, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

static int be_quiet(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_WARNING, QV_LOG_JSON);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    qv_service_keys_free(&api.service_keys);
    return 0;
}

/* 200: let through. */
static void expect(enum qv_operation operation, const char *key, struct qv_identity *identity,
                   int status, const char *body)
{
    QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
    struct qv_request request = {.identity = identity, .now = {.seconds = 2}};
    if (key != NULL)
        request.service_key = qv_str_from(key);
    bool passed = qv_gate_chap(&api, operation, &request, &response);
    assert_int_equal(passed, status == 200);
    if (passed)
        return;
    assert_int_equal(response.status, status);
    assert_string_equal(response.content_type, "application/json");
    assert_string_equal(response.body.at, body);
    assert_int_equal(response.retry_after, 0);
    /* the trail has whoever proved nothing, but not that nobody could */
    bool denied = status != 503;
    assert_int_equal(response.record.verdict, denied ? QV_RECORD_DENIED : QV_RECORD_NONE);
    assert_int_equal(response.record.reason.length > 0, denied);
}

static const enum qv_operation changes[] = {QV_OP_CHAP_REGISTER, QV_OP_CHAP_PING,
                                            QV_OP_CHAP_DELETE};

static void each_dialect_has_its_words(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_dialect dialect;
        const char *key;
        int status;
        const char *body;
    } rows[] = {
        {QV_CHAP_SEED, NULL, 422, D1},           {QV_CHAP_SEED, "", 401, INVALID},
        {QV_CHAP_SEED, "wrong", 401, INVALID},   {QV_CHAP_SEED, "s3cret", 200, NULL},
        {QV_CHAP_2_1, NULL, 422, REQUIRED},      {QV_CHAP_2_1, "", 422, REQUIRED},
        {QV_CHAP_2_1, "wrong", 401, INVALID},    {QV_CHAP_2_1, "s3cret", 200, NULL},
        {QV_CHAP_2_2, NULL, 401, EITHER},        {QV_CHAP_2_2, "", 401, EITHER},
        {QV_CHAP_2_2, "wrong", 401, EITHER},     {QV_CHAP_2_2, "s3cret", 200, NULL},
        {QV_CHAP_SEED, "s3cretx", 401, INVALID}, {QV_CHAP_SEED, "S3CRET", 401, INVALID},
        {QV_CHAP_SEED, "s", 401, INVALID},
    };
    configure("s3cret");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        config.chap.dialect = rows[i].dialect;
        for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++)
            expect(changes[c], rows[i].key, NULL, rows[i].status, rows[i].body);
        expect(QV_OP_CHAP_LIST, rows[i].key, NULL, 200, NULL);
        expect(QV_OP_CHAP_GET, rows[i].key, NULL, 200, NULL);
    }
}

static void without_keys_nobody_has_one(void **state)
{
    (void)state;
    static const char *const sent[] = {NULL, "", "anything"};
    for (size_t none = 0; none < 3; none++) {
        configure(none == 1 ? "" : NULL); /* an empty variable is no key */
        if (none == 2)
            qv_service_keys_free(&api.service_keys); /* nor is there one where nobody read any */
        for (unsigned d = QV_CHAP_SEED; d <= QV_CHAP_2_2; d++)
            for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
                config.chap.dialect = (enum qv_chap_dialect)d;
                expect(QV_OP_CHAP_REGISTER, sent[i], NULL, 503, NO_KEYS);
                expect(QV_OP_CHAP_LIST, sent[i], NULL, 200, NULL);
                config.chap.authentication = QV_CHAP_BY_BOTH;
                expect(QV_OP_CHAP_REGISTER, sent[i], &certified, 503, NO_KEYS);
                config.chap.authentication = QV_CHAP_BY_EITHER;
                expect(QV_OP_CHAP_REGISTER, sent[i], NULL, 503, NO_KEYS);
                expect(QV_OP_CHAP_REGISTER, sent[i], &certified, 200, NULL);
                config.chap.authentication = QV_CHAP_BY_KEY;
            }
    }
}

static void proofs_are_those_that_are_configured(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_authentication by;
        bool key, certificate;
        int status;
        const char *body;
    } rows[] = {
        {QV_CHAP_BY_KEY, false, true, 422, D1},
        {QV_CHAP_BY_KEY, true, false, 200, NULL},
        {QV_CHAP_BY_CERTIFICATE, true, false, 401, NO_PROOF},
        {QV_CHAP_BY_CERTIFICATE, false, true, 200, NULL},
        {QV_CHAP_BY_EITHER, false, false, 422, D1},
        {QV_CHAP_BY_EITHER, true, false, 200, NULL},
        {QV_CHAP_BY_EITHER, false, true, 200, NULL},
        {QV_CHAP_BY_BOTH, false, true, 422, D1},
        {QV_CHAP_BY_BOTH, true, false, 401, NO_PROOF},
        {QV_CHAP_BY_BOTH, true, true, 200, NULL},
    };
    configure("s3cret");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        config.chap.authentication = rows[i].by;
        expect(QV_OP_CHAP_PING, rows[i].key ? "s3cret" : NULL,
               rows[i].certificate ? &certified : NULL, rows[i].status, rows[i].body);
    }
    /* an identity that no certificate proves is none */
    config.chap.authentication = QV_CHAP_BY_CERTIFICATE;
    expect(QV_OP_CHAP_PING, NULL, &declared, 401, NO_PROOF);
    /* a certificate makes a wrong key of no account, where one of them will do */
    config.chap.authentication = QV_CHAP_BY_EITHER;
    expect(QV_OP_CHAP_PING, "wrong", &certified, 200, NULL);
}

static void the_policy_hears_of_good_keys(void **state)
{
    (void)state;
    static const struct {
        enum qv_chap_authentication by;
        const char *key;
        unsigned number;
    } rows[] = {
        {QV_CHAP_BY_KEY, "s3cret", 1},  {QV_CHAP_BY_KEY, "wrong", 0},
        {QV_CHAP_BY_KEY, NULL, 0},      {QV_CHAP_BY_EITHER, "s3cret", 1},
        {QV_CHAP_BY_BOTH, "s3cret", 1}, {QV_CHAP_BY_CERTIFICATE, "s3cret", 0},
    };
    configure("s3cret");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_response) struct qv_response response = {.shape = QV_SHAPE_DETAIL};
        struct qv_request request = {.key_number = 7};
        if (rows[i].key != NULL)
            request.service_key = qv_str_from(rows[i].key);
        config.chap.authentication = rows[i].by;
        assert_true(qv_gate_chap(&api, QV_OP_CHAP_GET, &request, &response));
        assert_int_equal(request.key_number, rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_has_its_words),
        cmocka_unit_test(without_keys_nobody_has_one),
        cmocka_unit_test(proofs_are_those_that_are_configured),
        cmocka_unit_test(the_policy_hears_of_good_keys),
    };
    return cmocka_run_group_tests(tests, be_quiet, forget);
}

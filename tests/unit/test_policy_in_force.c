// links: server
/*
 * The policy in a server that runs: who is asked about how, another policy from the next request of
 * a live connection on, and the lines that refusals have in the audit trail. What the policy says
 * of objects is tested with the handlers.
 */
#include "server_fixture.h"

#include <malloc.h>

static struct fx_pair pump, boss;
static char trail[128];

static int set_up(void **state)
{
    (void)state;
    pump = fx_system(&cloud, "Pump", "20");
    boss = fx_system(&cloud, "boss", "21");
    (void)snprintf(trail, sizeof(trail), "%s", fx_path(&folder, "audit.log"));
    (void)unlink(trail);
    configure_server();
    config.authorization.explain_to_clients = true;
    config.audit.file = trail;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop_server();
    fx_free(&pump);
    fx_free(&boss);
    return 0;
}

#define RULES      "version: 1\nrules:\n"
#define RULE(text) "  - {name: " text "}\n"
#define KNOWN      RULE("known, who: {profile: [system, operator]}, allow: ['*']")
#define UNKNOWN    RULE("unknown, who: {anonymous: true}, allow: ['ops.*']")

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define ECHO       GET("/serviceregistry/monitor/echo")
#define MANAGEMENT GET("/serviceregistry/mgmt/x")

static void start_with(const char *rules)
{
    set_policy(rules);
    start_server();
}

static void renew_with(const char *rules)
{
    set_policy(rules);
    (void)renew_server();
}

/* ---- who ------------------------------------------------------------------------------------- */

static const struct {
    const char *rules;
    bool pump, boss, plain; /* may ask for liveness */
} rows[] = {
    {RULES KNOWN UNKNOWN, true, true, true},
    {RULES KNOWN, true, true, false},
    {RULES UNKNOWN, false, false, true},
    {RULES KNOWN RULE("n, who: {systems: pump}, deny: ['*']"), false, true, false},
    {RULES KNOWN UNKNOWN RULE("n, who: {listeners: plain}, deny: ['*']"), true, true, false},
    {RULES KNOWN UNKNOWN RULE("n, who: {listeners: secure}, deny: ['*']"), false, false, true},
    {RULES KNOWN UNKNOWN RULE("n, who: {networks: 127.0.0.0/8}, deny: ['*']"), false, false, false},
    {RULES KNOWN UNKNOWN RULE("n, who: {networks: 10.0.0.0/8}, deny: ['*']"), true, true, true},
    {RULES KNOWN RULE("n, who: {serials: '20'}, deny: ['*']"), false, true, false},
    {RULES KNOWN RULE("n, who: {clouds: nowhere}, deny: ['*']"), true, true, false},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* On connections that live on: their rights are those of the policy in force. */
static void each_request_is_decided_by_the_policy_in_force(void **state)
{
    (void)state;
    struct peer peers[3];
    start_with(rows[0].rules);
    peer_open(&peers[0], MUTUAL, &pump, TLS1_3_VERSION, NULL);
    peer_open(&peers[1], MUTUAL, &boss, TLS1_2_VERSION, NULL);
    peer_connect(&peers[2], PLAIN);
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const bool expected[] = {rows[i % ROWS].pump, rows[i % ROWS].boss, rows[i % ROWS].plain};
        renew_with(rows[i % ROWS].rules);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(peer_ask(&peers[k], LIVE), expected[k] ? 200 : 403);
            assert_int_equal(peer_ask(&peers[k], LIVE), expected[k] ? 200 : 403);
        }
    }
    for (size_t k = 0; k < 3; k++)
        peer_close(&peers[k]);
}

/* Where a sanitizer has the memory, the C library's own count knows nothing. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t memory_used(void)
{
    bool sanitized = __sanitizer_get_current_allocated_bytes != NULL;
    return sanitized ? __sanitizer_get_current_allocated_bytes() : mallinfo2().uordblks;
}

/* Each asks once under each policy, and then no more: a sweep takes the rights away. */
static void idle_connections_keep_no_old_policy(void **state)
{
    (void)state;
    enum { PEERS = 20 };
    struct peer peers[PEERS];
    start_with(RULES KNOWN UNKNOWN);
    for (size_t i = 0; i < PEERS; i++)
        peer_open(&peers[i], MUTUAL, &pump, TLS1_3_VERSION, NULL);
    size_t before = memory_used();
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(peer_ask(&peers[i], LIVE), 200);
        renew_with(RULES KNOWN UNKNOWN);
    }
    /* a policy's cache alone is more than 100 KB */
    assert_true(memory_used() < before + PEERS * 50 * 1024);
    for (size_t i = 0; i < PEERS; i++)
        peer_close(&peers[i]);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refusals_say_which_rule(void **state)
{
    (void)state;
    struct peer peer;
    start_with(
        RULES KNOWN RULE("quarantine, who: {systems: pump}, deny: ['ops.*', 'management.*']"));
    peer_open(&peer, MUTUAL, &pump, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 403);
    assert_non_null(strstr(answer, "\r\nx-quiver-rule: quarantine\r\n"));
    assert_non_null(strstr(answer, "\"denied by rule 'quarantine'\""));
    assert_non_null(strstr(answer, "\"origin\":\"GET /health/live\""));
    assert_int_equal(peer_ask(&peer, MANAGEMENT), 403);
    assert_non_null(strstr(answer, "\r\nx-quiver-rule: quarantine\r\n"));
    assert_non_null(strstr(answer, "\"Requester has no management permission\""));
    assert_non_null(strstr(answer, "\"origin\":\"https://a/serviceregistry/mgmt/x\""));
    assert_int_equal(peer_ask(&peer, ECHO), 200);
    assert_null(strstr(answer, "x-quiver-rule"));
    /* what is no operation is not the policy's affair */
    assert_int_equal(peer_ask(&peer, GET("/nowhere")), 404);
    assert_int_equal(peer_ask(&peer, "PUT /health/live HTTP/1.1\r\nHost: a\r\n\r\n"), 405);
    peer_close(&peer);

    peer_open(&peer, MUTUAL, &boss, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, MANAGEMENT), 404);
    assert_null(strstr(answer, "x-quiver-rule"));
    peer_close(&peer);
}

static void refusals_keep_silent_where_they_are_told_to(void **state)
{
    (void)state;
    struct peer peer;
    config.authorization.explain_to_clients = false;
    start_with(
        RULES KNOWN RULE("quarantine, who: {systems: pump}, deny: ['ops.*', 'management.*']"));
    peer_open(&peer, MUTUAL, &pump, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 403);
    assert_non_null(strstr(answer, "\"errorMessage\":\"Forbidden\""));
    assert_null(strstr(answer, "quarantine"));
    assert_int_equal(peer_ask(&peer, MANAGEMENT), 403);
    assert_non_null(strstr(answer, "\"Requester has no management permission\""));
    assert_null(strstr(answer, "quarantine"));
    peer_close(&peer);
}

/* ---- the audit trail ------------------------------------------------------------------------- */

/* All lines; those that are not there are NULL. */
static size_t read_trail(json_t *lines[8])
{
    char line[8192];
    size_t count = 0;
    FILE *file = fopen(trail, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_true(count < 8);
        lines[count] = json_loads(line, 0, NULL);
        assert_non_null(lines[count++]);
    }
    fclose(file);
    return count;
}

static void assert_text(const json_t *line, const char *member, const char *expected)
{
    const json_t *value = json_object_get(line, member);
    if (expected == NULL)
        assert_null(value);
    else if (!json_is_string(value) || strcmp(json_string_value(value), expected) != 0)
        fail_msg("%s: %s", member, json_dumps(line, 0));
}

static void each_refusal_has_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *system, *operation, *rule, *listener, *reason;
        int status;
    } expected[] = {
        {"pump", "ops.health", "quarantine", "secure", "denied by rule 'quarantine'", 403},
        {"pump", "management.access", "quarantine", "secure",
         "Requester has no management permission", 403},
        {NULL, "ops.health", NULL, "plain", "no rule allows ops.health", 403},
        {NULL, "", NULL, "open", "Unauthenticated access attempt: https://a/health/live", 401},
    };
    struct peer peer;
    config.authorization.explain_to_clients = false; /* the trail has it all the same */
    listeners[SERVER].authentication = QV_AUTHENTICATION_CERTIFICATE;
    start_with(
        RULES KNOWN RULE("quarantine, who: {systems: pump}, deny: ['ops.*', 'management.*']"));
    peer_open(&peer, MUTUAL, &pump, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 403);
    assert_int_equal(peer_ask(&peer, ECHO), 200);
    assert_int_equal(peer_ask(&peer, GET("/nowhere")), 404);
    assert_int_equal(peer_ask(&peer, MANAGEMENT), 403);
    peer_close(&peer);
    peer_connect(&peer, PLAIN);
    assert_int_equal(peer_ask(&peer, LIVE), 403);
    peer_close(&peer);
    peer_open(&peer, SERVER, NULL, TLS1_3_VERSION, NULL);
    assert_int_equal(peer_ask(&peer, LIVE), 401);
    peer_close(&peer);

    json_t *lines[8];
    size_t count = read_trail(lines);
    assert_int_equal(count, 4); /* each was there before its answer was sent */
    for (size_t i = 0; i < count; i++) {
        assert_text(lines[i], "system", expected[i].system);
        assert_text(lines[i], "operation", expected[i].operation[0] ? expected[i].operation : NULL);
        assert_text(lines[i], "rule", expected[i].rule);
        assert_text(lines[i], "listener", expected[i].listener);
        assert_text(lines[i], "reason", expected[i].reason);
        assert_text(lines[i], "verdict", "denied");
        assert_int_equal(json_integer_value(json_object_get(lines[i], "status")),
                         expected[i].status);
        assert_true(json_integer_value(json_object_get(lines[i], "generation")) > 0);
        json_decref(lines[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_request_is_decided_by_the_policy_in_force),
        TEST(idle_connections_keep_no_old_policy),
        TEST(refusals_say_which_rule),
        TEST(refusals_keep_silent_where_they_are_told_to),
        TEST(each_refusal_has_its_line),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

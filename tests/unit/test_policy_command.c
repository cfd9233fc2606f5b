// links: cli
/*
 * `quiver policy`: what it prints and how it ends, with real files. And docs/policy.md: each policy
 * on the page is read, each list of expectations is met by the policy before it, and each operation
 * is named.
 */
#include "policy_fixture.h"

#include <quiver/base/file.h>
#include <quiver/cli/commands.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/quiver-policy-XXXXXX";

/* ---- files and runs ---- */

/* Good for a dozen further calls. */
static char *path_of(const char *name)
{
    static char path[12][128];
    static unsigned turn;
    turn = (turn + 1) % COUNT_OF(path);
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static void write_file(const char *name, struct qv_str text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.length, file), text.length);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)fixture_setup(state);
    assert_non_null(mkdtemp(folder));
    write_file("quiver.yaml",
               QV_STR("cloud: {name: testcloud.company.arrowhead.eu}\n"
                      "listeners:\n  - {name: plain, address: 127.0.0.1, port: 0, tls: off,\n"
                      "     serve: [arrowhead], authentication: declared}\n"
                      "authorization: {policy: policy.yaml}\n"));
    write_file("plain.yaml",
               QV_STR("cloud: {name: testcloud.company.arrowhead.eu}\n"
                      "listeners:\n  - {name: plain, address: 127.0.0.1, port: 0, tls: off,\n"
                      "     serve: [arrowhead], authentication: declared}\n"));
    write_file("policy.yaml",
               QV_STR("version: 1\nrules:\n"
                      "  - {name: look, who: {systems: ['*']}, allow: service.lookup}\n"
                      "  - {name: own, who: {profile: system}, allow: service.*,\n"
                      "     on: {provider: self}}\n"
                      "  - {name: only x, who: {systems: 'a*'}, deny: service.register,\n"
                      "     unless: {services: x}}\n"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"quiver.yaml", "plain.yaml", "policy.yaml", "tests.yaml",
                                        "questions",   "out",        "err"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

/* Redirects a standard descriptor into a file; returns what it was. */
static int redirect(FILE *stream, const char *name)
{
    fflush(stream);
    int saved = dup(fileno(stream));
    assert_non_null(freopen(path_of(name), "w", stream));
    return saved;
}

static void restore(FILE *stream, int saved)
{
    fflush(stream);
    assert_true(dup2(saved, fileno(stream)) >= 0);
    close(saved);
    clearerr(stream);
}

/* Runs `quiver policy` with the words, NULL-terminated. */
static int run(char *const *words, struct qv_buf *out, struct qv_buf *err)
{
    char *argv[32] = {(char *)"policy"};
    int argc = 1;
    for (; *words != NULL; words++)
        argv[argc++] = *words;
    int saved_out = redirect(stdout, "out"), saved_err = redirect(stderr, "err");
    int status = qv_cli_policy(argc, argv);
    restore(stdout, saved_out);
    restore(stderr, saved_err);
    qv_buf_truncate(out, 0);
    qv_buf_truncate(err, 0);
    assert_int_equal(qv_file_read(path_of("out"), 1 << 20, out, NULL), QV_OK);
    assert_int_equal(qv_file_read(path_of("err"), 1 << 20, err, NULL), QV_OK);
    return status;
}

#define RUN(...)        run((char *const[]){__VA_ARGS__, NULL}, &out, &err)
#define OUTPUTS         QV_CLEANUP(qv_buf) struct qv_buf out = {0}, err = {0}
#define EXPLAIN(...)    RUN((char *)"explain", (char *)"--config", path_of("quiver.yaml"), __VA_ARGS__)
#define W(word)         (char *)(word)
#define HAS(buf, words) assert_non_null(strstr((buf).at != NULL ? (buf).at : "", words))

/* ---- explain ---- */

static void lists_operations(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(RUN(W("operations")), 0);
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        HAS(out, qv_operation_name((enum qv_operation)i));
    assert_int_equal(RUN(W("operations"), W("x")), 2);
}

static void explains_to_people(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(EXPLAIN(W("--system"), W("b"), W("--operation"), W("service.register"),
                             W("--service"), W("y")),
                     0);
    HAS(out, "allowed by rule 'own' (");
    HAS(out, "policy.yaml:4)");
    HAS(out, "\n  line 3    allow    'look': is not about service.register\n");
    HAS(out, "\n* line 4    allow    'own': matches\n");
    HAS(out, "'only x': who: system b is not of a*\n");
    assert_int_equal(EXPLAIN(W("--system"), W("A1"), W("--operation"), W("service.register"),
                             W("--service"), W("Y")),
                     1);
    HAS(out, "denied by rule 'only x' (");
    HAS(out, "'only x': matches, and unless does not: services: y is not of x\n");
    assert_int_equal(EXPLAIN(W("--anonymous"), W("--operation"), W("service.lookup")), 1);
    HAS(out, ": no rule allows service.lookup\n");
    HAS(out, "'look': who: the caller has no identity\n");
}

static void explains_to_programs(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(EXPLAIN(W("--json"), W("--system"), W("b"), W("--operation"),
                             W("service.revoke"), W("--provider"), W("c")),
                     1);
    QV_CLEANUP(qv_json) json_t *answer = fixture_json(out.at);
    assert_true(json_is_false(json_object_get(answer, "allowed")));
    assert_string_equal(json_string_value(json_object_get(answer, "rule")), "own");
    assert_int_equal(json_integer_value(json_object_get(answer, "line")), 4);
    assert_string_equal(json_string_value(json_object_get(answer, "message")),
                        "Revoking other systems' service is forbidden");
    const json_t *rules = json_object_get(answer, "rules");
    assert_int_equal(json_array_size(rules), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rules, 1), "why")),
                        "on: provider: c is not of self");
    assert_true(json_is_true(json_object_get(json_array_get(rules, 1), "decides")));
}

/* Without a policy in the configuration the built-in rights are asked. */
static void explains_what_is_built_in(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(RUN(W("explain"), W("-c"), path_of("plain.yaml"), W("--system"), W("b"),
                         W("--operation"), W("device.revoke")),
                     0);
    HAS(out, "allowed by rule 'devices are everyone's' (built-in policy:");
}

static void answers_questions(void **state)
{
    (void)state;
    OUTPUTS;
    write_file("questions",
               QV_STR("{\"system\":\"a\",\"operation\":\"service.register\",\"service\":\"x\"}\n\n"
                      "{\"system\":\"a\",\"operation\":\"service.register\",\"service\":\"z\","
                      "\"interface\":[\"generic-http\"],\"policy\":\"none\",\"metadata\":{},"
                      "\"address\":\"10.0.0.1\",\"serial\":\"0A:1\",\"cloud\":\"x\","
                      "\"version\":\"1\",\"fingerprint\":\"sha256:00\"}\n"
                      "{\"system\":\"a\",\"operation\":\"service.register\",\"service\":\"z\","
                      "\"interface\":[\"generic-http\"],\"policy\":\"none\",\"metadata\":{},"
                      "\"address\":\"10.0.0.1\",\"serial\":\"0A:1\",\"cloud\":\"x\","
                      "\"version\":\"1\",\"listener\":\"secure\",\"profile\":\"system\"}\n"
                      "{\"service_key\":true,\"operation\":\"chap.ping\"}\n"
                      "{\"system\":\"a\",\"operation\":\"service.regster\"}\n"
                      "{\"system\":7,\"operation\":\"service.lookup\"}\n"
                      "{\"operation\":\"service.lookup\"}\n"
                      "[]\n"));
    static const char *const answers[] = {
        "\"allowed\":true,\"operation\":\"service.register\",\"rule\":\"own\"",
        "fingerprint has no 64 hexadecimal digits",
        "\"allowed\":false,\"operation\":\"service.register\",\"rule\":\"only x\"",
        "\"message\":\"no rule allows chap.ping\"",
        "\"error\":\"service.regster is no operation (quiver policy operations lists them)\"",
        "\"error\":\"system must be a text\"",
        "\"error\":\"system is missing (or anonymous, or service_key)\"",
        "\"error\":\"a question is an object\"",
    };
    assert_int_equal(EXPLAIN(W("--questions"), path_of("questions")), 2);
    struct qv_str rest = qv_buf_str(&out), line;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        assert_true(qv_str_split_next(&rest, '\n', &line));
        if (memmem(line.at, line.length, answers[i], strlen(answers[i])) == NULL)
            fail_msg("answer %zu: %.*s", i, QV_STR_ARG(line));
    }
    assert_int_equal(rest.length, 0);
}

static void wrong_usage(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(RUN(W("--help")), 0);
    HAS(out, "usage: quiver policy operations");
    assert_int_equal(RUN(W("explain"), W("--help")), 0);
    HAS(out, "--service-key");
    assert_int_equal(RUN(W("test"), W("--help")), 0);
    HAS(out, "expectations");
    assert_int_equal(RUN(W("frobnicate")), 2);
    HAS(err, "there is no subcommand 'frobnicate'");
    assert_int_equal(RUN(W("explain"), W("--system"), W("a")), 2);
    HAS(err, "quiver policy explain: --config FILE is missing");
    assert_int_equal(EXPLAIN(W("--sistem"), W("a")), 2);
    HAS(err, "unknown option --sistem");
    assert_int_equal(EXPLAIN(W("--system")), 2);
    HAS(err, "a value is missing after --system");
    assert_int_equal(EXPLAIN(W("--system"), W("a")), 2);
    HAS(err, "operation is missing");
    assert_int_equal(
        EXPLAIN(W("--system"), W("a"), W("--anonymous"), W("--operation"), W("ops.health")), 2);
    HAS(err, "system and anonymous exclude each other");
    assert_int_equal(
        EXPLAIN(W("--system"), W("a"), W("--operation"), W("ops.health"), W("--metadata"), W("{")),
        2);
    HAS(err, "metadata: malformed JSON");
    assert_int_equal(EXPLAIN(W("--system"), W("a"), W("--questions"), W("-")), 2);
    assert_int_equal(EXPLAIN(W("--questions"), path_of("nothing")), 2);
    assert_int_equal(RUN(W("test"), W("--config"), path_of("quiver.yaml")), 2);
    HAS(err, "quiver policy test: FILE is missing");
}

/* ---- test ---- */

static int check_expectations(const char *text, struct qv_buf *out, struct qv_buf *err)
{
    write_file("tests.yaml", qv_str_from(text));
    return run((char *const[]){W("test"), path_of("tests.yaml"), W("--config"),
                               path_of("quiver.yaml"), NULL},
               out, err);
}

static void expectations_that_are_met(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(
        check_expectations("- {name: a, system: b, operation: service.lookup, expect: allow}\n"
                           "- {name: b, system: a, operation: service.register, version: 1.0,\n"
                           "   service: x, interface: [p, q], expect: allow, rule: own}\n",
                           &out, &err),
        0);
    assert_string_equal(out.at, "2 expectations, 0 failed\n");
}

static void expectations_that_are_not_met(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(
        check_expectations("- {name: fine, system: b, operation: service.lookup, expect: "
                           "allow}\n"
                           "- name: a may\n"
                           "  system: a\n"
                           "  operation: service.register\n"
                           "  service: y\n"
                           "  expect: allow\n"
                           "  rule: own\n"
                           "- {name: b may, system: b, operation: service.lookup, expect: "
                           "allow, rule: only x}\n",
                           &out, &err),
        1);
    HAS(out, "FAIL a may (");
    HAS(out, "tests.yaml:2)\n  - expected: allow by 'own'\n  + decided:  deny by 'only x' (");
    HAS(out, "policy.yaml:6): denied by rule 'only x'\n    'own' (");
    HAS(out, "policy.yaml:4): matches\n");
    HAS(out, "FAIL b may (");
    HAS(out, "    'only x' (");
    HAS(out, "is not about service.lookup\n3 expectations, 2 failed\n");
}

static void expectations_with_faults(void **state)
{
    (void)state;
    OUTPUTS;
    assert_int_equal(
        check_expectations("- {name: a, system: b, operation: service.lookup, expect: maybe}\n"
                           "- {name: a, sytem: b, operation: service.lookup, expect: deny}\n"
                           "- {name: a, system: b, operation: ops.x, expect: deny}\n"
                           "- {name: a, system: b, operation: ops.health, expect: deny, rule: "
                           "z}\n",
                           &out, &err),
        2);
    HAS(err, "tests.yaml:1: expectation[0]: expect: must be allow or deny\n");
    HAS(err, "tests.yaml:2: expectation[1]: \"sytem\" is no key of an expectation");
    HAS(err, "did you mean system?\n");
    HAS(err, "tests.yaml:3: expectation[2]: ops.x is no operation");
    HAS(err, "tests.yaml:4: expectation[3]: rule: \"z\" is no rule of the policy\n");
    assert_int_equal(check_expectations("a: b\n", &out, &err), 2);
    HAS(err, "must be a list of expectations");
}

/* ---- the page ---- */

static void check_block(struct qv_str block, unsigned *policies, unsigned *expectations)
{
    OUTPUTS;
    if (qv_str_starts_with(block, QV_STR("version:"))) {
        write_file("policy.yaml", block);
        assert_int_equal(
            check_expectations("- {name: x, system: x, operation: system.revoke, provider: y, "
                               "expect: deny}\n",
                               &out, &err),
            0);
        ++*policies;
        return;
    }
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_buf_put(&text, block);
    if (check_expectations(text.at, &out, &err) != 0)
        fail_msg("%s\n%s%s", text.at, out.at != NULL ? out.at : "", err.at != NULL ? err.at : "");
    ++*expectations;
}

static void the_page_is_right(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf page = {0};
    unsigned policies = 0, expectations = 0;
    assert_int_equal(qv_file_read(TEST_DATA "/../../../docs/policy.md", 1 << 20, &page, NULL),
                     QV_OK);
    for (unsigned i = 0; i < QV_OP_COUNT; i++) {
        char quoted[64];
        snprintf(quoted, sizeof(quoted), "`%s`", qv_operation_name((enum qv_operation)i));
        HAS(page, quoted);
    }
    static const char begin[] = "```yaml\n", end[] = "```\n";
    for (const char *at = strstr(page.at, begin); at != NULL; at = strstr(at, begin)) {
        at += strlen(begin);
        const char *to = strstr(at, end);
        assert_non_null(to);
        check_block((struct qv_str){.at = at, .length = (size_t)(to - at)}, &policies,
                    &expectations);
        at = to;
    }
    assert_int_equal(policies, 5);
    assert_int_equal(expectations, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_operations),
        cmocka_unit_test(explains_to_people),
        cmocka_unit_test(explains_to_programs),
        cmocka_unit_test(explains_what_is_built_in),
        cmocka_unit_test(answers_questions),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(expectations_that_are_met),
        cmocka_unit_test(expectations_that_are_not_met),
        cmocka_unit_test(expectations_with_faults),
        cmocka_unit_test(the_page_is_right),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

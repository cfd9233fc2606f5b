// links: domain
/*
 * The registrations of the recorded CHAP scenarios (tests/e2e/conformance), read one by one: those
 * that were taken against what was shown afterwards, those that were refused against the faults.
 * Where a scenario says what Quiver answers instead, that counts.
 */
#include "domain_fixture.h"

#include <quiver/base/file.h>
#include <quiver/domain/chap.h>

#define DEPTH            128
#define FILES            TEST_DATA "/../../e2e/conformance/"
#define SIZE_MAX_OF_FILE (4 << 20)
#define SERVICES         "/v2/services/"

/* ---- the files ---- */

/* How many digits stand at `at`. */
static size_t digits(const char *at)
{
    return strspn(at, "0123456789");
}

/* Behind `${c*N}` at the front, having put the text so many times; 0 where there is none. */
static size_t put_repeated(struct qv_buf *buf, const char *at)
{
    const char *star = strchr(at, '*');
    if (strncmp(at, "${", 2) != 0 || star == NULL || star[1 + digits(star + 1)] != '}' ||
        memchr(at, '}', (size_t)(star - at)) != NULL)
        return 0;
    struct qv_str text = {.at = at + 2, .length = (size_t)(star - at) - 2};
    for (long times = strtol(star + 1, NULL, 10); times > 0; times--)
        qv_buf_put(buf, text);
    return (size_t)(star - at) + 2 + digits(star + 1);
}

/* The file with its placeholders filled in. Integers beyond 64 bits, which nothing here reads,
 * become texts: those may be refused, too. */
static json_t *load(const char *path)
{
    QV_CLEANUP(qv_buf) struct qv_buf raw = {0}, text = {0};
    assert_int_equal(qv_file_read(path, SIZE_MAX_OF_FILE, &raw, NULL), QV_OK);
    for (const char *at = raw.at; *at != '\0';) {
        size_t taken = put_repeated(&text, at);
        size_t length = digits(at);
        if (strncmp(at, "${run}", 6) == 0) {
            qv_buf_put_text(&text, "k3x9z");
            taken = 6;
        } else if (length > 18) {
            bool in_text = at[-1] != ' ';
            qv_buf_printf(&text, in_text ? "%.*s" : "\"%.*s\"", (int)length, at);
            taken = length;
        }
        if (taken == 0)
            qv_buf_put_char(&text, *at);
        at += taken > 0 ? taken : 1;
    }
    json_t *file = NULL;
    size_t place;
    struct qv_error error = {0};
    if (qv_json_parse_lenient(qv_buf_str(&text), DEPTH, &file, &place, &error) != QV_OK)
        fail_msg("%s: %s", path, qv_error_message(&error));
    return file;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* What the step expects of Quiver. */
static const json_t *expected_of(const json_t *step)
{
    const json_t *quiver = json_object_get(step, "quiver");
    return quiver != NULL ? quiver : step;
}

static bool may_be(const json_t *status, json_int_t code)
{
    for (size_t i = 0; i < json_array_size(status); i++) {
        if (json_integer_value(json_array_get(status, i)) == code)
            return true;
    }
    return json_integer_value(status) == code;
}

/* ---- comparing ---- */

/* Equal, with members in one order; "<any>" stands for anything. `lean`: members of `got` that
 * are null need not be there. */
static bool matches(const json_t *expected, json_t *got, bool lean)
{
    if (strcmp(json_is_string(expected) ? json_string_value(expected) : "", "<any>") == 0)
        return true;
    if (json_is_array(expected) && json_array_size(expected) == json_array_size(got)) {
        for (size_t i = 0; i < json_array_size(expected); i++) {
            if (!matches(json_array_get(expected, i), json_array_get(got, i), lean))
                return false;
        }
        return true;
    }
    if (!json_is_object(expected) || !json_is_object(got))
        return qv_json_equal(expected, got);
    json_t *wanted = (json_t *)(uintptr_t)expected;
    void *at = json_object_iter(wanted);
    for (void *own = json_object_iter(got); own != NULL; own = json_object_iter_next(got, own)) {
        if (lean && json_is_null(json_object_iter_value(own)))
            continue;
        if (at == NULL || strcmp(json_object_iter_key(at), json_object_iter_key(own)) != 0 ||
            !matches(json_object_iter_value(at), json_object_iter_value(own), lean))
            return false;
        at = json_object_iter_next(wanted, at);
    }
    return at == NULL;
}

static void assert_matches(const char *name, const json_t *expected, json_t *got, bool lean)
{
    if (matches(expected, got, lean))
        return;
    QV_CLEANUP(qv_buf) struct qv_buf wanted = {0}, own = {0};
    qv_json_write(&wanted, expected);
    qv_json_write(&own, got);
    fail_msg("%s: %s instead of %s", name, own.at, wanted.at);
}

/* ---- steps ---- */

struct replay {
    bool lean;     /* nulls are not shown */
    json_t *by_id; /* what is stored of each service */
    size_t refused, taken, shown;
};

/* Is it a registration with the right key? What a body with no or an empty Content-Type is, the
 * dialects see differently; it is not for here. */
static bool is_registration(const json_t *step)
{
    const json_t *headers = json_object_get(step, "headers");
    const json_t *type = json_object_get(headers, "Content-Type");
    const char *target = text_of(step, "do");
    return (strcmp(target, "POST " SERVICES "$register") == 0 ||
            strcmp(target, "POST " SERVICES "%24register") == 0) &&
           strcmp(text_of(headers, "X-Service-Key"), "${key}") == 0 &&
           (type == NULL || json_string_length(type) > 0);
}

/* Is the body sent as JSON? */
static bool is_json(const json_t *step)
{
    const json_t *headers = json_object_get(step, "headers");
    const char *type = text_of(headers, "Content-Type");
    size_t length = strcspn(type, "; ");
    return length == 0 ||
           (length == strlen("application/json") &&
            strncasecmp(type, "application/json", length) == 0) ||
           strstr(type, "+json") != NULL;
}

static void put_body(const json_t *step, struct qv_buf *buf)
{
    const json_t *body = json_object_get(step, "body");
    if (body != NULL)
        qv_json_write(buf, body);
    else
        qv_buf_put(buf, qv_json_str(json_object_get(step, "text")));
}

static enum qv_status read_body(const json_t *step, const struct qv_buf *text,
                                struct qv_chap_registration **ret_registration,
                                struct qv_buf *faults)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (!is_json(step)) {
        qv_chap_write_text_fault(qv_buf_str(text), faults);
        return QV_INVALID;
    }
    if (text->length > 0)
        QV_TRY(qv_chap_body_parse(qv_buf_str(text), DEPTH, &body, faults));
    return qv_chap_registration_read(body, ret_registration, faults);
}

static json_t *read_back(const struct qv_buf *written)
{
    json_t *value = NULL;
    size_t place;
    assert_int_equal(qv_json_parse_lenient(qv_buf_str(written), DEPTH, &value, &place, NULL),
                     QV_OK);
    return value;
}

/* What the faults must be, where the scenario says something of them. */
static void compare_faults(const char *name, const json_t *expected, const struct qv_buf *faults)
{
    QV_CLEANUP(qv_json) json_t *list = read_back(faults);
    const json_t *answer = json_object_get(expected, "answer");
    if (json_is_object(answer))
        assert_matches(name, json_object_get(answer, "detail"), list, false);
}

static void register_one(const char *name, const json_t *step, struct replay *replay)
{
    const json_t *expected = expected_of(step), *status = json_object_get(expected, "status");
    if (!may_be(status, 200) && !may_be(status, 422))
        return;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0}, faults = {0}, document = {0};
    QV_CLEANUP(qv_chap_registration) struct qv_chap_registration *registration = NULL;
    put_body(step, &text);
    enum qv_status outcome = read_body(step, &text, &registration, &faults);
    if (!may_be(status, outcome == QV_OK ? 200 : 422))
        fail_msg("%s: %.200s: %s", name, text.at, faults.at != NULL ? faults.at : "taken");
    if (outcome == QV_OK) {
        qv_chap_registration_write(registration, &document);
        json_object_set_new(replay->by_id, registration->id, read_back(&document));
        replay->taken++;
    } else {
        assert_int_equal(outcome, QV_INVALID);
        compare_faults(name, expected, &faults);
        replay->refused++;
    }
}

/* What is shown of a service afterwards. */
static void compare_shown(const char *name, const json_t *step, struct replay *replay)
{
    const json_t *expected = expected_of(step);
    const char *target = text_of(step, "do");
    if (strncmp(target, "GET " SERVICES, strlen("GET " SERVICES)) != 0 ||
        !may_be(json_object_get(expected, "status"), 200))
        return;
    const json_t *answer = json_object_get(expected, "answer");
    json_t *stored = json_object_get(replay->by_id, target + strlen("GET " SERVICES));
    if (!json_is_object(answer) || stored == NULL)
        return;
    assert_matches(name, json_object_get(answer, "id"), json_object_get(stored, "id"), false);
    assert_matches(name, json_object_get(answer, "url"), json_object_get(stored, "url"), false);
    assert_matches(name, json_object_get(answer, "info"), json_object_get(stored, "info"),
                   replay->lean);
    replay->shown++;
}

static void replay_scenario(const json_t *scenario, struct replay *replay)
{
    const char *name = text_of(scenario, "name");
    const json_t *keys = json_object_get(json_object_get(scenario, "settings"), "chap.keys");
    if (keys != NULL && json_array_size(keys) == 0)
        return;
    const json_t *steps = json_object_get(scenario, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        if (is_registration(step))
            register_one(name, step, replay);
        else
            compare_shown(name, step, replay);
    }
}

static void replay_file(const char *path, bool lean)
{
    QV_CLEANUP(qv_json) json_t *file = load(path);
    QV_CLEANUP(qv_json) json_t *by_id = json_object();
    struct replay replay = {.lean = lean, .by_id = by_id};
    const json_t *scenarios = json_object_get(file, "scenarios");
    for (size_t i = 0; i < json_array_size(scenarios); i++)
        replay_scenario(json_array_get(scenarios, i), &replay);
    /* So that nothing passes by not being looked at. */
    assert_true(replay.refused > 150);
    assert_true(replay.taken > 50);
    assert_true(replay.shown > 30);
}

static void test_seed(void **state)
{
    (void)state;
    replay_file(FILES "chap-seed.json", false);
}

static void test_2_1(void **state)
{
    (void)state;
    replay_file(FILES "chap-2.1.json", true);
}

static void test_2_2(void **state)
{
    (void)state;
    replay_file(FILES "chap-2.2.json", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_2_1),
        cmocka_unit_test(test_2_2),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

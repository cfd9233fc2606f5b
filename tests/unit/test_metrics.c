// links: api
/*
 * GET /metrics: the format that a scraper expects, and the numbers as they are.
 */
#include "../../src/api/operations.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static void shows_what_was_counted(void **state)
{
    (void)state;
    struct qv_api api = {0};
    struct qv_request request = {0};
    struct qv_response response = {0};
    assert_int_equal(qv_handshakes_new(&api.handshakes), QV_OK);
    qv_handshakes_count(api.handshakes, QV_HANDSHAKE_RESUMED, NULL);
    ops_metrics(&api, NULL, &request, &response, NULL);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_int_equal(qv_buf_status(&response.body), QV_OK);
    assert_non_null(
        strstr(response.body.at, "\nquiver_handshakes_total{outcome=\"resumed\",reason=\"\"} 1\n"));
    assert_int_equal(response.body.at[response.body.length - 1], '\n');
    qv_response_free(&response);
    qv_handshakes_free(&api.handshakes);
}

/* Every line is a comment, or a name, labels and a number. */
static void each_line_is_well_formed(void **state)
{
    (void)state;
    struct qv_api api = {0};
    struct qv_request request = {0};
    struct qv_response response = {0};
    assert_int_equal(qv_handshakes_new(&api.handshakes), QV_OK);
    ops_metrics(&api, NULL, &request, &response, NULL);
    struct qv_str rest = qv_buf_str(&response.body), line;
    size_t series = 0;
    while (qv_str_split_next(&rest, '\n', &line)) {
        if (line.length == 0 || line.at[0] == '#')
            continue;
        series++;
        assert_true(qv_str_starts_with(line, QV_STR("quiver_")));
        assert_int_equal(line.at[line.length - 1], '0');
        assert_int_equal(line.at[line.length - 2], ' ');
        assert_int_equal(line.at[line.length - 3], '}');
    }
    assert_true(series > 50);
    qv_response_free(&response);
    qv_handshakes_free(&api.handshakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_was_counted),
        cmocka_unit_test(each_line_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

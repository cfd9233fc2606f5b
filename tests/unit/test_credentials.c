// links: base
/*
 * Paths to credentials, and which modes of a file of secrets are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/credentials.h>
#include <quiver/base/memory.h>
#include <stdlib.h>

static const char folder[] = "/run/credentials/quiver.service";

static int without_folder(void **state)
{
    (void)state;
    return unsetenv("CREDENTIALS_DIRECTORY");
}

static void enter(void)
{
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
}

static void a_path_is_one_by_how_it_begins(void **state)
{
    (void)state;
    assert_true(qv_credential_is_meant(QV_STR("$CREDENTIALS_DIRECTORY/a")));
    assert_false(qv_credential_is_meant(QV_STR("$CREDENTIALS_DIRECTORY")));
    assert_false(qv_credential_is_meant(QV_STR("tls/$CREDENTIALS_DIRECTORY/a")));
    assert_false(qv_credential_is_meant(QV_STR("$HOME/a")));
}

static void it_is_in_the_folder(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *path = NULL;
    enter();
    assert_int_equal(
        qv_credential_path(QV_STR("$CREDENTIALS_DIRECTORY/registry.key"), &path, &error), QV_OK);
    assert_string_equal(path, "/run/credentials/quiver.service/registry.key");
    qv_free(path);
}

static void what_leads_elsewhere_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"$CREDENTIALS_DIRECTORY/", "$CREDENTIALS_DIRECTORY/a/b",
                                      "$CREDENTIALS_DIRECTORY/..", "$CREDENTIALS_DIRECTORY/../a"};
    enter();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        char untouched, *path = &untouched;
        assert_int_equal(qv_credential_path(qv_str_from(bad[i]), &path, &error), QV_INVALID);
        assert_ptr_equal(path, &untouched);
        assert_string_equal(qv_error_message(&error),
                            "needs one plain name behind $CREDENTIALS_DIRECTORY/");
    }
}

static void without_a_folder_it_is_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0}, relative = {0};
    char *path = NULL;
    struct qv_str text = QV_STR("$CREDENTIALS_DIRECTORY/a");
    assert_int_equal(qv_credential_path(text, &path, &error), QV_INVALID);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "credentials", 1), 0);
    assert_int_equal(qv_credential_path(text, &path, &relative), QV_INVALID);
    assert_null(path);
}

static void group_may_read_what_root_hands_over_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        mode_t mode;
        uid_t owner;
        bool exposed;
    } cases[] = {
        {"/etc/quiver/a.key", 0600, 1000, false},
        {"/etc/quiver/a.key", 0440, 0, true},
        {"/etc/quiver/a.key", 0604, 0, true},
        {"/run/credentials/quiver.service/a", 0400, 1000, false},
        {"/run/credentials/quiver.service/a", 0440, 0, false},
        {"/run/credentials/quiver.service/a", 0440, 1000, true},
        {"/run/credentials/quiver.service/a", 0460, 0, true},
        {"/run/credentials/quiver.service/a", 0444, 0, true},
        {"/run/credentials/quiver.service/../a", 0440, 0, true},
        {"/run/credentials/quiver.service/x/a", 0440, 0, true},
        {"/run/credentials/quiver.service2/a", 0440, 0, true},
    };
    enter();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct stat about = {.st_mode = S_IFREG | cases[i].mode, .st_uid = cases[i].owner};
        if (qv_secret_is_exposed(cases[i].path, &about) != cases[i].exposed)
            fail_msg("case %zu: %s", i, cases[i].path);
    }
    const struct stat pipe = {.st_mode = S_IFIFO | 0666};
    assert_false(qv_secret_is_exposed("/etc/quiver/pipe", &pipe)); /* refused where it is read */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_path_is_one_by_how_it_begins, without_folder),
        cmocka_unit_test_setup(it_is_in_the_folder, without_folder),
        cmocka_unit_test_setup(what_leads_elsewhere_is_refused, without_folder),
        cmocka_unit_test_setup(without_a_folder_it_is_refused, without_folder),
        cmocka_unit_test_setup(group_may_read_what_root_hands_over_and_nothing_else,
                               without_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: store
/*
 * The lock on a data directory: what whoever comes second is told, and that what is left in the
 * file stops nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/store/lock.h"

static char folder[64];
static int directory, first;

static int set_up(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    strcpy(folder, "/tmp/quiver-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_int_equal(qv_lock_take(directory, folder, 0, &first, &error), QV_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (first >= 0)
        close(first);
    assert_int_equal(unlinkat(directory, "lock", 0), 0);
    close(directory);
    return rmdir(folder);
}

/* A process that has ended. */
static pid_t gone(void)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

/* The second is refused with this whole text. */
static void assert_refused(const char *text)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    int second = -1;
    assert_int_equal(qv_lock_take(directory, folder, 0, &second, &error), QV_UNAVAILABLE);
    assert_int_equal(second, -1);
    assert_string_equal(qv_error_message(&error), text);
}

static void a_quiver_that_holds_it_is_named(void **state)
{
    (void)state;
    char text[256];
    snprintf(text, sizeof(text),
             "%s is in use by another Quiver (process %ld): stop that one, or set "
             "store.data_directory to another folder",
             folder, (long)getpid());
    qv_lock_note(first, getpid(), 0);
    assert_refused(text);
    qv_lock_note(first, getpid(), getppid()); /* its Redis is its own affair */
    assert_refused(text);
}

static void a_redis_without_its_quiver_is_named(void **state)
{
    (void)state;
    char text[256];
    qv_lock_note(first, gone(), getpid());
    snprintf(text, sizeof(text),
             "%s is in use by the Redis of a Quiver that has ended (process %ld): end it with "
             "`kill %ld`",
             folder, (long)getpid(), (long)getpid());
    assert_refused(text);
}

static void for_any_other_holder_it_is_said_how_to_find_it(void **state)
{
    (void)state;
    char text[256];
    snprintf(text, sizeof(text),
             "%s is in use by another process that holds its file `lock`: `fuser %s/lock` names it",
             folder, folder);
    assert_refused(text); /* nothing stands in it */
    qv_lock_note(first, gone(), 0);
    assert_refused(text);
    qv_lock_note(first, gone(), gone());
    assert_refused(text);
    assert_int_equal(ftruncate(first, 0), 0);
    assert_int_equal(pwrite(first, "-1\n", 3, 0), 3); /* of somebody else */
    assert_refused(text);
}

static void what_is_left_in_it_stops_nobody(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    qv_lock_note(first, getpid(), getpid()); /* as if the numbers had been given out again */
    close(first);
    assert_int_equal(qv_lock_take(directory, folder, 0, &first, &error), QV_OK);
    assert_true(first >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_quiver_that_holds_it_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_redis_without_its_quiver_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(for_any_other_holder_it_is_said_how_to_find_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_in_it_stops_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: base
/*
 * Watching files: every way in which operators, editors and orchestrators replace one is a change,
 * once; nothing else is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <quiver/base/memory.h>
#include <quiver/base/watch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct qv_watch *watch;

/* ---- the folder ------------------------------------------------------------------------------ */

/* A path in the folder; good until four more were asked for. */
static const char *at(const char *name)
{
    static char paths[4][160];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(at(from), at(to)), 0);
}

static void make_link(const char *target, const char *name)
{
    assert_int_equal(symlink(target, at(name)), 0);
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *place)
{
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/quiver-test-watch-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(qv_watch_new(&watch), QV_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_watch_free(&watch);
    qv_watch_free(&watch);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the watch ------------------------------------------------------------------------------- */

static void watch_these(const char *const *names, size_t count)
{
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(qv_strings_add(&files, qv_str_from(at(names[i]))), QV_OK);
    assert_int_equal(qv_watch_set(watch, &files), QV_OK);
}

static void watch_this(const char *name)
{
    watch_these(&name, 1);
}

/* Seen once, and never again without another. */
static void assert_changed(void)
{
    assert_true(qv_watch_changed(watch));
    assert_false(qv_watch_changed(watch));
}

/* Inotify said that something happened, within five seconds. */
static void assert_woken(void)
{
    struct pollfd descriptor = {.fd = qv_watch_descriptor(watch), .events = POLLIN};
    assert_int_equal(poll(&descriptor, 1, 5000), 1);
}

static bool is_quiet(void)
{
    struct pollfd descriptor = {.fd = qv_watch_descriptor(watch), .events = POLLIN};
    return poll(&descriptor, 1, 0) == 0;
}

static void nothing_happens_by_itself(void **state)
{
    (void)state;
    assert_false(qv_watch_changed(watch)); /* of no files */
    put("file", "one");
    watch_this("file");
    assert_false(qv_watch_changed(watch));
    put("other", "beside it");
    assert_woken(); /* the folder is listened to */
    assert_false(qv_watch_changed(watch));
    assert_true(is_quiet());
}

static void a_write_is_a_change(void **state)
{
    (void)state;
    put("file", "one");
    watch_this("file");
    put("file", "one and a half");
    assert_woken();
    assert_changed();
    assert_true(is_quiet());
}

static void a_rename_over_it_is_a_change(void **state)
{
    (void)state;
    put("file", "one");
    watch_this("file");
    for (int i = 0; i < 3; i++) { /* of the same size, again and again */
        put("file.new", "two");
        move("file.new", "file");
        assert_woken();
        assert_changed();
    }
}

/* As vim does: the old one becomes a backup, a new one is written, the backup removed. */
static void an_editor_is_a_change(void **state)
{
    (void)state;
    put("file", "one");
    watch_this("file");
    move("file", "file~");
    put("file", "two");
    assert_int_equal(unlink(at("file~")), 0);
    assert_woken();
    assert_changed();
}

static void gone_and_back_are_changes(void **state)
{
    (void)state;
    put("file", "one");
    watch_this("file");
    move("file", "away");
    assert_woken();
    assert_changed();
    move("away", "file");
    assert_woken();
    assert_changed();
}

static void what_is_not_there_yet_is_watched(void **state)
{
    (void)state;
    watch_this("later/file");
    assert_false(qv_watch_changed(watch));
    assert_int_equal(mkdir(at("later"), 0700), 0);
    assert_false(qv_watch_changed(watch));
    put("later/file", "one");
    assert_changed(); /* no folder to listen to: by the look */
    put("later/file", "one more");
    assert_woken(); /* but now there is */
    assert_changed();
}

/* ..data -> ..1; file -> ..data/file; then ..data is replaced by a link to ..2. */
static void kubernetes_swap_is_a_change(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("..1"), 0700), 0);
    assert_int_equal(mkdir(at("..2"), 0700), 0);
    put("..1/file", "one");
    put("..2/file", "two");
    make_link("..1", "..data");
    make_link("..data/file", "file");
    watch_this("file");
    make_link("..2", "..data_tmp");
    move("..data_tmp", "..data");
    assert_woken();
    assert_changed();
    put("..1/file", "nobody looks here any more");
    assert_true(is_quiet());
    assert_false(qv_watch_changed(watch));
    put("..2/file", "in place");
    assert_woken();
    assert_changed();
}

static void a_swapped_folder_is_a_change(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("v1"), 0700), 0);
    assert_int_equal(mkdir(at("v2"), 0700), 0);
    put("v1/file", "one");
    put("v2/file", "two");
    make_link("v1", "current");
    watch_this("current/file");
    make_link("v2", "next");
    move("next", "current");
    assert_changed(); /* inotify need not see it */
    put("v2/file", "two and more");
    assert_woken();
    assert_changed();
}

static void a_mode_is_a_change(void **state)
{
    (void)state;
    put("key", "secret");
    watch_this("key");
    assert_int_equal(chmod(at("key"), 0600), 0);
    assert_woken();
    assert_changed();
}

/* ---- the list -------------------------------------------------------------------------------- */

/* A change that fell before the list was set anew is still told; the new file's past is not. */
static void another_list_loses_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"file", "more", "none"};
    put("file", "one");
    watch_this("file");
    put("file", "one and a half");
    put("more", "already there");
    watch_these(names, 3);
    assert_changed();
    put("more", "already there, and longer");
    assert_woken();
    assert_changed();
    watch_this("more");
    put("file", "not watched any more");
    assert_false(qv_watch_changed(watch));
    watch_these(NULL, 0);
    assert_false(qv_watch_changed(watch));
    put("more", "nor this");
    assert_true(is_quiet());
    assert_false(qv_watch_changed(watch));
}

static void a_list_without_memory_leaves_the_old(void **state)
{
    (void)state;
    static const char *const names[] = {"file", "more"};
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(qv_strings_add(&files, qv_str_from(at(names[i]))), QV_OK);
    put("file", "one");
    watch_this("file");
    for (size_t nth = 1; nth <= 4; nth++) { /* two lists, two paths */
        qv_memory_fail_at(nth);
        assert_int_equal(qv_watch_set(watch, &files), QV_NO_MEMORY);
    }
    qv_memory_fail_at(0);
    put("more", "not watched");
    assert_false(qv_watch_changed(watch));
    put("file", "still watched");
    assert_changed();
    qv_memory_fail_at(1);
    struct qv_watch *none = NULL;
    assert_int_equal(qv_watch_new(&none), QV_NO_MEMORY);
    assert_null(none);
    qv_memory_fail_at(0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_happens_by_itself),
        TEST(a_write_is_a_change),
        TEST(a_rename_over_it_is_a_change),
        TEST(an_editor_is_a_change),
        TEST(gone_and_back_are_changes),
        TEST(what_is_not_there_yet_is_watched),
        TEST(kubernetes_swap_is_a_change),
        TEST(a_swapped_folder_is_a_change),
        TEST(a_mode_is_a_change),
        TEST(another_list_loses_nothing),
        TEST(a_list_without_memory_leaves_the_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

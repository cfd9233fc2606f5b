// links: observe
/*
 * The audit trail on disks without room, under limits, and on a standard output that nobody reads.
 */
#include "audit_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* ---- full disks ------------------------------------------------------------------------------ */

static void limit_files(rlim_t size)
{
    struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of_trail(void)
{
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    return (rlim_t)facts.st_size;
}

/* The limit on a file's size ends a write in the middle, and then all others. */
static void a_line_that_is_cut_short_is_lost_and_told(void **state)
{
    (void)state;
    struct qv_audit *audit = open_trail();
    write_lines(audit, 2);
    for (rlim_t part = 1; part <= 40; part += 13) {
        limit_files(size_of_trail() + part);
        write_lines(audit, 3);
        limit_files(RLIM_INFINITY);
        write_line(audit, "there is room again");
    }
    assert_int_equal(qv_audit_lost(audit), 12);
    expect_trail(6, 4, 12);
    /* Behind a torn line room for one byte: its newline. */
    limit_files(size_of_trail() + 10);
    write_line(audit, "torn");
    limit_files(size_of_trail() + 1);
    write_line(audit, "only a newline");
    limit_files(RLIM_INFINITY);
    write_line(audit, "whole");
    /* Room for all but the newline. */
    rlim_t before = size_of_trail();
    write_line(audit, "fits");
    limit_files(size_of_trail() + (size_of_trail() - before) - 1);
    write_line(audit, "fits");
    limit_files(RLIM_INFINITY);
    write_line(audit, "behind it");
    assert_int_equal(qv_audit_lost(audit), 14);
    expect_trail(10, 5, 14);
    qv_audit_free(&audit);
    assert_true(was_logged("audit line lost"));
    assert_true(was_logged("audit trail goes on"));
}

/* Of what is written and reserved in a full file system nothing is lost, and nothing more is taken.
   `fill` and `empty` make it full and give room again. */
static void check_required(void (*fill)(void), void (*empty)(void))
{
    enum { PROMISED = 30 };
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    for (size_t i = 0; i < PROMISED; i++)
        assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    fill();
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    size_t more = 0;
    while (qv_audit_reserve(audit, &error) == QV_OK)
        assert_true(++more < 1000);
    assert_int_equal(error.status, QV_UNAVAILABLE);
    assert_non_null(strstr(qv_error_message(&error), "the audit trail cannot be written: "));
    /* Lines without a promise do not eat what is promised. */
    write_lines(audit, 2000);
    uint64_t lost = qv_audit_lost(audit);
    assert_in_range(lost, 1, 2000);
    for (size_t i = 0; i < PROMISED + more; i++)
        qv_audit_write(audit, &event);
    assert_int_equal(qv_audit_lost(audit), lost);
    empty();
    int64_t deadline = qv_mono_now().us + 60 * 1000 * 1000;
    while (qv_audit_reserve(audit, NULL) != QV_OK)
        assert_true(qv_mono_now().us < deadline);
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    assert_true(lost <= 2000);
    expect_trail(PROMISED + more + 1 + 2000 - lost, 0, lost);
}

static void limit_to_what_is_there(void)
{
    limit_files(size_of_trail() + 200 * 1024);
}

static void lift_limit(void)
{
    limit_files(RLIM_INFINITY);
}

static void required_under_a_limit(void **state)
{
    (void)state;
    check_required(limit_to_what_is_there, lift_limit);
}

/* A write that fails though there was room: no change until a line is written again. */
static void required_on_a_faulty_disk(void **state)
{
    (void)state;
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    limit_files(1);
    const struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    qv_audit_write(audit, &event);
    limit_files(RLIM_INFINITY);
    assert_int_equal(qv_audit_lost(audit), 1);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_audit_reserve(audit, &error), QV_UNAVAILABLE);
    write_line(audit, "the refused change");
    assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    expect_trail(2, 1, 1);
}

static void fill_disk(void)
{
    static const char block[4096] = "x";
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    setvbuf(file, NULL, _IONBF, 0);
    while (fwrite(block, sizeof(block), 1, file) == 1)
        ;
    assert_int_equal(errno, ENOSPC);
    fclose(file);
}

static void empty_disk(void)
{
    assert_int_equal(unlink(other), 0);
}

/* A small disk of our own on the folder, seen by this process alone; false: not allowed. */
static bool mount_small_disk(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, "size=512k") == 0;
}

static void on_a_full_disk(void **state)
{
    (void)state;
    if (!mount_small_disk())
        skip(); /* only root may; the tests above do without */
    struct qv_audit *audit = open_trail();
    write_lines(audit, 2);
    fill_disk();
    write_lines(audit, 1000);
    uint64_t lost = qv_audit_lost(audit);
    assert_in_range(lost, 900, 1000);
    empty_disk();
    write_line(audit, "there is room again");
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
    assert_int_equal(found.lost, lost);
    assert_int_equal(found.lines, 2 + 1000 - lost + 1);
    assert_int_equal(unlink(path), 0);
    check_required(fill_disk, empty_disk);
    assert_int_equal(umount(folder), 0);
}

static off_t blocks_of(const char *file)
{
    struct stat facts;
    assert_int_equal(stat(file, &facts), 0);
    return facts.st_blocks * 512;
}

static void promised_room_moves_with_rotation(void **state)
{
    (void)state;
    config.audit.required = true;
    struct qv_audit *audit = open_trail();
    const struct qv_audit_event event = {.verdict = "allowed", .status = 201, .reserved = true};
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(qv_audit_reserve(audit, NULL), QV_OK);
    qv_audit_write(audit, &event);
    assert_true(blocks_of(path) >= 20 * 4096);
    assert_int_equal(rename(path, rotated), 0);
    qv_audit_reopen(audit);
    assert_true(blocks_of(rotated) <= 4096); /* given back */
    assert_true(blocks_of(path) >= 19 * 4096);
    assert_int_equal(size_of_trail(), 0);
    for (size_t i = 0; i < 19; i++)
        qv_audit_write(audit, &event);
    qv_audit_free(&audit);
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(rotated, path);
    assert_int_equal(found.lines, 20);
}

/* ---- standard output ------------------------------------------------------------------------- */

/* The trail on a standard output of ours; what it wrote goes to `path`. cmocka's own words wait. */
static void write_to_stdout(int ours, int theirs, size_t fill, size_t then)
{
    config.audit.file = (char[]){QV_AUDIT_STDOUT};
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(ours, STDOUT_FILENO);
    struct qv_audit *audit = open_trail();
    write_lines(audit, fill);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    char some[8192];
    ssize_t got;
    while ((got = read(theirs, some, sizeof(some))) > 0)
        qv_buf_put(&text, (struct qv_str){some, (size_t)got});
    write_lines(audit, then);
    while ((got = read(theirs, some, sizeof(some))) > 0)
        qv_buf_put(&text, (struct qv_str){some, (size_t)got});
    qv_audit_reopen(audit);
    qv_audit_free(&audit);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(fcntl(ours, F_GETFL) & O_NONBLOCK, 0); /* others share it */
    close(ours);
    close(theirs);
    write_bytes(path, "w", text.at, text.length);
}

static void standard_output_never_blocks(void **state)
{
    (void)state;
    for (int sockets = 0; sockets < 2; sockets++) {
        int ends[2];
        if (sockets == 0)
            assert_int_equal(pipe2(ends, 0), 0);
        else
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        int reader = ends[0], writer = ends[1];
        assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
        write_to_stdout(writer, reader, 5000, 2);
        QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = verified(path, NULL);
        assert_in_range(found.lost, 1, 4999);
        assert_int_equal(found.lines, 5002 - found.lost);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_that_is_cut_short_is_lost_and_told),
        TEST(required_under_a_limit),
        TEST(required_on_a_faulty_disk),
        TEST(promised_room_moves_with_rotation),
        TEST(standard_output_never_blocks),
        TEST(on_a_full_disk), /* last: it leaves the process in a mount namespace of its own */
    };
    qv_memory_init();
    signal(SIGXFSZ, SIG_IGN); /* the limit is to fail writes, not to end us */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

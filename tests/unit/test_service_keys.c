// links: identity
/*
 * Service keys: what proves something and what does not, where keys come from, what a reload keeps,
 * and what the log says of them.
 */
#include <quiver/identity/service_keys.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define VARIABLE    "QUIVER_TEST_SERVICE_KEY"
#define KEY         "correct-horse+battery/staple="

static char path[] = "/tmp/qv-keys-XXXXXX";
static struct qv_config config;
static const struct qv_wall start = {.seconds = 1767225600}; /* 2026-01-01T00:00:00Z */

static void write_keys(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, true);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The keys of the variable and of the file; NULL: there is none. */
static void configure(const char *variable, const char *file)
{
    config = (struct qv_config){0};
    config.chap.keys.env = (char *)VARIABLE;
    if (variable != NULL)
        assert_int_equal(setenv(VARIABLE, variable, 1), 0);
    else
        assert_int_equal(unsetenv(VARIABLE), 0);
    if (file != NULL)
        write_keys(file, 0600);
    config.chap.keys.file = file != NULL ? path : NULL;
}

static struct qv_service_keys *make(void)
{
    struct qv_service_keys *keys = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_service_keys_new(&config, start, &keys, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return keys;
}

static void renew(struct qv_service_keys *keys)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_service_keys_renew(keys, &config, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

static struct qv_wall after(int64_t seconds)
{
    return (struct qv_wall){.seconds = start.seconds + seconds};
}

static unsigned prove_at(struct qv_service_keys *keys, struct qv_str presented, int64_t seconds)
{
    struct qv_service_proof proof = {.number = 99};
    qv_service_keys_prove(keys, presented, after(seconds), &proof);
    assert_int_equal(proof.configured, qv_service_keys_count(keys) > 0);
    return proof.number;
}

static unsigned prove(struct qv_service_keys *keys, const char *presented)
{
    return prove_at(keys, qv_str_from(presented), 0);
}

/* ---- proving --------------------------------------------------------------------------------- */

static void the_key_and_nothing_near_it(void **state)
{
    (void)state;
    configure(KEY, NULL);
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    assert_int_equal(prove(keys, KEY), 1);
    for (size_t i = 0; i < strlen(KEY); i++) {
        char other[] = KEY;
        other[i] ^= 1;
        assert_int_equal(prove(keys, other), 0);
        other[i] = KEY[i] ^ 0x20; /* the other case, of a letter */
        assert_int_equal(prove(keys, other), 0);
        assert_int_equal(prove_at(keys, (struct qv_str){.at = KEY, .length = i}, 0), 0);
        assert_int_equal(
            prove_at(keys, (struct qv_str){.at = KEY + i + 1, .length = strlen(KEY) - i - 1}, 0),
            0);
    }
    assert_int_equal(prove(keys, KEY KEY), 0);
    assert_int_equal(prove(keys, KEY " "), 0);
    assert_int_equal(prove_at(keys, (struct qv_str){.at = KEY, .length = sizeof(KEY)}, 0), 0);
    assert_int_equal(prove(keys, VARIABLE), 0);
    assert_int_equal(prove_at(keys, QV_STR(""), 0), 0);
    assert_int_equal(prove_at(keys, (struct qv_str){0}, 0), 0);
}

static void without_a_key_nobody_proves_anything(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *file;
    } rows[] = {{NULL, NULL}, {"", NULL}, {" \t", NULL}, {NULL, ""}, {"", "# none yet\n\n \r\n"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        configure(rows[i].variable, rows[i].file);
        QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
        assert_int_equal(qv_service_keys_count(keys), 0);
        assert_int_equal(prove(keys, KEY), 0);
        assert_int_equal(prove_at(keys, QV_STR(""), 0), 0);
        assert_int_equal(prove_at(keys, (struct qv_str){0}, 0), 0);
    }
}

static void several_keys_at_a_time(void **state)
{
    (void)state;
    configure(" of the variable \n", "# old\nfirst\r\n\n  second\t\n#third\nf\xC3\xBCnfter");
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    static const struct {
        const char *key;
        unsigned number;
    } rows[] = {{"of the variable", 1}, {"first", 2}, {"second", 3}, {"f\xC3\xBCnfter", 4},
                {"#third", 0},          {"third", 0}, {"# old", 0},  {"first\r", 0},
                {"of the", 0},          {"firs", 0},  {"sec", 0},    {"first\nsecond", 0}};
    assert_int_equal(qv_service_keys_count(keys), 4);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(prove(keys, rows[i].key), rows[i].number);
}

static void a_byte_order_mark_is_of_no_key(void **state)
{
    (void)state;
    static const char *const files[] = {"\xEF\xBB\xBF" KEY "\r\n", "\xEF\xBB\xBF# old\n" KEY};
    for (size_t i = 0; i < COUNT(files); i++) {
        configure(NULL, files[i]);
        QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
        assert_int_equal(qv_service_keys_count(keys), 1);
        assert_int_equal(prove(keys, KEY), 1);
    }
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void expect_fault(const char *place, const char *words)
{
    struct qv_service_keys *keys = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_service_keys_new(&config, start, &keys, &error), QV_INVALID);
    assert_null(keys);
    const char *message = qv_error_message(&error);
    assert_int_equal(strncmp(message, place, strlen(place)), 0);
    assert_int_equal(strncmp(message + strlen(place), words, strlen(words)), 0);
    assert_null(strstr(message, "hunter"));
}

static void faults_name_the_place_and_no_key(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        mode_t mode;
        const char *words;
    } rows[] = {
        {"hunter2\n", 0640, ": open to group or others (mode 0640); run: chmod 600 "},
        {"hunter2\n", 0604, ": open to group or others (mode 0604); run: chmod 600 "},
        {"hunter2\nhunter 3\n", 0600, ":2: a key has a blank in it, write one key a line"},
        {"# a\nhunter2\thunter3", 0600, ":2: a key has a blank in it, write one key a line"},
        {"hunter\x01\n", 0600, ":1: a key has a control character in it"},
        {"hunter\x7F\n", 0600, ":1: a key has a control character in it"},
        {"hunter2\n\n  hunter2 \n", 0600,
         ":3: this key is given already, remove one; the other is that of /tmp/qv-keys-"},
        {"a\nhunter-of-the-variable\n", 0600,
         ":2: this key is given already, remove one; the other is that of " VARIABLE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        configure("hunter-of-the-variable", rows[i].file);
        write_keys(rows[i].file, rows[i].mode);
        expect_fault(path, rows[i].words);
    }
    configure("hunter\n2", NULL);
    expect_fault(VARIABLE, ": a key has a control character in it");
    configure(NULL, NULL);
    config.chap.keys.file = (char *)"/tmp";
    expect_fault("/tmp: ", "");
    config.chap.keys.file = (char *)"/no/such/keys";
    expect_fault("/no/such/keys: ", "No such file or directory");
}

static void too_many_are_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    for (int i = 0; i < 257; i++)
        qv_buf_printf(&text, "hunter%d\n", i);
    configure(NULL, text.at);
    expect_fault(path, ":257: there are too many keys");
}

/* ---- the log --------------------------------------------------------------------------------- */

static int log_ends[2];

static void begin_log(void)
{
    assert_int_equal(pipe2(log_ends, O_CLOEXEC | O_NONBLOCK), 0);
    qv_log_to(log_ends[1]);
    qv_log_configure(QV_LOG_INFO, QV_LOG_TEXT);
}

/* What was logged since the last call, without times; `#` stands for the file's path. */
static void expect_logged(const char *expected)
{
    char text[4096] = "", bare[4096] = "";
    ssize_t got = read(log_ends[0], text, sizeof(text) - 1);
    (void)got; /* none, where nothing was logged */
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *at = strstr(line, path);
        line = strchr(line, ' ') + 1;
        if (at == NULL)
            strcat(bare, line);
        else
            snprintf(bare + strlen(bare), sizeof(bare) - strlen(bare), "%.*s#%s", (int)(at - line),
                     line, at + strlen(path));
        strcat(bare, "\n");
    }
    assert_string_equal(bare, expected);
}

static void end_log(void)
{
    qv_log_to(STDERR_FILENO);
    qv_log_configure(QV_LOG_ERROR, QV_LOG_TEXT);
    close(log_ends[0]);
    close(log_ends[1]);
}

#define SINCE " since=2026-01-01T00:00:00Z\n"

static void the_first_use_and_then_one_an_hour(void **state)
{
    (void)state;
    static const char of_two[] = "INFO  service key used number=2 where=#:1\n";
    configure("one", "two\n");
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    begin_log();
    assert_int_equal(prove_at(keys, QV_STR("tw"), 0), 0);
    expect_logged("");
    assert_int_equal(prove_at(keys, QV_STR("two"), 0), 2);
    expect_logged(of_two);
    assert_int_equal(prove_at(keys, QV_STR("two"), 1), 2);
    assert_int_equal(prove_at(keys, QV_STR("two"), 3599), 2);
    expect_logged("");
    assert_int_equal(prove_at(keys, QV_STR("one"), 3599), 1);
    expect_logged("INFO  service key used number=1 where=" VARIABLE "\n");
    assert_int_equal(prove_at(keys, QV_STR("two"), 3600), 2);
    expect_logged(of_two);
    assert_int_equal(prove_at(keys, QV_STR("two"), 100), 2); /* the clock was set back */
    assert_int_equal(prove_at(keys, QV_STR("two"), 7199), 2);
    expect_logged("");
    assert_int_equal(prove_at(keys, QV_STR("two"), 7200), 2);
    expect_logged(of_two);
    end_log();
}

static void a_reload_keeps_when_keys_were_used(void **state)
{
    (void)state;
    configure("one", "two\nthree\n");
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    assert_int_equal(prove_at(keys, QV_STR("one"), 60), 1);
    assert_int_equal(prove_at(keys, QV_STR("three"), 61), 3);
    configure("one", "four\nthree\n"); /* one goes, one comes, one moves */
    renew(keys);
    begin_log();
    qv_service_keys_log(keys);
    expect_logged("INFO  service key number=1 where=" VARIABLE
                  " last_used=2026-01-01T00:01:00Z" SINCE
                  "INFO  service key number=2 where=#:1 last_used=never" SINCE
                  "INFO  service key number=3 where=#:2 last_used=2026-01-01T00:01:01Z" SINCE);
    assert_int_equal(prove_at(keys, QV_STR("two"), 62), 0);
    assert_int_equal(prove_at(keys, QV_STR("three"), 62), 3);
    expect_logged(""); /* its hour goes on */
    assert_int_equal(prove_at(keys, QV_STR("four"), 62), 2);
    expect_logged("INFO  service key used number=2 where=#:1\n");
    end_log();
}

/* ---- reload ---------------------------------------------------------------------------------- */

static void a_reload_with_a_fault_keeps_the_old(void **state)
{
    (void)state;
    configure(NULL, "old\n");
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    write_keys("new\nnew\n", 0600);
    assert_int_equal(qv_service_keys_renew(keys, &config, &error), QV_INVALID);
    assert_int_equal(prove(keys, "old"), 1);
    assert_int_equal(prove(keys, "new"), 0);
    write_keys("new\n", 0600);
    renew(keys);
    assert_int_equal(prove(keys, "old"), 0);
    assert_int_equal(prove(keys, "new"), 1);
    configure(NULL, NULL); /* no file is named any more */
    renew(keys);
    assert_int_equal(qv_service_keys_count(keys), 0);
    assert_int_equal(prove(keys, "new"), 0);
}

struct prover {
    struct qv_service_keys *keys;
    atomic_bool ending;
    atomic_uint phase; /* odd: the key is gone */
    atomic_uint rounds, wrong;
};

static bool prove_only(struct qv_service_keys *keys, const char *presented)
{
    struct qv_service_proof proof;
    qv_service_keys_prove(keys, qv_str_from(presented), start, &proof);
    return proof.number != 0;
}

static void *prove_all_the_time(void *argument)
{
    struct prover *prover = argument;
    while (!atomic_load(&prover->ending)) {
        unsigned phase = atomic_load(&prover->phase);
        bool good = prove_only(prover->keys, "going");
        if (good && phase % 2 == 1 && atomic_load(&prover->phase) == phase)
            atomic_fetch_add(&prover->wrong, 1);
        if (!prove_only(prover->keys, "staying"))
            atomic_fetch_add(&prover->wrong, 1);
        atomic_fetch_add(&prover->rounds, 1);
    }
    return NULL;
}

/* A key that stays is good at every moment; one that is gone is not, once renewing has returned. */
static void a_reload_while_keys_are_proved(void **state)
{
    (void)state;
    configure("staying", "going\n");
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    struct prover prover = {.keys = keys};
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, prove_all_the_time, &prover), 0);
    for (int round = 0; round < 50; round++) {
        bool goes = round % 2 == 0;
        write_keys(goes ? "" : "going\n", 0600);
        if (!goes)
            atomic_fetch_add(&prover.phase, 1);
        unsigned before = atomic_load(&prover.rounds);
        renew(keys);
        if (goes)
            atomic_fetch_add(&prover.phase, 1);
        while (atomic_load(&prover.rounds) - before < 4)
            sched_yield();
    }
    atomic_store(&prover.ending, true);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&prover.wrong), 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    configure("one", "two\nthree\n");
    size_t nth = 1;
    for (enum qv_status status = QV_NO_MEMORY; status != QV_OK; nth++) {
        struct qv_service_keys *keys = NULL;
        qv_memory_fail_at(nth);
        status = qv_service_keys_new(&config, start, &keys, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_int_equal(keys != NULL, status == QV_OK);
        qv_service_keys_free(&keys);
        qv_service_keys_free(&keys);
    }
    assert_true(nth > 6);
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = make();
    for (size_t k = 1; k < nth - 2; k++) {
        qv_memory_fail_at(k);
        enum qv_status status = qv_service_keys_renew(keys, &config, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_int_equal(prove(keys, "three"), 3);
    }
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    qv_log_configure(QV_LOG_ERROR, QV_LOG_TEXT);
    return fd >= 0 ? close(fd) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_and_nothing_near_it),
        cmocka_unit_test(without_a_key_nobody_proves_anything),
        cmocka_unit_test(several_keys_at_a_time),
        cmocka_unit_test(a_byte_order_mark_is_of_no_key),
        cmocka_unit_test(faults_name_the_place_and_no_key),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(the_first_use_and_then_one_an_hour),
        cmocka_unit_test(a_reload_keeps_when_keys_were_used),
        cmocka_unit_test(a_reload_with_a_fault_keeps_the_old),
        cmocka_unit_test(a_reload_while_keys_are_proved),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

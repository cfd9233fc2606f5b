// links: store
/*
 * The embedded Redis: what it is started with, that it comes back, that it ends with Quiver however
 * Quiver ends, and that two Quivers never share a data directory.
 */
#include "store_fixture.h"

#include <dirent.h>
#include <sys/file.h>

static char folder[64], data[80];
static struct qv_embedded *embedded;

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/quiver-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(data, sizeof(data), "%s/data", folder);
    store_prepare();
    f.config->store.at.kind = QV_REDIS_EMBEDDED;
    f.config->store.data_directory = data;
    unsetenv("QUIVER_REDIS_SERVER");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_end();
    qv_embedded_free(&embedded);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static void start(void)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_embedded_start(f.config, &embedded, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

/* Starting fails with these words. */
static void assert_start_fails(enum qv_status status, const char *words)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_embedded_start(f.config, &embedded, &error), status);
    assert_null(embedded);
    if (strstr(qv_error_message(&error), words) == NULL)
        fail_msg("%s", qv_error_message(&error));
}

/* Who the lock file says Redis is. */
static pid_t redis_pid(void)
{
    char path[128];
    long quiver = 0, child = 0;
    snprintf(path, sizeof(path), "%s/lock", data);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "quiver %ld redis %ld", &quiver, &child), 2);
    fclose(file);
    return (pid_t)child;
}

/* Supervises as the main thread does. */
static bool runs(void)
{
    struct qv_mono when;
    qv_embedded_supervise(embedded, qv_mono_now());
    return !qv_embedded_next(embedded, &when);
}

static bool is_gone(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static bool lock_is_free(void)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/lock", data);
    int lock = open(path, O_RDWR);
    bool is_free = lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0;
    if (lock >= 0)
        close(lock);
    return is_free;
}

/* ---- its life ---------------------------------------------------------------------------------
 */

static void serves_a_store(void **state)
{
    (void)state;
    struct stat facts;
    start();
    assert_int_equal(stat(data, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    store_start();
    await(is_well());
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(instances(), 1);
}

static void inherits_nothing_but_the_lock(void **state)
{
    (void)state;
    char path[64], name[400], target[300];
    int leaked = dup(0); /* without close-on-exec */
    start();
    pid_t pid = redis_pid();
    assert_int_equal(getsid(pid), pid);
    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *list = opendir(path);
    assert_non_null(list);
    size_t standard = 0, locks = 0;
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        ssize_t length = readlink(name, target, sizeof(target) - 1);
        if (length < 0)
            continue; /* the dots */
        target[length] = '\0';
        standard += atoi(entry->d_name) <= 2 && strncmp(target, "pipe:", 5) == 0;
        locks += strstr(target, "/data/lock") != NULL;
        assert_true(strncmp(target, "/dev/", 5) != 0);
    }
    closedir(list);
    close(leaked);
    assert_int_equal(standard, 3);
    assert_int_equal(locks, 1);
}

/* What the process was started with; entries end with a NUL. */
static bool was_given(pid_t pid, const char *entry)
{
    char path[64], environment[8192];
    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(environment, 1, sizeof(environment) - 1, file);
    fclose(file);
    environment[length] = '\0';
    bool given = false;
    for (size_t at = 0; at < length && !given; at += strlen(environment + at) + 1)
        given = strcmp(environment + at, entry) == 0;
    return given;
}

/* The key of CHAP services is no business of Redis. */
static void inherits_no_secret(void **state)
{
    (void)state;
    static char name[] = "QUIVER_TEST_KEY";
    char *before = f.config->chap.keys.env;
    f.config->chap.keys.env = name;
    setenv(name, "secret", 1);
    setenv("QUIVER_TEST_KEY_2", "none", 1);
    start();
    assert_false(was_given(redis_pid(), "QUIVER_TEST_KEY=secret"));
    assert_true(was_given(redis_pid(), "QUIVER_TEST_KEY_2=none"));
    qv_embedded_free(&embedded);
    f.config->chap.keys.env = before;
    unsetenv(name);
    unsetenv("QUIVER_TEST_KEY_2");
}

static void a_killed_redis_is_started_again_with_its_data(void **state)
{
    (void)state;
    start();
    store_start();
    await(is_well());
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof(name), "service-%d", i);
        assert_int_equal(enter(name).status, QV_OK);
        pid_t before = redis_pid();
        kill(before, SIGKILL);
        await(!runs()); /* its end was noticed ... */
        await(runs());  /* ... and a new one started */
        assert_int_not_equal(redis_pid(), before);
        await(is_well());
    }
    assert_int_equal(enter("kelvin-info").status, QV_OK);
    assert_int_equal(instances(), 4);
    assert_int_equal(view_state().epoch, 1);
}

static bool is_there(int number)
{
    char name[32];
    snprintf(name, sizeof(name), "service-%d", number);
    struct qv_registry_state before = view_state();
    struct qv_instance_id id;
    struct qv_change *change = NULL;
    struct answer answer;
    char raw[64];
    snprintf(raw, sizeof(raw), "provider::%s::1.0.0", name);
    assert_int_equal(qv_instance_id_read(f.rules->dialect, qv_str_from(raw), &id, NULL), QV_OK);
    assert_int_equal(qv_change_revoke_service(&id, f.identity, &change), QV_OK);
    qv_instance_id_free(&id);
    submit(&answer, QV_OP_SERVICE_REVOKE, change);
    wait_for(&answer);
    assert_int_equal(answer.status, QV_OK);
    assert_int_equal(before.count[QV_KIND_INSTANCE] - instances(), answer.done);
    return answer.done;
}

/* Redis is killed in the middle of many changes, at another moment in each round. */
static void what_was_answered_holds_when_redis_is_killed(void **state)
{
    (void)state;
    enum { ROUNDS = 4, CHANGES = 200 };
    static struct answer answers[ROUNDS * CHANGES];
    char name[32];
    size_t made = 0, unmade = 0;
    start();
    f.config->store.timeout_ms =
        HASTE_MS; /* then what is on its way at a kill is told as unknown */
    store_start();
    await(is_well());
    for (int round = 0; round < ROUNDS; round++) {
        struct answer *these = &answers[round * CHANGES];
        pid_t killed = redis_pid();
        for (int i = 0; i < CHANGES; i++) {
            snprintf(name, sizeof(name), "service-%d", round * CHANGES + i);
            submit(&these[i], QV_OP_SERVICE_REGISTER, registration(name, ""));
            if (i == 0)
                wait_for(&these[0]);
            if (i != 20 + round * 40)
                continue;
            /* those before are on their way, those after find nobody */
            kill(killed, SIGKILL);
            await(!is_well() || redis_pid() != killed);
        }
        for (int i = 1; i < CHANGES; i++)
            wait_for(&these[i]);
        /* the next one is there, and the link to it, which a change that is taken proves */
        await(runs() && redis_pid() != killed);
        await(is_well() && enter("probe").status == QV_OK);
    }
    for (int i = 0; i < ROUNDS * CHANGES; i++) {
        bool there = is_there(i);
        if (answers[i].status == QV_OK)
            assert_true(there);
        else if (!answers[i].unknown)
            assert_false(there);
        made += answers[i].status == QV_OK;
        unmade += answers[i].status != QV_OK && !answers[i].unknown;
    }
    assert_true(made > 0);
    assert_true(unmade > 0);
    assert_int_equal(view_state().epoch, 1);
}

static void ends_in_order(void **state)
{
    (void)state;
    start();
    pid_t pid = redis_pid();
    store_start();
    await(is_well());
    qv_embedded_free(&embedded);
    assert_true(is_gone(pid));
    assert_true(lock_is_free());
    char path[128];
    snprintf(path, sizeof(path), "%s/redis.sock", data);
    assert_int_not_equal(access(path, F_OK), 0); /* Redis removed it */
    start();
    await(is_well());
}

static void a_stopped_redis_is_ended_too(void **state)
{
    (void)state;
    start();
    pid_t pid = redis_pid();
    kill(pid, SIGSTOP);
    qv_embedded_free(&embedded);
    assert_true(is_gone(pid));
}

/* A Quiver in a process of its own, which is killed. */
static void nothing_is_left_of_a_killed_quiver(void **state)
{
    (void)state;
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans become ours to wait for */
    pid_t quiver = fork();
    if (quiver == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bool started = qv_embedded_start(f.config, &embedded, NULL) == QV_OK;
        if (write(ready[1], started ? "y" : "n", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ready[0]);
    close(ready[1]);
    pid_t child = redis_pid();
    kill(quiver, SIGKILL);
    waitpid(quiver, NULL, 0);
    start(); /* waits until that Redis is gone, too */
    assert_int_equal(waitpid(child, NULL, 0), child);
    store_start();
    await(is_well());
}

/* ---- refusals ---------------------------------------------------------------------------------
 */

static void a_second_quiver_is_refused_by_name(void **state)
{
    (void)state;
    char words[128];
    start();
    struct qv_embedded *first = embedded;
    embedded = NULL;
    snprintf(words, sizeof(words), "%s is in use by another Quiver (process %d)", data, getpid());
    struct qv_mono begun = qv_mono_now();
    assert_start_fails(QV_UNAVAILABLE, words);
    assert_true(qv_mono_now().us - begun.us >= 4900000);
    embedded = first;
    assert_true(runs());
}

/* Where Redis is somebody else's, the folder and its lock are needed all the same. */
static void a_folder_without_redis_is_held_too(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct stat facts;
    char path[128];
    int lock = -1;
    assert_int_equal(qv_data_directory_hold(data, &lock, &error), QV_OK);
    assert_int_equal(stat(data, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_false(lock_is_free());
    close(lock);
    assert_true(lock_is_free());

    lock = -1;
    snprintf(path, sizeof(path), "%s/open", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(symlink("somebody's", strcat(path, "/file")), 0);
    path[strlen(path) - strlen("/file")] = '\0';
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(qv_data_directory_hold(path, &lock, &error), QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), "open to other users"));
    assert_int_equal(lock, -1);
}

static void faults_are_named_with_their_remedy(void **state)
{
    (void)state;
    char path[300];
    char *search = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    assert_start_fails(QV_INVALID, "apt-get install redis-server");
    setenv("PATH", search, 1);
    free(search);

    setenv("QUIVER_REDIS_SERVER", "/no/such/program", 1);
    assert_start_fails(QV_INVALID, "QUIVER_REDIS_SERVER names /no/such/program");
    snprintf(path, sizeof(path), "%s/no-program", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("neither script nor program", file);
    fclose(file);
    chmod(path, 0700);
    setenv("QUIVER_REDIS_SERVER", path, 1);
    assert_start_fails(QV_UNAVAILABLE, "cannot be started: Exec format error");
    unsetenv("QUIVER_REDIS_SERVER");

    f.config->store.data_directory = path;
    assert_start_fails(QV_INVALID, "cannot be used: Not a directory");
    snprintf(path, sizeof(path), "%s/none/data", folder);
    assert_start_fails(QV_INVALID, "cannot be made: No such file or directory");
    snprintf(path, sizeof(path), "%s/%0120d", folder, 0);
    assert_start_fails(QV_INVALID, "the path of a Unix socket has at most 107");
    f.config->store.data_directory = data;
}

/* The pauses before a program that ends at once is started again double, up to 5 s. */
static void who_ends_at_once_is_started_less_and_less_often(void **state)
{
    (void)state;
    static const int64_t pauses[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    setenv("QUIVER_REDIS_SERVER", "/bin/false", 1);
    start();
    struct qv_mono now = qv_mono_now(), when;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        /* Its end is awaited by supervising at a moment when nothing is to be started. */
        await((qv_embedded_supervise(embedded, now), qv_embedded_next(embedded, &when)));
        assert_int_equal(when.us - now.us, pauses[i] * 1000);
        now = when;
        qv_embedded_supervise(embedded, now);
        assert_false(qv_embedded_next(embedded, &when));
    }
}

/* ---- the data directory -----------------------------------------------------------------------
 */

static mode_t mode_of_data(void)
{
    struct stat facts;
    assert_int_equal(stat(data, &facts), 0);
    return facts.st_mode & 07777;
}

static void put_file(const char *name, const char *content)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", data, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void a_folder_of_others_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(mkdir(data, 0), 0);
    assert_int_equal(chmod(data, 01777), 0);
    put_file("lock", ""); /* of somebody else */
    assert_start_fails(QV_INVALID, "set store.data_directory to a folder of its own, mode 0700");
    assert_int_equal(mode_of_data(), 01777);
}

static void a_folder_of_our_own_is_closed_to_others(void **state)
{
    (void)state;
    assert_int_equal(mkdir(data, 0), 0);
    assert_int_equal(chmod(data, 0755), 0); /* empty */
    start();
    assert_int_equal(mode_of_data(), 0700);
    qv_embedded_free(&embedded);
    assert_int_equal(chmod(data, 0755), 0); /* with our lock */
    start();
    assert_int_equal(mode_of_data(), 0700);
}

static void data_without_its_manifest_is_not_overlooked(void **state)
{
    (void)state;
    char path[128];
    start();
    qv_embedded_free(&embedded);
    snprintf(path, sizeof(path), "%s/appendonlydir", data);
    if (mkdir(path, 0700) != 0)
        assert_int_equal(errno, EEXIST);
    snprintf(path, sizeof(path), "%s/appendonlydir/appendonly.aof.manifest", data);
    unlink(path);
    put_file("appendonlydir/appendonly.aof.1.incr.aof", "");
    start(); /* a first start that was cut short: no data */
    qv_embedded_free(&embedded);
    unlink(path);
    put_file("appendonlydir/appendonly.aof.1.incr.aof", "*1\r\n$4\r\nPING\r\n");
    assert_start_fails(QV_INVALID, "holds data but no appendonly.aof.manifest");
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(serves_a_store),
        IN_A_FOLDER(inherits_nothing_but_the_lock),
        IN_A_FOLDER(inherits_no_secret),
        IN_A_FOLDER(a_killed_redis_is_started_again_with_its_data),
        IN_A_FOLDER(what_was_answered_holds_when_redis_is_killed),
        IN_A_FOLDER(ends_in_order),
        IN_A_FOLDER(a_stopped_redis_is_ended_too),
        IN_A_FOLDER(nothing_is_left_of_a_killed_quiver),
        IN_A_FOLDER(a_second_quiver_is_refused_by_name),
        IN_A_FOLDER(a_folder_without_redis_is_held_too),
        IN_A_FOLDER(faults_are_named_with_their_remedy),
        IN_A_FOLDER(who_ends_at_once_is_started_less_and_less_often),
        IN_A_FOLDER(a_folder_of_others_is_left_alone),
        IN_A_FOLDER(a_folder_of_our_own_is_closed_to_others),
        IN_A_FOLDER(data_without_its_manifest_is_not_overlooked),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

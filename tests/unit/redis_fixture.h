/*
 * A real Redis for tests: a child on a Unix socket in a folder of its own, ended with the test, and
 * a plain connection to ask it things. Nothing here sleeps for a fixed time: conditions are asked
 * for until a limit.
 */
#ifndef QUIVER_TEST_REDIS_FIXTURE_H
#define QUIVER_TEST_REDIS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <quiver/base/clock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* libh2o keeps small blocks in lists of each thread for ever, and a queue's head after destroying
 * it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:h2o_multithread_create_queue\n";
}

struct redis_fixture {
    char folder[64], socket[96];
    char *const *options; /* more arguments, NULL-terminated; NULL: none */
    pid_t pid;
    redisContext *to;
};

/* Milliseconds that a test waits for what must come, which comes long before: for a machine whose
   processors or disk stall. */
enum { PATIENCE_MS = 60000 };

/* Asks `what` until it says yes. */
#define await(what)                                                                                \
    do {                                                                                           \
        struct qv_mono limit_ = qv_mono_add_ms(qv_mono_now(), PATIENCE_MS);                        \
        while (!(what)) {                                                                          \
            if (qv_mono_now().us > limit_.us)                                                      \
                fail_msg("waited in vain for %s", #what);                                          \
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);                               \
        }                                                                                          \
    } while (0)

static inline bool redis_connects(struct redis_fixture *redis)
{
    redis->to = redisConnectUnix(redis->socket);
    if (redis->to != NULL && redis->to->err == 0)
        return true;
    if (redis->to != NULL)
        redisFree(redis->to);
    redis->to = NULL;
    return false;
}

static inline void redis_exec(const struct redis_fixture *redis)
{
    char *arguments[32] = {"redis-server",
                           "--port",
                           "0",
                           "--unixsocket",
                           "redis.sock",
                           "--save",
                           "",
                           "--appendonly",
                           "yes",
                           "--maxmemory-policy",
                           "noeviction",
                           "--enable-debug-command",
                           "yes"};
    size_t count = 13;
    for (size_t i = 0; redis->options != NULL && redis->options[i] != NULL; i++)
        arguments[count++] = redis->options[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(redis->folder) != 0)
        _exit(1);
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, 1);
    dup2(log, 2);
    execvp(arguments[0], arguments);
    _exit(1);
}

static inline void redis_start(struct redis_fixture *redis)
{
    redis->pid = fork();
    assert_true(redis->pid >= 0);
    if (redis->pid == 0)
        redis_exec(redis);
    await(redis_connects(redis));
    redisReply *reply;
    do { /* it may still be loading */
        reply = redisCommand(redis->to, "PING");
        assert_non_null(reply);
        bool loading = reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "LOADING", 7) == 0;
        freeReplyObject(reply);
        if (!loading)
            break;
    } while (true);
}

/* Ends it with a signal; the folder stays. */
static inline void redis_end(struct redis_fixture *redis, int with)
{
    if (redis->to != NULL)
        redisFree(redis->to);
    redis->to = NULL;
    if (redis->pid > 0) {
        kill(redis->pid, with);
        kill(redis->pid, SIGCONT);
        waitpid(redis->pid, NULL, 0);
    }
    redis->pid = 0;
}

static inline void redis_folder(struct redis_fixture *redis)
{
    strcpy(redis->folder, "/tmp/quiver-test-XXXXXX");
    assert_non_null(mkdtemp(redis->folder));
    snprintf(redis->socket, sizeof(redis->socket), "%s/redis.sock", redis->folder);
}

static inline int remove_entry(const char *path, const struct stat *facts, int kind,
                               struct FTW *where)
{
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void redis_clean(struct redis_fixture *redis)
{
    redis_end(redis, SIGKILL);
    nftw(redis->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* One command; the reply is the caller's and no error. */
static inline redisReply *redis_ask(struct redis_fixture *redis, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *reply = redisvCommand(redis->to, format, args);
    va_end(args);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    return reply;
}

/* The same where the answer does not matter. */
#define redis_do(...) freeReplyObject(redis_ask(__VA_ARGS__))

static inline long long redis_number(struct redis_fixture *redis, const char *format,
                                     const char *key)
{
    redisReply *reply = redis_ask(redis, format, key);
    long long number = reply->type == REDIS_REPLY_INTEGER ? reply->integer
                       : reply->str != NULL               ? atoll(reply->str)
                                                          : -1;
    freeReplyObject(reply);
    return number;
}

/* The text of a key, on the heap; "" where there is none. */
static inline char *redis_text(struct redis_fixture *redis, const char *key)
{
    redisReply *reply = redis_ask(redis, "GET %s", key);
    char *text = strdup(reply->str != NULL ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

/* A digest of everything that is stored. */
static inline void redis_digest(struct redis_fixture *redis, char digest[64])
{
    redisReply *reply = redis_ask(redis, "DEBUG DIGEST");
    snprintf(digest, 64, "%s", reply->str);
    freeReplyObject(reply);
}

#endif

/*
 * Calling the store's scripts against a real Redis, and documents to call them with.
 */
#ifndef QUIVER_TEST_SCRIPT_FIXTURE_H
#define QUIVER_TEST_SCRIPT_FIXTURE_H

#include "../../src/store/scripts.h"
#include "redis_fixture.h"

#define P  "quiver:{testcloud.company}"
#define BY "{\"system\":\"tester\",\"issuer\":\"CN=a}b\\\"c\"}"

#define SYSTEM_DOC(address)                                                                        \
    "{\"name\":\"provider\",\"version\":\"1.0.0\",\"addresses\":[{\"type\":\"IPV4\",\"address\":"  \
    "\"" address "\"}],\"automatic\":true}"

static struct redis_fixture redis;

/* Text to be run as a script, with NULL-terminated arguments behind the prefix. */
static inline redisReply *run_text(struct redis_fixture *on, const char *text,
                                   const char *const *arguments)
{
    const char *words[64] = {"EVAL", text, "1", P};
    int count = 4;
    while (*arguments != NULL)
        words[count++] = *arguments++;
    redisReply *reply = redisCommandArgv(on->to, count, words, NULL);
    assert_non_null(reply);
    return reply;
}

#define RUN(script, ...)                                                                           \
    run_text(&redis, qv_script_text(script).at, (const char *const[]){__VA_ARGS__, NULL})
#define OPEN(...) RUN(QV_SCRIPT_OPEN, "0", "token-of-the-head", BY, "5.0", __VA_ARGS__)
#define REGISTER_AS(mode, deadline, id, doc, system_doc, end, ...)                                 \
    RUN(QV_SCRIPT_REGISTER_SERVICE, deadline, "token-register", BY, mode, id, doc, "provider",     \
        system_doc, "definition", "{\"name\":\"definition\"}", end, "", "", "", "0", __VA_ARGS__)
#define REGISTER(id)                                                                               \
    REGISTER_AS("automatic", "0", id, "{\"instanceId\":\"" id "\"}", SYSTEM_DOC("10.0.0.1"), "",   \
                "generic-http")
#define REVOKE(id)          RUN(QV_SCRIPT_REVOKE_SERVICE, "0", "token-revoke", BY, id, "provider")
#define REVOKE_SYSTEM(name) RUN(QV_SCRIPT_REVOKE_SYSTEM, "0", "token-revoke", BY, name)
#define TICK_WITH(journal_max, keep)                                                               \
    RUN(QV_SCRIPT_TICK, "0", "token-tick", "1000", journal_max, keep, "5000", "::", "0")
#define TICK() TICK_WITH("100000", "60000")

#define TEMPLATE "{\"name\":\"generic-http\",\"protocol\":\"http\",\"properties\":[]}"

/* The reply's item as text; numbers, too. */
static inline const char *item(const redisReply *reply, size_t index)
{
    static char number[32];
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    if (reply->type != REDIS_REPLY_ARRAY || index >= reply->elements)
        return "(none)";
    const redisReply *at = reply->element[index];
    if (at->type != REDIS_REPLY_INTEGER)
        return at->str != NULL ? at->str : "(nil)";
    snprintf(number, sizeof(number), "%lld", at->integer);
    return number;
}

/* The reply begins with these words; it is freed. */
#define assert_reply(reply_, ...)                                                                  \
    do {                                                                                           \
        redisReply *answer_ = (reply_);                                                            \
        const char *const words_[] = {__VA_ARGS__};                                                \
        for (size_t w_ = 0; w_ < sizeof(words_) / sizeof(words_[0]); w_++)                         \
            assert_string_equal(item(answer_, w_), words_[w_]);                                    \
        freeReplyObject(answer_);                                                                  \
    } while (0)

/* What is done changes nothing that is stored. */
#define assert_changes_nothing(what)                                                               \
    do {                                                                                           \
        char before_[64], after_[64];                                                              \
        redis_digest(&redis, before_);                                                             \
        what;                                                                                      \
        redis_digest(&redis, after_);                                                              \
        assert_string_equal(after_, before_);                                                      \
    } while (0)

static inline int set_up_redis(void **state)
{
    (void)state;
    redis = (struct redis_fixture){0};
    redis_folder(&redis);
    redis_start(&redis);
    return 0;
}

static inline int tear_down_redis(void **state)
{
    (void)state;
    redis_clean(&redis);
    return 0;
}

/* Before each test: nothing but an opened head with one template. */
static inline int set_up_head(void **state)
{
    (void)state;
    redis_do(&redis, "FLUSHALL");
    assert_reply(OPEN(TEMPLATE), "OPEN");
    return 0;
}

#endif

/*
 * CHAP services on a store with a real Redis: registering, keeping alive, deleting, and looking at
 * what the view has.
 */
#ifndef QUIVER_TEST_CHAP_STORE_FIXTURE_H
#define QUIVER_TEST_CHAP_STORE_FIXTURE_H

#include "store_fixture.h"

#include <inttypes.h>

/* What became of a change of a CHAP service. */
struct chap_answer {
    sem_t ready;
    enum qv_status status;
    bool done;
    uint64_t revision;
    enum qv_chap_how how;
    struct qv_chap_times times;
    char url[64]; /* of the service as it stands; "": not told */
    char message[256];
};

static struct qv_chap_terms terms = {.ttl_us = 30000000};

static inline void on_chap_answer(void *data, struct qv_outcome *outcome)
{
    struct chap_answer *answer = data;
    const struct qv_chap *chap = (const struct qv_chap *)outcome->chap;
    answer->status = outcome->status;
    answer->done = outcome->done;
    answer->revision = outcome->revision;
    answer->how = outcome->chap_how;
    answer->times = outcome->chap_times;
    if (chap != NULL)
        snprintf(answer->url, sizeof(answer->url), "%.*s", QV_STR_ARG(chap->url));
    snprintf(answer->message, sizeof(answer->message), "%s", qv_error_message(&outcome->error));
    sem_post(&answer->ready);
}

static inline void wait_chap(struct chap_answer *answer)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 15;
    while (sem_timedwait(&answer->ready, &limit) != 0)
        assert_int_equal(errno, EINTR);
}

/* The right of one who knows the service key. */
static inline struct qv_grant chap_grant(enum qv_operation operation)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct qv_permit permit;
    struct qv_grant grant;
    struct qv_decision decision;
    const struct qv_caller caller = {.service_key = true};
    const struct qv_object object = {.provider = QV_STR("model")};
    assert_int_equal(qv_policy_rights(f.policy, &caller, &rights), QV_OK);
    assert_int_equal(qv_policy_permit(rights, operation, &permit, &decision, NULL), QV_OK);
    assert_int_equal(qv_policy_grant(&permit, &object, &grant, &decision, NULL), QV_OK);
    return grant;
}

static inline void submit_chap(struct chap_answer *answer, enum qv_operation operation,
                               struct qv_change *change)
{
    struct qv_grant grant = chap_grant(operation);
    memset(answer, 0, sizeof(*answer));
    sem_init(&answer->ready, 0, 0);
    qv_store_submit(f.store, &grant, change, on_chap_answer, answer);
}

static inline void begin_register(struct chap_answer *answer, const char *id, const char *url)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_chap_registration) struct qv_chap_registration *registration = NULL;
    struct qv_change *change = NULL;
    qv_buf_printf(&text,
                  "{\"url\":\"%s\",\"info\":{\"id\":\"%s\",\"display_name\":\"A model\","
                  "\"model_metadata\":{\"author\":\"Ada\"},\"period_type\":\"monthly\"}}",
                  url, id);
    assert_int_equal(qv_json_parse(qv_buf_str(&text), 16, &body, NULL), QV_OK);
    if (qv_chap_registration_read(body, &registration, &faults) != QV_OK)
        fail_msg("%s", faults.at);
    assert_int_equal(qv_change_register_chap(registration, &terms, NULL, &change), QV_OK);
    submit_chap(answer, QV_OP_CHAP_REGISTER, change);
}

static inline void begin_ping(struct chap_answer *answer, const char *id)
{
    struct qv_change *change = NULL;
    assert_int_equal(qv_change_ping_chap(qv_str_from(id), &terms, &change), QV_OK);
    submit_chap(answer, QV_OP_CHAP_PING, change);
}

static inline void begin_delete(struct chap_answer *answer, const char *id)
{
    struct qv_change *change = NULL;
    assert_int_equal(qv_change_delete_chap(qv_str_from(id), NULL, &change), QV_OK);
    submit_chap(answer, QV_OP_CHAP_DELETE, change);
}

static inline struct chap_answer enter_chap(const char *id, const char *url)
{
    struct chap_answer answer;
    begin_register(&answer, id, url);
    wait_chap(&answer);
    assert_int_equal(answer.status, QV_OK);
    return answer;
}

static inline struct chap_answer ping_chap(const char *id)
{
    struct chap_answer answer;
    begin_ping(&answer, id);
    wait_chap(&answer);
    assert_int_equal(answer.status, QV_OK);
    return answer;
}

static inline struct chap_answer delete_chap(const char *id)
{
    struct chap_answer answer;
    begin_delete(&answer, id);
    wait_chap(&answer);
    assert_int_equal(answer.status, QV_OK);
    return answer;
}

/* When its lease ends, us since 1970; 0: the view shows none. */
static inline int64_t shown_until(const char *id)
{
    struct qv_chap_match match = {0};
    assert_int_equal(qv_registry_get_chap(f.registry, qv_str_from(id), &match, NULL), QV_OK);
    int64_t ends_us = match.chap != NULL ? match.ends_us : 0;
    qv_chap_match_free(&match);
    return ends_us;
}

static inline bool is_shown(const char *id)
{
    return shown_until(id) != 0;
}

/* Its url as the view has it; "": it shows none. Static. */
static inline const char *shown_url(const char *id)
{
    static char url[64];
    struct qv_chap_match match = {0};
    url[0] = '\0';
    assert_int_equal(qv_registry_get_chap(f.registry, qv_str_from(id), &match, NULL), QV_OK);
    if (match.chap != NULL)
        snprintf(url, sizeof(url), "%.*s", QV_STR_ARG(match.chap->url));
    qv_chap_match_free(&match);
    return url;
}

static inline bool is_stored(const char *id)
{
    char key[128];
    snprintf(key, sizeof(key), "%s:chap:%s", P, id);
    return redis_number(&redis, "EXISTS %s", key) == 1;
}

#endif

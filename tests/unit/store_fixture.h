/*
 * A store on a real Redis, with the view that it fills, and one identity that makes changes.
 */
#ifndef QUIVER_TEST_STORE_FIXTURE_H
#define QUIVER_TEST_STORE_FIXTURE_H

#include "redis_fixture.h"

#include <errno.h>
#include <quiver/store/store.h>
#include <semaphore.h>

#define P "quiver:{testcloud.company}"

/* store.timeout: where nothing else is said, and for what is about that time. */
enum { STORE_TIMEOUT_MS = 20000, HASTE_MS = 800 };

struct store_fixture {
    struct qv_config *config; /* on the heap, so that a fixture may be set aside for another */
    struct qv_rules *rules;
    struct qv_registry *registry;
    struct qv_store *store;
    struct qv_policy *policy;
    struct qv_identity *identity;
};

/* What became of a change. */
struct answer {
    sem_t ready;
    enum qv_status status;
    bool unknown, done;
    uint64_t epoch, revision;
    char message[256];
    char instance[64], system[64], definition[64];
    int64_t ms; /* from its submission on */
    struct qv_mono since;
};

static struct redis_fixture redis;
static struct store_fixture f;

static inline void copy_id(char id[64], const struct qv_entity_head *entity)
{
    snprintf(id, 64, "%.*s", entity != NULL ? (int)entity->id.length : 0,
             entity != NULL ? entity->id.at : "");
}

static inline void on_answer(void *data, struct qv_outcome *outcome)
{
    struct answer *answer = data;
    answer->status = outcome->status;
    answer->unknown = outcome->unknown;
    answer->done = outcome->done;
    answer->epoch = outcome->epoch;
    answer->revision = outcome->revision;
    snprintf(answer->message, sizeof(answer->message), "%s", qv_error_message(&outcome->error));
    copy_id(answer->instance, outcome->instance);
    copy_id(answer->system, outcome->system);
    copy_id(answer->definition, outcome->definition);
    answer->ms = (qv_mono_now().us - answer->since.us) / 1000;
    sem_post(&answer->ready);
}

static inline void wait_for(struct answer *answer)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE_MS / 1000;
    while (sem_timedwait(&answer->ready, &limit) != 0)
        assert_int_equal(errno, EINTR);
}

static inline struct qv_grant grant_for(enum qv_operation operation)
{
    QV_CLEANUP(qv_rights) struct qv_rights *rights = NULL;
    struct qv_permit permit;
    struct qv_grant grant;
    struct qv_decision decision;
    const struct qv_caller caller = {.identity = f.identity, .system = QV_STR("provider")};
    const struct qv_object object = {.provider = QV_STR("provider")};
    assert_int_equal(qv_policy_rights(f.policy, &caller, &rights), QV_OK);
    assert_int_equal(qv_policy_permit(rights, operation, &permit, &decision, NULL), QV_OK);
    assert_int_equal(qv_policy_grant(&permit, &object, &grant, &decision, NULL), QV_OK);
    return grant;
}

/* The registration of definition::1.0.0 with `more` members in its body. */
static inline struct qv_change *registration(const char *definition, const char *more)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_service_registration *read = NULL;
    struct qv_template_lookup lookup;
    struct qv_change *change = NULL;
    qv_buf_printf(&text,
                  "{\"serviceDefinitionName\":\"%s\",%s\"interfaces\":[{\"templateName\":"
                  "\"generic-http\",\"policy\":\"NONE\",\"properties\":{\"accessAddresses\":"
                  "[\"10.0.0.1\"],\"accessPort\":80,\"basePath\":\"/x\"}}]}",
                  definition, more);
    assert_int_equal(qv_json_parse(qv_buf_str(&text), 64, &body, &error), QV_OK);
    qv_template_lookup_begin(f.registry, &lookup);
    if (qv_service_registration_read(f.rules, &lookup.source, QV_STR("provider"), body,
                                     qv_wall_now(), &read, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    assert_int_equal(
        qv_change_register_service(f.rules, QV_PROVIDER_AUTOMATIC, read, f.identity, &change),
        QV_OK);
    qv_service_registration_free(&read);
    qv_template_lookup_free(&lookup);
    return change;
}

static inline void submit(struct answer *answer, enum qv_operation operation,
                          struct qv_change *change)
{
    struct qv_grant grant = grant_for(operation);
    memset(answer, 0, sizeof(*answer));
    sem_init(&answer->ready, 0, 0);
    answer->since = qv_mono_now();
    qv_store_submit(f.store, &grant, change, on_answer, answer);
}

static inline struct answer enter(const char *definition)
{
    struct answer answer;
    submit(&answer, QV_OP_SERVICE_REGISTER, registration(definition, ""));
    wait_for(&answer);
    return answer;
}

static inline struct answer take_back(const char *raw)
{
    struct qv_instance_id id;
    struct qv_change *change = NULL;
    struct answer answer;
    assert_int_equal(qv_instance_id_read(f.rules->dialect, qv_str_from(raw), &id, NULL), QV_OK);
    assert_int_equal(qv_change_revoke_service(&id, f.identity, &change), QV_OK);
    qv_instance_id_free(&id);
    submit(&answer, QV_OP_SERVICE_REVOKE, change);
    wait_for(&answer);
    return answer;
}

static inline struct qv_registry_state view_state(void)
{
    struct qv_registry_state state;
    qv_registry_state(f.registry, &state);
    return state;
}

static inline size_t instances(void)
{
    return view_state().count[QV_KIND_INSTANCE];
}

static inline bool view_loaded(void)
{
    return view_state().loaded;
}

/* Is one of the store's reasons, or a part of one, `words`? "" : are there none? */
static inline bool has_reason(const char *words)
{
    struct qv_strings reasons = {0};
    bool found = false;
    qv_store_reasons(f.store, &reasons);
    for (size_t i = 0; i < reasons.count; i++)
        found = found || strstr(reasons.at[i], words) != NULL;
    if (words[0] == '\0')
        found = reasons.count == 0;
    qv_strings_free(&reasons);
    return found;
}

static inline bool is_well(void)
{
    return view_loaded() && has_reason("");
}

/* Everything but the store itself; `config` may be changed before store_start. */
static inline void store_prepare(void)
{
    static const struct qv_str header = {.at = "Bearer SYSTEM//provider", .length = 23};
    f = (struct store_fixture){.config = calloc(1, sizeof(*f.config)),
                               .rules = calloc(1, sizeof(*f.rules))};
    assert_true(f.config != NULL && f.rules != NULL);
    f.config->cloud.dialect = QV_DIALECT_5_0;
    f.config->store.at.kind = QV_REDIS_UNIX;
    f.config->store.at.path = redis.socket;
    f.config->store.timeout_ms = STORE_TIMEOUT_MS;
    f.config->store.journal_max = 100000;
    qv_rules_from_config(f.config, f.rules);
    assert_int_equal(qv_registry_new(f.rules, &f.registry), QV_OK);
    assert_int_equal(qv_policy_builtin(f.rules, &f.policy), QV_OK);
    assert_int_equal(qv_identity_from_declared(f.rules->dialect, &header, &f.identity, NULL),
                     QV_OK);
}

static inline void store_start(void)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_store_new(f.config, QV_STR("testcloud.company.arrowhead.eu"), f.registry,
                                  &f.store, &error),
                     QV_OK);
    assert_int_equal(qv_store_start(f.store, &error), QV_OK);
}

static inline void store_end(void)
{
    qv_store_free(&f.store);
    qv_registry_free(&f.registry);
    qv_policy_free(&f.policy);
    qv_identity_free(&f.identity);
    free(f.config);
    free(f.rules);
    f.config = NULL;
    f.rules = NULL;
}

/* A Redis and a store on it, both new and well. */
static inline int set_up_with(int64_t timeout_ms)
{
    redis = (struct redis_fixture){0};
    redis_folder(&redis);
    redis_start(&redis);
    store_prepare();
    f.config->store.timeout_ms = timeout_ms;
    store_start();
    await(is_well());
    return 0;
}

static inline int set_up_all(void **state)
{
    (void)state;
    return set_up_with(STORE_TIMEOUT_MS);
}

static inline int set_up_hasty(void **state)
{
    (void)state;
    return set_up_with(HASTE_MS);
}

static inline int tear_down_all(void **state)
{
    (void)state;
    store_end();
    redis_clean(&redis);
    return 0;
}

#endif

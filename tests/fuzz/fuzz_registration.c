// links: domain
/*
 * Any JSON text as a register request and as a lookup, in both dialects and under each interface
 * policy: it is refused with words or taken; the documents of what was taken, new templates
 * included, read as JSON again, and registering the same properties once more stores the same. An
 * allocation that fails leaves nothing behind.
 */
#include <quiver/base/memory.h>
#include <quiver/domain/service.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define SEEDS 8 /* of both dialects: their names differ */

static struct qv_template *templates[SEEDS];
static char *aliases[] = {"host", "accessAddresses"};
static const struct qv_strings alias_list = {.at = aliases, .count = 2};

static const struct qv_template *find(const struct qv_template_source *source, struct qv_str name)
{
    (void)source;
    for (size_t i = 0; i < SEEDS; i++) {
        if (qv_str_equal(qv_str_from(templates[i]->name), name))
            return templates[i];
    }
    return NULL;
}

static const struct qv_template_source source = {.find = find};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    qv_memory_init();
    const char *const *seeds[] = {qv_template_seeds(qv_dialect_get(QV_DIALECT_5_0)),
                                  qv_template_seeds(qv_dialect_get(QV_DIALECT_5_2))};
    for (size_t i = 0; i < SEEDS; i++) {
        json_t *doc = NULL;
        MUST(qv_json_parse(qv_str_from(seeds[i / 4][i % 4]), 16, &doc, NULL) == QV_OK);
        MUST(qv_template_read(doc, &templates[i], NULL) == QV_OK);
        json_decref(doc);
    }
    return 0;
}

static enum qv_status read_body(const struct qv_rules *rules, const json_t *body,
                                struct qv_service_registration **ret_registration,
                                struct qv_error *error)
{
    return qv_service_registration_read(rules, &source, QV_STR("prov"), body, (struct qv_wall){0},
                                        ret_registration, error);
}

/* The stored document's interfaces, sent again, come out as they are. */
static void check_again(const struct qv_rules *rules, const json_t *doc)
{
    QV_CLEANUP(qv_json) json_t *body = json_object();
    json_object_set_new(body, "serviceDefinitionName", json_string("d"));
    json_object_set(body, "interfaces", json_object_get(doc, "interfaces"));
    QV_CLEANUP(qv_service_registration) struct qv_service_registration *registration = NULL;
    MUST(read_body(rules, body, &registration, NULL) == QV_OK);
    for (size_t i = 0; i < registration->interface_count; i++) {
        const json_t *stored = json_array_get(json_object_get(doc, "interfaces"), i);
        MUST(qv_json_equal(registration->interfaces[i].properties,
                           json_object_get(stored, "properties")));
    }
}

static void check_new_templates(const struct qv_rules *rules,
                                const struct qv_service_registration *registration)
{
    MUST(rules->interface_policy != QV_INTERFACE_RESTRICTED ||
         registration->new_template_count == 0);
    for (size_t i = 0; i < registration->new_template_count; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        QV_CLEANUP(qv_json) json_t *doc = NULL;
        QV_CLEANUP(qv_template) struct qv_template *read = NULL;
        qv_template_write(registration->new_templates[i], &text);
        MUST(qv_json_parse(qv_buf_str(&text), 16, &doc, NULL) == QV_OK);
        MUST(qv_template_read(doc, &read, NULL) == QV_OK);
    }
}

static void check_documents(const struct qv_rules *rules,
                            const struct qv_service_registration *registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf instance = {0}, provider = {0};
    QV_CLEANUP(qv_json) json_t *doc = NULL, *system = NULL;
    qv_service_registration_write(registration, &instance);
    MUST(qv_json_parse(qv_buf_str(&instance), 64, &doc, NULL) == QV_OK);
    qv_service_registration_write_provider(rules, registration, &provider);
    MUST(qv_json_parse(qv_buf_str(&provider), 64, &system, NULL) == QV_OK);
    check_again(rules, doc);
    check_new_templates(rules, registration);
}

static void check_registration(const struct qv_rules *rules, const json_t *body, size_t fail_at)
{
    QV_CLEANUP(qv_service_registration)
    struct qv_service_registration *registration = NULL, *other = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = read_body(rules, body, &registration, &error);
    MUST(status == QV_OK || (status == QV_INVALID && error.message != NULL));
    MUST((registration != NULL) == (status == QV_OK));
    if (registration != NULL)
        check_documents(rules, registration);
    qv_memory_fail_at(fail_at);
    enum qv_status again = read_body(rules, body, &other, NULL);
    qv_memory_fail_at(0);
    MUST(again == status || again == QV_NO_MEMORY);
}

static void check_query(const struct qv_rules *rules, const json_t *body, size_t fail_at)
{
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL, *other = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_service_query_read(rules, body, &query, &error);
    MUST(status == QV_OK || (status == QV_INVALID && error.message != NULL));
    MUST((query != NULL) == (status == QV_OK));
    if (query != NULL) {
        MUST(query->instance_ids.count + query->providers.count + query->definitions.count > 0);
        MUST(qv_service_query_restrict(rules, QV_STR("prov"), false, query, NULL) == QV_OK);
        MUST(query->metadata_count > 0 && !qv_requirement_matches(query->metadata[0], NULL));
    }
    qv_memory_fail_at(fail_at);
    enum qv_status again = qv_service_query_read(rules, body, &other, NULL);
    qv_memory_fail_at(0);
    MUST(again == status || again == QV_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct qv_rules rules = {
        .dialect = qv_dialect_get(size % 2 == 0 ? QV_DIALECT_5_0 : QV_DIALECT_5_2),
        .interface_policy = (enum qv_interface_policy)(size % 3),
        .discovery = QV_DISCOVERY_RESTRICTED,
        .self_addressing = true,
        .address_alias = &alias_list,
    };
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (qv_json_parse(text, 32, &body, NULL) != QV_OK)
        return 0;
    check_registration(&rules, body, 1 + size % 97);
    check_query(&rules, body, 1 + size % 41);
    return 0;
}

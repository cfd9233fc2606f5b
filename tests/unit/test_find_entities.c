// links: registry
/*
 * Lookups of systems and devices in the view: each filter, the order of the answers, devices and
 * systems that come and go, and walks over many while the writer goes on.
 */
#include "domain_fixture.h"

#include <pthread.h>
#include <quiver/registry/registry.h>
#include <stdlib.h>

#include "../../src/registry/gather.h"
#include "view_fixture.h"

static struct qv_rules rules;
static struct qv_registry *registry;
static struct qv_view *view;

static int set_up(void **state)
{
    (void)state;
    rules = fixture_rules();
    if (qv_registry_new(&rules, &registry) != QV_OK || qv_view_new(&view) != QV_OK)
        return 1;
    qv_registry_publish(registry, view);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    return 0;
}

#define AT(revision, second, doc)                                                                  \
    "{\"v\":1,\"rev\":" revision ",\"created\":\"2026-01-01T00:00:" second                         \
    "Z\",\"updated\":\"2026-01-01T00:00:" second "Z\",\"by\":{\"system\":\"x\"},\"doc\":" doc "}"
#define SYSTEM(name, more, address) "{\"name\":\"" name "\"" more ",\"addresses\":[" address "]}"
#define V1                          ",\"version\":\"1.0.0\""
#define V2                          ",\"version\":\"2.0.0\""
#define IPV4(text)                  "{\"type\":\"IPV4\",\"address\":\"" text "\"}"
#define MAC                         "{\"type\":\"MAC\",\"address\":\"81:ef:1a:44:7a:f5\"}"

/* Ages: b, then d and c of one second by their revisions, then a. */
static void put_plant(void)
{
    assert_int_equal(
        APPLY(view,
              PUT(QV_KIND_SYSTEM, "a",
                  AT("9", "05", SYSTEM("a", ",\"metadata\":{\"floor\":1}" V1, IPV4("10.0.0.1")))),
              PUT(QV_KIND_SYSTEM, "b", AT("3", "01", SYSTEM("b", V2, IPV4("10.0.0.2") "," MAC))),
              PUT(QV_KIND_SYSTEM, "c",
                  AT("7", "02",
                     "{\"name\":\"c\",\"metadata\":{\"floor\":2},\"version\":\"2.0.0\","
                     "\"addresses\":[" MAC "],\"device\":\"x\"}")),
              PUT(QV_KIND_SYSTEM, "d",
                  AT("6", "02",
                     "{\"name\":\"d\",\"version\":\"1.0.0\",\"addresses\":[" IPV4(
                         "10.0.0.4") "],\"device\":\"y\"}")),
              PUT(QV_KIND_DEVICE, "x",
                  AT("5", "01",
                     "{\"name\":\"x\",\"metadata\":{\"rack\":7},\"addresses\":[" MAC "]}")),
              PUT(QV_KIND_DEVICE, "y",
                  AT("4", "01", "{\"name\":\"y\",\"addresses\":[" IPV4("10.0.1.1") "]}")),
              PUT(QV_KIND_DEVICE, "z",
                  AT("2", "03", "{\"name\":\"z\",\"addresses\":[" IPV4("10.0.1.2") "]}"))),
        QV_OK);
}

static enum qv_status find(bool devices, const json_t *body, struct qv_entity_result *ret_result)
{
    QV_CLEANUP(qv_system_query) struct qv_system_query *of_systems = NULL;
    QV_CLEANUP(qv_device_query) struct qv_device_query *of_devices = NULL;
    if (devices) {
        assert_int_equal(qv_device_query_read(&rules, body, &of_devices, NULL), QV_OK);
        return qv_registry_find_devices(registry, of_devices, ret_result, NULL);
    }
    assert_int_equal(qv_system_query_read(&rules, body, &of_systems, NULL), QV_OK);
    return qv_registry_find_systems(registry, of_systems, ret_result, NULL);
}

/* The names that are found, with blanks between them. */
static const char *names_of(bool devices, const char *quoted)
{
    static char names[256];
    QV_CLEANUP(qv_json) json_t *body = quoted != NULL ? fixture_quoted(quoted) : NULL;
    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    assert_int_equal(find(devices, body, &result), QV_OK);
    size_t length = 0;
    names[0] = '\0';
    for (size_t i = 0; i < result.count; i++)
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%.*s",
                                   i > 0 ? " " : "", QV_STR_ARG(result.matches[i].entity->id));
    return names;
}

static void finds_by_each_filter(void **state)
{
    (void)state;
    static const struct {
        bool devices;
        const char *query, *names;
    } rows[] = {
        {false, NULL, "a c d b"},
        {false, "{}", "a c d b"},
        {false, "{'systemNames':['b','A','b','nobody']}", "a b"},
        {false, "{'versions':['2']}", "c b"},
        {false, "{'versions':['2','1.0']}", "a c d b"},
        {false, "{'versions':['3']}", ""},
        {false, "{'addresses':['10.0.0.4','81-EF-1A-44-7A-F5']}", "c d b"},
        {false, "{'addressType':'mac'}", "c b"},
        {false, "{'addressType':'IPV6'}", ""},
        {false, "{'addressType':'MAC','addresses':['81:ef:1a:44:7a:f5'],'versions':['2']}", "c b"},
        {false, "{'metadataRequirementList':[{'floor':2},{'floor':3}]}", "c"},
        {false, "{'metadataRequirementList':[{}]}", "a c d b"},
        {false, "{'deviceNames':['x']}", "c"},
        {false, "{'deviceNames':['Y','x','nowhere']}", "c d"},
        {false, "{'deviceNames':['nowhere']}", ""},
        {false, "{'deviceNames':['x'],'systemNames':['a','b']}", ""},
        {false, "{'deviceNames':['x'],'systemNames':['a','c']}", "c"},
        {false, "{'deviceNames':['x','y'],'versions':['1']}", "d"},
        {true, NULL, "y x z"},
        {true, "{'deviceNames':['z','X']}", "x z"},
        {true, "{'addresses':['10.0.1.2','10.0.1.1']}", "y z"},
        {true, "{'addressType':'MAC'}", "x"},
        {true, "{'metadataRequirementList':[{'rack':7}]}", "x"},
        {true, "{'deviceNames':['y'],'addressType':'MAC'}", ""},
    };
    put_plant();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *names = names_of(rows[i].devices, rows[i].query);
        if (strcmp(names, rows[i].names) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].query, names, rows[i].names);
    }
}

static void answers_have_the_device_as_asked_for(void **state)
{
    (void)state;
    static const char device[] =
        "\"device\":{\"name\":\"x\",\"metadata\":{\"rack\":7},\"addresses\":[" MAC
        "],\"createdAt\":\"2026-01-01T00:00:01Z\",\"updatedAt\":\"2026-01-01T00:00:01Z\"}";
    put_plant();
    QV_CLEANUP(qv_json) json_t *body = fixture_quoted("{'systemNames':['c','b']}");
    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    assert_int_equal(find(false, body, &result), QV_OK);
    QV_CLEANUP(qv_buf) struct qv_buf full = {0}, named = {0}, none = {0};
    qv_system_result_write(&result, QV_DETAIL_FULL, &full);
    assert_non_null(strstr(full.at, device));
    assert_non_null(strstr(full.at, "},{\"name\":\"b\",\"version\":\"2.0.0\""));
    assert_non_null(strstr(full.at, "],\"count\":2}"));
    qv_system_result_write(&result, QV_DETAIL_DEVICE_NAME, &named);
    assert_non_null(strstr(named.at, "\"device\":{\"name\":\"x\"},"));
    struct qv_entity_result empty = {0};
    qv_device_result_write(&empty, &none);
    assert_string_equal(none.at, "{\"entries\":[],\"count\":0}");
}

/* Systems are found by the devices that they are on now, whatever came before. */
static void systems_move_between_devices(void **state)
{
    (void)state;
    static const struct {
        const char *device; /* of the system c from now on; NULL: none, "": it goes */
        const char *on_x, *on_y;
    } rows[] = {{"y", "", "c d"}, {"x", "c", "d"},  {NULL, "", "d"},
                {"y", "", "c d"}, {"y", "", "c d"}, {"", "", "d"}};
    put_plant();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *device = rows[i].device;
        char doc[256] = "";
        if (device == NULL)
            strcpy(doc, AT("7", "02", SYSTEM("c", V2, MAC)));
        else if (device[0] != '\0')
            snprintf(
                doc, sizeof(doc),
                AT("7", "02",
                   "{\"name\":\"c\",\"version\":\"2.0.0\",\"addresses\":[],\"device\":\"%s\"}"),
                device);
        assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "c", doc)), QV_OK);
        assert_string_equal(names_of(false, "{'deviceNames':['x']}"), rows[i].on_x);
        assert_string_equal(names_of(false, "{'deviceNames':['y']}"), rows[i].on_y);
    }
    assert_int_equal(APPLY(view, REMOVE(QV_KIND_DEVICE, "x"), REMOVE(QV_KIND_SYSTEM, "d"),
                           REMOVE(QV_KIND_DEVICE, "y")),
                     QV_OK);
    assert_string_equal(names_of(true, NULL), "z");
    assert_string_equal(names_of(false, NULL), "a b");
    struct qv_registry_state now;
    qv_registry_state(registry, &now);
    assert_int_equal(now.count[QV_KIND_DEVICE], 1);
    assert_int_equal(now.count[QV_KIND_SYSTEM], 2);
}

static void a_device_may_come_after_its_system(void **state)
{
    (void)state;
    assert_int_equal(APPLY(view, PUT(QV_KIND_SYSTEM, "s", SYSTEM_DOC("s", ",\"device\":\"late\""))),
                     QV_OK);
    assert_string_equal(names_of(false, "{'deviceNames':['late']}"), "s");
    assert_string_equal(names_of(true, NULL), "");
    assert_int_equal(APPLY(view, PUT(QV_KIND_DEVICE, "late", DEVICE_DOC("late"))), QV_OK);
    assert_string_equal(names_of(true, NULL), "late");
}

static void without_a_view_nothing_is_answered(void **state)
{
    (void)state;
    struct qv_registry *empty = NULL;
    assert_int_equal(qv_registry_new(&rules, &empty), QV_OK);
    struct qv_system_query all = {0};
    struct qv_device_query named = {0};
    assert_int_equal(qv_strings_add(&named.names, QV_STR("x")), QV_OK);
    struct qv_entity_result result;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_registry_find_systems(empty, &all, &result, &error), QV_UNAVAILABLE);
    assert_non_null(error.message);
    assert_int_equal(qv_registry_find_devices(empty, &named, &result, NULL), QV_UNAVAILABLE);
    qv_strings_free(&named.names);
    qv_registry_free(&empty);
}

/* ---- many ---- */

enum { MANY = 3000 };

static void put_numbered(struct qv_view *into, const char *prefix, size_t number)
{
    char name[32], envelope[256];
    snprintf(name, sizeof(name), "%s%zu", prefix, number);
    snprintf(envelope, sizeof(envelope),
             ENVELOPE("{\"name\":\"%s\",\"version\":\"1.0.0\",\"addresses\":[]}"), name);
    if (APPLY(into, PUT(QV_KIND_SYSTEM, name, envelope)) != QV_OK)
        abort(); /* cmocka's assertions are for the main thread alone */
}

static void remove_numbered(const char *prefix, size_t number)
{
    char name[32];
    snprintf(name, sizeof(name), "%s%zu", prefix, number);
    if (APPLY(view, REMOVE(QV_KIND_SYSTEM, name)) != QV_OK)
        abort();
}

struct writer {
    pthread_t thread;
    bool end;
};

/* Lets systems come and go, and now and then another view with the same that stay. */
static void *write_on(void *data)
{
    struct writer *writer = data;
    for (size_t round = 1; !__atomic_load_n(&writer->end, __ATOMIC_ACQUIRE); round++) {
        for (size_t i = 0; i < 50; i++)
            put_numbered(view, "passing", i);
        for (size_t i = 0; i < 50; i++)
            remove_numbered("passing", i);
        if (round % 8 != 0)
            continue;
        struct qv_view *next = NULL;
        if (qv_view_new(&next) != QV_OK)
            abort();
        for (size_t i = 0; i < MANY; i++)
            put_numbered(next, "stays", MANY - 1 - i);
        qv_registry_publish(registry, next);
        view = next;
    }
    return NULL;
}

/* What is there all the time is found, once, whatever else happens. */
static void count_those_that_stay(void)
{
    bool met[MANY] = {0};
    size_t count = 0;
    QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
    assert_int_equal(find(false, NULL, &result), QV_OK);
    for (size_t i = 0; i < result.count; i++) {
        struct qv_str id = result.matches[i].entity->id;
        uint64_t number = 0;
        if (!qv_str_starts_with(id, QV_STR("stays")))
            continue;
        assert_int_equal(qv_str_to_uint(qv_str_part(id, 5, SIZE_MAX), MANY - 1, &number), QV_OK);
        assert_false(met[number]);
        met[number] = true;
        count++;
    }
    assert_int_equal(count, MANY);
}

static void a_walk_meets_what_stays_exactly_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        put_numbered(view, "stays", i);
    struct writer writer = {0};
    assert_int_equal(pthread_create(&writer.thread, NULL, write_on, &writer), 0);
    for (int i = 0; i < 40; i++)
        count_those_that_stay();
    __atomic_store_n(&writer.end, true, __ATOMIC_RELEASE);
    pthread_join(writer.thread, NULL);
}

/* Takes everything; when it has seen the first slice, another view comes into force. */
static enum qv_status
judge_while_views_change(const void *query, const struct qv_entity_match *match, bool *ret_matches)
{
    (void)query;
    (void)match;
    *ret_matches = true;
    static struct qv_registry *seen;
    if (seen == registry)
        return QV_OK;
    seen = registry;
    struct qv_view *next = NULL;
    assert_int_equal(qv_view_new(&next), QV_OK);
    for (size_t i = 0; i < MANY; i++)
        put_numbered(next, "new", i);
    qv_registry_publish(registry, next);
    view = next;
    return QV_OK;
}

static void an_answer_is_of_one_view(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        put_numbered(view, "old", i);
    struct gathering gathering = {
        .registry = registry, .kind = QV_KIND_SYSTEM, .judge = judge_while_views_change};
    assert_int_equal(gather(&gathering, NULL), QV_OK);
    assert_int_equal(gathering.count, MANY);
    for (size_t i = 0; i < gathering.count; i++)
        assert_true(qv_str_starts_with(gathering.found[i].entity->id, QV_STR("new")));
    gathering_free(&gathering);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    put_plant();
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted("{'deviceNames':['x','y'],'metadataRequirementList':[{}]}");
    QV_CLEANUP(qv_system_query) struct qv_system_query *on = NULL, *all = NULL;
    assert_int_equal(qv_system_query_read(&rules, body, &on, NULL), QV_OK);
    assert_int_equal(qv_system_query_read(&rules, NULL, &all, NULL), QV_OK);
    const struct qv_system_query *queries[] = {on, all};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        enum qv_status status = QV_NO_MEMORY;
        size_t nth = 1;
        for (; status != QV_OK; nth++) {
            QV_CLEANUP(qv_entity_result) struct qv_entity_result result = {0};
            qv_memory_fail_at(nth);
            status = qv_registry_find_systems(registry, queries[i], &result, NULL);
            qv_memory_fail_at(0);
            assert_true(nth < 100);
        }
        assert_true(nth > 2);
    }
}

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_by_each_filter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_have_the_device_as_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(systems_move_between_devices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_may_come_after_its_system, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_view_nothing_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_walk_meets_what_stays_exactly_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_is_of_one_view, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

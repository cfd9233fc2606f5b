// links: store
/*
 * Reading what Redis answers: values that are not what they should be, journal entries, and the
 * building of changes, also where memory runs out at any point.
 */
#include "../../src/store/change.h"
#include "../../src/store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <quiver/base/memory.h>

enum { FIELDS_MAX = 16 };

/* An entry as XREAD gives it: its id, and names and values in turn. */
struct entry_reply {
    struct qv_reply id, list, item;
    struct qv_reply texts[FIELDS_MAX];
    struct qv_reply *fields[FIELDS_MAX], *items[2];
};

static const struct qv_reply *make(struct entry_reply *entry, const char *id,
                                   const char *const *words)
{
    *entry = (struct entry_reply){.id = {.kind = QV_REPLY_TEXT, .text = qv_str_from(id)},
                                  .list = {.kind = QV_REPLY_LIST}};
    for (size_t i = 0; words[i] != NULL; i++) {
        entry->texts[i] = (struct qv_reply){.kind = QV_REPLY_TEXT, .text = qv_str_from(words[i])};
        entry->fields[i] = &entry->texts[i];
        entry->list.count = i + 1;
    }
    entry->list.items = entry->fields;
    entry->items[0] = &entry->id;
    entry->items[1] = &entry->list;
    entry->item = (struct qv_reply){.kind = QV_REPLY_LIST, .items = entry->items, .count = 2};
    return &entry->item;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_str(struct qv_str actual, const char *expected)
{
    assert_int_equal(actual.length, strlen(expected));
    assert_memory_equal(actual.at, expected, actual.length);
}

static void reads_effects_in_order(void **state)
{
    (void)state;
    struct entry_reply reply;
    QV_CLEANUP(qv_entry) struct qv_entry entry = {0};
    const struct qv_reply *item =
        make(&reply, "42-0",
             WORDS("prev", "a", "token", "b", "at", "5", "kind", "test", "by", "{}",
                   "put:instance:p::s::1.0.0", "{\"v\":1}", "del:system", "x\ny", "del:chap", "z"));
    for (int again = 0; again < 2; again++) { /* the second time with the memory of the first */
        assert_int_equal(qv_entry_read(item, &entry, NULL), QV_OK);
        assert_int_equal(entry.revision, 42);
        assert_str(entry.prev, "a");
        assert_str(entry.token, "b");
        assert_int_equal(entry.count, 4);
        assert_int_equal(entry.effects[0].kind, QV_KIND_INSTANCE);
        assert_str(entry.effects[0].id, "p::s::1.0.0");
        assert_str(entry.effects[0].envelope, "{\"v\":1}");
        assert_int_equal(entry.effects[2].kind, QV_KIND_SYSTEM);
        assert_str(entry.effects[2].id, "y");
        assert_int_equal(entry.effects[2].envelope.length, 0);
        assert_int_equal(entry.effects[3].kind, QV_KIND_CHAP);
    }
}

static void reads_leases(void **state)
{
    (void)state;
    struct entry_reply reply;
    QV_CLEANUP(qv_entry) struct qv_entry entry = {0};
    const struct qv_reply *item =
        make(&reply, "7-0",
             WORDS("put:chap:a", "{}", "lease:chap:a", "1769860800123456", "lease:chap:b", "5"));
    assert_int_equal(qv_entry_read(item, &entry, NULL), QV_OK);
    assert_int_equal(entry.count, 2); /* what is put has its lease with it */
    assert_str(entry.effects[0].id, "a");
    assert_str(entry.effects[0].envelope, "{}");
    assert_true(entry.effects[0].renews && entry.effects[0].lease_us == 1769860800123456);
    assert_str(entry.effects[1].id, "b");
    assert_int_equal(entry.effects[1].envelope.length, 0);
    assert_true(entry.effects[1].renews && entry.effects[1].lease_us == 5);

    item = make(&reply, "8-0", WORDS("del:chap", "a", "lease:chap:a", "5"));
    assert_int_equal(qv_entry_read(item, &entry, NULL), QV_OK);
    assert_int_equal(entry.count, 2); /* what is removed is not renewed */
    assert_false(entry.effects[0].renews);
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name, *value, *words;
    } rows[] = {
        {"1-1", "at", "1", "its id is no revision: 1-1"},
        {"1", "at", "1", "its id is no revision: 1"},
        {"x-0", "at", "1", "its id is no revision: x-0"},
        {"1-0", "renew:chap:x", "1", "it has a field that is not known here: renew:chap:x"},
        {"1-0", "prevx", "1", "it has a field that is not known here: prevx"},
        {"1-0", "put:robot:r", "{}", "it puts what is not known here: robot"},
        {"1-0", "put:instance:", "{}", "it puts what is not known here: instance"},
        {"1-0", "put:instance:x", "", "it puts what is not known here: instance"},
        {"1-0", "put:instance", "{}", "it puts what is not known here: instance"},
        {"1-0", "del:robot", "r", "it removes what is not known here: robot"},
        {"1-0", "lease:instance:x", "5", "it renews what is not known here: instance"},
        {"1-0", "lease:robot:x", "5", "it renews what is not known here: robot"},
        {"1-0", "lease:chap:", "5", "it renews what is not known here: chap"},
        {"1-0", "lease:chap:x", "-5", "it renews what is not known here: chap"},
        {"1-0", "lease:chap:x", "", "it renews what is not known here: chap"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct entry_reply reply;
        QV_CLEANUP(qv_entry) struct qv_entry entry = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        const struct qv_reply *item = make(&reply, rows[i].id, WORDS(rows[i].name, rows[i].value));
        assert_int_equal(qv_entry_read(item, &entry, &error), QV_INVALID);
        assert_string_equal(qv_error_message(&error), rows[i].words);
    }
    QV_CLEANUP(qv_entry) struct qv_entry entry = {0};
    const struct qv_reply number = {.kind = QV_REPLY_NUMBER, .number = 1};
    assert_int_equal(qv_entry_read(&number, &entry, NULL), QV_INVALID);
}

static void looks_into_replies_of_any_shape(void **state)
{
    (void)state;
    struct qv_reply texts[] = {
        {.kind = QV_REPLY_TEXT, .text = QV_STR("-5")},
        {.kind = QV_REPLY_NUMBER, .number = 7},
        {.kind = QV_REPLY_TEXT, .text = QV_STR("5x")},
        {.kind = QV_REPLY_ERROR, .text = QV_STR("ERR 5")},
        {.kind = QV_REPLY_TEXT, .text = QV_STR("99999999999999999999")},
    };
    struct qv_reply *items[] = {&texts[0], &texts[1], &texts[2], &texts[3], &texts[4], NULL};
    const struct qv_reply list = {.kind = QV_REPLY_LIST, .items = items, .count = 6};
    int64_t number = 0;
    uint64_t count = 0;
    assert_true(qv_reply_number(&list, 0, &number));
    assert_int_equal(number, -5);
    assert_false(qv_reply_count(&list, 0, &count));
    assert_true(qv_reply_count(&list, 1, &count));
    assert_int_equal(count, 7);
    for (size_t i = 2; i < 8; i++)
        assert_false(qv_reply_number(&list, i, &number));
    assert_int_equal(qv_reply_text(&list, 3).length, 0);
    assert_int_equal(qv_reply_item(&list, 5)->kind, QV_REPLY_NIL);
    assert_int_equal(qv_reply_item(&texts[0], 0)->kind, QV_REPLY_NIL);
    assert_int_equal(qv_reply_item(NULL, 0)->kind, QV_REPLY_NIL);
    assert_true(qv_reply_begins(&list, "-5"));
    assert_false(qv_reply_begins(&texts[3], "ERR"));
}

/* ---- memory runs out ---------------------------------------------------------------------------
 */

static void every_allocation_of_an_entry_may_fail(void **state)
{
    (void)state;
    struct entry_reply reply;
    const struct qv_reply *item =
        make(&reply, "1-0", WORDS("del:instance", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj"));
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        QV_CLEANUP(qv_entry) struct qv_entry entry = {0};
        qv_memory_fail_at(nth);
        status = qv_entry_read(item, &entry, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_true(nth < 100);
        if (status == QV_OK) {
            assert_int_equal(entry.count, 10);
            assert_true(nth > 2);
        }
    }
}

static void every_allocation_of_a_change_may_fail(void **state)
{
    (void)state;
    struct qv_config config = {0};
    struct qv_rules rules;
    struct qv_certificate certificate = {.fingerprint = (char *)"f",
                                         .issuer = (char *)"CN=\"x\"",
                                         .serial = (char *)"0a",
                                         .not_after = {.seconds = 1893456000}};
    struct qv_identity by = {.system = (char *)"provider", .certificate = &certificate};
    struct qv_service_registration registration = {.provider = (char *)"provider",
                                                   .definition = (char *)"kelvin-info",
                                                   .version = (char *)"1.0.0",
                                                   .instance_id =
                                                       (char *)"provider::kelvin-info::1.0.0",
                                                   .expires = true,
                                                   .expires_at = {1893456000, 750000000}};
    qv_rules_from_config(&config, &rules);
    struct qv_change *change = NULL;
    for (size_t nth = 1; change == NULL; nth++) {
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_change_register_service(&rules, QV_PROVIDER_AUTOMATIC, &registration, &by, &change);
        qv_memory_fail_at(0);
        assert_int_equal(status, change != NULL ? QV_OK : QV_NO_MEMORY);
        assert_true(nth < 1000);
    }
    assert_int_equal(change->count, 13);
    assert_str(change->args[0], "{\"system\":\"provider\",\"x5t#S256\":\"f\",\"issuer\":"
                                "\"CN=\\\"x\\\"\",\"serial\":\"0a\","
                                "\"notAfter\":\"2030-01-01T00:00:00Z\"}");
    assert_str(change->args[1], "automatic");
    assert_str(change->args[QV_ARG_INSTANCE], "provider::kelvin-info::1.0.0");
    assert_str(change->args[QV_ARG_SYSTEM], "provider");
    assert_str(change->args[QV_ARG_DEFINITION], "kelvin-info");
    assert_str(change->args[7], "{\"name\":\"kelvin-info\"}");
    assert_str(change->args[8], "1893456000000"); /* as the document: whole seconds */
    assert_str(change->args[9], "");              /* names have no letter case in dialect 5.0 */
    assert_str(change->args[10], "");
    assert_str(change->args[QV_ARG_INSTANCES_MAX], "");
    assert_str(change->args[12], "0");
    qv_memory_fail_at(1);
    assert_int_equal(qv_change_limit_instances(change, 500), QV_NO_MEMORY);
    qv_memory_fail_at(0);
    assert_str(change->args[QV_ARG_INSTANCES_MAX], "");
    assert_int_equal(qv_change_limit_instances(change, 500), QV_OK);
    assert_str(change->args[QV_ARG_INSTANCES_MAX], "500");
    assert_int_equal(qv_change_limit_instances(change, 0), QV_OK);
    assert_str(change->args[QV_ARG_INSTANCES_MAX], "");
    assert_int_equal(strlen(change->token), 16);
    qv_change_free(&change);
    qv_change_free(&change);
}

/* The issuer's key is what CRLs are asked by; where no path was verified it is not known. */
static void every_allocation_of_a_chap_change_may_fail(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json) json_t *info = json_object();
    const struct qv_identity by = {.system = (char *)"p"};
    const struct qv_chap_terms terms = {.ttl_us = 30000000, .revive_us = 7};
    const struct qv_chap_registration registration = {
        .id = (char *)"model", .url = (char *)"http://a", .version = (char *)"1.0.0", .info = info};
    for (int which = 0; which < 3; which++) {
        enum qv_status status = QV_NO_MEMORY;
        for (size_t nth = 1; status != QV_OK; nth++) {
            QV_CLEANUP(qv_change) struct qv_change *change = NULL;
            qv_memory_fail_at(nth);
            status = which == 0   ? qv_change_register_chap(&registration, &terms, &by, &change)
                     : which == 1 ? qv_change_ping_chap(QV_STR("model"), &terms, &change)
                                  : qv_change_delete_chap(QV_STR("model"), NULL, &change);
            qv_memory_fail_at(0);
            assert_true(status == QV_OK || status == QV_NO_MEMORY);
            assert_true(nth < 100 && (status == QV_OK) == (change != NULL));
            if (status == QV_OK)
                assert_str(change->args[change->count - 1], "5000"); /* the gap */
        }
    }
}

static void a_change_names_the_key_that_vouches_for_its_maker(void **state)
{
    (void)state;
    static const struct {
        const char *key, *member;
    } rows[] = {{"", ""},
                {"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
                 "\"issuerKey\":\"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s\","}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_certificate certificate = {.fingerprint = (char *)"f",
                                             .issuer = (char *)"CN=x",
                                             .serial = (char *)"0a",
                                             .not_after = {.seconds = 1893456000}};
        strcpy(certificate.issuer_key, rows[i].key);
        const struct qv_identity by = {.system = (char *)"p", .certificate = &certificate};
        QV_CLEANUP(qv_change) struct qv_change *change = NULL;
        assert_int_equal(qv_change_revoke_system(QV_STR("p"), &by, &change), QV_OK);
        QV_CLEANUP(qv_buf) struct qv_buf wanted = {0};
        qv_buf_printf(&wanted,
                      "{\"system\":\"p\",\"x5t#S256\":\"f\",\"issuer\":\"CN=x\",%s"
                      "\"serial\":\"0a\",\"notAfter\":\"2030-01-01T00:00:00Z\"}",
                      rows[i].member);
        assert_str(change->args[0], wanted.at);
    }
}

/* The script has to look at each template once, however many interfaces rely on it. */
static void a_change_names_each_template_once(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "a", "new", "b", "a", "b"};
    struct qv_interface interfaces[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        interfaces[i] = (struct qv_interface){.template_name = (char *)(uintptr_t)names[i],
                                              .template_known = strcmp(names[i], "new") != 0};
    }
    struct qv_service_registration registration = {.provider = (char *)"p",
                                                   .definition = (char *)"d",
                                                   .version = (char *)"1.0.0",
                                                   .instance_id = (char *)"p::d::1.0.0",
                                                   .interfaces = interfaces,
                                                   .interface_count = 6};
    struct qv_identity by = {.system = (char *)"p"};
    struct qv_config config = {0};
    struct qv_rules rules;
    qv_rules_from_config(&config, &rules);
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    assert_int_equal(
        qv_change_register_service(&rules, QV_PROVIDER_REQUIRED, &registration, &by, &change),
        QV_OK);
    assert_int_equal(change->count, 15);
    assert_str(change->args[13], "b");
    assert_str(change->args[14], "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_effects_in_order),
        cmocka_unit_test(reads_leases),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(looks_into_replies_of_any_shape),
        cmocka_unit_test(every_allocation_of_an_entry_may_fail),
        cmocka_unit_test(every_allocation_of_a_change_may_fail),
        cmocka_unit_test(every_allocation_of_a_chap_change_may_fail),
        cmocka_unit_test(a_change_names_the_key_that_vouches_for_its_maker),
        cmocka_unit_test(a_change_names_each_template_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

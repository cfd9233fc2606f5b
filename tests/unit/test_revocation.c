// links: registry
/*
 * Instances of revoked providers: in no lookup while a CRL lists the certificate that registered
 * them.
 */
#include "view_fixture.h"
#include "x509_fixture.h"

#include <pthread.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>

#define FINGERPRINT "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk"

static struct qv_rules rules;
static struct qv_registry *registry;
static struct qv_view *view;
static struct fx_folder folder;
static struct fx_pair ca, namesake;
static struct qv_wall now;

static int begin(void **state)
{
    (void)state;
    qv_memory_init();
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON); /* warnings are expected here */
    folder = fx_folder_make();
    ca = fx_cloud_ca();
    namesake = fx_cloud_ca();
    fx_write_certificate(&folder, "ca.crt", "w", ca.x509);
    fx_write_certificate(&folder, "ca.crt", "a", namesake.x509);
    now = (struct qv_wall){.seconds = time(NULL)};
    return 0;
}

static int end(void **state)
{
    (void)state;
    fx_free(&ca);
    fx_free(&namesake);
    fx_folder_remove(&folder);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    rules = (struct qv_rules){.dialect = qv_dialect_get(QV_DIALECT_5_0)};
    assert_int_equal(qv_registry_new(&rules, &registry), QV_OK);
    assert_int_equal(qv_view_new(&view), QV_OK);
    qv_registry_publish(registry, view);
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_SYSTEM, "a", ENVELOPE("{\"name\":\"a\",\"version\":\"1.0.0\"}")),
              PUT(QV_KIND_DEFINITION, "x", DEFINITION_DOC("x"))),
        QV_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    qv_registry_free(&registry);
    return 0;
}

/* ---- CRLs and instances ---------------------------------------------------------------------- */

static struct qv_anchors *load(char **crls, size_t count)
{
    char *trust = fx_path(&folder, "ca.crt");
    const struct qv_config config = {
        .tls = {.trust = {.at = &trust, .count = 1}, .crl = {.at = crls, .count = count}}};
    struct qv_anchors *anchors = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_anchors_load(&config, NULL, now, &anchors, &faults);
    if (status != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : qv_status_name(status));
    return anchors;
}

static struct qv_anchors *anchors_with(const struct fx_crl *spec)
{
    fx_write_crl(&folder, "ca.crl", "w", spec);
    char *crl = fx_path(&folder, "ca.crl");
    return load(&crl, 1);
}

static void enforce(const struct fx_crl *spec)
{
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = anchors_with(spec);
    qv_registry_set_revocation(registry, anchors);
}

static void write_by(struct qv_buf *by, const struct fx_pair *issuer, const char *serial)
{
    qv_buf_put_text(by, "{\"system\":\"a\"");
    if (serial != NULL)
        qv_buf_printf(by, ",\"x5t#S256\":\"" FINGERPRINT "\",\"serial\":\"%s\"", serial);
    if (issuer != NULL) {
        struct qv_issuer_key key;
        assert_int_equal(qv_issuer_key_of(issuer->x509, &key), QV_OK);
        qv_buf_put_text(by, ",\"issuerKey\":\"");
        qv_base64url_write(by, key.digest, sizeof(key.digest));
        qv_buf_put_char(by, '"');
    }
    qv_buf_put_char(by, '}');
}

/* Puts a::x::<version>.0.0, registered with that serial of that CA's. */
static void put(int version, const struct fx_pair *issuer, const char *serial)
{
    QV_CLEANUP(qv_buf) struct qv_buf id = {0}, envelope = {0};
    qv_buf_printf(&id, "a::x::%d.0.0", version);
    qv_buf_put_text(&envelope, "{\"v\":1,\"rev\":7,\"created\":\"x\",\"updated\":\"x\",\"by\":");
    write_by(&envelope, issuer, serial);
    qv_buf_printf(&envelope,
                  ",\"doc\":{\"provider\":\"a\",\"serviceDefinition\":\"x\",\"version\":"
                  "\"%d.0.0\",\"metadata\":{\"n\":%d},\"interfaces\":[" HTTP "]}}",
                  version, version);
    assert_int_equal(APPLY(view, PUT(QV_KIND_INSTANCE, id.at, envelope.at)), QV_OK);
}

/* ---- lookups --------------------------------------------------------------------------------- */

/* The versions that a lookup finds, the highest first; `text` is the request's body. */
static const char *find_by(const char *text)
{
    static char found[64];
    QV_CLEANUP(qv_service_query) struct qv_service_query *query = NULL;
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    assert_int_equal(qv_json_parse(qv_str_from(text), 20, &body, NULL), QV_OK);
    assert_int_equal(qv_service_query_read(&rules, body, &query, NULL), QV_OK);
    assert_int_equal(qv_registry_find_services(registry, query, now, &result, NULL), QV_OK);
    QV_CLEANUP(qv_buf) struct qv_buf answer = {0};
    char count[32];
    qv_service_result_write(&result, QV_DETAIL_TERSE, false, &answer);
    (void)snprintf(count, sizeof(count), "],\"count\":%zu}", result.count);
    assert_non_null(strstr(answer.at, count));
    size_t length = 0;
    for (size_t i = 0; i < result.count; i++)
        found[length++] = result.matches[i].instance->version.at[0];
    found[length] = '\0';
    return found;
}

static const char *find(void)
{
    return find_by("{\"providerNames\":[\"a\"]}");
}

static void hides_what_a_crl_lists(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    put(3, &ca, "80ff");  /* as an INTEGER it begins with a zero */
    put(4, NULL, "1234"); /* as older versions wrote it: whose serial is that? */
    put(5, NULL, NULL);   /* a declared identity */
    put(6, &namesake, "1234");
    assert_string_equal(find(), "654321");
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1234", "80ff"}});
    assert_string_equal(find(), "6542");
    assert_string_equal(find(), "6542");
    enforce(&(struct fx_crl){.issuer = &namesake, .serials = {"1234"}});
    assert_string_equal(find(), "54321");
}

static void hides_it_however_it_is_looked_for(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1234"}});
    static const struct {
        const char *request, *found;
    } rows[] = {
        {"{\"instanceIds\":[\"a::x::1.0.0\",\"a::x::2.0.0\"]}", "2"},
        {"{\"instanceIds\":[\"a::x::1.0.0\"]}", ""},
        {"{\"serviceDefinitionNames\":[\"x\"]}", "2"},
        {"{\"providerNames\":[\"a\"],\"versions\":[\"1.0.0\"]}", ""},
        /* with filters the owners are taken late, under another lock */
        {"{\"providerNames\":[\"a\"],\"metadataRequirementsList\":[{\"n\":1},{\"n\":2}]}", "2"},
        {"{\"providerNames\":[\"a\"],\"metadataRequirementsList\":[{\"n\":1}]}", ""},
        {"{\"providerNames\":[\"a\"],\"policies\":[\"NONE\"]}", "2"},
    };
    for (int again = 0; again < 2; again++) /* judged, then remembered */
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            assert_string_equal(find_by(rows[i].request), rows[i].found);
}

static void only_superseded_is_no_reason(void **state)
{
    (void)state;
    static const struct {
        int reason;
        const char *found;
    } rows[] = {{0, ""}, {1, ""}, {3, ""}, {4, "1"}, {5, ""}, {6, ""}, {9, ""}};
    put(1, &ca, "1234");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1234"}, .reason = rows[i].reason});
        assert_string_equal(find(), rows[i].found);
    }
}

static void a_crl_past_its_end_counts(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    enforce(&(struct fx_crl){
        .issuer = &ca, .serials = {"1234"}, .begin = -3 * FX_DAY, .end = -2 * FX_DAY});
    assert_string_equal(find(), "2");
}

static void returns_when_it_is_registered_with_a_good_certificate(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1234"}});
    assert_string_equal(find(), "");
    put(1, &ca, "1235");
    assert_string_equal(find(), "1");
    put(1, &ca, "1234"); /* the one before once more, as a replayed journal may have it */
    assert_string_equal(find(), "");
}

static void returns_when_it_is_not_listed_any_more(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    const struct fx_crl listed = {.issuer = &ca, .serials = {"1234"}};
    enforce(&listed);
    assert_string_equal(find(), "");
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"99"}});
    assert_string_equal(find(), "1");
    enforce(&listed);
    assert_string_equal(find(), "");
    qv_registry_set_revocation(registry, NULL); /* revoked_providers: keep */
    assert_string_equal(find(), "1");
    enforce(&listed);
    assert_string_equal(find(), "");
    QV_CLEANUP(qv_anchors) struct qv_anchors *bare = load(NULL, 0);
    qv_registry_set_revocation(registry, bare);
    assert_string_equal(find(), "1");
}

static void another_view_is_judged_like_the_first(void **state)
{
    (void)state;
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1234"}});
    assert_int_equal(qv_view_new(&view), QV_OK);
    assert_int_equal(
        APPLY(view, PUT(QV_KIND_SYSTEM, "a", ENVELOPE("{\"name\":\"a\",\"version\":\"1.0.0\"}")),
              PUT(QV_KIND_DEFINITION, "x", DEFINITION_DOC("x"))),
        QV_OK);
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    qv_registry_publish(registry, view);
    assert_string_equal(find(), "2");
}

/* ---- what is remembered ---------------------------------------------------------------------- */

/* The word of a::x::1.0.0, which is found. */
static uint64_t remembered(void)
{
    char *provider = (char *)"a";
    const struct qv_service_query query = {.providers = {.at = &provider, .count = 1}};
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
    assert_int_equal(result.count, 1);
    return result.matches[0].instance->judged_;
}

static void judges_once_per_generation(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    assert_int_equal(remembered(), 0); /* nothing to judge by */
    QV_CLEANUP(qv_anchors)
    struct qv_anchors *anchors = anchors_with(&(struct fx_crl){.issuer = &ca, .serials = {"1235"}});
    qv_registry_set_revocation(registry, anchors);
    uint64_t first = remembered();
    assert_true(first > 0 && (first & 1) == 0);
    assert_int_equal(remembered(), first);
    qv_registry_set_revocation(registry, anchors); /* a reload that left this part as it was */
    assert_int_equal(remembered(), first);
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1235"}});
    assert_true(remembered() > first);
}

/* The remembered answer is believed as long as its generation is in force. */
static void what_is_remembered_is_not_judged_again(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    enforce(&(struct fx_crl){.issuer = &ca, .serials = {"1235"}});
    char *provider = (char *)"a";
    const struct qv_service_query query = {.providers = {.at = &provider, .count = 1}};
    QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
    assert_int_equal(qv_registry_find_services(registry, &query, now, &result, NULL), QV_OK);
    struct qv_instance *instance = (struct qv_instance *)(uintptr_t)result.matches[0].instance;
    instance->judged_ |= 1;
    assert_string_equal(find(), "");
    instance->judged_ -= 2; /* as if by the generation before */
    assert_string_equal(find(), "1");
}

/* ---- memory and threads ---------------------------------------------------------------------- */

static void a_lookup_survives_every_failed_allocation(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    char *provider = (char *)"a";
    const struct qv_service_query query = {.providers = {.at = &provider, .count = 1}};
    const struct fx_crl listed = {.issuer = &ca, .serials = {"1234"}};
    enum qv_status status = QV_NO_MEMORY;
    size_t nth = 1;
    for (; status != QV_OK; nth++) {
        QV_CLEANUP(qv_service_result) struct qv_service_result result = {0};
        enforce(&listed); /* each time there is something to judge */
        qv_memory_fail_at(nth);
        status = qv_registry_find_services(registry, &query, now, &result, NULL);
        qv_memory_fail_at(0);
        assert_int_equal(result.count, status == QV_OK ? 1 : 0);
        assert_true(nth < 100);
    }
    assert_true(nth > 2);
}

struct reload {
    struct qv_anchors *anchors[2];
    bool enough;
};

static void *reload_again_and_again(void *data)
{
    struct reload *reload = data;
    for (unsigned i = 0; !__atomic_load_n(&reload->enough, __ATOMIC_RELAXED); i++)
        qv_registry_set_revocation(registry, reload->anchors[i % 2]);
    return NULL;
}

/* Both lists have 1234, one of them 1235 besides: whichever is in force, 1 is never found. */
static void reloads_beside_lookups(void **state)
{
    (void)state;
    put(1, &ca, "1234");
    put(2, &ca, "1235");
    put(3, &ca, "1236");
    struct reload reload = {
        .anchors = {anchors_with(&(struct fx_crl){.issuer = &ca, .serials = {"1234"}}),
                    anchors_with(&(struct fx_crl){.issuer = &ca, .serials = {"1234", "1235"}})}};
    qv_registry_set_revocation(registry, reload.anchors[0]);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, reload_again_and_again, &reload), 0);
    size_t wrong = 0;
    for (int i = 0; i < 2000; i++) {
        const char *found = find_by(i % 2 == 0 ? "{\"providerNames\":[\"a\"]}"
                                               : "{\"providerNames\":[\"a\"],\"policies\":"
                                                 "[\"NONE\"]}");
        wrong += strcmp(found, "3") != 0 && strcmp(found, "32") != 0;
    }
    __atomic_store_n(&reload.enough, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
    qv_anchors_free(&reload.anchors[0]);
    qv_anchors_free(&reload.anchors[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hides_what_a_crl_lists),
        TEST(hides_it_however_it_is_looked_for),
        TEST(only_superseded_is_no_reason),
        TEST(a_crl_past_its_end_counts),
        TEST(returns_when_it_is_registered_with_a_good_certificate),
        TEST(returns_when_it_is_not_listed_any_more),
        TEST(another_view_is_judged_like_the_first),
        TEST(judges_once_per_generation),
        TEST(what_is_remembered_is_not_judged_again),
        TEST(a_lookup_survives_every_failed_allocation),
        TEST(reloads_beside_lookups),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

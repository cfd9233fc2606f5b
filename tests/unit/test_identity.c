// links: identity
/*
 * The identity of a leaf: which names are one, which are 401 and which 403, and the facts kept of
 * a certificate (design 6; spec/arrowhead-discovery 1.4).
 */
#include "x509_fixture.h"
#include <quiver/base/memory.h>
#include <quiver/identity/identity.h>

#define URL     "https://localhost:8443/x"
#define NOBODY  "Unauthenticated access attempt: " URL
#define FOREIGN "Unauthorized access: " URL ", from foreign cloud"
#define OTHER   "Unauthorized access: " URL ", invalid certificate type: "

static struct fx_pair ca;
static EVP_PKEY *key; /* one for all leaves: making keys takes the time */

static int begin(void **state)
{
    (void)state;
    ca = fx_cloud_ca();
    key = fx_key(NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fx_free(&ca);
    EVP_PKEY_free(key);
    return 0;
}

/** What a request would be answered; "" where there is an identity. */
static char *answer(const struct fx_spec *given, const char *own_cloud,
                    struct qv_identity **ret_identity)
{
    struct fx_spec spec = *given;
    if (spec.issuer == NULL)
        spec.issuer = &ca;
    spec.use_key = key;
    struct fx_pair leaf = fx_make(&spec);
    QV_CLEANUP(qv_error) struct qv_error error = {0}, reason = {0};
    enum qv_status status =
        qv_identity_from_leaf(leaf.x509, qv_str_from(own_cloud), ret_identity, &error, &reason);
    fx_free(&leaf);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_identity_error_text(qv_str_from(qv_error_message(&error)), QV_STR(URL), &text);
    if (status != QV_OK) {
        assert_int_equal(status, error.status);
        assert_int_equal(status,
                         strncmp(text.at, "Unauthen", 8) == 0 ? QV_UNAUTHENTICATED : QV_DENIED);
        assert_true(reason.message != NULL && reason.message[0] != '\0');
        qv_error_free(&reason);
    }
    assert_null(reason.message);
    assert_int_equal(ERR_peek_error(), 0);
    char *taken = NULL;
    if (status == QV_OK)
        return qv_strdup("");
    assert_int_equal(qv_buf_take(&text, &taken, NULL), QV_OK);
    return taken;
}

static void expect_answer(const struct fx_spec *spec, const char *words)
{
    struct qv_identity *identity = NULL;
    char *text = answer(spec, FX_CLOUD, &identity);
    assert_string_equal(text, words);
    assert_true((identity != NULL) == (words[0] == '\0'));
    qv_identity_free(&identity);
    qv_free(text);
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *cn, *dnq, *words;
    } rows[] = {
        {"kelvin-1." FX_CLOUD, "sy", ""},
        {"kelvin-1." FX_CLOUD, "op", ""},
        {"K.TestCloud.COMPANY.arrowhead.eu", "sy", ""},
        {A63 "." FX_CLOUD, "sy", ""},
        {A63 "a." FX_CLOUD, "sy", NOBODY},
        {"kelvin", "sy", NOBODY},
        {FX_CLOUD, "sy", NOBODY},
        {"a.b." FX_CLOUD, "sy", NOBODY},
        {"a." FX_CLOUD ".", "sy", NOBODY},
        {"a." FX_CLOUD "...", "sy", NOBODY},
        {"." FX_CLOUD, "sy", NOBODY},
        {".a." FX_CLOUD, "sy", NOBODY},
        {"a.testcloud..arrowhead.eu", "sy", NOBODY},
        {"", "sy", NOBODY},
        {FX_NONE, "sy", NOBODY},
        {"a_b." FX_CLOUD, "sy", NOBODY},
        {"a b." FX_CLOUD, "sy", NOBODY},
        {"\xC3\xA4." FX_CLOUD, "sy", NOBODY},
        {"\xD0\xB0." FX_CLOUD, "sy", NOBODY},
        {"a." FX_CLOUD, FX_NONE, NOBODY},
        {"a." FX_CLOUD, "SY", NOBODY},
        {"a." FX_CLOUD, " sy ", NOBODY},
        {"a." FX_CLOUD, "xx", NOBODY},
        {"a." FX_CLOUD, "de", OTHER "DEVICE"},
        {"a." FX_CLOUD, "on", OTHER "ON_BOARDING"},
        {"a." FX_CLOUD, "ma", OTHER "MASTER"},
        {"a." FX_CLOUD, "ga", OTHER "GATE"},
        {"a." FX_CLOUD, "or", OTHER "ORGANIZATION"},
        {"a." FX_CLOUD, "lo", OTHER "LOCAL_CLOUD"},
        {"a." FX_CLOUD, "br", OTHER "BROKER"},
        {"a.b", "de", NOBODY},
        {"a.other.company.arrowhead.eu", "de", OTHER "DEVICE"},
        {"a.other.company.arrowhead.eu", "sy", FOREIGN},
        {"a.testcloud.company.arrowhead.org", "op", FOREIGN},
        {"a.test-cloud.company.arrowhead.eu", "sy", FOREIGN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_spec spec = {.cn = rows[i].cn, .dnq = rows[i].dnq};
        expect_answer(&spec, rows[i].words);
    }
}

static void add(X509_NAME *name, const char *field, int type, const char *text)
{
    fx_add_name(name, field, type, text, -1, 0);
}
#define CN(text)  add(name, "CN", V_ASN1_UTF8STRING, text)
#define DNQ(text) add(name, "dnQualifier", V_ASN1_PRINTABLESTRING, text)
static void two_cns(X509_NAME *name)
{
    CN("victim." FX_CLOUD);
    CN("attacker." FX_CLOUD);
    DNQ("sy");
}
static void two_qualifiers(X509_NAME *name)
{
    CN("a." FX_CLOUD);
    DNQ("sy");
    DNQ("op");
}
static void qualifier_and_device(X509_NAME *name)
{
    DNQ("de");
    DNQ("sy");
    CN("a." FX_CLOUD);
}
static void multi_valued(X509_NAME *name)
{
    CN("a." FX_CLOUD);
    fx_add_name(name, "dnQualifier", V_ASN1_PRINTABLESTRING, "sy", -1, -1);
}
static void multi_valued_elsewhere(X509_NAME *name)
{
    add(name, "O", V_ASN1_UTF8STRING, "o");
    fx_add_name(name, "OU", V_ASN1_UTF8STRING, "ou", -1, -1);
    CN("a." FX_CLOUD);
    DNQ("sy");
}
static void nul_inside(X509_NAME *name)
{
    fx_add_name(name, "CN", V_ASN1_UTF8STRING, "a\0b." FX_CLOUD, sizeof("a\0b." FX_CLOUD) - 1, 0);
    DNQ("sy");
}
static void nul_behind(X509_NAME *name)
{
    fx_add_name(name, "CN", V_ASN1_UTF8STRING, "a." FX_CLOUD "\0", sizeof("a." FX_CLOUD), 0);
    DNQ("sy");
}
static void qualifier_bmp(X509_NAME *name)
{
    CN("a." FX_CLOUD);
    fx_add_name(name, "dnQualifier", V_ASN1_BMPSTRING, "\0s\0y", 4, 0);
}
static void qualifier_ia5(X509_NAME *name)
{
    CN("a." FX_CLOUD);
    add(name, "dnQualifier", V_ASN1_IA5STRING, "sy");
}
static void qualifier_utf8(X509_NAME *name)
{
    CN("a." FX_CLOUD);
    add(name, "dnQualifier", V_ASN1_UTF8STRING, "sy");
}
static void printable_cn(X509_NAME *name)
{
    DNQ("sy");
    add(name, "CN", V_ASN1_PRINTABLESTRING, "a." FX_CLOUD);
}
static void empty_subject(X509_NAME *name)
{
    assert_int_equal(X509_NAME_entry_count(name), 0);
}

static void subjects(void **state)
{
    (void)state;
    static const struct {
        void (*subject)(X509_NAME *name);
        const char *words;
    } rows[] = {
        {two_cns, NOBODY},       {two_qualifiers, NOBODY},
        {multi_valued, NOBODY},  {multi_valued_elsewhere, ""},
        {nul_inside, NOBODY},    {nul_behind, NOBODY},
        {qualifier_bmp, NOBODY}, {qualifier_ia5, ""},
        {qualifier_utf8, ""},    {printable_cn, ""},
        {empty_subject, NOBODY}, {qualifier_and_device, NOBODY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_spec spec = {.subject = rows[i].subject};
        expect_answer(&spec, rows[i].words);
    }
}

static void an_issuer_vouches_for_its_own_cloud_only(void **state)
{
    (void)state;
    static const struct {
        const char *issuer, *words;
    } rows[] = {
        {"TESTCLOUD.company.arrowhead.eu", ""},
        {"othercloud.company.arrowhead.eu", FOREIGN},
        {"company.arrowhead.eu", FOREIGN},
        {"x.testcloud.company.arrowhead.eu", FOREIGN},
        {FX_NONE, FOREIGN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_pair issuer = fx_ca(rows[i].issuer, "lo", NULL);
        struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &issuer};
        expect_answer(&spec, rows[i].words);
        fx_free(&issuer);
    }
}

static void without_an_own_cloud_any_will_do(void **state)
{
    (void)state;
    struct fx_pair issuer = fx_ca("other.company.arrowhead.eu", "lo", NULL);
    struct fx_spec spec = {.cn = "a.other.company.arrowhead.eu", .issuer = &issuer};
    struct qv_identity *identity = NULL;
    char *text = answer(&spec, "", &identity);
    assert_string_equal(text, "");
    assert_string_equal(identity->cloud, "other.company.arrowhead.eu");
    qv_free(text);
    qv_identity_free(&identity);
    fx_free(&issuer);
}

static void facts_of_a_certificate(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "Kelvin." FX_CLOUD, .dnq = "op", .serial = "0aFF"};
    struct qv_identity *identity = NULL;
    char *text = answer(&spec, FX_CLOUD, &identity);
    assert_string_equal(text, "");
    qv_free(text);
    assert_string_equal(identity->system, "Kelvin");
    assert_string_equal(identity->cloud, FX_CLOUD);
    assert_int_equal(identity->profile, QV_PROFILE_OPERATOR);
    const struct qv_certificate *facts = identity->certificate;
    assert_string_equal(facts->subject, "dnQualifier=op,CN=Kelvin." FX_CLOUD);
    assert_string_equal(facts->issuer, "dnQualifier=lo,CN=" FX_CLOUD);
    assert_string_equal(facts->serial, "0aff");
    assert_int_equal(strlen(facts->fingerprint), 43);
    assert_int_equal(facts->not_after.seconds - facts->not_before.seconds, 2 * FX_DAY);
    int64_t now = time(NULL);
    assert_true(facts->not_after.seconds - now > FX_DAY - 60);
    assert_true(facts->not_after.seconds - now <= FX_DAY);
    qv_identity_free(&identity);
}

static void facts_of_odd_certificates(void **state)
{
    (void)state;
    static const struct {
        const char *serial, *text;
    } rows[] = {{"-5", "-05"}, {"0", "00"}, {"80", "80"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_spec spec = {
            .cn = "evil\n,\x01.x", .issuer = &ca, .use_key = key, .serial = rows[i].serial};
        struct fx_pair odd = fx_make(&spec);
        assert_int_equal(ASN1_STRING_set(X509_getm_notAfter(odd.x509), "nonsense", -1), 1);
        assert_int_equal(ASN1_STRING_set(X509_getm_notBefore(odd.x509), "nonsense", -1), 1);
        QV_CLEANUP(qv_certificate) struct qv_certificate *facts = NULL;
        assert_int_equal(qv_certificate_read(odd.x509, &facts), QV_OK);
        assert_string_equal(facts->serial, rows[i].text);
        assert_string_equal(facts->subject, "dnQualifier=sy,CN=evil\\0A\\,\\01.x");
        assert_true(facts->not_before.seconds > facts->not_after.seconds); /* never valid */
        fx_free(&odd);
    }
}

static void own_cloud(void **state)
{
    (void)state;
    static const struct {
        const char *cn, *dnq, *cloud;
    } rows[] = {
        {"serviceregistry." FX_CLOUD, "sy", FX_CLOUD},
        {"serviceregistry." FX_CLOUD, "op", NULL},
        {"serviceregistry.x", "sy", NULL},
        {"serviceregistry.a{b.company.arrowhead.eu", "sy", NULL},
        {"serviceregistry." FX_CLOUD, FX_NONE, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_spec spec = {.cn = rows[i].cn, .dnq = rows[i].dnq, .issuer = &ca, .use_key = key};
        struct fx_pair own = fx_make(&spec);
        char *cloud = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status = qv_identity_cloud_of(own.x509, &cloud, &error);
        fx_free(&own);
        if (rows[i].cloud == NULL) {
            assert_int_equal(status, QV_INVALID);
            assert_non_null(error.message);
            assert_null(cloud);
            continue;
        }
        assert_int_equal(status, QV_OK);
        assert_string_equal(cloud, rows[i].cloud);
        qv_free(cloud);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &ca, .use_key = key};
    struct fx_pair leaf = fx_make(&spec);
    struct qv_identity *identity = NULL;
    size_t failures = 0;
    for (size_t nth = 1; identity == NULL; nth++, failures++) {
        qv_memory_fail_at(nth);
        enum qv_status status =
            qv_identity_from_leaf(leaf.x509, QV_STR(FX_CLOUD), &identity, NULL, NULL);
        qv_memory_fail_at(0);
        assert_int_equal(status, identity != NULL ? QV_OK : QV_NO_MEMORY);
    }
    assert_true(failures > 5);
    qv_identity_free(&identity);
    fx_free(&leaf);
}

static void error_text_takes_the_url(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_identity_error_text(QV_STR("a " QV_IDENTITY_URL ", b"), QV_STR("U"), &text);
    assert_string_equal(text.at, "a U, b");
    qv_buf_truncate(&text, 0);
    qv_identity_error_text(QV_STR("nothing"), QV_STR("U"), &text);
    assert_string_equal(text.at, "nothing");
}

static void profiles(void **state)
{
    (void)state;
    assert_string_equal(qv_profile_name(QV_PROFILE_SYSTEM), "SYSTEM");
    assert_string_equal(qv_profile_name((enum qv_profile)99), "UNKNOWN");
    assert_int_equal(qv_profile_from_code(QV_STR("br")), QV_PROFILE_BROKER);
    assert_int_equal(qv_profile_from_code(QV_STR("")), QV_PROFILE_UNKNOWN);
    assert_int_equal(qv_profile_from_code(QV_STR("syx")), QV_PROFILE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(subjects),
        cmocka_unit_test(an_issuer_vouches_for_its_own_cloud_only),
        cmocka_unit_test(without_an_own_cloud_any_will_do),
        cmocka_unit_test(facts_of_a_certificate),
        cmocka_unit_test(facts_of_odd_certificates),
        cmocka_unit_test(own_cloud),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(error_text_takes_the_url),
        cmocka_unit_test(profiles),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

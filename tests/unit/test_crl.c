// links: trust
/*
 * CRLs: what is found in them, and every reason for which one is refused when it is loaded.
 */
#include "x509_fixture.h"
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/trust/crl.h>

static struct fx_pair ca, namesake, between; /* `between`: a CA below `ca` */
static struct fx_folder folder;
static X509_STORE *store;
static STACK_OF(X509) * cas;
static struct qv_wall now;

static int begin(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON); /* warnings are expected here */
    folder = fx_folder_make();
    ca = fx_cloud_ca();
    namesake = fx_cloud_ca();
    between = fx_ca("lower.company.arrowhead.eu", "lo", &ca);
    store = X509_STORE_new();
    cas = sk_X509_new_null();
    assert_int_equal(X509_STORE_add_cert(store, ca.x509), 1);
    assert_int_equal(X509_add_cert(cas, ca.x509, X509_ADD_FLAG_UP_REF), 1);
    now = (struct qv_wall){.seconds = time(NULL)};
    return 0;
}

static int end(void **state)
{
    (void)state;
    X509_STORE_free(store);
    sk_X509_pop_free(cas, X509_free);
    fx_free(&ca);
    fx_free(&namesake);
    fx_free(&between);
    fx_folder_remove(&folder);
    return 0;
}

static enum qv_status load(const char *const *names, struct qv_crls **ret_crls,
                           struct qv_strings *faults)
{
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    for (size_t i = 0; names[i] != NULL; i++)
        assert_int_equal(qv_strings_add(&files, qv_str_from(fx_path(&folder, names[i]))), QV_OK);
    enum qv_status status = qv_crls_load(&files, store, cas, NULL, now, ret_crls, faults);
    assert_int_equal(ERR_peek_error(), 0);
    return status;
}

static struct qv_crls *load_good(const char *const *names)
{
    struct qv_crls *crls = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(load(names, &crls, &faults), QV_OK);
    assert_int_equal(faults.count, 0);
    return crls;
}
#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct qv_serial serial_of(const char *hexadecimal)
{
    struct qv_serial serial;
    BIGNUM *number = NULL;
    assert_true(BN_hex2bn(&number, hexadecimal) > 0);
    X509 *x509 = X509_new();
    assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
    assert_int_equal(qv_serial_of_certificate(x509, &serial), QV_OK);
    X509_free(x509);
    BN_free(number);
    return serial;
}

static struct qv_crl_finding look_up(const struct qv_crls *crls, const struct fx_pair *issuer,
                                     const char *hexadecimal)
{
    struct qv_issuer_key issuer_key;
    struct qv_crl_finding finding;
    struct qv_serial serial = serial_of(hexadecimal);
    assert_int_equal(qv_issuer_key_of(issuer->x509, &issuer_key), QV_OK);
    assert_int_equal(qv_crls_look_up(crls, &issuer_key, &serial, now, &finding), QV_OK);
    return finding;
}

static void serials_are_found(void **state)
{
    (void)state;
    struct fx_crl spec = {
        .issuer = &ca,
        .serials = {"80", "05", "ffffffffffffffffffffffffffffffffffffffffffff", "0100", "-5", "00"},
        .reason = 1};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl"));
    assert_int_equal(qv_crls_count(crls), 1);
    assert_int_equal(qv_crls_serial_count(crls), 6);
    for (size_t i = 0; i < 6; i++) {
        struct qv_crl_finding finding = look_up(crls, &ca, spec.serials[i]);
        assert_int_equal(finding.answer, QV_CRL_REVOKED);
        assert_string_equal(finding.reason, i == 5 ? "key compromise" : "no reason given");
        assert_string_equal(finding.file, fx_path(&folder, "a.crl"));
    }
    static const char *const absent[] = {
        "01", "0500", "8000", "85", "-80", "fffffffffffffffffffffffffffffffffffffffffffe"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_int_equal(look_up(crls, &ca, absent[i]).answer, QV_CRL_GOOD);
}

static void a_namesake_is_another_issuer(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05"}};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl"));
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(crls, &namesake, "05").answer, QV_CRL_NONE);
    assert_int_equal(look_up(NULL, &ca, "05").answer, QV_CRL_NONE);
}

static void two_cas_of_one_name_each_have_their_crl(void **state)
{
    (void)state;
    assert_int_equal(X509_add_cert(cas, namesake.x509, X509_ADD_FLAG_UP_REF), 1);
    struct fx_crl first = {.issuer = &ca, .serials = {"05"}};
    struct fx_crl second = {.issuer = &namesake, .serials = {"06"}};
    fx_write_crl(&folder, "a.crl", "w", &first);
    fx_write_crl(&folder, "a.crl", "a", &second); /* both in one file */
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl"));
    assert_int_equal(qv_crls_count(crls), 2);
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(crls, &ca, "06").answer, QV_CRL_GOOD);
    assert_int_equal(look_up(crls, &namesake, "05").answer, QV_CRL_GOOD);
    assert_int_equal(look_up(crls, &namesake, "06").answer, QV_CRL_REVOKED);
    X509_free(sk_X509_pop(cas));
}

static void past_its_end_it_is_stale(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05"}, .begin = -2 * FX_DAY, .end = -FX_DAY};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *stale = load_good(FILES("a.crl"));
    assert_int_equal(look_up(stale, &ca, "05").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(stale, &ca, "06").answer, QV_CRL_STALE);
    spec.end = -1; /* no nextUpdate */
    fx_write_crl(&folder, "b.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *endless = load_good(FILES("b.crl"));
    assert_int_equal(look_up(endless, &ca, "06").answer, QV_CRL_GOOD);
}

static void the_newer_counts(void **state)
{
    (void)state;
    struct fx_crl old = {.issuer = &ca, .serials = {"05"}, .number = 255};
    struct fx_crl new = {.issuer = &ca, .serials = {"06"}, .number = 256};
    fx_write_crl(&folder, "a.crl", "w", &old);
    fx_write_crl(&folder, "b.crl", "w", &new);
    for (int order = 0; order < 2; order++) {
        QV_CLEANUP(qv_crls)
        struct qv_crls *crls =
            load_good(order == 0 ? FILES("a.crl", "b.crl") : FILES("b.crl", "a.crl"));
        assert_int_equal(qv_crls_count(crls), 1);
        assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_GOOD);
        assert_int_equal(look_up(crls, &ca, "06").answer, QV_CRL_REVOKED);
    }
    new.number = old.number = 0; /* then thisUpdate decides */
    new.begin = -3600;
    new.end = FX_DAY;
    fx_write_crl(&folder, "a.crl", "w", &old);
    fx_write_crl(&folder, "b.crl", "w", &new);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("b.crl", "a.crl"));
    assert_int_equal(look_up(crls, &ca, "06").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_GOOD);
}

static void crls_of_other_scopes_stand_side_by_side(void **state)
{
    (void)state;
    struct fx_crl users = {.issuer = &ca,
                           .serials = {"05"},
                           .critical_nid = NID_issuing_distribution_point,
                           .extension = "onlyuser:TRUE"};
    struct fx_crl authorities = {.issuer = &ca,
                                 .serials = {"06"},
                                 .critical_nid = NID_issuing_distribution_point,
                                 .extension = "onlyCA:TRUE"};
    fx_write_crl(&folder, "a.crl", "w", &users);
    fx_write_crl(&folder, "b.crl", "w", &authorities);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl", "b.crl"));
    assert_int_equal(qv_crls_count(crls), 2);
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(crls, &ca, "06").answer, QV_CRL_REVOKED);
}

static void der_is_read(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05"}};
    X509_CRL *crl = fx_crl(&spec);
    FILE *file = fx_open(&folder, "a.der", "w");
    assert_int_equal(i2d_X509_CRL_fp(file, crl), 1);
    assert_int_equal(fclose(file), 0);
    X509_CRL_free(crl);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.der"));
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_REVOKED);
}

static void a_ca_may_come_with_its_crl(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &between, .serials = {"05"}};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    fx_write_certificate(&folder, "a.crl", "a", between.x509);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl"));
    assert_int_equal(look_up(crls, &between, "05").answer, QV_CRL_REVOKED);
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_NONE);
}

static void each_ca_of_a_chain_has_its_own(void **state)
{
    (void)state;
    struct fx_pair lowest = fx_ca("lowest", "lo", &between);
    struct fx_crl of[] = {{.issuer = &lowest, .serials = {"05"}},
                          {.issuer = &between, .serials = {"06"}},
                          {.issuer = &ca, .serials = {"07"}}};
    /* only `ca` is trusted; who stands between vouches for who is below, in whichever order */
    fx_write_certificate(&folder, "a.crl", "w", lowest.x509);
    fx_write_crl(&folder, "a.crl", "a", &of[0]);
    fx_write_crl(&folder, "a.crl", "a", &of[1]);
    fx_write_certificate(&folder, "a.crl", "a", between.x509);
    fx_write_crl(&folder, "b.crl", "w", &of[2]);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl", "b.crl"));
    assert_int_equal(qv_crls_count(crls), 3);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(look_up(crls, of[i].issuer, of[k].serials[0]).answer,
                             i == k ? QV_CRL_REVOKED : QV_CRL_GOOD);
    fx_free(&lowest);
}

static void a_superseded_one_has_nothing_against_it(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05"}, .reason = 4};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *alone = load_good(FILES("a.crl"));
    assert_int_equal(look_up(alone, &ca, "05").answer, QV_CRL_REVOKED);
    assert_true(look_up(alone, &ca, "05").superseded);
    assert_string_equal(look_up(alone, &ca, "05").reason, "superseded");
    assert_false(look_up(alone, &ca, "06").superseded);

    /* where the same serial is held to be worse, that counts: within a CRL, and of another scope */
    X509_CRL *crl = fx_crl(&spec);
    fx_revoke(crl, "05", 1);
    assert_true(X509_CRL_sign(crl, ca.key, EVP_sha256()) > 0);
    FILE *file = fx_open(&folder, "a.crl", "w");
    assert_int_equal(PEM_write_X509_CRL(file, crl), 1);
    assert_int_equal(fclose(file), 0);
    X509_CRL_free(crl);
    QV_CLEANUP(qv_crls) struct qv_crls *twice = load_good(FILES("a.crl"));
    assert_string_equal(look_up(twice, &ca, "05").reason, "key compromise");
    assert_false(look_up(twice, &ca, "05").superseded);
    struct fx_crl other = {.issuer = &ca,
                           .serials = {"05"},
                           .reason = 1,
                           .critical_nid = NID_issuing_distribution_point,
                           .extension = "onlyuser:TRUE"};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    fx_write_crl(&folder, "b.crl", "w", &other);
    for (int order = 0; order < 2; order++) {
        QV_CLEANUP(qv_crls)
        struct qv_crls *both =
            load_good(order == 0 ? FILES("a.crl", "b.crl") : FILES("b.crl", "a.crl"));
        assert_string_equal(look_up(both, &ca, "05").reason, "key compromise");
        assert_false(look_up(both, &ca, "05").superseded);
    }
}

static void its_facts_are_told(void **state)
{
    (void)state;
    struct fx_crl spec = {
        .issuer = &ca, .serials = {"05", "06"}, .begin = -3600, .end = 3600, .number = 9};
    struct fx_crl endless = {.issuer = &between, .begin = -3600, .end = -1};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    fx_write_crl(&folder, "b.crl", "w", &endless);
    fx_write_certificate(&folder, "b.crl", "a", between.x509);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl", "b.crl"));
    struct qv_crl_facts facts;
    qv_crls_facts(crls, 0, &facts);
    assert_string_equal(facts.file, fx_path(&folder, "a.crl"));
    assert_string_equal(facts.issuer, "dnQualifier=lo,CN=" FX_CLOUD);
    assert_int_equal(facts.serials, 2);
    assert_true(facts.has_next_update);
    assert_int_equal(facts.next_update.seconds - facts.this_update.seconds, 7200);
    assert_in_range(facts.this_update.seconds, now.seconds - 3600, now.seconds - 3500);
    qv_crls_facts(crls, 1, &facts);
    assert_string_equal(facts.issuer, "dnQualifier=lo,CN=lower.company.arrowhead.eu");
    assert_int_equal(facts.serials, 0);
    assert_false(facts.has_next_update);
}

static void an_empty_one_is_good_for_all(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load_good(FILES("a.crl"));
    assert_int_equal(look_up(crls, &ca, "05").answer, QV_CRL_GOOD);
}

static void expect_fault(const char *file, const char *words)
{
    struct qv_crls *crls = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(load(FILES(file), &crls, &faults), QV_INVALID);
    assert_null(crls);
    assert_int_equal(faults.count, 1);
    assert_true(fx_any_contains(&faults, fx_path(&folder, file)));
    if (strstr(faults.at[0], words) == NULL)
        fail_msg("'%s' does not say '%s'", faults.at[0], words);
}

static void unfit_crls_are_refused(void **state)
{
    (void)state;
    struct fx_pair no_sign = fx_make(&(struct fx_spec){.cn = "nosign",
                                                       .dnq = "lo",
                                                       .bc = "critical,CA:TRUE",
                                                       .ku = "critical,keyCertSign",
                                                       .eku = FX_NONE});
    assert_int_equal(X509_add_cert(cas, no_sign.x509, X509_ADD_FLAG_UP_REF), 1);
    const struct {
        struct fx_crl spec;
        const char *words;
    } rows[] = {
        {{.issuer = &between}, "CN=lower.company.arrowhead.eu is not configured"},
        {{.issuer = &namesake}, "signature is not by the configured CA"},
        {{.issuer = &no_sign}, "cRLSign"},
        {{.issuer = &ca, .digest = EVP_sha1()}, "too weak"},
        {{.issuer = &ca, .critical_nid = NID_delta_crl, .extension = "DER:020101"}, "delta CRL"},
        {{.issuer = &ca,
          .critical_nid = NID_issuing_distribution_point,
          .extension = "indirectCRL:TRUE"},
         "indirect CRL"},
        {{.issuer = &ca,
          .critical_nid = NID_issuing_distribution_point,
          .extension = "onlyAA:TRUE"},
         "attribute certificates"},
        {{.issuer = &ca, .critical_nid = NID_netscape_comment, .extension = "DER:160178"},
         "critical extension"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fx_write_crl(&folder, "a.crl", "w", &rows[i].spec);
        expect_fault("a.crl", rows[i].words);
    }
    X509_free(sk_X509_pop(cas));
    fx_free(&no_sign);
}

static void a_stranger_cannot_bring_its_ca_along(void **state)
{
    (void)state;
    struct fx_pair stranger = fx_ca("stranger", "lo", NULL);
    struct fx_crl spec = {.issuer = &stranger, .serials = {"05"}};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    fx_write_certificate(&folder, "a.crl", "a", stranger.x509);
    expect_fault("a.crl", "not configured");
    fx_free(&stranger);
    /* nor a leaf pass for a CA */
    struct fx_pair leaf = fx_system(&ca, "a", "01");
    spec.issuer = &leaf;
    fx_write_crl(&folder, "a.crl", "w", &spec);
    fx_write_certificate(&folder, "a.crl", "a", leaf.x509);
    expect_fault("a.crl", "not configured");
    fx_free(&leaf);
}

static void unfit_files_are_refused(void **state)
{
    (void)state;
    expect_fault("absent.crl", "No such file");
    fx_write_text(&folder, "a.crl", "");
    expect_fault("a.crl", "no CRL");
    fx_write_text(&folder, "a.crl", "0 nonsense");
    expect_fault("a.crl", "no CRL");
    fx_write_certificate(&folder, "a.crl", "w", ca.x509);
    expect_fault("a.crl", "no CRL");
    fx_write_text(&folder, "a.crl", "-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n");
    expect_fault("a.crl", "damaged");
    fx_write_text(&folder, "a.crl", "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    expect_fault("a.crl", "malformed");
}

static void all_faults_are_told(void **state)
{
    (void)state;
    struct fx_crl good = {.issuer = &ca}, bad = {.issuer = &namesake};
    fx_write_crl(&folder, "a.crl", "w", &bad);
    fx_write_crl(&folder, "a.crl", "a", &good);
    fx_write_crl(&folder, "b.crl", "w", &bad);
    struct qv_crls *crls = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(load(FILES("a.crl", "absent.crl", "b.crl"), &crls, &faults), QV_INVALID);
    assert_int_equal(faults.count, 3);
    assert_null(crls);
}

/** Writes the DER, cut at `length` or with one octet changed, and loads it. */
static enum qv_status load_der(const unsigned char *der, size_t length)
{
    FILE *file = fx_open(&folder, "a.crl", "w");
    assert_true(fputs("-----BEGIN X509 CRL-----\n", file) >= 0);
    unsigned char text[100];
    for (size_t i = 0; i < length; i += 48) {
        int part = (int)(length - i < 48 ? length - i : 48);
        assert_true(EVP_EncodeBlock(text, der + i, part) > 0);
        assert_true(fprintf(file, "%s\n", (char *)text) > 0);
    }
    assert_true(fputs("-----END X509 CRL-----\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    QV_CLEANUP(qv_crls) struct qv_crls *crls = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    return load(FILES("a.crl"), &crls, &faults);
}

static void damaged_der_is_refused(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05", "06"}, .reason = 4, .number = 7};
    X509_CRL *crl = fx_crl(&spec);
    unsigned char *der = NULL;
    int length = i2d_X509_CRL(crl, &der);
    assert_true(length > 0);
    X509_CRL_free(crl);
    assert_int_equal(load_der(der, (size_t)length), QV_OK);
    for (int cut = 1; cut < length; cut++)
        assert_int_equal(load_der(der, (size_t)cut), QV_INVALID);
    for (int at = 0; at < length; at++) {
        unsigned char was = der[at];
        der[at] ^= 0x21;
        assert_int_equal(load_der(der, (size_t)length), QV_INVALID);
        der[at] = was;
    }
    OPENSSL_free(der);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .serials = {"05"}};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    assert_int_equal(qv_strings_add(&files, qv_str_from(fx_path(&folder, "a.crl"))), QV_OK);
    struct qv_crls *crls = NULL;
    size_t failures = 0;
    for (size_t nth = 1; crls == NULL; nth++, failures++) {
        QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = qv_crls_load(&files, store, cas, NULL, now, &crls, &faults);
        qv_memory_fail_at(0);
        assert_int_equal(status, crls != NULL ? QV_OK : QV_NO_MEMORY);
        assert_int_equal(faults.count, 0);
    }
    assert_true(failures > 3);
    qv_crls_free(&crls);
    qv_crls_free(&crls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_are_found),
        cmocka_unit_test(a_namesake_is_another_issuer),
        cmocka_unit_test(two_cas_of_one_name_each_have_their_crl),
        cmocka_unit_test(past_its_end_it_is_stale),
        cmocka_unit_test(the_newer_counts),
        cmocka_unit_test(crls_of_other_scopes_stand_side_by_side),
        cmocka_unit_test(der_is_read),
        cmocka_unit_test(a_ca_may_come_with_its_crl),
        cmocka_unit_test(each_ca_of_a_chain_has_its_own),
        cmocka_unit_test(a_superseded_one_has_nothing_against_it),
        cmocka_unit_test(its_facts_are_told),
        cmocka_unit_test(an_empty_one_is_good_for_all),
        cmocka_unit_test(unfit_crls_are_refused),
        cmocka_unit_test(a_stranger_cannot_bring_its_ca_along),
        cmocka_unit_test(unfit_files_are_refused),
        cmocka_unit_test(all_faults_are_told),
        cmocka_unit_test(damaged_der_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

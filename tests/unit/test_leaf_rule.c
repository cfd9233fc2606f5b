// links: identity
/*
 * The leaf rule, one row a rule: what is refused, by which of its halves and with which alert's
 * error, and what must pass (design 6).
 */
#include "x509_fixture.h"
#include <openssl/param_build.h>
#include <openssl/x509_vfy.h>
#include <quiver/identity/identity.h>

#define MALFORMED X509_V_ERR_CERT_REJECTED
#define UNFIT     X509_V_ERR_INVALID_PURPOSE

static struct fx_pair ca;

static int begin(void **state)
{
    (void)state;
    ca = fx_cloud_ca();
    return 0;
}

static int end(void **state)
{
    (void)state;
    fx_free(&ca);
    return 0;
}

typedef enum qv_status rule(X509 *leaf, int *ret_verify_error, struct qv_error *error);

static int ask(rule *asked, X509 *leaf)
{
    int verify_error = X509_V_OK;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = asked(leaf, &verify_error, &error);
    assert_int_equal(status, verify_error == X509_V_OK ? QV_OK : QV_DENIED);
    assert_true((verify_error != X509_V_OK) == (error.message != NULL));
    assert_int_equal(ERR_peek_error(), 0);
    return verify_error;
}

static void expect(struct fx_spec spec, int form, int use)
{
    spec.cn = "a." FX_CLOUD;
    spec.issuer = &ca;
    struct fx_pair made = fx_make(&spec);
    /* What the server sees came over the wire. */
    unsigned char *der = NULL;
    int length = i2d_X509(made.x509, &der);
    const unsigned char *at = der;
    X509 *leaf = d2i_X509(NULL, &at, length);
    assert_non_null(leaf);
    assert_int_equal(ask(qv_leaf_form, leaf), form);
    assert_int_equal(ask(qv_leaf_use, leaf), use);
    assert_int_equal(ask(qv_leaf_rule, leaf), form != X509_V_OK ? form : use);
    X509_free(leaf);
    OPENSSL_free(der);
    fx_free(&made);
}

static void passes(void **state)
{
    (void)state;
    static const struct fx_spec rows[] = {
        {.serial = NULL},
        {.eku = "clientAuth"},
        {.eku = "anyExtendedKeyUsage,clientAuth"},
        {.ku = "digitalSignature"},
        {.bc = FX_NONE},
        {.serial = "7fffffffffffffffffffffffffffffffffffffff"},
        {.key = "P-384"},
        {.key = "P-521"},
        {.key = "ED25519"},
        {.key = "ED448"},
        {.key = "RSA:2048"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i], X509_V_OK, X509_V_OK);
}

static void form_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct fx_spec spec;
        int use;
    } rows[] = {
        {{.version = 1}, UNFIT},
        {{.version = 2}, X509_V_OK},
        {{.serial = "-5"}, X509_V_OK},
        {{.serial = "0"}, X509_V_OK},
        {{.serial = "80ffffffffffffffffffffffffffffffffffffff"}, X509_V_OK},
        {{.serial = "01ffffffffffffffffffffffffffffffffffffffff"}, X509_V_OK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i].spec, MALFORMED, rows[i].use);
}

static void an_extension_twice_is_refused(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &ca, .extension_twice = true};
    struct fx_pair leaf = fx_make(&spec);
    assert_int_equal(ask(qv_leaf_form, leaf.x509), MALFORMED);
    assert_int_equal(ask(qv_leaf_rule, leaf.x509), MALFORMED);
    fx_free(&leaf);
}

static void an_unreadable_extension_is_refused(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &ca};
    struct fx_pair leaf = fx_make(&spec);
    ASN1_OCTET_STRING *noise = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(noise, (const unsigned char *)"noise", 5), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, noise);
    assert_int_equal(X509_add_ext(leaf.x509, extension, -1), 1);
    fx_sign(leaf.x509, ca.key, NULL);
    assert_int_equal(ask(qv_leaf_form, leaf.x509), MALFORMED);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(noise);
    fx_free(&leaf);
}

static void too_many_extensions_are_refused(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &ca};
    struct fx_pair leaf = fx_make(&spec);
    for (int i = 0; i < 65; i++) {
        char oid[32];
        (void)snprintf(oid, sizeof(oid), "1.3.6.1.4.1.99999.%d", i + 1);
        ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
        ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, data);
        assert_int_equal(X509_add_ext(leaf.x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(data);
        ASN1_OBJECT_free(object);
    }
    assert_int_equal(ask(qv_leaf_form, leaf.x509), MALFORMED);
    fx_free(&leaf);
}

static void use_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct fx_spec spec;
        int use;
    } rows[] = {
        {{.bc = "critical,CA:TRUE"}, UNFIT},
        {{.ku = "digitalSignature,keyCertSign"}, UNFIT},
        {{.ku = FX_NONE}, UNFIT},
        {{.ku = "keyEncipherment"}, UNFIT},
        {{.ku = "keyAgreement"}, UNFIT},
        {{.eku = FX_NONE}, UNFIT},
        {{.eku = "serverAuth"}, UNFIT},
        {{.eku = "anyExtendedKeyUsage"}, UNFIT},
        {{.eku = "codeSigning"}, UNFIT},
        {{.key = "RSA:1024"}, X509_V_ERR_EE_KEY_TOO_SMALL},
        {{.key = "P-224"}, UNFIT},
        {{.key = "secp256k1"}, UNFIT},
        {{.key = "brainpoolP256r1"}, UNFIT},
        {{.key = "DSA"}, UNFIT},
        {{.key = "explicit"}, X509_V_ERR_EC_KEY_EXPLICIT_PARAMS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(rows[i].spec, X509_V_OK, rows[i].use);
}

static void a_weak_signature_is_refused(void **state)
{
    (void)state;
    struct fx_spec spec = {.digest = EVP_sha1()};
    expect(spec, X509_V_OK, X509_V_ERR_CA_MD_TOO_WEAK);
}

static void a_key_that_proves_nothing_is_refused(void **state)
{
    (void)state;
    BIGNUM *one = NULL;
    assert_true(BN_dec2bn(&one, "1") > 0);
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &ca, .key = "RSA:2048"};
    struct fx_pair leaf = fx_make(&spec);
    BIGNUM *modulus = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(leaf.key, "n", &modulus), 1);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, "n", modulus), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, "e", one), 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *weak = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &weak, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    assert_int_equal(X509_set_pubkey(leaf.x509, weak), 1);
    assert_int_equal(ask(qv_leaf_use, leaf.x509), UNFIT);
    EVP_PKEY_free(weak);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(one);
    fx_free(&leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes),
        cmocka_unit_test(form_is_refused),
        cmocka_unit_test(an_extension_twice_is_refused),
        cmocka_unit_test(an_unreadable_extension_is_refused),
        cmocka_unit_test(too_many_extensions_are_refused),
        cmocka_unit_test(use_is_refused),
        cmocka_unit_test(a_weak_signature_is_refused),
        cmocka_unit_test(a_key_that_proves_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

// links: trust
/*
 * Paths as values: what is taken from a chain, and that only what was written is read.
 */
#include "x509_fixture.h"
#include <quiver/base/memory.h>
#include <quiver/trust/path.h>

static struct fx_pair master, organization, cloud, leaf;

static int begin(void **state)
{
    (void)state;
    master = fx_ca("arrowhead.eu", "ma", NULL);
    organization = fx_ca("company.arrowhead.eu", "or", &master);
    cloud = fx_cloud_ca();
    leaf = fx_system(&cloud, "a", "8000"); /* needs an octet for its sign */
    return 0;
}

static int end(void **state)
{
    (void)state;
    fx_free(&master);
    fx_free(&organization);
    fx_free(&cloud);
    fx_free(&leaf);
    return 0;
}

static STACK_OF(X509) * chain_of(X509 *const *certificates, size_t count)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    for (size_t i = 0; i < count; i++)
        assert_true(sk_X509_push(chain, certificates[i]) > 0);
    return chain;
}

static struct qv_path path_of(X509 *const *certificates, size_t count)
{
    STACK_OF(X509) *chain = chain_of(certificates, count);
    struct qv_path path;
    assert_int_equal(qv_path_of(chain, &path), QV_OK);
    sk_X509_free(chain);
    return path;
}

static void a_path_says_what_can_change(void **state)
{
    (void)state;
    struct fx_spec spec = {.cn = "a." FX_CLOUD, .issuer = &cloud, .begin = -50, .end = 500};
    struct fx_pair brief = fx_make(&spec);
    X509 *certificates[] = {brief.x509, cloud.x509, organization.x509};
    struct qv_path path = path_of(certificates, 3);
    assert_int_equal(path.count, 2);
    struct qv_issuer_key key;
    struct qv_serial serial;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(qv_issuer_key_of(certificates[i + 1], &key), QV_OK);
        assert_memory_equal(&path.links[i].issuer, &key, sizeof(key));
        assert_int_equal(qv_serial_of_certificate(certificates[i], &serial), QV_OK);
        assert_int_equal(qv_serial_compare(&path.links[i].serial, &serial), 0);
    }
    unsigned char digest[32];
    unsigned size = sizeof(digest);
    assert_int_equal(X509_digest(organization.x509, EVP_sha256(), digest, &size), 1);
    assert_memory_equal(path.anchor, digest, sizeof(digest));
    struct qv_wall first, last; /* the leaf's are the narrowest */
    assert_int_equal(qv_certificate_time(X509_get0_notBefore(brief.x509), &first), QV_OK);
    assert_int_equal(qv_certificate_time(X509_get0_notAfter(brief.x509), &last), QV_OK);
    assert_int_equal(qv_wall_compare(path.begin, first), 0);
    assert_int_equal(qv_wall_compare(path.end, last), 0);
    fx_free(&brief);
}

static void a_path_has_a_length(void **state)
{
    (void)state;
    X509 *long_one[QV_PATH_MAX + 2] = {leaf.x509};
    for (size_t i = 1; i < QV_PATH_MAX + 2; i++)
        long_one[i] = cloud.x509;
    assert_int_equal(path_of(long_one, QV_PATH_MAX + 1).count, QV_PATH_MAX);
    struct qv_path path = {.count = 5};
    static const size_t bad[] = {0, 1, QV_PATH_MAX + 2};
    for (size_t i = 0; i < 3; i++) {
        STACK_OF(X509) *chain = chain_of(long_one, bad[i]);
        assert_int_equal(qv_path_of(chain, &path), QV_INVALID);
        sk_X509_free(chain);
    }
    assert_int_equal(qv_path_of(NULL, &path), QV_INVALID);
    assert_int_equal(path.count, 5);
}

static void serials(void **state)
{
    (void)state;
    static const struct {
        const char *hexadecimal, *octets;
        size_t length;
    } rows[] = {
        {"1", "\x01", 1},
        {"0", "\x00", 1},
        {"7F", "\x7f", 1},
        {"80", "\x00\x80", 2},
        {"-1", "\xff", 1},
        {"-80", "\x80", 1},
        {"0102030405060708090A0B0C0D0E0F1011121314",
         "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14", 20},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx_pair pair = fx_system(&cloud, "a", rows[i].hexadecimal);
        struct qv_serial got, wanted;
        struct qv_str octets = {.at = rows[i].octets, .length = rows[i].length};
        assert_int_equal(qv_serial_of_certificate(pair.x509, &got), QV_OK);
        assert_int_equal(qv_serial_of(octets, &wanted), QV_OK);
        assert_int_equal(got.length, rows[i].length);
        assert_memory_equal(&got, &wanted, sizeof(got));
        fx_free(&pair);
    }
}

/** Of a serial that is too long a digest is compared; how long it is costs nothing. */
static void long_serials(void **state)
{
    (void)state;
    char text[2][201];
    struct qv_serial serials_[2];
    for (size_t i = 0; i < 2; i++) {
        memset(text[i], '7', 200);
        text[i][199] = i == 0 ? '7' : '6';
        text[i][200] = '\0';
        struct fx_pair pair = fx_system(&cloud, "a", text[i]);
        qv_memory_fail_at(1);
        assert_int_equal(qv_serial_of_certificate(pair.x509, &serials_[i]), QV_NO_MEMORY);
        qv_memory_fail_at(0);
        assert_int_equal(qv_serial_of_certificate(pair.x509, &serials_[i]), QV_OK);
        fx_free(&pair);
    }
    assert_int_not_equal(qv_serial_compare(&serials_[0], &serials_[1]), 0);
    assert_true(serials_[0].length > QV_SERIAL_OCTETS);
    serials_[1] = serials_[0];
    serials_[1].reason = 4;
    assert_int_equal(qv_serial_compare(&serials_[0], &serials_[1]), 0);
}

static void issuer_keys_as_text(void **state)
{
    (void)state;
    struct qv_issuer_key key;
    for (size_t i = 0; i < sizeof(key.digest); i++)
        key.digest[i] = (unsigned char)(0xff - i * 5);
    char text[QV_ISSUER_KEY_TEXT];
    qv_issuer_key_text(&key, text);
    QV_CLEANUP(qv_buf) struct qv_buf wanted = {0};
    qv_base64url_write(&wanted, key.digest, sizeof(key.digest));
    assert_string_equal(text, wanted.at);
    assert_non_null(strchr(text, '_')); /* where base64 has other letters */
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    X509 *certificates[] = {leaf.x509, cloud.x509, organization.x509, master.x509};
    struct qv_path paths[] = {path_of(certificates, 2), path_of(certificates, 4), {.count = 0}};
    paths[1].begin.seconds = -5; /* before 1970 */
    for (size_t i = 0; i < 3; i++) {
        QV_CLEANUP(qv_buf) struct qv_buf bytes = {0};
        qv_path_write(&paths[i], &bytes);
        struct qv_path read;
        memset(&read, 0x55, sizeof(read));
        assert_int_equal(qv_path_read(qv_buf_str(&bytes), &read), QV_OK);
        assert_memory_equal(&read, &paths[i], sizeof(read));
    }
}

static void nothing_else_is_read(void **state)
{
    (void)state;
    X509 *certificates[] = {leaf.x509, cloud.x509, organization.x509};
    struct qv_path path = path_of(certificates, 3), untouched = {.count = 9};
    QV_CLEANUP(qv_buf) struct qv_buf bytes = {0};
    qv_path_write(&path, &bytes);
    for (size_t length = 0; length < bytes.length; length++)
        assert_int_equal(
            qv_path_read((struct qv_str){.at = bytes.at, .length = length}, &untouched),
            QV_INVALID);
    static const struct {
        size_t at;
        unsigned char value;
    } rows[] = {
        {0, 2},               /* another version */
        {1, 1},               /* fewer links than there are */
        {1, QV_PATH_MAX + 1}, /* more than there may be */
        {2 + 32, 21},         /* a serial longer than its room */
        {2 + 32 + 20, 1},     /* octets behind the serial's end */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char before = bytes.at[rows[i].at];
        bytes.at[rows[i].at] = (char)rows[i].value;
        assert_int_equal(qv_path_read(qv_buf_str(&bytes), &untouched), QV_INVALID);
        bytes.at[rows[i].at] = before;
    }
    qv_buf_put_char(&bytes, '\0');
    assert_int_equal(qv_path_read(qv_buf_str(&bytes), &untouched), QV_INVALID);
    assert_int_equal(untouched.count, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_what_can_change),
        cmocka_unit_test(a_path_has_a_length),
        cmocka_unit_test(serials),
        cmocka_unit_test(long_serials),
        cmocka_unit_test(issuer_keys_as_text),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(nothing_else_is_read),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

// links: base
/*
 * Digests by known answers (FIPS 180-4's examples), hexadecimal, base64url (RFC 4648), tokens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/hash.h>
#include <string.h>

static void sha256(void **state)
{
    (void)state;
    unsigned char digest[QV_SHA256_SIZE];
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    assert_int_equal(qv_sha256(QV_STR("abc"), digest), QV_OK);
    qv_hex_write(&text, digest, sizeof(digest));
    assert_string_equal(text.at,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(qv_sha256(qv_str_from(NULL), digest), QV_OK);
    qv_buf_truncate(&text, 0);
    qv_hex_write(&text, digest, sizeof(digest));
    assert_string_equal(text.at,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void base64url(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xFE", "-__-"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf text = {0};
        qv_base64url_write(&text, (const unsigned char *)rows[i].bytes, strlen(rows[i].bytes));
        assert_true(qv_str_equal(qv_buf_str(&text), qv_str_from(rows[i].text)));
    }
}

static void tokens_differ(void **state)
{
    (void)state;
    char first[17], second[17];
    assert_int_equal(qv_random_token(first), QV_OK);
    assert_int_equal(qv_random_token(second), QV_OK);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    assert_int_equal(strlen(second), 16);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256),
        cmocka_unit_test(base64url),
        cmocka_unit_test(tokens_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

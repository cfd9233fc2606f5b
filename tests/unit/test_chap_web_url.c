// links: domain
/*
 * Web addresses of CHAP registrations (spec/chap-registration B1.4, B1.6): how they are stored, and
 * what is none.
 */
#include "domain_fixture.h"

#include "../../src/domain/chap_web_url.h"

static const struct {
    const char *text, *normal;
} good[] = {
    {"https://example.org/a/b?x=1#top", "https://example.org/a/b?x=1#top"},
    {"HTTPS://Example.COM", "https://example.com/"},
    {"https://example.org?x", "https://example.org/?x"},
    {"https://example.org#x", "https://example.org/#x"},
    {"https://example.org/?#", "https://example.org/?#"},
    /* host and port */
    {"http://h:80", "http://h/"},
    {"https://h:443/", "https://h/"},
    {"https://h:80", "https://h:80/"},
    {"http://h:8080", "http://h:8080/"},
    {"http://h:0080/", "http://h/"},
    {"http://h:", "http://h/"},
    {"http://h:65535", "http://h:65535/"},
    {"http://a_b-.c~d!", "http://a_b-.c~d!/"},
    {"http://example.org./", "http://example.org./"},
    {"http://xn--mnchen-3ya.de", "http://xn--mnchen-3ya.de/"},
    {"http://127.0.0.1:8000", "http://127.0.0.1:8000/"},
    {"http://a.0xg", "http://a.0xg/"},
    {"http://[::1]:80/", "http://[::1]/"},
    {"http://[2001:DB8:0:0:1::1]:8080", "http://[2001:db8::1:0:0:1]:8080/"},
    {"http://[1:0:0:2:0:0:0:3]/", "http://[1:0:0:2::3]/"},
    {"http://[1:0:2:3:4:5:6:7]/", "http://[1:0:2:3:4:5:6:7]/"},
    {"http://[1::]/", "http://[1::]/"},
    {"http://[::]/", "http://[::]/"},
    {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
    /* user */
    {"http://u:p@h/", "http://u:p@h/"},
    {"http://u:@h/", "http://u@h/"},
    {"http://:p@h/", "http://:p@h/"},
    {"http://:@h", "http://h/"},
    {"http://@h/", "http://h/"},
    {"http://a:b@c:d@e", "http://a:b%40c%3Ad@e/"},
    {"http://u;=[]^|'\"<>`{}$&!()*+,~%zz@h/",
     "http://u%3B%3D%5B%5D%5E%7C'%22%3C%3E%60%7B%7D$&!()*+,~%zz@h/"},
    /* what is percent-encoded where */
    {"http://h/a b?c d#e f", "http://h/a%20b?c%20d#e%20f"},
    {"http://h/%7e%zz%", "http://h/%7e%zz%"},
    {"http://h/\xC3\xBC?\xC3\xBC#\xC3\xBC", "http://h/%C3%BC?%C3%BC#%C3%BC"},
    {"http://h/\"<>`{}|^[]'?\"<>`{}|^[]\\'#\"<>`{}|^[]\\'",
     "http://h/%22%3C%3E%60%7B%7D|^[]'?%22%3C%3E`{}|^[]\\%27#%22%3C%3E%60{}|^[]\\'"},
    {"http://h/a\x01"
     "b\x7F",
     "http://h/a%01b%7F"},
    /* dot segments */
    {"http://h/a/./b/../c", "http://h/a/c"},
    {"http://h/..", "http://h/"},
    {"http://h/../../x", "http://h/x"},
    {"http://h/a/..", "http://h/"},
    {"http://h/a/b/../", "http://h/a/"},
    {"http://h/a/.", "http://h/a/"},
    {"http://h/a/%2E%2e/.%2e/%2e/x", "http://h/x"},
    {"http://h/a//..", "http://h/a/"},
    {"http://h//a//b", "http://h//a//b"},
    {"http://h/...", "http://h/..."},
    {"http://h/a?/../b#/../c", "http://h/a?/../b#/../c"},
    /* what browsers forgive */
    {"http:example.org", "http://example.org/"},
    {"http:/example.org", "http://example.org/"},
    {"http:////example.org", "http://example.org/"},
    {"http:\\\\example.org\\x\\..\\y", "http://example.org/y"},
    {" \x01http://ex\tam\nple.org/ \n", "http://example.org/"},
};

static const struct {
    const char *text;
    enum qv_chap_fault fault;
    const char *detail;
} bad[] = {
    {"", QV_CHAP_FAULT_URL_PARSING, "input is empty"},
    {" ", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"notaurl", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"/path", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"//h/path", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"://x", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"1h:80", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"\xC2\xA0http://h", QV_CHAP_FAULT_URL_PARSING, "relative URL without a base"},
    {"http://", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"https:///", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"http://?x", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"http://:80", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"http://u@:x", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"http://::1/", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"ftp://", QV_CHAP_FAULT_URL_PARSING, "empty host"},
    {"http://h:99999", QV_CHAP_FAULT_URL_PARSING, "invalid port number"},
    {"http://h:x/", QV_CHAP_FAULT_URL_PARSING, "invalid port number"},
    {"http://h:-1", QV_CHAP_FAULT_URL_PARSING, "invalid port number"},
    {"http://h:80:80", QV_CHAP_FAULT_URL_PARSING, "invalid port number"},
    {"ftp://h:x", QV_CHAP_FAULT_URL_PARSING, "invalid port number"},
    {"http://a b/", QV_CHAP_FAULT_URL_PARSING, "invalid international domain name"},
    {"http://a<b", QV_CHAP_FAULT_URL_PARSING, "invalid international domain name"},
    {"http://a]b", QV_CHAP_FAULT_URL_PARSING, "invalid international domain name"},
    {"http://a%41", QV_CHAP_FAULT_URL_PARSING, "invalid international domain name"},
    {"http://m\xC3\xBCnchen.example", QV_CHAP_FAULT_URL_PARSING,
     "invalid international domain name"},
    {"http://[::1", QV_CHAP_FAULT_URL_PARSING, "invalid IPv6 address"},
    {"http://[::1]x/", QV_CHAP_FAULT_URL_PARSING, "invalid IPv6 address"},
    {"http://[]/", QV_CHAP_FAULT_URL_PARSING, "invalid IPv6 address"},
    {"http://[::1%25eth0]/", QV_CHAP_FAULT_URL_PARSING, "invalid IPv6 address"},
    {"http://1.2.3.256", QV_CHAP_FAULT_URL_PARSING, "invalid IPv4 address"},
    {"http://1.2.3.4.5", QV_CHAP_FAULT_URL_PARSING, "invalid IPv4 address"},
    {"http://a.1", QV_CHAP_FAULT_URL_PARSING, "invalid IPv4 address"},
    {"http://0x7f.1", QV_CHAP_FAULT_URL_PARSING, "invalid IPv4 address"},
    {"ftp://a.b", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"wss://a.b/c", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"file:///x", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"mailto:a@b.c", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"javascript:alert(1)", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"localhost:8080", QV_CHAP_FAULT_URL_SCHEME, NULL},
    {"http+unix://x", QV_CHAP_FAULT_URL_SCHEME, NULL},
};

static void assert_good(const char *text, const char *normal)
{
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    const char *detail;
    enum qv_chap_fault fault = qv_chap_web_url_read(qv_str_from(text), &written, &detail);
    if (fault != QV_CHAP_FAULT_NONE)
        fail_msg("%s: fault %d, %s", text, fault, detail != NULL ? detail : "");
    assert_string_equal(written.at, normal);
}

static void test_good_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_good(good[i].text, good[i].normal);
        assert_good(good[i].normal, good[i].normal);
    }
}

static void test_bad_urls_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf written = {0};
        const char *detail = "not set";
        enum qv_chap_fault fault =
            qv_chap_web_url_read(qv_str_from(bad[i].text), &written, &detail);
        if (fault != bad[i].fault)
            fail_msg("%s: fault %d", bad[i].text, fault);
        if (bad[i].detail == NULL)
            assert_null(detail);
        else
            assert_string_equal(detail, bad[i].detail);
    }
}

static void test_nul_is_a_control_like_others(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf written = {0};
    const char *detail;
    assert_int_equal(qv_chap_web_url_read(QV_STR("http://h/\0x?\0y#\0z\0"), &written, &detail),
                     QV_CHAP_FAULT_NONE);
    assert_string_equal(written.at, "http://h/%00x?%00y#%00z");
    assert_int_equal(qv_chap_web_url_read(QV_STR("http://h\0.1/"), &written, &detail),
                     QV_CHAP_FAULT_URL_PARSING);
    assert_string_equal(detail, "invalid international domain name");
    assert_int_equal(qv_chap_web_url_read(QV_STR("ht\0tp://h"), &written, &detail),
                     QV_CHAP_FAULT_URL_PARSING);
    assert_int_equal(qv_chap_web_url_read(QV_STR("http://[::1\0]/"), &written, &detail),
                     QV_CHAP_FAULT_URL_PARSING);
    assert_string_equal(detail, "invalid IPv6 address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_urls),
        cmocka_unit_test(test_bad_urls_say_why),
        cmocka_unit_test(test_nul_is_a_control_like_others),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

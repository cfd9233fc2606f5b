// links: domain
/*
 * Addresses: canonical form, type, and which may be registered (spec 4.6, section 11.8).
 */
#include "domain_fixture.h"

static void types_have_names(void **state)
{
    (void)state;
    static const struct {
        enum qv_address_type type;
        const char *name, *written;
    } types[] = {
        {QV_ADDRESS_HOSTNAME, "HOSTNAME", "hostname"},
        {QV_ADDRESS_IPV4, "IPV4", "IPv4"},
        {QV_ADDRESS_IPV6, "IPV6", "IPV6"},
        {QV_ADDRESS_MAC, "MAC", "Mac"},
    };
    enum qv_address_type type = QV_ADDRESS_MAC;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        assert_string_equal(qv_address_type_name(types[i].type), types[i].name);
        assert_int_equal(qv_address_type_parse(qv_str_from(types[i].written), &type), QV_OK);
        assert_int_equal(type, types[i].type);
    }
    assert_int_equal(qv_address_type_parse(QV_STR(" IPV4"), &type), QV_INVALID);
    assert_int_equal(qv_address_type_parse(QV_STR(""), &type), QV_INVALID);
    assert_int_equal(qv_address_type_parse(QV_STR("IPv5"), &type), QV_INVALID);
}

static const struct {
    const char *raw, *normalized;
    enum qv_address_type type;
} forms[] = {
    /* MAC */
    {"81:ef:1a:44:7a:f5", "81:ef:1a:44:7a:f5", QV_ADDRESS_MAC},
    {" 81-EF-1A-44-7A-F5 ", "81:ef:1a:44:7a:f5", QV_ADDRESS_MAC},
    {"81ef.1a44.7AF5", "81:ef:1a:44:7a:f5", QV_ADDRESS_MAC},
    {"81:ef:1a:44:7a", "81:ef:1a:44:7a", QV_ADDRESS_HOSTNAME},
    {"81:ef:1a:44:7a:fg", "81:ef:1a:44:7a:fg", QV_ADDRESS_HOSTNAME},
    {"8:ef:1a:44:7a:f5", "8:ef:1a:44:7a:f5", QV_ADDRESS_HOSTNAME},
    {"81-ef:1a-44:7a-f5", "81-ef:1a-44:7a-f5", QV_ADDRESS_HOSTNAME},
    /* host names that the reference takes for a MAC (Q15) */
    {"srv1.lab.local", "srv1.lab.local", QV_ADDRESS_HOSTNAME},
    {"srv1.labs.lan1", "srv1.labs.lan1", QV_ADDRESS_HOSTNAME},
    {"ab-cd-ef-gh-ij-kl", "ab-cd-ef-gh-ij-kl", QV_ADDRESS_HOSTNAME},
    {"abc.abcde.beef", "abc.abcde.beef", QV_ADDRESS_HOSTNAME},
    /* IPv4 */
    {" 192.168.1.1 ", "192.168.1.1", QV_ADDRESS_IPV4},
    {"010.001.000.255", "010.001.000.255", QV_ADDRESS_IPV4},
    {"0192.168.1.1", "0192.168.1.1", QV_ADDRESS_HOSTNAME},
    {"256.1.1.1", "256.1.1.1", QV_ADDRESS_HOSTNAME},
    {"1.2.3", "1.2.3", QV_ADDRESS_HOSTNAME},
    {"1.2.3.4.5", "1.2.3.4.5", QV_ADDRESS_HOSTNAME},
    {"1.2.3.", "1.2.3.", QV_ADDRESS_HOSTNAME},
    /* IPv6 */
    {"::", "0000:0000:0000:0000:0000:0000:0000:0000", QV_ADDRESS_IPV6},
    {"::1", "0000:0000:0000:0000:0000:0000:0000:0001", QV_ADDRESS_IPV6},
    {"fd00::", "fd00:0000:0000:0000:0000:0000:0000:0000", QV_ADDRESS_IPV6},
    {"2001:db8::8:800:200C:417A", "2001:0db8:0000:0000:0008:0800:200c:417a", QV_ADDRESS_IPV6},
    {"1:2:3:4:5:6:7:8", "0001:0002:0003:0004:0005:0006:0007:0008", QV_ADDRESS_IPV6},
    {"1:2:3:4:5:6:7::", "0001:0002:0003:0004:0005:0006:0007:0000", QV_ADDRESS_IPV6}, /* Q16 */
    {"::2:3:4:5:6:7:8", "0000:0002:0003:0004:0005:0006:0007:0008", QV_ADDRESS_IPV6}, /* Q16 */
    {"1:2:3::5:6:7:8", "0001:0002:0003:0000:0005:0006:0007:0008", QV_ADDRESS_IPV6},
    {"::ffff:1.2.3.4", "0000:0000:0000:0000:0000:ffff:0102:0304", QV_ADDRESS_IPV6},
    {"::ffff:01.002.3.4", "0000:0000:0000:0000:0000:ffff:0102:0304", QV_ADDRESS_IPV6},
    {"1:2:3:4:5:6:1.2.3.4", "0001:0002:0003:0004:0005:0006:0102:0304", QV_ADDRESS_IPV6},
    {"64:ff9b::192.0.2.33", "0064:ff9b:0000:0000:0000:0000:c000:0221", QV_ADDRESS_IPV6},
    {"1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", QV_ADDRESS_HOSTNAME},
    {"::1.2.3", "::1.2.3", QV_ADDRESS_HOSTNAME},
    {"::1.2.3.4:5", "::1.2.3.4:5", QV_ADDRESS_HOSTNAME},
    {"1::2::3", "1::2::3", QV_ADDRESS_HOSTNAME},
    {":::", ":::", QV_ADDRESS_HOSTNAME},
    {"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9", QV_ADDRESS_HOSTNAME},
    {"1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8::", QV_ADDRESS_HOSTNAME},
    {"1:2:3:4:5:6:7", "1:2:3:4:5:6:7", QV_ADDRESS_HOSTNAME},
    /* misspelt IPv6, told as the reference tells it */
    {"00001::", "00001:0000:0000:0000:0000:0000:0000:0000", QV_ADDRESS_HOSTNAME},
    {"::00001", "0000:0000:0000:0000:0000:0000:0000:00001", QV_ADDRESS_HOSTNAME},
    {"12345::1", "12345:0000:0000:0000:0000:0000:0000:0001", QV_ADDRESS_HOSTNAME},
    {"G::1", "000g:0000:0000:0000:0000:0000:0000:0001", QV_ADDRESS_HOSTNAME},
    {"1:2:3:4:5:6:7:x", "0001:0002:0003:0004:0005:0006:0007:000x", QV_ADDRESS_HOSTNAME},
    {"fe80::1%eth0", "fe80:0000:0000:0000:0000:0000:0000:1%eth0", QV_ADDRESS_HOSTNAME},
    {"[::1]", "000[:0000:0000:0000:0000:0000:0000:001]", QV_ADDRESS_HOSTNAME},
    {"1::2:3:4:5:6:x", "0001:0000:0002:0003:0004:0005:0006:000x", QV_ADDRESS_HOSTNAME},
    {":1::x", ":1::x", QV_ADDRESS_HOSTNAME},
    {"::x::", "::x::", QV_ADDRESS_HOSTNAME},
    {"1:::x", "1:::x", QV_ADDRESS_HOSTNAME},
    {":1:2:3:4:5:6:7", ":1:2:3:4:5:6:7", QV_ADDRESS_HOSTNAME},
    {"1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:", QV_ADDRESS_HOSTNAME},
    {"1:2:3:::6:7", "1:2:3:::6:7", QV_ADDRESS_HOSTNAME},
    {"x::1:", "x::1:", QV_ADDRESS_HOSTNAME},
    {"x:", "x:", QV_ADDRESS_HOSTNAME},
    {":", ":", QV_ADDRESS_HOSTNAME},
    {"x::1.2.3", "x::1.2.3", QV_ADDRESS_HOSTNAME},
    {"0000:0000:0000:0000:0000:0000:0000:00000000:0000:0000",
     "0000:0000:0000:0000:0000:0000:0000:00000000:0000:0000", QV_ADDRESS_HOSTNAME},
    /* host names */
    {"TP2.Greenhouse.COM", "tp2.greenhouse.com", QV_ADDRESS_HOSTNAME},
    {"localhost", "localhost", QV_ADDRESS_HOSTNAME},
    {"", "", QV_ADDRESS_HOSTNAME},
};

static void addresses_get_their_canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf once = {0};
        QV_CLEANUP(qv_buf) struct qv_buf twice = {0};
        qv_address_normalize(qv_str_from(forms[i].raw), &once);
        assert_true(qv_str_equal(qv_buf_str(&once), qv_str_from(forms[i].normalized)));
        qv_address_normalize(qv_buf_str(&once), &twice);
        assert_true(qv_str_equal(qv_buf_str(&once), qv_buf_str(&twice)));
    }
}

static void addresses_have_a_type_however_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert_int_equal(qv_address_detect(qv_str_from(forms[i].normalized)), forms[i].type);
        assert_int_equal(qv_address_detect(qv_str_from(forms[i].raw)), forms[i].type);
    }
}

static void addresses_end_at_their_length(void **state)
{
    (void)state;
    struct qv_str address = {.at = "1.2.3.45", .length = 7};
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_address_normalize(address, &buf);
    assert_string_equal(buf.at, "1.2.3.4");
    assert_int_equal(qv_address_detect((struct qv_str){.at = "::1\0::", .length = 6}),
                     QV_ADDRESS_HOSTNAME);
}

#define ONE_IS  "0000:0000:0000:0000:0000:0000:0000:0001"
#define ZERO_IS "0000:0000:0000:0000:0000:0000:0000:0000"
#define X50     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *raw;
    enum qv_address_type type; /**< 0: the one it has */
    bool strict;               /**< own and not routable addresses are not allowed */
    const char *fault;         /**< behind "Address verification failure: "; NULL: none */
} checks[] = {
    {"81:ef:1a:44:7a:f5", 0, true, NULL},
    {"ff:ff:ff:ff:ff:ff", 0, false,
     "ff:ff:ff:ff:ff:ff MAC address is invalid: broadcast address is denied"},
    {"01-00-5E-00-00-01", 0, false,
     "01:00:5e:00:00:01 MAC address is invalid: multicast address is denied"},
    {"33:33:00:00:00:01", 0, false,
     "33:33:00:00:00:01 MAC address is invalid: multicast address is denied"},
    {"10.0.0.1", QV_ADDRESS_MAC, false, "10.0.0.1 is not MAC address"},

    {"10.0.0.1", 0, true, NULL},
    {"192.168.1.1", 0, true, NULL},
    {"127.0.0.1", 0, false, NULL},
    {"127.9.9.9", 0, true, "127.9.9.9 IPv4 address is invalid: self-addressing is disabled"},
    {"169.254.1.1", 0, false, NULL},
    {"169.254.1.1", 0, true,
     "169.254.1.1 IPv4 address is invalid: non-routable-addressing is disabled"},
    {"0.0.0.0", 0, false, "0.0.0.0 IPv4 address is invalid: placeholder address is denied"},
    {"000.000.000.000", 0, true, NULL}, /* judged as written */
    {"255.255.255.255", 0, false,
     "255.255.255.255 IPv4 address is invalid: local broadcast address is denied"},
    {"223.255.255.255", 0, false, NULL},
    {"224.0.0.1", 0, false, "224.0.0.1 IPv4 address is invalid: multicast addresses are denied"},
    {"239.255.255.255", 0, false,
     "239.255.255.255 IPv4 address is invalid: multicast addresses are denied"},
    {"240.0.0.1", 0, false, NULL},
    {"::1", QV_ADDRESS_IPV4, false, ONE_IS " is not IPv4 address"},

    {"::1", 0, false, NULL},
    {"::1", 0, true, ONE_IS " IPv6 address is invalid: self-addressing is disabled"},
    {"::ffff:127.0.0.1", 0, false, NULL},
    {"::ffff:127.0.0.1", 0, true,
     "0000:0000:0000:0000:0000:ffff:7f00:0001 IPv6 address is invalid: self-addressing is "
     "disabled"},
    {"::ffff:128.0.0.1", 0, true, NULL},
    {"fe80::1", 0, false, NULL},
    {"fe80::1", 0, true,
     "fe80:0000:0000:0000:0000:0000:0000:0001 IPv6 address is invalid: non-routable-addressing is "
     "disabled"},
    {"fe81::1", 0, true, NULL},
    {"::", 0, false, ZERO_IS " IPv6 address is invalid: unspecified address is denied"},
    {"ff02::1", 0, false,
     "ff02:0000:0000:0000:0000:0000:0000:0001 IPv6 address is invalid: multicast addresses are "
     "denied"},
    {"host", QV_ADDRESS_IPV6, false, "host is not IPv6 address"},

    {"tp2.greenhouse.com", 0, true, NULL},
    {"a", 0, true, NULL},
    {"1a.2.3", 0, true, NULL},
    {"10.host", 0, true, NULL},
    {"1-2", 0, true, NULL},
    {"LocalHost", 0, false, NULL},
    {"LocalHost", 0, true, "localhost hostname is invalid: self-addressing is disabled"},
    {"loopback", 0, true, "loopback hostname is invalid: self-addressing is disabled"},
    {"bad_host", 0, false, "bad_host is not a hostname"},
    {"-a.example", 0, false, "-a.example is not a hostname"},
    {"a-.example", 0, false, "a-.example is not a hostname"},
    {"a..example", 0, false, "a..example is not a hostname"},
    {"a.example.", 0, false, "a.example. is not a hostname"},
    {"10.0.0.0/8", 0, false, "10.0.0.0/8 is not a hostname"},
    {"1.2.3.4:80", 0, false, "1.2.3.4:80 is not a hostname"},
    {"", 0, false, " is not a hostname"},
    {"256.1.1.1", 0, false, "256.1.1.1 is not a hostname"}, /* Q16 */
    {"1.2.3", 0, false, "1.2.3 is not a hostname"},
    {"123", 0, false, "123 is not a hostname"},
    {"h\xc5\x91st", 0, false, "h\xc5\x91st is not a hostname"},
    {X50 "xxxxxxxxxxxxx", 0, false, NULL}, /* a label of 63 */
    {X50 "xxxxxxxxxxxxxx", 0, false, X50 "xxxxxxxxxxxxxx is not a hostname"},
};

static void only_good_addresses_are_let_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        struct qv_rules rules = fixture_rules();
        rules.self_addressing = rules.non_routable_addressing = !checks[i].strict;
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        qv_address_normalize(qv_str_from(checks[i].raw), &buf);
        enum qv_address_type type =
            checks[i].type != 0 ? checks[i].type : qv_address_detect(qv_buf_str(&buf));
        enum qv_status status = qv_address_check(&rules, type, qv_buf_str(&buf), &error);
        if (checks[i].fault == NULL) {
            assert_int_equal(status, QV_OK);
            continue;
        }
        char words[512];
        snprintf(words, sizeof(words), "Address verification failure: %s", checks[i].fault);
        assert_int_equal(status, QV_INVALID);
        assert_string_equal(qv_error_message(&error), words);
    }
}

/* 253 characters are a host name, 254 are too many. */
static void hostnames_have_a_length(void **state)
{
    (void)state;
    struct qv_rules rules = fixture_rules();
    char name[255];
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 50 == 49 ? '.' : 'x';
    struct qv_str address = {.at = name, .length = 253};
    assert_int_equal(qv_address_check(&rules, QV_ADDRESS_HOSTNAME, address, NULL), QV_OK);
    address.length = 254;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_address_check(&rules, QV_ADDRESS_HOSTNAME, address, &error), QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), " hostname is invalid: max length is 253"));
}

/* In dialect 5.2 a name's first label has a letter, and no address is longer than 1024. */
static void the_other_dialect_refuses_more(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool good;
    } names[] = {
        {"a1.2.3", true},   {"1a", true},     {"1-a.example", true}, {"host.10", true},
        {"10.host", false}, {"1-2", false},   {"256.1.1.1", false},  {"123", false},
        {"1-2.a", false},   {"bad_h", false},
    };
    struct qv_rules rules = fixture_rules_5_2();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        enum qv_status status =
            qv_address_check(&rules, QV_ADDRESS_HOSTNAME, qv_str_from(names[i].name), &error);
        if (status != (names[i].good ? QV_OK : QV_INVALID))
            fail_msg("%s: %s", names[i].name, qv_error_message(&error));
        char words[128];
        snprintf(words, sizeof(words), "Address verification failure: %s is not a hostname",
                 names[i].name);
        if (!names[i].good)
            assert_string_equal(qv_error_message(&error), words);
    }
    char text[1025];
    memset(text, 'a', sizeof(text));
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    struct qv_str address = {.at = text, .length = sizeof(text)};
    assert_int_equal(qv_address_check(&rules, QV_ADDRESS_HOSTNAME, address, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error), "Address is too long");
    address.length--;
    assert_int_equal(qv_address_check(&rules, QV_ADDRESS_HOSTNAME, address, &error), QV_INVALID);
    assert_non_null(strstr(qv_error_message(&error), "max length is 253"));
}

static void normalizing_without_memory_fails(void **state)
{
    (void)state;
    struct qv_buf buf = {0};
    qv_memory_fail_at(1);
    qv_address_normalize(QV_STR("1.2.3.4"), &buf);
    qv_memory_fail_at(0);
    assert_int_equal(qv_buf_status(&buf), QV_NO_MEMORY);
    qv_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(addresses_get_their_canonical_form),
        cmocka_unit_test(addresses_have_a_type_however_written),
        cmocka_unit_test(addresses_end_at_their_length),
        cmocka_unit_test(only_good_addresses_are_let_in),
        cmocka_unit_test(hostnames_have_a_length),
        cmocka_unit_test(the_other_dialect_refuses_more),
        cmocka_unit_test(normalizing_without_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

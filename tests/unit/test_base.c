// links: server
/*
 * Which Host headers name this server: by its certificate, by chap.hosts, by its own address.
 */
#include "../../src/server/base.h"

#include "x509_fixture.h"

#include <arpa/inet.h>

static struct fx_pair own;

static struct in6_addr address(const char *text)
{
    struct in6_addr made = {0};
    char mapped[64];
    snprintf(mapped, sizeof(mapped), strchr(text, ':') == NULL ? "::ffff:%s" : "%s", text);
    assert_int_equal(inet_pton(AF_INET6, mapped, &made), 1);
    return made;
}

static void expect(const struct qv_names *names, const char *authority, bool expected)
{
    if (qv_names_has(names, qv_str_from(authority)) != expected)
        fail_msg("'%s' is %staken", authority, expected ? "not " : "");
}

static void a_certificate_names(void **state)
{
    (void)state;
    const struct qv_names names = {.certificate = own.x509, .local = address("192.0.2.1")};
    static const char *const good[] = {
        "registry.example", "registry.example:8444", "REGISTRY.Example",     "10.0.0.5",
        "10.0.0.5:1",       "[2001:db8::5]",         "[2001:DB8:0::5]:8444", "a.cloud.example",
        "192.0.2.1",        "192.0.2.1:9", /* that is where the client is connected to */
    };
    static const char *const bad[] = {
        "",
        "other.example",
        "registry.example.evil",
        "xregistry.example",
        "serviceregistry.testcloud.company.arrowhead.eu", /* the subject's CN names no host */
        "a.b.cloud.example",
        "cloud.example",
        "*.cloud.example",
        ".cloud.example",
        ".example",
        "10.0.0.6",
        "[10.0.0.5]",
        "2001:db8::5",
        "registry.example:",
        "registry.example:http",
        "registry.example:65536",
        "registry.example:1:2",
        "user@registry.example",
        "registry.example/x",
        "[2001:db8::5",
        "[2001:db8::5]x",
        ":8444",
        "[]",
        "localhost",
        "listed.example",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        expect(&names, good[i], true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect(&names, bad[i], false);
}

static void a_plain_listener_has_a_list(void **state)
{
    (void)state;
    static char any[] = "listed.example", one[] = "ported.example:8000", six[] = "[2001:db8::7]",
                bare[] = "2001:db8::8";
    static char *hosts_at[] = {any, one, six, bare};
    const struct qv_strings hosts = {.at = hosts_at, .count = 4};
    const struct qv_names names = {.hosts = &hosts, .local = address("192.0.2.1")};
    static const struct {
        const char *authority;
        bool named;
    } rows[] = {
        {"listed.example", true},      {"Listed.Example:8000", true}, {"listed.example:1", true},
        {"ported.example:8000", true}, {"ported.example:80", false},  {"ported.example", false},
        {"[2001:db8::7]:8000", true},  {"[2001:db8::7]", true},       {"[2001:db8::8]:1", true},
        {"listed.example:x", false},   {"listed.exampl", false},      {"listed.example.", false},
        {"registry.example", false},   {"192.0.2.1:8000", true},      {"192.0.2.2:8000", false},
        {"[::ffff:192.0.2.1]", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&names, rows[i].authority, rows[i].named);
}

static void localhost_is_loopback_alone(void **state)
{
    (void)state;
    static const struct {
        const char *local, *authority;
        bool named;
    } rows[] = {
        {"127.0.0.1", "localhost", true},
        {"127.0.0.1", "LOCALHOST:8000", true},
        {"127.0.0.1", "127.0.0.1:8000", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "[::1]", false},
        {"::1", "localhost:1", true},
        {"::1", "[::1]:8000", true},
        {"::1", "::1", false},
        {"::1", "127.0.0.1", false},
        {"192.0.2.1", "localhost", false},
        {"192.0.2.1", "127.0.0.1", false},
        {"127.0.0.1", "[localhost]", false},
        {"2001:db8::1", "[2001:db8::1]", true},
        {"127.0.0.1", "localhost.example", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct qv_names names = {.local = address(rows[i].local)};
        expect(&names, rows[i].authority, rows[i].named);
    }
    /* an address that is not known is nobody's */
    const struct qv_names unknown = {0};
    expect(&unknown, "[::]", false);
    expect(&unknown, "localhost", false);
}

static void long_names_are_none(void **state)
{
    (void)state;
    static char name[300];
    memset(name, 'a', sizeof(name) - 1);
    static char *hosts_at[] = {name};
    const struct qv_strings hosts = {.at = hosts_at, .count = 1};
    const struct qv_names names = {.hosts = &hosts};
    expect(&names, name, false);
    name[253] = '\0';
    expect(&names, name, true);
}

static int make_certificate(void **state)
{
    (void)state;
    const struct fx_spec spec = {.cn = "serviceregistry." FX_CLOUD,
                                 .san = "DNS:registry.example,DNS:*.cloud.example,IP:10.0.0.5,"
                                        "IP:2001:db8::5"};
    own = fx_make(&spec);
    return 0;
}

static int free_certificate(void **state)
{
    (void)state;
    fx_free(&own);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_names),
        cmocka_unit_test(a_plain_listener_has_a_list),
        cmocka_unit_test(localhost_is_loopback_alone),
        cmocka_unit_test(long_names_are_none),
    };
    return cmocka_run_group_tests(tests, make_certificate, free_certificate);
}

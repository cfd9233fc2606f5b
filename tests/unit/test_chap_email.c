// links: domain
/*
 * E-mail addresses of CHAP registrations (spec/chap-registration B1.4, B1.6): what is stored of
 * those that are good, and the words for those that are not.
 */
#include "domain_fixture.h"

#include "../../src/domain/chap_email.h"

#define A8       "aaaaaaaa"
#define A56      A8 A8 A8 A8 A8 A8 A8
#define UNQUOTED "The display name contains invalid characters when not quoted:"
#define EXTRA    "Extra character(s) found after close quote:"
#define BRACKETS                                                                                   \
    "A display name and angle brackets around the email address are not permitted here."
#define TOO_MANY "After the @-sign, periods cannot be separated by so many characters "

static const struct {
    const char *text, *normal;
} good[] = {
    {"bob@example.org", "bob@example.org"},
    {"Bob.Smith+tag@EXAMPLE.Org", "Bob.Smith+tag@example.org"},
    {"!#$%&'*+-/=?^_`{|}~@x.org", "!#$%&'*+-/=?^_`{|}~@x.org"},
    {" \tbob@example.org\n", "bob@example.org"},
    {"Bob <bob@example.org>", "bob@example.org"},
    {"Bob B Smith<  bob@example.org > ", "bob@example.org"},
    {"B\xC3\xB6"
     "b <bob@example.org>",
     "bob@example.org"},
    {"\"Smith, \\\"Bob\\\"\" <bob@Example.org>", "bob@example.org"},
    {"\"Bob\" <x@y> \"B.\" <bob@example.org>", "bob@example.org"},
    {"<bob@example.org>", "bob@example.org"},
    {"bob@example.o", "bob@example.o"},
    {"bob@sub-1.2x.example.1c", "bob@sub-1.2x.example.1c"},
    {"bob@xn--mnchen-3ya.de", "bob@xn--mnchen-3ya.de"},
    {"b\xC3\xB6"
     "b@m\xC3\xBCnchen.de",
     "b\xC3\xB6"
     "b@m\xC3\xBCnchen.de"},
    {"Postmaster@example.org", "postmaster@example.org"}, /* RFC 2142: whatever its case */
    {A56 A8 "a@example.org", A56 A8 "a@example.org"},
    {"bob@" A56 "aaaaaaa.org", "bob@" A56 "aaaaaaa.org"},
};

static const struct {
    const char *text, *reason;
} bad[] = {
    {"", "An email address must have an @-sign."},
    {"x", "An email address must have an @-sign."},
    {"Bob <>", "An email address must have an @-sign."},
    {"Bob <bob>", "An email address must have an @-sign."},
    {"bob@", "There must be something after the @-sign."},
    {"@example.org", "There must be something before the @-sign."},
    {"@", "There must be something before the @-sign."},
    {"bob..x@example.org", "An email address cannot have two periods in a row."},
    {"bob@exa..mple.org", "An email address cannot have two periods in a row."},
    {".bob@example.org", "An email address cannot start with a period."},
    {"bob.@example.org", "An email address cannot have a period immediately before the @-sign."},
    {".@example.org", "An email address cannot have a period immediately before the @-sign."},
    {"bob@example.org.", "An email address cannot end with a period."},
    {"bob@.example.org", "An email address cannot have a period immediately after the @-sign."},
    {"bob@-example.org", "An email address cannot have a hyphen immediately after the @-sign."},
    {"bob@example.org-", "An email address cannot end with a hyphen."},
    {"bob@exa-.mple.org", "An email address cannot have a period and a hyphen next to each other."},
    {"bob@exa.-mple.org", "An email address cannot have a period and a hyphen next to each other."},
    {"bob@ab--c.org", "An email address cannot have two letters followed by two dashes immediately "
                      "after the @-sign or after a period, except Punycode."},
    {"bob@exa_mple.org", "The part after the @-sign contains invalid characters: '_'."},
    {"a@b@c.org", "The part after the @-sign contains invalid characters: '@'."},
    {"bob@a b.org", "The part after the @-sign contains invalid characters: SPACE."},
    {"bob@x.org, b'c\\d\t@y.org",
     "The part after the @-sign contains invalid characters: \"'\", \"\\\", ',', '@', SPACE, "
     "U+0009."},
    {"Bob bob@example.org",
     "The email address contains invalid characters before the @-sign: SPACE."},
    {"b(o)b@example.org",
     "The email address contains invalid characters before the @-sign: '(', ')'."},
    {"Smith; B.'s <b@x.org>", UNQUOTED " '.', ';'."},
    {"a\tb, <b@x.org", UNQUOTED " ',', U+0009."},
    {"<> <b@x.org>", UNQUOTED " '>'."},
    {"Bob <b@x.org> x", "There can't be anything after the email address."},
    {"\"B\" <b@x.org>\"", "There can't be anything after the email address."},
    {"Bob <b@x.org",
     "An open angle bracket at the start of the email address has to be followed by "
     "a close angle bracket at the end."},
    {"\"a\"b\xC3\xB6 c <b@x.org>", EXTRA " 'b', '\xC3\xB6', SPACE, 'c'"},
    {"\"a\"'@x.org", EXTRA " \"'\""},
    {"\"\" <b@x.org>", BRACKETS},
    {"<<b@x.org>>", BRACKETS},
    {"\"\" <b@localhost>", "The part after the @-sign is not valid. It should have a period."},
    {"<b\n@x.org>", "The email address contains invalid characters before the @-sign: U+000A."},
    {"\"\" <b<c@x.org>", "The email address contains invalid characters before the @-sign: '<'."},
    {"\"Bob <b@x.org>", "An email address must have an @-sign."},
    {"b\"b@x.org", "An email address must have an @-sign."},
    {"b\"@\"b", "An email address must have an @-sign."},
    {"b\"@\"@x.org", "The email address contains invalid characters before the @-sign: '\"', '@'."},
    {"\"\"@x.org", "There must be something before the @-sign."},
    {"bob@localhost", "The part after the @-sign is not valid. It should have a period."},
    {"bob@123.456", "The part after the @-sign is not valid. It is not within a valid top-level "
                    "domain."},
    {"bob@host.Local", "The part after the @-sign is a special-use or reserved name that cannot be "
                       "used with email."},
    {"bob@a.test", "The part after the @-sign is a special-use or reserved name that cannot be "
                   "used with email."},
    {"\"a b\"@x.org", "Quoting the part before the @-sign is not allowed here."},
    {"bob@[127.0.0.1]", "A bracketed IP address after the @-sign is not allowed here."},
    {"bob@" A56 A8 ".org", TOO_MANY "(1 character too many)."},
    {"bob@" A56 A8 "aa.org", TOO_MANY "(3 characters too many)."},
    {A56 "@" A56 "." A56 "." A56 "." A56 ".org",
     "The email address is too long (34 characters too many)."},
    {A56 A56 A56 A56 "abcdefg\xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5.org@example.org",
     "The email address is too long (1-2 characters too many)."},
    {A56 A56 A56 A56 "abcdefghijk\xE6\x97\xA5\xE6\x97\xA5\xE6\x97\xA5.org@example.org",
     "The email address is too long (2-6 characters too many)."},
    {"bob@" A56 "." A56 "." A56 "." A56 "." A56 ".org",
     "The email address is too long after the @-sign (35 characters too many)."},
};

static void assert_good(const char *text, const char *normal)
{
    QV_CLEANUP(qv_buf) struct qv_buf written = {0}, reason = {0};
    if (qv_chap_email_read(qv_str_from(text), &written, &reason) != QV_OK)
        fail_msg("%s: %s", text, reason.at);
    assert_string_equal(written.at, normal);
}

static void test_good_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_good(good[i].text, good[i].normal);
        assert_good(good[i].normal, good[i].normal);
    }
}

static void assert_bad(struct qv_str text, const char *words)
{
    QV_CLEANUP(qv_buf) struct qv_buf written = {0}, reason = {0};
    assert_int_equal(qv_chap_email_read(text, &written, &reason), QV_INVALID);
    assert_string_equal(reason.at, words);
}

static void test_bad_addresses_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_bad(qv_str_from(bad[i].text), bad[i].reason);
    assert_bad(QV_STR("b\0b@x.org"),
               "The email address contains invalid characters before the @-sign: U+0000.");
    char text[2049];
    memset(text, 'a', sizeof(text));
    assert_bad((struct qv_str){.at = text, .length = sizeof(text)},
               "Length must not exceed 2048 characters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_addresses),
        cmocka_unit_test(test_bad_addresses_say_why),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

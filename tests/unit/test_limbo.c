// links: trust
/*
 * The certification paths of the public x509-limbo suite (limbo/README.md), each judged without a
 * socket by what judges Quiver's peers. The suite is mostly about TLS servers, Quiver judges TLS
 * clients: the roles are swapped, so that serverAuth counts as clientAuth, in the path by the
 * purpose that is asked for and in the leaf rule by a twin of the leaf that has the one for the
 * other. Names of hosts are left out, as Quiver knows its peers by another name.
 *
 * Every case whose result is not the suite's stands in a table below, with the reason. One that is
 * missing there fails the test, and so does one that has vanished.
 */
#include "x509_fixture.h"
#include <jansson.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/trust/anchors.h>

#define LIMBO TEST_DATA "/../limbo/limbo.json"
/* A moment within all certificates of the cases that name none. */
#define USUAL_TIME 1750000000

struct difference {
    const char *id;
    const char *reason;
};

/* Why it is harmless that the suite's result is another one. */
#define HOST_NAMES                                                                                 \
    "no name of a host is looked at: a peer is who the common name of its subject says"
#define HOST_CONSTRAINTS                                                                           \
    "constraints of names of hosts and mailboxes limit what is not looked at; those of subjects "  \
    "are enforced"
#define KEY_IDENTIFIERS "key identifiers only help to find a path; every signature in it is checked"
#define MARKS                                                                                      \
    "a mark, critical or not, that its CA should have set otherwise; the extension is understood " \
    "and obeyed with either"
#define WEB_RULE "a rule for CAs of the public web, by which nothing is proven"
#define EMPTY_CONSTRAINTS                                                                          \
    "constraints that are empty constrain nothing, as is the case without them"
#define LEAF_CONSTRAINTS "constraints in a leaf, below which there is nothing to constrain"
#define DEPTH            "the depth is bounded by six CA certificates between, not by a setting"
/* Why the suite lets in what Quiver does not. */
#define A_CA "the leaf rule: a CA is no system"
#define ONE_PATH                                                                                   \
    "one path is tried from each certificate; another that might hold is not looked for"
#define LAST_SECOND                                                                                \
    "a certificate ends with the beginning of the second that its notAfter names, not with its "   \
    "end"

/** The suite refuses them, Quiver lets them in. */
static const struct difference let_in[] = {
    {"crl::crlnumber-critical", MARKS},
    {"crl::crlnumber-missing", "without a number thisUpdate says which CRL is the newer one"},
    {"cve::cve-2025-61727", HOST_CONSTRAINTS},
    {"pathlen::max-chain-depth-0-exhausted", DEPTH},
    {"pathlen::max-chain-depth-1-exhausted", DEPTH},
    {"rfc5280::aki::cross-signed-root-missing-aki", KEY_IDENTIFIERS},
    {"rfc5280::aki::intermediate-missing-aki", KEY_IDENTIFIERS},
    {"rfc5280::aki::leaf-missing-aki", KEY_IDENTIFIERS},
    {"rfc5280::ca-empty-subject",
     "a CA without a name vouches for no cloud: its systems are answered 403"},
    {"rfc5280::nc::invalid-dnsname-leading-period", HOST_CONSTRAINTS},
    {"rfc5280::nc::nc-forbids-dnsname-wildcard-san", HOST_CONSTRAINTS},
    {"rfc5280::nc::nc-permits-invalid-dns-san", HOST_CONSTRAINTS},
    {"rfc5280::nc::nc-permits-invalid-email-san", HOST_CONSTRAINTS},
    {"rfc5280::nc::not-allowed-in-ee-critical", LEAF_CONSTRAINTS},
    {"rfc5280::nc::not-allowed-in-ee-noncritical", LEAF_CONSTRAINTS},
    {"rfc5280::nc::permitted-dns-match-noncritical", MARKS},
    {"rfc5280::pc::ica-noncritical-pc", "certificate policies decide nothing here"},
    {"rfc5280::root-non-critical-basic-constraints", MARKS},
    {"rfc5280::san::ip-in-dns", HOST_NAMES},
    {"rfc5280::san::noncritical-with-empty-subject",
     "who has no subject has no identity: each request is answered 401"},
    {"rfc5280::san::underscore-dns", HOST_NAMES},
    {"rfc5280::ski::intermediate-missing-ski", KEY_IDENTIFIERS},
    {"rfc5280::ski::root-missing-ski", KEY_IDENTIFIERS},
    {"webpki::aki::root-with-aki-all-fields", KEY_IDENTIFIERS},
    {"webpki::aki::root-with-aki-authoritycertissuer", KEY_IDENTIFIERS},
    {"webpki::aki::root-with-aki-authoritycertserialnumber", KEY_IDENTIFIERS},
    {"webpki::aki::root-with-aki-missing-keyidentifier", KEY_IDENTIFIERS},
    {"webpki::aki::root-with-aki-ski-mismatch", KEY_IDENTIFIERS},
    {"webpki::cn::case-mismatch", HOST_NAMES},
    {"webpki::cn::ipv4-hex-mismatch", HOST_NAMES},
    {"webpki::cn::ipv4-leading-zeros-mismatch", HOST_NAMES},
    {"webpki::cn::ipv6-non-rfc5952-mismatch", HOST_NAMES},
    {"webpki::cn::ipv6-uncompressed-mismatch", HOST_NAMES},
    {"webpki::cn::ipv6-uppercase-mismatch", HOST_NAMES},
    {"webpki::cn::not-in-san", HOST_NAMES},
    {"webpki::cn::punycode-not-in-san", HOST_NAMES},
    {"webpki::cn::utf8-vs-punycode-mismatch", HOST_NAMES},
    {"webpki::eku::ee-anyeku", "the purpose that counts stands beside it"},
    {"webpki::eku::ee-critical-eku", MARKS},
    {"webpki::eku::root-has-eku", WEB_RULE},
    {"webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf", WEB_RULE},
    {"webpki::forbidden-rsa-not-divisible-by-8-in-root", WEB_RULE},
    {"webpki::malformed-aia", WEB_RULE},
    {"webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
     EMPTY_CONSTRAINTS},
    {"webpki::nc::intermediate-permitted-excluded-subtrees-both-null", EMPTY_CONSTRAINTS},
    {"webpki::san::mismatch-apex-subdomain-san", HOST_NAMES},
    {"webpki::san::mismatch-domain-san", HOST_NAMES},
    {"webpki::san::mismatch-subdomain-apex-san", HOST_NAMES},
    {"webpki::san::mismatch-subdomain-san", HOST_NAMES},
    {"webpki::san::no-san", HOST_NAMES},
    {"webpki::san::public-suffix-multi-label-wildcard-san", HOST_NAMES},
    {"webpki::san::public-suffix-private-namespace-wildcard-san", HOST_NAMES},
    {"webpki::san::public-suffix-wildcard-san", HOST_NAMES},
    {"webpki::san::san-critical-with-nonempty-subject", MARKS},
    {"webpki::san::san-wildcard-only-tld", HOST_NAMES},
    {"webpki::san::san-wildcard-only", HOST_NAMES},
    {"webpki::san::unicode-emoji-san", HOST_NAMES},
    {"webpki::san::wildcard-embedded-leftmost-san", HOST_NAMES},
    {"webpki::san::wildcard-embedded-ulabel-san", HOST_NAMES},
    {"webpki::san::wildcard-match-across-labels-san", HOST_NAMES},
    {"webpki::san::wildcard-not-in-leftmost-san", HOST_NAMES},
    {NULL, NULL},
};
/** The suite lets them in, Quiver refuses them. */
static const struct difference refused[] = {
    {"pathlen::validation-ignores-pathlen-in-leaf", A_CA},
    {"rfc5280::ca-as-leaf", A_CA},
    {"rfc5280::eku::ee-without-eku", "the leaf rule: a peer's certificate says what it is for"},
    {"rfc5280::nc::nc-forbids-alternate-chain-ica", ONE_PATH},
    {"rfc5280::nc::nc-forbids-same-chain-ica", ONE_PATH},
    {"rfc5280::no-keyusage", "the leaf rule: a peer's certificate says what its key is for"},
    {"rfc5280::validity::notafter-exact", LAST_SECOND},
    {"rfc5280::validity::notafter-fractional", LAST_SECOND},
    {NULL, NULL},
};

static json_t *limbo;
static struct fx_folder folder;

static int begin(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON);
    json_error_t error;
    limbo = json_load_file(LIMBO, 0, &error);
    if (limbo == NULL)
        fail_msg("%s", error.text);
    folder = fx_folder_make();
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(limbo);
    fx_folder_remove(&folder);
    return 0;
}

/* ---- one case ----------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *test, const char *member)
{
    return json_string_value(json_object_get(test, member));
}

static X509 *read_certificate(const char *pem)
{
    BIO *in = BIO_new_mem_buf(pem, -1);
    X509 *x509 = PEM_read_bio_X509(in, NULL, NULL, NULL);
    BIO_free(in);
    ERR_clear_error();
    return x509;
}

static STACK_OF(X509) * read_certificates(const json_t *list)
{
    STACK_OF(X509) *found = sk_X509_new_null();
    for (size_t i = 0; i < json_array_size(list); i++) {
        X509 *x509 = read_certificate(json_string_value(json_array_get(list, i)));
        if (x509 != NULL) /* as for a peer: what cannot be read was not sent */
            assert_true(sk_X509_push(found, x509) > 0);
    }
    return found;
}

static struct qv_wall time_of(const json_t *test)
{
    const char *text = text_of(test, "validation_time");
    struct qv_wall at = {.seconds = USUAL_TIME};
    if (text == NULL)
        return at;
    char utc[32];
    const char *zone = strchr(text, '+');
    assert_non_null(zone);
    assert_string_equal(zone, "+00:00");
    (void)snprintf(utc, sizeof(utc), "%.*sZ", (int)(zone - text), text);
    assert_int_equal(qv_wall_parse(qv_str_from(utc), &at), QV_OK);
    return at;
}

/** Into a file of that name; false: there are none. */
static bool write_list(const char *name, const json_t *list)
{
    FILE *file = fx_open(&folder, name, "w");
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_true(fputs(json_string_value(json_array_get(list, i)), file) >= 0);
    assert_int_equal(fclose(file), 0);
    return json_array_size(list) > 0;
}

/** NULL, with a fault told: the configuration would have been refused. */
static struct qv_anchors *load_anchors(const json_t *test, struct qv_wall now,
                                       struct qv_strings *faults)
{
    struct qv_config config = {0};
    char trust_path[128], crl_path[128];
    char *trust[] = {trust_path}, *crl[] = {crl_path};
    (void)snprintf(trust_path, sizeof(trust_path), "%s", fx_path(&folder, "trust.pem"));
    (void)snprintf(crl_path, sizeof(crl_path), "%s", fx_path(&folder, "crl.pem"));
    if (write_list("trust.pem", json_object_get(test, "trusted_certs")))
        config.tls.trust = (struct qv_strings){.at = trust, .count = 1};
    if (write_list("crl.pem", json_object_get(test, "crls")))
        config.tls.crl = (struct qv_strings){.at = crl, .count = 1};
    struct qv_anchors *anchors = NULL;
    enum qv_status status = qv_anchors_load(&config, NULL, now, &anchors, faults);
    assert_int_equal(status, anchors != NULL ? QV_OK : QV_INVALID);
    return anchors;
}

/** The leaf, with clientAuth in serverAuth's place. */
static X509 *twin_of(X509 *leaf)
{
    X509 *twin = X509_dup(leaf);
    int at = twin != NULL ? X509_get_ext_by_NID(twin, NID_ext_key_usage, -1) : -1;
    EXTENDED_KEY_USAGE *usage = at >= 0 ? X509V3_EXT_d2i(X509_get_ext(twin, at)) : NULL;
    if (usage == NULL)
        return twin;
    int critical = X509_EXTENSION_get_critical(X509_get_ext(twin, at));
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i)) == NID_server_auth) {
            ASN1_OBJECT_free(sk_ASN1_OBJECT_value(usage, i));
            (void)sk_ASN1_OBJECT_set(usage, i, OBJ_nid2obj(NID_client_auth));
        }
    X509_EXTENSION_free(X509_delete_ext(twin, at));
    assert_int_equal(X509_add1_ext_i2d(twin, NID_ext_key_usage, usage, critical, 0), 1);
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    return twin;
}

/** The judgement, step by step as in src/trust/verify.c, with the roles swapped. */
static bool judge_swapped(const struct qv_anchors *anchors, const char *purpose, X509 *leaf,
                          STACK_OF(X509) * sent, struct qv_wall now, struct qv_verdict *verdict)
{
    struct qv_path path;
    int error = 0;
    QV_CLEANUP(qv_error) struct qv_error why = {0};
    X509 *twin = twin_of(leaf);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_CTX_init(context, qv_anchors_store(anchors), leaf, sent), 1);
    assert_int_equal(X509_STORE_CTX_set_default(context, purpose), 1);
    X509_STORE_CTX_set_time(context, 0, (time_t)now.seconds);
    *verdict = (struct qv_verdict){.status = QV_DENIED};
    char *reason = verdict->reason;
    if (twin == NULL || qv_leaf_form(leaf, &error, &why) != QV_OK)
        (void)snprintf(reason, sizeof(verdict->reason), "form: %s", qv_error_message(&why));
    else if (X509_verify_cert(context) != 1)
        (void)snprintf(reason, sizeof(verdict->reason), "path: %s",
                       X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    else if (qv_leaf_use(twin, &error, &why) != QV_OK)
        (void)snprintf(reason, sizeof(verdict->reason), "use: %s", qv_error_message(&why));
    else if (qv_path_of(X509_STORE_CTX_get0_chain(context), &path) != QV_OK)
        (void)snprintf(reason, sizeof(verdict->reason), "path: too long");
    else
        qv_anchors_judge_path(anchors, &path, leaf, now, QV_OCCASION_HANDSHAKE, verdict);
    X509_STORE_CTX_free(context);
    X509_free(twin);
    ERR_clear_error();
    return verdict->status == QV_OK;
}

/** Does Quiver let it in? `words` say why not. */
static bool is_let_in(const json_t *test, char *words, size_t size)
{
    struct qv_wall now = time_of(test);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_anchors) struct qv_anchors *anchors = load_anchors(test, now, &faults);
    X509 *leaf = read_certificate(text_of(test, "peer_certificate"));
    STACK_OF(X509) *sent = read_certificates(json_object_get(test, "untrusted_intermediates"));
    bool server = strcmp(text_of(test, "validation_kind"), "SERVER") == 0, good = false;
    struct qv_verdict swapped, whole;
    if (anchors == NULL) {
        (void)snprintf(words, size, "configuration: %s", faults.at[0] + strlen(folder.path));
    } else if (leaf == NULL) {
        (void)snprintf(words, size, "it cannot be read");
    } else {
        good =
            judge_swapped(anchors, server ? "ssl_server" : "ssl_client", leaf, sent, now, &swapped);
        qv_anchors_judge(anchors, leaf, sent, now, &whole, NULL);
        /* What is of a client already needs no swapping: the steps above are those of the whole. */
        if (!server && (whole.status == QV_OK) != good)
            fail_msg("%s: '%s' here, '%s' by the whole", text_of(test, "id"), swapped.reason,
                     whole.reason);
        (void)snprintf(words, size, "%s", swapped.reason);
    }
    X509_free(leaf);
    sk_X509_pop_free(sent, X509_free);
    return good;
}

/* ---- all of them -------------------------------------------------------------------------------
 */

static const char *find(const struct difference *table, const char *id)
{
    for (; table->id != NULL; table++)
        if (strcmp(table->id, id) == 0)
            return table->reason;
    return NULL;
}

static size_t count(const struct difference *table)
{
    size_t rows = 0;
    while (table[rows].id != NULL)
        rows++;
    return rows;
}

static void every_case(void **state)
{
    (void)state;
    const json_t *tests = json_object_get(limbo, "testcases");
    size_t unexpected = 0, differ = 0;
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        const char *id = text_of(test, "id");
        char words[300] = "";
        bool good = is_let_in(test, words, sizeof(words));
        bool wanted = strcmp(text_of(test, "expected_result"), "SUCCESS") == 0;
        bool known = find(good ? let_in : refused, id) != NULL;
        bool known_otherwise = find(good ? refused : let_in, id) != NULL;
        differ += good != wanted;
        if (known == (good != wanted) && !known_otherwise)
            continue;
        print_message("%s: %s, %s; %s\n", id, good ? "let in" : "refused",
                      good == wanted ? "as the suite wants it" : "the suite wants it otherwise",
                      words);
        unexpected++;
    }
    assert_int_equal(json_array_size(tests), 207);
    assert_int_equal(unexpected, 0);
    assert_int_equal(differ, count(let_in) + count(refused)); /* no row is of a case that is gone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

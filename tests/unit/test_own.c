// links: trust
/*
 * The server's own certificate and key: from PEM files with and without a password, from PKCS #12
 * keystores, every fault with the file that is to blame and what to do, and what may follow what
 * while Quiver runs.
 */
#include "../../src/trust/own.h"

#include "x509_fixture.h"
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>

static struct fx_pair master, organization, cloud, registry;
static struct fx_folder folder;
static struct qv_wall now;
static struct qv_config config;
static char paths[5][128];

static int begin(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON);
    now = (struct qv_wall){.seconds = time(NULL)};
    master = fx_ca("arrowhead.eu", "ma", NULL);
    organization = fx_ca("company.arrowhead.eu", "or", &master);
    cloud = fx_ca(FX_CLOUD, "lo", &organization);
    registry = fx_system(&cloud, "serviceregistry", "10");
    return 0;
}

static int end(void **state)
{
    (void)state;
    struct fx_pair *all[] = {&master, &organization, &cloud, &registry};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        fx_free(all[i]);
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    folder = fx_folder_make();
    static const char *const names[] = {"own.crt", "own.key", "key.password", "own.p12",
                                        "store.password"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)snprintf(paths[i], sizeof(paths[i]), "%s", fx_path(&folder, names[i]));
    config = (struct qv_config){0};
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    fx_folder_remove(&folder);
    return 0;
}

/* ---- helpers -----------------------------------------------------------------------------------
 */

static void write_private(const char *name, const void *bytes, size_t length)
{
    FILE *file = fx_open(&folder, name, "w");
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_password(const char *name, const char *text)
{
    write_private(name, text, strlen(text));
}

static void use_pem(const struct fx_pair *own)
{
    config.tls.certificate = paths[0];
    config.tls.private_key = paths[1];
    fx_write_certificate(&folder, "own.crt", "w", own->x509);
    fx_write_certificate(&folder, "own.crt", "a", cloud.x509);
    fx_write_key(&folder, "own.key", own->key, 0600);
}

/** The key as PKCS #8 (`traditional` false) or in OpenSSL's older way, encrypted. */
static void use_encrypted_key(const char *password, bool traditional)
{
    use_pem(&registry);
    config.tls.private_key_password_file = paths[2];
    BIO *file = BIO_new_file(paths[1], "w");
    const unsigned char *secret = (const unsigned char *)password;
    int length = (int)strlen(password), done;
    if (traditional)
        done = PEM_write_bio_PrivateKey_traditional(file, registry.key, EVP_aes_128_cbc(), secret,
                                                    length, NULL, NULL);
    else
        done = PEM_write_bio_PKCS8PrivateKey(file, registry.key, EVP_aes_256_cbc(), password,
                                             length, NULL, NULL);
    assert_int_equal(done, 1);
    BIO_free(file);
}

static struct qv_own *load_good(void)
{
    struct qv_own *own = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    if (qv_own_load(&config, now, &own, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "no fault told");
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(faults.count, 0);
    return own;
}

/** One fault, beginning with the file and saying these words. */
static void expect_fault(const char *file, const char *words)
{
    struct qv_own *own = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(qv_own_load(&config, now, &own, &faults), QV_INVALID);
    assert_null(own);
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(faults.count, 1);
    if (strncmp(faults.at[0], file, strlen(file)) != 0 || strstr(faults.at[0], words) == NULL)
        fail_msg("'%s' does not begin with '%s' and say '%s'", faults.at[0], file, words);
    assert_null(strstr(faults.at[0], "s3cret"));
}

static void expect_registry(const struct qv_own *own, const char *file)
{
    assert_int_equal(X509_cmp(own->leaf, registry.x509), 0);
    assert_int_equal(EVP_PKEY_eq(own->key, registry.key), 1);
    assert_string_equal(own->cloud, FX_CLOUD);
    assert_string_equal(own->file, file);
    assert_string_equal(own->facts->serial, "10");
}

/* ---- PEM ---------------------------------------------------------------------------------------
 */

static void it_is_shared_by_reference(void **state)
{
    (void)state;
    use_pem(&registry);
    struct qv_own *own = load_good();
    expect_registry(own, paths[0]);
    assert_int_equal(sk_X509_num(own->chain), 1);
    struct qv_own *second = qv_own_ref(own);
    assert_ptr_equal(second, own);
    qv_own_free(&own);
    qv_own_free(&own);
    expect_registry(second, paths[0]);
    qv_own_free(&second);
    assert_null(qv_own_ref(NULL));
}

static void an_encrypted_key_is_opened(void **state)
{
    (void)state;
    static const char *const contents[] = {"s3cret", "s3cret\n", "s3cret\r\n",
                                           "s3cret\nnot this\n"};
    for (size_t i = 0; i < 2 * sizeof(contents) / sizeof(contents[0]); i++) {
        use_encrypted_key("s3cret", i % 2 == 1);
        write_password("key.password", contents[i / 2]);
        QV_CLEANUP(qv_own) struct qv_own *own = load_good();
        expect_registry(own, paths[0]);
    }
    use_pem(&registry); /* and one that is not encrypted */
    QV_CLEANUP(qv_own) struct qv_own *plain = load_good();
    expect_registry(plain, paths[0]);
}

static void a_wrong_password_names_both_files(void **state)
{
    (void)state;
    for (int traditional = 0; traditional < 2; traditional++) {
        use_encrypted_key("s3cret", traditional == 1);
        write_password("key.password", "s3cret2\n");
        expect_fault(paths[1], paths[2]);
        expect_fault(paths[1], "does not open it");
        config.tls.private_key_password_file = NULL;
        expect_fault(paths[1], "tls.private_key_password_file");
    }
}

static void unfit_password_files_are_refused(void **state)
{
    (void)state;
    use_encrypted_key("s3cret", false);
    expect_fault(paths[2], "No such file");
    write_password("key.password", "");
    expect_fault(paths[2], "is empty");
    write_password("key.password", "\r\ns3cret\n");
    expect_fault(paths[2], "is empty");
    write_private("key.password", "s3cret\0x\n", 9);
    expect_fault(paths[2], "is no password");
    char longer[1026];
    memset(longer, 'a', sizeof(longer));
    longer[1025] = '\n';
    write_private("key.password", longer, sizeof(longer));
    expect_fault(paths[2], "is no password");
    static const mode_t open_modes[] = {0640, 0604, 0660, 0610};
    write_password("key.password", "s3cret\n");
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        assert_int_equal(chmod(paths[2], open_modes[i]), 0);
        expect_fault(paths[2], "run: chmod 600");
    }
    assert_int_equal(chmod(paths[2], 0400), 0);
    QV_CLEANUP(qv_own) struct qv_own *own = load_good();
    expect_registry(own, paths[0]);
}

static void a_long_password_is_taken(void **state)
{
    (void)state;
    char longest[1025];
    memset(longest, 'a', 1024);
    longest[1024] = '\0';
    use_encrypted_key(longest, false);
    write_password("key.password", longest);
    QV_CLEANUP(qv_own) struct qv_own *own = load_good();
    expect_registry(own, paths[0]);
}

/* ---- PKCS #12 ----------------------------------------------------------------------------------
 */

struct store {
    const char *password; /**< NULL: none */
    bool no_mac, no_key, no_leaf;
    int cipher; /**< 0: AES-256; else the NID of an older way */
    bool alone; /**< without CAs */
};

static void write_store(const struct store *store, OSSL_LIB_CTX *library)
{
    STACK_OF(X509) *cas = sk_X509_new_null();
    const struct fx_pair *upside_down[] = {&master, &organization, &cloud};
    for (size_t i = 0; i < 3 && !store->alone; i++)
        assert_int_equal(X509_add_cert(cas, upside_down[i]->x509, X509_ADD_FLAG_UP_REF), 1);
    int cipher = store->cipher != 0 ? store->cipher : NID_aes_256_cbc;
    PKCS12 *made = PKCS12_create_ex(store->password, "own", store->no_key ? NULL : registry.key,
                                    store->no_leaf ? NULL : registry.x509, cas, cipher, cipher,
                                    2048, store->no_mac ? -1 : 2048, 0, library, NULL);
    assert_non_null(made);
    BIO *file = BIO_new_file(paths[3], "w");
    assert_int_equal(i2d_PKCS12_bio(file, made), 1);
    BIO_free(file);
    assert_int_equal(chmod(paths[3], 0600), 0);
    PKCS12_free(made);
    sk_X509_pop_free(cas, X509_free);
    ERR_clear_error();
}

static void use_store(const struct store *store)
{
    config.tls.keystore = paths[3];
    config.tls.keystore_password_file = store->password != NULL ? paths[4] : NULL;
    if (store->password != NULL)
        write_password("store.password", store->password);
    write_store(store, NULL);
}

static void a_keystore_is_opened(void **state)
{
    (void)state;
    use_store(&(struct store){.password = "s3cret"});
    QV_CLEANUP(qv_own) struct qv_own *own = load_good();
    expect_registry(own, paths[3]);
    /* from the leaf upwards, whatever the file's order; the root is no use to anybody */
    assert_int_equal(sk_X509_num(own->chain), 2);
    assert_int_equal(X509_cmp(sk_X509_value(own->chain, 0), cloud.x509), 0);
    assert_int_equal(X509_cmp(sk_X509_value(own->chain, 1), organization.x509), 0);
    use_store(&(struct store){.password = "s3cret", .alone = true});
    QV_CLEANUP(qv_own) struct qv_own *alone = load_good();
    assert_int_equal(sk_X509_num(alone->chain), 0);
}

static void a_keystore_may_be_of_3des(void **state)
{
    (void)state;
    use_store(
        &(struct store){.password = "s3cret", .cipher = NID_pbe_WithSHA1And3_Key_TripleDES_CBC});
    QV_CLEANUP(qv_own) struct qv_own *own = load_good();
    expect_registry(own, paths[3]);
}

static void a_keystore_may_have_no_password(void **state)
{
    (void)state;
    use_store(&(struct store){.password = NULL});
    QV_CLEANUP(qv_own) struct qv_own *none = load_good();
    expect_registry(none, paths[3]);
    write_store(&(struct store){.password = ""}, NULL);
    QV_CLEANUP(qv_own) struct qv_own *empty = load_good();
    expect_registry(empty, paths[3]);
}

static void unfit_keystores_are_refused(void **state)
{
    (void)state;
    use_store(&(struct store){.password = "s3cret"});
    write_password("store.password", "s3cret2");
    expect_fault(paths[3], paths[4]);
    expect_fault(paths[3], "does not open it");
    write_password("store.password", "");
    expect_fault(paths[4], "is empty");
    config.tls.keystore_password_file = NULL;
    expect_fault(paths[3], "tls.keystore_password_file");
    assert_int_equal(chmod(paths[3], 0640), 0);
    expect_fault(paths[3], "run: chmod 600");
    use_store(&(struct store){.password = "s3cret", .no_mac = true});
    expect_fault(paths[3], "no integrity check");
    use_store(&(struct store){.password = "s3cret", .no_key = true});
    expect_fault(paths[3], "no private key");
    use_store(&(struct store){.password = "s3cret", .no_leaf = true});
    expect_fault(paths[3], "no certificate of its private key");
    write_private("own.p12", "\xfe\xed\xfe\xed\0\0\0\2", 8);
    expect_fault(paths[3], "keytool -importkeystore");
    write_private("own.p12", "nothing", 7);
    expect_fault(paths[3], "no PKCS #12 keystore");
    assert_int_equal(unlink(paths[3]), 0);
    expect_fault(paths[3], "No such file");
}

static void use_old_key(OSSL_LIB_CTX *library)
{
    use_pem(&registry);
    config.tls.private_key_password_file = paths[2];
    write_password("key.password", "s3cret");
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(registry.key);
    X509_SIG *made = PKCS8_encrypt_ex(NID_pbeWithMD5AndDES_CBC, NULL, "s3cret", 6, NULL, 0, 2048,
                                      info, library, NULL);
    assert_non_null(made);
    BIO *file = BIO_new_file(paths[1], "w");
    assert_int_equal(PEM_write_bio_PKCS8(file, made), 1);
    BIO_free(file);
    X509_SIG_free(made);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
}

static void old_ways_of_encrypting_name_the_remedy(void **state)
{
    (void)state;
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *usual = OSSL_PROVIDER_load(library, "default");
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
    assert_non_null(usual);
    if (legacy == NULL)
        fail_msg("OpenSSL's legacy provider, which encrypts in old ways, is not installed");
    use_old_key(library);
    expect_fault(paths[1], "openssl pkey -provider legacy");
    config.tls.keystore = paths[3];
    config.tls.keystore_password_file = paths[4];
    write_password("store.password", "s3cret");
    write_store(&(struct store){.password = "s3cret", .cipher = NID_pbe_WithSHA1And40BitRC2_CBC},
                library);
    expect_fault(paths[3], "openssl pkcs12 -legacy -in ");
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(usual);
    OSSL_LIB_CTX_free(library);
}

/* ---- what it must be ---------------------------------------------------------------------------
 */

static void what_a_keystore_holds_is_checked_like_files(void **state)
{
    (void)state;
    use_store(&(struct store){.password = "s3cret"});
    now.seconds += 2 * FX_DAY;
    expect_fault(paths[3], "expired on 20");
    now.seconds -= 2 * FX_DAY;
}

static void both_halves_of_a_fault_are_told(void **state)
{
    (void)state;
    use_encrypted_key("s3cret", false);
    write_password("key.password", "wrong");
    now.seconds += 2 * FX_DAY;
    struct qv_own *own = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    assert_int_equal(qv_own_load(&config, now, &own, &faults), QV_INVALID);
    assert_int_equal(faults.count, 2);
    assert_true(fx_any_contains(&faults, "expired"));
    assert_true(fx_any_contains(&faults, "does not open it"));
    now.seconds -= 2 * FX_DAY;
}

static struct qv_own *load_spec(const char *cn, const char *san)
{
    struct fx_spec spec = {.cn = cn, .issuer = &cloud, .san = san};
    struct fx_pair pair = fx_make(&spec);
    use_pem(&pair);
    fx_free(&pair);
    return load_good();
}

static void expect_succession(const struct qv_own *old, const struct qv_own *own, const char *words)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    enum qv_status status = qv_own_check_succession(old, own, &faults);
    assert_int_equal(status, words == NULL ? QV_OK : QV_INVALID);
    assert_int_equal(faults.count, words == NULL ? 0 : 1);
    if (words != NULL && strstr(faults.at[0], words) == NULL)
        fail_msg("'%s' does not say '%s'", faults.at[0], words);
}

static void what_may_follow_what(void **state)
{
    (void)state;
    QV_CLEANUP(qv_own) struct qv_own *named = load_spec("r." FX_CLOUD, "DNS:localhost");
    QV_CLEANUP(qv_own) struct qv_own *renamed = load_spec("s." FX_CLOUD, "DNS:other");
    QV_CLEANUP(qv_own) struct qv_own *nameless = load_spec("r." FX_CLOUD, NULL);
    QV_CLEANUP(qv_own)
    struct qv_own *shouted = load_spec("r.TESTCLOUD.company.arrowhead.eu", "DNS:a");
    QV_CLEANUP(qv_own)
    struct qv_own *foreign = load_spec("r.other.company.arrowhead.eu", "DNS:localhost");
    expect_succession(named, named, NULL);
    expect_succession(named, renamed, NULL);
    expect_succession(named, shouted, NULL);
    expect_succession(nameless, named, NULL);
    expect_succession(nameless, nameless, NULL);
    expect_succession(named, nameless, "it has no subjectAltName, but the one in force has");
    expect_succession(named, foreign,
                      "it is of the cloud other.company.arrowhead.eu, but this registry is of "
                      "testcloud.");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        write_password("key.password", "s3cret");
        if (stored)
            use_store(&(struct store){.password = "s3cret"});
        else
            use_encrypted_key("s3cret", false);
        struct qv_own *own = NULL;
        size_t failures = 0;
        for (size_t nth = 1; own == NULL; nth++, failures++) {
            QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
            qv_memory_fail_at(nth);
            enum qv_status status = qv_own_load(&config, now, &own, &faults);
            qv_memory_fail_at(0);
            assert_int_equal(status, own != NULL ? QV_OK : QV_NO_MEMORY);
        }
        assert_true(failures > 5);
        qv_own_free(&own);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_shared_by_reference),
        TEST(an_encrypted_key_is_opened),
        TEST(a_wrong_password_names_both_files),
        TEST(unfit_password_files_are_refused),
        TEST(a_long_password_is_taken),
        TEST(a_keystore_is_opened),
        TEST(a_keystore_may_be_of_3des),
        TEST(a_keystore_may_have_no_password),
        TEST(unfit_keystores_are_refused),
        TEST(old_ways_of_encrypting_name_the_remedy),
        TEST(what_a_keystore_holds_is_checked_like_files),
        TEST(both_halves_of_a_fault_are_told),
        TEST(what_may_follow_what),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

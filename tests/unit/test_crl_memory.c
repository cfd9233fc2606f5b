// links: trust
/*
 * The memory of CRLs: an older CRL is refused, also by the next process; what is on disk is always
 * whole; a damaged file is told, not passed over.
 */
#include "../../src/trust/crl_memory.h"

#include "x509_fixture.h"
#include <quiver/base/file.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <signal.h>
#include <sys/resource.h>

static struct fx_pair ca, namesake;
static struct fx_folder folder;
static X509_STORE *store;
static STACK_OF(X509) * cas;
static struct qv_wall now;

static int begin(void **state)
{
    (void)state;
    qv_log_configure(QV_LOG_ERROR, QV_LOG_JSON);
    ca = fx_cloud_ca();
    namesake = fx_cloud_ca();
    store = X509_STORE_new();
    cas = sk_X509_new_null();
    assert_int_equal(X509_add_cert(cas, ca.x509, X509_ADD_FLAG_UP_REF), 1);
    assert_int_equal(X509_add_cert(cas, namesake.x509, X509_ADD_FLAG_UP_REF), 1);
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
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    folder = fx_folder_make();
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

static struct qv_crl_memory *open_memory(void)
{
    struct qv_crl_memory *memory = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_crl_memory_open(fx_path(&folder, "crl-seen.json"), &memory, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    return memory;
}

/** Loads the CRLs of one file, by what `memory` knows. NULL: refused, `faults` say why. */
static struct qv_crls *load(const struct qv_crl_memory *memory, const char *name,
                            struct qv_strings *faults)
{
    struct qv_crls *crls = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings files = {0};
    assert_int_equal(qv_strings_add(&files, qv_str_from(fx_path(&folder, name))), QV_OK);
    enum qv_status status = qv_crls_load(&files, store, cas, memory, now, &crls, faults);
    assert_int_equal(status, crls != NULL ? QV_OK : QV_INVALID);
    assert_int_equal(ERR_peek_error(), 0);
    return crls;
}

static void write_crl(const struct fx_pair *issuer, long number, long age)
{
    struct fx_crl spec = {
        .issuer = issuer, .serials = {"05"}, .number = number, .begin = -age, .end = FX_DAY};
    fx_write_crl(&folder, "a.crl", "w", &spec);
}

static void note(struct qv_crl_memory *memory)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(memory, "a.crl", &faults);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_non_null(crls);
    if (qv_crl_memory_note(memory, crls, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
}

static void expect_taken(const struct qv_crl_memory *memory)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(memory, "a.crl", &faults);
    if (crls == NULL)
        fail_msg("%s", faults.at[0]);
}

static void expect_refused(const struct qv_crl_memory *memory, const char *words)
{
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(memory, "a.crl", &faults);
    assert_null(crls);
    assert_int_equal(faults.count, 1);
    assert_true(fx_any_contains(&faults, fx_path(&folder, "a.crl")));
    assert_true(fx_any_contains(&faults, fx_path(&folder, "crl-seen.json")));
    if (strstr(faults.at[0], words) == NULL)
        fail_msg("'%s' does not say '%s'", faults.at[0], words);
}

static void read_stored(struct qv_buf *text)
{
    assert_int_equal(qv_file_read(fx_path(&folder, "crl-seen.json"), (size_t)1 << 20, text, NULL),
                     QV_OK);
}

/* ---- older ones --------------------------------------------------------------------------------
 */

static void an_older_one_is_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 257, 3600);
    note(memory);
    for (int restarted = 0; restarted < 2; restarted++) {
        if (restarted) {
            qv_crl_memory_free(&memory);
            memory = open_memory();
        }
        write_crl(&ca, 256, 60); /* the number counts, not the time */
        expect_refused(memory, "older (number 256, thisUpdate 20");
        expect_refused(memory, "in force (number 257, thisUpdate 20");
        write_crl(&ca, 0, 60);
        expect_refused(memory, "older (no number, thisUpdate 20");
        write_crl(&ca, 257, 7200);
        expect_refused(memory, "older (number 257");
        write_crl(&ca, 258, 7200);
        expect_taken(memory);
    }
}

static void without_numbers_time_decides(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 0, 3600);
    note(memory);
    write_crl(&ca, 0, 3700);
    expect_refused(memory, "no number, thisUpdate");
    write_crl(&ca, 0, 3500);
    expect_taken(memory);
}

static void the_same_one_is_taken(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 7, 3600);
    note(memory);
    expect_taken(memory);
    qv_crl_memory_free(&memory);
    memory = open_memory();
    expect_taken(memory);
}

static void an_older_one_may_lie_beside_its_successor(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 8, 3600);
    note(memory);
    struct fx_crl older = {.issuer = &ca, .number = 7};
    fx_write_crl(&folder, "a.crl", "a", &older);
    expect_taken(memory);
}

static void each_issuer_and_scope_is_remembered_by_itself(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 9, 3600);
    note(memory);
    write_crl(&namesake, 3, 3600); /* another key, though of that name */
    note(memory);
    struct fx_crl users = {.issuer = &ca,
                           .number = 2,
                           .critical_nid = NID_issuing_distribution_point,
                           .extension = "onlyuser:TRUE"};
    fx_write_crl(&folder, "a.crl", "w", &users);
    note(memory);
    /* all three are still known, though only the last one is in force */
    qv_crl_memory_free(&memory);
    memory = open_memory();
    write_crl(&ca, 8, 60);
    expect_refused(memory, "number 9");
    write_crl(&namesake, 2, 60);
    expect_refused(memory, "number 3");
    users.number = 1;
    fx_write_crl(&folder, "a.crl", "w", &users);
    expect_refused(memory, "number 2");
}

static void removing_the_file_makes_it_forget(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&namesake, 5, 60);
    note(memory);
    write_crl(&ca, 9, 60);
    note(memory);
    write_crl(&ca, 8, 60);
    expect_refused(memory, "remove ");
    assert_int_equal(unlink(fx_path(&folder, "crl-seen.json")), 0);
    expect_taken(memory);
    note(memory);
    expect_taken(memory);
    write_crl(&ca, 7, 60);
    expect_refused(memory, "number 8"); /* it remembers anew */
    write_crl(&namesake, 4, 60);
    expect_taken(memory);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

static void the_file_is_readable_for_people(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 70000, 3600);
    note(memory);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0}, wanted = {0};
    read_stored(&text);
    struct qv_issuer_key key;
    assert_int_equal(qv_issuer_key_of(ca.x509, &key), QV_OK);
    qv_buf_put_text(&wanted, "{\"version\": 1, \"seen\": [\n  {\"issuer\": "
                             "\"dnQualifier=lo,CN=" FX_CLOUD "\", \"key\": \"");
    qv_base64url_write(&wanted, key.digest, sizeof(key.digest));
    qv_buf_put_text(&wanted, "\", \"number\": \"70000\", \"thisUpdate\": \"20");
    assert_true(qv_str_starts_with(qv_buf_str(&text), qv_buf_str(&wanted)));
    struct stat about;
    assert_int_equal(stat(fx_path(&folder, "crl-seen.json"), &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(access(fx_path(&folder, "crl-seen.json.new"), F_OK), -1);
}

static void it_is_written_only_where_something_changed(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    assert_int_equal(qv_crl_memory_note(memory, NULL, NULL), QV_OK);
    assert_int_equal(access(fx_path(&folder, "crl-seen.json"), F_OK), -1); /* nothing to say */
    write_crl(&ca, 7, 3600);
    note(memory);
    struct stat first, second;
    assert_int_equal(stat(fx_path(&folder, "crl-seen.json"), &first), 0);
    note(memory);
    qv_crl_memory_free(&memory);
    memory = open_memory();
    note(memory);
    assert_int_equal(stat(fx_path(&folder, "crl-seen.json"), &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    write_crl(&ca, 8, 3600);
    note(memory);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    read_stored(&text);
    assert_non_null(strstr(text.at, "\"number\": \"8\""));
}

static struct qv_crl_seen made_up(unsigned n)
{
    struct qv_crl_seen seen = {.stamp.this_update.seconds = 1900000000 + n};
    memcpy(seen.stamp.issuer.digest, &n, sizeof(n));
    if (n % 2 == 0)
        seen.stamp.about.scope[31] = 1;
    if (n % 3 != 0)
        memset(seen.stamp.about.number, 0xff, QV_CRL_NUMBER_OCTETS);
    (void)snprintf(seen.issuer, sizeof(seen.issuer), "CN=\"%u\\", n);
    return seen;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct qv_crl_seen all[QV_CRL_SEEN_MAX];
    struct qv_crl_seen_list list = {.at = all, .count = QV_CRL_SEEN_MAX};
    for (unsigned i = 0; i < QV_CRL_SEEN_MAX; i++)
        all[i] = made_up(i);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_crl_seen_write(&list, &text);
    QV_CLEANUP(qv_crl_seen_list) struct qv_crl_seen_list back = {0};
    assert_int_equal(qv_crl_seen_parse(qv_buf_str(&text), &back, NULL), QV_OK);
    assert_int_equal(back.count, list.count);
    assert_memory_equal(back.at, all, sizeof(all));
}

static void a_full_memory_drops_the_oldest_of_those_not_in_force(void **state)
{
    (void)state;
    struct qv_crl_seen all[QV_CRL_SEEN_MAX];
    struct qv_crl_seen_list list = {.at = all, .count = QV_CRL_SEEN_MAX};
    for (unsigned i = 0; i < QV_CRL_SEEN_MAX; i++)
        all[i] = made_up(i);
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    qv_crl_seen_write(&list, &text);
    fx_write_text(&folder, "crl-seen.json", text.at);
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 9, 60);
    note(memory);
    QV_CLEANUP(qv_buf) struct qv_buf stored = {0};
    read_stored(&stored);
    QV_CLEANUP(qv_crl_seen_list) struct qv_crl_seen_list back = {0};
    assert_int_equal(qv_crl_seen_parse(qv_buf_str(&stored), &back, NULL), QV_OK);
    assert_int_equal(back.count, QV_CRL_SEEN_MAX);
    assert_string_equal(back.at[0].issuer, "dnQualifier=lo,CN=" FX_CLOUD);
    assert_memory_equal(&back.at[1], all, (QV_CRL_SEEN_MAX - 1) * sizeof(all[0]));
}

static void a_damaged_file_is_told(void **state)
{
    (void)state;
#define KEY  "\"key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define TIME "\"thisUpdate\": \"2030-01-01T00:00:00Z\""
    static const char *const good[] = {
        "{\"version\": 1, \"seen\": []}",
        "{\"version\": 1, \"seen\": [{\"issuer\": \"\", " KEY ", " TIME "}]}",
    };
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "damaged"},
        {"{\"version\": 1, \"seen\": [", "damaged"},
        {"[]", "version is not 1"},
        {"{\"version\": 2, \"seen\": []}", "version is not 1"},
        {"{\"version\": 1}", "no list"},
        {"{\"version\": 1, \"seen\": {}}", "no list"},
        {"{\"version\": 1, \"seen\": [5]}", "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", " KEY "}]}", "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", " TIME "}]}", "entry 1"},
        {"{\"version\": 1, \"seen\": [{" KEY ", " TIME "}]}", "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"number\": 5, " KEY ", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"number\": \"05\", " KEY ", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"number\": \"-5\", " KEY ", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"number\": "
         "\"9999999999999999999999999999999999999999999999999\", " KEY ", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"scope\": \"A\", " KEY ", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"key\": "
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\", " TIME "}]}",
         "entry 1"},
        {"{\"version\": 1, \"seen\": [{\"issuer\": \"\", \"key\": "
         "\"AAAAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAA\", " TIME "}]}",
         "entry 1"},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        fx_write_text(&folder, "crl-seen.json", good[i]);
        QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
        assert_non_null(memory);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct qv_crl_memory *memory = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        const char *path = fx_path(&folder, "crl-seen.json");
        fx_write_text(&folder, "crl-seen.json", rows[i].text);
        assert_int_equal(qv_crl_memory_open(path, &memory, &error), QV_INVALID);
        assert_null(memory);
        if (strncmp(error.message, path, strlen(path)) != 0 ||
            strstr(error.message, "remove it") == NULL ||
            strstr(error.message, rows[i].words) == NULL)
            fail_msg("'%s' does not say '%s'", error.message, rows[i].words);
    }
}

static void an_absent_folder_is_an_empty_memory(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = NULL;
    char *path = fx_path(&folder, "absent/crl-seen.json");
    assert_int_equal(qv_crl_memory_open(path, &memory, NULL), QV_OK);
    write_crl(&ca, 7, 60);
    expect_taken(memory);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(memory, "a.crl", &faults);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_crl_memory_note(memory, crls, &error), QV_UNAVAILABLE);
    assert_non_null(strstr(error.message, "absent/crl-seen.json: cannot be written: No such"));
    /* this process remembers all the same */
    write_crl(&ca, 6, 60);
    QV_CLEANUP(qv_crls) struct qv_crls *older = load(memory, "a.crl", &faults);
    assert_null(older);
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    (void)state;
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 7, 3600);
    note(memory);
    QV_CLEANUP(qv_buf) struct qv_buf before = {0}, after = {0};
    read_stored(&before);
    write_crl(&ca, 8, 3600);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(memory, "a.crl", &faults);

    struct rlimit usual, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = usual;
    small.rlim_cur = 100; /* the disk is full in the middle of it */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_crl_memory_note(memory, crls, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_ptr_not_equal(signal(SIGXFSZ, handler), SIG_ERR);

    assert_int_equal(status, QV_UNAVAILABLE);
    assert_non_null(strstr(error.message, "cannot be written: File too large"));
    read_stored(&after);
    assert_true(qv_str_equal(qv_buf_str(&before), qv_buf_str(&after)));
    assert_int_equal(access(fx_path(&folder, "crl-seen.json.new"), F_OK), -1);
    write_crl(&ca, 7, 3600);
    expect_refused(memory, "number 8"); /* this process remembers */
    write_crl(&ca, 8, 3600);
    note(memory); /* and writes it as soon as it can */
    qv_buf_truncate(&after, 0);
    read_stored(&after);
    assert_non_null(strstr(after.at, "\"number\": \"8\""));
}

static void what_a_crash_left_behind_is_no_obstacle(void **state)
{
    (void)state;
    char part[4000]; /* longer than what will be written */
    memset(part, 'x', sizeof(part) - 1);
    part[sizeof(part) - 1] = '\0';
    fx_write_text(&folder, "crl-seen.json.new", part);
    QV_CLEANUP(qv_crl_memory) struct qv_crl_memory *memory = open_memory();
    write_crl(&ca, 7, 3600);
    note(memory);
    qv_crl_memory_free(&memory);
    memory = open_memory();
    write_crl(&ca, 6, 3600);
    expect_refused(memory, "number 7");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct fx_crl spec = {.issuer = &ca, .number = 5};
    fx_write_crl(&folder, "a.crl", "w", &spec);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_crls) struct qv_crls *crls = load(NULL, "a.crl", &faults);
    size_t failures = 0;
    for (int round = 0; round < 2; round++) { /* the second one reads the file */
        enum qv_status status = QV_NO_MEMORY;
        for (size_t nth = 1; status != QV_OK; nth++, failures++) {
            struct qv_crl_memory *memory = NULL;
            qv_memory_fail_at(nth);
            status = qv_crl_memory_open(fx_path(&folder, "crl-seen.json"), &memory, NULL);
            if (status == QV_OK)
                status = qv_crl_memory_note(memory, crls, NULL);
            qv_memory_fail_at(0);
            assert_true(status == QV_OK || status == QV_NO_MEMORY);
            qv_crl_memory_free(&memory);
            qv_crl_memory_free(&memory);
        }
    }
    assert_true(failures > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    qv_memory_init();
    const struct CMUnitTest tests[] = {
        TEST(an_older_one_is_refused),
        TEST(without_numbers_time_decides),
        TEST(the_same_one_is_taken),
        TEST(an_older_one_may_lie_beside_its_successor),
        TEST(each_issuer_and_scope_is_remembered_by_itself),
        TEST(removing_the_file_makes_it_forget),
        TEST(the_file_is_readable_for_people),
        TEST(it_is_written_only_where_something_changed),
        TEST(what_is_written_is_read),
        TEST(a_full_memory_drops_the_oldest_of_those_not_in_force),
        TEST(a_damaged_file_is_told),
        TEST(an_absent_folder_is_an_empty_memory),
        TEST(a_write_that_fails_leaves_the_old_file),
        TEST(what_a_crash_left_behind_is_no_obstacle),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

// links: identity
/*
 * The file of shared secrets, and what they prove (spec/arrowhead-discovery 1.5).
 */
#include "../../src/identity/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/qv-secrets-XXXXXX";

static void write_file(const char *text, size_t length, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static enum qv_status read_as(enum qv_dialect_id id, struct qv_secrets **ret_secrets,
                              struct qv_error *error)
{
    return qv_secrets_read(qv_dialect_get(id), path, ret_secrets, error);
}

/* HMAC-SHA256 of "key-system" and "KeySystem" under "hunter2 is secret", by the openssl command. */
#define OF_5_0 "23d86e53e632fd3c4e9b815df1d4080a4fc768409ff97bb52c3240d8b550746b"
#define OF_5_2 "6d9b59167d9961f44d2061a2eebf554b6dd08745a2970bff1e9533b81611b663"
static const char good[] = "# comment\n\n key-system :  hunter2 is secret \r\nother:a:b#c\n";

static void proves(void **state)
{
    (void)state;
    static const struct {
        enum qv_dialect_id id;
        const char *name, *hash;
        bool proven;
    } rows[] = {
        {QV_DIALECT_5_0, "key-system", OF_5_0, true},
        {QV_DIALECT_5_2, "KeySystem", OF_5_2, true},
        {QV_DIALECT_5_0, "key-system", OF_5_2, false},
        {QV_DIALECT_5_0, "Key-System", OF_5_0, false}, /* the name comes normalized */
        {QV_DIALECT_5_0, "other", OF_5_0, false},
        {QV_DIALECT_5_0, "nobody", OF_5_0, false},
        {QV_DIALECT_5_0, "", OF_5_0, false},
        {QV_DIALECT_5_0, "key-system", "", false},
    };
    write_file(good, strlen(good), 0600);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        QV_CLEANUP(qv_secrets) struct qv_secrets *secrets = NULL;
        assert_int_equal(read_as(rows[i].id, &secrets, NULL), QV_OK);
        struct qv_str hash = qv_str_from(rows[i].hash);
        assert_int_equal(qv_secrets_prove(secrets, qv_str_from(rows[i].name), hash),
                         rows[i].proven);
        assert_false(qv_secrets_prove(NULL, qv_str_from(rows[i].name), hash));
    }
}

static void any_other_digit_proves_nothing(void **state)
{
    (void)state;
    write_file(good, strlen(good), 0600);
    QV_CLEANUP(qv_secrets) struct qv_secrets *secrets = NULL;
    assert_int_equal(read_as(QV_DIALECT_5_0, &secrets, NULL), QV_OK);
    for (size_t i = 0; i < strlen(OF_5_0); i++) {
        char hash[] = OF_5_0;
        hash[i] = hash[i] == '0' ? '1' : '0';
        assert_false(qv_secrets_prove(secrets, QV_STR("key-system"), qv_str_from(hash)));
        struct qv_str shorter = {OF_5_0, i};
        assert_false(qv_secrets_prove(secrets, QV_STR("key-system"), shorter));
    }
}

static void refuses_what_is_no_such_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length; /* 0: all of it */
        mode_t mode;
        const char *words;
    } rows[] = {
        {"a: b\n", 0, 0640, ": open to group or others (mode 0640); run: chmod 600 "},
        {"a: b\n", 0, 0604, ": open to group or others (mode 0604); run: chmod 600 "},
        {"a: b\n#\nsecret\n", 0, 0600, ":3: must be `name: secret`"},
        {": secret\n", 0, 0600, ":1: must be `name: secret`, neither of them empty"},
        {"a: \n", 0, 0600, ":1: must be `name: secret`, neither of them empty"},
        {"a: b\nA : secret\n", 0, 0600, ":2: this system has a secret already, remove one"},
        {"a: b\0secret\n", 12, 0600, ":1: has a NUL in it"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_file(rows[i].text, rows[i].length > 0 ? rows[i].length : strlen(rows[i].text),
                   rows[i].mode);
        struct qv_secrets *secrets = NULL;
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        assert_int_equal(read_as(QV_DIALECT_5_0, &secrets, &error), QV_INVALID);
        assert_null(secrets);
        const char *words = qv_error_message(&error);
        assert_memory_equal(words, path, strlen(path));
        assert_memory_equal(words + strlen(path), rows[i].words, strlen(rows[i].words));
        if (strstr(rows[i].words, "name: secret") == NULL)
            assert_null(strstr(words, ": secret"));
    }
    unlink(path);
    struct qv_secrets *secrets = NULL;
    assert_int_equal(read_as(QV_DIALECT_5_0, &secrets, NULL), QV_NOT_FOUND);
}

static void an_empty_file_has_no_secrets(void **state)
{
    (void)state;
    write_file("# none yet\n", 11, 0600);
    QV_CLEANUP(qv_secrets) struct qv_secrets *secrets = NULL;
    assert_int_equal(read_as(QV_DIALECT_5_0, &secrets, NULL), QV_OK);
    assert_false(qv_secrets_prove(secrets, QV_STR("key-system"), QV_STR(OF_5_0)));
    qv_secrets_free(&secrets);
    qv_secrets_free(&secrets);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    write_file(good, strlen(good), 0600);
    enum qv_status status = QV_NO_MEMORY;
    for (size_t nth = 1; status != QV_OK; nth++) {
        struct qv_secrets *secrets = NULL;
        qv_memory_fail_at(nth);
        status = read_as(QV_DIALECT_5_0, &secrets, NULL);
        qv_memory_fail_at(0);
        assert_true(status == QV_OK || status == QV_NO_MEMORY);
        assert_int_equal(secrets != NULL, status == QV_OK);
        qv_secrets_free(&secrets);
    }
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd == -1 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves),
        cmocka_unit_test(any_other_digit_proves_nothing),
        cmocka_unit_test(refuses_what_is_no_such_file),
        cmocka_unit_test(an_empty_file_has_no_secrets),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}

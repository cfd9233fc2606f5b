// links: identity
/*
 * The verifier from outside: what it answers at once, what it asks of a server over plain HTTP on
 * loopback (TLS is the end-to-end tests' affair), what it asks only once, and how it ends.
 */
#include "../../src/identity/ca_bundle.h"
#include "../../src/identity/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <quiver/identity/verifier.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MISSING "No authorization header has been provided"
#define INVALID "Invalid authorization header"

/* ---- a server: one connection at a time, an answer by the request's path --------------------- */

static struct server {
    int fd;
    unsigned port;
    pthread_t thread;
    unsigned asked; /* the thread's, read when it has ended */
} server;

static void answer(int fd, const char *head)
{
    static const struct {
        const char *path, *answer;
    } answers[] = {
        {"/verify/good ", "200 OK\r\nContent-Length: 64\r\n\r\n"
                          "{\"verified\":true,\"systemName\":\"x\",\"expirationTime\":\"2100-01-0"},
        {"/verify/right ", "200 OK\r\nConnection: close\r\n\r\n{\"verified\":true,\"systemName\":"
                           "\"right-system\",\"expirationTime\":\"2100-01-01T00:00:00Z\"}"},
        {"/check/listed ", "200 OK\r\nConnection: close\r\n\r\ntrue"},
        {"/check/", "200 OK\r\nConnection: close\r\n\r\nfalse"},
        {"/verify/bad ", "200 OK\r\nConnection: close\r\n\r\n{\"verified\":false}"},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strncmp(head + 4, answers[i].path, strlen(answers[i].path)) == 0) {
            dprintf(fd, "HTTP/1.1 %s", answers[i].answer);
            return;
        }
    dprintf(fd, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nno");
}

static void *serve(void *data)
{
    (void)data;
    for (;;) {
        int fd = accept(server.fd, NULL, NULL);
        if (fd == -1)
            return NULL; /* the test is over */
        char head[4096] = "";
        size_t length = 0;
        ssize_t got;
        while (strstr(head, "\r\n\r\n") == NULL &&
               (got = read(fd, head + length, sizeof(head) - 1 - length)) > 0)
            length += (size_t)got;
        server.asked++;
        answer(fd, head);
        close(fd);
    }
}

static int start_server(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(at);
    server = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (server.fd == -1 || bind(server.fd, (struct sockaddr *)&at, length) != 0 ||
        listen(server.fd, 64) != 0 || getsockname(server.fd, (struct sockaddr *)&at, &length) != 0)
        return -1;
    server.port = ntohs(at.sin_port);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    return close(server.fd);
}

/* ---- a verifier and its inquiries ------------------------------------------------------------ */

static struct qv_config *make_config(const char *more)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "cloud: {name: testcloud.company.arrowhead.eu}\n"
             "listeners:\n- {name: a, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}\n"
             "identity:\n  authentication_system: {url: \"http://127.0.0.1:%u\", timeout: 5s%s}\n"
             "  blacklist: {mode: required, keep: 1m, timeout: 5s}\n",
             server.port, more);
    struct qv_config *config = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    if (qv_config_parse("q.yaml", qv_str_from(text), &config, &faults) != QV_OK)
        fail_msg("%s", faults.count > 0 ? faults.at[0] : "?");
    return config;
}

static struct qv_verifier *make_verifier(const struct qv_config *config, bool started)
{
    struct qv_verifier *verifier = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (qv_verifier_new(config, &verifier, &error) != QV_OK)
        fail_msg("%s", qv_error_message(&error));
    if (started)
        assert_int_equal(qv_verifier_start(verifier, &error), QV_OK);
    return verifier;
}

struct asked {
    struct qv_inquiry inquiry;
    sem_t done;
};

static void on_done(struct qv_inquiry *inquiry)
{
    sem_post(&((struct asked *)inquiry)->done);
}

static void begin(struct asked *asked)
{
    *asked = (struct asked){.inquiry = {.done = on_done}};
    sem_init(&asked->done, 0, 0);
}

static void end(struct asked *asked, bool waits)
{
    while (waits && sem_wait(&asked->done) != 0)
        continue; /* EINTR */
    sem_destroy(&asked->done);
}

/* Asks and waits; true where it was not answered at once. */
static bool identify(struct qv_verifier *verifier, const char *header, struct asked *asked)
{
    struct qv_str text = qv_str_from(header);
    begin(asked);
    bool waits = qv_verifier_identify(verifier, header != NULL ? &text : NULL, &asked->inquiry);
    end(asked, waits);
    return waits;
}

static bool look_up(struct qv_verifier *verifier, const char *name, const char *url,
                    struct asked *asked)
{
    begin(asked);
    bool waits =
        qv_verifier_look_up(verifier, qv_str_from(name), qv_str_from(url), &asked->inquiry);
    end(asked, waits);
    return waits;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void what_needs_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *words;
    } rows[] = {
        {NULL, MISSING},
        {" ", MISSING},
        {"Basic x", INVALID},
        {"Bearer SYSTEM//a", INVALID},
        {"Bearer IDENTITY-TOKEN", INVALID},
        {"Bearer IDENTITY-TOKEN//", INVALID},
        {"Bearer IDENTITY-TOKEN//a//b", INVALID},
        {"Bearer AUTHENTICATOR-KEY//a", INVALID},
        {"Bearer AUTHENTICATOR-KEY//a//b", INVALID},
        {"Bearer AUTHENTICATOR-KEY//a//b//c", INVALID},
    };
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked;
        assert_false(identify(verifier, rows[i].header, &asked));
        assert_int_equal(asked.inquiry.status, QV_UNAUTHENTICATED);
        assert_string_equal(qv_error_message(&asked.inquiry.error), rows[i].words);
        assert_null(asked.inquiry.identity);
        qv_inquiry_free(&asked.inquiry);
    }
    assert_int_equal(server.asked, 0);
}

static void asks_once_and_remembers(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    for (int i = 0; i < 3; i++) {
        struct asked asked;
        assert_int_equal(identify(verifier, "Bearer IDENTITY-TOKEN//right", &asked), i == 0);
        assert_int_equal(asked.inquiry.status, QV_OK);
        assert_string_equal(asked.inquiry.identity->system, "right-system");
        qv_inquiry_free(&asked.inquiry);
        assert_int_equal(identify(verifier, "Bearer IDENTITY-TOKEN//bad", &asked), i == 0);
        assert_int_equal(asked.inquiry.status, QV_UNAUTHENTICATED);
        assert_string_equal(qv_error_message(&asked.inquiry.error), INVALID);
        qv_inquiry_free(&asked.inquiry);
    }
}

static void does_not_believe_half_an_answer(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        assert_true(identify(verifier, "Bearer IDENTITY-TOKEN//good", &asked));
        assert_int_equal(asked.inquiry.status, QV_UNAVAILABLE);
        qv_inquiry_free(&asked.inquiry);
    }
}

/* A name and a token of the same text are two questions. */
static void looks_names_up(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/check", server.port);
    static const struct {
        const char *name;
        bool listed;
    } rows[] = {{"listed", true}, {"right", false}, {"bad", false}};
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < 3; i++) {
            struct asked asked;
            assert_int_equal(look_up(verifier, rows[i].name, url, &asked), again == 0);
            assert_int_equal(asked.inquiry.status, QV_OK);
            assert_int_equal(asked.inquiry.listed, rows[i].listed);
            assert_null(asked.inquiry.identity);
            qv_inquiry_free(&asked.inquiry);
        }
    struct asked asked;
    assert_true(identify(verifier, "Bearer IDENTITY-TOKEN//right", &asked));
    assert_non_null(asked.inquiry.identity);
    qv_inquiry_free(&asked.inquiry);
    assert_false(look_up(verifier, "", url, &asked));
    assert_int_equal(asked.inquiry.status, QV_UNAVAILABLE);
    qv_inquiry_free(&asked.inquiry);
    assert_false(look_up(verifier, "a", "", &asked));
    assert_int_equal(asked.inquiry.status, QV_UNAVAILABLE);
    qv_inquiry_free(&asked.inquiry);
}

static void many_ask_the_same(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    struct asked asked[100];
    bool waits[100];
    struct qv_str header = QV_STR("Bearer IDENTITY-TOKEN//right");
    for (size_t i = 0; i < 100; i++) {
        begin(&asked[i]);
        waits[i] = qv_verifier_identify(verifier, &header, &asked[i].inquiry);
    }
    for (size_t i = 0; i < 100; i++) {
        end(&asked[i], waits[i]);
        assert_string_equal(asked[i].inquiry.identity->system, "right-system");
        qv_inquiry_free(&asked[i].inquiry);
    }
    qv_verifier_free(&verifier);
    stop_server(NULL);
    assert_int_equal(server.asked, 1);
    assert_int_equal(start_server(NULL), 0);
}

static void more_than_it_bears_is_refused(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, false);
    struct asked asked;
    assert_false(identify(verifier, "Bearer IDENTITY-TOKEN//right", &asked));
    assert_int_equal(asked.inquiry.status, QV_UNAVAILABLE); /* its thread does not run */
    qv_inquiry_free(&asked.inquiry);
}

/* All who wait when it ends are answered. */
static void ends_with_questions_open(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config) struct qv_config *config = make_config("");
    struct qv_verifier *verifier = make_verifier(config, true);
    static struct asked asked[QV_FETCHES_MAX];
    bool waits[QV_FETCHES_MAX];
    size_t answered = 0;
    for (size_t i = 0; i < QV_FETCHES_MAX; i++) {
        char text[64];
        snprintf(text, sizeof(text), "Bearer IDENTITY-TOKEN//t%zu", i);
        struct qv_str header = qv_str_from(text);
        begin(&asked[i]);
        waits[i] = qv_verifier_identify(verifier, &header, &asked[i].inquiry);
    }
    qv_verifier_free(&verifier);
    for (size_t i = 0; i < QV_FETCHES_MAX; i++) {
        end(&asked[i], waits[i]);
        enum qv_status status = asked[i].inquiry.status;
        assert_true(status == QV_UNAVAILABLE || status == QV_FOREIGN);
        answered++;
        qv_inquiry_free(&asked[i].inquiry);
    }
    assert_int_equal(answered, QV_FETCHES_MAX);
    qv_verifier_free(&verifier);
}

static void a_bad_file_is_told(void **state)
{
    (void)state;
    QV_CLEANUP(qv_config)
    struct qv_config *config = make_config(", secrets_file: /no/such/secrets");
    struct qv_verifier *verifier = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_verifier_new(config, &verifier, &error), QV_NOT_FOUND);
    assert_non_null(strstr(qv_error_message(&error), "/no/such/secrets"));
    assert_null(verifier);
}

/* ---- files that change ----------------------------------------------------------------------- */

/* HMAC-SHA256 of "key-system" under "first" and "second", by the openssl command. */
#define BY_FIRST                                                                                   \
    "Bearer "                                                                                      \
    "AUTHENTICATOR-KEY//key-system//"                                                              \
    "a2f9edda4e476c90684d0265ef67dbed6b08ad7423b6f5b919201d7b85400c93"
#define BY_SECOND                                                                                  \
    "Bearer "                                                                                      \
    "AUTHENTICATOR-KEY//key-system//"                                                              \
    "78b2b30f18718076e8969ff5a68685fa8520621c64b744aecc3b9f02b40b131c"

static char secrets[] = "/tmp/qv-verifier-XXXXXX";

static void write_secrets(const char *text)
{
    FILE *file = fopen(secrets, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up_secrets(void **state)
{
    memcpy(strrchr(secrets, '-') + 1, "XXXXXX", 6);
    int fd = mkstemp(secrets); /* mode 0600 */
    if (fd == -1 || close(fd) != 0)
        return -1;
    write_secrets("key-system: first\n");
    return start_server(state);
}

static int remove_secrets(void **state)
{
    return stop_server(state) | unlink(secrets);
}

static struct qv_config *config_with_secrets(void)
{
    char more[128];
    snprintf(more, sizeof(more), ", secrets_file: %s, keep: 1m", secrets);
    return make_config(more);
}

static void assert_proven(struct qv_verifier *verifier, const char *header, bool proven)
{
    struct asked asked;
    assert_false(identify(verifier, header, &asked));
    assert_int_equal(asked.inquiry.status, proven ? QV_OK : QV_UNAUTHENTICATED);
    qv_inquiry_free(&asked.inquiry);
}

static void other_secrets_take_the_place_of_the_old(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_config) struct qv_config *config = config_with_secrets();
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    assert_proven(verifier, BY_FIRST, true);
    assert_proven(verifier, BY_SECOND, false);
    write_secrets("key-system: second\n");
    assert_proven(verifier, BY_FIRST, true); /* not before it is told */
    assert_int_equal(qv_verifier_renew(verifier, config, &error), QV_OK);
    assert_proven(verifier, BY_FIRST, false);
    assert_proven(verifier, BY_SECOND, true);
    QV_CLEANUP(qv_config) struct qv_config *without = make_config("");
    assert_int_equal(qv_verifier_renew(verifier, without, &error), QV_OK);
    assert_proven(verifier, BY_SECOND, false);
}

static void a_fault_keeps_the_old(void **state)
{
    (void)state;
    static const char *const bad[] = {"key-system: second\nno colon\n", "key-system:\n",
                                      "key-system: second\nkey-system: third\n"};
    QV_CLEANUP(qv_config) struct qv_config *config = config_with_secrets();
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        QV_CLEANUP(qv_error) struct qv_error error = {0};
        write_secrets(bad[i]);
        assert_int_equal(qv_verifier_renew(verifier, config, &error), QV_INVALID);
        assert_non_null(strstr(qv_error_message(&error), secrets));
        assert_null(strstr(qv_error_message(&error), "second"));
        assert_proven(verifier, BY_FIRST, true);
        assert_proven(verifier, BY_SECOND, false);
    }
}

/* Secrets that are fine do not come into force beside a CA file that is not. */
static void it_is_taken_as_a_whole(void **state)
{
    (void)state;
    char more[256];
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_config) struct qv_config *config = config_with_secrets();
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    snprintf(more, sizeof(more), ", secrets_file: %s, ca: /no/such.crt", secrets);
    QV_CLEANUP(qv_config) struct qv_config *broken = make_config(more);
    write_secrets("key-system: second\n");
    assert_int_equal(qv_verifier_renew(verifier, broken, &error), QV_NOT_FOUND);
    assert_proven(verifier, BY_FIRST, true);
    assert_proven(verifier, BY_SECOND, false);
}

static void what_was_remembered_is_forgotten(void **state)
{
    (void)state;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_config) struct qv_config *config = config_with_secrets();
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    for (int time = 0; time < 4; time++) {
        struct asked asked;
        if (time == 2)
            assert_int_equal(qv_verifier_renew(verifier, config, &error), QV_OK);
        qv_verifier_show(verifier, NULL);
        assert_int_equal(identify(verifier, "Bearer IDENTITY-TOKEN//right", &asked), time % 2 == 0);
        assert_int_equal(asked.inquiry.status, QV_OK);
        qv_inquiry_free(&asked.inquiry);
    }
}

/* Renewals while many ask: each question is answered, by the old or the new. */
static void renewals_in_between(void **state)
{
    (void)state;
    enum { QUESTIONS = 200 };
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    QV_CLEANUP(qv_config) struct qv_config *config = config_with_secrets();
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = make_verifier(config, true);
    static struct asked asked[QUESTIONS];
    bool waits[QUESTIONS];
    struct qv_str header = QV_STR("Bearer IDENTITY-TOKEN//right");
    for (size_t i = 0; i < QUESTIONS; i++) {
        begin(&asked[i]);
        waits[i] = qv_verifier_identify(verifier, &header, &asked[i].inquiry);
        qv_verifier_show(verifier, NULL);
        if (i % 10 == 0)
            assert_int_equal(qv_verifier_renew(verifier, config, &error), QV_OK);
    }
    for (size_t i = 0; i < QUESTIONS; i++) {
        end(&asked[i], waits[i]);
        assert_int_equal(asked[i].inquiry.status, QV_OK);
        assert_string_equal(asked[i].inquiry.identity->system, "right-system");
        qv_inquiry_free(&asked[i].inquiry);
    }
}

static void ca_files(void **state)
{
    (void)state;
    char *none[] = {(char *)(uintptr_t) "/no/such.crt"};
    char *wrong[] = {(char *)(uintptr_t)TEST_DATA "/config/every.yaml"};
    char *empty[] = {(char *)(uintptr_t) "/dev/null"};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    assert_int_equal(qv_ca_bundle_read(NULL, 0, &text, &error), QV_OK);
    assert_int_equal(text.length, 0);
    assert_int_equal(qv_ca_bundle_read(none, 1, &text, &error), QV_NOT_FOUND);
    assert_int_equal(qv_ca_bundle_read(empty, 1, &text, &error), QV_INVALID);
    assert_int_equal(qv_ca_bundle_read(wrong, 1, &text, &error), QV_INVALID);
    assert_string_equal(qv_error_message(&error),
                        TEST_DATA "/config/every.yaml: there is no certificate (PEM or DER) in it");
}

int main(void)
{
    qv_memory_init();
#define WITH_SECRETS(test) cmocka_unit_test_setup_teardown(test, set_up_secrets, remove_secrets)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_needs_nobody, start_server, stop_server),
        cmocka_unit_test_setup_teardown(asks_once_and_remembers, start_server, stop_server),
        cmocka_unit_test_setup_teardown(does_not_believe_half_an_answer, start_server, stop_server),
        cmocka_unit_test_setup_teardown(looks_names_up, start_server, stop_server),
        cmocka_unit_test_setup_teardown(many_ask_the_same, start_server, stop_server),
        cmocka_unit_test_setup_teardown(more_than_it_bears_is_refused, start_server, stop_server),
        cmocka_unit_test_setup_teardown(ends_with_questions_open, start_server, stop_server),
        cmocka_unit_test_setup_teardown(a_bad_file_is_told, start_server, stop_server),
        WITH_SECRETS(other_secrets_take_the_place_of_the_old),
        WITH_SECRETS(a_fault_keeps_the_old),
        WITH_SECRETS(it_is_taken_as_a_whole),
        WITH_SECRETS(what_was_remembered_is_forgotten),
        WITH_SECRETS(renewals_in_between),
        cmocka_unit_test(ca_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The verifier: questions, answers that are kept, and the flights between them.
 *
 * Holds always: an inquiry is answered exactly once; one question is on its way at most once, and
 * all who ask it meanwhile wait for that one. `answers` and `flights` are under the lock, which no
 * callback is called with. A token is never logged, and kept only while it is being asked about.
 */
#include <quiver/identity/verifier.h>

#include "answers.h"
#include "bearer.h"
#include "fetch.h"
#include "names.h"
#include "replies.h"
#include "secrets.h"

#include <pthread.h>
#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <quiver/domain/names.h>
#include <stddef.h>
#include <string.h>
#include <utlist.h>

enum { TOKEN_MAX = 4096, LOG_EVERY_MS = 1000 };

enum kind { KIND_TOKEN, KIND_NAME };

/* A question that another system is being asked. */
struct flight {
    struct qv_fetch fetch;
    struct qv_verifier *verifier;
    enum kind kind;
    qv_question question;
    char *url;                  /* owned; of a token it holds that */
    struct qv_inquiry *waiting; /* who asked */
    struct flight *prev, *next;
};

struct qv_verifier {
    const struct qv_config *config;
    const struct qv_dialect *dialect;
    struct qv_secrets *secrets; /* NULL: none */
    struct qv_buf ca[2];        /* by kind; PEM */
    char *verify_url;           /* NULL: none is configured */
    struct qv_fetcher *fetcher;
    struct qv_mono told; /* the fetcher's thread's: no fault is logged before then ... */
    unsigned suppressed; /* ... and how many were not */

    pthread_mutex_t lock;
    struct qv_answers *answers;
    struct flight *flights;
};

/* ---- life ------------------------------------------------------------------------------------ */

static enum qv_status read_ca(const struct qv_config *config, char *own, struct qv_buf *buf,
                              struct qv_error *error)
{
    if (own != NULL)
        return qv_ca_bundle_read(&own, 1, buf, error);
    return qv_ca_bundle_read(config->tls.trust.at, config->tls.trust.count, buf, error);
}

static enum qv_status make_verify_url(struct qv_verifier *verifier)
{
    const char *url = verifier->config->identity.authentication_system.url;
    if (url == NULL)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_printf(&buf, "%s/verify", url);
    return qv_buf_take(&buf, &verifier->verify_url, NULL);
}

static enum qv_status read_parts(struct qv_verifier *verifier, struct qv_error *error)
{
    const struct qv_config *config = verifier->config;
    const char *secrets = config->identity.authentication_system.secrets_file;
    if (secrets != NULL)
        QV_TRY(qv_secrets_read(verifier->dialect, secrets, &verifier->secrets, error));
    if (config->identity.authentication_system.url != NULL)
        QV_TRY(read_ca(config, config->identity.authentication_system.ca, &verifier->ca[KIND_TOKEN],
                       error));
    if (config->identity.blacklist.mode != QV_BLACKLIST_OFF)
        QV_TRY(read_ca(config, config->identity.blacklist.ca, &verifier->ca[KIND_NAME], error));
    QV_TRY(make_verify_url(verifier));
    QV_TRY(qv_answers_new(&verifier->answers));
    return qv_fetcher_new(config, &verifier->fetcher, error);
}

enum qv_status qv_verifier_new(const struct qv_config *config, struct qv_verifier **ret_verifier,
                               struct qv_error *error)
{
    struct qv_verifier *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    QV_CLEANUP(qv_verifier) struct qv_verifier *verifier = made;
    struct qv_rules rules;
    qv_rules_from_config(config, &rules);
    verifier->config = config;
    verifier->dialect = rules.dialect;
    QV_TRY(read_parts(verifier, error));
    *ret_verifier = verifier;
    verifier = NULL;
    return QV_OK;
}

enum qv_status qv_verifier_start(struct qv_verifier *verifier, struct qv_error *error)
{
    return qv_fetcher_start(verifier->fetcher, error);
}

void qv_verifier_free(struct qv_verifier **verifier)
{
    struct qv_verifier *old = *verifier;
    if (old == NULL)
        return;
    *verifier = NULL;
    qv_fetcher_free(&old->fetcher); /* lands all flights */
    qv_answers_free(&old->answers);
    qv_secrets_free(&old->secrets);
    qv_buf_free(&old->ca[KIND_TOKEN]);
    qv_buf_free(&old->ca[KIND_NAME]);
    qv_free(old->verify_url);
    pthread_mutex_destroy(&old->lock);
    qv_free(old);
}

/* ---- answering ------------------------------------------------------------------------------- */

void qv_inquiry_free(struct qv_inquiry *inquiry)
{
    qv_error_free(&inquiry->error);
    qv_identity_free(&inquiry->identity);
}

static void fill(struct qv_inquiry *inquiry, const struct qv_finding *finding)
{
    inquiry->status = finding->status;
    if (finding->status != QV_OK)
        qv_error_set(&inquiry->error, finding->status, "%s", qv_error_message(&finding->error));
    inquiry->identity = qv_identity_ref(finding->identity);
    inquiry->listed = finding->listed;
}

/* Answers without asking anybody; for `return`. */
static bool refuse(struct qv_inquiry *inquiry, enum qv_status status, const char *words)
{
    inquiry->status = qv_error_set(&inquiry->error, status, "%s", words);
    return false;
}

static void flight_free(struct flight *flight)
{
    if (flight->url != NULL)
        qv_memory_wipe(flight->url, strlen(flight->url));
    qv_free(flight->url);
    qv_free(flight);
}

/* ---- on the fetcher's thread ----------------------------------------------------------------- */

static void find(const struct flight *flight, const struct qv_fetched *fetched,
                 struct qv_finding *ret_finding)
{
    const struct qv_verifier *verifier = flight->verifier;
    if (flight->kind == KIND_TOKEN)
        qv_finding_of_token(fetched, verifier->verify_url,
                            verifier->config->identity.authentication_system.keep_ms, qv_wall_now(),
                            ret_finding);
    else
        qv_finding_of_name(fetched, verifier->config->identity.blacklist.keep_ms, ret_finding);
}

/* Faults of the one that was asked; a line a second is enough to know. */
static void tell_log(const struct flight *flight, const struct qv_fetched *fetched,
                     const struct qv_finding *finding)
{
    struct qv_verifier *verifier = flight->verifier;
    if (finding->status == QV_OK || finding->status == QV_UNAUTHENTICATED)
        return;
    struct qv_mono now = qv_mono_now();
    if (now.us < verifier->told.us) {
        verifier->suppressed++;
        return;
    }
    qv_log(
        QV_LOG_WARNING,
        flight->kind == KIND_TOKEN ? "identity not verified" : "blacklist not asked",
        QV_LOG_CSTR("reason", fetched->reached ? qv_status_name(finding->status) : fetched->reason),
        QV_LOG_INT("status", fetched->status), QV_LOG_INT("suppressed", verifier->suppressed));
    verifier->told = qv_mono_add_ms(now, LOG_EVERY_MS);
    verifier->suppressed = 0;
}

/* Remembers what was found, and takes the flight away so that no one waits for it any more. */
static void land(struct flight *flight, const struct qv_finding *finding)
{
    struct qv_verifier *verifier = flight->verifier;
    const struct qv_answer answer = {.identity = finding->identity, .listed = finding->listed};
    pthread_mutex_lock(&verifier->lock);
    if (finding->keep_ms > 0)
        qv_answers_keep(verifier->answers, flight->question, &answer,
                        qv_mono_add_ms(qv_mono_now(), finding->keep_ms));
    DL_DELETE(verifier->flights, flight);
    pthread_mutex_unlock(&verifier->lock);
}

static void on_fetched(struct qv_fetch *fetch, const struct qv_fetched *fetched)
{
    struct flight *flight = (struct flight *)((char *)fetch - offsetof(struct flight, fetch));
    QV_CLEANUP(qv_finding) struct qv_finding finding = {0};
    find(flight, fetched, &finding);
    tell_log(flight, fetched, &finding);
    land(flight, &finding);
    struct qv_inquiry *inquiry = flight->waiting, *next;
    for (; inquiry != NULL; inquiry = next) {
        next = inquiry->next_;
        fill(inquiry, &finding);
        inquiry->done(inquiry); /* and it is gone */
    }
    flight_free(flight);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static enum qv_status question_of(enum kind kind, struct qv_str text, qv_question ret_question)
{
    QV_CLEANUP(qv_buf) struct qv_buf whole = {0};
    qv_buf_reserve(&whole, text.length + 2); /* growing would leave a copy behind */
    qv_buf_put_char(&whole, kind == KIND_TOKEN ? 't' : 'n');
    qv_buf_put(&whole, text);
    QV_TRY(qv_buf_status(&whole));
    enum qv_status status = qv_sha256(qv_buf_str(&whole), ret_question);
    qv_memory_wipe(whole.at, whole.length);
    return status;
}

/* RFC 3986: what is not unreserved is escaped, so that it stays one part of the path. */
static void put_segment(struct qv_buf *buf, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("-._~", c) != NULL);
        if (plain)
            qv_buf_put_char(buf, (char)c);
        else
            qv_buf_printf(buf, "%%%02X", c);
    }
}

static enum qv_status flight_new(struct qv_verifier *verifier, enum kind kind, struct qv_str url,
                                 struct qv_str segment, struct flight **ret_flight)
{
    QV_CLEANUP(qv_buf) struct qv_buf whole = {0};
    qv_buf_reserve(&whole, url.length + segment.length * 3 + 2);
    qv_buf_put(&whole, url);
    qv_buf_put_char(&whole, '/');
    put_segment(&whole, segment);
    struct flight *flight = qv_alloc(sizeof(*flight));
    if (flight == NULL)
        return QV_NO_MEMORY;
    if (qv_buf_take(&whole, &flight->url, NULL) != QV_OK) {
        qv_free(flight);
        return QV_NO_MEMORY;
    }
    const struct qv_config *config = verifier->config;
    flight->verifier = verifier;
    flight->kind = kind;
    flight->fetch.url = flight->url;
    flight->fetch.ca = qv_buf_str(&verifier->ca[kind]);
    flight->fetch.timeout_ms = kind == KIND_TOKEN
                                   ? config->identity.authentication_system.timeout_ms
                                   : config->identity.blacklist.timeout_ms;
    flight->fetch.done = on_fetched;
    *ret_flight = flight;
    return QV_OK;
}

/* Under the lock: sends the question off. */
static enum qv_status take_off(struct qv_verifier *verifier, enum kind kind, struct qv_str url,
                               struct qv_str segment, const qv_question question,
                               struct qv_inquiry *inquiry)
{
    struct flight *flight;
    QV_TRY(flight_new(verifier, kind, url, segment, &flight));
    memcpy(flight->question, question, sizeof(qv_question));
    flight->waiting = inquiry;
    inquiry->next_ = NULL;
    DL_APPEND(verifier->flights, flight);
    enum qv_status status = qv_fetcher_get(verifier->fetcher, &flight->fetch);
    if (status != QV_OK) {
        DL_DELETE(verifier->flights, flight);
        flight_free(flight);
    }
    return status;
}

/* Under the lock: joins those who wait for the same. */
static bool join(struct qv_verifier *verifier, const qv_question question,
                 struct qv_inquiry *inquiry)
{
    struct flight *flight;
    DL_FOREACH(verifier->flights, flight)
    {
        if (memcmp(flight->question, question, sizeof(qv_question)) != 0)
            continue;
        inquiry->next_ = flight->waiting;
        flight->waiting = inquiry;
        return true;
    }
    return false;
}

static void use_kept(enum kind kind, struct qv_answer *answer, struct qv_inquiry *inquiry)
{
    inquiry->status = QV_OK;
    if (kind == KIND_TOKEN && answer->identity == NULL)
        inquiry->status = qv_bearer_refuse(&inquiry->error);
    inquiry->identity = answer->identity; /* the reference, too */
    inquiry->listed = answer->listed;
}

static bool ask(struct qv_verifier *verifier, enum kind kind, struct qv_str url,
                struct qv_str segment, struct qv_inquiry *inquiry)
{
    qv_question question;
    enum qv_status status = question_of(kind, segment, question);
    if (status != QV_OK)
        return refuse(inquiry, status, "the question cannot be asked");
    struct qv_answer kept;
    pthread_mutex_lock(&verifier->lock);
    bool known = qv_answers_find(verifier->answers, question, qv_mono_now(), &kept);
    if (!known && !join(verifier, question, inquiry))
        status = take_off(verifier, kind, url, segment, question, inquiry);
    pthread_mutex_unlock(&verifier->lock);
    if (known)
        use_kept(kind, &kept, inquiry);
    else if (status == QV_TOO_MANY)
        return refuse(inquiry, QV_UNAVAILABLE, "Too many callers wait to be verified");
    else if (status != QV_OK)
        return refuse(inquiry, QV_UNAVAILABLE, "Nobody can be asked about the caller");
    return !known;
}

/* ---- what can be asked ----------------------------------------------------------------------- */

static bool prove_key(struct qv_verifier *verifier, const struct qv_bearer *bearer,
                      struct qv_inquiry *inquiry)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(verifier->dialect, QV_ENTITY_SYSTEM, bearer->parts[1], &name);
    if (qv_buf_status(&name) != QV_OK)
        return refuse(inquiry, QV_NO_MEMORY, "out of memory");
    bool proven =
        qv_secrets_prove(verifier->secrets, qv_buf_str(&name), qv_str_trim(bearer->parts[2]));
    inquiry->status = proven ? qv_identity_make(qv_buf_str(&name), NULL, QV_PROFILE_SYSTEM, NULL,
                                                &inquiry->identity)
                             : qv_bearer_refuse(&inquiry->error);
    return false;
}

bool qv_verifier_identify(struct qv_verifier *verifier, const struct qv_str *header,
                          struct qv_inquiry *inquiry)
{
    struct qv_bearer bearer;
    inquiry->status = qv_bearer_read(header, &bearer, &inquiry->error);
    if (inquiry->status != QV_OK)
        return false;
    if (qv_bearer_is(&bearer, "AUTHENTICATOR-KEY", 2))
        return prove_key(verifier, &bearer, inquiry);
    struct qv_str token = qv_str_trim(bearer.parts[1]);
    if (!qv_bearer_is(&bearer, "IDENTITY-TOKEN", 1) || token.length == 0 ||
        token.length > TOKEN_MAX || verifier->verify_url == NULL) {
        inquiry->status = qv_bearer_refuse(&inquiry->error);
        return false;
    }
    return ask(verifier, KIND_TOKEN, qv_str_from(verifier->verify_url), token, inquiry);
}

bool qv_verifier_look_up(struct qv_verifier *verifier, struct qv_str name, struct qv_str url,
                         struct qv_inquiry *inquiry)
{
    if (name.length == 0 || url.length == 0)
        return refuse(inquiry, QV_UNAVAILABLE, "the blacklist cannot be asked");
    return ask(verifier, KIND_NAME, url, name, inquiry);
}

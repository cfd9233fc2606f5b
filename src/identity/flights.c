/*
 * Questions to other systems, from asking to landing.
 *
 * Holds always: an inquiry is answered exactly once; one question is on its way at most once, and
 * all who ask it meanwhile wait for that one, unless the CAs changed since: what a system said that
 * is not believed any more is told to nobody who asked later, and not remembered. A token is never
 * logged, and kept only while it is being asked about. Asking is on any thread, landing on the
 * fetcher's.
 */
#include "flights.h"

#include "bearer.h"
#include "replies.h"

#include <quiver/base/log.h>
#include <quiver/base/memory.h>
#include <stddef.h>
#include <string.h>
#include <utlist.h>

enum { LOG_EVERY_MS = 1000 };

/* A question that another system is being asked. */
struct qv_flight {
    struct qv_fetch fetch;
    struct qv_verifier *verifier;
    struct qv_files *files; /* a reference; its CAs are the fetch's */
    enum qv_question_kind kind;
    qv_question question;
    char *url;                  /* owned; of a token it holds that */
    struct qv_inquiry *waiting; /* who asked */
    struct qv_flight *prev, *next;
};

/* ---- answering ------------------------------------------------------------------------------- */

/* Answers without asking anybody; for `return`. */
bool qv_inquiry_refuse(struct qv_inquiry *inquiry, enum qv_status status, const char *words)
{
    inquiry->status = qv_error_set(&inquiry->error, status, "%s", words);
    return false;
}

static void fill(struct qv_inquiry *inquiry, const struct qv_finding *finding)
{
    inquiry->status = finding->status;
    if (finding->status != QV_OK)
        qv_error_set(&inquiry->error, finding->status, "%s", qv_error_message(&finding->error));
    inquiry->identity = qv_identity_ref(finding->identity);
    inquiry->listed = finding->listed;
}

static void flight_free(struct qv_flight *flight)
{
    if (flight->url != NULL)
        qv_memory_wipe(flight->url, strlen(flight->url));
    qv_free(flight->url);
    qv_files_free(&flight->files);
    qv_free(flight);
}

/* ---- on the fetcher's thread ----------------------------------------------------------------- */

static void find(const struct qv_flight *flight, const struct qv_fetched *fetched,
                 struct qv_finding *ret_finding)
{
    const struct qv_verifier *verifier = flight->verifier;
    if (flight->kind == QV_QUESTION_TOKEN)
        qv_finding_of_token(fetched, verifier->verify_url,
                            verifier->config->identity.authentication_system.keep_ms, qv_wall_now(),
                            ret_finding);
    else
        qv_finding_of_name(fetched, verifier->config->identity.blacklist.keep_ms, ret_finding);
}

/* Faults of the one that was asked; a line a second is enough to know. */
static void tell_log(const struct qv_flight *flight, const struct qv_fetched *fetched,
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
        flight->kind == QV_QUESTION_TOKEN ? "identity not verified" : "blacklist not asked",
        QV_LOG_CSTR("reason", fetched->reached ? qv_status_name(finding->status) : fetched->reason),
        QV_LOG_INT("status", fetched->status), QV_LOG_INT("suppressed", verifier->suppressed));
    verifier->told = qv_mono_add_ms(now, LOG_EVERY_MS);
    verifier->suppressed = 0;
}

/* Remembers what was found, and takes the flight away so that no one waits for it any more. */
static void land(struct qv_flight *flight, const struct qv_finding *finding)
{
    struct qv_verifier *verifier = flight->verifier;
    const struct qv_answer answer = {.identity = finding->identity, .listed = finding->listed};
    pthread_mutex_lock(&verifier->lock);
    if (finding->keep_ms > 0 && flight->files == verifier->files)
        qv_answers_keep(verifier->answers, flight->question, &answer,
                        qv_mono_add_ms(qv_mono_now(), finding->keep_ms));
    DL_DELETE(verifier->flights, flight);
    pthread_mutex_unlock(&verifier->lock);
}

static void on_fetched(struct qv_fetch *fetch, const struct qv_fetched *fetched)
{
    struct qv_flight *flight =
        (struct qv_flight *)((char *)fetch - offsetof(struct qv_flight, fetch));
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

static enum qv_status question_of(enum qv_question_kind kind, struct qv_str text,
                                  qv_question ret_question)
{
    QV_CLEANUP(qv_buf) struct qv_buf whole = {0};
    qv_buf_reserve(&whole, text.length + 2); /* growing would leave a copy behind */
    qv_buf_put_char(&whole, kind == QV_QUESTION_TOKEN ? 't' : 'n');
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

/* Under the lock. */
static enum qv_status flight_new(struct qv_verifier *verifier, enum qv_question_kind kind,
                                 struct qv_str url, struct qv_str segment,
                                 struct qv_flight **ret_flight)
{
    QV_CLEANUP(qv_buf) struct qv_buf whole = {0};
    qv_buf_reserve(&whole, url.length + segment.length * 3 + 2);
    qv_buf_put(&whole, url);
    qv_buf_put_char(&whole, '/');
    put_segment(&whole, segment);
    struct qv_flight *flight = qv_alloc(sizeof(*flight));
    if (flight == NULL)
        return QV_NO_MEMORY;
    if (qv_buf_take(&whole, &flight->url, NULL) != QV_OK) {
        qv_free(flight);
        return QV_NO_MEMORY;
    }
    const struct qv_config *config = verifier->config;
    flight->verifier = verifier;
    flight->files = qv_files_ref(verifier->files);
    flight->kind = kind;
    flight->fetch.url = flight->url;
    flight->fetch.ca = qv_buf_str(&flight->files->ca[kind]);
    flight->fetch.timeout_ms = kind == QV_QUESTION_TOKEN
                                   ? config->identity.authentication_system.timeout_ms
                                   : config->identity.blacklist.timeout_ms;
    flight->fetch.done = on_fetched;
    *ret_flight = flight;
    return QV_OK;
}

/* Under the lock: sends the question off. */
static enum qv_status take_off(struct qv_verifier *verifier, enum qv_question_kind kind,
                               struct qv_str url, struct qv_str segment, const qv_question question,
                               struct qv_inquiry *inquiry)
{
    struct qv_flight *flight;
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
    struct qv_flight *flight;
    DL_FOREACH(verifier->flights, flight)
    {
        if (flight->files != verifier->files ||
            memcmp(flight->question, question, sizeof(qv_question)) != 0)
            continue;
        inquiry->next_ = flight->waiting;
        flight->waiting = inquiry;
        return true;
    }
    return false;
}

static void use_kept(enum qv_question_kind kind, struct qv_answer *answer,
                     struct qv_inquiry *inquiry)
{
    inquiry->status = QV_OK;
    if (kind == QV_QUESTION_TOKEN && answer->identity == NULL)
        inquiry->status = qv_bearer_refuse(&inquiry->error);
    inquiry->identity = answer->identity; /* the reference, too */
    inquiry->listed = answer->listed;
}

bool qv_flights_ask(struct qv_verifier *verifier, enum qv_question_kind kind, struct qv_str url,
                    struct qv_str segment, struct qv_inquiry *inquiry)
{
    qv_question question;
    enum qv_status status = question_of(kind, segment, question);
    if (status != QV_OK)
        return qv_inquiry_refuse(inquiry, status, "the question cannot be asked");
    struct qv_answer kept;
    pthread_mutex_lock(&verifier->lock);
    bool known = qv_answers_find(verifier->answers, question, qv_mono_now(), &kept);
    if (!known && !join(verifier, question, inquiry))
        status = take_off(verifier, kind, url, segment, question, inquiry);
    pthread_mutex_unlock(&verifier->lock);
    if (known)
        use_kept(kind, &kept, inquiry);
    else if (status == QV_TOO_MANY)
        return qv_inquiry_refuse(inquiry, QV_UNAVAILABLE, "Too many callers wait to be verified");
    else if (status != QV_OK)
        return qv_inquiry_refuse(inquiry, QV_UNAVAILABLE, "Nobody can be asked about the caller");
    return !known;
}

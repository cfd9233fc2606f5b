/*
 * The fetcher: libcurl's multi interface on one thread.
 *
 * Holds always: every fetch that was taken is done exactly once, within its timeout, also when the
 * fetcher ends. A server is verified against the CAs that the fetch names and against nothing else:
 * no CA of the system, no proxy, no redirect, no setting from the environment. libcurl reads no
 * key and no password: the own certificate is handed over in OpenSSL's objects, as it was checked.
 * What the struct says to be under the lock is; all else of libcurl belongs to the thread.
 */
#include "fetch.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <pthread.h>
#include <quiver/base/memory.h>
#include <signal.h>
#include <string.h>
#include <utlist.h>

enum { IDLE_CONNECTIONS_MAX = 8, LOOK_EVERY_MS = 1000 };

struct qv_fetcher {
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* over the next six */
    bool accepting;
    size_t count;             /* fetches that are not done */
    struct qv_fetch *waiting; /* taken, not begun */
    CURLM *multi;             /* replaced by the thread alone, which may use it without the lock */
    SSL_CTX *own;             /* a reference; NULL: no certificate is shown */
    bool shown;               /* `own` is another since the thread looked */

    /* the thread's */
    struct qv_fetch *running;
    bool stale; /* the kept connections are of a certificate that is shown no more */
};

/* ---- one fetch, on the thread ---------------------------------------------------------------- */

static size_t on_body(char *at, size_t size, size_t count, void *data)
{
    struct qv_fetch *fetch = data;
    size_t length = size * count;
    if (fetch->body_.length + length > QV_FETCH_BODY_MAX) {
        fetch->too_long_ = true;
        return 0; /* libcurl ends the transfer */
    }
    qv_buf_put(&fetch->body_, (struct qv_str){.at = at, .length = length});
    return qv_buf_status(&fetch->body_) == QV_OK ? length : 0;
}

/* Called when a connection is made, with libcurl's context for it. */
static CURLcode show_own(CURL *handle, void *context, void *data)
{
    (void)handle;
    SSL_CTX *own = data;
    STACK_OF(X509) *chain = NULL;
    ERR_set_mark();
    bool set = SSL_CTX_get0_chain_certs(own, &chain) == 1 &&
               SSL_CTX_use_certificate(context, SSL_CTX_get0_certificate(own)) == 1 &&
               SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(own)) == 1 &&
               SSL_CTX_set1_chain(context, chain) == 1;
    ERR_pop_to_mark();
    return set ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

static bool set_own(struct qv_fetch *fetch, CURL *handle)
{
    return fetch->own_ == NULL ||
           (curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, show_own) == CURLE_OK &&
            curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, fetch->own_) == CURLE_OK);
}

static bool set_tls(struct qv_fetch *fetch, CURL *handle)
{
    struct curl_blob ca = {
        .data = (void *)(uintptr_t)fetch->ca.at,
        .len = fetch->ca.length,
        .flags = CURL_BLOB_NOCOPY, /* it lives as long as the fetch */
    };
    return curl_easy_setopt(handle, CURLOPT_CAINFO, NULL) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &ca) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
               CURLE_OK &&
           set_own(fetch, handle);
}

static bool set_request(struct qv_fetch *fetch, bool https, CURL *handle)
{
    return curl_easy_setopt(handle, CURLOPT_URL, fetch->url) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, https ? "https" : "http") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
               CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_USERAGENT, "quiver") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEDATA, fetch) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PRIVATE, fetch) == CURLE_OK;
}

static void finish(struct qv_fetcher *fetcher, struct qv_fetch *fetch,
                   const struct qv_fetched *fetched)
{
    pthread_mutex_lock(&fetcher->lock);
    fetcher->count--;
    pthread_mutex_unlock(&fetcher->lock);
    SSL_CTX_free(fetch->own_);
    fetch->own_ = NULL;
    struct qv_buf body = fetch->body_;
    fetch->body_ = (struct qv_buf){0};
    fetch->done(fetch, fetched); /* and it is gone */
    qv_buf_free(&body);
}

static void finish_without(struct qv_fetcher *fetcher, struct qv_fetch *fetch, const char *reason)
{
    const struct qv_fetched nothing = {.reached = false, .reason = reason};
    finish(fetcher, fetch, &nothing);
}

static SSL_CTX *ref_own(struct qv_fetcher *fetcher)
{
    pthread_mutex_lock(&fetcher->lock);
    SSL_CTX *own = fetcher->own;
    if (own != NULL)
        SSL_CTX_up_ref(own);
    pthread_mutex_unlock(&fetcher->lock);
    return own;
}

static void begin(struct qv_fetcher *fetcher, struct qv_fetch *fetch)
{
    bool https = strncmp(fetch->url, "https:", 6) == 0;
    CURL *handle = curl_easy_init();
    fetch->own_ = ref_own(fetcher);
    bool set =
        handle != NULL && set_request(fetch, https, handle) && (!https || set_tls(fetch, handle)) &&
        curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, fetcher->stale ? 1L : 0L) == CURLE_OK;
    if (set && curl_multi_add_handle(fetcher->multi, handle) == CURLM_OK) {
        fetch->handle_ = handle;
        DL_APPEND2(fetcher->running, fetch, prev_, next_);
        return;
    }
    if (handle != NULL)
        curl_easy_cleanup(handle);
    finish_without(fetcher, fetch, "the request could not be made");
}

/* Takes it from libcurl. */
static void withdraw(struct qv_fetcher *fetcher, struct qv_fetch *fetch)
{
    DL_DELETE2(fetcher->running, fetch, prev_, next_);
    curl_multi_remove_handle(fetcher->multi, fetch->handle_);
    curl_easy_cleanup(fetch->handle_);
    fetch->handle_ = NULL;
}

static void end(struct qv_fetcher *fetcher, CURL *handle, CURLcode result)
{
    struct qv_fetch *fetch = NULL;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &fetch);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    withdraw(fetcher, fetch);
    if (result == CURLE_OK) {
        const struct qv_fetched fetched = {
            .reached = true, .status = status, .body = qv_buf_str(&fetch->body_)};
        finish(fetcher, fetch, &fetched);
    } else {
        finish_without(fetcher, fetch,
                       fetch->too_long_ ? "the answer is too long" : curl_easy_strerror(result));
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

static CURLM *make_multi(void)
{
    CURLM *multi = curl_multi_init();
    if (multi != NULL &&
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX) == CURLM_OK)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

/* Closes the kept connections, when none of them is in use; until then new ones are made. */
static void drop_stale(struct qv_fetcher *fetcher)
{
    if (!fetcher->stale || fetcher->running != NULL)
        return;
    CURLM *fresh = make_multi();
    if (fresh == NULL)
        return;                         /* as before, then */
    pthread_mutex_lock(&fetcher->lock); /* others wake the thread by it */
    CURLM *old = fetcher->multi;
    fetcher->multi = fresh;
    pthread_mutex_unlock(&fetcher->lock);
    curl_multi_cleanup(old);
    fetcher->stale = false;
}

static struct qv_fetch *take_waiting(struct qv_fetcher *fetcher, bool *ret_go_on)
{
    pthread_mutex_lock(&fetcher->lock);
    struct qv_fetch *waiting = fetcher->waiting;
    fetcher->waiting = NULL;
    fetcher->stale = fetcher->stale || fetcher->shown;
    fetcher->shown = false;
    *ret_go_on = fetcher->accepting;
    pthread_mutex_unlock(&fetcher->lock);
    return waiting;
}

static bool begin_waiting(struct qv_fetcher *fetcher)
{
    bool go_on;
    struct qv_fetch *waiting = take_waiting(fetcher, &go_on), *fetch, *next;
    drop_stale(fetcher);
    DL_FOREACH_SAFE2(waiting, fetch, next, next_)
    {
        begin(fetcher, fetch);
    }
    return go_on;
}

static void end_finished(struct qv_fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            end(fetcher, message->easy_handle, message->data.result);
}

static void *run(void *data)
{
    struct qv_fetcher *fetcher = data;
    int running;
    while (begin_waiting(fetcher)) {
        (void)curl_multi_perform(fetcher->multi, &running); /* what fails is told per transfer */
        end_finished(fetcher);
        (void)curl_multi_poll(fetcher->multi, NULL, 0, LOOK_EVERY_MS, NULL);
    }
    struct qv_fetch *fetch, *next;
    DL_FOREACH_SAFE2(fetcher->running, fetch, next, next_)
    {
        withdraw(fetcher, fetch);
        finish_without(fetcher, fetch, "the server is stopping");
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status qv_fetcher_new(struct qv_fetcher **ret_fetcher, struct qv_error *error)
{
    struct qv_fetcher *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    QV_CLEANUP(qv_fetcher) struct qv_fetcher *fetcher = made;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return qv_error_set(error, QV_INTERNAL, "libcurl cannot be used");
    fetcher->multi = make_multi();
    if (fetcher->multi == NULL)
        return QV_NO_MEMORY;
    *ret_fetcher = fetcher;
    fetcher = NULL;
    return QV_OK;
}

enum qv_status qv_fetcher_start(struct qv_fetcher *fetcher, struct qv_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    fetcher->accepting = true;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&fetcher->thread, NULL, run, fetcher);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    fetcher->started = failed == 0;
    if (failed == 0)
        return QV_OK;
    fetcher->accepting = false;
    return qv_error_set(error, QV_UNAVAILABLE, "the fetcher's thread cannot be started: %s",
                        strerror(failed));
}

void qv_fetcher_stop(struct qv_fetcher *fetcher)
{
    if (!fetcher->started)
        return;
    pthread_mutex_lock(&fetcher->lock);
    fetcher->accepting = false;
    curl_multi_wakeup(fetcher->multi);
    pthread_mutex_unlock(&fetcher->lock);
    pthread_join(fetcher->thread, NULL);
    fetcher->started = false;
}

void qv_fetcher_free(struct qv_fetcher **fetcher)
{
    struct qv_fetcher *old = *fetcher;
    if (old == NULL)
        return;
    *fetcher = NULL;
    qv_fetcher_stop(old);
    if (old->multi != NULL)
        curl_multi_cleanup(old->multi);
    SSL_CTX_free(old->own);
    curl_global_cleanup();
    pthread_mutex_destroy(&old->lock);
    qv_free(old);
}

enum qv_status qv_fetcher_get(struct qv_fetcher *fetcher, struct qv_fetch *fetch)
{
    enum qv_status status = QV_OK;
    pthread_mutex_lock(&fetcher->lock);
    if (!fetcher->accepting) {
        status = QV_UNAVAILABLE;
    } else if (fetcher->count >= QV_FETCHES_MAX) {
        status = QV_TOO_MANY;
    } else {
        fetcher->count++;
        DL_APPEND2(fetcher->waiting, fetch, prev_, next_);
        /* Inside the lock: behind it the fetcher might end before it was woken. */
        curl_multi_wakeup(fetcher->multi);
    }
    pthread_mutex_unlock(&fetcher->lock);
    return status;
}

void qv_fetcher_show(struct qv_fetcher *fetcher, SSL_CTX *own)
{
    if (own != NULL)
        SSL_CTX_up_ref(own);
    pthread_mutex_lock(&fetcher->lock);
    SSL_CTX *old = fetcher->own;
    fetcher->own = own;
    fetcher->shown = true;
    curl_multi_wakeup(fetcher->multi);
    pthread_mutex_unlock(&fetcher->lock);
    SSL_CTX_free(old);
}

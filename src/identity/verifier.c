/*
 * The verifier: what can be asked about a caller, and what it takes to ask.
 *
 * A key is proven here and now; a token or a name becomes a question to another system (flights.c),
 * unless the answer is still remembered. Any thread, but for its life, which is the main thread's.
 */
#include "flights.h"

#include "bearer.h"
#include "names.h"
#include "secrets.h"

#include <quiver/base/memory.h>
#include <quiver/domain/names.h>

enum { TOKEN_MAX = 4096 };

/* ---- life ------------------------------------------------------------------------------------ */

static enum qv_status make_verify_url(struct qv_verifier *verifier)
{
    const char *url = verifier->config->identity.authentication_system.url;
    if (url == NULL)
        return QV_OK;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_printf(&buf, "%s/verify", url);
    return qv_buf_take(&buf, &verifier->verify_url, NULL);
}

static enum qv_status make_parts(struct qv_verifier *verifier, struct qv_error *error)
{
    QV_TRY(qv_files_read(verifier->config, verifier->dialect, &verifier->files, error));
    QV_TRY(make_verify_url(verifier));
    QV_TRY(qv_answers_new(&verifier->answers));
    return qv_fetcher_new(&verifier->fetcher, error);
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
    QV_TRY(make_parts(verifier, error));
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
    qv_files_free(&old->files);
    qv_free(old->verify_url);
    pthread_mutex_destroy(&old->lock);
    qv_free(old);
}

enum qv_status qv_verifier_renew(struct qv_verifier *verifier, const struct qv_config *config,
                                 struct qv_error *error)
{
    QV_CLEANUP(qv_files) struct qv_files *files = NULL;
    QV_CLEANUP(qv_answers) struct qv_answers *answers = NULL;
    QV_TRY(qv_files_read(config, verifier->dialect, &files, error));
    QV_TRY(qv_answers_new(&answers));
    pthread_mutex_lock(&verifier->lock);
    struct qv_files *old_files = verifier->files;
    struct qv_answers *old_answers = verifier->answers;
    verifier->files = files;
    verifier->answers = answers;
    pthread_mutex_unlock(&verifier->lock);
    files = old_files; /* freed without the lock */
    answers = old_answers;
    return QV_OK;
}

void qv_verifier_show(struct qv_verifier *verifier, SSL_CTX *own)
{
    qv_fetcher_show(verifier->fetcher, own);
}

void qv_inquiry_free(struct qv_inquiry *inquiry)
{
    qv_error_free(&inquiry->error);
    qv_identity_free(&inquiry->identity);
}

/* ---- what can be asked ----------------------------------------------------------------------- */

static struct qv_files *files_in_force(struct qv_verifier *verifier)
{
    pthread_mutex_lock(&verifier->lock);
    struct qv_files *files = qv_files_ref(verifier->files);
    pthread_mutex_unlock(&verifier->lock);
    return files;
}

static bool prove_key(struct qv_verifier *verifier, const struct qv_bearer *bearer,
                      struct qv_inquiry *inquiry)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(verifier->dialect, QV_ENTITY_SYSTEM, bearer->parts[1], &name);
    if (qv_buf_status(&name) != QV_OK)
        return qv_inquiry_refuse(inquiry, QV_NO_MEMORY, "out of memory");
    QV_CLEANUP(qv_files) struct qv_files *files = files_in_force(verifier);
    bool proven =
        qv_secrets_prove(files->secrets, qv_buf_str(&name), qv_str_trim(bearer->parts[2]));
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
    return qv_flights_ask(verifier, QV_QUESTION_TOKEN, qv_str_from(verifier->verify_url), token,
                          inquiry);
}

bool qv_verifier_look_up(struct qv_verifier *verifier, struct qv_str name, struct qv_str url,
                         struct qv_inquiry *inquiry)
{
    if (name.length == 0 || url.length == 0)
        return qv_inquiry_refuse(inquiry, QV_UNAVAILABLE, "the blacklist cannot be asked");
    return qv_flights_ask(verifier, QV_QUESTION_NAME, url, name, inquiry);
}

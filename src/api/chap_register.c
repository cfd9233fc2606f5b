/*
 * POST /v2/services/$register: a CHAP service makes itself known, or known anew
 * (spec/chap-registration B1.2, B1.4, B1.6).
 *
 * The key was looked at before. The first fault ends it, but those of the body are told all at
 * once; nothing is stored for whom the answer could not tell where to ping.
 */
#include "chap.h"
#include "operations.h"

/* ---- the answer ------------------------------------------------------------------------------ */

#define NEW     "Service registered successfully"
#define KNOWN   "Service already registered"
#define UPDATED "Service registration updated"

/* From 2.1 on the same data count as new ones. */
static const char *const messages[][QV_CHAP_ENDED] = {
    [QV_CHAP_SEED] = {[QV_CHAP_NEW] = NEW,
                      [QV_CHAP_SAME] = KNOWN,
                      [QV_CHAP_UPDATED] = UPDATED,
                      [QV_CHAP_KEPT] = KNOWN},
    [QV_CHAP_2_1] = {[QV_CHAP_NEW] = NEW,
                     [QV_CHAP_SAME] = UPDATED,
                     [QV_CHAP_UPDATED] = UPDATED,
                     [QV_CHAP_KEPT] = KNOWN},
    [QV_CHAP_2_2] = {[QV_CHAP_NEW] = NEW,
                     [QV_CHAP_SAME] = UPDATED,
                     [QV_CHAP_UPDATED] = UPDATED,
                     [QV_CHAP_KEPT] = KNOWN},
};

static void write_registered(const struct qv_job *job, const struct qv_outcome *outcome,
                             struct qv_response *response)
{
    const struct qv_chap *chap = (const struct qv_chap *)outcome->chap;
    const struct qv_config *config = job->api->config;
    int64_t seconds = config->chap.ttl_ms / 1000; /* promises nothing that is not so */
    struct qv_buf *body = answer_json(response, 200);
    qv_buf_put_text(body, "{\"id\":");
    qv_json_write_str(body, chap->head.id);
    qv_buf_put_text(body, ",\"status\":\"registered\",\"service_url\":");
    qv_json_write_str(body, chap->url);
    qv_buf_printf(body, ",\"message\":\"%s\",\"ttl_seconds\":%lld,\"ping_url\":",
                  messages[config->chap.dialect][outcome->chap_how], (long long)seconds);
    qv_json_write_str(body, qv_str_from(job->ping_url));
    qv_buf_put_char(body, '}');
}

/* ---- the body -------------------------------------------------------------------------------- */

static bool ends_with_json(struct qv_str subtype)
{
    struct qv_str suffix = QV_STR("+json");
    if (subtype.length < suffix.length)
        return false;
    struct qv_str end = qv_str_part(subtype, subtype.length - suffix.length, suffix.length);
    return qv_str_equal_ignore_case(end, suffix);
}

/* application/json and application/<x>+json, with any parameters (spec B1.6). Without a type it is
   JSON too, but not in 2.2. */
static bool is_json(struct qv_str content_type, enum qv_chap_dialect dialect)
{
    struct qv_str type, application = QV_STR("application/");
    if (content_type.length == 0)
        return dialect != QV_CHAP_2_2;
    if (!qv_str_split_next(&content_type, ';', &type))
        return false;
    type = qv_str_trim(type);
    if (!qv_str_equal_ignore_case(qv_str_part(type, 0, application.length), application))
        return false;
    struct qv_str subtype = qv_str_part(type, application.length, type.length);
    return qv_str_find(subtype, '/') == SIZE_MAX &&
           (qv_str_equal_ignore_case(subtype, QV_STR("json")) || ends_with_json(subtype));
}

/* Bytes of which no reader makes JSON text, the lenient one of the reference included: there is no
   place to tell. */
#define UNREADABLE "\"There was an error parsing the body\""

static bool is_unreadable(const struct qv_api *api, const struct qv_request *request)
{
    return is_json(request->content_type, api->config->chap.dialect) &&
           !qv_chap_body_is_text(request->body);
}

/* QV_INVALID: the faults are written. */
static enum qv_status parse_registration(const struct qv_call *call,
                                         struct qv_chap_registration **ret_registration,
                                         struct qv_buf *faults)
{
    const struct qv_request *request = call->request;
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (!is_json(request->content_type, call->api->config->chap.dialect)) {
        qv_chap_write_text_fault(request->body, faults);
        return QV_INVALID;
    }
    if (request->body.length > 0)
        QV_TRY(qv_chap_body_parse(request->body, request->json_depth, &body, faults));
    return qv_chap_registration_read(body, ret_registration, faults);
}

/* The faults of a body are answered. */
static enum qv_status read_registration(const struct qv_call *call,
                                        struct qv_chap_registration **ret_registration)
{
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    enum qv_status status = parse_registration(call, ret_registration, &faults);
    if (status != QV_INVALID)
        return status;
    QV_TRY(qv_buf_status(&faults));
    bool unreadable = is_unreadable(call->api, call->request);
    qv_response_set_detail(call->response, unreadable ? 400 : 422,
                           unreadable ? QV_STR(UNREADABLE) : qv_buf_str(&faults));
    return QV_INVALID;
}

/* ---- where to ping --------------------------------------------------------------------------- */

/* With what `ping_url` begins; nothing where it is relative. */
static enum qv_status find_base(const struct qv_api *api, const struct qv_request *request,
                                struct qv_str *ret_base, struct qv_error *error)
{
    *ret_base = QV_STR("");
    if (api->config->chap.ping_url == QV_CHAP_RELATIVE)
        return QV_OK;
    *ret_base = request->base;
    if (api->config->chap.public_url != NULL)
        *ret_base = qv_str_from(api->config->chap.public_url);
    if (ret_base->length > 0)
        return QV_OK;
    return qv_error_set(error, QV_INVALID,
                        "The Host header is no name of this server, so there is no ping_url to "
                        "give: it must be in the server's certificate (without TLS: in chap.hosts)"
                        ", or chap.public_url must be set");
}

static enum qv_status write_ping_url(const struct qv_api *api, const struct qv_request *request,
                                     const char *id, struct qv_buf *url, struct qv_error *error)
{
    struct qv_str base;
    QV_TRY(find_base(api, request, &base, error));
    qv_buf_put(url, base);
    qv_buf_printf(url, CHAP_SERVICES "%s/$ping", id);
    return qv_buf_status(url);
}

/* ---- the change ------------------------------------------------------------------------------ */

static enum qv_status ask(const struct qv_call *call,
                          const struct qv_chap_registration *registration,
                          struct qv_grant *ret_grant)
{
    QV_CLEANUP(chap_object) struct chap_object object = {0};
    struct qv_str id = qv_str_from(registration->id);
    QV_TRY(chap_object_begin(call->api, id, &object));
    /* As it is stored: it may have a NUL. */
    object.object.version = qv_json_str(json_object_get(registration->info, "version"));
    object.object.metadata = registration->info;
    return ask_policy(call, id, &object.object, ret_grant);
}

static enum qv_status make_job(const struct qv_call *call, const struct qv_grant *grant,
                               const struct qv_chap_registration *registration,
                               struct qv_buf *ping_url, struct qv_job **ret_job)
{
    const struct qv_chap_terms terms = chap_terms(call->api);
    struct qv_change *change = NULL;
    struct qv_job *job = NULL;
    size_t length;
    QV_TRY(qv_change_register_chap(registration, &terms, call->request->identity, &change));
    QV_TRY(job_new(call, grant, change, write_registered, &job));
    enum qv_status status = qv_buf_take(ping_url, &job->ping_url, &length);
    if (status != QV_OK) {
        qv_job_free(&job);
        return status;
    }
    *ret_job = job;
    return QV_OK;
}

enum qv_status chap_register(const struct qv_call *call, struct qv_job **ret_job,
                             struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf ping_url = {0};
    QV_CLEANUP(qv_chap_registration) struct qv_chap_registration *registration = NULL;
    struct qv_grant grant;
    QV_TRY(read_registration(call, &registration));
    QV_TRY(write_ping_url(call->api, call->request, registration->id, &ping_url, error));
    QV_TRY(ask(call, registration, &grant));
    return make_job(call, &grant, registration, &ping_url, ret_job);
}

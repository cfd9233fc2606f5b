/*
 * Who may change CHAP services: whoever has proved himself by a service key, by a client
 * certificate, by either or by both, as chap.authentication says (spec/chap-registration B1.5).
 *
 * Holds always: it is decided before anybody looks at the body; without any key configured, nobody
 * has one. Where only the certificate counts, keys do not count for the policy, either.
 */
#include <quiver/api/gates.h>

/* ---- refusals -------------------------------------------------------------------------------- */

/* What a key that is needed can lack. */
enum lack { LACKS_HEADER, LACKS_VALUE, LACKS_TRUTH, LACKS };

struct refusal {
    int status;
    const char *detail; /* JSON */
};

#define MISSING_HEADER                                                                             \
    "[{\"type\":\"missing\",\"loc\":[\"header\",\"X-Service-Key\"],\"msg\":\"Field required\","    \
    "\"input\":null}]"
#define REQUIRED           "\"X-Service-Key header is required\""
#define INVALID            "\"Invalid service key\""
#define MISSING_OR_INVALID "\"Missing or invalid service key\""

static const struct refusal refusals[][LACKS] = {
    [QV_CHAP_SEED] = {[LACKS_HEADER] = {422, MISSING_HEADER},
                      [LACKS_VALUE] = {401, INVALID},
                      [LACKS_TRUTH] = {401, INVALID}},
    [QV_CHAP_2_1] = {[LACKS_HEADER] = {422, REQUIRED},
                     [LACKS_VALUE] = {422, REQUIRED},
                     [LACKS_TRUTH] = {401, INVALID}},
    [QV_CHAP_2_2] = {[LACKS_HEADER] = {401, MISSING_OR_INVALID},
                     [LACKS_VALUE] = {401, MISSING_OR_INVALID},
                     [LACKS_TRUTH] = {401, MISSING_OR_INVALID}},
};
static const struct refusal not_configured = {503, "\"Service registration is not configured\""};
static const struct refusal no_certificate = {401, "\"A client certificate is required\""};

static const char *const lacks[LACKS] = {
    [LACKS_HEADER] = "no service key was sent",
    [LACKS_VALUE] = "the service key is empty",
    [LACKS_TRUTH] = "the service key is wrong",
};

static bool refuse(const struct refusal *refusal, const char *reason, struct qv_response *response)
{
    qv_response_set_detail(response, refusal->status, qv_str_from(refusal->detail));
    response->record.verdict = QV_RECORD_DENIED;
    qv_buf_put_text(&response->record.reason, reason);
    return false;
}

/* Of the surroundings' fault, and none that waiting mends. */
static bool refuse_all(struct qv_response *response)
{
    qv_response_set_detail(response, not_configured.status, qv_str_from(not_configured.detail));
    response->retry_after = 0;
    return false;
}

/* ---- the gate -------------------------------------------------------------------------------- */

static bool check_key(const struct qv_api *api, const struct qv_request *request,
                      const struct qv_service_proof *proof, struct qv_response *response)
{
    if (!proof->configured)
        return refuse_all(response);
    if (proof->number != 0)
        return true;
    enum lack lack = LACKS_TRUTH;
    if (request->service_key.at == NULL)
        lack = LACKS_HEADER;
    else if (request->service_key.length == 0)
        lack = LACKS_VALUE;
    return refuse(&refusals[api->config->chap.dialect][lack], lacks[lack], response);
}

bool qv_gate_chap(const struct qv_api *api, enum qv_operation operation, struct qv_request *request,
                  struct qv_response *response)
{
    enum qv_chap_authentication by = api->config->chap.authentication;
    struct qv_service_proof proof = {0};
    if (by != QV_CHAP_BY_CERTIFICATE && api->service_keys != NULL)
        qv_service_keys_prove(api->service_keys, request->service_key, request->now, &proof);
    request->key_number = proof.number;
    if (!qv_operation_has_object(operation))
        return true; /* reading */

    bool certified = request->identity != NULL && request->identity->certificate != NULL;
    bool needs_key = by != QV_CHAP_BY_CERTIFICATE && !(by == QV_CHAP_BY_EITHER && certified);
    bool needs_certificate = by == QV_CHAP_BY_CERTIFICATE || by == QV_CHAP_BY_BOTH;
    if (needs_key && !check_key(api, request, &proof, response))
        return false;
    if (needs_certificate && !certified)
        return refuse(&no_certificate, "no client certificate was shown", response);
    return true;
}

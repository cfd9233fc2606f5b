/*
 * Reading the answers of the Authentication system and of the blacklist (spec/arrowhead-discovery
 * 1.5, 1.6). An error that the Authentication system words as Arrowhead does is handed on with its
 * type and words; anything that is not understood is said to be so. Pure; any thread.
 */
#include "replies.h"

#include "bearer.h"
#include "names.h"

#include <quiver/base/json.h>

enum {
    DEPTH_MAX = 16,
    REFUSED_KEEP_MS = 1000, /* a token that was refused may be good a moment later */
    FOREIGN_WORDS_MAX = 300,
};

void qv_finding_free(struct qv_finding *finding)
{
    qv_error_free(&finding->error);
    qv_identity_free(&finding->identity);
    *finding = (struct qv_finding){0};
}

static json_t *parse(const struct qv_fetched *fetched)
{
    json_t *value = NULL;
    if (qv_json_parse(fetched->body, DEPTH_MAX, &value, NULL) != QV_OK)
        return NULL;
    return value;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    enum qv_status status;
} types[] = {
    {"INVALID_PARAMETER", QV_INVALID},
    {"AUTH", QV_UNAUTHENTICATED},
    {"FORBIDDEN", QV_DENIED},
    {"DATA_NOT_FOUND", QV_NOT_FOUND},
    {"LOCKED", QV_LOCKED},
    {"TIMEOUT", QV_UNAVAILABLE},
    {"INTERNAL_SERVER_ERROR", QV_INTERNAL},
    {"EXTERNAL_SERVER_ERROR", QV_UNAVAILABLE},
    {"ARROWHEAD", QV_FOREIGN},
};

/* As much of a body as can be shown: whole characters. */
static struct qv_str shown(struct qv_str body)
{
    if (!qv_str_is_utf8(body))
        return QV_STR("(no text)");
    struct qv_str text = qv_str_part(body, 0, FOREIGN_WORDS_MAX);
    while (!qv_str_is_utf8(text))
        text.length--;
    return text;
}

static enum qv_status foreign(const struct qv_fetched *fetched, struct qv_error *error)
{
    return qv_error_set(error, QV_FOREIGN, "%.*s, status code: %ld",
                        QV_STR_ARG(shown(fetched->body)), fetched->status);
}

static enum qv_status hand_on(const struct qv_fetched *fetched, struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *body = parse(fetched);
    struct qv_str type = qv_json_str(json_object_get(body, "exceptionType"));
    struct qv_str words = qv_json_str(json_object_get(body, "errorMessage"));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (qv_str_equal(type, qv_str_from(types[i].type)))
            return qv_error_set(error, types[i].status, "%.*s", QV_STR_ARG(words));
    return foreign(fetched, error);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* No longer than the token lives. Without a readable end it is not kept at all. */
static int64_t keep_until_its_end(const json_t *body, int64_t keep_ms, struct qv_wall now)
{
    struct qv_wall end;
    if (qv_wall_parse(qv_json_str(json_object_get(body, "expirationTime")), &end) != QV_OK)
        return 0;
    if (qv_wall_compare(end, now) <= 0)
        return 0;
    int64_t left_s = end.seconds - now.seconds;
    if (left_s > keep_ms / 1000 + 1)
        return keep_ms;
    int64_t left_ms = qv_wall_to_ms(end) - qv_wall_to_ms(now);
    return left_ms < keep_ms ? left_ms : keep_ms;
}

static enum qv_status read_verified(const struct qv_fetched *fetched, int64_t keep_ms,
                                    struct qv_wall now, struct qv_finding *finding)
{
    QV_CLEANUP(qv_json) json_t *body = parse(fetched);
    const json_t *verified = json_object_get(body, "verified");
    struct qv_str name = qv_json_str(json_object_get(body, "systemName"));
    if (json_is_false(verified)) {
        finding->keep_ms = keep_ms < REFUSED_KEEP_MS ? keep_ms : REFUSED_KEEP_MS;
        return qv_bearer_refuse(&finding->error);
    }
    if (!json_is_true(verified) || qv_str_is_blank(name))
        return foreign(fetched, &finding->error);
    bool sysop = json_is_true(json_object_get(body, "sysop"));
    finding->keep_ms = keep_until_its_end(body, keep_ms, now);
    return qv_identity_make(name, NULL, sysop ? QV_PROFILE_OPERATOR : QV_PROFILE_SYSTEM, NULL,
                            &finding->identity);
}

void qv_finding_of_token(const struct qv_fetched *fetched, const char *asked, int64_t keep_ms,
                         struct qv_wall now, struct qv_finding *ret_finding)
{
    struct qv_finding finding = {0};
    if (!fetched->reached)
        finding.status = qv_error_set(&finding.error, QV_UNAVAILABLE,
                                      "Could not get any response from: %s", asked);
    else if (fetched->status >= 200 && fetched->status < 300)
        finding.status = read_verified(fetched, keep_ms, now, &finding);
    else
        finding.status = hand_on(fetched, &finding.error);
    *ret_finding = finding;
}

/* ---- the blacklist --------------------------------------------------------------------------- */

void qv_finding_of_name(const struct qv_fetched *fetched, int64_t keep_ms,
                        struct qv_finding *ret_finding)
{
    struct qv_finding finding = {.status = QV_UNAVAILABLE};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    if (fetched->reached && fetched->status >= 200 && fetched->status < 300)
        body = parse(fetched);
    if (json_is_boolean(body)) {
        finding.status = QV_OK;
        finding.listed = json_is_true(body);
        finding.keep_ms = keep_ms;
    }
    *ret_finding = finding;
}

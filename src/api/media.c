/*
 * Content negotiation: this API speaks application/json and nothing else (RFC 9110 12.5.1, 8.3;
 * spec/arrowhead-discovery 2.5). Pure.
 */
#include "handler.h"

static const char json_media[] = "application/json";

/* The media range without parameters, trimmed of the white space that RFC 9110 allows. */
static struct qv_str bare_type(struct qv_str element)
{
    struct qv_str type;
    if (!qv_str_split_next(&element, ';', &type))
        return QV_STR("");
    return qv_str_trim(type);
}

/* A quality of zero refuses: q=0, q=0.0 ... */
static bool is_refused(struct qv_str element)
{
    struct qv_str part;
    while (qv_str_split_next(&element, ';', &part)) {
        part = qv_str_trim(part);
        if (part.length < 3 || (part.at[0] | 0x20) != 'q' || part.at[1] != '=')
            continue;
        struct qv_str value = qv_str_part(part, 2, part.length);
        for (size_t i = 0; i < value.length; i++)
            if (value.at[i] != '0' && value.at[i] != '.')
                return false;
        return true;
    }
    return false;
}

/* How exactly a range names JSON: 3 fully, 2 by its kind, 1 anything, 0 not. Two ranges that no RFC
 * knows are there because clients send them: a lone `*` (Java's own does), and kinds by suffix. */
static int precision(struct qv_str type)
{
    if (qv_str_equal_ignore_case(type, qv_str_from(json_media)))
        return 3;
    if (qv_str_equal_ignore_case(type, QV_STR("application/*")) ||
        qv_str_equal_ignore_case(type, QV_STR("application/*+json")))
        return 2;
    return qv_str_equal(type, QV_STR("*/*")) || qv_str_equal(type, QV_STR("*")) ? 1 : 0;
}

/* The most exact range that fits decides. No header, or an empty one, accepts everything. */
static bool accepts_json(struct qv_str accept)
{
    if (accept.at == NULL || qv_str_is_blank(accept))
        return true;
    int best = 0;
    bool refused = false;
    struct qv_str element;
    while (qv_str_split_next(&accept, ',', &element)) {
        int here = precision(bare_type(element));
        if (here > best) {
            best = here;
            refused = is_refused(element);
        }
    }
    return best > 0 && !refused;
}

static enum qv_status check_type(const struct qv_request *request, struct qv_response *response,
                                 struct qv_error *error)
{
    struct qv_str type = request->content_type;
    if (type.at != NULL && qv_str_equal_ignore_case(bare_type(type), qv_str_from(json_media)))
        return QV_OK;
    response->accept = json_media;
    if (type.at == NULL)
        return qv_error_set(error, QV_UNSUPPORTED_MEDIA, "Content-Type is missing, it must be %s",
                            json_media);
    return qv_error_set(error, QV_UNSUPPORTED_MEDIA,
                        "Content-Type '%.*s' is not supported, it must be %s", QV_STR_ARG(type),
                        json_media);
}

static enum qv_status check_accept(const struct qv_request *request, struct qv_error *error)
{
    if (!accepts_json(request->accept))
        return qv_error_set(error, QV_NOT_ACCEPTABLE, "Acceptable representations: [%s].",
                            json_media);
    return QV_OK;
}

enum qv_status check_media(const struct qv_request *request, struct qv_response *response,
                           struct qv_error *error)
{
    QV_TRY(check_type(request, response, error));
    return check_accept(request, error);
}

enum qv_status check_optional_media(const struct qv_request *request, struct qv_response *response,
                                    struct qv_error *error)
{
    if (request->has_body)
        QV_TRY(check_type(request, response, error));
    return check_accept(request, error);
}

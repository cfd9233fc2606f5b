/*
 * Reads CHAP registrations by a table (spec/chap-registration B1.4).
 *
 * The tables of members say which there are, of what kind, what stands for an absent one and which
 * may be null; a table of kinds says how each is read. Unknown members are ignored at every depth.
 *
 * Holds always: all faults are noted, in the order of the tables and depth first, whatever the
 * order of what was sent; recursion is as deep as the tables. Pure; any thread.
 */
#include "chap_members.h"
#include "chap_email.h"
#include "chap_values.h"
#include "chap_web_url.h"
#include "text.h"
#include <quiver/domain/chap.h>

/* ---- what there is ---- */

static const char *const period_types[] = {"weekly", "monthly", NULL};
static const char *const assessments[] = {"gray", "red", "orange", "yellow", "green", NULL};

#define REQUIRED .fallback = NULL
#define OPTIONAL .fallback = "null", .nullable = true

static const struct qv_chap_member metadata_members[] = {
    {"author", QV_CHAP_TEXT, OPTIONAL},
    {"author_note", QV_CHAP_TEXT, OPTIONAL},
    {"author_assessed_status", QV_CHAP_WORD, OPTIONAL, .words = assessments,
     .words_told = "'gray', 'red', 'orange', 'yellow' or 'green'"},
    {"contact_email", QV_CHAP_EMAIL, OPTIONAL},
    {"organization", QV_CHAP_TEXT, OPTIONAL},
    {"organization_logo_url", QV_CHAP_WEB_URL, OPTIONAL},
    {"citation_info", QV_CHAP_TEXT, OPTIONAL},
    {"repository_url", QV_CHAP_WEB_URL, OPTIONAL},
    {"documentation_url", QV_CHAP_WEB_URL, OPTIONAL},
    {0},
};

static const struct qv_chap_member info_members[] = {
    {"id", QV_CHAP_SLUG, REQUIRED},
    {"display_name", QV_CHAP_TEXT, REQUIRED},
    {"version", QV_CHAP_TEXT, .fallback = "\"1.0.0\""},
    {"description", QV_CHAP_TEXT, OPTIONAL},
    {"model_metadata", QV_CHAP_OBJECT, REQUIRED, .members = metadata_members},
    {"period_type", QV_CHAP_WORD, REQUIRED, .words = period_types,
     .words_told = "'weekly' or 'monthly'"},
    {"min_prediction_periods", QV_CHAP_INTEGER, .fallback = "0"},
    {"max_prediction_periods", QV_CHAP_INTEGER, .fallback = "100"},
    {"allow_free_additional_continuous_covariates", QV_CHAP_BOOLEAN, .fallback = "false"},
    {"required_covariates", QV_CHAP_TEXTS, .fallback = "[]"},
    {"requires_geo", QV_CHAP_BOOLEAN, .fallback = "false"},
    {0},
};

static const struct qv_chap_member body_members[] = {
    {"url", QV_CHAP_SERVICE_URL, REQUIRED},
    {"info", QV_CHAP_OBJECT, REQUIRED, .members = info_members},
    {0},
};

const struct qv_chap_member qv_chap_body_member = {
    .name = "body", .kind = QV_CHAP_OBJECT, REQUIRED, .members = body_members};

/* ---- one value ---- */

/* A value to be read, and where its faults go. */
struct asked {
    const struct qv_chap_member *member;
    const json_t *value;
    const struct qv_chap_place *place;
    struct qv_chap_faults *faults;
};

static enum qv_status refuse(const struct asked *asked, enum qv_chap_fault fault,
                             const char *detail)
{
    qv_chap_fault_note(asked->faults, fault, asked->place, asked->value, detail);
    return QV_INVALID;
}

static enum qv_status give(json_t *value, json_t **ret_value)
{
    if (value == NULL)
        return QV_NO_MEMORY;
    *ret_value = value;
    return QV_OK;
}

static enum qv_status give_text(struct qv_str text, json_t **ret_value)
{
    return give(json_stringn_nocheck(text.length > 0 ? text.at : "", text.length), ret_value);
}

static enum qv_status read_text(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_string(asked->value))
        return refuse(asked, QV_CHAP_FAULT_STRING_TYPE, NULL);
    return give_text(qv_json_str(asked->value), ret_value);
}

static enum qv_status read_slug(const struct asked *asked, json_t **ret_value)
{
    if (json_is_string(asked->value) && !qv_chap_id_is_valid(qv_json_str(asked->value)))
        return refuse(asked, QV_CHAP_FAULT_SLUG, NULL);
    return read_text(asked, ret_value);
}

static enum qv_status read_word(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_string(asked->value) ||
        qv_text_find(asked->member->words, qv_json_str(asked->value), false) == NULL)
        return refuse(asked, QV_CHAP_FAULT_WORD, asked->member->words_told);
    return read_text(asked, ret_value);
}

static enum qv_status read_email(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_string(asked->value))
        return refuse(asked, QV_CHAP_FAULT_STRING_TYPE, NULL);
    QV_CLEANUP(qv_buf) struct qv_buf normal = {0}, reason = {0};
    bool bad = qv_chap_email_read(qv_json_str(asked->value), &normal, &reason) != QV_OK;
    QV_TRY(qv_buf_status(&normal));
    QV_TRY(qv_buf_status(&reason));
    if (bad)
        return refuse(asked, QV_CHAP_FAULT_EMAIL, reason.at);
    return give_text(qv_buf_str(&normal), ret_value);
}

/* Refuses what is no such URL, else appends it normalized. */
static enum qv_status check_url(const struct asked *asked, struct qv_buf *normal)
{
    const char *detail;
    enum qv_chap_fault fault = qv_chap_web_url_read(qv_json_str(asked->value), normal, &detail);
    QV_TRY(qv_buf_status(normal));
    return fault != QV_CHAP_FAULT_NONE ? refuse(asked, fault, detail) : QV_OK;
}

static enum qv_status read_web_url(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_string(asked->value))
        return refuse(asked, QV_CHAP_FAULT_URL_TYPE, NULL);
    if (json_string_length(asked->value) > QV_CHAP_URL_MAX)
        return refuse(asked, QV_CHAP_FAULT_URL_TOO_LONG, NULL);
    QV_CLEANUP(qv_buf) struct qv_buf normal = {0};
    QV_TRY(check_url(asked, &normal));
    return give_text(qv_buf_str(&normal), ret_value);
}

static bool has_control(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7F)
            return true;
    }
    return false;
}

/* It is kept as it was sent and passed on so: what a URL would lose it may not have. */
static enum qv_status read_service_url(const struct asked *asked, json_t **ret_value)
{
    QV_CLEANUP(qv_buf) struct qv_buf normal = {0};
    if (json_is_string(asked->value)) {
        if (has_control(qv_json_str(asked->value)))
            return refuse(asked, QV_CHAP_FAULT_URL_PARSING, "control character");
        QV_TRY(check_url(asked, &normal));
    }
    return read_text(asked, ret_value);
}

static enum qv_status read_integer(const struct asked *asked, json_t **ret_value)
{
    json_int_t integer = 0;
    enum qv_chap_fault fault = qv_chap_integer_read(asked->value, &integer);
    if (fault != QV_CHAP_FAULT_NONE)
        return refuse(asked, fault, NULL);
    return give(json_integer(integer), ret_value);
}

static enum qv_status read_boolean(const struct asked *asked, json_t **ret_value)
{
    bool boolean = false;
    enum qv_chap_fault fault = qv_chap_boolean_read(asked->value, &boolean);
    if (fault != QV_CHAP_FAULT_NONE)
        return refuse(asked, fault, NULL);
    return give(json_boolean(boolean), ret_value);
}

/* ---- lists and objects ---- */

/* Takes over the item that was read into a list or an object. QV_INVALID is remembered, so that
 * the faults behind it are found too. */
static enum qv_status remember(enum qv_status status, enum qv_status *outcome)
{
    if (status == QV_INVALID)
        *outcome = QV_INVALID;
    return status == QV_INVALID ? QV_OK : status;
}

static enum qv_status read_texts(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_array(asked->value))
        return refuse(asked, QV_CHAP_FAULT_LIST_TYPE, NULL);
    QV_CLEANUP(qv_json) json_t *list = json_array();
    enum qv_status outcome = list != NULL ? QV_OK : QV_NO_MEMORY;
    QV_TRY(outcome);
    for (size_t i = 0; i < json_array_size(asked->value); i++) {
        const struct qv_chap_place place = {.above = asked->place, .index = i};
        const struct asked item = {
            .value = json_array_get(asked->value, i), .place = &place, .faults = asked->faults};
        json_t *text = NULL;
        QV_TRY(remember(read_text(&item, &text), &outcome));
        if (text != NULL && json_array_append_new(list, text) != 0)
            return QV_NO_MEMORY;
    }
    QV_TRY(outcome);
    *ret_value = list;
    list = NULL;
    return QV_OK;
}

/* What stands for a member that is absent. */
static enum qv_status read_absent(const struct qv_chap_member *member, const struct asked *object,
                                  const struct qv_chap_place *place, json_t **ret_value)
{
    if (member->fallback != NULL)
        return qv_json_parse(qv_str_from(member->fallback), 1, ret_value, NULL);
    qv_chap_fault_note(object->faults, QV_CHAP_FAULT_MISSING, place, object->value, NULL);
    return QV_INVALID;
}

static enum qv_status read_member(const struct qv_chap_member *member, const struct asked *object,
                                  json_t **ret_value)
{
    const struct qv_chap_place place = {.above = object->place, .name = member->name};
    const json_t *value = json_object_get(object->value, member->name);
    if (value == NULL)
        return read_absent(member, object, &place, ret_value);
    if (json_is_null(value) && member->nullable)
        return give(json_null(), ret_value);
    return qv_chap_member_read(member, value, &place, object->faults, ret_value);
}

static enum qv_status read_object(const struct asked *asked, json_t **ret_value)
{
    if (!json_is_object(asked->value))
        return refuse(asked, QV_CHAP_FAULT_OBJECT_TYPE, NULL);
    QV_CLEANUP(qv_json) json_t *object = json_object();
    enum qv_status outcome = object != NULL ? QV_OK : QV_NO_MEMORY;
    QV_TRY(outcome);
    for (const struct qv_chap_member *at = asked->member->members; at->name != NULL; at++) {
        json_t *value = NULL;
        QV_TRY(remember(read_member(at, asked, &value), &outcome));
        if (value != NULL && json_object_set_new_nocheck(object, at->name, value) != 0)
            return QV_NO_MEMORY;
    }
    QV_TRY(outcome);
    *ret_value = object;
    object = NULL;
    return QV_OK;
}

/* ---- any kind ---- */

static enum qv_status (*const readers[QV_CHAP_KIND_COUNT])(const struct asked *asked,
                                                           json_t **ret_value) = {
    [QV_CHAP_TEXT] = read_text,       [QV_CHAP_TEXTS] = read_texts,
    [QV_CHAP_SLUG] = read_slug,       [QV_CHAP_WORD] = read_word,
    [QV_CHAP_EMAIL] = read_email,     [QV_CHAP_WEB_URL] = read_web_url,
    [QV_CHAP_INTEGER] = read_integer, [QV_CHAP_SERVICE_URL] = read_service_url,
    [QV_CHAP_BOOLEAN] = read_boolean, [QV_CHAP_OBJECT] = read_object,
};

enum qv_status qv_chap_member_read(const struct qv_chap_member *member, const json_t *value,
                                   const struct qv_chap_place *place, struct qv_chap_faults *faults,
                                   json_t **ret_value)
{
    const struct asked asked = {.member = member, .value = value, .place = place, .faults = faults};
    return readers[member->kind](&asked, ret_value);
}

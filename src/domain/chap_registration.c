/*
 * CHAP registrations: from a body's text over its values to what is stored (spec/chap-registration
 * B1.4-B1.6). What the members are and how each is judged is in chap_members.c.
 *
 * Holds always: what was read is written the same, whatever order and form it was sent in; each
 * QV_INVALID comes with a list of at least one fault. Pure; any thread.
 */
#include "chap_faults.h"
#include "chap_members.h"
#include <quiver/base/memory.h>
#include <quiver/domain/chap.h>

/* ---- the text ---- */

/* A byte order mark of UTF-16 (and little-endian UTF-32), or a zero where JSON in UTF-8 has none
   (RFC 4627 section 3). */
static bool has_wide_units(struct qv_str text)
{
    return qv_str_starts_with(text, QV_STR("\xFF\xFE")) ||
           qv_str_starts_with(text, QV_STR("\xFE\xFF")) ||
           qv_str_find(qv_str_part(text, 0, 4), '\0') != SIZE_MAX;
}

/* U+D800 to U+DFFF written as if they were characters. */
static bool starts_with_surrogate(struct qv_str text)
{
    return text.length >= 3 && text.at[0] == '\xED' && ((unsigned char)text.at[1] & 0xE0) == 0xA0 &&
           ((unsigned char)text.at[2] & 0xC0) == 0x80;
}

bool qv_chap_body_is_text(struct qv_str body)
{
    if (qv_str_is_utf8(body) || has_wide_units(body))
        return true;
    while (body.length > 0) {
        uint32_t ignored;
        size_t length = starts_with_surrogate(body) ? 3 : qv_str_next_code_point(body, &ignored);
        if (length == 0)
            return false;
        body = qv_str_part(body, length, SIZE_MAX);
    }
    return true;
}

enum qv_status qv_chap_body_parse(struct qv_str text, size_t max_depth, json_t **ret_body,
                                  struct qv_buf *ret_faults)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    size_t index = 0;
    enum qv_status status = qv_json_parse_lenient(text, max_depth, ret_body, &index, &error);
    if (status != QV_INVALID)
        return status;
    QV_CLEANUP(qv_chap_faults) struct qv_chap_faults faults = {0};
    const struct qv_chap_place place = {.above = &qv_chap_place_body, .index = index};
    qv_chap_fault_note(&faults, QV_CHAP_FAULT_JSON, &place, NULL, qv_error_message(&error));
    return qv_chap_faults_write(&faults, ret_faults);
}

void qv_chap_write_text_fault(struct qv_str body, struct qv_buf *buf)
{
    QV_CLEANUP(qv_chap_faults) struct qv_chap_faults faults = {0};
    if (body.length == 0)
        qv_chap_fault_note(&faults, QV_CHAP_FAULT_MISSING, &qv_chap_place_body, NULL, NULL);
    else
        qv_chap_fault_note_text(&faults, QV_CHAP_FAULT_OBJECT_TYPE, &qv_chap_place_body, body);
    if (qv_chap_faults_write(&faults, buf) == QV_NO_MEMORY)
        buf->failed = true;
}

/* ---- the values ---- */

/* Takes the parts of a body that was judged good. */
static enum qv_status make(const json_t *read, struct qv_chap_registration **ret_made)
{
    QV_CLEANUP(qv_chap_registration)
    struct qv_chap_registration *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    json_t *info = json_object_get(read, "info");
    made->info = json_incref(info);
    made->id = qv_str_dup(qv_json_str(json_object_get(info, "id")));
    made->url = qv_str_dup(qv_json_str(json_object_get(read, "url")));
    made->version = qv_str_dup(qv_json_str(json_object_get(info, "version")));
    if (made->id == NULL || made->url == NULL || made->version == NULL)
        return QV_NO_MEMORY;
    *ret_made = made;
    made = NULL;
    return QV_OK;
}

enum qv_status qv_chap_registration_read(const json_t *body, struct qv_chap_registration **ret_made,
                                         struct qv_buf *ret_faults)
{
    QV_CLEANUP(qv_chap_faults) struct qv_chap_faults faults = {0};
    if (body == NULL || json_is_null(body)) {
        qv_chap_fault_note(&faults, QV_CHAP_FAULT_MISSING, &qv_chap_place_body, NULL, NULL);
        return qv_chap_faults_write(&faults, ret_faults);
    }
    QV_CLEANUP(qv_json) json_t *read = NULL;
    enum qv_status status =
        qv_chap_member_read(&qv_chap_body_member, body, &qv_chap_place_body, &faults, &read);
    if (status == QV_INVALID)
        return qv_chap_faults_write(&faults, ret_faults);
    return status == QV_OK ? make(read, ret_made) : status;
}

void qv_chap_registration_free(struct qv_chap_registration **registration)
{
    struct qv_chap_registration *self = registration != NULL ? *registration : NULL;
    if (self == NULL)
        return;
    qv_free(self->id);
    qv_free(self->url);
    qv_free(self->version);
    qv_json_free(&self->info);
    qv_free(self);
    *registration = NULL;
}

void qv_chap_registration_write(const struct qv_chap_registration *registration, struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    qv_json_write_key(buf, &first, "id");
    qv_json_write_str(buf, qv_str_from(registration->id));
    qv_json_write_key(buf, &first, "url");
    qv_json_write_str(buf, qv_str_from(registration->url));
    qv_json_write_key(buf, &first, "info");
    qv_json_write(buf, registration->info);
    qv_buf_put_char(buf, '}');
}

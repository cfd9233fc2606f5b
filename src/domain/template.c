/*
 * Interface templates as they are stored, read and written. Immutable; any thread.
 */
#include "dialect.h"
#include "text.h"
#include <quiver/base/memory.h>
#include <quiver/domain/template.h>

static enum qv_status no_template(const char *what, struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID, "not an interface template: %s", what);
}

static enum qv_status read_text(const json_t *doc, const char *name, bool required, char **ret_text,
                                struct qv_error *error)
{
    const json_t *value = json_object_get(doc, name);
    if (value == NULL && !required)
        return QV_OK;
    if (!json_is_string(value))
        return no_template(name, error);
    char *text = qv_str_dup(qv_json_str(value));
    if (text == NULL)
        return qv_no_memory(error);
    *ret_text = text;
    return QV_OK;
}

static enum qv_status read_property(const json_t *doc, size_t position,
                                    struct qv_template_property *property, struct qv_error *error)
{
    QV_TRY(read_text(doc, "name", true, &property->name, error));
    QV_TRY(read_text(doc, "validator", false, &property->validator, error));
    const json_t *mandatory = json_object_get(doc, "mandatory");
    if (!json_is_boolean(mandatory))
        return no_template("mandatory", error);
    property->mandatory = json_is_true(mandatory);
    const json_t *place = json_object_get(doc, "place");
    property->place = position;
    if (place == NULL)
        return QV_OK;
    if (!json_is_integer(place) || json_integer_value(place) < 0)
        return no_template("place", error);
    property->place = (size_t)json_integer_value(place);
    return QV_OK;
}

/* Each property has a place of its own. */
static enum qv_status check_places(const struct qv_template *template_, struct qv_error *error)
{
    size_t count = template_->property_count;
    bool *taken = qv_alloc_array(count + 1, sizeof(*taken));
    if (taken == NULL)
        return qv_no_memory(error);
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++) {
        size_t place = template_->properties[i].place;
        fine = place < count && !taken[place];
        if (fine)
            taken[place] = true;
    }
    qv_free(taken);
    return fine ? QV_OK : no_template("place", error);
}

static enum qv_status read_properties(const json_t *list, struct qv_template *template_,
                                      struct qv_error *error)
{
    if (!json_is_array(list))
        return no_template("properties", error);
    size_t count = json_array_size(list);
    template_->properties = qv_alloc_array(count, sizeof(struct qv_template_property));
    if (template_->properties == NULL)
        return qv_no_memory(error);
    template_->property_count = count;
    for (size_t i = 0; i < count; i++)
        QV_TRY(read_property(json_array_get(list, i), i, &template_->properties[i], error));
    return check_places(template_, error);
}

enum qv_status qv_template_read(const json_t *doc, struct qv_template **ret_template,
                                struct qv_error *error)
{
    QV_CLEANUP(qv_template) struct qv_template *template_ = qv_alloc(sizeof(*template_));
    if (template_ == NULL)
        return qv_no_memory(error);
    QV_TRY(read_text(doc, "name", true, &template_->name, error));
    QV_TRY(read_text(doc, "protocol", true, &template_->protocol, error));
    QV_TRY(read_properties(json_object_get(doc, "properties"), template_, error));
    *ret_template = template_;
    template_ = NULL;
    return QV_OK;
}

static void write_text(struct qv_buf *buf, bool *first, const char *key, const char *text)
{
    qv_json_write_key(buf, first, key);
    qv_json_write_str(buf, qv_str_from(text));
}

static void write_property(const struct qv_template_property *property, size_t position,
                           struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "name", property->name);
    qv_json_write_key(buf, &first, "mandatory");
    qv_buf_put_text(buf, property->mandatory ? "true" : "false");
    if (property->validator != NULL)
        write_text(buf, &first, "validator", property->validator);
    if (property->place != position) {
        qv_json_write_key(buf, &first, "place");
        qv_buf_printf(buf, "%zu", property->place);
    }
    qv_buf_put_char(buf, '}');
}

void qv_template_write(const struct qv_template *template_, struct qv_buf *buf)
{
    bool first = true;
    qv_buf_put_char(buf, '{');
    write_text(buf, &first, "name", template_->name);
    write_text(buf, &first, "protocol", template_->protocol);
    qv_json_write_key(buf, &first, "properties");
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < template_->property_count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        write_property(&template_->properties[i], i, buf);
    }
    qv_buf_put_text(buf, "]}");
}

void qv_template_free(struct qv_template **template_)
{
    if (template_ == NULL || *template_ == NULL)
        return;
    for (size_t i = 0; i < (*template_)->property_count; i++) {
        qv_free((*template_)->properties[i].name);
        qv_free((*template_)->properties[i].validator);
    }
    qv_free((*template_)->properties);
    qv_free((*template_)->name);
    qv_free((*template_)->protocol);
    qv_free(*template_);
    *template_ = NULL;
}

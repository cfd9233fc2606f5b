/*
 * Interface templates: which properties an interface must have and what checks them
 * (spec/arrowhead-discovery 3.7, 3.8). Pure; a template is immutable.
 *
 * A template has its properties in the order in which they are checked, so that of several faults
 * the reference's is reported. Answers show them in another order (the user's document: operations
 * before basePath), so each property also has its place there.
 */
#ifndef QUIVER_DOMAIN_TEMPLATE_H
#define QUIVER_DOMAIN_TEMPLATE_H

#include <quiver/base/json.h>
#include <quiver/domain/rules.h>

struct qv_template_property {
    char *name;
    bool mandatory;
    char *validator; /**< "TYPE" or "TYPE|arg1|arg2" as the reference stores it; NULL: none */
    size_t place;    /**< among the template's properties in an answer, 0 is the first */
};

struct qv_template {
    char *name;
    char *protocol;
    struct qv_template_property *properties; /**< in the order of checking */
    size_t property_count;
};

/** Where the validation finds templates: in the view. Returns a template that stays valid for
 *  the whole call that it was asked in, or NULL. */
struct qv_template_source {
    const struct qv_template *(*find)(const struct qv_template_source *source, struct qv_str name);
};

/** The stored document: {"name","protocol","properties":[{"name","mandatory","validator"?,
 *  "place"?}]}, properties in the order of checking; `place` is missing where it is the same as
 *  the position. QV_INVALID where it is no template. */
QV_MUST_CHECK enum qv_status qv_template_read(const json_t *doc, struct qv_template **ret_template,
                                              struct qv_error *error);
void qv_template_write(const struct qv_template *template_, struct qv_buf *buf);
void qv_template_free(struct qv_template **template_);

/** The dialect's seeded templates as documents, one JSON text each; NULL-terminated, static. */
const char *const *qv_template_seeds(const struct qv_dialect *dialect);

#endif

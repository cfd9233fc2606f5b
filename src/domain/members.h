/*
 * Taking a request body apart: which members it has and of which kind, by table
 * (spec/arrowhead-discovery 2.6 and section 11.3), and walking through JSON objects.
 * Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_MEMBERS_H
#define QUIVER_DOMAIN_MEMBERS_H

#include <quiver/base/json.h>

enum qv_member_kind {
    QV_MEMBER_TEXT,  /**< text; an integer or a boolean is taken as its text */
    QV_MEMBER_TEXTS, /**< list of such texts and nulls */
    QV_MEMBER_OBJECT,
    QV_MEMBER_OBJECTS, /**< list of objects and nulls */
};

struct qv_member {
    const char *name;
    enum qv_member_kind kind;
};

#define QV_MEMBERS_MAX 16

/**
 * Takes the members that `table` names out of `object`; others are ignored. `where` names the
 * object in messages: "" for the body itself, else for example "interfaces[0].".
 * ret_values[i] belongs to table[i]: NULL where it is absent or null, else a reference owned by
 * the caller (texts are JSON strings). QV_INVALID with words that name the member.
 */
QV_MUST_CHECK enum qv_status qv_members_read(const struct qv_member *table, size_t count,
                                             const char *where, const json_t *object,
                                             json_t **ret_values, struct qv_error *error);
/** Drops the references. */
void qv_members_drop(json_t **values, size_t count);

/** The text that stands for a JSON value where text is expected, NULL where none may. A new
 *  reference. */
QV_MUST_CHECK enum qv_status qv_member_text(const json_t *value, json_t **ret_text);

/** Refuses, with words, a body that is no object. */
QV_MUST_CHECK enum qv_status qv_body_check(const json_t *body, struct qv_error *error);

/**
 * Walks through an object: `QV_EACH_MEMBER(object, name, value) { ... }`. Nothing is changed by
 * it; jansson only declares its iterators for changing, too.
 */
#define QV_EACH_MEMBER(object, name, value)                                                        \
    for (void *at_ = json_object_iter((json_t *)(uintptr_t)(object));                              \
         at_ != NULL &&                                                                            \
         ((name) = json_object_iter_key(at_), (value) = json_object_iter_value(at_), true);        \
         at_ = json_object_iter_next((json_t *)(uintptr_t)(object), at_))

#endif

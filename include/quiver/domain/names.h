/*
 * Names, versions and instance ids (spec/arrowhead-discovery 3.5, 5). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_NAMES_H
#define QUIVER_DOMAIN_NAMES_H

#include <quiver/domain/rules.h>

enum qv_entity {
    QV_ENTITY_SYSTEM,
    QV_ENTITY_DEFINITION,
    QV_ENTITY_DEVICE,
    QV_ENTITY_TEMPLATE,
    QV_ENTITY_OPERATION,
    QV_ENTITY_COUNT,
};

/** The name as the registry stores it (5.0: trimmed, lower case; 5.2: temperature-provider2 is the
 *  system TemperatureProvider2). A blank name is nothing. Appends to `buf`. */
void qv_name_normalize(const struct qv_dialect *dialect, enum qv_entity entity, struct qv_str raw,
                       struct qv_buf *buf);
/** Does the text follow the entity's convention? Its length counts where the dialect has no words
 *  for it alone. QV_INVALID with the reference's words. */
QV_MUST_CHECK enum qv_status qv_name_check(const struct qv_dialect *dialect, enum qv_entity entity,
                                           struct qv_str name, struct qv_error *error);

/** Is the text short enough for the entity, in UTF-16 units as the reference counts? What has no
 *  limit always is, and what qv_name_check judges. QV_INVALID with the reference's words. */
QV_MUST_CHECK enum qv_status qv_name_check_length(const struct qv_dialect *dialect,
                                                  enum qv_entity entity, struct qv_str name,
                                                  struct qv_error *error);

/** Appends the name normalized, and checks it in the form in which the dialect does: as it was
 *  sent, trimmed or normalized. */
QV_MUST_CHECK enum qv_status qv_name_read(const struct qv_dialect *dialect, enum qv_entity entity,
                                          struct qv_str raw, struct qv_buf *buf,
                                          struct qv_error *error);

/** Blank gives 1.0.0, missing parts are added; not checked. Appends to `buf`. */
void qv_version_normalize(struct qv_str raw, struct qv_buf *buf);
QV_MUST_CHECK enum qv_status qv_version_check(const struct qv_dialect *dialect,
                                              struct qv_str version, struct qv_error *error);

/** provider, definition and version joined by the dialect's separator. Appends to `buf`. */
void qv_instance_id_write(const struct qv_dialect *dialect, struct qv_str provider,
                          struct qv_str definition, struct qv_str version, struct qv_buf *buf);

/** The order of entries in an answer, as memcmp: bytes, with ASCII letters in upper case. */
int qv_instance_id_compare(struct qv_str a, struct qv_str b);

/** An id as the registry stores it, where it is one: trimmed, in 5.0 in lower case, in 5.2 part by
 *  part as what it names (`a|b|1` is `A|b|1.0.0`). Appends to `buf`. */
void qv_instance_id_normalize(const struct qv_dialect *dialect, struct qv_str raw,
                              struct qv_buf *buf);
/** Is the normalized text an id: exactly three parts, the last not empty (section 11.4), in 5.2
 * none empty and each what it names may be? QV_INVALID with the reference's words. */
QV_MUST_CHECK enum qv_status qv_instance_id_check(const struct qv_dialect *dialect,
                                                  struct qv_str id, struct qv_error *error);

/** An id that came from outside, normalized and taken apart; the parts point into `text`. */
struct qv_instance_id {
    char *text; /**< owned */
    struct qv_str provider, definition, version;
};
/** Normalizes and checks `raw`; a blank one is missing. */
QV_MUST_CHECK enum qv_status qv_instance_id_read(const struct qv_dialect *dialect,
                                                 struct qv_str raw, struct qv_instance_id *ret_id,
                                                 struct qv_error *error);
void qv_instance_id_free(struct qv_instance_id *id);

#endif

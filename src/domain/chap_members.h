/*
 * What a CHAP registration consists of (spec/chap-registration B1.4): a table of members, and how
 * a value becomes a member. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_CHAP_MEMBERS_H
#define QUIVER_DOMAIN_CHAP_MEMBERS_H

#include "chap_faults.h"

enum qv_chap_kind {
    QV_CHAP_TEXT,
    QV_CHAP_TEXTS, /**< list of texts */
    QV_CHAP_SLUG,
    QV_CHAP_WORD,        /**< one of the member's words */
    QV_CHAP_EMAIL,       /**< normalized */
    QV_CHAP_WEB_URL,     /**< normalized */
    QV_CHAP_SERVICE_URL, /**< http or https too, but kept as it was sent */
    QV_CHAP_INTEGER,
    QV_CHAP_BOOLEAN,
    QV_CHAP_OBJECT,
    QV_CHAP_KIND_COUNT,
};

struct qv_chap_member {
    const char *name;
    enum qv_chap_kind kind;
    const char *fallback; /**< what it is where it is absent, as JSON; NULL: it must be there */
    bool nullable;
    const char *const *words;             /**< of a word, ends with NULL */
    const char *words_told;               /**< the same as a fault tells them */
    const struct qv_chap_member *members; /**< of an object; ends with a name of NULL */
};

/** The body as a whole: an object of `url` and `info`. */
extern const struct qv_chap_member qv_chap_body_member;

/**
 * Reads what stands for the member at the place, and everything in it. The caller owns the
 * reference, in which objects have each member of the table, in its order. QV_INVALID: the faults
 * are noted.
 */
QV_MUST_CHECK enum qv_status qv_chap_member_read(const struct qv_chap_member *member,
                                                 const json_t *value,
                                                 const struct qv_chap_place *place,
                                                 struct qv_chap_faults *faults, json_t **ret_value);

#endif

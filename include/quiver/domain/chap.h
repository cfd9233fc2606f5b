/*
 * CHAP v2 services (spec/chap-registration): what a client sends, how it is judged, and how what is
 * stored is shown. Pure; any thread.
 *
 * A service is stored as {"id", "url", "info"}, normalized, with each member that a service has,
 * null where it was not given. Its times are not in there: when it was registered says the envelope
 * (`created`, to the microsecond), and everything else follows from its lease, which is kept beside
 * the document.
 */
#ifndef QUIVER_DOMAIN_CHAP_H
#define QUIVER_DOMAIN_CHAP_H

#include <quiver/config/config.h>
#include <quiver/domain/entity.h>
#include <quiver/domain/rules.h>

/* ---- what is asked for ----------------------------------------------------------------------- */

struct qv_chap_registration {
    char *id;      /**< a slug (spec B1.9) */
    char *url;     /**< as sent: http or https */
    char *version; /**< of the model */
    json_t *info;  /**< normalized: each member in the order of spec B1.4, null where not given */
};
/**
 * Reads a body as spec B1.4 and B1.6 say; unknown members are ignored. `body` NULL: there was none.
 * QV_INVALID: `ret_faults` has the list of all faults (beyond a MiB of them: of the first), in the
 * order of the members' definition, as JSON text ([{"type":...,"loc":[...],"msg":...,"input":...},
 * ...]); it may be appended to.
 */
QV_MUST_CHECK enum qv_status qv_chap_registration_read(const json_t *body,
                                                       struct qv_chap_registration **ret_made,
                                                       struct qv_buf *ret_faults);
void qv_chap_registration_free(struct qv_chap_registration **registration);
/** Appends the document that is stored. Two registrations that mean the same write the same. */
void qv_chap_registration_write(const struct qv_chap_registration *registration,
                                struct qv_buf *buf);

/** `[a-z][a-z0-9]*` groups joined by single hyphens, nothing behind them. */
bool qv_chap_id_is_valid(struct qv_str text);

/** Are the bytes of a body characters for a lenient reader (spec B1.6)? So are, beside UTF-8,
 * halves of surrogate pairs and units of 16 and 32 bits; qv_chap_body_parse refuses both. */
bool qv_chap_body_is_text(struct qv_str body);
/** Reads a body's text (spec B1.6): as qv_json_parse, but of members of one name the last counts
 *  and texts may have NUL. QV_INVALID: `ret_faults` as above, of type json_invalid; the wording and
 *  the place are the parser's own. */
QV_MUST_CHECK enum qv_status qv_chap_body_parse(struct qv_str text, size_t max_depth,
                                                json_t **ret_body, struct qv_buf *ret_faults);
/** Appends the list of the one fault of a body whose Content-Type is not JSON: it counts as a text;
 *  an empty one is missing. */
void qv_chap_write_text_fault(struct qv_str body, struct qv_buf *buf);

/* ---- what is stored -------------------------------------------------------------------------- */

/** An entity of QV_KIND_CHAP. Its lease is remembered by the registry and is all that changes. */
struct qv_chap {
    struct qv_entity_head head; /**< the id */
    int64_t lease_us_;          /**< private to the registry, atomic: its end in registry time */
    uint64_t revision;
    int64_t registered_us;      /**< when, since 1970 */
    int64_t updated_us;         /**< when its data came; its lease was renewed since, maybe */
    struct qv_str url, version; /**< decoded texts */
    struct qv_str info;         /**< JSON text, nulls written */
    struct qv_str by;    /**< the envelope's, JSON text: who registered it; empty: not known */
    struct qv_str front; /**< {"id":...,"url":...,"info":{...} with nulls, no brace at the end */
    struct qv_str front_lean; /**< the same without members that are null, at every depth */
};

/** When something of a service happens, in microseconds since 1970. */
struct qv_chap_times {
    int64_t pinged_us; /**< last_ping_at and last_updated */
    int64_t ends_us;   /**< expires_at */
};
/** Appends `2026-01-31T12:00:00.123456+00:00`, without fraction where that is zero (spec B1.3). */
void qv_chap_time_write(int64_t us, struct qv_buf *buf);
/** Appends the service as list and detail show it (spec B1.2), as the dialect does. */
void qv_chap_write(const struct qv_chap *chap, enum qv_chap_dialect dialect,
                   const struct qv_chap_times *times, struct qv_buf *buf);
/** Appends it as CHAP's own core keeps it in Redis (spec B1.7): blanks behind commas and colons,
 *  ASCII alone, all nulls. QV_INVALID: what is stored is not readable. */
QV_MUST_CHECK enum qv_status qv_chap_write_mirrored(const struct qv_chap *chap,
                                                    const struct qv_chap_times *times,
                                                    struct qv_buf *buf);

/* ---- as an Arrowhead service ----------------------------------------------------------------- */

/** What stands for it in lookups where chap.expose_in_arrowhead is on; each one reference. */
struct qv_chap_bridge {
    struct qv_instance
        *instance; /**< provider: the id; without its expiresAt, which the lease has */
    struct qv_system *system;
    struct qv_definition *definition;
};
/** `definition` is chap.definition. The id becomes a name of the dialect. QV_INVALID: the service
 *  has no form there (its url has no address that an interface could have). */
QV_MUST_CHECK enum qv_status qv_chap_bridge_new(const struct qv_rules *rules,
                                                const char *definition, const struct qv_chap *chap,
                                                struct qv_chap_bridge *ret_bridge,
                                                struct qv_error *error);
void qv_chap_bridge_free(struct qv_chap_bridge *bridge);
/** Appends the provider's name of a service: what a policy's `provider` is compared with. */
void qv_chap_provider_write(const struct qv_rules *rules, struct qv_str id, struct qv_buf *buf);

#endif

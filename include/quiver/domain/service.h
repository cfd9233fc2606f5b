/*
 * Service instances as they are asked to be registered and looked up: parse, check in the
 * reference's order (spec/arrowhead-discovery 3.1-3.8, 3.11), normalize. Pure: time and
 * templates come in as arguments; any thread.
 */
#ifndef QUIVER_DOMAIN_SERVICE_H
#define QUIVER_DOMAIN_SERVICE_H

#include <quiver/base/clock.h>
#include <quiver/domain/address.h>
#include <quiver/domain/names.h>
#include <quiver/domain/requirement.h>
#include <quiver/domain/template.h>

struct qv_interface {
    char *template_name;
    char *protocol;      /**< the template's */
    char *policy;        /**< upper case */
    json_t *properties;  /**< owned, normalized: the template's own in its order, then the others */
    bool template_known; /**< false: it is one of the registration's new_templates */
};

/**
 * Where an interface's addresses are: the first member of `properties` whose name is one of
 * rules->address_alias (ASCII case ignored) and that is a text that is not blank or a list with at
 * least one text (spec 3.8, 3.11). NULL where there is none; else the value, borrowed, and its
 * name. They may be as they were sent: normalize each before asking for its type.
 */
const json_t *qv_interface_addresses(const struct qv_rules *rules, const json_t *properties,
                                     const char **ret_name);

/** How many different templates, known and new, the interfaces of one registration may have: each
 *  is an argument of the change, a new one two. */
enum { QV_REGISTRATION_TEMPLATES_MAX = 2000 };

/** A registration that passed every check that needs no store. */
struct qv_service_registration {
    char *provider;    /**< normalized */
    char *definition;  /**< normalized */
    char *version;     /**< normalized */
    char *instance_id; /**< provider, definition, version joined */
    bool expires;
    struct qv_wall expires_at; /**< with its fraction */
    json_t *metadata;          /**< owned; NULL: none given */
    struct qv_interface *interfaces;
    size_t interface_count;
    /** Templates that are created in the same change, in the order of their interfaces: write each
     *  with qv_template_write. Whoever stores them finds out whether another change has been
     *  quicker: then what was checked here was not checked against that template, and the
     *  registration must be read again. */
    struct qv_template **new_templates;
    size_t new_template_count;
};

/** Reads a register request. `requester` is the caller's system name as identified (raw), `body`
 *  the parsed JSON text (any JSON value). QV_INVALID with the words of spec 3.2, in its order. */
QV_MUST_CHECK enum qv_status qv_service_registration_read(
    const struct qv_rules *rules, const struct qv_template_source *templates,
    struct qv_str requester, const json_t *body, struct qv_wall now,
    struct qv_service_registration **ret_registration, struct qv_error *error);
void qv_service_registration_free(struct qv_service_registration **registration);

/** Appends the instance's stored document: {"instanceId","provider","serviceDefinition",
 *  "version","expiresAt"?,"metadata"?,"interfaces":[{"templateName","protocol","policy",
 *  "properties"}]}; expiresAt in whole seconds. */
void qv_service_registration_write(const struct qv_service_registration *registration,
                                   struct qv_buf *buf);
/** Appends the document of a system that is entered automatically: {"name","version":"1.0.0",
 *  "addresses":[{"type","address"}...],"automatic":true}; the addresses are those of the
 *  interfaces' address properties, each once, in order. */
void qv_service_registration_write_provider(const struct qv_rules *rules,
                                            const struct qv_service_registration *registration,
                                            struct qv_buf *buf);

struct qv_instance;

/** A lookup request: AND across the members, OR within each; an empty member does not filter. */
struct qv_service_query {
    struct qv_strings instance_ids, providers, definitions, versions; /**< normalized */
    bool has_alives_at;
    struct qv_wall alives_at;
    struct qv_requirement **metadata; /**< OR */
    size_t metadata_count;
    unsigned address_types; /**< bits of enum qv_address_type; 0: any */
    struct qv_strings templates;
    struct qv_requirement **properties; /**< OR */
    size_t property_count;
    struct qv_strings policies; /**< upper case */
    /** Not of the request: may this instance be seen at all? Asked before anything but names is
     *  compared, outside of locks; `view_data` is handed to it. NULL: all may. */
    enum qv_status (*sees)(void *view_data, const struct qv_instance *instance, bool *ret_sees);
    void *view_data;
};

QV_MUST_CHECK enum qv_status qv_service_query_read(const struct qv_rules *rules, const json_t *body,
                                                   struct qv_service_query **ret_query,
                                                   struct qv_error *error);
void qv_service_query_free(struct qv_service_query **query);
/** Where discovery is restricted (rules->discovery), lets the query find only services that are
 *  marked as open to all (spec 3.11), unless the caller is an operator or has direct access.
 *  `requester` is the caller's system name as identified (raw). On failure the query must not be
 * used. */
QV_MUST_CHECK enum qv_status qv_service_query_restrict(const struct qv_rules *rules,
                                                       struct qv_str requester, bool is_operator,
                                                       struct qv_service_query *query,
                                                       struct qv_error *error);

/** Reads what is to be revoked: the caller's name, then the id, as spec 3.13 and 3.14 check them.
 *  Whose instance it is the policy judges. */
QV_MUST_CHECK enum qv_status qv_service_revocation_read(const struct qv_rules *rules,
                                                        struct qv_str requester, struct qv_str id,
                                                        struct qv_instance_id *ret_id,
                                                        struct qv_error *error);

#endif

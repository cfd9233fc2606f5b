/*
 * What the core systems are called in each release: the registry itself and what it offers, the
 * operator, the blacklist system and what is said in its name (spec/arrowhead-discovery 1.3, 1.6,
 * 1.7, 3.15). Static; any thread.
 */
#ifndef QUIVER_DOMAIN_CORE_NAMES_H
#define QUIVER_DOMAIN_CORE_NAMES_H

#include <quiver/domain/rules.h>

/** The services that this version offers. */
enum { QV_CORE_SERVICES = 3 };

struct qv_core_names {
    const char *dialect;   /**< as qv_dialect_name says it */
    const char *operator_; /**< whose declared name, normalized, is an operator's */
    /* the registry itself */
    const char *registry;
    const char *registry_version;
    const char *services[QV_CORE_SERVICES]; /**< service-, system-, device-discovery */
    const char *http_template, *https_template;
    const char *unrestricted_key;  /**< metadata: found in a restricted discovery, too */
    const char *public_key_key;    /**< metadata of a system */
    bool identity_is_found_by_all; /**< by its lookup, without identity (section 11.15) */
    /* the blacklist */
    const char *blacklist_system, *blacklist_service, *blacklist_operation;
    const char *blacklisted_end;       /**< behind the name */
    const char *blacklist_unavailable; /**< the whole sentence */
};

/** The row of the dialect; never NULL. */
const struct qv_core_names *qv_core_names(const struct qv_dialect *dialect);

/** The name of the service by which systems find the Authentication system, as lookups spell it. */
#define QV_IDENTITY_SERVICE "identity"

#endif

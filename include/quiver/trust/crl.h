/*
 * Which certificates are revoked: the serial numbers of all configured CRLs, packed and sorted, so
 * that a handshake costs a search and no signature check (design 6). Each CRL's signature was
 * verified once, when it was loaded. CRLs belong to an issuer's key, not to its name, so that two
 * CAs of one name are never mixed. Immutable once loaded; any thread.
 */
#ifndef QUIVER_TRUST_CRL_H
#define QUIVER_TRUST_CRL_H

#include <quiver/trust/path.h>

struct qv_crl_memory;
struct qv_crls;

/**
 * Reads CRL files: PEM with any number of CRLs, or one CRL in DER. `store` holds the CAs that are
 * trusted, `cas` the same as a list; a CRL file may also carry the certificates of CAs between
 * them and the CRL (they are believed as far as the store vouches for them).
 *
 * Each fault is one message with the file's name, appended to `faults` (QV_INVALID): unreadable,
 * no CRL inside, malformed, issuer not known, wrong signature, issuer not entitled (cRLSign), weak
 * hash, indirect or delta CRL, an unknown critical extension, older than what `memory` knows. A
 * CRL past its end is loaded, with a warning in the log; of two CRLs of one issuer and scope the
 * newer counts. `memory` may be NULL: nothing is known.
 */
QV_MUST_CHECK enum qv_status qv_crls_load(const struct qv_strings *files, X509_STORE *store,
                                          const STACK_OF(X509) * cas,
                                          const struct qv_crl_memory *memory, struct qv_wall now,
                                          struct qv_crls **ret_crls, struct qv_strings *faults);
void qv_crls_free(struct qv_crls **crls);

enum qv_crl_answer {
    QV_CRL_NONE,    /**< no CRL of this issuer is configured */
    QV_CRL_GOOD,    /**< there is one, and the serial is not in it */
    QV_CRL_STALE,   /**< not in it, but it is past its nextUpdate */
    QV_CRL_REVOKED, /**< in it; outranks stale */
};
struct qv_crl_finding {
    enum qv_crl_answer answer;
    const char *file;   /**< of the CRL that decided; lives as the CRLs; NULL for QV_CRL_NONE */
    const char *reason; /**< RFC 5280 5.3.1 in words, "no reason given"; static; for REVOKED */
    bool superseded;    /**< that reason: nothing is held against who had the certificate */
};
/** `crls` may be NULL: there are none. */
QV_MUST_CHECK enum qv_status qv_crls_look_up(const struct qv_crls *crls,
                                             const struct qv_issuer_key *issuer,
                                             const struct qv_serial *serial, struct qv_wall now,
                                             struct qv_crl_finding *ret_finding);

/** For health and metrics: each CRL with its end. */
struct qv_crl_facts {
    const char *file, *issuer; /**< the issuer's name as RFC 2253 text; live as the CRLs */
    struct qv_wall this_update, next_update;
    bool has_next_update;
    size_t serials;
};
/** `index` below qv_crls_count. */
void qv_crls_facts(const struct qv_crls *crls, size_t index, struct qv_crl_facts *ret_facts);

/** How many serials all CRLs hold together, and CRLs; for logs. */
size_t qv_crls_serial_count(const struct qv_crls *crls);
size_t qv_crls_count(const struct qv_crls *crls);

#endif

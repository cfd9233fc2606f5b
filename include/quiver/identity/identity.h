/*
 * Who calls: from the leaf of a client certificate, or from a declared bearer header (design 6;
 * spec/arrowhead-discovery 1.3, 1.4). A struct qv_identity is immutable and reference-counted:
 * one per connection, shared by its requests and by changes on their way. Any thread.
 */
#ifndef QUIVER_IDENTITY_IDENTITY_H
#define QUIVER_IDENTITY_IDENTITY_H

#include <openssl/x509.h>
#include <quiver/base/clock.h>
#include <quiver/base/hash.h>
#include <quiver/domain/rules.h>

enum qv_profile {
    QV_PROFILE_UNKNOWN,
    QV_PROFILE_MASTER,
    QV_PROFILE_GATE,
    QV_PROFILE_ORGANIZATION,
    QV_PROFILE_LOCAL_CLOUD,
    QV_PROFILE_ONBOARDING,
    QV_PROFILE_DEVICE,
    QV_PROFILE_SYSTEM,
    QV_PROFILE_OPERATOR,
    QV_PROFILE_BROKER, /**< documented for 5.2; the reference itself does not know it */
};
/** "SYSTEM", "ON_BOARDING" ... as error texts say it; static. */
const char *qv_profile_name(enum qv_profile profile);
/** "sy", "op" ... as dnQualifier says it, compared exactly; QV_PROFILE_UNKNOWN for any other. */
enum qv_profile qv_profile_from_code(struct qv_str code);

/** What is worth remembering of a certificate. */
struct qv_certificate {
    char *subject;       /**< RFC 2253 text, ASCII, for logs */
    char *issuer;        /**< RFC 2253 text, ASCII */
    char *serial;        /**< lower-case hexadecimal bytes, a minus before a negative one */
    char *fingerprint;   /**< base64url of the DER's SHA-256 (x5t#S256, RFC 8705) */
    char issuer_key[44]; /**< base64url of the SHA-256 of the issuer's public key, as CRLs are kept
                              by; empty: not known (no path was verified) */
    struct qv_wall not_before, not_after; /**< an unreadable date is one that is never valid */
};

struct qv_identity {
    char *system;                       /**< as the certificate or header says it, not normalized */
    char *cloud;                        /**< CN parts 2 to 5 as written; NULL where only declared */
    enum qv_profile profile;            /**< SYSTEM or OPERATOR */
    struct qv_certificate *certificate; /**< NULL where only declared */
    /* the reference count is private: see src/identity/identity.c */
};

/**
 * Takes the identity from a leaf that TLS has already verified. `own_cloud` is
 * "<cloud>.<organization>.<x>.<y>" of this server; empty: any cloud will do (offline questions).
 *
 * QV_UNAUTHENTICATED: not exactly one CN of five parts none of which is empty, not exactly one
 * dnQualifier of a known code, either of them in a multi-valued RDN, or a system part that is not
 * 1-63 letters, digits and hyphens. QV_DENIED: another known profile, or a foreign cloud: the
 * name's, or that of the issuer, whose only CN must be the name's own parts 2 to 5 (a CA vouches
 * for its own cloud only). The issuer's name is in the leaf and was compared by the verification,
 * so no chain is needed.
 *
 * `error` has the words of spec 1.4 with QV_IDENTITY_URL where the request's URL belongs, because
 * the identity is taken once per connection: qv_identity_error_text fills it in per request.
 * `reason` (may be NULL) says to an operator what is wrong with the certificate.
 */
QV_MUST_CHECK enum qv_status qv_identity_from_leaf(X509 *leaf, struct qv_str own_cloud,
                                                   struct qv_identity **ret_identity,
                                                   struct qv_error *error, struct qv_error *reason);
#define QV_IDENTITY_URL "\x01"
/** Appends `message` with each QV_IDENTITY_URL replaced by `url`. */
void qv_identity_error_text(struct qv_str message, struct qv_str url, struct qv_buf *buf);

/** Reads an Authorization header of the form `Bearer SYSTEM//name` (spec 1.3). `header` NULL: not
 *  sent. QV_UNAUTHENTICATED with the reference's words. Whose name is, normalized, that of the
 *  dialect's operator (`sysop`, `Sysop`) is one. */
QV_MUST_CHECK enum qv_status qv_identity_from_declared(const struct qv_dialect *dialect,
                                                       const struct qv_str *header,
                                                       struct qv_identity **ret_identity,
                                                       struct qv_error *error);

/** Nobody, where somebody is needed: a system called `<unknown>`, which no system can be called
 *  (section 11.15). */
QV_MUST_CHECK enum qv_status qv_identity_unknown(struct qv_identity **ret_identity);

struct qv_identity *qv_identity_ref(struct qv_identity *identity); /**< NULL is fine */
void qv_identity_free(struct qv_identity **identity);              /**< drops one reference */

/** The four parts of a cloud from a server's own certificate (CN parts 2 to 5, profile `sy`, each
 *  part of letters, digits and hyphens). QV_INVALID with what is wrong. Owned by the caller. */
QV_MUST_CHECK enum qv_status qv_identity_cloud_of(X509 *own, char **ret_cloud,
                                                  struct qv_error *error);
/** Facts of any certificate. */
QV_MUST_CHECK enum qv_status qv_certificate_read(X509 *x509,
                                                 struct qv_certificate **ret_certificate);
void qv_certificate_free(struct qv_certificate **certificate);
/** A date of a certificate or CRL; QV_INVALID where it cannot be read. */
QV_MUST_CHECK enum qv_status qv_certificate_time(const ASN1_TIME *at, struct qv_wall *ret_time);

/**
 * The leaf rule (design 6): what OpenSSL lets through as a client certificate and no one should.
 * QV_DENIED with the reason in words; `ret_verify_error` is then the X509_V_ERR_... whose TLS
 * alert fits. It comes in two halves, as a malformed leaf misleads the path building:
 * form is asked before it, use after it.
 */
/** Version 3, a positive serial of at most 20 octets, no extension twice, each one readable. */
QV_MUST_CHECK enum qv_status qv_leaf_form(X509 *leaf, int *ret_verify_error,
                                          struct qv_error *error);
/** No CA; key usage with digitalSignature and without keyCertSign; extended key usage with
 *  clientAuth; a key and a signature that are strong and of a kind that TLS 1.3 has. */
QV_MUST_CHECK enum qv_status qv_leaf_use(X509 *leaf, int *ret_verify_error, struct qv_error *error);
/** Both halves. */
QV_MUST_CHECK enum qv_status qv_leaf_rule(X509 *leaf, int *ret_verify_error,
                                          struct qv_error *error);

#endif

/*
 * Whom this server trusts and as whom it answers: own certificate and key, CAs and CRLs, the TLS
 * contexts made of them, and the one judgement over a peer (design 6). A struct qv_trust is
 * immutable and reference-counted; a reload builds another, which shares the parts that stay. Any
 * thread, but for what is said of loading.
 */
#ifndef QUIVER_TRUST_TRUST_H
#define QUIVER_TRUST_TRUST_H

#include <quiver/base/buf.h>
#include <quiver/config/config.h>
#include <quiver/trust/anchors.h>
#include <quiver/trust/crl_memory.h>

struct qv_trust;

/** The parts that are built, checked and swapped each by itself; the policy is the third, and not
 *  this module's. */
enum qv_trust_part { QV_TRUST_OWN, QV_TRUST_ANCHORS, QV_TRUST_PARTS };
/** "own certificate", "CAs and CRLs"; static. */
const char *qv_trust_part_name(enum qv_trust_part part);

/**
 * Opens and checks all files of `tls:`: key private and fitting the certificate, the chain builds
 * to a configured CA (where any is configured), dates at `now`, server usage, own identity
 * (profile sy, five-part CN), each CRL signed by a configured CA and no older than `memory` (may be
 * NULL) knows. Each fault is one message with the file's name, appended to `faults`; QV_INVALID
 * when there is any. Without TLS listeners the trust has only the configured cloud. One thread at a
 * time loads; a long CRL takes seconds.
 */
QV_MUST_CHECK enum qv_status qv_trust_load(const struct qv_config *config,
                                           const struct qv_crl_memory *memory, struct qv_wall now,
                                           struct qv_trust **ret_trust, struct qv_strings *faults);

/** What a reload came to, for each part. */
struct qv_trust_renewal {
    bool renewed[QV_TRUST_PARTS];             /**< false: the old one stays */
    struct qv_strings faults[QV_TRUST_PARTS]; /**< why; owned; empty where renewed */
};
void qv_trust_renewal_free(struct qv_trust_renewal *renewal);

/**
 * Loads each part anew from the files of `config` and takes over from `old` each one in which there
 * is a fault. A part's fault holds back no other: where CAs were changed, the chain of the own
 * certificate is checked against those that will be in force, and is a fault of the own part
 * alone. An own certificate of another cloud than before is a fault (what is stored hangs on it).
 * TLS settings of `config` (versions, ciphers) count as of the own part. `listeners` of both
 * configurations are alike. QV_NO_MEMORY: nothing came of it; else `ret_trust` is a new trust with
 * a higher generation, new contexts and new ticket keys, also where no part is new.
 */
QV_MUST_CHECK enum qv_status qv_trust_renew(const struct qv_trust *old,
                                            const struct qv_config *config,
                                            const struct qv_crl_memory *memory, struct qv_wall now,
                                            struct qv_trust **ret_trust,
                                            struct qv_trust_renewal *ret_renewal);

/** Are own certificate, CAs, CRLs and TLS settings of both the same, byte by byte, and from the
 * same files? */
bool qv_trust_is_alike(const struct qv_trust *one, const struct qv_trust *other);
/** `old` under a higher generation, with its contexts: its tickets stay good. For a new policy, by
 *  which nobody's session ends. */
QV_MUST_CHECK enum qv_status qv_trust_again(const struct qv_trust *old,
                                            struct qv_trust **ret_trust);

struct qv_trust *qv_trust_ref(struct qv_trust *trust);
void qv_trust_free(struct qv_trust **trust); /**< drops one reference */

/** "<cloud>.<organization>.<x>.<y>": the own certificate's, else cloud.name, else empty. Lives as
 *  the trust. */
struct qv_str qv_trust_cloud(const struct qv_trust *trust);
/** Number of this trust: rises with each one made in this process. */
uint64_t qv_trust_generation(const struct qv_trust *trust);
/** That of the trust by whose contexts it answers; tickets carry it. */
uint64_t qv_trust_tls_generation(const struct qv_trust *trust);
/** CAs and CRLs; lives as the trust. */
const struct qv_anchors *qv_trust_anchors(const struct qv_trust *trust);
/** Facts of the own certificate; NULL without TLS listeners; lives as the trust. */
const struct qv_certificate *qv_trust_own(const struct qv_trust *trust);
/** The file that it came from; NULL as above; lives as the trust. */
const char *qv_trust_own_file(const struct qv_trust *trust);

/** Appends what will soon need the operator: own certificate, CAs and CRLs that end within seven
 *  days or have ended, one line each, with file and time. */
QV_MUST_CHECK enum qv_status qv_trust_warnings(const struct qv_trust *trust, struct qv_wall now,
                                               struct qv_strings *ret_warnings);

/** The TLS context of a listener (index in config->listeners), NULL where it has none. Lives as
 *  the trust; whoever takes a reference of its own (SSL_CTX_up_ref, SSL_new) may outlive it, but a
 *  handshake gets through only while the trust (or another with the same CAs and CRLs) is there.
 *  ALPN http/1.1 only, client certificates as the listener's `tls` says, no automatic chain,
 *  session tickets that die with this trust and are good at this listener alone: a ticket carries
 *  its peer's path and is judged when it comes back; one that does not hold falls back to a full
 *  handshake, which is refused with the alert that fits. */
SSL_CTX *qv_trust_context(const struct qv_trust *trust, size_t listener);

/** During its handshake `ssl` is judged by the trust that stands at `present` by then, not by the
 * one that it began with, so that who lost trust meanwhile hears the alert that fits. `present` is
 *  borrowed as long as `ssl` lives; changed by the SSL's thread alone. */
void qv_trust_follow(SSL *ssl, struct qv_trust *const *present);

/**
 * The one judgement (design 6), at the end of every handshake, full or resumed: leaf rule, path,
 * serials of the path in the CRLs, dates, issuer; by `trust`, also where the handshake began under
 * another. `ssl` has finished its handshake.
 * `ret_verdict` says why TLS itself is to be ended (status QV_OK where it may live).
 * Where it may live: `ret_path` is what to judge it by later (count 0: no certificate came);
 * `ret_identity` is the caller, or NULL with `ret_error` the 401 or 403 that each request gets
 * (words with QV_IDENTITY_URL; the verdict's reason says to operators what is wrong); both NULL
 * where the listener asks for no certificate and none came (`ret_error` has status QV_OK then).
 * All four are always written; `ret_error` may hold an older error. The identity's certificate
 * names its issuer's key.
 */
void qv_trust_judge(const struct qv_trust *trust, const SSL *ssl, struct qv_wall now,
                    struct qv_verdict *ret_verdict, struct qv_path *ret_path,
                    struct qv_identity **ret_identity, struct qv_error *ret_error);

/** Judges a live connection again: after trust changed, or time passed. Table lookups; only where
 *  the path's anchor left the bundle the certificates are verified anew, and `path` is replaced by
 *  what was found. */
void qv_trust_judge_again(const struct qv_trust *trust, const SSL *ssl, struct qv_path *path,
                          struct qv_wall now, struct qv_verdict *ret_verdict);

/** Why a handshake that failed was refused: from the verdict that the verify callback left, else
 *  OpenSSL's error queue (which this empties). `ret_peer` is the peer's certificate as far as it
 *  came, NULL if it did not; owned by the caller. The verdict's status is never QV_OK. */
void qv_trust_explain_failure(const SSL *ssl, struct qv_verdict *ret_verdict,
                              struct qv_certificate **ret_peer);

#endif

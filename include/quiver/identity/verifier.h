/*
 * Identities that others vouch for (spec/arrowhead-discovery 1.5-1.7): tokens that the
 * Authentication system verifies, keys that are proven with a shared secret, and the cloud's
 * blacklist.
 *
 * Other systems are asked on a thread of the verifier's own; answers are kept for a while, and one
 * question is asked once however many wait for it. Asking is allowed from any thread.
 */
#ifndef QUIVER_IDENTITY_VERIFIER_H
#define QUIVER_IDENTITY_VERIFIER_H

#include <quiver/config/config.h>
#include <quiver/identity/identity.h>

struct qv_verifier;

/** Reads secrets and CA certificates: QV_INVALID with file and reason. Borrows `config`. */
QV_MUST_CHECK enum qv_status qv_verifier_new(const struct qv_config *config,
                                             struct qv_verifier **ret_verifier,
                                             struct qv_error *error);
/** Starts its thread, with all signals blocked. */
QV_MUST_CHECK enum qv_status qv_verifier_start(struct qv_verifier *verifier,
                                               struct qv_error *error);
void qv_verifier_free(struct qv_verifier **verifier); /**< what waits is answered first */

/** Reads secrets and CA certificates anew, of the files that `config` names now; all else of
 *  `identity` stays as it was. They are in force when this returns, and what was remembered of
 *  others' answers is forgotten; after a failure, as of qv_verifier_new, the old ones are.
 * Questions on their way end by the old. `config` is borrowed for the call. */
QV_MUST_CHECK enum qv_status qv_verifier_renew(struct qv_verifier *verifier,
                                               const struct qv_config *config,
                                               struct qv_error *error);
/** From now on those who are asked are shown certificate, chain and key of `own`; NULL: none, as in
 *  the beginning. New connections are made for what is asked from here on. Takes a reference. */
void qv_verifier_show(struct qv_verifier *verifier, SSL_CTX *own);

/** A question and, when it was answered, what came of it. Its owner keeps it until then. */
struct qv_inquiry {
    /** On the verifier's thread, exactly once, if the question had to wait. */
    void (*done)(struct qv_inquiry *inquiry);

    /** QV_OK; QV_UNAUTHENTICATED: it proves nothing; QV_UNAVAILABLE: nobody could be asked, or too
     *  many wait; what the Authentication system said itself (spec 1.5); QV_FOREIGN: what it
     *  answered is not understood. */
    enum qv_status status;
    struct qv_error error;        /**< words for the caller */
    struct qv_identity *identity; /**< of a header: a reference */
    bool listed;                  /**< of a name: it is on the blacklist */

    struct qv_inquiry *next_;
};
void qv_inquiry_free(struct qv_inquiry *inquiry); /**< what it holds */

/** Whom does an Authorization header prove (`authentication: outsourced`)? False: the inquiry is
 *  answered already; true: `done` will be called. `header` NULL: not sent; it is not kept. */
bool qv_verifier_identify(struct qv_verifier *verifier, const struct qv_str *header,
                          struct qv_inquiry *inquiry);

/** Is a system, by its normalized name, on the blacklist? `url` is the check's without the name.
 *  Neither is kept. As qv_verifier_identify. */
bool qv_verifier_look_up(struct qv_verifier *verifier, struct qv_str name, struct qv_str url,
                         struct qv_inquiry *inquiry);

#endif

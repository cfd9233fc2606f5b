/*
 * What Quiver shows and believes as a client of the systems that it asks about callers: the
 * hand-over from configuration and trust to the verifier, the same at the start, in a reload and in
 * `quiver check`. One thread.
 */
#ifndef QUIVER_CLI_IDENTITY_CLIENTS_H
#define QUIVER_CLI_IDENTITY_CLIENTS_H

#include <quiver/identity/verifier.h>
#include <quiver/trust/trust.h>

/** Does the configuration have anything of it? */
bool identity_is_used(const struct qv_config *config);

/** Has the verifier show the own certificate. It is that of `trust`; where no listener has TLS, and
 *  `trust` none therefore, it is loaded here, and checked just as strictly; where none is
 *  configured, none is shown. QV_INVALID with a message for each fault: what was shown, stays. */
QV_MUST_CHECK enum qv_status identity_show_own(struct qv_verifier *verifier,
                                               const struct qv_config *config,
                                               const struct qv_trust *trust, struct qv_wall now,
                                               struct qv_strings *faults);

#endif

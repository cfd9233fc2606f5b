/*
 * Which of several CAs of one name issued a certificate? Private to `trust`.
 */
#ifndef QUIVER_TRUST_ISSUERS_H
#define QUIVER_TRUST_ISSUERS_H

#include <openssl/x509.h>
#include <quiver/base/status.h>
#include <stdbool.h>

/** Lets all that verifies by the store tell namesakes apart. `cas`: those in the store; borrowed,
 *  and there as long as the store is. */
QV_MUST_CHECK enum qv_status qv_issuers_install(X509_STORE *store, STACK_OF(X509) * cas);

#endif

/* Does a rule's `who` fit a caller, and if not, why? Pure; any thread. Private. */
#ifndef QUIVER_POLICY_WHO_H
#define QUIVER_POLICY_WHO_H

#include "rules.h"

/** The keys' names in the file, by enum who_text. */
extern const char *const who_names[WHO_TEXTS];

/** Takes out of the caller what rules look at. `ret_asker` borrows from both and from itself: it is
 *  not copied. */
void asker_read(const struct qv_caller *caller, struct asker *ret_asker);

/** Does the rule fit only callers that have an identity? An allow that does not say otherwise does;
 *  a deny asks for nothing that it does not name. */
bool who_needs_identity(const struct rule *rule);
/** `why` (may be NULL) is appended to where it does not fit. */
bool who_fits(const struct rule *rule, const struct asker *asker, struct qv_buf *why);
/** Does `wide` certainly fit whomever `narrow` fits? */
bool who_covers(const struct rule *wide, const struct rule *narrow);
bool network_has(const struct network *network, const struct in6_addr *address);

#endif

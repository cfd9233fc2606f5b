/* Does a rule's `on` or `unless` match an object? Pure; any thread. Private. */
#ifndef QUIVER_POLICY_ON_H
#define QUIVER_POLICY_ON_H

#include "rules.h"

/** The keys' names in the file, by enum on_text. */
extern const char *const on_names[ON_TEXTS];

/** One decision: who asks about what. `object` NULL: none; metadata is read where a rule asks. */
struct asking {
    struct qv_str system; /**< the caller's name; empty: anonymous */
    const struct qv_object *object;
    json_t *metadata; /**< owned: read from the object's text */
    bool metadata_read;
    enum qv_status trouble; /**< why the answer is not to be trusted; QV_OK: it is */
};
void asking_free(struct asking *asking);

/** Is the object the caller's, or of one whom the key `provider` names? */
bool on_provider_matches(const struct on *on, const struct asking *asking);
/** Do all keys match? `why` (may be NULL) is appended to where not. */
bool on_matches(const struct on *on, enum quantity quantity, struct asking *asking,
                struct qv_buf *why);

/** Does the rule apply to the object: its `on` matches and its `unless` does not? What permits must
 *  fit each of the object's interfaces, what forbids one. `why` (may be NULL) is appended to either
 *  way; it begins with "matches" where it does. */
bool rule_applies(const struct rule *rule, struct asking *asking, struct qv_buf *why);

#endif

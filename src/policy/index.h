/*
 * Which rules a decision must look at: sets of rules by operation and effect, and rules by the
 * names that they are about (names.h). Immutable once built, memory is the policy's; any thread.
 * Private.
 */
#ifndef QUIVER_POLICY_INDEX_H
#define QUIVER_POLICY_INDEX_H

#include "names.h"
#include "rules.h"

/* ---- sets of rules: one bit each, 64 to a word ---- */

static inline bool bits_have(const uint64_t *bits, size_t i)
{
    return (bits[i / 64] >> i % 64 & 1) != 0;
}
static inline void bits_add(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << i % 64;
}
/** The first that is in both, from `from` on; SIZE_MAX: none. */
size_t bits_first(const uint64_t *a, const uint64_t *b, size_t words, size_t from);

/* ---- the whole ---- */

/** Which way a rule decides. */
enum side { SIDE_DENY, SIDE_PERMIT, SIDES };

/** Of one operation and side. */
struct masks {
    uint64_t *sure;   /**< decide whatever the object is */
    uint64_t *open;   /**< depend on the object */
    uint64_t *owners; /**< of those, the ones with `provider: self` */
    uint64_t *own;  /**< of those, the ones that must be looked at where the object is one's own */
    uint64_t *rest; /**< of `open`, the ones that must be looked at whatever its names are */
};

struct index {
    size_t words; /**< of a set */
    struct masks masks[OPS][SIDES];
    struct name_index on[ON_TEXTS]; /**< open rules, each by at most one key of its `on` */
    struct name_index systems;      /**< of `who` */
    uint64_t *who_rest;             /**< rules that are not in `systems` */
    bool looks_at[WHO_TEXTS];       /**< does any rule? */
    bool looks_at_address;
};

/** Fills policy->index. */
QV_MUST_CHECK enum qv_status index_build(struct qv_policy *policy);

#endif

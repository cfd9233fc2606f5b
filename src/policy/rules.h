/*
 * The compiled rules: what the files of this module share. All memory is the policy's arena; what
 * a policy that was given out has in it never changes, but for the cache of rights. Private.
 */
#ifndef QUIVER_POLICY_RULES_H
#define QUIVER_POLICY_RULES_H

#include "arena.h"
#include "patterns.h"

#include <quiver/base/hash.h>
#include <quiver/policy/policy.h>
#include <stdatomic.h>

/* ---- operations ---- */

/** Beside the operations themselves: what a lookup shows. */
#define OP_SHOWN QV_OP_COUNT
#define OPS      (QV_OP_COUNT + 1)
_Static_assert(OPS <= 32, "sets of operations are bits of 32");

struct operation {
    const char *name, *about;
    bool has_object;          /**< a change: the policy is asked about its object, too */
    const char *not_owner;    /**< words where only `provider: self` was in the way; or NULL */
    bool not_owner_reference; /**< they are the reference's */
    const char *refused;      /**< the reference's words for any refusal; or NULL */
};
extern const struct operation operations[QV_OP_COUNT];

/** The operations that a pattern names, as bits; 0: none. */
uint32_t operations_named(const struct qv_glob *pattern);
/** Appends "; did you mean ...?" for a pattern that names none. */
void operations_suggest(struct qv_str pattern, struct qv_buf *buf);

/* ---- who ---- */

enum who_text {
    WHO_SYSTEMS,
    WHO_CLOUDS,
    WHO_ORGANIZATIONS,
    WHO_FINGERPRINTS,
    WHO_SERIALS,
    WHO_LISTENERS,
    WHO_TEXTS,
};
enum answer { ANSWER_ANY, ANSWER_NO, ANSWER_YES };

struct network {
    struct in6_addr address; /**< IPv4 as mapped */
    unsigned prefix;         /**< bits, of 128 */
};

struct who {
    unsigned keys; /**< which of `texts` are given, as bits */
    struct patterns texts[WHO_TEXTS];
    unsigned profiles; /**< bits 1 << enum qv_profile; 0: any */
    enum answer anonymous, service_key;
    struct network *networks;
    size_t network_count;
};

/** What `who` looks at of one caller, taken out once. Borrows from the caller. */
struct asker {
    struct qv_str texts[WHO_TEXTS]; /**< empty: it has none */
    bool known;                     /**< it has an identity */
    unsigned profile;               /**< a bit; 0: anonymous */
    bool service_key;
    struct in6_addr address;
    bool address_known;
    char folded[2][64]; /**< private: cloud and organization in lower case */
};

/* ---- on, unless ---- */

enum on_text { ON_PROVIDER, ON_SERVICES, ON_VERSIONS, ON_INTERFACES, ON_POLICIES, ON_TEXTS };

struct on {
    bool given;
    unsigned keys; /**< which of `texts` are given, as bits */
    struct patterns texts[ON_TEXTS];
    struct qv_requirement **metadata; /**< one of them must match */
    size_t metadata_count;
};

/** Of an object's several interfaces: must each match, or is one enough? */
enum quantity { EACH, ONE };

/* ---- rules ---- */

enum effect { EFFECT_ALLOW, EFFECT_DENY, EFFECT_VISIBLE };

struct rule {
    const char *name;
    int line;
    enum effect effect;
    uint32_t operations; /**< bits */
    bool who_given;
    struct who who;
    struct on on, unless;
};

/** Bits, one per rule, 64 to a word. */
struct index;
struct cache;

struct qv_policy {
    atomic_size_t references;
    struct arena arena;
    const char *path;
    unsigned char digest[QV_SHA256_SIZE]; /**< of the text */
    const struct qv_dialect *dialect;
    struct group *groups;
    size_t group_count;
    struct rule *rules; /**< those of `rules`, then those of `visible`; each in the file's order */
    size_t count;       /**< of both */
    size_t visible_count;
    struct index *index; /**< owned by the arena */
    struct cache *cache; /**< owned */
};

#endif

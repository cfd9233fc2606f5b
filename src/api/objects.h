/*
 * Objects as the policy asks about them (struct qv_object), made of registrations and of what the
 * view has. Any worker thread.
 */
#ifndef QUIVER_API_OBJECTS_H
#define QUIVER_API_OBJECTS_H

#include <quiver/policy/policy.h>
#include <quiver/registry/registry.h>

/** An object and what it points to: borrowed texts, and room for the lists of them, which can be
 *  used again for the next. Zero-initialized: empty. */
struct described {
    struct qv_object object;
    struct qv_str *texts; /* owned */
    size_t capacity;
};
void described_free(struct described *described);

QV_MUST_CHECK enum qv_status
describe_registration(const struct qv_service_registration *registration,
                      struct described *described);
QV_MUST_CHECK enum qv_status describe_instance(const struct qv_instance *instance,
                                               struct described *described);

/** Has the lookup see only what the policy shows to whom it permits: nothing is done where that is
 *  everything. Both are borrowed until the lookup is done. */
struct sight {
    const struct qv_permit *permit;
    struct described described;
};
void sight_free(struct sight *sight);
void sight_limit(struct sight *sight, struct qv_service_query *query);

#endif

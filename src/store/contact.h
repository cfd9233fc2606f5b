/*
 * One connection to Redis that is kept up for ever: connects, greets (AUTH, SELECT), and when it is
 * lost connects again after a pause that grows. The store's thread alone.
 */
#ifndef QUIVER_STORE_CONTACT_H
#define QUIVER_STORE_CONTACT_H

#include "link.h"

struct qv_contact {
    struct qv_loop *loop;
    const struct qv_config_redis *redis;
    struct qv_link *link;
    struct qv_timer timer; /* until the next attempt */
    int64_t pause_ms;
    unsigned greetings; /* answers to AUTH and SELECT that are still to come */
    void (*greeted)(struct qv_contact *contact);
    void (*lost)(struct qv_contact *contact, const char *reason);
};

QV_MUST_CHECK enum qv_status qv_contact_init(struct qv_contact *contact, struct qv_loop *loop,
                                             const struct qv_config_redis *redis,
                                             const char *socket_path, int64_t patience_ms);
void qv_contact_start(struct qv_contact *contact);
/** All is well: the next pause is the shortest again. */
void qv_contact_settled(struct qv_contact *contact);
void qv_contact_destroy(struct qv_contact *contact);

#endif

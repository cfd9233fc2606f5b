/*
 * Host names to addresses without keeping the store's thread waiting.
 */
#ifndef QUIVER_STORE_RESOLVE_H
#define QUIVER_STORE_RESOLVE_H

#include "loop.h"

#include <netdb.h>

struct qv_resolve;
/** `list` is the receiver's (freeaddrinfo); NULL: `reason` says why. Runs on the loop's thread. */
typedef void (*qv_resolve_done)(void *data, struct addrinfo *list, const char *reason);
QV_MUST_CHECK enum qv_status qv_resolve_start(struct qv_loop *loop, const char *host, uint16_t port,
                                              qv_resolve_done done, void *data,
                                              struct qv_resolve **ret_resolve);
/** `done` will not be called; after it was called there is nothing to cancel. */
void qv_resolve_cancel(struct qv_resolve **resolve);
/** The addresses of a numeric host, at once; NULL: it is none (or memory is out). */
struct addrinfo *qv_resolve_numeric(const char *host, uint16_t port);

#endif

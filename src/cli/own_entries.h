/*
 * The registry's own entries, as the server that runs would have them: at the start, and whenever a
 * reload may have changed the certificate that they tell of.
 */
#ifndef QUIVER_CLI_OWN_ENTRIES_H
#define QUIVER_CLI_OWN_ENTRIES_H

#include <quiver/server/server.h>

/** Computes them and hands them to the store, which writes what differs. The main thread before
 *  the server's start, then the reloader's. */
QV_MUST_CHECK enum qv_status own_entries_set(const struct qv_server *server,
                                             const struct qv_rules *rules, struct qv_store *store);

#endif

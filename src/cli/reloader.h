/*
 * The thread that reloads: when a watched file changes, on a signal, and when it is asked over the
 * control socket. Nothing is loaded on an event loop or the main thread. Made, woken and ended by
 * the main thread.
 */
#ifndef QUIVER_CLI_RELOADER_H
#define QUIVER_CLI_RELOADER_H

#include "reload.h"

struct reloader;

/** Opens the control socket in the data directory, which is there and ours, and starts the thread.
 *  `reload` is borrowed: it is the thread's until reloader_free returned. */
QV_MUST_CHECK enum qv_status reloader_start(struct reload *reload, struct reloader **ret_reloader,
                                            struct qv_error *error);
/** Reload now: for SIGHUP. */
void reloader_wake(struct reloader *reloader);
/** Tells the thread to end after what it does now; before qv_server_stop, which lets a reload that
 *  waits for the workers go. NULL is fine. */
void reloader_end(struct reloader *reloader);
/** Ends it, waits for it, and removes the control socket. */
void reloader_free(struct reloader **reloader);

#endif

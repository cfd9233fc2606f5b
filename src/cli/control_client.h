/*
 * The other end of the control socket: asks the running Quiver one thing and waits for the answer.
 * Any thread.
 */
#ifndef QUIVER_CLI_CONTROL_CLIENT_H
#define QUIVER_CLI_CONTROL_CLIENT_H

#include <quiver/base/json.h>

/** Asks the Quiver that runs with the configuration file `config` for `verb` ("reload"), of which
 *  only where its data directory is must be readable. Appends its answer, one line without its end,
 *  to `ret_text`; `ret_value` is the same read, the caller's. QV_UNAVAILABLE: none runs, or it did
 *  not answer within `patience_ms`; QV_FOREIGN: it does not know the verb. */
QV_MUST_CHECK enum qv_status control_ask(const char *config, const char *verb, int64_t patience_ms,
                                         struct qv_buf *ret_text, json_t **ret_value,
                                         struct qv_error *error);

#endif

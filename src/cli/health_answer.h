/*
 * What the control socket's "health" is answered with. One line of JSON:
 *   {"status":"ready"|"degraded"|"loading","reasons":[...],"revision":"1.42","generation":3}
 * The reloader's thread.
 */
#ifndef QUIVER_CLI_HEALTH_ANSWER_H
#define QUIVER_CLI_HEALTH_ANSWER_H

#include "reload.h"

/** Appends the answer. `reload` says who is asked, and which trust is in force. */
void health_answer_write(const struct reload *reload, struct qv_buf *answer);

#endif

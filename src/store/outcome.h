/*
 * What a script's reply means to whoever asked for the change.
 */
#ifndef QUIVER_STORE_OUTCOME_H
#define QUIVER_STORE_OUTCOME_H

#include "change.h"

/** Reads the envelopes of OK and NOTHING into the change's outcome. QV_INVALID where one that must
 *  be there is missing or cannot be read. */
QV_MUST_CHECK enum qv_status qv_outcome_read(struct qv_change *change, const struct qv_reply *reply,
                                             struct qv_error *error);
/** The status and the words of REFUSED; QV_INTERNAL without words where its code is not known. */
enum qv_status qv_outcome_refuse(const struct qv_dialect *dialect, const struct qv_reply *reply,
                                 struct qv_error *error);

#endif

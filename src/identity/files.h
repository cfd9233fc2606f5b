/*
 * What was read of files about callers. Private to `identity`.
 */
#ifndef QUIVER_IDENTITY_FILES_H
#define QUIVER_IDENTITY_FILES_H

#include "secrets.h"

#include <quiver/config/config.h>
#include <stdatomic.h>

enum qv_question_kind { QV_QUESTION_TOKEN, QV_QUESTION_NAME };

/** What was read of files, as a whole: immutable and reference-counted, so that what is on its way
 *  ends by what it began with. */
struct qv_files {
    atomic_size_t references;
    struct qv_secrets *secrets; /* NULL: none */
    struct qv_buf ca[2];        /* by kind of question; PEM */
};
struct qv_files *qv_files_ref(struct qv_files *files);
void qv_files_free(struct qv_files **files); /**< drops one reference */
/** Reads them all; the first fault ends it, and names the file. */
QV_MUST_CHECK enum qv_status qv_files_read(const struct qv_config *config,
                                           const struct qv_dialect *dialect,
                                           struct qv_files **ret_files, struct qv_error *error);

#endif

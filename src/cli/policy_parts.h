/*
 * What reading a question's two halves share (policy_texts.c): who asks (policy_caller.c) and about
 * what (policy_question.c). Main thread.
 */
#ifndef QUIVER_CLI_POLICY_PARTS_H
#define QUIVER_CLI_POLICY_PARTS_H

#include "policy_question.h"

#include <quiver/domain/names.h>

/** A member that is a text; empty: it is not there. */
struct qv_str question_text(const json_t *json, const char *name);
/** Keeps the text as long as the question lives. */
QV_MUST_CHECK enum qv_status question_keep(struct question *question, const struct qv_buf *buf,
                                           struct qv_str *ret_text);
/** Keeps a name as the registry stores it. */
QV_MUST_CHECK enum qv_status question_keep_name(const struct policy_context *context,
                                                struct question *question, enum qv_entity entity,
                                                struct qv_str raw, struct qv_str *ret_name);
/** Reads the members about who asks. QV_INVALID with what is wrong. */
QV_MUST_CHECK enum qv_status question_read_caller(const struct policy_context *context,
                                                  const json_t *json, struct question *question,
                                                  struct qv_error *error);

#endif

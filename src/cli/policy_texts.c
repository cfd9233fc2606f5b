/*
 * The texts of a question: read, brought into their stored form, and kept as long as it lives. Main
 * thread.
 */
#include "policy_parts.h"

struct qv_str question_text(const json_t *json, const char *name)
{
    return qv_json_str(json_object_get(json, name));
}

enum qv_status question_keep(struct question *question, const struct qv_buf *buf,
                             struct qv_str *ret_text)
{
    QV_TRY(qv_buf_status(buf));
    QV_TRY(qv_strings_add(&question->kept, qv_buf_str(buf)));
    *ret_text = qv_str_from(question->kept.at[question->kept.count - 1]);
    return QV_OK;
}

enum qv_status question_keep_name(const struct policy_context *context, struct question *question,
                                  enum qv_entity entity, struct qv_str raw, struct qv_str *ret_name)
{
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(context->rules.dialect, entity, raw, &name);
    return question_keep(question, &name, ret_name);
}

/*
 * Building the changes of CHAP services: the arguments of register_chap.lua, ping_chap.lua and
 * delete_chap.lua, in the order that the head of each tells. Each is given the length of the pause
 * that counts as a gap, so that all of them and the tick count registry time alike. Pure; any
 * thread.
 */
#include "change.h"

#include <inttypes.h>

static enum qv_status add_number(struct qv_change *change, int64_t number)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_buf_printf(&buf, "%" PRId64, number);
    return qv_change_add(change, &buf);
}

static const char *const words_of_reregister[] = {
    [QV_CHAP_REPLACE] = "replace",
    [QV_CHAP_KEEP] = "keep",
};

enum qv_status qv_change_register_chap(const struct qv_chap_registration *registration,
                                       const struct qv_chap_terms *terms,
                                       const struct qv_identity *by, struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_CLEANUP(qv_buf) struct qv_buf doc = {0};
    QV_TRY(qv_change_new(QV_SCRIPT_REGISTER_CHAP, QV_OP_CHAP_REGISTER, 6, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_text(change, registration->id));
    qv_chap_registration_write(registration, &doc);
    QV_TRY(qv_change_add(change, &doc));
    QV_TRY(add_number(change, terms->ttl_us));
    QV_TRY(qv_change_add_text(change, words_of_reregister[terms->reregister]));
    QV_TRY(add_number(change, QV_REGISTRY_PAUSE_MS));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_ping_chap(struct qv_str id, const struct qv_chap_terms *terms,
                                   struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_PING_CHAP, QV_OP_CHAP_PING, 4, &change));
    QV_TRY(qv_change_add_str(change, id));
    QV_TRY(add_number(change, terms->ttl_us));
    QV_TRY(add_number(change, terms->revive_us));
    QV_TRY(add_number(change, QV_REGISTRY_PAUSE_MS));
    change->renews = true;
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

enum qv_status qv_change_delete_chap(struct qv_str id, const struct qv_identity *by,
                                     struct qv_change **ret_change)
{
    QV_CLEANUP(qv_change) struct qv_change *change = NULL;
    QV_TRY(qv_change_new(QV_SCRIPT_DELETE_CHAP, QV_OP_CHAP_DELETE, 3, &change));
    QV_TRY(qv_change_add_by(change, by));
    QV_TRY(qv_change_add_str(change, id));
    QV_TRY(add_number(change, QV_REGISTRY_PAUSE_MS));
    *ret_change = change;
    change = NULL;
    return QV_OK;
}

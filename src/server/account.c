/*
 * From a request and its answer to a line of the audit trail. Which answers have one is decided
 * where they are made: see enum qv_recorded.
 */
#include "account.h"

static const char *const verdicts[] = {
    [QV_RECORD_ALLOWED] = "allowed",
    [QV_RECORD_DENIED] = "denied",
    [QV_RECORD_REFUSED] = "refused",
    [QV_RECORD_UNKNOWN] = "unknown",
};

void qv_account_free(struct qv_account *account)
{
    qv_identity_free(&account->identity);
    qv_rights_free(&account->rights);
}

void qv_account_write_system(const struct qv_account *account, const struct qv_api *api,
                             struct qv_buf *system)
{
    if (account->identity != NULL)
        qv_name_normalize(api->rules.dialect, QV_ENTITY_SYSTEM,
                          qv_str_from(account->identity->system), system);
}

const char *qv_account_operation(const struct qv_account *account)
{
    return account->operation < QV_OP_COUNT ? qv_operation_name(account->operation) : "";
}

void qv_account_write(const struct qv_account *account, const struct qv_api *api,
                      const struct qv_response *response)
{
    const struct qv_record *record = &response->record;
    if (record->verdict == QV_RECORD_NONE)
        return;
    /* Without memory for it, the line has the name as the caller says it. */
    QV_CLEANUP(qv_buf) struct qv_buf system = {0};
    qv_account_write_system(account, api, &system);
    const struct qv_audit_event event = {
        .identity = account->identity,
        .system = system.failed ? NULL : system.at,
        .peer = account->peer,
        .listener = account->listener,
        .operation = qv_account_operation(account),
        .object = qv_buf_str(&record->object),
        .verdict = verdicts[record->verdict],
        .rule = record->rule,
        .key = account->key,
        .generation = account->generation,
        .status = response->status,
        .reason = qv_buf_str(&record->reason),
        .epoch = record->epoch,
        .revision = record->revision,
        .duration_us = qv_mono_now().us - account->begun.us,
        .suppressed = record->suppressed,
        .reserved = account->reserved,
    };
    qv_audit_write(api->audit, &event);
}

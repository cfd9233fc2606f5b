/*
 * What the handlers of CHAP services share.
 */
#include "chap.h"

struct qv_chap_terms chap_terms(const struct qv_api *api)
{
    return (struct qv_chap_terms){
        .ttl_us = api->config->chap.ttl_ms * 1000,
        .revive_us = api->config->chap.revive_ms * 1000,
        .reregister = api->config->chap.reregister,
    };
}

void chap_set_not_found(struct qv_str id, struct qv_response *response)
{
    /* Not by way of an error's words: an id may have a NUL. */
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    QV_CLEANUP(qv_buf) struct qv_buf detail = {0};
    qv_buf_put_text(&words, "Service ");
    qv_buf_put(&words, id);
    qv_buf_put_text(&words, " not found");
    qv_json_write_str(&detail, qv_buf_str(&words));
    qv_response_set_detail(response, qv_status_http(QV_NOT_FOUND), qv_buf_str(&detail));
    if (words.failed || detail.failed)
        response->body.failed = true; /* is answered as what it is when it is sent */
}

void chap_object_free(struct chap_object *object)
{
    qv_buf_free(&object->provider);
    qv_buf_free(&object->service);
}

enum qv_status chap_object_begin(const struct qv_api *api, struct qv_str id,
                                 struct chap_object *object)
{
    qv_chap_provider_write(&api->rules, id, &object->provider);
    qv_name_normalize(api->rules.dialect, QV_ENTITY_DEFINITION,
                      qv_str_from(api->config->chap.definition), &object->service);
    QV_TRY(qv_buf_status(&object->provider));
    QV_TRY(qv_buf_status(&object->service));
    object->object.provider = qv_buf_str(&object->provider);
    object->object.service = qv_buf_str(&object->service);
    return QV_OK;
}

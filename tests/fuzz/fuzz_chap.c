// links: domain
/*
 * Any bytes as a CHAP registration, as an e-mail address and as a URL: what is taken is taken again
 * as it was stored and stays the same; what is refused comes with a list of faults that is JSON and
 * has each member; lack of memory never passes for something else.
 */
#include "../../src/domain/chap_email.h"
#include "../../src/domain/chap_web_url.h"

#include <quiver/base/memory.h>
#include <quiver/domain/chap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum qv_status read_text(struct qv_str text, struct qv_buf *document, struct qv_buf *faults)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_chap_registration) struct qv_chap_registration *registration = NULL;
    QV_TRY(qv_chap_body_parse(text, DEPTH, &body, faults));
    QV_TRY(qv_chap_registration_read(body, &registration, faults));
    MUST(qv_chap_id_is_valid(qv_str_from(registration->id)));
    qv_chap_registration_write(registration, document);
    return qv_buf_status(document);
}

static void check_faults(struct qv_str text)
{
    static const char *const names[] = {"type", "loc", "msg", "input"};
    QV_CLEANUP(qv_json) json_t *list = NULL;
    size_t fault_at;
    /* A fault's input is as deep as what was sent. */
    MUST(qv_json_parse_lenient(text, DEPTH + 2, &list, &fault_at, NULL) == QV_OK);
    MUST(json_array_size(list) > 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *fault = json_array_get(list, i);
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
            MUST(json_object_get(fault, names[n]) != NULL);
        MUST(json_object_size(fault) <= 5);
    }
}

static void check_body(struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, again = {0}, faults = {0};
    enum qv_status status = read_text(text, &document, &faults);
    MUST(status == QV_OK || status == QV_INVALID);
    if (status == QV_INVALID) {
        check_faults(qv_buf_str(&faults));
    } else {
        MUST(faults.length == 0);
        MUST(read_text(qv_buf_str(&document), &again, &faults) == QV_OK);
        MUST(qv_str_equal(qv_buf_str(&document), qv_buf_str(&again)));
    }
    QV_CLEANUP(qv_buf) struct qv_buf short_document = {0}, short_faults = {0};
    qv_memory_fail_at(1 + text.length % 53);
    enum qv_status short_status = read_text(text, &short_document, &short_faults);
    qv_memory_fail_at(0);
    MUST(short_status == status || short_status == QV_NO_MEMORY);
}

static void check_email(struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0}, reason = {0};
    if (qv_chap_email_read(text, &once, &reason) != QV_OK) {
        MUST(reason.length > 0 && qv_str_is_utf8(qv_buf_str(&reason)));
        return;
    }
    MUST(reason.length == 0);
    MUST(qv_chap_email_read(qv_buf_str(&once), &twice, &reason) == QV_OK);
    MUST(qv_str_equal(qv_buf_str(&once), qv_buf_str(&twice)));
}

static void check_url(struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0};
    const char *detail;
    enum qv_chap_fault fault = qv_chap_web_url_read(text, &once, &detail);
    MUST((fault == QV_CHAP_FAULT_URL_PARSING) == (detail != NULL));
    if (fault != QV_CHAP_FAULT_NONE)
        return;
    for (size_t i = 0; i < once.length; i++)
        MUST(once.at[i] > ' ' && once.at[i] < 0x7F);
    MUST(qv_chap_web_url_read(qv_buf_str(&once), &twice, &detail) == QV_CHAP_FAULT_NONE);
    MUST(qv_str_equal(qv_buf_str(&once), qv_buf_str(&twice)));
}

static void check_text_fault(struct qv_str text)
{
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    qv_chap_write_text_fault(text, &faults);
    check_faults(qv_buf_str(&faults));
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    qv_memory_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    check_body(text);
    check_text_fault(text);
    check_url(text);
    if (qv_str_is_utf8(text)) /* as every text of JSON */
        check_email(text);
    return 0;
}

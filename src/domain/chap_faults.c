/*
 * Writes the faults of a CHAP registration (spec/chap-registration B1.6).
 *
 * The table has each fault's type and words; what a fault has of its own is the place, the value
 * that was sent and sometimes a detail, which stands behind the words and alone in `ctx`.
 *
 * Holds always: members come in the order type, loc, msg, input, ctx. Each fault repeats what was
 * sent, so what is written is bounded: behind that no more are told. One thread.
 */
#include "chap_faults.h"

enum { TOLD_MAX = 1024 * 1024 }; /* bytes from which on no further fault is written */

const struct qv_chap_place qv_chap_place_body = {.name = "body"};

static const struct row {
    const char *type;
    const char *words;
    bool detailed;         /* the detail stands behind the words */
    const char *in_ctx;    /* the detail's name there; NULL: it is not there */
    const char *fixed_ctx; /* a `ctx` that is always the same; NULL: none */
} rows[QV_CHAP_FAULT_COUNT] = {
    [QV_CHAP_FAULT_MISSING] = {"missing", "Field required", false, NULL, NULL},
    [QV_CHAP_FAULT_JSON] = {"json_invalid", "JSON decode error", false, "error", NULL},
    [QV_CHAP_FAULT_OBJECT_TYPE] = {"model_attributes_type",
                                   "Input should be a valid dictionary or object to extract fields "
                                   "from",
                                   false, NULL, NULL},
    [QV_CHAP_FAULT_STRING_TYPE] = {"string_type", "Input should be a valid string", false, NULL,
                                   NULL},
    [QV_CHAP_FAULT_LIST_TYPE] = {"list_type", "Input should be a valid list", false, NULL, NULL},
    [QV_CHAP_FAULT_SLUG] = {"value_error",
                            "Value error, Service ID must be slug format: lowercase letters, "
                            "numbers, and hyphens (e.g., 'my-service', 'chap-ewars')",
                            false, NULL, "{\"error\":{}}"},
    [QV_CHAP_FAULT_WORD] = {"enum", "Input should be ", true, "expected", NULL},
    [QV_CHAP_FAULT_EMAIL] = {"value_error", "value is not a valid email address: ", true, "reason",
                             NULL},
    [QV_CHAP_FAULT_URL_TYPE] = {"url_type", "URL input should be a string or URL", false, NULL,
                                NULL},
    [QV_CHAP_FAULT_URL_PARSING] = {"url_parsing", "Input should be a valid URL, ", true, "error",
                                   NULL},
    [QV_CHAP_FAULT_URL_SCHEME] = {"url_scheme", "URL scheme should be 'http' or 'https'", false,
                                  NULL, "{\"expected_schemes\":\"'http' or 'https'\"}"},
    [QV_CHAP_FAULT_URL_TOO_LONG] = {"url_too_long", "URL should have at most 2083 characters",
                                    false, NULL, "{\"max_length\":2083}"},
    [QV_CHAP_FAULT_INTEGER_TYPE] = {"int_type", "Input should be a valid integer", false, NULL,
                                    NULL},
    [QV_CHAP_FAULT_INTEGER_TEXT] = {"int_parsing",
                                    "Input should be a valid integer, unable to parse string as "
                                    "an integer",
                                    false, NULL, NULL},
    [QV_CHAP_FAULT_INTEGER_SIZE] = {"int_parsing_size",
                                    "Unable to parse input string as an integer, exceeded maximum "
                                    "size",
                                    false, NULL, NULL},
    [QV_CHAP_FAULT_INTEGER_FRACTION] = {"int_from_float",
                                        "Input should be a valid integer, got a number with a "
                                        "fractional part",
                                        false, NULL, NULL},
    [QV_CHAP_FAULT_BOOLEAN_TYPE] = {"bool_type", "Input should be a valid boolean", false, NULL,
                                    NULL},
    [QV_CHAP_FAULT_BOOLEAN_VALUE] = {"bool_parsing",
                                     "Input should be a valid boolean, unable to interpret input",
                                     false, NULL, NULL},
};

/* From the body down. Places are as deep as the table of members: recursion is bounded by it. */
static void write_place(struct qv_buf *buf, const struct qv_chap_place *place)
{
    if (place->above != NULL) {
        write_place(buf, place->above);
        qv_buf_put_char(buf, ',');
    }
    if (place->name != NULL)
        qv_json_write_str(buf, qv_str_from(place->name));
    else
        qv_buf_printf(buf, "%zu", place->index);
}

/* Everything up to the value of `input`. */
static void open_item(struct qv_buf *buf, const struct row *row, const struct qv_chap_place *place,
                      const char *detail)
{
    if (buf->length > 0)
        qv_buf_put_char(buf, ',');
    qv_buf_printf(buf, "{\"type\":\"%s\",\"loc\":[", row->type);
    write_place(buf, place);
    qv_buf_put_text(buf, "],\"msg\":");
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_put_text(&words, row->words);
    if (row->detailed)
        qv_buf_put_text(&words, detail);
    qv_json_write_str(buf, qv_buf_str(&words));
    buf->failed = buf->failed || words.failed;
    qv_buf_put_text(buf, ",\"input\":");
}

static void close_item(struct qv_buf *buf, const struct row *row, const char *detail)
{
    if (row->fixed_ctx != NULL) {
        qv_buf_put_text(buf, ",\"ctx\":");
        qv_buf_put_text(buf, row->fixed_ctx);
    }
    if (row->in_ctx != NULL) {
        qv_buf_printf(buf, ",\"ctx\":{\"%s\":", row->in_ctx);
        qv_json_write_str(buf, qv_str_from(detail));
        qv_buf_put_char(buf, '}');
    }
    qv_buf_put_char(buf, '}');
}

void qv_chap_fault_note(struct qv_chap_faults *faults, enum qv_chap_fault fault,
                        const struct qv_chap_place *place, const json_t *input, const char *detail)
{
    if (faults->items.length >= TOLD_MAX)
        return;
    open_item(&faults->items, &rows[fault], place, detail);
    /* A text that is no JSON has no value; the clients know it as an empty object. */
    if (fault == QV_CHAP_FAULT_JSON)
        qv_buf_put_text(&faults->items, "{}");
    else
        qv_json_write(&faults->items, input);
    close_item(&faults->items, &rows[fault], detail);
}

void qv_chap_fault_note_text(struct qv_chap_faults *faults, enum qv_chap_fault fault,
                             const struct qv_chap_place *place, struct qv_str input)
{
    open_item(&faults->items, &rows[fault], place, NULL);
    qv_json_write_str(&faults->items, input);
    close_item(&faults->items, &rows[fault], NULL);
}

enum qv_status qv_chap_faults_write(const struct qv_chap_faults *faults, struct qv_buf *buf)
{
    QV_TRY(qv_buf_status(&faults->items));
    size_t before = buf->length;
    qv_buf_put_char(buf, '[');
    qv_buf_put(buf, qv_buf_str(&faults->items));
    qv_buf_put_char(buf, ']');
    if (qv_buf_status(buf) == QV_OK)
        return QV_INVALID;
    qv_buf_truncate(buf, before);
    return QV_NO_MEMORY;
}

void qv_chap_faults_free(struct qv_chap_faults *faults)
{
    qv_buf_free(&faults->items);
}

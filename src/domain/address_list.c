/*
 * Lists of addresses: from a request to what is stored, and looking into what is stored.
 *
 * A written list is looked through as text: what is in it was normalized, so nothing in it is
 * escaped, and a marker with its quotes cannot stand inside of a text. A lookup over all systems
 * would else spend its time on building JSON. Pure; any thread.
 */
#include "address_list.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

#define ADDRESS_MARKER "\"address\":\""
#define TYPE_MARKER    "\"type\":\""

/* ---- as they were sent ---- */

enum qv_status qv_address_list_check_raw(const json_t *list, size_t max, struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct qv_str address = qv_json_str(json_array_get(list, i));
        if (qv_str_is_blank(address))
            return qv_error_set(error, QV_INVALID, "Address is missing");
        if (max > 0 && qv_text_exceeds(qv_str_trim(address), max))
            return qv_error_set(error, QV_INVALID, "Address is too long");
    }
    return QV_OK;
}

/* ---- normalized ---- */

enum qv_status qv_address_list_read(const struct qv_rules *rules, const json_t *list,
                                    struct qv_strings *ret_addresses, struct qv_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
        qv_address_normalize(qv_json_str(json_array_get(list, i)), &buf);
        if (qv_buf_status(&buf) != QV_OK)
            return qv_no_memory(error);
        struct qv_str address = qv_buf_str(&buf);
        QV_TRY(qv_address_check(rules, qv_address_detect(address), address, error));
        if (qv_strings_add(ret_addresses, address) != QV_OK)
            return qv_no_memory(error);
    }
    return QV_OK;
}

void qv_address_list_write(const struct qv_strings *addresses, struct qv_buf *buf)
{
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < addresses->count; i++) {
        struct qv_str address = qv_str_from(addresses->at[i]);
        qv_buf_printf(buf, "%s{" TYPE_MARKER "%s\",\"address\":", i > 0 ? "," : "",
                      qv_address_type_name(qv_address_detect(address)));
        qv_json_write_str(buf, address);
        qv_buf_put_char(buf, '}');
    }
    qv_buf_put_char(buf, ']');
}

/* ---- in what is stored ---- */

/* Takes the next text behind the marker from the front of `rest`; false when there is none. */
static bool next_text(struct qv_str *rest, struct qv_str marker, struct qv_str *ret_text)
{
    const char *found =
        rest->length > 0 ? memmem(rest->at, rest->length, marker.at, marker.length) : NULL;
    if (found == NULL)
        return false;
    struct qv_str behind = qv_str_part(*rest, (size_t)(found - rest->at) + marker.length, SIZE_MAX);
    size_t length = qv_str_find(behind, '"');
    *ret_text = qv_str_part(behind, 0, length);
    *rest = qv_str_part(behind, length, SIZE_MAX);
    return true;
}

enum qv_status qv_address_list_parse(struct qv_str json, unsigned types,
                                     struct qv_strings *addresses)
{
    struct qv_str address;
    while (next_text(&json, QV_STR(ADDRESS_MARKER), &address)) {
        if (qv_address_detect(address) & types)
            QV_TRY(qv_strings_add(addresses, address));
    }
    return QV_OK;
}

bool qv_address_list_has_type(struct qv_str json, unsigned types)
{
    struct qv_str text;
    while (next_text(&json, QV_STR(TYPE_MARKER), &text)) {
        enum qv_address_type type;
        if (qv_address_type_parse(text, &type) == QV_OK && (type & types) != 0)
            return true;
    }
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void qv_address_list_sort(struct qv_strings *addresses)
{
    if (addresses->count > 1)
        qsort(addresses->at, addresses->count, sizeof(*addresses->at), by_text);
}

static int find_text(const void *text, const void *element)
{
    return qv_str_compare(*(const struct qv_str *)text, qv_str_from(*(char *const *)element));
}

bool qv_address_list_has_any(struct qv_str json, const struct qv_strings *sorted)
{
    struct qv_str address;
    while (sorted->count > 0 && next_text(&json, QV_STR(ADDRESS_MARKER), &address)) {
        if (bsearch(&address, sorted->at, sorted->count, sizeof(*sorted->at), find_text) != NULL)
            return true;
    }
    return false;
}

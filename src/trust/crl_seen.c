/*
 * The memory of CRLs as text: JSON that an operator can read, one line for each issuer and scope.
 * Reading is strict, as whoever can alter the file can bring an old CRL back. Pure; any thread.
 */
#include "crl_memory.h"

#include <openssl/bn.h>
#include <quiver/base/json.h>
#include <quiver/base/memory.h>
#include <string.h>

#define VERSION    1
#define DEPTH_MAX  4
#define DIGITS_MAX 49 /* of a number of 20 octets */

void qv_crl_seen_list_free(struct qv_crl_seen_list *list)
{
    qv_free(list->at);
    *list = (struct qv_crl_seen_list){0};
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static bool is_zero(const unsigned char *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1] == 0)
        length--;
    return length == 0;
}

/** In decimal, as openssl shows it. */
static void write_number(const unsigned char number[QV_CRL_NUMBER_OCTETS], struct qv_buf *buf)
{
    BIGNUM *value = BN_bin2bn(number, QV_CRL_NUMBER_OCTETS, NULL);
    char *text = value != NULL ? BN_bn2dec(value) : NULL;
    if (text != NULL)
        qv_buf_put_text(buf, text);
    else
        buf->failed = true;
    OPENSSL_free(text);
    BN_free(value);
}

void qv_crl_stamp_write(const struct qv_crl_stamp *stamp, struct qv_buf *buf)
{
    if (is_zero(stamp->about.number, sizeof(stamp->about.number))) {
        qv_buf_put_text(buf, "no number");
    } else {
        qv_buf_put_text(buf, "number ");
        write_number(stamp->about.number, buf);
    }
    qv_buf_put_text(buf, ", thisUpdate ");
    qv_wall_write(buf, stamp->this_update, QV_WALL_SECONDS);
}

static void write_digest(const unsigned char digest[QV_SHA256_SIZE], struct qv_buf *buf)
{
    qv_buf_put_char(buf, '"');
    qv_base64url_write(buf, digest, QV_SHA256_SIZE);
    qv_buf_put_char(buf, '"');
}

static void write_seen(const struct qv_crl_seen *seen, struct qv_buf *buf)
{
    const struct qv_crl_stamp *stamp = &seen->stamp;
    qv_buf_put_text(buf, "{\"issuer\": ");
    qv_json_write_str(buf, qv_str_from(seen->issuer));
    qv_buf_put_text(buf, ", \"key\": ");
    write_digest(stamp->issuer.digest, buf);
    if (!is_zero(stamp->about.scope, sizeof(stamp->about.scope))) {
        qv_buf_put_text(buf, ", \"scope\": ");
        write_digest(stamp->about.scope, buf);
    }
    if (!is_zero(stamp->about.number, sizeof(stamp->about.number))) {
        qv_buf_put_text(buf, ", \"number\": \"");
        write_number(stamp->about.number, buf);
        qv_buf_put_char(buf, '"');
    }
    qv_buf_put_text(buf, ", \"thisUpdate\": \"");
    qv_wall_write(buf, stamp->this_update, QV_WALL_SECONDS);
    qv_buf_put_text(buf, "\"}");
}

void qv_crl_seen_write(const struct qv_crl_seen_list *list, struct qv_buf *buf)
{
    qv_buf_printf(buf, "{\"version\": %d, \"seen\": [", VERSION);
    for (size_t i = 0; i < list->count; i++) {
        qv_buf_put_text(buf, i > 0 ? ",\n  " : "\n  ");
        write_seen(&list->at[i], buf);
    }
    qv_buf_put_text(buf, "\n]}\n");
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static int base64url_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool read_digest(struct qv_str text, unsigned char digest[QV_SHA256_SIZE])
{
    unsigned bits = 0, have = 0;
    size_t at = 0;
    if (text.length != (QV_SHA256_SIZE * 8 + 5) / 6)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        int value = base64url_value(text.at[i]);
        if (value < 0)
            return false;
        bits = (bits << 6 | (unsigned)value) & 0xfff;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        digest[at++] = (unsigned char)(bits >> have);
    }
    return (bits & ((1U << have) - 1)) == 0;
}

static bool read_number(struct qv_str text, unsigned char number[QV_CRL_NUMBER_OCTETS])
{
    char digits[DIGITS_MAX + 1];
    if (text.length == 0 || text.length > DIGITS_MAX || text.at[0] == '0')
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        digits[i] = text.at[i];
    }
    digits[text.length] = '\0';
    BIGNUM *value = NULL;
    bool fits = BN_dec2bn(&value, digits) > 0 &&
                BN_bn2binpad(value, number, QV_CRL_NUMBER_OCTETS) == QV_CRL_NUMBER_OCTETS;
    BN_free(value);
    return fits;
}

static bool read_seen(const json_t *entry, struct qv_crl_seen *seen)
{
    struct qv_crl_stamp *stamp = &seen->stamp;
    const json_t *issuer = json_object_get(entry, "issuer");
    const json_t *key = json_object_get(entry, "key");
    const json_t *scope = json_object_get(entry, "scope");
    const json_t *number = json_object_get(entry, "number");
    struct qv_str name = qv_json_str(issuer);
    if (!json_is_string(issuer) || name.length >= sizeof(seen->issuer))
        return false;
    memcpy(seen->issuer, name.at, name.length);
    return read_digest(qv_json_str(key), stamp->issuer.digest) &&
           (scope == NULL || read_digest(qv_json_str(scope), stamp->about.scope)) &&
           (number == NULL || read_number(qv_json_str(number), stamp->about.number)) &&
           qv_wall_parse(qv_json_str(json_object_get(entry, "thisUpdate")), &stamp->this_update) ==
               QV_OK;
}

static enum qv_status read_list(const json_t *seen, struct qv_crl_seen_list *ret_list,
                                struct qv_error *error)
{
    size_t count = json_array_size(seen);
    if (!json_is_array(seen) || count > QV_CRL_SEEN_MAX)
        return qv_error_set(error, QV_INVALID, "its member seen is no list of at most %d",
                            QV_CRL_SEEN_MAX);
    QV_CLEANUP(qv_crl_seen_list) struct qv_crl_seen_list list = {0};
    list.at = qv_alloc_array(count > 0 ? count : 1, sizeof(*list.at));
    if (list.at == NULL)
        return qv_error_set(error, QV_NO_MEMORY, "out of memory");
    for (; list.count < count; list.count++)
        if (!read_seen(json_array_get(seen, list.count), &list.at[list.count]))
            return qv_error_set(error, QV_INVALID, "entry %zu of seen cannot be read",
                                list.count + 1);
    *ret_list = list;
    list = (struct qv_crl_seen_list){0};
    return QV_OK;
}

enum qv_status qv_crl_seen_parse(struct qv_str text, struct qv_crl_seen_list *ret_list,
                                 struct qv_error *error)
{
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_TRY(qv_json_parse(text, DEPTH_MAX, &value, error));
    const json_t *version = json_object_get(value, "version");
    if (!json_is_integer(version) || json_integer_value(version) != VERSION)
        return qv_error_set(error, QV_INVALID, "its member version is not %d", VERSION);
    return read_list(json_object_get(value, "seen"), ret_list, error);
}

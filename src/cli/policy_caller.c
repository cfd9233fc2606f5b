/*
 * Who asks: the caller of a question, as the server would have it from a certificate, a listener
 * and an address. What the question does not say the caller does not have; its cloud is that of the
 * server. Main thread.
 */
#include "policy_parts.h"

#include <arpa/inet.h>
#include <quiver/base/hash.h>
#include <string.h>

enum { FINGERPRINT_DIGITS = 2 * QV_SHA256_SIZE };

/* ---- the certificate ---- */

/* Hexadecimal digits in lower case, without colons; false: there is something else. */
static bool put_hex(struct qv_str text, struct qv_buf *buf)
{
    for (size_t i = 0; i < text.length; i++) {
        int digit = qv_hex_digit(text.at[i]);
        if (text.at[i] != ':' && digit < 0)
            return false;
        if (text.at[i] != ':')
            qv_buf_put_char(buf, "0123456789abcdef"[digit]);
    }
    return true;
}

/* As identities have it: x5t#S256. */
static enum qv_status keep_fingerprint(struct question *question, struct qv_str text,
                                       struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf digits = {0}, written = {0};
    struct qv_str prefix = QV_STR("sha256:"), kept;
    if (qv_str_equal_ignore_case(qv_str_part(text, 0, prefix.length), prefix)) {
        if (!put_hex(qv_str_part(text, prefix.length, SIZE_MAX), &digits) ||
            digits.length != FINGERPRINT_DIGITS)
            return qv_error_set(error, QV_INVALID, "fingerprint has no 64 hexadecimal digits");
        unsigned char digest[QV_SHA256_SIZE];
        for (size_t i = 0; i < sizeof(digest); i++)
            digest[i] = (unsigned char)(qv_hex_digit(digits.at[2 * i]) << 4 |
                                        qv_hex_digit(digits.at[2 * i + 1]));
        qv_base64url_write(&written, digest, sizeof(digest));
    } else {
        qv_buf_put(&written, text);
    }
    QV_TRY(question_keep(question, &written, &kept));
    question->certificate.fingerprint = (char *)kept.at;
    return QV_OK;
}

static enum qv_status keep_serial(struct question *question, struct qv_str text,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf digits = {0};
    struct qv_str kept;
    if (!put_hex(text, &digits))
        return qv_error_set(error, QV_INVALID, "serial is no hexadecimal number");
    QV_TRY(question_keep(question, &digits, &kept));
    question->certificate.serial = (char *)kept.at;
    return QV_OK;
}

static enum qv_status read_profile(const json_t *json, struct question *question,
                                   struct qv_error *error)
{
    struct qv_str word = question_text(json, "profile");
    question->identity.profile = QV_PROFILE_SYSTEM;
    if (qv_str_equal(word, QV_STR("operator")))
        question->identity.profile = QV_PROFILE_OPERATOR;
    else if (word.length > 0 && !qv_str_equal(word, QV_STR("system")))
        return qv_error_set(error, QV_INVALID, "profile must be system or operator");
    return QV_OK;
}

/* The cloud of the server, but for the parts that the question names. */
static enum qv_status read_cloud(const struct policy_context *context, const json_t *json,
                                 struct question *question)
{
    QV_CLEANUP(qv_buf) struct qv_buf cloud = {0};
    struct qv_str named[] = {question_text(json, "cloud"), question_text(json, "organization")};
    struct qv_str rest = qv_str_from(context->cloud), part, kept;
    if (rest.length == 0 && named[0].length + named[1].length == 0)
        return QV_OK;
    for (size_t i = 0; i < 4; i++) {
        part = QV_STR("");
        (void)qv_str_split_next(&rest, '.', &part);
        qv_buf_put_text(&cloud, i > 0 ? "." : "");
        qv_buf_put(&cloud, i < 2 && named[i].length > 0 ? named[i] : part);
    }
    QV_TRY(question_keep(question, &cloud, &kept));
    question->identity.cloud = (char *)kept.at;
    return QV_OK;
}

static enum qv_status read_certificate(const json_t *json, struct question *question,
                                       struct qv_error *error)
{
    struct qv_str fingerprint = question_text(json, "fingerprint"),
                  serial = question_text(json, "serial");
    question->certificate.fingerprint = (char *)"";
    question->certificate.serial = (char *)"";
    if (fingerprint.length + serial.length == 0)
        return QV_OK;
    if (fingerprint.length > 0)
        QV_TRY(keep_fingerprint(question, fingerprint, error));
    if (serial.length > 0)
        QV_TRY(keep_serial(question, serial, error));
    question->identity.certificate = &question->certificate;
    return QV_OK;
}

static enum qv_status read_address(const json_t *json, struct question *question,
                                   struct qv_error *error)
{
    const char *text = json_string_value(json_object_get(json, "address"));
    struct in6_addr *address = &question->caller.address;
    struct in_addr v4;
    if (text == NULL || inet_pton(AF_INET6, text, address) == 1)
        return QV_OK;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return qv_error_set(error, QV_INVALID, "address is no IPv4 or IPv6 address");
    *address = (struct in6_addr){.s6_addr = {[10] = 0xFF, [11] = 0xFF}};
    memcpy(&address->s6_addr[12], &v4, sizeof(v4));
    return QV_OK;
}

enum qv_status question_read_caller(const struct policy_context *context, const json_t *json,
                                    struct question *question, struct qv_error *error)
{
    struct qv_caller *caller = &question->caller;
    struct qv_str system = question_text(json, "system");
    bool anonymous = json_is_true(json_object_get(json, "anonymous"));
    caller->service_key = json_is_true(json_object_get(json, "service_key"));
    caller->listener = question_text(json, "listener");
    QV_TRY(read_address(json, question, error));
    if (system.length > 0 && anonymous)
        return qv_error_set(error, QV_INVALID, "system and anonymous exclude each other");
    if (system.length == 0) {
        if (anonymous || caller->service_key)
            return QV_OK;
        return qv_error_set(error, QV_INVALID, "system is missing (or anonymous, or service_key)");
    }
    QV_TRY(question_keep_name(context, question, QV_ENTITY_SYSTEM, system, &caller->system));
    question->identity.system = (char *)caller->system.at;
    QV_TRY(read_profile(json, question, error));
    QV_TRY(read_cloud(context, json, question));
    QV_TRY(read_certificate(json, question, error));
    caller->identity = &question->identity;
    return QV_OK;
}

/*
 * Values of the file in the form in which they are compared.
 *
 * Names are brought into the form in which the registry stores them, as the names of callers and
 * objects are, so that a rule means the system that it names however it spells it. A pattern cannot
 * be converted; one that fits no name as names are stored is refused, for a deny that never fits is
 * a door left open. Pure; any thread.
 */
#include "read.h"

#include <quiver/base/hash.h>
#include <quiver/domain/names.h>

/* "<text>" and what is wrong with it; always false. */
static bool refuse(const struct qv_yaml_at *at, struct qv_str text, const char *why)
{
    QV_CLEANUP(qv_buf) struct qv_buf quoted = {0};
    qv_yaml_quote(&quoted, text);
    if (qv_buf_status(&quoted) != QV_OK)
        at->yaml->out_of_memory = true;
    else
        qv_yaml_fault(at, "%s %s", quoted.at, why);
    return false;
}

/* ---- names ---- */

/* The pattern with each wildcard replaced by `filler`. */
static void fill(struct qv_str text, const char *filler, struct qv_buf *buf)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '*' || text.at[i] == '?')
            qv_buf_put_text(buf, filler);
        else
            qv_buf_put_char(buf, text.at[i]);
    }
}

/* Is a name that the pattern matches stored as it is spelled? Tried with some names only; a pattern
   that none of them shows to be possible has a letter or separator that no stored name has. */
static bool is_possible(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                        enum qv_entity entity, struct qv_str text)
{
    static const char *const fillers[] = {"x", "X", "1", ""};
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf name = {0}, stored = {0};
        fill(text, fillers[i], &name);
        qv_name_normalize(dialect, entity, qv_buf_str(&name), &stored);
        if (name.failed || stored.failed)
            at->yaml->out_of_memory = true;
        if (qv_str_equal(qv_buf_str(&name), qv_buf_str(&stored)))
            return true;
    }
    return false;
}

static bool convert_name(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                         enum qv_entity entity, struct qv_str text, struct qv_buf *buf)
{
    if (!qv_glob_has_wildcard(text)) {
        qv_name_normalize(dialect, entity, text, buf);
        return true;
    }
    if (!is_possible(at, dialect, entity, text))
        return refuse(at, text,
                      "fits no name as this dialect stores names, spell it in their letter case "
                      "and with their separators");
    qv_buf_put(buf, text);
    return true;
}

static bool convert_system(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                           struct qv_str text, struct qv_buf *buf)
{
    return convert_name(at, dialect, QV_ENTITY_SYSTEM, text, buf);
}

static bool convert_service(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                            struct qv_str text, struct qv_buf *buf)
{
    return convert_name(at, dialect, QV_ENTITY_DEFINITION, text, buf);
}

static bool convert_template(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                             struct qv_str text, struct qv_buf *buf)
{
    return convert_name(at, dialect, QV_ENTITY_TEMPLATE, text, buf);
}

static bool convert_version(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                            struct qv_str text, struct qv_buf *buf)
{
    (void)at;
    (void)dialect;
    if (qv_glob_has_wildcard(text))
        qv_buf_put(buf, text);
    else
        qv_version_normalize(text, buf);
    return true;
}

/* Security policies are stored in upper case. */
static bool convert_policy(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                           struct qv_str text, struct qv_buf *buf)
{
    (void)at;
    (void)dialect;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        qv_buf_put_char(buf, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
    }
    return true;
}

/* ---- what is no name of the registry's ---- */

static bool is_word(struct qv_str text, char also)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != also)
            return false;
    }
    return text.length > 0 && text.length <= 63;
}

static bool convert_label(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                          struct qv_str text, struct qv_buf *buf)
{
    (void)dialect;
    if (!is_word(text, '-'))
        return refuse(
            at, text,
            "is not one part of a cloud's name: letters, digits and hyphens, as testcloud "
            "(clouds) or company (organizations)");
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        qv_buf_put_char(buf, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    return true;
}

static bool convert_listener(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                             struct qv_str text, struct qv_buf *buf)
{
    (void)dialect;
    if (!is_word(text, '_'))
        return refuse(at, text, "is no listener's name: letters, digits, hyphens, underscores");
    qv_buf_put(buf, text);
    return true;
}

/* Hexadecimal digits in lower case, colons between them left out. */
static bool put_hex(struct qv_str text, struct qv_buf *buf)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == ':')
            continue;
        int digit = qv_hex_digit(text.at[i]);
        if (digit < 0)
            return false;
        qv_buf_put_char(buf, "0123456789abcdef"[digit]);
    }
    return true;
}

static bool convert_serial(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                           struct qv_str text, struct qv_buf *buf)
{
    (void)dialect;
    QV_CLEANUP(qv_buf) struct qv_buf digits = {0};
    bool is_hex = put_hex(text, &digits) && (digits.length > 0 || digits.failed);
    if (!is_hex)
        return refuse(at, text, "is no serial: hexadecimal digits, colons allowed, as 0A:1B:2C");
    struct qv_str serial = qv_buf_str(&digits);
    while (serial.length > 1 && serial.at[0] == '0')
        serial = qv_str_part(serial, 1, SIZE_MAX);
    qv_buf_put(buf, serial);
    buf->failed = buf->failed || digits.failed;
    return true;
}

/* 64 hexadecimal digits as bytes. */
static bool read_hex_digest(struct qv_str text, unsigned char digest[QV_SHA256_SIZE])
{
    QV_CLEANUP(qv_buf) struct qv_buf digits = {0};
    if (!put_hex(text, &digits) || digits.length != 2 * QV_SHA256_SIZE)
        return false;
    for (size_t i = 0; i < QV_SHA256_SIZE; i++)
        digest[i] = (unsigned char)(qv_hex_digit(digits.at[2 * i]) << 4 |
                                    qv_hex_digit(digits.at[2 * i + 1]));
    return true;
}

/* The only text that base64url has for some digest is 43 digits, the last two bits of which are 0.
 */
static bool is_base64_digest(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_word(qv_str_part(text, i, 1), '_'))
            return false;
    return text.length == 43 && qv_str_find(QV_STR("AEIMQUYcgkosw048"), text.at[42]) != SIZE_MAX;
}

static bool convert_fingerprint(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                                struct qv_str text, struct qv_buf *buf)
{
    (void)dialect;
    static const struct qv_str prefix = {.at = "sha256:", .length = 7};
    unsigned char digest[QV_SHA256_SIZE];
    if (qv_str_equal_ignore_case(qv_str_part(text, 0, prefix.length), prefix) &&
        read_hex_digest(qv_str_part(text, prefix.length, SIZE_MAX), digest)) {
        qv_base64url_write(buf, digest, sizeof(digest));
        return true;
    }
    if (!is_base64_digest(text))
        return refuse(at, text,
                      "is no fingerprint: sha256: and 64 hexadecimal digits (colons allowed), or "
                      "the x5t#S256 that quiver certificate prints");
    qv_buf_put(buf, text);
    return true;
}

/* ---- the kinds ---- */

static const struct {
    bool (*convert)(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                    struct qv_str text, struct qv_buf *buf);
    bool globs;
} kinds[] = {
    [VALUES_SYSTEMS] = {convert_system, true},
    [VALUES_SERVICES] = {convert_service, true},
    [VALUES_TEMPLATES] = {convert_template, true},
    [VALUES_VERSIONS] = {convert_version, true},
    [VALUES_POLICIES] = {convert_policy, true},
    [VALUES_LABELS] = {convert_label, false},
    [VALUES_FINGERPRINTS] = {convert_fingerprint, false},
    [VALUES_SERIALS] = {convert_serial, false},
    [VALUES_LISTENERS] = {convert_listener, false},
};

bool value_convert(const struct qv_yaml_at *at, const struct qv_dialect *dialect,
                   enum values values, struct qv_str text, struct qv_buf *buf)
{
    if (!kinds[values].globs)
        return kinds[values].convert(at, dialect, text, buf);
    if (qv_str_starts_with(text, QV_STR("@")))
        return refuse(at, text, "names a group, and groups are for systems and provider alone");
    const char *fault = qv_glob_fault(qv_str_trim(text));
    if (fault != NULL)
        return refuse(at, text, fault);
    return kinds[values].convert(at, dialect, qv_str_trim(text), buf);
}

/*
 * The certificate behind an instance: see provenance.h. Two of its three parts are digests and the
 * third a number, so that they are kept as bytes, not as the text of the envelope: a registry may
 * hold a million of them. Pure; any thread.
 */
#include "provenance.h"

#include <string.h>

#define FINGERPRINT_KEY "\"x5t#S256\""

_Static_assert(sizeof(struct qv_provenance) == 2 * QV_SHA256_SIZE + 1, "stands anywhere in a text");

/* Stored metadata was bounded when it came in. */
enum { STORED_DEPTH_MAX = 2000 };

/* ---- reading --------------------------------------------------------------------------------- */

/* What a digit stands for; `base` where it is none. */
static unsigned digit_value(const char *digits, unsigned base, char digit)
{
    const char *at = memchr(digits, digit, base);
    return at != NULL ? (unsigned)(at - digits) : base;
}

/* Base64url of 32 bytes (RFC 4648 section 5), the last digit with its spare bits zero. */
static bool read_digest(struct qv_str text, unsigned char ret_digest[QV_SHA256_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char digest[QV_SHA256_SIZE];
    unsigned bits = 0, held = 0;
    size_t count = 0;
    if (text.length != (QV_SHA256_SIZE * 8 + 5) / 6)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned value = digit_value(digits, 64, text.at[i]);
        if (value == 64)
            return false;
        bits = (bits << 6 | value) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            digest[count++] = (unsigned char)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return false;
    memcpy(ret_digest, digest, sizeof(digest));
    return true;
}

/* Hexadecimal bytes of a positive number as the octets of an INTEGER: where the first bit is set, a
   zero goes before it. Gives how many; 0: it is none. */
static unsigned char read_serial(struct qv_str text, unsigned char octets[UINT8_MAX])
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;
    if (text.length == 0 || text.length % 2 != 0 || text.length / 2 >= UINT8_MAX)
        return 0;
    for (size_t i = 0; i < text.length; i += 2) {
        unsigned high = digit_value(digits, 16, text.at[i]);
        unsigned low = digit_value(digits, 16, text.at[i + 1]);
        if (high == 16 || low == 16)
            return 0;
        if (i == 0 && high >= 8)
            octets[count++] = 0;
        octets[count++] = (unsigned char)(high << 4 | low);
    }
    return (unsigned char)count;
}

struct entity_place provenance_put(struct qv_buf *text, const json_t *by)
{
    struct qv_provenance fixed = {0};
    unsigned char octets[UINT8_MAX];
    size_t start = text->length;
    if (!read_digest(qv_json_str(json_object_get(by, "x5t#S256")), fixed.fingerprint))
        return entity_since(text, start);
    if (read_digest(qv_json_str(json_object_get(by, "issuerKey")), fixed.issuer_key))
        fixed.serial_length = read_serial(qv_json_str(json_object_get(by, "serial")), octets);
    qv_buf_put(text, (struct qv_str){.at = (const char *)&fixed, .length = sizeof(fixed)});
    qv_buf_put(text, (struct qv_str){.at = (const char *)octets, .length = fixed.serial_length});
    return entity_since(text, start);
}

/* ---- showing --------------------------------------------------------------------------------- */

static void put_fingerprint(const struct qv_provenance *provenance, struct qv_buf *buf)
{
    qv_buf_put_text(buf, FINGERPRINT_KEY ":\"");
    qv_base64url_write(buf, provenance->fingerprint, sizeof(provenance->fingerprint));
    qv_buf_put_char(buf, '"');
}

/* Metadata in which the key occurs, perhaps as that of a member, perhaps deeper or as a value. */
static enum qv_status put_corrected(struct qv_str metadata, const struct qv_provenance *provenance,
                                    struct qv_buf *buf)
{
    QV_CLEANUP(qv_json) json_t *object = NULL;
    QV_TRY(qv_json_parse(metadata, STORED_DEPTH_MAX, &object, NULL));
    (void)json_object_del(object, "x5t#S256"); /* fails where it is not there */
    qv_json_write(buf, object);
    if (provenance == NULL || buf->failed)
        return QV_OK;
    qv_buf_truncate(buf, buf->length - 1);
    if (json_object_size(object) > 0)
        qv_buf_put_char(buf, ',');
    put_fingerprint(provenance, buf);
    qv_buf_put_char(buf, '}');
    return QV_OK;
}

static bool has_key(struct qv_str metadata)
{
    return metadata.length > 0 &&
           memmem(metadata.at, metadata.length, FINGERPRINT_KEY, sizeof(FINGERPRINT_KEY) - 1);
}

/* The front of a provider without metadata is name and version: they come between the two. */
static void put_made(const struct qv_system *provider, const struct qv_provenance *provenance,
                     struct qv_buf *buf)
{
    const char *behind_name = provider->head.id.at + provider->head.id.length + 1;
    size_t name = (size_t)(behind_name - provider->front.at);
    qv_buf_put(buf, qv_str_part(provider->front, 0, name));
    qv_buf_put_text(buf, ",\"metadata\":{");
    put_fingerprint(provenance, buf);
    qv_buf_put_char(buf, '}');
    qv_buf_put(buf, qv_str_part(provider->front, name, SIZE_MAX));
}

static void put_added(const struct qv_system *provider, const struct qv_provenance *provenance,
                      struct qv_buf *buf)
{
    size_t brace = (size_t)(provider->metadata.at - provider->front.at) + provider->metadata.length;
    qv_buf_put(buf, qv_str_part(provider->front, 0, brace - 1));
    if (provider->metadata.length > sizeof("{}") - 1)
        qv_buf_put_char(buf, ',');
    put_fingerprint(provenance, buf);
    qv_buf_put(buf, qv_str_part(provider->front, brace - 1, SIZE_MAX));
}

void provenance_write_front(const struct qv_system *provider,
                            const struct qv_provenance *provenance, struct qv_buf *buf)
{
    struct qv_str metadata = provider->metadata;
    if (has_key(metadata)) {
        size_t start = (size_t)(metadata.at - provider->front.at);
        qv_buf_put(buf, qv_str_part(provider->front, 0, start));
        if (put_corrected(metadata, provenance, buf) != QV_OK)
            buf->failed = true;
        qv_buf_put(buf, qv_str_part(provider->front, start + metadata.length, SIZE_MAX));
    } else if (provenance == NULL) {
        qv_buf_put(buf, provider->front);
    } else if (metadata.length == 0) {
        put_made(provider, provenance, buf);
    } else {
        put_added(provider, provenance, buf);
    }
}

/*
 * The chain: what a line's hash is, what a line says of it, and which lines are whole.
 *
 * Holds always: whether a line is whole is read from the line alone, so that the writer who finds
 * it at a start and the checker years later judge alike. Only the end of a line closes its object:
 * no part of one is taken for a whole. Any thread.
 */
#include "audit_chain.h"

#include <quiver/base/json.h>
#include <stdio.h>
#include <string.h>

void qv_audit_chain_begin(struct qv_audit_chain *chain)
{
    *chain = (struct qv_audit_chain){0};
    memset(chain->hash, '0', sizeof(chain->hash) - 1);
}

enum qv_status qv_audit_hash(struct qv_str bytes, char ret_hash[QV_AUDIT_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[QV_SHA256_SIZE];
    if (bytes.at == NULL)
        bytes.at = "";
    QV_TRY(qv_sha256(bytes, digest));
    for (size_t i = 0; i < sizeof(digest); i++) {
        ret_hash[2 * i] = digits[digest[i] >> 4];
        ret_hash[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hash[QV_AUDIT_HASH_SIZE - 1] = '\0';
    return QV_OK;
}

enum qv_status qv_audit_chain_add(struct qv_audit_chain *chain, uint64_t seq, struct qv_str line)
{
    QV_TRY(qv_audit_hash(line, chain->hash));
    chain->seq = seq;
    chain->torn = false;
    return QV_OK;
}

enum qv_status qv_audit_chain_add_torn(struct qv_audit_chain *chain, struct qv_str torn)
{
    char both[2 * QV_AUDIT_HASH_SIZE];
    memcpy(both, chain->hash, QV_AUDIT_HASH_SIZE - 1);
    both[QV_AUDIT_HASH_SIZE - 1] = '\n';
    QV_TRY(qv_audit_hash(torn, both + QV_AUDIT_HASH_SIZE));
    QV_TRY(qv_audit_hash(qv_str_from(both), chain->hash));
    chain->torn = true;
    return QV_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_hash(const json_t *value, char ret_hash[QV_AUDIT_HASH_SIZE])
{
    struct qv_str text = qv_json_str(value);
    if (text.length != QV_AUDIT_HASH_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (strchr("0123456789abcdef", text.at[i]) == NULL || text.at[i] == '\0')
            return false;
    memcpy(ret_hash, text.at, text.length);
    ret_hash[text.length] = '\0';
    return true;
}

enum qv_status qv_audit_record_read(struct qv_str line, struct qv_audit_record *ret_record)
{
    const size_t depth = 4; /* ours have 1; those of a later version may have more */
    QV_CLEANUP(qv_json) json_t *value = NULL;
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    if (!qv_str_starts_with(line, QV_STR("{")))
        return QV_INVALID;
    QV_TRY(qv_json_parse(line, depth, &value, &error));
    struct qv_audit_record record = {.torn = json_is_true(json_object_get(value, "torn"))};
    json_int_t seq = json_integer_value(json_object_get(value, "seq"));
    json_int_t lost = json_integer_value(json_object_get(value, "lost"));
    if (seq <= 0 || lost < 0 || !read_hash(json_object_get(value, "previous"), record.previous))
        return QV_INVALID;
    record.seq = (uint64_t)seq;
    record.lost = (uint64_t)lost;
    *ret_record = record;
    return QV_OK;
}

static bool is_never_written(struct qv_str line)
{
    for (size_t i = 0; i < line.length; i++)
        if (line.at[i] != '\0')
            return false;
    return true;
}

bool qv_audit_is_torn(const struct qv_audit_chain *chain, struct qv_str line)
{
    char begin[48];
    if (chain->seq > 0)
        snprintf(begin, sizeof(begin), "{\"seq\":%llu,", (unsigned long long)chain->seq + 1);
    else
        snprintf(begin, sizeof(begin), "{\"seq\":");
    struct qv_str expected = qv_str_from(begin);
    if (line.length < expected.length)
        expected.length = line.length;
    return is_never_written(line) || qv_str_starts_with(line, expected);
}

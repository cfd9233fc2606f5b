/*
 * Shared secrets: read once, kept until the end, compared in constant time.
 *
 * Holds always: the text of the file is overwritten when it has been taken apart, the secrets when
 * they are freed; no message shows any of it. Any thread once read.
 */
#include "secrets.h"

#include "private_file.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <quiver/base/hash.h>
#include <quiver/base/memory.h>
#include <string.h>

#define SECRETS_MAX 4096

struct secret {
    char *name; /* normalized */
    char *text;
};

struct qv_secrets {
    struct secret *at;
    size_t count, room;
};

void qv_secrets_free(struct qv_secrets **secrets)
{
    struct qv_secrets *old = *secrets;
    if (old == NULL)
        return;
    *secrets = NULL;
    for (size_t i = 0; i < old->count; i++) {
        qv_memory_wipe(old->at[i].text, strlen(old->at[i].text));
        qv_free(old->at[i].text);
        qv_free(old->at[i].name);
    }
    qv_free(old->at);
    qv_free(old);
}

static const struct secret *find(const struct qv_secrets *secrets, struct qv_str name)
{
    for (size_t i = 0; i < secrets->count; i++)
        if (qv_str_equal(qv_str_from(secrets->at[i].name), name))
            return &secrets->at[i];
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Where a line stands, for messages. */
struct place {
    const char *path;
    unsigned line;
};

static enum qv_status refuse(const struct place *place, const char *why, struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID, "%s:%u: %s", place->path, place->line, why);
}

static enum qv_status keep(struct qv_secrets *secrets, struct qv_str name, struct qv_str text)
{
    struct secret *entry = &secrets->at[secrets->count];
    entry->name = qv_str_dup(name);
    entry->text = qv_str_dup(text);
    if (entry->name != NULL && entry->text != NULL) {
        secrets->count++;
        return QV_OK;
    }
    if (entry->text != NULL)
        qv_memory_wipe(entry->text, text.length);
    qv_free(entry->text);
    qv_free(entry->name);
    return QV_NO_MEMORY;
}

static enum qv_status read_line(const struct qv_dialect *dialect, struct qv_secrets *secrets,
                                const struct place *place, struct qv_str line,
                                struct qv_error *error)
{
    size_t colon = qv_str_find(line, ':');
    if (colon == SIZE_MAX)
        return refuse(place, "must be `name: secret`", error);
    struct qv_str text = qv_str_trim(qv_str_part(line, colon + 1, SIZE_MAX));
    QV_CLEANUP(qv_buf) struct qv_buf name = {0};
    qv_name_normalize(dialect, QV_ENTITY_SYSTEM, qv_str_part(line, 0, colon), &name);
    QV_TRY(qv_buf_status(&name));
    if (name.length == 0 || text.length == 0)
        return refuse(place, "must be `name: secret`, neither of them empty", error);
    if (qv_str_find(line, '\0') != SIZE_MAX)
        return refuse(place, "has a NUL in it", error);
    if (find(secrets, qv_buf_str(&name)) != NULL)
        return refuse(place, "this system has a secret already, remove one", error);
    if (secrets->count == secrets->room)
        return refuse(place, "there are too many secrets", error);
    return keep(secrets, qv_buf_str(&name), text);
}

static enum qv_status read_lines(const struct qv_dialect *dialect, const char *path,
                                 struct qv_str text, struct qv_secrets *secrets,
                                 struct qv_error *error)
{
    struct place place = {.path = path};
    struct qv_str line;
    while (qv_str_split_next(&text, '\n', &line)) {
        place.line++;
        line = qv_str_trim(line);
        if (line.length > 0 && line.at[0] != '#')
            QV_TRY(read_line(dialect, secrets, &place, line, error));
    }
    return QV_OK;
}

static enum qv_status read_into(const struct qv_dialect *dialect, const char *path,
                                struct qv_secrets *secrets, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    enum qv_status status = qv_private_file_read(path, &text, error);
    if (status == QV_OK)
        status = read_lines(dialect, path, qv_buf_str(&text), secrets, error);
    qv_private_file_wipe(&text);
    return status;
}

enum qv_status qv_secrets_read(const struct qv_dialect *dialect, const char *path,
                               struct qv_secrets **ret_secrets, struct qv_error *error)
{
    QV_CLEANUP(qv_secrets) struct qv_secrets *secrets = qv_alloc(sizeof(*secrets));
    if (secrets == NULL)
        return QV_NO_MEMORY;
    secrets->room = SECRETS_MAX;
    secrets->at = qv_alloc_array(secrets->room, sizeof(*secrets->at));
    if (secrets->at == NULL)
        return QV_NO_MEMORY;
    QV_TRY(read_into(dialect, path, secrets, error));
    *ret_secrets = secrets;
    secrets = NULL;
    return QV_OK;
}

/* ---- proving --------------------------------------------------------------------------------- */

static bool digest_of(struct qv_str name, const char *secret, struct qv_buf *hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)name.at, name.length,
             digest, &length) == NULL)
        return false;
    qv_hex_write(hex, digest, length);
    return qv_buf_status(hex) == QV_OK;
}

bool qv_secrets_prove(const struct qv_secrets *secrets, struct qv_str name, struct qv_str hash)
{
    if (secrets == NULL)
        return false;
    /* An unknown system costs the same as a known one. */
    const struct secret *known = find(secrets, name);
    QV_CLEANUP(qv_buf) struct qv_buf wanted = {0};
    if (!digest_of(name, known != NULL ? known->text : "nobody's", &wanted))
        return false;
    bool equal =
        hash.length == wanted.length && CRYPTO_memcmp(hash.at, wanted.at, wanted.length) == 0;
    return equal && known != NULL;
}

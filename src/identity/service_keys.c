/*
 * Service keys: read into a table of digests, compared, renewed.
 *
 * Holds always: a key's text is overwritten as soon as its digest is made, so that neither a
 * message nor a dump of the memory later on shows one; every comparison runs over all digests. A
 * table is read under the lock's shared side and replaced under its other: whoever replaced it
 * knows that nobody looks at the old one any more. Any thread.
 */
#include <quiver/identity/service_keys.h>

#include "private_file.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <quiver/base/hash.h>
#include <quiver/base/memory.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX    256
#define SECRET_SIZE 32
#define HOUR_MS     (INT64_C(3600) * 1000)
#define NEVER       INT64_MIN

struct key {
    unsigned char digest[QV_SHA256_SIZE];
    char *where;                  /* file:line, or the variable's name */
    _Atomic int64_t used, logged; /* milliseconds since 1970, or NEVER */
};

struct table {
    struct key *at; /* a key's number is its place plus one */
    size_t count;
};

struct qv_service_keys {
    unsigned char secret[SECRET_SIZE];
    EVP_MD *sha256;
    struct qv_wall since;
    pthread_rwlock_t lock;
    struct table table;
};

static void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        qv_free(table->at[i].where);
    qv_free(table->at);
    *table = (struct table){0};
}

/* SHA-256 of secret and text. Nobody outside sees a digest or knows the secret, so that what HMAC
   adds to this guards against nothing; and the algorithm is fetched once, for OpenSSL 3.0 looks it
   up by name otherwise, which costs more than the digest. */
static bool digest_of(const struct qv_service_keys *keys, struct qv_str text,
                      unsigned char ret_digest[QV_SHA256_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = context != NULL && EVP_DigestInit_ex(context, keys->sha256, NULL) == 1 &&
                EVP_DigestUpdate(context, keys->secret, SECRET_SIZE) == 1 &&
                EVP_DigestUpdate(context, text.at, text.length) == 1 &&
                EVP_DigestFinal_ex(context, ret_digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return made;
}

/* The place of a digest, the count where it is not there. All are looked at. */
static size_t find(const struct table *table, const unsigned char digest[QV_SHA256_SIZE])
{
    size_t found = table->count;
    for (size_t i = 0; i < table->count; i++)
        if (CRYPTO_memcmp(table->at[i].digest, digest, QV_SHA256_SIZE) == 0)
            found = i;
    return found;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A reading, and where it is. */
struct reading {
    const struct qv_service_keys *keys;
    struct table table; /* being filled; room for KEYS_MAX */
    const char *path;   /* NULL: the variable */
    const char *variable;
    unsigned line;
};

static enum qv_status write_where(const struct reading *reading, char **ret_where)
{
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    if (reading->path != NULL)
        qv_buf_printf(&buf, "%s:%u", reading->path, reading->line);
    else
        qv_buf_put_text(&buf, reading->variable);
    return qv_buf_take(&buf, ret_where, NULL);
}

static enum qv_status refuse(const struct reading *reading, const char *why, const char *about,
                             struct qv_error *error)
{
    char *where = NULL;
    QV_TRY(write_where(reading, &where));
    enum qv_status status = qv_error_set(error, QV_INVALID, "%s: %s%s", where, why, about);
    qv_free(where);
    return status;
}

/* A header cannot carry control characters. Blanks inside it can, and a variable may have some; in
   a file they are more likely two keys, or words about one. */
static const char *fault_of(const struct reading *reading, struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return "a key has a control character in it";
        if (reading->path != NULL && (c == ' ' || c == '\t'))
            return "a key has a blank in it, write one key a line";
    }
    return NULL;
}

static enum qv_status add_key(struct reading *reading, struct qv_str text, struct qv_error *error)
{
    struct table *table = &reading->table;
    unsigned char digest[QV_SHA256_SIZE];
    const char *fault = fault_of(reading, text);
    if (fault != NULL)
        return refuse(reading, fault, "", error);
    if (!digest_of(reading->keys, text, digest))
        return qv_error_set(error, QV_NO_MEMORY, "out of memory");
    size_t earlier = find(table, digest);
    if (earlier < table->count)
        return refuse(reading, "this key is given already, remove one; the other is that of ",
                      table->at[earlier].where, error);
    if (table->count == KEYS_MAX)
        return refuse(reading, "there are too many keys", "", error);
    struct key *key = &table->at[table->count];
    QV_TRY(write_where(reading, &key->where));
    memcpy(key->digest, digest, sizeof(key->digest));
    atomic_init(&key->used, NEVER);
    atomic_init(&key->logged, NEVER);
    table->count++;
    return QV_OK;
}

/* Without blanks and ends of lines around it; other control characters are to be seen. */
static struct qv_str trim(struct qv_str text)
{
    static const char blanks[] = " \t\r\n";
    while (text.length > 0 && memchr(blanks, text.at[0], sizeof(blanks) - 1) != NULL)
        text = qv_str_part(text, 1, SIZE_MAX);
    while (text.length > 0 && memchr(blanks, text.at[text.length - 1], sizeof(blanks) - 1) != NULL)
        text.length--;
    return text;
}

static enum qv_status read_variable(struct reading *reading, struct qv_error *error)
{
    struct qv_str text = trim(qv_str_from(getenv(reading->variable)));
    return text.length > 0 ? add_key(reading, text, error) : QV_OK;
}

/* A byte order mark, which some editors put in front, is of no key. */
static enum qv_status read_lines(struct reading *reading, struct qv_str text,
                                 struct qv_error *error)
{
    static const struct qv_str mark = {"\xEF\xBB\xBF", 3};
    struct qv_str line;
    if (qv_str_starts_with(text, mark))
        text = qv_str_part(text, mark.length, SIZE_MAX);
    while (qv_str_split_next(&text, '\n', &line)) {
        reading->line++;
        line = trim(line);
        if (line.length > 0 && line.at[0] != '#')
            QV_TRY(add_key(reading, line, error));
    }
    return QV_OK;
}

static enum qv_status read_file(struct reading *reading, const char *path, struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    reading->path = path;
    enum qv_status status = qv_private_file_read(path, &text, error);
    if (status == QV_OK)
        status = read_lines(reading, qv_buf_str(&text), error);
    qv_private_file_wipe(&text);
    return status == QV_OK || status == QV_NO_MEMORY ? status : QV_INVALID;
}

static enum qv_status read_table(const struct qv_service_keys *keys, const struct qv_config *config,
                                 struct table *ret_table, struct qv_error *error)
{
    struct reading reading = {.keys = keys, .variable = config->chap.keys.env};
    reading.table.at = qv_alloc_array(KEYS_MAX, sizeof(*reading.table.at));
    if (reading.table.at == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = read_variable(&reading, error);
    if (status == QV_OK && config->chap.keys.file != NULL)
        status = read_file(&reading, config->chap.keys.file, error);
    if (status == QV_OK)
        *ret_table = reading.table;
    else
        table_free(&reading.table);
    return status;
}

/* ---- life ------------------------------------------------------------------------------------ */

void qv_service_keys_free(struct qv_service_keys **keys)
{
    struct qv_service_keys *old = *keys;
    if (old == NULL)
        return;
    *keys = NULL;
    table_free(&old->table);
    pthread_rwlock_destroy(&old->lock);
    qv_memory_wipe(old->secret, sizeof(old->secret));
    EVP_MD_free(old->sha256);
    qv_free(old);
}

enum qv_status qv_service_keys_new(const struct qv_config *config, struct qv_wall now,
                                   struct qv_service_keys **ret_keys, struct qv_error *error)
{
    struct qv_service_keys *made = qv_alloc(sizeof(*made));
    if (made == NULL)
        return QV_NO_MEMORY;
    pthread_rwlock_init(&made->lock, NULL);
    QV_CLEANUP(qv_service_keys) struct qv_service_keys *keys = made;
    keys->since = now;
    keys->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (keys->sha256 == NULL || RAND_bytes(keys->secret, SECRET_SIZE) != 1)
        return qv_error_set(error, QV_INTERNAL,
                            "OpenSSL has no SHA-256 or no random numbers for the service keys");
    QV_TRY(read_table(keys, config, &keys->table, error));
    *ret_keys = keys;
    keys = NULL;
    return QV_OK;
}

/* When the same key was used before. */
static void keep_use(const struct table *before, struct table *after)
{
    for (size_t i = 0; i < after->count; i++) {
        size_t place = find(before, after->at[i].digest);
        if (place == before->count)
            continue;
        atomic_init(&after->at[i].used, atomic_load(&before->at[place].used));
        atomic_init(&after->at[i].logged, atomic_load(&before->at[place].logged));
    }
}

enum qv_status qv_service_keys_renew(struct qv_service_keys *keys, const struct qv_config *config,
                                     struct qv_error *error)
{
    struct table renewed;
    QV_TRY(read_table(keys, config, &renewed, error));
    pthread_rwlock_wrlock(&keys->lock);
    struct table old = keys->table;
    keep_use(&old, &renewed);
    keys->table = renewed;
    pthread_rwlock_unlock(&keys->lock);
    table_free(&old);
    return QV_OK;
}

/* ---- told ------------------------------------------------------------------------------------ */

size_t qv_service_keys_count(struct qv_service_keys *keys)
{
    pthread_rwlock_rdlock(&keys->lock);
    size_t count = keys->table.count;
    pthread_rwlock_unlock(&keys->lock);
    return count;
}

static void log_key(const struct qv_service_keys *keys, size_t place)
{
    QV_CLEANUP(qv_buf) struct qv_buf used = {0}, since = {0};
    const struct key *key = &keys->table.at[place];
    int64_t at = atomic_load(&key->used);
    if (at == NEVER)
        qv_buf_put_text(&used, "never");
    else
        qv_wall_write(&used, qv_wall_from_ms(at), QV_WALL_SECONDS);
    qv_wall_write(&since, keys->since, QV_WALL_SECONDS);
    qv_log(QV_LOG_INFO, "service key", QV_LOG_INT("number", place + 1),
           QV_LOG_CSTR("where", key->where), QV_LOG_STR("last_used", qv_buf_str(&used)),
           QV_LOG_STR("since", qv_buf_str(&since)));
}

void qv_service_keys_log(struct qv_service_keys *keys)
{
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->table.count; i++)
        log_key(keys, i);
    pthread_rwlock_unlock(&keys->lock);
}

/* ---- proving --------------------------------------------------------------------------------- */

/* Of several threads one logs. A clock that was set back is no new hour. */
static void note_use(struct key *key, unsigned number, int64_t now)
{
    int64_t logged = atomic_load(&key->logged);
    atomic_store(&key->used, now);
    if (logged != NEVER && now - logged < HOUR_MS)
        return;
    if (atomic_compare_exchange_strong(&key->logged, &logged, now))
        qv_log(QV_LOG_INFO, "service key used", QV_LOG_INT("number", number),
               QV_LOG_CSTR("where", key->where));
}

void qv_service_keys_prove(struct qv_service_keys *keys, struct qv_str presented,
                           struct qv_wall now, struct qv_service_proof *ret_proof)
{
    unsigned char digest[QV_SHA256_SIZE];
    bool digested =
        presented.at != NULL && presented.length > 0 && digest_of(keys, presented, digest);
    pthread_rwlock_rdlock(&keys->lock);
    const struct table *table = &keys->table;
    struct qv_service_proof proof = {.configured = table->count > 0};
    size_t place = digested ? find(table, digest) : table->count;
    if (place < table->count) {
        proof.number = (unsigned)place + 1;
        note_use(&table->at[place], proof.number, qv_wall_to_ms(now));
    }
    pthread_rwlock_unlock(&keys->lock);
    *ret_proof = proof;
}

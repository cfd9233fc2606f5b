/*
 * A set of JSON values, by a key for each: values are equal where their keys are the same bytes.
 *
 * Holds always: a key tells kinds apart as qv_json_equal does (5 is not 5.0), has a length or a
 * count before everything that has one, so that no two values share one, and names an object's
 * members in the order of their names. Asking costs no more than the longest key of the set is
 * long, however large the value is. Values are as deep as the limit of what is parsed, which
 * bounds the recursion. Pure; any thread.
 */
#include "value_set.h"
#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

/* A key that is being written. */
struct key {
    struct qv_buf bytes;
    size_t most;    /**< bytes that it may have */
    bool is_longer; /**< it would have more: it is not complete */
};

static void key_free(struct key *key)
{
    qv_buf_free(&key->bytes);
}

static void put_value(struct key *key, const json_t *value);

/* ---- keys ---- */

static bool has_room(struct key *key, size_t size)
{
    key->is_longer = key->is_longer || size > key->most - key->bytes.length;
    return !key->is_longer;
}

static void put(struct key *key, struct qv_str bytes)
{
    if (has_room(key, bytes.length))
        qv_buf_put(&key->bytes, bytes);
}

static void put_bits(struct key *key, char kind, const void *bits)
{
    char bytes[1 + sizeof(uint64_t)] = {kind};
    memcpy(bytes + 1, bits, sizeof(uint64_t));
    put(key, (struct qv_str){.at = bytes, .length = sizeof(bytes)});
}

/* False where so many members or elements, of a byte at least, would make the key too long. */
static bool put_count(struct key *key, char kind, size_t count)
{
    uint64_t bits = count;
    put_bits(key, kind, &bits);
    return has_room(key, count);
}

static void put_text(struct key *key, struct qv_str text)
{
    if (put_count(key, 's', text.length))
        put(key, text);
}

static void put_integer(struct key *key, const json_t *value)
{
    int64_t integer = json_integer_value(value);
    put_bits(key, 'i', &integer);
}

static void put_real(struct key *key, const json_t *value)
{
    double real = json_real_value(value);
    if (real == 0)
        real = 0; /* the two zeros are equal and differ in a bit */
    put_bits(key, 'r', &real);
}

static void put_list(struct key *key, const json_t *list)
{
    if (!put_count(key, 'l', json_array_size(list)))
        return;
    for (size_t i = 0; i < json_array_size(list) && !key->is_longer; i++)
        put_value(key, json_array_get(list, i));
}

struct member {
    struct qv_str name;
    const json_t *value;
};

static int compare_members(const void *a, const void *b)
{
    return qv_str_compare(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* In the order of their names. */
static struct member *sort_members(json_t *object)
{
    size_t count = 0;
    struct member *members = qv_alloc_array(json_object_size(object) + 1, sizeof(*members));
    if (members == NULL)
        return NULL;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        members[count++] = (struct member){
            .name = {.at = json_object_iter_key(at), .length = json_object_iter_key_len(at)},
            .value = json_object_iter_value(at),
        };
    qsort(members, count, sizeof(*members), compare_members);
    return members;
}

static void put_object(struct key *key, const json_t *object)
{
    if (!put_count(key, 'o', json_object_size(object)))
        return;
    /* Iterating changes nothing, but jansson's iterator is declared for changing too. */
    struct member *members = sort_members((json_t *)(uintptr_t)object);
    if (members == NULL) {
        key->bytes.failed = true;
        return;
    }
    for (size_t i = 0; i < json_object_size(object) && !key->is_longer; i++) {
        put_text(key, members[i].name);
        put_value(key, members[i].value);
    }
    qv_free(members);
}

static void put_value(struct key *key, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: put_object(key, value); return;
    case JSON_ARRAY: put_list(key, value); return;
    case JSON_STRING: put_text(key, qv_json_str(value)); return;
    case JSON_INTEGER: put_integer(key, value); return;
    case JSON_REAL: put_real(key, value); return;
    case JSON_TRUE: put(key, QV_STR("t")); return;
    case JSON_FALSE: put(key, QV_STR("f")); return;
    case JSON_NULL: put(key, QV_STR("n")); return;
    }
}

/* The value's key in place of another. */
static enum qv_status write_key(struct key *key, const json_t *value)
{
    qv_buf_truncate(&key->bytes, 0);
    key->is_longer = false;
    put_value(key, value);
    return qv_buf_status(&key->bytes);
}

/* ---- the set ---- */

enum qv_status qv_value_set_fill(struct qv_value_set *set, const json_t *list)
{
    QV_CLEANUP(key) struct key key = {.most = SIZE_MAX};
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t ignored;
        QV_TRY(write_key(&key, json_array_get(list, i)));
        QV_TRY(qv_text_set_add(&set->keys, qv_buf_str(&key.bytes), &ignored));
        if (key.bytes.length > set->longest)
            set->longest = key.bytes.length;
    }
    return QV_OK;
}

bool qv_value_set_is_empty(const struct qv_value_set *set)
{
    return qv_text_set_count(&set->keys) == 0;
}

static enum qv_status look_up(const struct qv_value_set *set, const json_t *value, struct key *key,
                              bool *ret_has)
{
    QV_TRY(write_key(key, value));
    *ret_has = !key->is_longer && qv_text_set_has(&set->keys, qv_buf_str(&key->bytes));
    return QV_OK;
}

enum qv_status qv_value_set_has(const struct qv_value_set *set, const json_t *value, bool *ret_has)
{
    QV_CLEANUP(key) struct key key = {.most = set->longest};
    return look_up(set, value, &key, ret_has);
}

enum qv_status qv_value_set_has_any(const struct qv_value_set *set, const json_t *list,
                                    bool *ret_has)
{
    QV_CLEANUP(key) struct key key = {.most = set->longest};
    bool has = false;
    for (size_t i = 0; i < json_array_size(list) && !has; i++)
        QV_TRY(look_up(set, json_array_get(list, i), &key, &has));
    *ret_has = has;
    return QV_OK;
}

void qv_value_set_free(struct qv_value_set *set)
{
    if (set != NULL)
        qv_text_set_free(&set->keys);
}

/*
 * A set of texts, on jansson's objects: their hash has a random seed, so nobody can choose texts
 * that all meet in one bucket.
 *
 * Holds always: adding and asking cost what the text is long, however many there are. What clients
 * send goes in here wherever their lists are looked through for duplicates. One thread at a time.
 */
#include <quiver/base/text_set.h>

/* jansson's functions want a key even where it is empty. */
static const char *key_of(struct qv_str text)
{
    return text.at != NULL ? text.at : "";
}

size_t qv_text_set_count(const struct qv_text_set *set)
{
    return json_object_size(set->places);
}

enum qv_status qv_text_set_add(struct qv_text_set *set, struct qv_str text, size_t *ret_place)
{
    if (set->places == NULL)
        set->places = json_object();
    size_t place = qv_text_set_count(set);
    const json_t *there = json_object_getn(set->places, key_of(text), text.length);
    if (there == NULL && json_object_setn_new_nocheck(set->places, key_of(text), text.length,
                                                      json_integer((json_int_t)place)) != 0)
        return QV_NO_MEMORY;
    *ret_place = there != NULL ? (size_t)json_integer_value(there) : place;
    return QV_OK;
}

bool qv_text_set_has(const struct qv_text_set *set, struct qv_str text)
{
    return json_object_getn(set->places, key_of(text), text.length) != NULL;
}

void qv_text_set_free(struct qv_text_set *set)
{
    if (set != NULL)
        qv_json_free(&set->places);
}

/*
 * How the entities of the view are built: their text is written into a buffer while places are
 * noted as offsets (a growing buffer moves), then copied behind the struct, where the places become
 * pointers. One block of memory per entity. Private to the domain; pure.
 */
#ifndef QUIVER_DOMAIN_ENTITY_BLOCK_H
#define QUIVER_DOMAIN_ENTITY_BLOCK_H

#include <quiver/domain/entity.h>

/** A place in the text while it is written. */
struct entity_place {
    size_t at, length;
};

/** What was appended since the text was `start` bytes long. */
struct entity_place entity_since(const struct qv_buf *text, size_t start);
struct entity_place entity_put_raw(struct qv_buf *text, struct qv_str s);
/** Writes a JSON string; the place is that of its content. QV_INVALID where the content had to be
 *  escaped, for then it does not stand there as it is. */
QV_MUST_CHECK enum qv_status entity_put_plain(struct qv_buf *text, struct qv_str s,
                                              struct entity_place *ret_place,
                                              struct qv_error *error);
/** createdAt, updatedAt, and the brace that ends the object. The place is that of the first time,
 *  which has nothing to escape. */
struct entity_place entity_put_times(struct qv_buf *text, const struct qv_envelope *envelope);
/** `key` comes with comma and colon; nothing is written for a missing or null value. The place is
 *  that of the value, empty where there is none. */
struct entity_place entity_put_member(struct qv_buf *text, const char *key, const json_t *value);
/** The document's metadata, where it is an object. */
struct entity_place entity_put_metadata(struct qv_buf *text, const json_t *doc);

/** Allocates the block: `size` bytes for the struct, behind them the text; one reference. */
QV_MUST_CHECK enum qv_status entity_block_new(size_t size, enum qv_kind kind,
                                              const struct qv_buf *text, struct entity_place id,
                                              void **ret_block, const char **ret_text);
/** The place in a block's text. */
struct qv_str entity_at(const char *text, struct entity_place place);

/** Read the documents of instances and CHAP services; the other kinds are in entity.c. */
QV_MUST_CHECK enum qv_status entity_read_instance(struct qv_str id,
                                                  const struct qv_envelope *envelope,
                                                  struct qv_entity_head **ret_entity,
                                                  struct qv_error *error);
QV_MUST_CHECK enum qv_status entity_read_chap(struct qv_str id, const struct qv_envelope *envelope,
                                              struct qv_entity_head **ret_entity,
                                              struct qv_error *error);

#endif

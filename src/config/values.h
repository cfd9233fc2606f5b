/*
 * From the text of a value to a member of the configuration. Private to the module.
 */
#ifndef QUIVER_CONFIG_VALUES_H
#define QUIVER_CONFIG_VALUES_H

#include "settings.h"

/** What is true of a kind whatever the setting. */
struct qv_kind {
    const char *name; /**< for messages and the reference: "size" */
    bool list;        /**< given as a YAML sequence; each item is converted by itself */
    bool plain;       /**< must not be quoted in YAML: a number or a flag */
};

const struct qv_kind *qv_kind_of(const struct qv_setting *setting);

/** Reads `text` (of a list: one item) into the member of `base` that `setting` names. `config`
 *  tells the folder that paths start from. QV_INVALID with what is wrong and what to do. */
QV_MUST_CHECK enum qv_status qv_value_convert(const struct qv_setting *setting, struct qv_str text,
                                              struct qv_config *config, void *base,
                                              struct qv_error *error);

/** Reads redis:// or unix://, and where there is a Redis of our own (`embedded`) that word. Faults
 *  never repeat the URL. */
QV_MUST_CHECK enum qv_status qv_value_redis(struct qv_str text, bool embedded,
                                            struct qv_config_redis *ret_redis,
                                            struct qv_error *error);

/** Is it an IPv4 or IPv6 address in numbers, or a DNS name? */
bool qv_value_is_host(struct qv_str text);
/** Is it what a Host header may have: name, IPv4, [IPv6], each with or without :port? */
bool qv_value_is_authority(struct qv_str text);
/** Is it a URL by which Quiver may be called: https or http, to any host? QV_INVALID with what is
 *  wrong. */
QV_MUST_CHECK enum qv_status qv_value_check_own_url(struct qv_str text, struct qv_error *error);

/** Appends a number as the setting's kind writes it: 262144 of a size is 256KiB. */
void qv_value_put_number(struct qv_buf *buf, const struct qv_setting *setting, uint64_t number);

/** Appends text from the file for a message: cut at 80 bytes, control characters replaced. */
void qv_value_quote(struct qv_buf *buf, struct qv_str text);

#endif

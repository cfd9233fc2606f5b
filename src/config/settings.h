/*
 * What can be set: one table from which quiver.yaml is read, its faults are worded and
 * docs/configuration.md is written. Private to the module. Immutable, so any thread.
 */
#ifndef QUIVER_CONFIG_SETTINGS_H
#define QUIVER_CONFIG_SETTINGS_H

#include <quiver/config/config.h>

enum qv_setting_kind {
    QV_KIND_NAME,       /**< letters, digits, hyphens, underscores -> char * */
    QV_KIND_CLOUD,      /**< four parts with dots between them -> char * */
    QV_KIND_ADDRESS,    /**< numeric IPv4 or IPv6 -> char * */
    QV_KIND_PATH,       /**< made absolute or relative to the working folder -> char * */
    QV_KIND_PATHS,      /**< list -> struct qv_strings */
    QV_KIND_TEXTS,      /**< list -> struct qv_strings */
    QV_KIND_FLAG,       /**< true or false -> bool */
    QV_KIND_CHOICE,     /**< one of `choices` -> an enum */
    QV_KIND_CHOICES,    /**< list of `choices` -> bits in an unsigned */
    QV_KIND_COUNT,      /**< min to max -> an unsigned integer of `size` bytes */
    QV_KIND_SIZE,       /**< min to max bytes -> an unsigned integer of `size` bytes */
    QV_KIND_DURATION,   /**< min to max milliseconds -> int64_t */
    QV_KIND_HOST,       /**< numeric address or DNS name -> char * */
    QV_KIND_HOSTS,      /**< list of hosts as a Host header has them -> struct qv_strings */
    QV_KIND_URL,        /**< https://, or http:// to this machine itself -> char * */
    QV_KIND_OWN_URL,    /**< by which Quiver is called: https:// or http:// -> char * */
    QV_KIND_TLS_LIST,   /**< OpenSSL's words with colons between them -> char * */
    QV_KIND_REDIS,      /**< one of `choices` or a URL -> struct qv_config_redis */
    QV_KIND_GLOBS,      /**< list of names and patterns of names -> struct qv_strings */
    QV_KIND_LISTENERS,  /**< list of mappings, each read by qv_listener_settings */
    QV_KIND_IDENTITIES, /**< the same, by qv_identity_settings -> qv_config_identity_limits */
    QV_KIND_COUNT_OF_KINDS,
};

struct qv_choice {
    const char *word; /**< NULL ends the list */
    unsigned value;
    bool later; /**< known, but this version cannot honour it: refused by name */
};

struct qv_setting {
    const char *path; /**< "store.timeout" */
    enum qv_setting_kind kind;
    size_t offset, size; /**< of the member in the struct that the table is of */
    uint64_t min, max;
    const struct qv_choice *choices;
    const char *fallback; /**< the default as it would be written, lists with commas; or NULL */
    bool required;        /**< must be given */
    bool later;           /**< known, but this version cannot honour it: refused by name */
    bool reloadable;      /**< takes effect without a restart */
    const char *doc;
};

struct qv_settings {
    const struct qv_setting *at;
    size_t count;
};

#define QV_SETTINGS_MAX 96 /**< no table is longer */

extern const struct qv_settings qv_config_settings;   /**< of struct qv_config */
extern const struct qv_settings qv_listener_settings; /**< of struct qv_config_listener */
extern const struct qv_settings qv_identity_settings; /**< of struct qv_config_identity_limit */

/** The row for `path`, the count of rows where there is none. */
size_t qv_settings_find(const struct qv_settings *settings, struct qv_str path);
/** Do settings lie below `path`? */
bool qv_settings_is_group(const struct qv_settings *settings, struct qv_str path);
/** Appends the keys that may stand directly below `above` ("store."), with commas. */
void qv_settings_put_known(struct qv_buf *buf, const struct qv_settings *settings,
                           struct qv_str above);

#endif

/*
 * What a change of the file means to whoever runs by it: which settings differ, and what is in
 * force when those that can have been taken over.
 *
 * Holds always: the table of settings alone decides; a setting that is added to it is compared
 * without a word here, unless it brings a kind of its own. Pure; any thread.
 */
#include "load.h"
#include <string.h>

static const void *member(const struct qv_setting *setting, const void *base)
{
    return (const char *)base + setting->offset;
}

/* ---- one setting ----------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_pointed_text(const struct qv_setting *setting, const void *a, const void *b)
{
    const char *const *one = member(setting, a), *const *other = member(setting, b);
    return same_text(*one, *other);
}

static bool same_list(const struct qv_setting *setting, const void *a, const void *b)
{
    const struct qv_strings *one = member(setting, a), *other = member(setting, b);
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = same_text(one->at[i], other->at[i]);
    return same;
}

static bool same_bytes(const struct qv_setting *setting, const void *a, const void *b)
{
    return memcmp(member(setting, a), member(setting, b), setting->size) == 0;
}

static bool same_redis(const struct qv_setting *setting, const void *a, const void *b)
{
    const struct qv_config_redis *one = member(setting, a), *other = member(setting, b);
    return one->kind == other->kind && one->port == other->port &&
           one->database == other->database && same_text(one->host, other->host) &&
           same_text(one->path, other->path) && same_text(one->username, other->username) &&
           same_text(one->password, other->password);
}

static bool same_listeners(const struct qv_setting *setting, const void *a, const void *b);
static bool same_identities(const struct qv_setting *setting, const void *a, const void *b);

static bool (*const comparisons[QV_KIND_COUNT_OF_KINDS])(const struct qv_setting *setting,
                                                         const void *a, const void *b) = {
    [QV_KIND_NAME] = same_pointed_text,
    [QV_KIND_CLOUD] = same_pointed_text,
    [QV_KIND_ADDRESS] = same_pointed_text,
    [QV_KIND_PATH] = same_pointed_text,
    [QV_KIND_PATHS] = same_list,
    [QV_KIND_TEXTS] = same_list,
    [QV_KIND_FLAG] = same_bytes,
    [QV_KIND_CHOICE] = same_bytes,
    [QV_KIND_CHOICES] = same_bytes,
    [QV_KIND_COUNT] = same_bytes,
    [QV_KIND_SIZE] = same_bytes,
    [QV_KIND_DURATION] = same_bytes,
    [QV_KIND_HOST] = same_pointed_text,
    [QV_KIND_HOSTS] = same_list,
    [QV_KIND_URL] = same_pointed_text,
    [QV_KIND_OWN_URL] = same_pointed_text,
    [QV_KIND_TLS_LIST] = same_pointed_text,
    [QV_KIND_REDIS] = same_redis,
    [QV_KIND_GLOBS] = same_list,
    [QV_KIND_LISTENERS] = same_listeners,
    [QV_KIND_IDENTITIES] = same_identities,
};

static bool is_same(const struct qv_setting *setting, const void *a, const void *b)
{
    return comparisons[setting->kind](setting, a, b);
}

static bool same_listeners(const struct qv_setting *setting, const void *a, const void *b)
{
    (void)setting;
    const struct qv_config *one = a, *other = b;
    bool same = one->listener_count == other->listener_count;
    for (size_t i = 0; same && i < one->listener_count; i++)
        for (size_t row = 0; same && row < qv_listener_settings.count; row++)
            same = is_same(&qv_listener_settings.at[row], &one->listeners[i], &other->listeners[i]);
    return same;
}

static bool same_identities(const struct qv_setting *setting, const void *a, const void *b)
{
    const struct qv_config_identity_limits *one = member(setting, a), *other = member(setting, b);
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        for (size_t row = 0; same && row < qv_identity_settings.count; row++)
            same = is_same(&qv_identity_settings.at[row], &one->at[i], &other->at[i]);
    return same;
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum qv_status qv_config_compare(const struct qv_config *before, const struct qv_config *after,
                                 struct qv_strings *ret_reloadable, struct qv_strings *ret_fixed)
{
    for (size_t i = 0; i < qv_config_settings.count; i++) {
        const struct qv_setting *setting = &qv_config_settings.at[i];
        if (setting->later || is_same(setting, before, after))
            continue;
        QV_TRY(qv_strings_add(setting->reloadable ? ret_reloadable : ret_fixed,
                              qv_str_from(setting->path)));
    }
    return QV_OK;
}

enum qv_status qv_config_overlay(const struct qv_config *running, const struct qv_config *file,
                                 struct qv_config *ret_view, struct qv_strings *faults)
{
    struct qv_config view = *running;
    for (size_t i = 0; i < qv_config_settings.count; i++) {
        const struct qv_setting *setting = &qv_config_settings.at[i];
        if (setting->reloadable)
            memcpy((char *)&view + setting->offset, member(setting, file), setting->size);
    }
    struct qv_load load = {.config = &view, .faults = faults};
    qv_check_config(&load);
    if (load.out_of_memory)
        return QV_NO_MEMORY;
    if (load.found > 0)
        return QV_INVALID;
    *ret_view = view;
    return QV_OK;
}

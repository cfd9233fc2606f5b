/*
 * Loading a configuration: read, walk, check, and hand out only what is good.
 *
 * Holds always: a struct qv_config that was given out passed every check; one that did not is
 * freed here, its passwords overwritten. One thread while loading, any afterwards.
 */
#include "load.h"
#include "values.h"
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>

#define FILE_SIZE_MAX ((size_t)256 * 1024)

/* An empty configuration that knows its file. */
static struct qv_config *config_of_file(const char *path)
{
    QV_CLEANUP(qv_config) struct qv_config *config = qv_alloc(sizeof(*config));
    if (config == NULL)
        return NULL;
    config->file = qv_strdup(path);
    config->directory = qv_path_directory(path);
    if (config->file == NULL || config->directory == NULL)
        return NULL;
    struct qv_config *made = config;
    config = NULL;
    return made;
}

enum qv_status qv_config_parse(const char *path, struct qv_str text, struct qv_config **ret_config,
                               struct qv_strings *faults)
{
    QV_CLEANUP(qv_config) struct qv_config *config = config_of_file(path);
    if (config == NULL)
        return QV_NO_MEMORY;
    struct qv_load load = {.config = config, .faults = faults};
    qv_load_yaml(&load, text);
    config->chap.mirrors = config->chap.mirror.kind != QV_REDIS_EMBEDDED; /* which it cannot be */
    if (load.found == 0 && !load.out_of_memory)
        qv_check_config(&load);
    if (load.out_of_memory)
        return QV_NO_MEMORY;
    if (load.found > 0)
        return QV_INVALID;
    *ret_config = config;
    config = NULL;
    return QV_OK;
}

enum qv_status qv_config_load(const char *path, struct qv_config **ret_config,
                              struct qv_strings *faults)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    enum qv_status status = qv_file_read(path, FILE_SIZE_MAX, &text, &error);
    if (status == QV_OK) {
        status = qv_config_parse(path, qv_buf_str(&text), ret_config, faults);
    } else if (status != QV_NO_MEMORY) {
        status = QV_INVALID;
        if (qv_strings_add(faults, qv_str_from(qv_error_message(&error))) != QV_OK)
            status = QV_NO_MEMORY;
    }
    /* A Redis password may stand in it. */
    qv_memory_wipe(text.at, text.length);
    return status;
}

/* As a file that says nothing of it has it. */
static enum qv_status use_default(struct qv_config *config, struct qv_str path)
{
    const struct qv_setting *setting =
        &qv_config_settings.at[qv_settings_find(&qv_config_settings, path)];
    return qv_value_convert(setting, qv_str_from(setting->fallback), config, config, NULL);
}

enum qv_status qv_config_data_directory(const char *path, char **ret_directory,
                                        struct qv_error *error)
{
    QV_CLEANUP(qv_config) struct qv_config *config = config_of_file(path);
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0};
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    if (config == NULL)
        return QV_NO_MEMORY;
    struct qv_load load = {.config = config, .faults = &faults};
    enum qv_status status = qv_file_read(path, FILE_SIZE_MAX, &text, error);
    if (status == QV_OK)
        qv_load_yaml(&load, qv_buf_str(&text));
    qv_memory_wipe(text.at, text.length);
    if (status != QV_OK)
        return status == QV_NO_MEMORY ? status : QV_INVALID;
    if (config->store.data_directory == NULL)
        QV_TRY(use_default(config, QV_STR("store.data_directory")));
    *ret_directory = config->store.data_directory;
    config->store.data_directory = NULL;
    return QV_OK;
}

bool qv_config_serves(const struct qv_config *config, enum qv_serve what)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if ((config->listeners[i].serve & (unsigned)what) != 0)
            return true;
    return false;
}

static void free_listeners(struct qv_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        qv_free(config->listeners[i].name);
        qv_free(config->listeners[i].address);
    }
    qv_free(config->listeners);
}

static void free_identity_limits(struct qv_config *config)
{
    for (size_t i = 0; i < config->limits.identities.count; i++)
        qv_strings_free(&config->limits.identities.at[i].systems);
    qv_free(config->limits.identities.at);
}

static void free_redis(struct qv_config_redis *redis)
{
    if (redis->password != NULL)
        qv_memory_wipe(redis->password, strlen(redis->password));
    qv_free(redis->password);
    qv_free(redis->username);
    qv_free(redis->host);
    qv_free(redis->path);
}

static void free_store(struct qv_config *config)
{
    free_redis(&config->store.at);
    qv_free(config->store.data_directory);
}

static void free_chap(struct qv_config *config)
{
    qv_free(config->chap.keys.env);
    qv_free(config->chap.keys.file);
    qv_free(config->chap.public_url);
    qv_strings_free(&config->chap.hosts);
    qv_free(config->chap.definition);
    free_redis(&config->chap.mirror);
}

static void free_identity(struct qv_config *config)
{
    qv_free(config->identity.authentication_system.url);
    qv_free(config->identity.authentication_system.ca);
    qv_free(config->identity.authentication_system.secrets_file);
    qv_strings_free(&config->identity.blacklist.exempt);
    qv_free(config->identity.blacklist.url);
    qv_free(config->identity.blacklist.ca);
}

void qv_config_free(struct qv_config **config)
{
    if (config == NULL || *config == NULL)
        return;
    struct qv_config *freed = *config;
    *config = NULL;
    free_listeners(freed);
    free_identity_limits(freed);
    free_store(freed);
    qv_free(freed->cloud.name);
    qv_free(freed->tls.certificate);
    qv_free(freed->tls.private_key);
    qv_free(freed->tls.private_key_password_file);
    qv_free(freed->tls.keystore);
    qv_free(freed->tls.keystore_password_file);
    qv_free(freed->tls.ciphers);
    qv_free(freed->tls.cipher_suites);
    qv_free(freed->tls.groups);
    qv_strings_free(&freed->tls.trust);
    qv_strings_free(&freed->tls.crl);
    qv_free(freed->authorization.policy);
    qv_free(freed->audit.file);
    qv_strings_free(&freed->registry.address_alias);
    qv_strings_free(&freed->registry.direct_access);
    qv_free(freed->registry.advertise.address);
    free_identity(freed);
    free_chap(freed);
    qv_free(freed->directory);
    qv_free(freed->file);
    qv_free(freed);
}

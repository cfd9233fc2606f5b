// links: config
/*
 * A configuration of any bytes: it is taken, or there is at least one fault, each one line that
 * begins with the file; what is taken holds what the header promises.
 */
#include <quiver/base/memory.h>
#include <quiver/config/config.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_faults(const struct qv_strings *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct qv_str fault = qv_str_from(faults->at[i]);
        MUST(qv_str_starts_with(fault, QV_STR("etc/q.yaml:")));
        for (size_t k = 0; k < fault.length; k++)
            MUST((unsigned char)fault.at[k] >= ' ');
    }
}

static void check_config(const struct qv_config *config)
{
    MUST(config->listener_count > 0);
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct qv_config_listener *listener = &config->listeners[i];
        MUST(listener->name != NULL && listener->address != NULL && listener->serve != 0);
        MUST(listener->tls != QV_TLS_OFF ||
             listener->authentication != QV_AUTHENTICATION_CERTIFICATE);
        MUST(listener->tls != QV_TLS_MUTUAL || config->tls.trust.count > 0);
        MUST(listener->tls == QV_TLS_OFF || config->tls.private_key != NULL);
        MUST(listener->tls != QV_TLS_OFF || config->listener_count > 1 ||
             config->cloud.name != NULL);
    }
    MUST(config->store.data_directory != NULL);
    MUST(config->store.at.kind != QV_REDIS_TCP || config->store.at.host != NULL);
    MUST(config->limits.json_depth >= 8 && config->limits.json_depth <= 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str text = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_config) struct qv_config *config = NULL, *other = NULL;
    QV_CLEANUP(qv_strings) struct qv_strings faults = {0}, ignored = {0};
    enum qv_status status = qv_config_parse("etc/q.yaml", text, &config, &faults);
    MUST(status == QV_OK || status == QV_INVALID);
    MUST((status == QV_OK) == (config != NULL) && (status == QV_OK) == (faults.count == 0));
    check_faults(&faults);
    if (config != NULL)
        check_config(config);
    qv_memory_fail_at(1 + size % 61);
    enum qv_status again = qv_config_parse("etc/q.yaml", text, &other, &ignored);
    qv_memory_fail_at(0);
    MUST(again == status || again == QV_NO_MEMORY);
    return 0;
}

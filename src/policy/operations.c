/*
 * The operations: one table for policies, logs, the audit trail and `quiver policy operations`.
 * What is no change has no object: the policy decides about it as a whole, and what a lookup shows
 * is decided by `visible`. Static; any thread.
 */
#include "rules.h"

#include <quiver/base/yaml.h>

/* Words for those who ask for what is another's: the reference's, or in its manner. */
#define OTHERS(words, reference)                                                                   \
    .has_object = true, .not_owner = (words), .not_owner_reference = (reference)
#define CHANGE .has_object = true

const struct operation operations[QV_OP_COUNT] = {
    [QV_OP_SERVICE_REGISTER] = {"service.register", .about = "register a service instance",
                                OTHERS("Registering other systems' service is forbidden", false)},
    [QV_OP_SERVICE_LOOKUP] = {"service.lookup", .about = "look service instances up"},
    [QV_OP_SERVICE_REVOKE] = {"service.revoke", .about = "revoke a service instance",
                              OTHERS("Revoking other systems' service is forbidden", true)},
    [QV_OP_SYSTEM_REGISTER] = {"system.register", .about = "register a system",
                               OTHERS("Registering other systems is forbidden", false)},
    [QV_OP_SYSTEM_LOOKUP] = {"system.lookup", .about = "look systems up"},
    [QV_OP_SYSTEM_REVOKE] = {"system.revoke", .about = "revoke a system",
                             OTHERS("Revoking other systems is forbidden", false)},
    [QV_OP_DEVICE_REGISTER] = {"device.register", .about = "register a device", CHANGE},
    [QV_OP_DEVICE_LOOKUP] = {"device.lookup", .about = "look devices up"},
    [QV_OP_DEVICE_REVOKE] = {"device.revoke", .about = "revoke a device", CHANGE},
    [QV_OP_MONITOR_ECHO] = {"monitor.echo", .about = "ask whether the registry answers"},
    [QV_OP_MANAGEMENT_ACCESS] = {"management.access",
                                 .about = "ask for anything below a /mgmt/ path",
                                 .refused = "Requester has no management permission"},
    [QV_OP_CHAP_REGISTER] = {"chap.register", .about = "register a CHAP service",
                             OTHERS("Registering other systems' CHAP service is forbidden", false)},
    [QV_OP_CHAP_PING] = {"chap.ping", .about = "keep a CHAP service alive",
                         OTHERS("Pinging other systems' CHAP service is forbidden", false)},
    [QV_OP_CHAP_LIST] = {"chap.list", .about = "list CHAP services"},
    [QV_OP_CHAP_GET] = {"chap.get", .about = "read a CHAP service"},
    [QV_OP_CHAP_DELETE] = {"chap.delete", .about = "delete a CHAP service",
                           OTHERS("Deleting other systems' CHAP service is forbidden", false)},
    [QV_OP_OPS_HEALTH] = {"ops.health", .about = "ask for liveness and readiness"},
    [QV_OP_OPS_OPENAPI] = {"ops.openapi", .about = "read the description of the endpoints"},
    [QV_OP_OPS_METRICS] = {"ops.metrics", .about = "read the metrics"},
};

const char *qv_operation_name(enum qv_operation operation)
{
    return operation < QV_OP_COUNT ? operations[operation].name : "unknown";
}

const char *qv_operation_about(enum qv_operation operation)
{
    return operation < QV_OP_COUNT ? operations[operation].about : "unknown";
}

bool qv_operation_has_object(enum qv_operation operation)
{
    return operation < QV_OP_COUNT && operations[operation].has_object;
}

enum qv_operation qv_operation_find(struct qv_str name)
{
    unsigned i = 0;
    while (i < QV_OP_COUNT && !qv_str_equal(name, qv_str_from(operations[i].name)))
        i++;
    return (enum qv_operation)i;
}

uint32_t operations_named(const struct qv_glob *pattern)
{
    uint32_t named = 0;
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        if (qv_glob_matches(pattern, qv_str_from(operations[i].name)))
            named |= UINT32_C(1) << i;
    return named;
}

void operations_suggest(struct qv_str pattern, struct qv_buf *buf)
{
    const char *names[QV_OP_COUNT];
    for (unsigned i = 0; i < QV_OP_COUNT; i++)
        names[i] = operations[i].name;
    qv_yaml_suggest(buf, pattern, names, QV_OP_COUNT);
}

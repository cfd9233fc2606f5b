/*
 * The operations by name: one table for policies, logs and the audit trail.
 */
#include <quiver/policy/policy.h>

static const char *const names[QV_OP_COUNT] = {
    [QV_OP_SERVICE_REGISTER] = "service.register",
    [QV_OP_SERVICE_LOOKUP] = "service.lookup",
    [QV_OP_SERVICE_REVOKE] = "service.revoke",
    [QV_OP_SYSTEM_REGISTER] = "system.register",
    [QV_OP_SYSTEM_LOOKUP] = "system.lookup",
    [QV_OP_SYSTEM_REVOKE] = "system.revoke",
    [QV_OP_DEVICE_REGISTER] = "device.register",
    [QV_OP_DEVICE_LOOKUP] = "device.lookup",
    [QV_OP_DEVICE_REVOKE] = "device.revoke",
    [QV_OP_MONITOR_ECHO] = "monitor.echo",
    [QV_OP_OPS_HEALTH] = "ops.health",
    [QV_OP_OPS_METRICS] = "ops.metrics",
    [QV_OP_OPS_OPENAPI] = "ops.openapi",
};

const char *qv_operation_name(enum qv_operation operation)
{
    return operation < QV_OP_COUNT ? names[operation] : "unknown";
}

/*
 * The names of the core systems and their services, one row for each release. Static; any thread.
 */
#include <quiver/domain/core_names.h>
#include <string.h>

static const struct qv_core_names rows[] = {
    {
        .dialect = "5.0",
        .operator_ = "sysop",
        .registry = "serviceregistry",
        .registry_version = "5.0.0",
        .services = {"service-discovery", "system-discovery", "device-discovery"},
        .http_template = "generic-http",
        .https_template = "generic-https",
        .unrestricted_key = "unrestricted-discovery",
        .public_key_key = "x509-public-key",
        .blacklist_system = "blacklist",
        .blacklist_service = "blacklist-discovery",
        .blacklist_operation = "check",
        .blacklisted_end = " system is blacklisted!",
        .blacklist_unavailable =
            "Blacklist system is not available, the system might be blacklisted.",
    },
    {
        .dialect = "5.2",
        .operator_ = "Sysop",
        .registry = "ServiceRegistry",
        .registry_version = "5.2.0",
        .services = {"serviceDiscovery", "systemDiscovery", "deviceDiscovery"},
        .http_template = "generic_http",
        .https_template = "generic_https",
        .unrestricted_key = "unrestrictedDiscovery",
        .public_key_key = "x509PublicKey",
        .identity_is_found_by_all = true,
        .blacklist_system = "Blacklist",
        .blacklist_service = "blacklistDiscovery",
        .blacklist_operation = "check",
        .blacklisted_end = " system is blacklisted",
        .blacklist_unavailable =
            "Blacklist system is not available, the system might be blacklisted",
    },
};

const struct qv_core_names *qv_core_names(const struct qv_dialect *dialect)
{
    size_t last = sizeof(rows) / sizeof(rows[0]) - 1;
    for (size_t i = 0; i < last; i++)
        if (strcmp(rows[i].dialect, qv_dialect_name(dialect)) == 0)
            return &rows[i];
    return &rows[last];
}

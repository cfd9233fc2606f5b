/*
 * Which operation is where (spec/arrowhead-discovery 0.1; spec/chap-registration B1.1): the one
 * table of paths. Static.
 */
#include "operations.h"

#define DISCOVERY "/serviceregistry/service-discovery/"
#define SYSTEMS   "/serviceregistry/system-discovery/"
#define DEVICES   "/serviceregistry/device-discovery/"
#define CHAP      "/v2/services"

static const struct qv_route routes[] = {
    {"POST", DISCOVERY "register", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_SERVICE_REGISTER, service_register, NULL},
    {"POST", DISCOVERY "lookup", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_SERVICE_LOOKUP, service_lookup, NULL},
    {"DELETE", DISCOVERY "revoke/", true, QV_SERVE_ARROWHEAD, "DELETE", "DELETE,OPTIONS",
     QV_OP_SERVICE_REVOKE, service_revoke, NULL},
    {"POST", SYSTEMS "register", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_SYSTEM_REGISTER, system_register, NULL},
    {"POST", SYSTEMS "lookup", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_SYSTEM_LOOKUP, system_lookup, NULL},
    {"DELETE", SYSTEMS "revoke", false, QV_SERVE_ARROWHEAD, "DELETE", "DELETE,OPTIONS",
     QV_OP_SYSTEM_REVOKE, system_revoke, NULL},
    {"POST", DEVICES "register", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_DEVICE_REGISTER, device_register, NULL},
    {"POST", DEVICES "lookup", false, QV_SERVE_ARROWHEAD, "POST", "POST,OPTIONS",
     QV_OP_DEVICE_LOOKUP, device_lookup, NULL},
    {"DELETE", DEVICES "revoke/", true, QV_SERVE_ARROWHEAD, "DELETE", "DELETE,OPTIONS",
     QV_OP_DEVICE_REVOKE, device_revoke, NULL},
    {"GET", "/serviceregistry/monitor/echo", false, QV_SERVE_ARROWHEAD, "GET", "GET,HEAD,OPTIONS",
     QV_OP_MONITOR_ECHO, monitor_echo, NULL},
    {"POST", CHAP "/$register", false, QV_SERVE_CHAP, "POST", NULL, QV_OP_CHAP_REGISTER,
     chap_register, NULL},
    {"PUT", CHAP "/", true, QV_SERVE_CHAP, "PUT", NULL, QV_OP_CHAP_PING, chap_ping, "/$ping"},
    {"GET", CHAP, false, QV_SERVE_CHAP, "GET, HEAD", NULL, QV_OP_CHAP_LIST, chap_list, NULL},
    {"GET", CHAP "/", true, QV_SERVE_CHAP, "GET, HEAD, DELETE", NULL, QV_OP_CHAP_GET, chap_get,
     NULL},
    {"DELETE", CHAP "/", true, QV_SERVE_CHAP, "GET, HEAD, DELETE", NULL, QV_OP_CHAP_DELETE,
     chap_delete, NULL},
    {"GET", "/health/live", false, QV_SERVE_OPS, "GET, HEAD", "GET,HEAD,OPTIONS", QV_OP_OPS_HEALTH,
     ops_live, NULL},
    {"GET", "/health/ready", false, QV_SERVE_OPS, "GET, HEAD", "GET,HEAD,OPTIONS", QV_OP_OPS_HEALTH,
     ops_ready, NULL},
    {"GET", "/metrics", false, QV_SERVE_OPS, "GET, HEAD", "GET,HEAD,OPTIONS", QV_OP_OPS_METRICS,
     ops_metrics, NULL},
    {"GET", "/openapi.json", false, QV_SERVE_OPS, "GET, HEAD", "GET,HEAD,OPTIONS",
     QV_OP_OPS_OPENAPI, ops_openapi, NULL},
    {.method = NULL},
};

const struct qv_route *qv_api_routes(void)
{
    return routes;
}

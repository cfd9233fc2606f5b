/* The handlers behind the table of routes; one file per offered service has them. */
#ifndef QUIVER_API_OPERATIONS_H
#define QUIVER_API_OPERATIONS_H

#include <quiver/api/api.h>

typedef enum qv_status operation_handler(const struct qv_call *call, struct qv_job **ret_job,
                                         struct qv_error *error);

operation_handler service_register, service_lookup, service_revoke;
operation_handler system_register, system_lookup, system_revoke;
operation_handler device_register, device_lookup, device_revoke;
operation_handler chap_register, chap_ping, chap_list, chap_get, chap_delete;
operation_handler monitor_echo;
operation_handler ops_live, ops_ready, ops_metrics, ops_openapi;

#endif

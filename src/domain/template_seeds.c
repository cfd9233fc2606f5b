/*
 * The seeded interface templates (spec/arrowhead-discovery 3.7). Properties stand in the order in
 * which the reference checks them; `place` is where an answer shows them, operations before the
 * base path, as the user's document does.
 */
#include "template_seeds.h"
#include <stddef.h>

#define ENDPOINT                                                                                   \
    "{\"name\":\"accessAddresses\",\"mandatory\":true,"                                            \
    "\"validator\":\"NOT_EMPTY_ADDRESS_LIST\"},"                                                   \
    "{\"name\":\"accessPort\",\"mandatory\":true,\"validator\":\"PORT\"},"

#define HTTP_PROPERTIES                                                                            \
    "[" ENDPOINT "{\"name\":\"basePath\",\"mandatory\":true,\"place\":3},"                         \
    "{\"name\":\"operations\",\"mandatory\":false,\"validator\":\"HTTP_OPERATIONS\","              \
    "\"place\":2}]"

#define MQTT_PROPERTIES(set)                                                                       \
    "[" ENDPOINT "{\"name\":\"baseTopic\",\"mandatory\":true,\"place\":3},"                        \
    "{\"name\":\"operations\",\"mandatory\":true,\"validator\":\"" set "\",\"place\":2}]"

#define TEMPLATE(name, protocol, properties)                                                       \
    "{\"name\":\"" name "\",\"protocol\":\"" protocol "\",\"properties\":" properties "}"

#define SET_5_0 "NOT_EMPTY_STRING_SET|NAME"
#define SET_5_2 "NOT_EMPTY_STRING_SET|OPERATION"

const char *const qv_template_seeds_5_0[] = {
    TEMPLATE("generic-http", "http", HTTP_PROPERTIES),
    TEMPLATE("generic-https", "https", HTTP_PROPERTIES),
    TEMPLATE("generic-mqtt", "tcp", MQTT_PROPERTIES(SET_5_0)),
    TEMPLATE("generic-mqtts", "ssl", MQTT_PROPERTIES(SET_5_0)),
    NULL,
};

const char *const qv_template_seeds_5_2[] = {
    TEMPLATE("generic_http", "http", HTTP_PROPERTIES),
    TEMPLATE("generic_https", "https", HTTP_PROPERTIES),
    TEMPLATE("generic_mqtt", "tcp", MQTT_PROPERTIES(SET_5_2)),
    TEMPLATE("generic_mqtts", "ssl", MQTT_PROPERTIES(SET_5_2)),
    NULL,
};

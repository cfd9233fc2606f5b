/*
 * Envelopes and changes as the store's scripts write them, for tests of the view.
 */
#ifndef QUIVER_TESTS_VIEW_FIXTURE_H
#define QUIVER_TESTS_VIEW_FIXTURE_H

#include <quiver/registry/registry.h>
#include <stdio.h>

#define ENVELOPE(doc)                                                                              \
    "{\"v\":1,\"rev\":7,\"created\":\"2026-01-02T03:04:05Z\",\"updated\":\"2026-01-02T03:04:"      \
    "06Z\","                                                                                       \
    "\"by\":{\"system\":\"x\"},\"doc\":" doc "}"
#define TIMES "\"createdAt\":\"2026-01-02T03:04:05Z\",\"updatedAt\":\"2026-01-02T03:04:06Z\""

#define DEVICE_DOC(name)                                                                           \
    ENVELOPE("{\"name\":\"" name "\",\"metadata\":{\"max\":310},\"addresses\":[{\"type\":\"MAC\"," \
             "\"address\":\"81:ef:1a:44:7a:f5\"}]}")
#define SYSTEM_DOC(name, device_member)                                                            \
    ENVELOPE("{\"name\":\"" name "\",\"version\":\"1.0.0\",\"addresses\":[{\"type\":\"IPV4\","     \
             "\"address\":\"10.0.0.1\"}]" device_member "}")
#define DEFINITION_DOC(name) ENVELOPE("{\"name\":\"" name "\"}")
#define INTERFACE(template_, policy, properties)                                                   \
    "{\"templateName\":\"" template_ "\",\"protocol\":\"http\",\"policy\":\"" policy               \
    "\",\"properties\":" properties "}"
#define INSTANCE_DOC(provider, definition, version, more, interfaces)                              \
    ENVELOPE("{\"instanceId\":\"" provider "::" definition "::" version                            \
             "\",\"provider\":\"" provider "\",\"serviceDefinition\":\"" definition                \
             "\",\"version\":\"" version "\"" more ",\"interfaces\":[" interfaces "]}")
#define HTTP INTERFACE("generic-http", "NONE", "{\"accessPort\":80}")

#define PUT(kind_, id_, envelope_)                                                                 \
    (struct qv_effect)                                                                             \
    {                                                                                              \
        .kind = (kind_), .id = qv_str_from(id_), .envelope = qv_str_from(envelope_)                \
    }
#define REMOVE(kind_, id_)                                                                         \
    (struct qv_effect)                                                                             \
    {                                                                                              \
        .kind = (kind_), .id = qv_str_from(id_)                                                    \
    }

/** Applies the listed effects as one change; gives the status. */
#define APPLY(view, ...)                                                                           \
    qv_view_apply((view), (const struct qv_effect[]){__VA_ARGS__},                                 \
                  sizeof((const struct qv_effect[]){__VA_ARGS__}) / sizeof(struct qv_effect),      \
                  NULL)

#endif

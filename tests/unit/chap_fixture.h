/*
 * CHAP services as the store's scripts write them, and a registry whose time stands where a test
 * puts it, for tests of their entities, leases and bridge.
 */
#ifndef QUIVER_TESTS_CHAP_FIXTURE_H
#define QUIVER_TESTS_CHAP_FIXTURE_H

#include "view_fixture.h"

#define CHAP_ENVELOPE(by, doc)                                                                     \
    "{\"v\":1,\"rev\":7,\"created\":\"2026-01-31T12:00:00.123456Z\","                              \
    "\"updated\":\"2026-01-31T12:00:09Z\",\"by\":" by ",\"doc\":" doc "}"
#define CHAP_INFO(id, version, more)                                                               \
    "{\"id\":\"" id "\",\"display_name\":\"Malaria\",\"version\":\"" version                       \
    "\",\"description\":null,\"model_metadata\":{\"author\":\"A\",\"author_note\":null},"          \
    "\"period_type\":\"weekly\",\"required_covariates\":[]" more "}"
#define CHAP_DOC(id, url, version, more)                                                           \
    CHAP_ENVELOPE("{}", "{\"id\":\"" id "\",\"url\":\"" url                                        \
                        "\",\"info\":" CHAP_INFO(id, version, more) "}")

/** A service with a lease that ends at `second` of registry time. */
#define PUT_LEASED(id_, envelope_, second)                                                         \
    (struct qv_effect)                                                                             \
    {                                                                                              \
        .kind = QV_KIND_CHAP, .id = qv_str_from(id_), .envelope = qv_str_from(envelope_),          \
        .renews = true, .lease_us = (second)*1000000LL                                             \
    }
#define RENEW(id_, second)                                                                         \
    (struct qv_effect)                                                                             \
    {                                                                                              \
        .kind = QV_KIND_CHAP, .id = qv_str_from(id_), .renews = true,                              \
        .lease_us = (second)*1000000LL                                                             \
    }

/** Registry time stands at `second`: a moment that is still to come adds nothing to it. */
static inline void fixture_set_clock(struct qv_registry *registry, int64_t second,
                                     int64_t offset_seconds)
{
    qv_registry_set_clock(registry, second * 1000000, offset_seconds * 1000000,
                          (struct qv_mono){.us = INT64_MAX});
}

#endif

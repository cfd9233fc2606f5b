// links: domain
/*
 * Any text as an address: its canonical form is a fixed point, its type does not depend on how it
 * is written, and what may be registered holds no byte that does not belong into an address.
 */
#include <quiver/domain/address.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_bytes(struct qv_str address)
{
    for (size_t i = 0; i < address.length; i++) {
        char c = address.at[i];
        MUST((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-');
    }
}

static void check_size(enum qv_address_type type, struct qv_str address)
{
    switch (type) {
    case QV_ADDRESS_HOSTNAME: MUST(address.length >= 1 && address.length <= 253); return;
    case QV_ADDRESS_IPV4: MUST(address.length >= 7 && address.length <= 15); return;
    case QV_ADDRESS_IPV6: MUST(address.length == 39); return;
    case QV_ADDRESS_MAC: MUST(address.length == 17); return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qv_str raw = {.at = (const char *)data, .length = size};
    QV_CLEANUP(qv_buf) struct qv_buf once = {0}, twice = {0};
    qv_address_normalize(raw, &once);
    struct qv_str address = qv_buf_str(&once);
    qv_address_normalize(address, &twice);
    MUST(qv_str_equal(address, qv_buf_str(&twice)));
    enum qv_address_type type = qv_address_detect(address);
    MUST(qv_address_detect(raw) == type);

    const struct qv_dialect *dialect =
        qv_dialect_get(size % 2 == 0 ? QV_DIALECT_5_0 : QV_DIALECT_5_2);
    const struct qv_rules strict = {.dialect = dialect};
    const struct qv_rules loose = {
        .dialect = dialect, .self_addressing = true, .non_routable_addressing = true};
    enum qv_status status = qv_address_check(&loose, type, address, NULL);
    MUST(status == QV_OK || qv_address_check(&strict, type, address, NULL) == QV_INVALID);
    if (status == QV_OK) {
        check_bytes(address);
        check_size(type, address);
    }
    return 0;
}

/*
 * The entries of a CRL as packed, sorted records of 22 bytes. Pure; any thread.
 */
#include "crl_parts.h"

#include <quiver/base/memory.h>
#include <stdlib.h>
#include <string.h>

/** What is known of extensions of entries (RFC 5280 5.3), by the last octet of 2.5.29.x. */
enum entry_extension {
    REASON_CODE = 21,
    HOLD_INSTRUCTION = 23,
    INVALIDITY_DATE = 24,
    CERTIFICATE_ISSUER = 29
};

static bool read_extension(struct qv_str *rest, unsigned char *ret_reason, struct qv_error *error)
{
    struct qv_str extension, oid, critical = {0}, value, reason;
    if (!qv_der_next(rest, QV_DER_SEQUENCE, NULL, &extension) ||
        !qv_der_next(&extension, QV_DER_OID, NULL, &oid))
        return false;
    (void)qv_der_next(&extension, QV_DER_BOOLEAN, NULL, &critical);
    if (!qv_der_next(&extension, QV_DER_OCTET_STRING, NULL, &value) || extension.length > 0)
        return false;
    bool standard = oid.length == 3 && oid.at[0] == 0x55 && oid.at[1] == 0x1d;
    switch (standard ? oid.at[2] : 0) {
    case REASON_CODE:
        if (!qv_der_next(&value, QV_DER_ENUMERATED, NULL, &reason) || reason.length != 1)
            return false;
        *ret_reason = (unsigned char)reason.at[0];
        return true;
    case HOLD_INSTRUCTION:
    case INVALIDITY_DATE: return true;
    case CERTIFICATE_ISSUER:
        (void)qv_error_set(error, QV_INVALID, "it is an indirect CRL, which is not supported");
        return false;
    default:
        if (critical.length == 1 && critical.at[0] != 0)
            (void)qv_error_set(error, QV_INVALID,
                               "an entry has a critical extension that is not known");
        return critical.length != 1 || critical.at[0] == 0;
    }
}

/** One entry. False: malformed, or `error` says more. */
static bool read_entry(struct qv_str *rest, struct qv_serial *serial, struct qv_error *error)
{
    struct qv_str entry, number, extensions = {0};
    if (!qv_der_next(rest, QV_DER_SEQUENCE, NULL, &entry) ||
        !qv_der_next(&entry, QV_DER_INTEGER, NULL, &number) || number.length == 0)
        return false;
    /* A padded number would sort elsewhere than the certificate's and never be found. */
    unsigned char first = (unsigned char)number.at[0];
    if (number.length > 1 && ((first == 0 && (number.at[1] & 0x80) == 0) ||
                              (first == 0xff && (number.at[1] & 0x80) != 0)))
        return false;
    if (!qv_der_next(&entry, QV_DER_UTC_TIME, NULL, NULL) &&
        !qv_der_next(&entry, QV_DER_GENERALIZED_TIME, NULL, NULL))
        return false;
    if (qv_serial_of(number, serial) != QV_OK)
        return false;
    (void)qv_der_next(&entry, QV_DER_SEQUENCE, NULL, &extensions);
    if (entry.length > 0)
        return false;
    while (extensions.length > 0)
        if (!read_extension(&extensions, &serial->reason, error))
            return false;
    return true;
}

static size_t count_entries(struct qv_str revoked)
{
    size_t count = 0;
    while (qv_der_next(&revoked, QV_DER_SEQUENCE, NULL, NULL))
        count++;
    return count;
}

static bool is_sorted(const struct qv_serial *serials, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (qv_serial_compare(&serials[i - 1], &serials[i]) > 0)
            return false;
    return true;
}

enum qv_status qv_crl_serials_read(struct qv_str revoked, struct qv_serial **ret_serials,
                                   size_t *ret_count, struct qv_error *error)
{
    size_t count = count_entries(revoked);
    struct qv_serial *serials = qv_alloc_array(count > 0 ? count : 1, sizeof(*serials));
    if (serials == NULL)
        return QV_NO_MEMORY;
    QV_CLEANUP(qv_error) struct qv_error why = {0};
    bool readable = true;
    for (size_t i = 0; i < count && readable; i++)
        readable = read_entry(&revoked, &serials[i], &why);
    if (!readable || revoked.length > 0) {
        qv_free(serials);
        return qv_error_set(error, QV_INVALID, "%s",
                            why.message != NULL ? why.message : "an entry of the CRL is malformed");
    }
    if (!is_sorted(serials, count))
        qsort(serials, count, sizeof(*serials), qv_serial_compare);
    *ret_serials = serials;
    *ret_count = count;
    return QV_OK;
}

/*
 * Reads the Arrowhead names of a certificate's subject: exactly one CN, exactly one dnQualifier,
 * found by OID, each alone in its RDN. With two of either the reader would decide who it is, so
 * there is no identity then (design 6). What stands in the certificate is compared as it stands:
 * nothing trimmed, no word conversion; a NUL ends nothing. Pure; any thread.
 */
#include "names.h"

#include <openssl/asn1.h>
#include <quiver/base/memory.h>

#define CN_PARTS  5
#define LABEL_MAX 63

/** Whether text of this ASN.1 type counts. A dnQualifier is PrintableString by X.520 and others
 *  of the ASCII kind say the same; a CN is a DirectoryString. Nothing else could be meant. */
static const struct text_type {
    int type;
    bool cn, qualifier;
} text_types[] = {
    {V_ASN1_PRINTABLESTRING, true, true},  {V_ASN1_UTF8STRING, true, true},
    {V_ASN1_IA5STRING, true, true},        {V_ASN1_VISIBLESTRING, true, true},
    {V_ASN1_T61STRING, true, true},        {V_ASN1_BMPSTRING, true, false},
    {V_ASN1_UNIVERSALSTRING, true, false},
};

static bool type_counts(int nid, int type)
{
    for (size_t i = 0; i < sizeof(text_types) / sizeof(text_types[0]); i++)
        if (text_types[i].type == type)
            return nid == NID_commonName ? text_types[i].cn : text_types[i].qualifier;
    return false;
}

bool qv_names_is_label(struct qv_str text)
{
    if (text.length < 1 || text.length > LABEL_MAX)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-'))
            return false;
    }
    return true;
}

static bool shares_its_rdn(const X509_NAME *name, int at)
{
    int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, at));
    for (int i = at - 1; i <= at + 1; i += 2) {
        const X509_NAME_ENTRY *neighbour = X509_NAME_get_entry(name, i);
        if (neighbour != NULL && X509_NAME_ENTRY_set(neighbour) == set)
            return true;
    }
    return false;
}

/** The only attribute of that kind as UTF-8, owned by the caller. */
static enum qv_status only_text(const X509_NAME *name, int nid, char **ret_text,
                                struct qv_error *reason)
{
    const char *what = nid == NID_commonName ? "CN" : "dnQualifier";
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0)
        return qv_error_set(reason, QV_UNAUTHENTICATED, "there is no %s", what);
    if (X509_NAME_get_index_by_NID(name, nid, at) >= 0)
        return qv_error_set(reason, QV_UNAUTHENTICATED,
                            "there is more than one %s; exactly one is wanted", what);
    if (shares_its_rdn(name, at))
        return qv_error_set(reason, QV_UNAUTHENTICATED, "the %s is part of a multi-valued RDN",
                            what);
    const ASN1_STRING *data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    if (!type_counts(nid, ASN1_STRING_type(data)))
        return qv_error_set(reason, QV_UNAUTHENTICATED, "the %s is of no text type that counts",
                            what);
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, data);
    if (length < 0)
        return qv_error_set(reason, QV_UNAUTHENTICATED, "the %s is no valid text", what);
    struct qv_str text = {.at = (const char *)utf8, .length = (size_t)length};
    bool has_nul = qv_str_find(text, '\0') != SIZE_MAX;
    char *copy = has_nul ? NULL : qv_str_dup(text);
    OPENSSL_free(utf8);
    if (has_nul)
        return qv_error_set(reason, QV_UNAUTHENTICATED, "the %s contains a NUL", what);
    if (copy == NULL)
        return QV_NO_MEMORY;
    *ret_text = copy;
    return QV_OK;
}

/** Takes names->cn apart; five parts, none empty. */
static enum qv_status split_cn(struct qv_names *names, struct qv_error *reason)
{
    struct qv_str cn = qv_str_from(names->cn), rest = cn, part;
    size_t count = 0;
    bool empty = false;
    while (qv_str_split_next(&rest, '.', &part)) {
        if (count++ == 0)
            names->system = part;
        empty |= part.length == 0;
    }
    if (count != CN_PARTS || empty)
        return qv_error_set(reason, QV_UNAUTHENTICATED,
                            "the CN is not <system>.<cloud>.<organization>.<x>.<y>: five parts, "
                            "none empty, are wanted");
    names->cloud = qv_str_part(cn, names->system.length + 1, SIZE_MAX);
    if (!qv_names_is_label(names->system))
        return qv_error_set(reason, QV_UNAUTHENTICATED,
                            "the CN's first part is no system name: 1 to 63 letters, digits and "
                            "hyphens");
    return QV_OK;
}

static enum qv_status read_profile(const X509_NAME *subject, enum qv_profile *ret_profile,
                                   struct qv_error *reason)
{
    char *code = NULL;
    QV_TRY(only_text(subject, NID_dnQualifier, &code, reason));
    enum qv_profile profile = qv_profile_from_code(qv_str_from(code));
    qv_free(code);
    if (profile == QV_PROFILE_UNKNOWN)
        return qv_error_set(reason, QV_UNAUTHENTICATED,
                            "the dnQualifier is no profile of Arrowhead (sy, op ...)");
    *ret_profile = profile;
    return QV_OK;
}

enum qv_status qv_names_read(X509 *x509, struct qv_names *ret_names, struct qv_error *reason)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    QV_CLEANUP(qv_names) struct qv_names names = {0};
    QV_TRY(only_text(subject, NID_commonName, &names.cn, reason));
    QV_TRY(split_cn(&names, reason));
    QV_TRY(read_profile(subject, &names.profile, reason));
    *ret_names = names;
    names.cn = NULL;
    return QV_OK;
}

void qv_names_free(struct qv_names *names)
{
    qv_free(names->cn);
    *names = (struct qv_names){0};
}

enum qv_status qv_names_issuer_vouches(X509 *x509, struct qv_str cloud, struct qv_error *reason)
{
    char *cn = NULL;
    enum qv_status status = only_text(X509_get_issuer_name(x509), NID_commonName, &cn, reason);
    if (status != QV_OK) {
        (void)qv_error_prefix(reason, "the issuer's name");
        return status == QV_NO_MEMORY ? status : QV_DENIED;
    }
    bool same = qv_str_equal_ignore_case(qv_str_from(cn), cloud);
    qv_free(cn);
    if (!same)
        return qv_error_set(reason, QV_DENIED,
                            "the issuer's CN is not the cloud's: a CA vouches for its own cloud "
                            "only");
    return QV_OK;
}

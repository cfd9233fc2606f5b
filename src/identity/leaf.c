/*
 * From a leaf to an identity, by the rules of spec/arrowhead-discovery 1.4 as design 6 tightens
 * them: the leaf alone counts, never another certificate that the peer sent. First who it is (401),
 * then whether its profile may call (403), then whether name and issuer are of this cloud (403).
 * Pure; any thread.
 */
#include "names.h"

#include <openssl/err.h>

#define UNAUTHENTICATED "Unauthenticated access attempt: " QV_IDENTITY_URL
#define UNAUTHORIZED    "Unauthorized access: " QV_IDENTITY_URL

static enum qv_status check_cloud(X509 *leaf, const struct qv_names *names, struct qv_str own_cloud,
                                  struct qv_error *reason)
{
    if (own_cloud.length > 0 && !qv_str_equal_ignore_case(names->cloud, own_cloud))
        return qv_error_set(reason, QV_DENIED, "its cloud is %.*s, not %.*s",
                            QV_STR_ARG(names->cloud), QV_STR_ARG(own_cloud));
    return qv_names_issuer_vouches(leaf, names->cloud, reason);
}

static enum qv_status from_leaf(X509 *leaf, struct qv_str own_cloud,
                                struct qv_identity **ret_identity, struct qv_error *error,
                                struct qv_error *reason)
{
    QV_CLEANUP(qv_names) struct qv_names names = {0};
    enum qv_status status = qv_names_read(leaf, &names, reason);
    if (status == QV_UNAUTHENTICATED)
        return qv_error_set(error, status, UNAUTHENTICATED);
    QV_TRY(status);
    if (names.profile != QV_PROFILE_SYSTEM && names.profile != QV_PROFILE_OPERATOR) {
        (void)qv_error_set(reason, QV_DENIED, "its profile is %s; SYSTEM or OPERATOR is wanted",
                           qv_profile_name(names.profile));
        return qv_error_set(error, QV_DENIED, UNAUTHORIZED ", invalid certificate type: %s",
                            qv_profile_name(names.profile));
    }
    status = check_cloud(leaf, &names, own_cloud, reason);
    if (status == QV_DENIED)
        return qv_error_set(error, status, UNAUTHORIZED ", from foreign cloud");
    QV_TRY(status);
    QV_CLEANUP(qv_certificate) struct qv_certificate *certificate = NULL;
    QV_TRY(qv_certificate_read(leaf, &certificate));
    return qv_identity_make(names.system, &names.cloud, names.profile, &certificate, ret_identity);
}

enum qv_status qv_identity_from_leaf(X509 *leaf, struct qv_str own_cloud,
                                     struct qv_identity **ret_identity, struct qv_error *error,
                                     struct qv_error *reason)
{
    /* A library error that stays in the thread's queue would be taken for one of its next TLS
     * call, so nothing that happens here may remain in it. */
    ERR_set_mark();
    enum qv_status status = from_leaf(leaf, own_cloud, ret_identity, error, reason);
    ERR_pop_to_mark();
    return status;
}

enum qv_status qv_identity_cloud_of(X509 *own, char **ret_cloud, struct qv_error *error)
{
    QV_CLEANUP(qv_names) struct qv_names names = {0};
    QV_CLEANUP(qv_error) struct qv_error reason = {0};
    enum qv_status status = qv_names_read(own, &names, &reason);
    if (status == QV_UNAUTHENTICATED)
        return qv_error_set(error, QV_INVALID, "%s", qv_error_message(&reason));
    QV_TRY(status);
    if (names.profile != QV_PROFILE_SYSTEM)
        return qv_error_set(error, QV_INVALID, "its profile is %s; a server needs SYSTEM (sy)",
                            qv_profile_name(names.profile));
    struct qv_str rest = names.cloud, part;
    while (qv_str_split_next(&rest, '.', &part))
        if (!qv_names_is_label(part))
            return qv_error_set(error, QV_INVALID,
                                "the CN's parts may have letters, digits and hyphens only");
    char *cloud = qv_str_dup(names.cloud);
    if (cloud == NULL)
        return QV_NO_MEMORY;
    *ret_cloud = cloud;
    return QV_OK;
}

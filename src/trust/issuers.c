/*
 * A CA that is given a new key keeps its name, for the name says its cloud; so during a rotation
 * two CAs of one name are trusted. OpenSSL takes the first one of the name, unless the certificate
 * names its issuer's key (which it need not), and never tries the other. Here the signature decides
 * between namesakes that are trusted; where there are none it costs nothing but comparing names.
 * Asked while a path is built, in any thread.
 */
#include "issuers.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int cas_index = -1;
static X509_STORE_CTX_check_issued_fn openssls; /* by names and key identifiers */

static void prepare(void)
{
    X509_STORE_CTX *scratch = X509_STORE_CTX_new();
    if (scratch != NULL && X509_STORE_CTX_init(scratch, NULL, NULL, NULL) == 1) {
        openssls = X509_STORE_CTX_get_check_issued(scratch);
        cas_index = X509_STORE_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    X509_STORE_CTX_free(scratch);
}

static bool has_namesake(const X509 *issuer, const STACK_OF(X509) * among)
{
    for (int i = 0; i < sk_X509_num(among); i++) {
        const X509 *other = sk_X509_value(among, i);
        if (other != issuer &&
            X509_NAME_cmp(X509_get_subject_name(other), X509_get_subject_name(issuer)) == 0 &&
            ASN1_STRING_cmp(X509_get0_pubkey_bitstr(other), X509_get0_pubkey_bitstr(issuer)) != 0)
            return true;
    }
    return false;
}

static bool signed_by(X509 *x509, X509 *issuer)
{
    ERR_set_mark();
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool good = key != NULL && X509_verify(x509, key) == 1;
    ERR_pop_to_mark();
    return good;
}

static int check_issued(X509_STORE_CTX *context, X509 *x509, X509 *issuer)
{
    if (openssls(context, x509, issuer) != 1)
        return 0;
    X509_STORE *store = X509_STORE_CTX_get0_store(context);
    if (x509 == issuer || !has_namesake(issuer, X509_STORE_get_ex_data(store, cas_index)))
        return 1;
    return signed_by(x509, issuer);
}

enum qv_status qv_issuers_install(X509_STORE *store, STACK_OF(X509) * cas)
{
    if (pthread_once(&once, prepare) != 0 || cas_index < 0 || openssls == NULL)
        return QV_INTERNAL;
    if (X509_STORE_set_ex_data(store, cas_index, cas) != 1)
        return QV_NO_MEMORY;
    X509_STORE_set_check_issued(store, check_issued);
    return QV_OK;
}

/*
 * The last words of a TLS handshake that failed (RFC 8446 6.2): libh2o drops them, so they are
 * kept aside while OpenSSL writes them, and sent from here. The connection's thread alone.
 */
#ifndef QUIVER_SERVER_ALERT_H
#define QUIVER_SERVER_ALERT_H

#include <quiver/trust/trust.h>

struct qv_server;

/** What was written last; an alert, also an encrypted one, is a short record. */
struct qv_alert {
    unsigned char bytes[256];
    size_t length;
};

/** Lets connections made from the trust's contexts tell their peers why they fail, and tells each
 *  of them its SSL object. Before any of the contexts is used. */
void qv_alert_install_all(const struct qv_server *server, const struct qv_trust *trust);
/** The handshake is over: nothing is kept any more. */
void qv_alert_end(SSL *ssl);

#endif

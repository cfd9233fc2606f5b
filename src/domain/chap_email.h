/*
 * E-mail addresses of CHAP registrations (spec/chap-registration B1.4, B1.6). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_CHAP_EMAIL_H
#define QUIVER_DOMAIN_CHAP_EMAIL_H

#include <quiver/base/buf.h>

/**
 * Appends the address normalized: without a display name and blanks around it, its domain in lower
 * case. QV_INVALID: `ret_reason` has the words that say why it is none; `normal` may have part of
 * it then.
 */
QV_MUST_CHECK enum qv_status qv_chap_email_read(struct qv_str text, struct qv_buf *normal,
                                                struct qv_buf *ret_reason);

#endif

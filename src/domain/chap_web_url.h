/*
 * Web addresses of CHAP registrations (spec/chap-registration B1.4, B1.6). Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_CHAP_WEB_URL_H
#define QUIVER_DOMAIN_CHAP_WEB_URL_H

#include "chap_faults.h"

#define QV_CHAP_URL_MAX 2083 /* bytes that a URL among the metadata may have */

/**
 * Appends the URL, which must be http or https, as browsers write it. QV_CHAP_FAULT_NONE, or why it
 * is none: `ret_detail` has the fault's detail then (static; NULL where it has none) and `normal`
 * may have part of it.
 */
enum qv_chap_fault qv_chap_web_url_read(struct qv_str text, struct qv_buf *normal,
                                        const char **ret_detail);

#endif

/*
 * The forms in which dialect 5.2 keeps names (spec/arrowhead-discovery 5.2). A name is taken as
 * words with blanks, underscores and hyphens between them; each function appends it in another
 * form. A blank name is nothing. Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_NAME_FORMS_H
#define QUIVER_DOMAIN_NAME_FORMS_H

#include <quiver/base/buf.h>

void qv_form_pascal(struct qv_str raw, struct qv_buf *buf);      /**< TemperatureProvider2 */
void qv_form_camel(struct qv_str raw, struct qv_buf *buf);       /**< kelvinInfo */
void qv_form_upper_snake(struct qv_str raw, struct qv_buf *buf); /**< DEVICE_1 */
void qv_form_lower_snake(struct qv_str raw, struct qv_buf *buf); /**< generic_http */
void qv_form_kebab(struct qv_str raw, struct qv_buf *buf);       /**< query-temperature */
/** Only trimmed: normalization `simple`. */
void qv_form_trimmed(struct qv_str raw, struct qv_buf *buf);

#endif

/*
 * Words for what only the store can refuse, where the dialects have their own (spec/arrowhead-
 * discovery 3.14, 4.7). Static; any thread.
 */
#ifndef QUIVER_DOMAIN_WORDS_H
#define QUIVER_DOMAIN_WORDS_H

#include <quiver/domain/rules.h>

enum qv_words {
    QV_WORDS_SYSTEM_UNKNOWN,   /**< before its name */
    QV_WORDS_TEMPLATE_UNKNOWN, /**< before its name */
    QV_WORDS_DEVICE_IN_USE,    /**< by a system */
};

const char *qv_dialect_words(const struct qv_dialect *dialect, enum qv_words which);

#endif

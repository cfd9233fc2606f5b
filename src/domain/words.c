/*
 * Handing out words of the dialect to those who cannot see its table. Static; any thread.
 */
#include "dialect.h"

#include <quiver/domain/words.h>

const char *qv_dialect_words(const struct qv_dialect *dialect, enum qv_words which)
{
    switch (which) {
    case QV_WORDS_SYSTEM_UNKNOWN: return dialect->discovery.system_unknown;
    case QV_WORDS_TEMPLATE_UNKNOWN: return dialect->words->template_unknown;
    case QV_WORDS_DEVICE_IN_USE: return dialect->discovery.device_in_use;
    }
    return "";
}

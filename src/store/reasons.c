/*
 * The causes that make the store less than well, each in words of its own, of fixed size so that
 * noting one never fails. Written by the store's thread, read by any under the lock.
 */
#include "reasons.h"

#include <stdio.h>
#include <string.h>

void qv_reasons_init(struct qv_reasons *reasons)
{
    memset(reasons, 0, sizeof(*reasons));
    pthread_mutex_init(&reasons->lock, NULL);
}

void qv_reasons_destroy(struct qv_reasons *reasons)
{
    pthread_mutex_destroy(&reasons->lock);
}

bool qv_reasons_set(struct qv_reasons *reasons, enum qv_reason which, const char *format, ...)
{
    char words[sizeof(reasons->words[0])];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    pthread_mutex_lock(&reasons->lock);
    bool is_new = strcmp(words, reasons->words[which]) != 0;
    if (is_new)
        memcpy(reasons->words[which], words, sizeof(words));
    pthread_mutex_unlock(&reasons->lock);
    return is_new;
}

void qv_reasons_clear(struct qv_reasons *reasons, enum qv_reason which)
{
    pthread_mutex_lock(&reasons->lock);
    reasons->words[which][0] = '\0';
    pthread_mutex_unlock(&reasons->lock);
}

bool qv_reasons_get(struct qv_reasons *reasons, enum qv_reason which, char *words, size_t size)
{
    pthread_mutex_lock(&reasons->lock);
    int length = snprintf(words, size, "%s", reasons->words[which]);
    pthread_mutex_unlock(&reasons->lock);
    return length > 0;
}

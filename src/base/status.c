/*
 * Status codes, their classes and names, and the error that carries words.
 *
 * Holds always: an error's message is either owned heap text or NULL, and NULL reads as the name
 * of its status, so that running out of memory costs words but never the status itself.
 * Any thread; an error belongs to one thread.
 */
#include <quiver/base/memory.h>
#include <quiver/base/status.h>
#include <stdbool.h>
#include <stdio.h>

static const struct {
    enum qv_status_class class;
    const char *name;
} statuses[] = {
    [QV_OK] = {QV_CLASS_OK, "ok"},
    [QV_INVALID] = {QV_CLASS_INVALID, "invalid"},
    [QV_METHOD_NOT_ALLOWED] = {QV_CLASS_INVALID, "method not allowed"},
    [QV_NOT_ACCEPTABLE] = {QV_CLASS_INVALID, "not acceptable"},
    [QV_TOO_LARGE] = {QV_CLASS_INVALID, "too large"},
    [QV_UNSUPPORTED_MEDIA] = {QV_CLASS_INVALID, "unsupported media"},
    [QV_UNAUTHENTICATED] = {QV_CLASS_UNAUTHENTICATED, "unauthenticated"},
    [QV_DENIED] = {QV_CLASS_DENIED, "denied"},
    [QV_TOO_MANY] = {QV_CLASS_DENIED, "too many"},
    [QV_NOT_FOUND] = {QV_CLASS_NOT_FOUND, "not found"},
    [QV_LOCKED] = {QV_CLASS_CONFLICT, "locked"},
    [QV_UNAVAILABLE] = {QV_CLASS_UNAVAILABLE, "unavailable"},
    [QV_NO_MEMORY] = {QV_CLASS_UNAVAILABLE, "out of memory"},
    [QV_INTERNAL] = {QV_CLASS_INTERNAL, "internal"},
    [QV_FOREIGN] = {QV_CLASS_INTERNAL, "foreign"},
};

static bool is_known(enum qv_status status)
{
    return (size_t)status < sizeof(statuses) / sizeof(statuses[0]);
}

enum qv_status_class qv_status_class(enum qv_status status)
{
    return is_known(status) ? statuses[status].class : QV_CLASS_INTERNAL;
}

const char *qv_status_name(enum qv_status status)
{
    return is_known(status) ? statuses[status].name : "unknown";
}

/* The formatted text on the heap, or NULL where memory is out. */
static char *format_text(const char *format, va_list args)
{
    va_list measured;
    va_copy(measured, args);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    if (length < 0)
        return NULL;
    char *text = qv_alloc((size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

enum qv_status qv_error_set(struct qv_error *error, enum qv_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    /* Formatted before the old message goes: it may be one of the arguments. */
    va_list args;
    va_start(args, format);
    char *message = format_text(format, args);
    va_end(args);
    qv_free(error->message);
    *error = (struct qv_error){.status = status, .message = message};
    return status;
}

enum qv_status qv_error_prefix(struct qv_error *error, const char *format, ...)
{
    if (error == NULL)
        return QV_INTERNAL;
    va_list args;
    va_start(args, format);
    char *prefix = format_text(format, args);
    va_end(args);
    if (prefix == NULL)
        return error->status; /* the message without its context is better than none */
    enum qv_status status =
        qv_error_set(error, error->status, "%s: %s", prefix, qv_error_message(error));
    qv_free(prefix);
    return status;
}

const char *qv_error_message(const struct qv_error *error)
{
    if (error == NULL)
        return "";
    return error->message != NULL ? error->message : qv_status_name(error->status);
}

void qv_error_free(struct qv_error *error)
{
    if (error == NULL)
        return;
    qv_free(error->message);
    *error = (struct qv_error){.status = QV_OK};
}

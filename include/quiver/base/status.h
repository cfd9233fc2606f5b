/*
 * What a call came to, and why.
 *
 * Everything that can fail returns `enum qv_status`; results come last as `ret_x` and stay
 * untouched on failure. `struct qv_error` carries the words from where the fault was found to
 * the answer, the log line or the terminal, unchanged. Any thread.
 */
#ifndef QUIVER_BASE_STATUS_H
#define QUIVER_BASE_STATUS_H

#include <stdarg.h>

#define QV_MUST_CHECK                 __attribute__((warn_unused_result))
#define QV_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

/** Runs qv_x_free on the variable when its scope ends: `QV_CLEANUP(qv_buf) struct qv_buf b = {0};`.
 *  The free function takes a pointer to the variable. */
#define QV_CLEANUP(name) __attribute__((cleanup(name##_free)))

enum qv_status {
    QV_OK = 0,
    /* the request is at fault */
    QV_INVALID,            /**< a value breaks a rule */
    QV_METHOD_NOT_ALLOWED, /**< the path is known, the method is not */
    QV_NOT_ACCEPTABLE,     /**< the caller accepts no media type that is offered */
    QV_TOO_LARGE,          /**< a size limit is passed */
    QV_UNSUPPORTED_MEDIA,  /**< the body's media type is not taken */
    QV_UNAUTHENTICATED,    /**< nobody proved who calls */
    QV_DENIED,             /**< who calls may not */
    QV_TOO_MANY,           /**< more than the caller's share */
    QV_NOT_FOUND,
    QV_LOCKED, /**< in use by something else */
    /* the surroundings are at fault */
    QV_UNAVAILABLE, /**< a part that is needed is away */
    QV_NO_MEMORY,
    QV_INTERNAL, /**< a fault of Quiver's or of the stored data */
    QV_FOREIGN,  /**< another system that was asked answered with what is not understood */
};

/** The class that a status belongs to; the HTTP status and the Arrowhead type hang on the status
 *  itself (api/error.h). */
enum qv_status_class {
    QV_CLASS_OK,
    QV_CLASS_INVALID,
    QV_CLASS_UNAUTHENTICATED,
    QV_CLASS_DENIED,
    QV_CLASS_NOT_FOUND,
    QV_CLASS_CONFLICT,
    QV_CLASS_UNAVAILABLE,
    QV_CLASS_INTERNAL,
};

enum qv_status_class qv_status_class(enum qv_status status);

/** The status as a word for logs, for example "invalid"; static. */
const char *qv_status_name(enum qv_status status);

/** A status with its words. Zero-initialized: no error. The owner calls qv_error_free. */
struct qv_error {
    enum qv_status status;
    char *message; /**< owned; NULL where there is none or memory ran out */
};

/** Formats the message into `error` (an earlier one is freed) and returns `status`, so that
 *  a check reads `return qv_error_set(error, QV_INVALID, "...")`. `error` may be NULL. */
enum qv_status qv_error_set(struct qv_error *error, enum qv_status status, const char *format, ...)
    QV_PRINTF(3, 4);

/** Puts "<formatted>: " before the message that is there; for context, such as a file's name.
 *  Returns the status that the error has (QV_INTERNAL where `error` is NULL). */
enum qv_status qv_error_prefix(struct qv_error *error, const char *format, ...) QV_PRINTF(2, 3);

/** The message, never NULL: without words it is the name of the status. Valid until the error is
 *  changed. */
const char *qv_error_message(const struct qv_error *error);

/** Frees the message and makes the error none. Twice is fine. */
void qv_error_free(struct qv_error *error);

/** Leaves the function with the status of `call` if that is not QV_OK. */
#define QV_TRY(call)                                                                               \
    do {                                                                                           \
        enum qv_status qv_try_status_ = (call);                                                    \
        if (qv_try_status_ != QV_OK)                                                               \
            return qv_try_status_;                                                                 \
    } while (0)

#endif

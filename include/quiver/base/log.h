/*
 * The log: one line per event, with named fields, to standard error. JSON lines, or readable
 * coloured ones on a terminal. Nothing that a client sent can forge a line: text is escaped.
 * Never log a secret. Any thread: a line is written with one write(2).
 */
#ifndef QUIVER_BASE_LOG_H
#define QUIVER_BASE_LOG_H

#include <quiver/base/str.h>

enum qv_log_level { QV_LOG_DEBUG, QV_LOG_INFO, QV_LOG_WARNING, QV_LOG_ERROR };
enum qv_log_format {
    QV_LOG_AUTO, /**< readable on a terminal, else JSON */
    QV_LOG_JSON,
    QV_LOG_TEXT,
};

struct qv_log_field {
    const char *name; /**< NULL ends the list */
    enum { QV_LOG_TEXT_FIELD, QV_LOG_NUMBER_FIELD } kind;
    struct qv_str text;
    int64_t number;
};
#define QV_LOG_STR(key, value)                                                                     \
    ((struct qv_log_field){.name = (key), .kind = QV_LOG_TEXT_FIELD, .text = (value)})
#define QV_LOG_CSTR(key, value) QV_LOG_STR(key, qv_str_from(value))
#define QV_LOG_INT(key, value)                                                                     \
    ((struct qv_log_field){.name = (key), .kind = QV_LOG_NUMBER_FIELD, .number = (int64_t)(value)})

/** What is below `level` is dropped. May be called again at a reload. */
void qv_log_configure(enum qv_log_level level, enum qv_log_format format);
/** Where lines go; default standard error (2). For tests. */
void qv_log_to(int descriptor);
bool qv_log_enabled(enum qv_log_level level);
/** What a line of that level begins with that is written to `descriptor` by other means: "<3>" for
 *  the journal (sd-daemon(3)), else "". Static. */
const char *qv_log_priority(enum qv_log_level level, int descriptor);

/** `event` is a short stable phrase ("handshake refused"); fields follow. */
#define qv_log(level, event, ...)                                                                  \
    qv_log_write((level), (event), (const struct qv_log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
void qv_log_write(enum qv_log_level level, const char *event, const struct qv_log_field *fields);

#endif

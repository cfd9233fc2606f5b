/*
 * Collecting faults. Running out of memory is no fault of a file: it ends the load. Any thread.
 */
#include "faults.h"

enum qv_status qv_fault(struct qv_strings *faults, const char *format, ...)
{
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    va_list args;
    va_start(args, format);
    qv_buf_vprintf(&text, format, args);
    va_end(args);
    QV_TRY(qv_buf_status(&text));
    QV_TRY(qv_strings_add(faults, qv_buf_str(&text)));
    return QV_INVALID;
}

enum qv_status qv_fault_error(struct qv_strings *faults, const struct qv_error *error)
{
    if (error->status == QV_NO_MEMORY)
        return QV_NO_MEMORY;
    return qv_fault(faults, "%s", qv_error_message(error));
}

enum qv_status qv_status_worse(enum qv_status a, enum qv_status b)
{
    if (a == QV_NO_MEMORY || b == QV_OK)
        return a;
    return b;
}

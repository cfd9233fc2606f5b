/*
 * A growing byte buffer. Appending never fails in the caller's face: when memory runs out the
 * buffer remembers it, later appends do nothing, and qv_buf_status tells once at the end.
 * Zero-initialized: empty. Not shared between threads.
 */
#ifndef QUIVER_BASE_BUF_H
#define QUIVER_BASE_BUF_H

#include <quiver/base/str.h>

struct qv_buf {
    char *at;        /**< owned; always NUL-terminated behind `length` where not NULL */
    size_t length;   /**< bytes used */
    size_t capacity; /**< bytes allocated */
    bool failed;     /**< memory ran out: the content is not complete */
};

void qv_buf_put(struct qv_buf *buf, struct qv_str text);
void qv_buf_put_text(struct qv_buf *buf, const char *text);
void qv_buf_put_char(struct qv_buf *buf, char c);
/** A number in decimal digits, with zeros in front up to `width` (at most 20) of them. Many times
 * faster than qv_buf_printf, for what each answer has several of. */
void qv_buf_put_digits(struct qv_buf *buf, uint64_t number, unsigned width);
void qv_buf_printf(struct qv_buf *buf, const char *format, ...) QV_PRINTF(2, 3);
void qv_buf_vprintf(struct qv_buf *buf, const char *format, va_list args) QV_PRINTF(2, 0);
/** Room for `size` more bytes, so that the next appends do not grow it. */
void qv_buf_reserve(struct qv_buf *buf, size_t size);
/** Shortens to `length` bytes; longer is not possible. */
void qv_buf_truncate(struct qv_buf *buf, size_t length);
/** QV_OK, or QV_NO_MEMORY where something could not be appended. */
QV_MUST_CHECK enum qv_status qv_buf_status(const struct qv_buf *buf);
/** The content; valid until the buffer changes. */
struct qv_str qv_buf_str(const struct qv_buf *buf);
/** The content as owned NUL-terminated text (never NULL unless it failed); the buffer is empty
 *  afterwards. */
QV_MUST_CHECK enum qv_status qv_buf_take(struct qv_buf *buf, char **ret_text, size_t *ret_length);
void qv_buf_free(struct qv_buf *buf);

#endif

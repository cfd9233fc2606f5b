/*
 * The growing byte buffer.
 *
 * Holds always: where `at` is not NULL, length < capacity and at[length] is NUL. Once an append
 * failed nothing is appended any more, so the content is a true prefix of what was meant.
 * One thread at a time.
 */
#include <quiver/base/buf.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST   64
#define DIGITS_MAX 20 /* of a 64-bit number */

/* Makes room for `size` more bytes and the NUL behind them. */
static bool grow(struct qv_buf *buf, size_t size)
{
    if (buf->failed)
        return false;
    size_t needed;
    if (__builtin_add_overflow(buf->length, size, &needed) || needed == SIZE_MAX)
        goto out_of_memory;
    needed++;
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity > SIZE_MAX / 2 ? needed : buf->capacity * 2;
    if (capacity < SMALLEST)
        capacity = SMALLEST;
    if (capacity < needed)
        capacity = needed;
    char *at = qv_realloc_array(buf->at, capacity, 1);
    if (at == NULL)
        goto out_of_memory;
    buf->at = at;
    buf->capacity = capacity;
    buf->at[buf->length] = '\0';
    return true;
out_of_memory:
    buf->failed = true;
    return false;
}

void qv_buf_put(struct qv_buf *buf, struct qv_str text)
{
    if (text.length == 0 || !grow(buf, text.length))
        return;
    memcpy(buf->at + buf->length, text.at, text.length);
    buf->length += text.length;
    buf->at[buf->length] = '\0';
}

void qv_buf_put_text(struct qv_buf *buf, const char *text)
{
    qv_buf_put(buf, qv_str_from(text));
}

void qv_buf_put_char(struct qv_buf *buf, char c)
{
    if (!grow(buf, 1))
        return;
    buf->at[buf->length++] = c;
    buf->at[buf->length] = '\0';
}

void qv_buf_put_digits(struct qv_buf *buf, uint64_t number, unsigned width)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof(digits), least = sizeof(digits) - (width < DIGITS_MAX ? width : DIGITS_MAX);
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (at > least)
        digits[--at] = '0';
    qv_buf_put(buf, (struct qv_str){digits + at, sizeof(digits) - at});
}

void qv_buf_printf(struct qv_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    qv_buf_vprintf(buf, format, args);
    va_end(args);
}

void qv_buf_vprintf(struct qv_buf *buf, const char *format, va_list args)
{
    va_list measured;
    va_copy(measured, args);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    if (length < 0) {
        buf->failed = true; /* not representable: the content would not be what was meant */
        return;
    }
    if (!grow(buf, (size_t)length))
        return;
    vsnprintf(buf->at + buf->length, (size_t)length + 1, format, args);
    buf->length += (size_t)length;
}

void qv_buf_reserve(struct qv_buf *buf, size_t size)
{
    grow(buf, size);
}

void qv_buf_truncate(struct qv_buf *buf, size_t length)
{
    if (length >= buf->length)
        return;
    buf->length = length;
    buf->at[length] = '\0';
}

enum qv_status qv_buf_status(const struct qv_buf *buf)
{
    return buf->failed ? QV_NO_MEMORY : QV_OK;
}

struct qv_str qv_buf_str(const struct qv_buf *buf)
{
    return (struct qv_str){.at = buf->at, .length = buf->length};
}

enum qv_status qv_buf_take(struct qv_buf *buf, char **ret_text, size_t *ret_length)
{
    qv_buf_reserve(buf, 0); /* an empty buffer gives an empty text, not NULL */
    QV_TRY(qv_buf_status(buf));
    *ret_text = buf->at;
    if (ret_length != NULL)
        *ret_length = buf->length;
    *buf = (struct qv_buf){0};
    return QV_OK;
}

void qv_buf_free(struct qv_buf *buf)
{
    if (buf == NULL)
        return;
    qv_free(buf->at);
    *buf = (struct qv_buf){0};
}

/*
 * Request smuggling ends here: a head that could be read in two ways is refused.
 *
 * The library keeps the raw head at the front of the connection's input until the request is
 * answered, but takes Content-Length, Transfer-Encoding and Host out of its own list of headers,
 * so they are counted on the raw text. Lines end with LF or CR LF, as the library reads them; it
 * has already refused control characters and blanks before a colon. Pure; any thread.
 */
#include "head.h"

#include <string.h>

enum counted { CONTENT_LENGTH, TRANSFER_ENCODING, HOST, COUNTED };

/* Those that may be there once at most: a second one is read by some, ignored by others. */
static const struct qv_str counted_names[COUNTED] = {
    [CONTENT_LENGTH] = {"Content-Length", 14},
    [TRANSFER_ENCODING] = {"Transfer-Encoding", 17},
    [HOST] = {"Host", 4},
};

struct seen {
    unsigned count[COUNTED];
    struct qv_str value[COUNTED]; /* of the first */
};

/* Takes a line without its end; false for the empty line, and where none ends any more: then
   `ret_line` is untouched. */
static bool next_line(struct qv_str *rest, struct qv_str *ret_line)
{
    const char *end = rest->length > 0 ? memchr(rest->at, '\n', rest->length) : NULL;
    if (end == NULL)
        return false;
    size_t length = (size_t)(end - rest->at);
    struct qv_str line = {rest->at, length};
    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    *rest = (struct qv_str){end + 1, rest->length - length - 1};
    *ret_line = line;
    return line.length > 0;
}

/* Letters, digits and the given marks alone? */
static bool consists_of(struct qv_str text, const char *marks)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && (c == '\0' || strchr(marks, c) == NULL))
            return false;
    }
    return true;
}

/* RFC 9110 5.6.2. */
static bool is_token(struct qv_str text)
{
    return text.length > 0 && consists_of(text, "!#$%&'*+-.^_`|~");
}

bool qv_authority_is_valid(struct qv_str text)
{
    return consists_of(text, "-._~%!$&'()*+,;=:[]");
}

static struct qv_str without_blanks(struct qv_str text)
{
    while (text.length > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = (struct qv_str){text.at + 1, text.length - 1};
    while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static void count_line(struct qv_str line, struct seen *seen)
{
    size_t colon = qv_str_find(line, ':');
    if (colon == SIZE_MAX)
        return; /* the library refuses it, so this does not come */
    struct qv_str name = {line.at, colon};
    for (size_t i = 0; i < COUNTED; i++) {
        if (name.length != counted_names[i].length ||
            !qv_str_equal_ignore_case(name, counted_names[i]))
            continue;
        if (seen->count[i]++ == 0)
            seen->value[i] =
                without_blanks((struct qv_str){line.at + colon + 1, line.length - colon - 1});
        return;
    }
}

static enum qv_status check_seen(const struct seen *seen, bool http_1_0, struct qv_error *error)
{
    for (size_t i = 0; i < COUNTED; i++) {
        if (seen->count[i] > 1)
            return qv_error_set(error, QV_INVALID, "%s header is given more than once",
                                counted_names[i].at);
    }
    if (seen->count[CONTENT_LENGTH] > 0 && seen->count[TRANSFER_ENCODING] > 0)
        return qv_error_set(error, QV_INVALID,
                            "Content-Length and Transfer-Encoding exclude each other");
    if (http_1_0 && seen->count[TRANSFER_ENCODING] > 0)
        return qv_error_set(error, QV_INVALID, "HTTP/1.0 has no Transfer-Encoding");
    if (!http_1_0 && seen->count[HOST] == 0)
        return qv_error_set(error, QV_INVALID, "Host header is missing");
    if (seen->count[HOST] > 0 && !qv_authority_is_valid(seen->value[HOST]))
        return qv_error_set(error, QV_INVALID, "Host header is invalid");
    return QV_OK;
}

static bool is_zero(struct qv_str digits)
{
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.at[i] != '0')
            return false;
    }
    return true;
}

enum qv_status qv_head_check(struct qv_str input, bool http_1_0, struct qv_head *ret_head,
                             struct qv_error *error)
{
    struct qv_str rest = input, line;
    /* One empty line before the request is skipped by the library (RFC 9112 2.2). */
    if (!next_line(&rest, &line) && !next_line(&rest, &line))
        return qv_error_set(error, QV_INVALID, "Request line is missing");
    struct qv_str method = {line.at, qv_str_find(line, ' ')};
    if (method.length == SIZE_MAX || !is_token(method))
        return qv_error_set(error, QV_INVALID, "Request method is invalid");

    struct seen seen = {0};
    while (next_line(&rest, &line)) {
        if (line.at[0] == ' ' || line.at[0] == '\t')
            return qv_error_set(error, QV_INVALID, "Header lines must not be folded");
        count_line(line, &seen);
    }
    if (line.length > 0) /* the last one found: not the empty one that ends a head */
        return qv_error_set(error, QV_INVALID, "Request head is incomplete");
    QV_TRY(check_seen(&seen, http_1_0, error));
    ret_head->has_body = seen.count[TRANSFER_ENCODING] > 0 ||
                         (seen.count[CONTENT_LENGTH] > 0 && !is_zero(seen.value[CONTENT_LENGTH]));
    return QV_OK;
}

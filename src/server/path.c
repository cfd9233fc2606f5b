/*
 * Targets and path parts. Arrowhead's paths are matched as they were sent, so nothing here
 * normalizes: only the parameter in the last part is decoded, exactly once, and what a decoder
 * further on could take for structure (a slash, a backslash, a parameter mark, an end of text) is
 * refused. CHAP's paths are matched when they are decoded, exactly once, too: there only a slash
 * would be structure. Pure; any thread.
 */
#include "path.h"

#include "head.h"

#include <string.h>

/* Cuts "http://" or "https://" off the front (RFC 9110 4.2: the scheme's case does not matter). */
static bool cut_scheme(struct qv_str *text)
{
    static const struct qv_str schemes[] = {{"https://", 8}, {"http://", 7}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct qv_str front = qv_str_part(*text, 0, schemes[i].length);
        if (!qv_str_equal_ignore_case(front, schemes[i]))
            continue;
        *text = (struct qv_str){text->at + front.length, text->length - front.length};
        return true;
    }
    return false;
}

/* Where the first of the two characters is, or the text's length. */
static size_t find_end(struct qv_str text, char a, char b)
{
    size_t i = 0;
    while (i < text.length && text.at[i] != a && text.at[i] != b)
        i++;
    return i;
}

enum qv_status qv_target_read(struct qv_str raw, struct qv_target *ret_target,
                              struct qv_error *error)
{
    struct qv_target target = {0};
    struct qv_str rest = raw;
    if (cut_scheme(&rest)) {
        target.authority = (struct qv_str){rest.at, find_end(rest, '/', '?')};
        if (target.authority.length == 0 || !qv_authority_is_valid(target.authority))
            return qv_error_set(error, QV_INVALID, "Request target has an invalid host");
        rest = (struct qv_str){rest.at + target.authority.length,
                               rest.length - target.authority.length};
        if (rest.length > 0 && rest.at[0] == '?')
            target.path = QV_STR("/");
    } else if (rest.length == 0 || rest.at[0] != '/') {
        return qv_error_set(error, QV_INVALID, "Request target is no path");
    }

    size_t mark = find_end(rest, '?', '?');
    if (target.path.at == NULL)
        target.path = mark > 0 ? (struct qv_str){rest.at, mark} : QV_STR("/");
    if (mark < rest.length)
        target.query = (struct qv_str){rest.at + mark + 1, rest.length - mark - 1};
    *ret_target = target;
    return QV_OK;
}

/* The byte that "%XX" at `i` stands for, or -1. */
static int decode_at(struct qv_str text, size_t i)
{
    int high = text.length - i > 2 ? qv_hex_digit(text.at[i + 1]) : -1;
    int low = text.length - i > 2 ? qv_hex_digit(text.at[i + 2]) : -1;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* What stands for a character that must not be in a parameter, or NULL. */
static const char *forbidden(char c)
{
    switch (c) {
    case '\0': return "%00";
    case '/': return "%2F";
    case '\\': return "%5C";
    case ';': return ";";
    default: return NULL;
    }
}

enum qv_status qv_path_decode(struct qv_str part, char *room, struct qv_str *ret_decoded,
                              struct qv_error *error)
{
    size_t length = 0;
    for (size_t i = 0; i < part.length; i++) {
        char c = part.at[i];
        if (c == '%') {
            int byte = decode_at(part, i);
            if (byte < 0)
                return qv_error_set(error, QV_INVALID,
                                    "Path parameter has a broken percent encoding");
            c = (char)byte;
            i += 2;
        }
        if (forbidden(c) != NULL)
            return qv_error_set(error, QV_INVALID, "Path parameter must not contain %s",
                                forbidden(c));
        room[length++] = c;
    }
    struct qv_str decoded = {room, length};
    if (!qv_str_is_utf8(decoded))
        return qv_error_set(error, QV_INVALID, "Path parameter is not UTF-8");
    *ret_decoded = decoded;
    return QV_OK;
}

bool qv_path_decode_all(struct qv_str path, char *room, struct qv_str *ret_decoded)
{
    size_t length = 0;
    for (size_t i = 0; i < path.length; i++) {
        int byte = path.at[i] == '%' ? decode_at(path, i) : -1;
        if (byte == '/')
            return false;
        room[length++] = byte < 0 ? path.at[i] : (char)byte;
        i += byte < 0 ? 0 : 2;
    }
    *ret_decoded = (struct qv_str){room, length};
    return true;
}

/* ---- encoding -------------------------------------------------------------------------------- */

static void encode(struct qv_str text, const char *marks, struct qv_buf *buf)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool stands = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      (c != '\0' && strchr(marks, c) != NULL);
        if (stands)
            qv_buf_put_char(buf, c);
        else
            qv_buf_printf(buf, "%%%02X", (unsigned char)c);
    }
}

void qv_path_encode(struct qv_str path, struct qv_buf *buf)
{
    encode(path, "-._~!$&'()*+,;=:@/", buf);
}

void qv_query_encode(struct qv_str query, struct qv_buf *buf)
{
    encode(query, "-._~!$&'()*+,;=:@/?%[]", buf);
}

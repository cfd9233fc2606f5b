/*
 * Writes a line of the audit trail: a JSON object whose members have a fixed order.
 *
 * Holds always: a line is printable ASCII, all else is escaped, so that nothing a client sent can
 * begin a line or steer a terminal; a text is cut when its escaped form reaches its bound, so that
 * a line has a greatest length; nothing here allocates, so nothing fails. No secret comes here:
 * of a certificate only what anyone may know. Any thread.
 */
#include "audit_line.h"

#include <string.h>

/* Bounds of the escaped texts. */
enum {
    SHORT_BOUND = 128,
    CLOUD_BOUND = 256,
    LONG_BOUND = 512,
    SHORT_TEXTS = 9, /* rows of put_texts with SHORT_BOUND */
    LONG_TEXTS = 2,
    FRAME_BOUND = 700, /* all names and numbers, and the hash */
};
_Static_assert(SHORT_TEXTS *SHORT_BOUND + CLOUD_BOUND + LONG_TEXTS * LONG_BOUND + FRAME_BOUND <
                   QV_AUDIT_LINE_MAX,
               "the longest line fits");

/* For what is no character, and for NUL: a reader of JSON may refuse that one, and ours does. */
enum { REPLACEMENT = 0xFFFD };

static const char cut_mark[] = "[cut]";
static const char digits[] = "0123456789abcdef";

/* ---- pieces ---------------------------------------------------------------------------------- */

void qv_audit_text_put(struct qv_audit_text *text, struct qv_str more)
{
    size_t room = sizeof(text->at) - text->length;
    size_t length = more.length < room ? more.length : room; /* the bounds above let all fit */
    if (length == 0)
        return;
    memcpy(text->at + text->length, more.at, length);
    text->length += length;
}

struct qv_str qv_audit_text_str(const struct qv_audit_text *text)
{
    return (struct qv_str){.at = text->at, .length = text->length};
}

static void put(struct qv_audit_text *text, const char *more)
{
    qv_audit_text_put(text, qv_str_from(more));
}

/* At least `width` digits. */
static void put_number(struct qv_audit_text *text, uint64_t number, size_t width)
{
    char reversed[24];
    size_t count = 0;
    do {
        reversed[sizeof(reversed) - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < width);
    qv_audit_text_put(text,
                      (struct qv_str){.at = reversed + sizeof(reversed) - count, .length = count});
}

/* Greater ones than a reader's 64 bits with a sign hold are written as the greatest. */
static void put_number_member(struct qv_audit_text *text, const char *name, uint64_t number)
{
    put(text, "\"");
    put(text, name);
    put(text, "\":");
    put_number(text, number < INT64_MAX ? number : INT64_MAX, 1);
    put(text, ",");
}

/* ---- texts ----------------------------------------------------------------------------------- */

static size_t escape_unit(uint32_t unit, char *out)
{
    out[0] = '\\';
    out[1] = 'u';
    for (size_t i = 0; i < 4; i++)
        out[2 + i] = digits[unit >> (12 - 4 * i) & 15];
    return 6;
}

/* One character as JSON has it in ASCII (RFC 8259 section 7); returns how long that is. */
static size_t escape(uint32_t c, char out[12])
{
    if (c > 0xFFFF) {
        size_t half = escape_unit(0xD800 + ((c - 0x10000) >> 10), out);
        return half + escape_unit(0xDC00 + ((c - 0x10000) & 0x3FF), out + half);
    }
    if (c < ' ' || c > '~')
        return escape_unit(c, out);
    size_t length = 0;
    if (c == '"' || c == '\\')
        out[length++] = '\\';
    out[length++] = (char)c;
    return length;
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* How many of the first bytes, at most `max`, stand for themselves: mostly that is all. */
static size_t plain_length(struct qv_str value, size_t max)
{
    size_t length = 0;
    while (length < value.length && length < max && is_plain(value.at[length]))
        length++;
    return length;
}

static void put_escaped(struct qv_audit_text *text, struct qv_str value, size_t max)
{
    size_t room = max - (sizeof(cut_mark) - 1);
    while (value.length > 0) {
        size_t taken = plain_length(value, room), length = taken;
        char escaped[12];
        struct qv_str out = {.at = value.at, .length = taken};
        if (taken == 0) {
            uint32_t c = 0; /* stays for a byte that is not of UTF-8 */
            taken = qv_str_next_code_point(value, &c);
            c = c > 0 ? c : REPLACEMENT;
            taken = taken > 0 ? taken : 1;
            length = escape(c, escaped);
            out = (struct qv_str){.at = escaped, .length = length};
        }
        if (length > room) {
            put(text, cut_mark);
            return;
        }
        qv_audit_text_put(text, out);
        room -= length;
        value = qv_str_part(value, taken, SIZE_MAX);
    }
}

static const char *profile_word(const struct qv_identity *identity)
{
    switch (identity->profile) { /* no other becomes an identity */
    case QV_PROFILE_SYSTEM: return "system";
    case QV_PROFILE_OPERATOR: return "operator";
    default: return NULL;
    }
}

static void put_texts(struct qv_audit_text *body, const struct qv_audit_event *event)
{
    static const struct qv_identity nobody;
    static const struct qv_certificate nothing;
    const struct qv_identity *who = event->identity != NULL ? event->identity : &nobody;
    const struct qv_certificate *proof = who->certificate != NULL ? who->certificate : &nothing;
    const struct {
        const char *name;
        struct qv_str text;
        size_t max;
    } rows[] = {
        {"system", qv_str_from(event->system != NULL ? event->system : who->system), SHORT_BOUND},
        {"cloud", qv_str_from(who->cloud), CLOUD_BOUND},
        {"profile", qv_str_from(profile_word(who)), SHORT_BOUND},
        {"fingerprint", qv_str_from(proof->fingerprint), SHORT_BOUND},
        {"serial", qv_str_from(proof->serial), SHORT_BOUND},
        {"peer", qv_str_from(event->peer), SHORT_BOUND},
        {"listener", qv_str_from(event->listener), SHORT_BOUND},
        {"operation", qv_str_from(event->operation), SHORT_BOUND},
        {"object", event->object, LONG_BOUND},
        {"verdict", qv_str_from(event->verdict), SHORT_BOUND},
        {"rule", qv_str_from(event->rule), SHORT_BOUND},
        {"reason", event->reason, LONG_BOUND},
    };
    _Static_assert(sizeof(rows) / sizeof(rows[0]) == SHORT_TEXTS + 1 + LONG_TEXTS, "bounds");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].text.length == 0)
            continue;
        put(body, "\"");
        put(body, rows[i].name);
        put(body, "\":\"");
        put_escaped(body, rows[i].text, rows[i].max);
        put(body, "\",");
    }
}

/* ---- the line -------------------------------------------------------------------------------- */

void qv_audit_body_write(struct qv_audit_text *body, const struct qv_audit_event *event)
{
    body->length = 0;
    put_texts(body, event);
    if (event->key > 0)
        put_number_member(body, "key", event->key);
    put_number_member(body, "generation", event->generation);
    put_number_member(body, "status", event->status > 0 ? (uint64_t)event->status : 0);
    if (event->revision > 0) { /* as clients see it (design 5): "<epoch>.<revision>" */
        put(body, "\"revision\":\"");
        put_number(body, event->epoch, 1);
        put(body, ".");
        put_number(body, event->revision, 1);
        put(body, "\",");
    }
    if (event->suppressed > 0)
        put_number_member(body, "suppressed", event->suppressed);
    put_number_member(body, "duration_us",
                      event->duration_us > 0 ? (uint64_t)event->duration_us : 0);
}

/* RFC 3339 in UTC, always six digits of a second. */
static void put_time(struct qv_audit_text *line, struct qv_wall at)
{
    const int64_t seconds_of_day = 86400;
    int64_t year;
    int month, day;
    qv_civil_from_days(at.seconds / seconds_of_day, &year, &month, &day);
    uint64_t second = (uint64_t)(at.seconds % seconds_of_day);
    const struct {
        uint64_t number;
        size_t width;
        const char *behind;
    } parts[] = {
        {(uint64_t)year, 4, "-"},
        {(uint64_t)month, 2, "-"},
        {(uint64_t)day, 2, "T"},
        {second / 3600, 2, ":"},
        {second / 60 % 60, 2, ":"},
        {second % 60, 2, "."},
        {(uint64_t)at.nanoseconds / 1000, 6, "Z"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        put_number(line, parts[i].number, parts[i].width);
        put(line, parts[i].behind);
    }
}

void qv_audit_line_write(struct qv_audit_text *line, const struct qv_audit_head *head,
                         const struct qv_audit_text *body)
{
    struct qv_wall time = head->time;
    if (time.seconds < 0) /* a clock before 1970 has nothing to say */
        time = (struct qv_wall){0};
    put(line, "{");
    put_number_member(line, "seq", head->seq);
    put(line, "\"time\":\"");
    put_time(line, time);
    put(line, "\",");
    if (head->torn)
        put(line, "\"torn\":true,");
    if (head->lost > 0)
        put_number_member(line, "lost", head->lost);
    qv_audit_text_put(line, qv_audit_text_str(body));
    put(line, "\"previous\":\"");
    put(line, head->previous);
    put(line, "\"}");
}

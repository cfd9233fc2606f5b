/*
 * Judges e-mail addresses by their syntax alone (RFC 5321 section 4.1.2, RFC 5322 section 3.4.1,
 * RFC 6531) and says in the words of spec/chap-registration B1.6 what is wrong.
 *
 * An address may stand behind a display name, in angle brackets, if the name is one of words or of
 * quotes; what is wrong with any other form is said in the order of its parts. Letters beyond ASCII
 * are taken as they are, in names and on both sides of the @. The rules are tables in the order in
 * which they are judged: characters first, then periods and hyphens, then lengths, then which
 * domains there are.
 *
 * Holds always: what was accepted is accepted again and stays the same. Pure; any thread.
 */
#include "chap_email.h"
#include "chap_values.h"
#include "text.h"
#include <string.h>

#define TEXT_MAX    2048 /* characters, display name included */
#define ADDRESS_MAX 254  /* bytes, RFC 5321 section 4.5.3.1.3 */
#define DOMAIN_MAX  253
#define LABEL_MAX   63

#define LOCAL_PUNCTUATION "!#$%&'*+-/=?^_`{|}~."

static bool is_letter_or_digit(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_local_part(unsigned char c)
{
    return c >= 0x80 || is_letter_or_digit(c) || (c != '\0' && strchr(LOCAL_PUNCTUATION, c));
}

static bool in_domain(unsigned char c)
{
    return c >= 0x80 || is_letter_or_digit(c) || c == '-' || c == '.';
}

static enum qv_status refuse(struct qv_buf *reason, const char *words)
{
    qv_buf_put_text(reason, words);
    return QV_INVALID;
}

/* ---- quotes ---- */

/* Behind a quoted text at the front, 0 where there is none or it has no end. */
static size_t quoted_length(struct qv_str text)
{
    if (text.length == 0 || text.at[0] != '"')
        return 0;
    for (size_t i = 1; i < text.length; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The first of the characters that stands in no quotes; SIZE_MAX: none does. */
static size_t find_unquoted(struct qv_str text, const char *wanted)
{
    for (size_t i = 0; i < text.length; i++) {
        size_t quoted = quoted_length(qv_str_part(text, i, SIZE_MAX));
        if (quoted > 0)
            i += quoted - 1;
        else if (text.at[i] == '"')
            return SIZE_MAX;
        else if (text.at[i] != '\0' && strchr(wanted, text.at[i]) != NULL)
            return i;
    }
    return SIZE_MAX;
}

/* ---- a display name before it ---- */

/* What stands between an angle bracket at the front and one at the end, if that is an address. */
static void take_brackets(struct qv_str text, struct qv_str *ret_address)
{
    if (text.length < 3 || text.at[text.length - 1] != '>')
        return;
    struct qv_str address = qv_str_part(text, 1, text.length - 2);
    if (qv_str_find(address, '\n') == SIZE_MAX)
        *ret_address = qv_chap_trim(address);
}

/* Of a name without quotes. */
static bool in_name(unsigned char c)
{
    return c == ' ' || (in_local_part(c) && c != '.');
}

static bool is_plain_name(struct qv_str name)
{
    for (size_t i = 0; i < name.length; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (!in_name(c) && !qv_chap_is_blank(c))
            return false;
    }
    return true;
}

/* Where brackets begin behind the last quote that has only blanks before them; there is something
 * between it and the first. */
static size_t find_behind_quotes(struct qv_str text)
{
    size_t open = SIZE_MAX;
    for (size_t i = text.length; i-- > 2;) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '<')
            open = i;
        else if (c == '"' && open != SIZE_MAX)
            return open;
        else if (c >= 0x80 || !qv_chap_is_blank(c))
            open = SIZE_MAX;
    }
    return SIZE_MAX;
}

/* The address of `Name <address>` and of `"Name" <address>`, whatever stands between the quotes;
 * the text itself where it has not that form. */
static struct qv_str without_name(struct qv_str text)
{
    bool quoted = text.length > 0 && text.at[0] == '"';
    size_t open = quoted ? find_behind_quotes(text) : qv_str_find(text, '<');
    if (open != SIZE_MAX && (quoted || is_plain_name(qv_str_part(text, 0, open))))
        take_brackets(qv_str_part(text, open, SIZE_MAX), &text);
    return text;
}

/* ---- characters ---- */

/* A character that may not be, as it is called: a blank SPACE, a control by its number, others
 * between quotes. */
static void put_character(struct qv_buf *buf, struct qv_str character)
{
    unsigned char c = (unsigned char)character.at[0];
    if (c == ' ')
        qv_buf_put_text(buf, "SPACE");
    else if (c < ' ' || c == 0x7F)
        qv_buf_printf(buf, "U+%04X", c);
    else
        qv_buf_printf(buf, c == '\'' || c == '\\' ? "\"%.*s\"" : "'%.*s'", (int)character.length,
                      character.at);
}

/* Where it stands in the list of such characters: those in double quotes, those in single ones,
 * blanks, controls. */
static int list_part(unsigned char c)
{
    if (c == '\'' || c == '\\')
        return 0;
    if (c == ' ')
        return 2;
    return c < ' ' || c == 0x7F ? 3 : 1;
}

/* Refuses a part that has other characters than it may, and names each of them once. */
static enum qv_status check_characters(struct qv_str part, bool (*may_be)(unsigned char c),
                                       const char *words, struct qv_buf *reason)
{
    bool bad[0x80] = {false}, any = false;
    for (size_t i = 0; i < part.length; i++) {
        unsigned char c = (unsigned char)part.at[i];
        if (!may_be(c))
            any = bad[c] = true;
    }
    if (!any)
        return QV_OK;
    qv_buf_put_text(reason, words);
    const char *between = " ";
    for (int which = 0; which < 4; which++) {
        for (unsigned char c = 0; c < sizeof(bad); c++) {
            if (!bad[c] || list_part(c) != which)
                continue;
            const char character = (char)c;
            qv_buf_put_text(reason, between);
            put_character(reason, (struct qv_str){.at = &character, .length = 1});
            between = ", ";
        }
    }
    qv_buf_put_char(reason, '.');
    return QV_INVALID;
}

/* ---- periods and hyphens ---- */

enum where { AT_FRONT, AT_BACK, ANYWHERE };

struct pattern {
    enum where where;
    const char *text;
    const char *words;
};

static const struct pattern local_patterns[] = {
    {AT_BACK, ".", "An email address cannot have a period immediately before the @-sign."},
    {AT_FRONT, ".", "An email address cannot start with a period."},
    {ANYWHERE, "..", "An email address cannot have two periods in a row."},
};

static const struct pattern domain_patterns[] = {
    {AT_BACK, ".", "An email address cannot end with a period."},
    {AT_FRONT, ".", "An email address cannot have a period immediately after the @-sign."},
    {ANYWHERE, "..", "An email address cannot have two periods in a row."},
    {AT_BACK, "-", "An email address cannot end with a hyphen."},
    {AT_FRONT, "-", "An email address cannot have a hyphen immediately after the @-sign."},
    {ANYWHERE, ".-", "An email address cannot have a period and a hyphen next to each other."},
    {ANYWHERE, "-.", "An email address cannot have a period and a hyphen next to each other."},
};

static bool matches(const struct pattern *pattern, struct qv_str part)
{
    size_t length = strlen(pattern->text);
    if (part.length < length)
        return false;
    size_t last = part.length - length;
    size_t first = pattern->where == AT_BACK ? last : 0;
    for (size_t i = first; i <= (pattern->where == AT_FRONT ? 0 : last); i++) {
        if (memcmp(part.at + i, pattern->text, length) == 0)
            return true;
    }
    return false;
}

static enum qv_status check_patterns(struct qv_str part, const struct pattern *patterns,
                                     size_t count, struct qv_buf *reason)
{
    for (size_t i = 0; i < count; i++) {
        if (matches(&patterns[i], part))
            return refuse(reason, patterns[i].words);
    }
    return QV_OK;
}

/* ---- the part after the @-sign ---- */

static enum qv_status check_length(size_t length, size_t max, const char *words,
                                   struct qv_buf *reason)
{
    if (length <= max)
        return QV_OK;
    size_t over = length - max;
    qv_buf_printf(reason, "%s (%zu %s too many).", words, over,
                  over == 1 ? "character" : "characters");
    return QV_INVALID;
}

/* Two letters and two hyphens at a label's front are kept for encodings; one of them is known. */
static bool has_unknown_encoding(struct qv_str label)
{
    return label.length >= 4 && is_letter_or_digit((unsigned char)label.at[0]) &&
           is_letter_or_digit((unsigned char)label.at[1]) && label.at[2] == '-' &&
           label.at[3] == '-' && !qv_str_equal_ignore_case(qv_str_part(label, 0, 2), QV_STR("xn"));
}

static enum qv_status check_labels(struct qv_str domain, struct qv_buf *reason)
{
    struct qv_str label;
    for (struct qv_str rest = domain; qv_str_split_next(&rest, '.', &label);) {
        if (has_unknown_encoding(label))
            return refuse(reason, "An email address cannot have two letters followed by two dashes "
                                  "immediately after the @-sign or after a period, except "
                                  "Punycode.");
    }
    QV_TRY(check_length(domain.length, DOMAIN_MAX, "The email address is too long after the @-sign",
                        reason));
    for (struct qv_str rest = domain; qv_str_split_next(&rest, '.', &label);)
        QV_TRY(check_length(label.length, LABEL_MAX,
                            "After the @-sign, periods cannot be separated by so many characters",
                            reason));
    return QV_OK;
}

/* RFC 6761 and the like: no mail goes there. */
static const char *const special_domains[] = {"arpa",  "invalid", "local", "localhost",
                                              "onion", "test",    NULL};

static enum qv_status check_top_level(struct qv_str domain, struct qv_buf *reason)
{
    if (qv_str_find(domain, '.') == SIZE_MAX)
        return refuse(reason, "The part after the @-sign is not valid. It should have a period.");
    unsigned char last = (unsigned char)domain.at[domain.length - 1];
    if (last < 'A')
        return refuse(reason, "The part after the @-sign is not valid. It is not within a valid "
                              "top-level domain.");
    struct qv_str rest = domain, label;
    while (qv_str_split_next(&rest, '.', &label)) {
    }
    if (qv_text_find(special_domains, label, true) != NULL)
        return refuse(reason, "The part after the @-sign is a special-use or reserved name that "
                              "cannot be used with email.");
    return QV_OK;
}

static enum qv_status check_domain(struct qv_str domain, struct qv_buf *reason)
{
    if (domain.length == 0)
        return refuse(reason, "There must be something after the @-sign.");
    if (domain.at[0] == '[' && domain.at[domain.length - 1] == ']')
        return refuse(reason, "A bracketed IP address after the @-sign is not allowed here.");
    QV_TRY(check_characters(domain, in_domain,
                            "The part after the @-sign contains invalid characters:", reason));
    QV_TRY(check_patterns(domain, domain_patterns, QV_COUNT_OF(domain_patterns), reason));
    QV_TRY(check_labels(domain, reason));
    return check_top_level(domain, reason);
}

/* ---- the part before it ---- */

/* RFC 2142: what an organization's common mailboxes are called, in whatever case. */
static const char *const common_mailboxes[] = {
    "info",       "marketing", "sales", "support",   "abuse", "noc",  "security", "postmaster",
    "hostmaster", "usenet",    "news",  "webmaster", "www",   "uucp", "ftp",      NULL,
};

static const char no_at_sign[] = "An email address must have an @-sign.";

/* An address in its parts, while it is judged. */
struct parts {
    struct qv_str local, domain;
    bool bracketed; /* angle brackets and perhaps a name are around it still */
};

/* Behind the quotes that a text begins with nothing may follow. */
static enum qv_status check_behind_quotes(struct qv_str text, struct qv_buf *reason)
{
    struct qv_str rest = qv_str_part(text, quoted_length(text), SIZE_MAX);
    if (rest.length == 0)
        return QV_OK;
    qv_buf_put_text(reason, "Extra character(s) found after close quote:");
    for (const char *between = " "; rest.length > 0; between = ", ") {
        uint32_t ignored;
        size_t length = qv_str_next_code_point(rest, &ignored);
        length = length > 0 ? length : 1;
        qv_buf_put_text(reason, between);
        put_character(reason, qv_str_part(rest, 0, length));
        rest = qv_str_part(rest, length, SIZE_MAX);
    }
    return QV_INVALID;
}

/* `name`, and `rest` from an angle bracket on; what is in the brackets is left. */
static enum qv_status open_brackets(struct qv_str name, struct qv_str *rest, struct qv_buf *reason)
{
    if (name.length > 0 && name.at[0] == '"')
        QV_TRY(check_behind_quotes(name, reason));
    else
        QV_TRY(check_characters(
            name, in_name,
            "The display name contains invalid characters when not quoted:", reason));
    if (qv_str_find(*rest, '>') == SIZE_MAX)
        return refuse(reason, "An open angle bracket at the start of the email address has to be "
                              "followed by a close angle bracket at the end.");
    if (rest->at[rest->length - 1] != '>')
        return refuse(reason, "There can't be anything after the email address.");
    *rest = qv_str_part(*rest, 1, rest->length - 2);
    return QV_OK;
}

static enum qv_status split(struct qv_str text, struct parts *parts, struct qv_buf *reason)
{
    size_t at = find_unquoted(text, "@<");
    if (at == SIZE_MAX)
        return refuse(reason, no_at_sign);
    parts->bracketed = text.at[at] == '<';
    if (parts->bracketed) {
        struct qv_str name = qv_chap_trim(qv_str_part(text, 0, at));
        text = qv_str_part(text, at, SIZE_MAX);
        QV_TRY(open_brackets(name, &text, reason));
        at = find_unquoted(text, "@");
    }
    if (at == SIZE_MAX)
        return refuse(reason, no_at_sign);
    parts->local = qv_str_part(text, 0, at);
    parts->domain = qv_str_part(text, at + 1, SIZE_MAX);
    return QV_OK;
}

static enum qv_status check_local_part(struct qv_str local, struct qv_buf *reason)
{
    size_t quoted = quoted_length(local);
    if (quoted > 0)
        QV_TRY(check_behind_quotes(local, reason));
    if (local.length == 0 || quoted == 2)
        return refuse(reason, "There must be something before the @-sign.");
    if (quoted > 0)
        return refuse(reason, "Quoting the part before the @-sign is not allowed here.");
    QV_TRY(check_characters(
        local, in_local_part,
        "The email address contains invalid characters before the @-sign:", reason));
    return check_patterns(local, local_patterns, QV_COUNT_OF(local_patterns), reason);
}

/* ---- the whole ---- */

static size_t characters(struct qv_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}

/* How many bytes the widest character has. */
static size_t width(struct qv_str text)
{
    size_t widest = 1;
    uint32_t ignored;
    for (size_t length; (length = qv_str_next_code_point(text, &ignored)) > 0;) {
        widest = length > widest ? length : widest;
        text = qv_str_part(text, length, SIZE_MAX);
    }
    return widest;
}

/* Counts bytes but tells characters: from how many to how many must go. */
static enum qv_status check_size(struct qv_str local, struct qv_str domain, struct qv_buf *reason)
{
    static const char words[] = "The email address is too long";
    size_t size = local.length + 1 + domain.length;
    size_t widest = width(local) > width(domain) ? width(local) : width(domain);
    if (size <= ADDRESS_MAX + 1 || widest == 1)
        return check_length(size, ADDRESS_MAX, words, reason);
    size_t most = size - ADDRESS_MAX, least = most < widest ? 1 : most / widest;
    qv_buf_printf(reason, "%s (%zu-%zu characters too many).", words, least, most);
    return QV_INVALID;
}

enum qv_status qv_chap_email_read(struct qv_str text, struct qv_buf *normal,
                                  struct qv_buf *ret_reason)
{
    if (characters(text) > TEXT_MAX)
        return refuse(ret_reason, "Length must not exceed 2048 characters");
    struct parts parts;
    QV_TRY(split(without_name(qv_chap_trim(text)), &parts, ret_reason));
    struct qv_str local = parts.local, domain = parts.domain;
    QV_TRY(check_local_part(local, ret_reason));
    QV_TRY(check_domain(domain, ret_reason));
    QV_TRY(check_size(local, domain, ret_reason));
    if (parts.bracketed)
        return refuse(ret_reason, "A display name and angle brackets around the email address are "
                                  "not permitted here.");
    bool common = qv_text_find(common_mailboxes, local, true) != NULL;
    qv_text_put_case(local, common ? QV_CASE_LOWER : QV_CASE_KEPT, normal);
    qv_buf_put_char(normal, '@');
    qv_text_put_case(domain, QV_CASE_LOWER, normal);
    return QV_OK;
}

/*
 * Converts the text of values, one function for each kind of setting.
 *
 * Holds always: a member is written only when the value is good; a fault says what would be
 * right. Called with what stands in the file and with the table's defaults alike. Any thread.
 */
#include "values.h"
#include <arpa/inet.h>
#include <quiver/base/credentials.h>
#include <quiver/base/file.h>
#include <quiver/base/glob.h>
#include <quiver/base/memory.h>
#include <string.h>

#define QUOTE_MAX       80
#define NAME_MAX_LENGTH 63

/* What the converters are given; `member` is where the value goes. */
struct target {
    const struct qv_setting *setting;
    struct qv_config *config;
    void *member;
    struct qv_error *error;
};

void qv_value_quote(struct qv_buf *buf, struct qv_str text)
{
    struct qv_str shown = qv_str_part(text, 0, QUOTE_MAX);
    for (size_t i = 0; i < shown.length; i++) {
        unsigned char c = (unsigned char)shown.at[i];
        qv_buf_put_char(buf, c < ' ' || c == 0x7F ? '?' : (char)c);
    }
    if (shown.length < text.length)
        qv_buf_put_text(buf, "...");
}

/* "<value>" and what is wrong with it. */
static enum qv_status refuse(const struct target *target, struct qv_str text, const char *why)
{
    QV_CLEANUP(qv_buf) struct qv_buf quoted = {0};
    qv_value_quote(&quoted, text);
    if (qv_buf_status(&quoted) != QV_OK)
        return qv_error_set(target->error, QV_NO_MEMORY, "out of memory");
    return qv_error_set(target->error, QV_INVALID, "\"%s\" %s", quoted.at != NULL ? quoted.at : "",
                        why);
}

static enum qv_status set_text(const struct target *target, char *owned)
{
    if (owned == NULL)
        return qv_error_set(target->error, QV_NO_MEMORY, "out of memory");
    char **member = target->member;
    qv_free(*member);
    *member = owned;
    return QV_OK;
}

/* ---- texts ---- */

static bool is_word(struct qv_str text, const char *also)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr(also, c) == NULL))
            return false;
    }
    return text.length > 0 && text.length <= NAME_MAX_LENGTH;
}

static enum qv_status convert_name(const struct target *target, struct qv_str text)
{
    if (!is_word(text, "-_"))
        return refuse(target, text,
                      "is no name, use 1 to 63 letters, digits, hyphens and underscores");
    return set_text(target, qv_str_dup(text));
}

/* A cloud is compared with parts 2 to 5 of a certificate's CN, so it has four. */
static enum qv_status convert_cloud(const struct target *target, struct qv_str text)
{
    struct qv_str rest = text, part;
    size_t parts = 0;
    bool words = true;
    for (; qv_str_split_next(&rest, '.', &part); parts++)
        words = words && is_word(part, "-");
    if (!words || parts != 4)
        return refuse(target, text,
                      "is no cloud, write <cloud>.<organization>.<domain> with a domain of two "
                      "parts, as testcloud.company.arrowhead.eu");
    return set_text(target, qv_str_dup(text));
}

/* What is in it is judged by OpenSSL when the contexts are made. */
static enum qv_status convert_tls_list(const struct target *target, struct qv_str text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ":+-!@_=";
    bool words = text.length > 0;
    for (size_t i = 0; i < text.length; i++)
        words = words && text.at[i] != '\0' && strchr(allowed, text.at[i]) != NULL;
    if (!words)
        return refuse(target, text, "is no list of OpenSSL's names with colons between them");
    return set_text(target, qv_str_dup(text));
}

static enum qv_status convert_address(const struct target *target, struct qv_str text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char ended[INET6_ADDRSTRLEN] = "";
    if (text.length < sizeof(ended) && text.length > 0)
        memcpy(ended, text.at, text.length);
    if (inet_pton(AF_INET, ended, bytes) != 1 && inet_pton(AF_INET6, ended, bytes) != 1)
        return refuse(target, text,
                      "is no address, write an IPv4 or IPv6 address in numbers, as 127.0.0.1 or "
                      "::1");
    return set_text(target, qv_str_dup(text));
}

static enum qv_status convert_host(const struct target *target, struct qv_str text)
{
    if (!qv_value_is_host(text))
        return refuse(target, text,
                      "is no address and no host name, as 10.0.0.5 or registry.plant.example");
    return set_text(target, qv_str_dup(text));
}

/* One slash at the end means nothing. */
static enum qv_status set_url(const struct target *target, struct qv_str text)
{
    if (text.at[text.length - 1] == '/')
        text.length--;
    return set_text(target, qv_str_dup(text));
}

static enum qv_status convert_url(const struct target *target, struct qv_str text)
{
    QV_TRY(qv_config_check_url(text, target->error));
    return set_url(target, text);
}

static enum qv_status convert_own_url(const struct target *target, struct qv_str text)
{
    QV_TRY(qv_value_check_own_url(text, target->error));
    return set_url(target, text);
}

static enum qv_status convert_credential(const struct target *target, struct qv_str text)
{
    QV_CLEANUP(qv_error) struct qv_error error = {0};
    char *path = NULL;
    enum qv_status status = qv_credential_path(text, &path, &error);
    if (status == QV_INVALID)
        return refuse(target, text, qv_error_message(&error));
    return set_text(target, path);
}

/* A setting may give some words a meaning of their own. */
static enum qv_status convert_path(const struct target *target, struct qv_str text)
{
    if (text.length == 0)
        return refuse(target, text, "is no path");
    for (const struct qv_choice *word = target->setting->choices; word && word->word; word++)
        if (qv_str_equal(text, qv_str_from(word->word)))
            return set_text(target, qv_str_dup(text));
    if (qv_credential_is_meant(text))
        return convert_credential(target, text);
    char *ended = qv_str_dup(text);
    char *path = ended != NULL ? qv_path_join(target->config->directory, ended) : NULL;
    qv_free(ended);
    return set_text(target, path);
}

static enum qv_status convert_path_item(const struct target *target, struct qv_str text)
{
    char *path = NULL;
    struct target single = *target;
    single.member = &path;
    QV_TRY(convert_path(&single, text));
    enum qv_status status = qv_strings_add(target->member, qv_str_from(path));
    qv_free(path);
    return status;
}

static enum qv_status convert_text_item(const struct target *target, struct qv_str text)
{
    if (text.length == 0)
        return refuse(target, text, "is empty");
    return qv_strings_add(target->member, text);
}

static enum qv_status convert_host_item(const struct target *target, struct qv_str text)
{
    if (!qv_value_is_authority(text))
        return refuse(target, text,
                      "is no host, write a name, an IPv4 address or an [IPv6] one, each with or "
                      "without :port");
    return qv_strings_add(target->member, text);
}

static enum qv_status convert_glob_item(const struct target *target, struct qv_str text)
{
    text = qv_str_trim(text);
    const char *fault = qv_glob_fault(text);
    if (fault != NULL)
        return refuse(target, text, fault);
    return qv_strings_add(target->member, text);
}

/* ---- words ---- */

static enum qv_status convert_flag(const struct target *target, struct qv_str text)
{
    bool yes = qv_str_equal(text, QV_STR("true"));
    if (!yes && !qv_str_equal(text, QV_STR("false")))
        return refuse(target, text, "is neither true nor false");
    *(bool *)target->member = yes;
    return QV_OK;
}

/* "... , use one of: a, b" from what this version can. */
static enum qv_status refuse_choice(const struct target *target, struct qv_str text,
                                    const char *why)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    qv_buf_put_text(&words, why);
    const char *before = ", use one of: ";
    for (const struct qv_choice *choice = target->setting->choices; choice->word; choice++) {
        if (choice->later)
            continue;
        qv_buf_printf(&words, "%s%s", before, choice->word);
        before = ", ";
    }
    if (qv_buf_status(&words) != QV_OK)
        return qv_error_set(target->error, QV_NO_MEMORY, "out of memory");
    return refuse(target, text, words.at);
}

static enum qv_status find_choice(const struct target *target, struct qv_str text,
                                  unsigned *ret_value)
{
    for (const struct qv_choice *choice = target->setting->choices; choice->word; choice++) {
        if (!qv_str_equal(text, qv_str_from(choice->word)))
            continue;
        if (choice->later)
            return refuse_choice(target, text, "is not supported by this version");
        *ret_value = choice->value;
        return QV_OK;
    }
    return refuse_choice(target, text, "is unknown");
}

static enum qv_status convert_choice(const struct target *target, struct qv_str text)
{
    unsigned value;
    QV_TRY(find_choice(target, text, &value));
    _Static_assert(sizeof(enum qv_dialect_id) == sizeof(value), "enums are as wide as unsigned");
    memcpy(target->member, &value, sizeof(value));
    return QV_OK;
}

static enum qv_status convert_choice_item(const struct target *target, struct qv_str text)
{
    unsigned value;
    QV_TRY(find_choice(target, text, &value));
    *(unsigned *)target->member |= value;
    return QV_OK;
}

/* ---- numbers ---- */

struct unit {
    const char *suffix;
    uint64_t factor;
};

static const struct unit no_units[] = {{"", 1}, {0}};
static const struct unit size_units[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {0}};
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {0}};

/* A number and its unit as one number. */
static bool read_number(struct qv_str text, const struct unit *units, uint64_t *ret_number)
{
    size_t digits = 0;
    while (digits < text.length && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    uint64_t number;
    if (qv_str_to_uint(qv_str_part(text, 0, digits), UINT64_MAX, &number) != QV_OK)
        return false;
    struct qv_str suffix = qv_str_part(text, digits, SIZE_MAX);
    for (const struct unit *unit = units; unit->suffix != NULL; unit++)
        if (qv_str_equal(suffix, qv_str_from(unit->suffix)))
            return !__builtin_mul_overflow(number, unit->factor, ret_number);
    return false;
}

static const struct {
    const struct unit *units;
    const char *what;
} measures[QV_KIND_COUNT_OF_KINDS] = {
    [QV_KIND_COUNT] = {no_units, "a whole number"},
    [QV_KIND_SIZE] = {size_units, "a size in bytes, KiB, MiB or GiB"},
    [QV_KIND_DURATION] = {duration_units, "a time in ms, s, m or h"},
};

void qv_value_put_number(struct qv_buf *buf, const struct qv_setting *setting, uint64_t number)
{
    const struct unit *units = measures[setting->kind].units, *best = units;
    for (const struct unit *unit = units; unit->suffix != NULL && number > 0; unit++)
        if (number % unit->factor == 0)
            best = unit; /* the largest that leaves no rest */
    qv_buf_printf(buf, "%llu%s", (unsigned long long)(number / best->factor), best->suffix);
}

static enum qv_status refuse_number(const struct target *target, struct qv_str text)
{
    const struct qv_setting *setting = target->setting;
    QV_CLEANUP(qv_buf) struct qv_buf why = {0};
    qv_buf_printf(&why, "is not %s from ", measures[setting->kind].what);
    qv_value_put_number(&why, setting, setting->min);
    qv_buf_put_text(&why, " to ");
    qv_value_put_number(&why, setting, setting->max);
    if (qv_buf_status(&why) != QV_OK)
        return qv_error_set(target->error, QV_NO_MEMORY, "out of memory");
    return refuse(target, text, why.at);
}

static void store_number(const struct target *target, uint64_t number)
{
    switch (target->setting->size) {
    case sizeof(uint16_t): *(uint16_t *)target->member = (uint16_t)number; return;
    case sizeof(uint32_t): *(uint32_t *)target->member = (uint32_t)number; return;
    default: *(uint64_t *)target->member = number; return;
    }
}

static enum qv_status convert_number(const struct target *target, struct qv_str text)
{
    const struct qv_setting *setting = target->setting;
    uint64_t number;
    if (!read_number(text, measures[setting->kind].units, &number) || number < setting->min ||
        number > setting->max)
        return refuse_number(target, text);
    store_number(target, number);
    return QV_OK;
}

static enum qv_status convert_redis(const struct target *target, struct qv_str text)
{
    return qv_value_redis(text, target->setting->choices != NULL, target->member, target->error);
}

/* ---- the kinds ---- */

static const struct {
    struct qv_kind about;
    enum qv_status (*convert)(const struct target *target, struct qv_str text);
} kinds[QV_KIND_COUNT_OF_KINDS] = {
    [QV_KIND_NAME] = {{.name = "name"}, convert_name},
    [QV_KIND_CLOUD] = {{.name = "name"}, convert_cloud},
    [QV_KIND_ADDRESS] = {{.name = "address"}, convert_address},
    [QV_KIND_PATH] = {{.name = "path"}, convert_path},
    [QV_KIND_PATHS] = {{.name = "list of paths", .list = true}, convert_path_item},
    [QV_KIND_TEXTS] = {{.name = "list of texts", .list = true}, convert_text_item},
    [QV_KIND_FLAG] = {{.name = "true or false", .plain = true}, convert_flag},
    [QV_KIND_CHOICE] = {{.name = "word"}, convert_choice},
    [QV_KIND_CHOICES] = {{.name = "list of words", .list = true}, convert_choice_item},
    [QV_KIND_COUNT] = {{.name = "number", .plain = true}, convert_number},
    [QV_KIND_SIZE] = {{.name = "size", .plain = true}, convert_number},
    [QV_KIND_DURATION] = {{.name = "time", .plain = true}, convert_number},
    [QV_KIND_HOST] = {{.name = "address or host name"}, convert_host},
    [QV_KIND_HOSTS] = {{.name = "list of hosts", .list = true}, convert_host_item},
    [QV_KIND_URL] = {{.name = "URL"}, convert_url},
    [QV_KIND_OWN_URL] = {{.name = "URL"}, convert_own_url},
    [QV_KIND_TLS_LIST] = {{.name = "list with colons"}, convert_tls_list},
    [QV_KIND_REDIS] = {{.name = "URL"}, convert_redis},
    [QV_KIND_GLOBS] = {{.name = "list of names", .list = true}, convert_glob_item},
    [QV_KIND_LISTENERS] = {{.name = "list of listeners", .list = true}, NULL},
    [QV_KIND_IDENTITIES] = {{.name = "list of limits", .list = true}, NULL},
};

const struct qv_kind *qv_kind_of(const struct qv_setting *setting)
{
    return &kinds[setting->kind].about;
}

enum qv_status qv_value_convert(const struct qv_setting *setting, struct qv_str text,
                                struct qv_config *config, void *base, struct qv_error *error)
{
    struct target target = {.setting = setting,
                            .config = config,
                            .member = (char *)base + setting->offset,
                            .error = error};
    return kinds[setting->kind].convert(&target, text);
}

/*
 * Who a rule is about.
 *
 * Holds always: each key that is given must fit, a key that is not given is not looked at, with one
 * exception that closes a door: a rule that permits something fits callers without identity only
 * where it says so (`anonymous: true`) or asks for another proof (`service_key: true`). What a
 * caller does not have (a fingerprint, a cloud) fits no pattern, `*` included. Pure; any thread.
 */
#include "who.h"

#include <arpa/inet.h>
#include <string.h>

const char *const who_names[WHO_TEXTS] = {
    [WHO_SYSTEMS] = "systems",
    [WHO_CLOUDS] = "clouds",
    [WHO_ORGANIZATIONS] = "organizations",
    [WHO_FINGERPRINTS] = "fingerprints",
    [WHO_SERIALS] = "serials",
    [WHO_LISTENERS] = "listeners",
};
static const char *const who_nouns[WHO_TEXTS] = {
    [WHO_SYSTEMS] = "system",
    [WHO_CLOUDS] = "cloud",
    [WHO_ORGANIZATIONS] = "organization",
    [WHO_FINGERPRINTS] = "fingerprint",
    [WHO_SERIALS] = "serial",
    [WHO_LISTENERS] = "listener",
};

/* ---- the caller ---- */

/* The next label of a cloud, in lower case as policies have it; one that is too long is none. */
static struct qv_str fold_label(struct qv_str *rest, char folded[64])
{
    struct qv_str label;
    if (!qv_str_split_next(rest, '.', &label) || label.length > 64)
        return QV_STR("");
    for (size_t i = 0; i < label.length; i++) {
        char c = label.at[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (struct qv_str){.at = folded, .length = label.length};
}

/* Serials are numbers: zeros at the front say nothing. */
static struct qv_str strip_zeros(struct qv_str serial)
{
    while (serial.length > 1 && serial.at[0] == '0')
        serial = qv_str_part(serial, 1, SIZE_MAX);
    return serial;
}

static void read_identity(const struct qv_caller *caller, struct asker *asker)
{
    const struct qv_identity *identity = caller->identity;
    asker->known = true;
    asker->profile = 1u << identity->profile;
    asker->texts[WHO_SYSTEMS] = caller->system;
    if (identity->cloud != NULL) {
        struct qv_str rest = qv_str_from(identity->cloud);
        asker->texts[WHO_CLOUDS] = fold_label(&rest, asker->folded[0]);
        asker->texts[WHO_ORGANIZATIONS] = fold_label(&rest, asker->folded[1]);
    }
    if (identity->certificate != NULL) {
        asker->texts[WHO_FINGERPRINTS] = qv_str_from(identity->certificate->fingerprint);
        asker->texts[WHO_SERIALS] = strip_zeros(qv_str_from(identity->certificate->serial));
    }
}

void asker_read(const struct qv_caller *caller, struct asker *ret_asker)
{
    *ret_asker = (struct asker){.service_key = caller->service_key, .address = caller->address};
    ret_asker->texts[WHO_LISTENERS] = caller->listener;
    ret_asker->address_known = !IN6_IS_ADDR_UNSPECIFIED(&caller->address);
    if (caller->identity != NULL)
        read_identity(caller, ret_asker);
}

/* ---- does it fit ---- */

bool who_needs_identity(const struct rule *rule)
{
    const struct who *who = &rule->who;
    if (who->anonymous != ANSWER_ANY)
        return who->anonymous == ANSWER_NO;
    /* Of the texts only the listener is no part of an identity. */
    return (who->keys & ~(1u << WHO_LISTENERS)) != 0 || who->profiles != 0 ||
           (rule->effect != EFFECT_DENY && who->service_key != ANSWER_YES);
}

static bool fits_identity(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    bool fits = asker->known ? rule->who.anonymous != ANSWER_YES : !who_needs_identity(rule);
    if (!fits && why != NULL)
        qv_buf_put_text(why, asker->known ? "the caller is not anonymous"
                                          : "the caller has no identity");
    return fits;
}

static void put_profiles(unsigned profiles, struct qv_buf *buf)
{
    bool first = true;
    static const struct {
        enum qv_profile profile;
        const char *word;
    } words[] = {{QV_PROFILE_SYSTEM, "system"}, {QV_PROFILE_OPERATOR, "operator"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((profiles & 1u << words[i].profile) == 0)
            continue;
        qv_buf_printf(buf, "%s%s", first ? "" : ", ", words[i].word);
        first = false;
    }
}

static bool fits_profile(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    unsigned wanted = rule->who.profiles;
    bool fits = wanted == 0 || (wanted & asker->profile) != 0;
    if (!fits && why != NULL) {
        qv_buf_put_text(why, "profile is ");
        put_profiles(asker->profile, why);
        qv_buf_put_text(why, ", not ");
        put_profiles(wanted, why);
    }
    return fits;
}

static bool fits_texts(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    for (unsigned left = rule->who.keys; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        const struct patterns *wanted = &rule->who.texts[i];
        struct qv_str has = asker->texts[i];
        if (patterns_match(wanted, has))
            continue;
        if (why != NULL) {
            if (has.length > 0)
                qv_buf_printf(why, "%s %.*s is not of ", who_nouns[i], QV_STR_ARG(has));
            else
                qv_buf_printf(why, "the caller has no %s, wanted is ", who_nouns[i]);
            patterns_put(wanted, why);
        }
        return false;
    }
    return true;
}

static bool fits_service_key(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    enum answer wanted = rule->who.service_key;
    bool fits = wanted == ANSWER_ANY || (wanted == ANSWER_YES) == asker->service_key;
    if (!fits && why != NULL)
        qv_buf_put_text(why, asker->service_key ? "the caller holds a service key"
                                                : "the caller holds no service key");
    return fits;
}

bool network_has(const struct network *network, const struct in6_addr *address)
{
    unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    if (memcmp(&network->address, address, whole) != 0)
        return false;
    unsigned mask = (0xFFu << (8 - rest)) & 0xFFu;
    return rest == 0 || ((network->address.s6_addr[whole] ^ address->s6_addr[whole]) & mask) == 0;
}

static void put_address(const struct in6_addr *address, struct qv_buf *buf)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(address))
        inet_ntop(AF_INET, &address->s6_addr[12], text, sizeof(text));
    else
        inet_ntop(AF_INET6, address, text, sizeof(text));
    qv_buf_put_text(buf, text);
}

static bool fits_network(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    const struct who *who = &rule->who;
    for (size_t i = 0; i < who->network_count && asker->address_known; i++)
        if (network_has(&who->networks[i], &asker->address))
            return true;
    if (who->network_count > 0 && why != NULL) {
        qv_buf_put_text(why, "address ");
        if (asker->address_known)
            put_address(&asker->address, why);
        qv_buf_put_text(why, asker->address_known ? " is in none of its networks" : "is not known");
    }
    return who->network_count == 0;
}

bool who_fits(const struct rule *rule, const struct asker *asker, struct qv_buf *why)
{
    static bool (*const checks[])(const struct rule *rule, const struct asker *asker,
                                  struct qv_buf *why) = {
        fits_identity, fits_profile, fits_texts, fits_service_key, fits_network,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (!checks[i](rule, asker, why))
            return false;
    return true;
}

/* ---- one and another ---- */

static bool covers_profiles(const struct rule *wide, const struct rule *narrow)
{
    /* Callers with an identity have one of these two and no other. */
    const unsigned all = 1u << QV_PROFILE_SYSTEM | 1u << QV_PROFILE_OPERATOR;
    unsigned wanted = wide->who.profiles, has = narrow->who.profiles;
    if (wanted == 0 || (wanted == all && who_needs_identity(narrow)))
        return true;
    return has != 0 && (has & ~wanted) == 0;
}

static bool covers_networks(const struct who *wide, const struct who *narrow)
{
    if (wide->network_count == 0)
        return true;
    for (size_t i = 0; i < narrow->network_count; i++) {
        bool inside = false;
        for (size_t k = 0; k < wide->network_count && !inside; k++)
            inside = wide->networks[k].prefix <= narrow->networks[i].prefix &&
                     network_has(&wide->networks[k], &narrow->networks[i].address);
        if (!inside)
            return false;
    }
    return narrow->network_count > 0;
}

static bool covers_answers(const struct rule *wide, const struct rule *narrow)
{
    if (who_needs_identity(wide) && !who_needs_identity(narrow))
        return false;
    if (wide->who.anonymous == ANSWER_YES && narrow->who.anonymous != ANSWER_YES)
        return false;
    return wide->who.service_key == ANSWER_ANY || wide->who.service_key == narrow->who.service_key;
}

bool who_covers(const struct rule *wide, const struct rule *narrow)
{
    if ((wide->who.keys & ~narrow->who.keys) != 0)
        return false;
    for (unsigned left = wide->who.keys; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (!patterns_cover(&wide->who.texts[i], &narrow->who.texts[i]))
            return false;
    }
    return covers_profiles(wide, narrow) && covers_networks(&wide->who, &narrow->who) &&
           covers_answers(wide, narrow);
}

/*
 * The keys of `who`. What nobody can be (anonymous, and called something) is a fault, so that no
 * rule is there for nobody. One thread.
 */
#include "read.h"
#include "who.h"

#include <arpa/inet.h>
#include <string.h>

static struct who *who_of(void *reader)
{
    return &((struct rule_reader *)reader)->rule->who;
}

/* By enum who_text. */
static const enum values kinds[WHO_TEXTS] = {
    [WHO_SYSTEMS] = VALUES_SYSTEMS,      [WHO_CLOUDS] = VALUES_LABELS,
    [WHO_ORGANIZATIONS] = VALUES_LABELS, [WHO_FINGERPRINTS] = VALUES_FINGERPRINTS,
    [WHO_SERIALS] = VALUES_SERIALS,      [WHO_LISTENERS] = VALUES_LISTENERS,
};

static void read_texts(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    struct rule_reader *reader = into;
    patterns_read(at, reader->policy, kinds[key->which],
                  key->which == WHO_SYSTEMS ? TAKES_GROUPS : 0,
                  &reader->rule->who.texts[key->which]);
    reader->rule->who.keys |= 1u << key->which;
}

static void read_profile(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    static const struct {
        const char *word;
        enum qv_profile profile;
    } words[] = {{"system", QV_PROFILE_SYSTEM}, {"operator", QV_PROFILE_OPERATOR}};
    size_t count = qv_yaml_count(at);
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        struct qv_str text;
        if (!qv_yaml_text(&item, &text))
            continue;
        unsigned found = 0;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            if (qv_str_equal(text, qv_str_from(words[k].word)))
                found = 1u << words[k].profile;
        who_of(into)->profiles |= found;
        if (found == 0)
            qv_yaml_fault(&item, "\"%.*s\" is no profile, write system or operator",
                          QV_STR_ARG(qv_str_part(text, 0, 40)));
    }
}

static void read_answer(const struct qv_yaml_at *at, enum answer *ret_answer)
{
    bool yes;
    if (qv_yaml_flag(at, &yes))
        *ret_answer = yes ? ANSWER_YES : ANSWER_NO;
}

static void read_anonymous(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    read_answer(at, &who_of(into)->anonymous);
}

static void read_service_key(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    read_answer(at, &who_of(into)->service_key);
}

/* ---- networks ---- */

static bool read_address(struct qv_str text, struct network *ret_network)
{
    char ended[INET6_ADDRSTRLEN] = "";
    struct in_addr v4;
    if (text.length == 0 || text.length >= sizeof(ended))
        return false;
    memcpy(ended, text.at, text.length);
    if (inet_pton(AF_INET6, ended, &ret_network->address) == 1) {
        ret_network->prefix = 128;
        return true;
    }
    if (inet_pton(AF_INET, ended, &v4) != 1)
        return false;
    ret_network->address = (struct in6_addr){.s6_addr = {[10] = 0xFF, [11] = 0xFF}};
    memcpy(&ret_network->address.s6_addr[12], &v4, sizeof(v4));
    ret_network->prefix = 32;
    return true;
}

static bool has_bits_behind(const struct network *network)
{
    for (unsigned bit = network->prefix; bit < 128; bit++)
        if ((network->address.s6_addr[bit / 8] & 0x80u >> bit % 8) != 0)
            return true;
    return false;
}

/* NULL: it is one; else what is wrong. An address alone is a network of one. */
static const char *read_network(struct qv_str text, struct network *ret_network)
{
    struct qv_str rest = text, address, length;
    uint64_t prefix;
    struct network network = {0};
    (void)qv_str_split_next(&rest, '/', &address);
    if (!read_address(address, &network))
        return "is no network, write as 10.0.0.0/8 or fd00::/8";
    bool mapped = network.prefix == 32;
    if (qv_str_split_next(&rest, '/', &length)) {
        if (qv_str_to_uint(length, network.prefix, &prefix) != QV_OK || rest.length > 0)
            return "is no network, the number behind the slash is 0 to 32, for IPv6 to 128";
        network.prefix = (unsigned)prefix;
    }
    network.prefix += mapped ? 96 : 0;
    if (has_bits_behind(&network))
        return "has bits behind its prefix, write the network's first address";
    *ret_network = network;
    return NULL;
}

static void read_networks(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    struct rule_reader *reader = into;
    struct who *who = &reader->rule->who;
    size_t count = qv_yaml_count(at);
    who->networks = arena_alloc(&reader->policy->arena, count, sizeof(struct network));
    if (who->networks == NULL) {
        at->yaml->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qv_yaml_at item = qv_yaml_item(at, i);
        struct qv_str text;
        if (!qv_yaml_text(&item, &text))
            continue;
        const char *fault = read_network(text, &who->networks[who->network_count]);
        if (fault == NULL)
            who->network_count++;
        else
            qv_yaml_fault(&item, "\"%.*s\" %s", QV_STR_ARG(qv_str_part(text, 0, 80)), fault);
    }
}

/* ---- the whole ---- */

static const struct qv_yaml_key keys[] = {
    {"systems", .read = read_texts, .which = WHO_SYSTEMS},
    {"profile", .read = read_profile},
    {"anonymous", .read = read_anonymous},
    {"service_key", .read = read_service_key},
    {"clouds", .read = read_texts, .which = WHO_CLOUDS},
    {"organizations", .read = read_texts, .which = WHO_ORGANIZATIONS},
    {"fingerprints", .read = read_texts, .which = WHO_FINGERPRINTS},
    {"serials", .read = read_texts, .which = WHO_SERIALS},
    {"listeners", .read = read_texts, .which = WHO_LISTENERS},
    {"networks", .read = read_networks},
};

static void check_anonymous(const struct qv_yaml_at *at, const struct who *who)
{
    if (who->anonymous != ANSWER_YES)
        return;
    for (unsigned i = WHO_SYSTEMS; i <= WHO_SERIALS; i++)
        if ((who->keys >> i & 1) != 0)
            qv_yaml_fault(at, "anonymous: true and %s fit nobody, remove one", who_names[i]);
    if (who->profiles != 0)
        qv_yaml_fault(at, "anonymous: true and profile fit nobody, remove one");
}

void who_read(const struct qv_yaml_at *at, const struct qv_yaml_key *key, void *into)
{
    (void)key;
    struct rule_reader *reader = into;
    reader->rule->who_given = true;
    size_t before = at->yaml->found;
    qv_yaml_map(at, "who", keys, sizeof(keys) / sizeof(keys[0]), reader);
    if (at->yaml->found != before)
        return;
    if (at->node->data.mapping.pairs.start == at->node->data.mapping.pairs.top)
        qv_yaml_fault(at, "names nobody, write {profile: [system, operator]} for all callers that "
                          "have an identity");
    check_anonymous(at, &reader->rule->who);
}

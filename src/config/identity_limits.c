/*
 * What entries of limits.identities must be by themselves and beside each other: each can have an
 * effect. A limit that never holds for anybody is one that its author relies on in vain.
 *
 * Holds always: only values that are good by themselves come here. One thread.
 */
#include "load.h"

#include <quiver/base/glob.h>
#include <string.h>

static void fault(struct qv_load *load, const struct qv_config_identity_limit *limit,
                  const char *key, const char *before, const char *words)
{
    size_t index = (size_t)(limit - load->config->limits.identities.at);
    qv_load_fault(load, limit->line, NULL, "limits.identities[%zu].%s: %s%s", index, key, before,
                  words);
}

/* What no stored name has in it, by dialect (spec/arrowhead-discovery 5): those of a text without
   wildcards are converted, those of a pattern cannot be. NULL: nothing. */
static const char *foreign_to_names(const struct qv_config *config, const char **ret_words)
{
    if (config->cloud.dialect == QV_DIALECT_5_0) {
        *ret_words = " fits no name: names are stored in lower case";
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    }
    *ret_words = " fits no name: names are stored without hyphens, as PressSeven";
    return config->registry.normalization == QV_NORMALIZATION_EXTENDED ? "-_" : NULL;
}

static void check_systems(struct qv_load *load, const struct qv_config_identity_limit *limit)
{
    const char *words;
    const char *foreign = foreign_to_names(load->config, &words);
    for (size_t i = 0; i < limit->systems.count; i++) {
        const char *text = limit->systems.at[i];
        if (text[0] == '@')
            fault(load, limit, "systems", text,
                  " is no name: groups are the policy's, write their names here, too");
        else if (foreign != NULL && qv_glob_has_wildcard(qv_str_from(text)) &&
                 strpbrk(text, foreign) != NULL)
            fault(load, limit, "systems", text, words);
    }
}

/* Is there an entry before it that takes everybody? */
static bool is_covered(const struct qv_config_identity_limits *limits, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (qv_strings_contain(&limits->at[i].systems, QV_STR("*")))
            return true;
    return false;
}

void qv_check_identity_limits(struct qv_load *load)
{
    const struct qv_config_identity_limits *limits = &load->config->limits.identities;
    for (size_t i = 0; i < limits->count; i++) {
        const struct qv_config_identity_limit *limit = &limits->at[i];
        check_systems(load, limit);
        if (limit->burst > 0 && limit->requests == 0)
            fault(load, limit, "burst", "", "has no effect without requests, give both");
        if (is_covered(limits, i))
            fault(load, limit, "systems", "",
                  "never counts, as an earlier entry is for all (*), put it before that");
    }
}

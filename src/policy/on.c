/*
 * What a rule is about.
 *
 * Holds always: each key that is given must match; a key that the object has nothing for does not.
 * Of several interfaces each must match where matching permits (`on` of an allow or of what is
 * visible, `unless` of a deny), and one is enough where it forbids (`on` of a deny): nobody gets
 * something past a rule by adding a second interface. Pure; any thread.
 */
#include "on.h"

#include <quiver/base/json.h>

const char *const on_names[ON_TEXTS] = {
    [ON_PROVIDER] = "provider",     [ON_SERVICES] = "services", [ON_VERSIONS] = "versions",
    [ON_INTERFACES] = "interfaces", [ON_POLICIES] = "policies",
};

enum { METADATA_DEPTH = 1000 };

void asking_free(struct asking *asking)
{
    qv_json_free(&asking->metadata);
}

/* ---- texts ---- */

/* The object's values of a key; `single` has room for one. */
static const struct qv_str *values_of(const struct qv_object *object, enum on_text key,
                                      struct qv_str *single, size_t *ret_count)
{
    if (key == ON_INTERFACES || key == ON_POLICIES) {
        bool interfaces = key == ON_INTERFACES;
        *ret_count = interfaces ? object->interface_count : object->policy_count;
        return interfaces ? object->interfaces : object->policies;
    }
    *single = key == ON_SERVICES   ? object->service
              : key == ON_VERSIONS ? object->version
                                   : object->provider;
    *ret_count = single->length > 0 ? 1 : 0;
    return single;
}

static bool matches_value(const struct patterns *wanted, struct qv_str value,
                          const struct asking *asking)
{
    if (wanted->own && value.length > 0 && qv_str_equal(value, asking->system))
        return true;
    return patterns_match(wanted, value);
}

/* Where it does not match, `ret_at_fault` is a value that does not, or empty: there is none. */
static bool matches_text(const struct on *on, enum on_text key, enum quantity quantity,
                         const struct asking *asking, struct qv_str *ret_at_fault)
{
    struct qv_str single;
    size_t count;
    const struct qv_str *values = values_of(asking->object, key, &single, &count);
    *ret_at_fault = QV_STR("");
    for (size_t i = 0; i < count; i++) {
        bool matches = matches_value(&on->texts[key], values[i], asking);
        if (matches && quantity == ONE)
            return true;
        if (!matches)
            *ret_at_fault = values[i];
        if (!matches && quantity == EACH)
            return false;
    }
    return count > 0 && quantity == EACH;
}

bool on_provider_matches(const struct on *on, const struct asking *asking)
{
    return matches_value(&on->texts[ON_PROVIDER], asking->object->provider, asking);
}

static bool match_texts(const struct on *on, enum quantity quantity, const struct asking *asking,
                        struct qv_buf *why)
{
    for (unsigned left = on->keys; left != 0; left &= left - 1) {
        enum on_text key = (enum on_text)__builtin_ctz(left);
        struct qv_str fault;
        if (matches_text(on, key, quantity, asking, &fault))
            continue;
        if (why != NULL) {
            qv_buf_put_text(why, on_names[key]);
            if (fault.length > 0)
                qv_buf_printf(why, ": %.*s is not of ", QV_STR_ARG(fault));
            else
                qv_buf_put_text(why, ": the object has none, wanted is ");
            patterns_put(&on->texts[key], why);
        }
        return false;
    }
    return true;
}

/* ---- metadata ---- */

/* Read once per decision. Without it nothing is decided: `trouble` says so. CHAP's texts may have a
   NUL, so it is read as leniently as when it came in. */
static const json_t *metadata_of(struct asking *asking)
{
    const struct qv_object *object = asking->object;
    if (object->metadata != NULL || object->metadata_text.length == 0)
        return object->metadata;
    if (!asking->metadata_read) {
        asking->metadata_read = true;
        enum qv_status status = qv_json_parse_lenient(object->metadata_text, METADATA_DEPTH,
                                                      &asking->metadata, NULL, NULL);
        if (status != QV_OK)
            asking->trouble = status == QV_NO_MEMORY ? QV_NO_MEMORY : QV_INTERNAL;
    }
    return asking->metadata;
}

static bool match_metadata(const struct on *on, struct asking *asking, struct qv_buf *why)
{
    if (on->metadata_count == 0)
        return true;
    const json_t *metadata = metadata_of(asking);
    for (size_t i = 0; i < on->metadata_count && metadata != NULL; i++)
        if (qv_requirement_matches(on->metadata[i], metadata))
            return true;
    if (why != NULL)
        qv_buf_put_text(why, metadata != NULL ? "metadata: does not match"
                                              : "metadata: the object has none");
    return false;
}

/* ---- the whole ---- */

bool on_matches(const struct on *on, enum quantity quantity, struct asking *asking,
                struct qv_buf *why)
{
    static const struct qv_object nothing = {0};
    if (asking->object == NULL)
        asking->object = &nothing;
    return match_texts(on, quantity, asking, why) && match_metadata(on, asking, why);
}

bool rule_applies(const struct rule *rule, struct asking *asking, struct qv_buf *why)
{
    size_t before = why != NULL ? why->length : 0;
    if (rule->on.given) {
        if (why != NULL)
            qv_buf_put_text(why, "on: ");
        if (!on_matches(&rule->on, rule->effect == EFFECT_DENY ? ONE : EACH, asking, why))
            return false;
        if (why != NULL)
            qv_buf_truncate(why, before);
    }
    if (why != NULL)
        qv_buf_put_text(why, rule->unless.given ? "matches, and unless does not: " : "matches");
    if (!rule->unless.given || !on_matches(&rule->unless, EACH, asking, why))
        return true;
    if (why != NULL) {
        qv_buf_truncate(why, before);
        qv_buf_put_text(why, "unless: matches");
    }
    return false;
}

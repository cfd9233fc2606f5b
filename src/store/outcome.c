/*
 * Two tables about the scripts' replies: where the envelopes are that an answer is written from,
 * and how refusals are said that belong to the request. Pure; any thread.
 */
#include "outcome.h"

#include <quiver/domain/words.h>

/* The envelopes in a register script's reply, OK or NOTHING. */
static const struct {
    enum qv_script script;
    enum qv_kind kind;
    size_t item;
    size_t arg; /* the id's */
} envelopes[] = {
    {QV_SCRIPT_REGISTER_SERVICE, QV_KIND_INSTANCE, 3, QV_ARG_INSTANCE},
    {QV_SCRIPT_REGISTER_SERVICE, QV_KIND_SYSTEM, 4, QV_ARG_SYSTEM},
    {QV_SCRIPT_REGISTER_SERVICE, QV_KIND_DEFINITION, 6, QV_ARG_DEFINITION},
    {QV_SCRIPT_REGISTER_SYSTEM, QV_KIND_SYSTEM, 3, QV_ARG_NAME},
    {QV_SCRIPT_REGISTER_DEVICE, QV_KIND_DEVICE, 3, QV_ARG_NAME},
};

/* Where a reply has the device of its system, '' where that is on none; 0: nowhere. */
static const size_t device_items[QV_SCRIPT_COUNT] = {
    [QV_SCRIPT_REGISTER_SERVICE] = 5,
    [QV_SCRIPT_REGISTER_SYSTEM] = 4,
};

static struct qv_entity_head **place_of(struct qv_outcome *outcome, enum qv_kind kind)
{
    switch (kind) {
    case QV_KIND_INSTANCE: return &outcome->instance;
    case QV_KIND_SYSTEM: return &outcome->system;
    case QV_KIND_DEVICE: return &outcome->device;
    default: return &outcome->definition;
    }
}

enum qv_status qv_outcome_read(struct qv_change *change, const struct qv_reply *reply,
                               struct qv_error *error)
{
    struct qv_outcome *outcome = &change->outcome;
    for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++)
        if (envelopes[i].script == change->script)
            QV_TRY(qv_entity_read(envelopes[i].kind, change->args[envelopes[i].arg],
                                  qv_reply_text(reply, envelopes[i].item),
                                  place_of(outcome, envelopes[i].kind), error));
    struct qv_str device = qv_reply_text(reply, device_items[change->script]);
    if (device_items[change->script] == 0 || device.length == 0)
        return QV_OK;
    return qv_entity_read(QV_KIND_DEVICE, ((const struct qv_system *)outcome->system)->device,
                          device, &outcome->device, error);
}

/* Refusals in the reference's words (spec/arrowhead-discovery 3.2, 4.1, 4.5). */
static const struct {
    const char *code;
    enum qv_status status;
    const char *before; /* the detail; NULL: the dialect's `which` */
    enum qv_words which;
} refusals[] = {
    {"system", QV_INVALID, NULL, QV_WORDS_SYSTEM_UNKNOWN},
    {"template", QV_INVALID, NULL, QV_WORDS_TEMPLATE_UNKNOWN},
    {"in-use", QV_LOCKED, NULL, QV_WORDS_DEVICE_IN_USE},
    {"device", QV_INVALID, "Device names do not exist: ", 0},
    {"addresses", QV_INVALID, "At least one system address is needed for every system", 0},
    {"twin", QV_INVALID, "A system exists whose name differs in letter case alone: ", 0},
    {"definition-twin", QV_INVALID,
     "A service definition exists whose name differs in letter case alone: ", 0},
    {"instances", QV_TOO_MANY, "More than ", 0}, /* limits.identities */
    {"overtaken", QV_UNAVAILABLE,
     "The change was not made: another registration has just made the interface template ", 0},
};

enum qv_status qv_outcome_refuse(const struct qv_dialect *dialect, const struct qv_reply *reply,
                                 struct qv_error *error)
{
    struct qv_str code = qv_reply_text(reply, 1), detail = qv_reply_text(reply, 2);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (!qv_str_equal(code, qv_str_from(refusals[i].code)))
            continue;
        const char *before = refusals[i].before;
        if (before == NULL)
            before = qv_dialect_words(dialect, refusals[i].which);
        return qv_error_set(error, refusals[i].status, "%s%.*s", before, QV_STR_ARG(detail));
    }
    return QV_INTERNAL;
}

/*
 * Tables about the scripts' replies: where the envelopes are that an answer is written from, what
 * became of a CHAP service and until when it lives, and how refusals are said that belong to the
 * request. Pure; any thread.
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
    {QV_SCRIPT_REGISTER_CHAP, QV_KIND_CHAP, 3, QV_ARG_NAME},
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
    case QV_KIND_CHAP: return &outcome->chap;
    default: return &outcome->definition;
    }
}

/* Where a reply says what a CHAP service came to, and its two times; 0: nowhere. Where nothing is
   said of them at all there was nothing. */
static const struct {
    size_t how, times;
} chap_items[QV_SCRIPT_COUNT] = {
    [QV_SCRIPT_REGISTER_CHAP] = {.how = 4, .times = 5},
    [QV_SCRIPT_PING_CHAP] = {.times = 3},
    [QV_SCRIPT_DELETE_CHAP] = {.how = 3},
};

static const struct {
    const char *word;
    enum qv_chap_how how;
} chap_words[] = {
    {"new", QV_CHAP_NEW},
    {"same", QV_CHAP_SAME},
    {"updated", QV_CHAP_UPDATED},
    {"kept", QV_CHAP_KEPT},
    {"ended", QV_CHAP_ENDED},
    {"alive", QV_CHAP_NEW}, /* deleted while it was: nothing to be told of it */
};

static bool read_how(const struct qv_reply *reply, size_t item, enum qv_chap_how *how)
{
    struct qv_str word = qv_reply_text(reply, item);
    for (size_t i = 0; i < sizeof(chap_words) / sizeof(chap_words[0]); i++)
        if (qv_str_equal(word, qv_str_from(chap_words[i].word))) {
            *how = chap_words[i].how;
            return true;
        }
    return false;
}

static enum qv_status read_chap(struct qv_change *change, const struct qv_reply *reply,
                                struct qv_error *error)
{
    size_t how = chap_items[change->script].how, times = chap_items[change->script].times;
    struct qv_outcome *outcome = &change->outcome;
    if (qv_reply_begins(reply, "NOTHING") && reply->count <= 3)
        return QV_OK; /* there is no such service */
    if ((how > 0 && !read_how(reply, how, &outcome->chap_how)) ||
        (times > 0 && (!qv_reply_number(reply, times, &outcome->chap_times.pinged_us) ||
                       !qv_reply_number(reply, times + 1, &outcome->chap_times.ends_us))))
        return qv_error_set(error, QV_INVALID, "what became of a CHAP service cannot be read");
    return QV_OK;
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
    QV_TRY(read_chap(change, reply, error));
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

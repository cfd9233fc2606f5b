/*
 * Telling what a reload came to.
 *
 * Holds always: the three forms (JSON, log, lines for people) say the same; each fault is told with
 * its part and its file; nothing secret is in any of it, as no fault of ours repeats one. One
 * thread.
 */
#include "reload_outcome.h"

#include <quiver/base/log.h>

const char *reload_part_name(enum reload_part part)
{
    switch (part) {
    case RELOAD_OWN: return qv_trust_part_name(QV_TRUST_OWN);
    case RELOAD_ANCHORS: return qv_trust_part_name(QV_TRUST_ANCHORS);
    case RELOAD_POLICY: return "policy";
    case RELOAD_IDENTITY: return "identity";
    case RELOAD_KEYS: return "service keys";
    case RELOAD_WORKERS: return "workers";
    case RELOAD_CRL_MEMORY: return "memory of CRLs";
    case RELOAD_ENTRIES: return "own entries";
    case RELOAD_CONFIGURATION:
    case RELOAD_PARTS: break;
    }
    return "configuration";
}

void reload_outcome_free(struct reload_outcome *outcome)
{
    for (size_t i = 0; i < RELOAD_PARTS; i++)
        qv_strings_free(&outcome->parts[i].faults);
    qv_strings_free(&outcome->changed);
    qv_strings_free(&outcome->restart);
    qv_strings_free(&outcome->warnings);
}

/* ---- filled ---------------------------------------------------------------------------------- */

void reload_outcome_add(struct qv_strings *list, const char *words)
{
    if (qv_strings_add(list, qv_str_from(words)) != QV_OK)
        qv_log(QV_LOG_ERROR, "out of memory", QV_LOG_CSTR("while", "reloading"));
}

void reload_outcome_set(struct reload_outcome *outcome, enum reload_part part, bool renewed)
{
    outcome->parts[part].present = true;
    outcome->parts[part].renewed = renewed;
}

void reload_outcome_fail(struct reload_outcome *outcome, enum reload_part part, const char *words)
{
    reload_outcome_set(outcome, part, false);
    reload_outcome_add(&outcome->parts[part].faults, words);
}

void reload_outcome_fail_by(struct reload_outcome *outcome, enum reload_part part,
                            enum qv_status status, const struct qv_error *error)
{
    reload_outcome_fail(outcome, part,
                        status == QV_NO_MEMORY ? "out of memory" : qv_error_message(error));
}

/* ---- judged ---------------------------------------------------------------------------------- */

bool reload_outcome_has_faults(const struct reload_outcome *outcome)
{
    for (size_t i = 0; i < RELOAD_PARTS; i++)
        if (outcome->parts[i].present && !outcome->parts[i].renewed)
            return true;
    return false;
}

bool reload_outcome_is_good(const struct reload_outcome *outcome)
{
    return outcome->restart.count == 0 && !reload_outcome_has_faults(outcome);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static void write_list(struct qv_buf *buf, const struct qv_strings *list)
{
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            qv_buf_put_char(buf, ',');
        qv_json_write_str(buf, qv_str_from(list->at[i]));
    }
    qv_buf_put_char(buf, ']');
}

static void write_parts(struct qv_buf *buf, const struct reload_outcome *outcome)
{
    const char *before = "";
    qv_buf_put_char(buf, '[');
    for (size_t i = 0; i < RELOAD_PARTS; i++) {
        if (!outcome->parts[i].present)
            continue;
        qv_buf_printf(buf, "%s{\"part\":\"%s\",\"renewed\":%s,\"faults\":", before,
                      reload_part_name((enum reload_part)i),
                      outcome->parts[i].renewed ? "true" : "false");
        write_list(buf, &outcome->parts[i].faults);
        qv_buf_put_char(buf, '}');
        before = ",";
    }
    qv_buf_put_char(buf, ']');
}

void reload_outcome_write(const struct reload_outcome *outcome, struct qv_buf *buf)
{
    qv_buf_printf(buf, "{\"good\":%s,\"generation\":%llu,\"parts\":",
                  reload_outcome_is_good(outcome) ? "true" : "false",
                  (unsigned long long)outcome->generation);
    write_parts(buf, outcome);
    qv_buf_printf(buf, ",\"connections\":{\"kept\":%zu,\"ended\":%zu}", outcome->sweep.kept,
                  outcome->sweep.ended);
    const struct {
        const char *key;
        const struct qv_strings *list;
    } lists[] = {{"changed", &outcome->changed},
                 {"restart", &outcome->restart},
                 {"warnings", &outcome->warnings}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        qv_buf_printf(buf, ",\"%s\":", lists[i].key);
        write_list(buf, lists[i].list);
    }
    qv_buf_put_char(buf, '}');
}

/* ---- as log lines ---------------------------------------------------------------------------- */

static void put_word(struct qv_buf *words, const char *word)
{
    qv_buf_printf(words, "%s%s", words->length > 0 ? ", " : "", word);
}

static void put_words(struct qv_buf *words, const struct qv_strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        put_word(words, list->at[i]);
}

static void log_fault(enum reload_part part, enum reload_trigger trigger, bool again,
                      const char *reason)
{
    qv_log(again ? QV_LOG_DEBUG : QV_LOG_ERROR, "reload failed",
           QV_LOG_CSTR("part", reload_part_name(part)), QV_LOG_CSTR("reason", reason),
           QV_LOG_CSTR("trigger", reload_trigger_name(trigger)));
}

static void log_faults(const struct reload_outcome *outcome, enum reload_trigger trigger,
                       bool again)
{
    for (size_t i = 0; i < RELOAD_PARTS; i++)
        for (size_t k = 0; k < outcome->parts[i].faults.count; k++)
            log_fault((enum reload_part)i, trigger, again, outcome->parts[i].faults.at[k]);
}

static void log_renewed(const struct reload_outcome *outcome, enum reload_trigger trigger,
                        bool again)
{
    QV_CLEANUP(qv_buf) struct qv_buf parts = {0}, settings = {0};
    for (size_t i = 0; i < RELOAD_PARTS; i++)
        if (outcome->parts[i].present && outcome->parts[i].renewed)
            put_word(&parts, reload_part_name((enum reload_part)i));
    put_words(&settings, &outcome->changed);
    if (parts.length == 0)
        return;
    qv_log(again ? QV_LOG_DEBUG : QV_LOG_INFO, "reloaded",
           QV_LOG_INT("generation", outcome->generation), QV_LOG_STR("parts", qv_buf_str(&parts)),
           QV_LOG_INT("kept", outcome->sweep.kept), QV_LOG_INT("ended", outcome->sweep.ended),
           QV_LOG_STR("settings", qv_buf_str(&settings)),
           QV_LOG_CSTR("trigger", reload_trigger_name(trigger)));
}

static void log_restart(const struct reload_outcome *outcome, bool again)
{
    QV_CLEANUP(qv_buf) struct qv_buf settings = {0};
    put_words(&settings, &outcome->restart);
    if (settings.length > 0)
        qv_log(again ? QV_LOG_DEBUG : QV_LOG_WARNING, "restart needed",
               QV_LOG_STR("settings", qv_buf_str(&settings)));
}

void reload_outcome_log(const struct reload_outcome *outcome, enum reload_trigger trigger,
                        struct reload_said said)
{
    log_faults(outcome, trigger, said.faults);
    log_restart(outcome, said.restart);
    log_renewed(outcome, trigger, said.faults); /* the last line: all there is to say was said */
}

/* ---- for people ------------------------------------------------------------------------------ */

static void put_line(struct qv_buf *buf, const char *key, const char *format, ...) QV_PRINTF(3, 4);

static void put_line(struct qv_buf *buf, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    qv_buf_printf(buf, "%-17s ", key);
    qv_buf_vprintf(buf, format, args);
    qv_buf_put_char(buf, '\n');
    va_end(args);
}

static void tell_list(struct qv_buf *buf, const char *key, const json_t *list)
{
    QV_CLEANUP(qv_buf) struct qv_buf words = {0};
    for (size_t i = 0; i < json_array_size(list); i++)
        put_word(&words, json_string_value(json_array_get(list, i)));
    if (words.length > 0)
        put_line(buf, key, "%s", words.at);
}

static void tell_part(struct qv_buf *buf, const json_t *part)
{
    const char *name = json_string_value(json_object_get(part, "part"));
    const json_t *faults = json_object_get(part, "faults");
    if (json_is_true(json_object_get(part, "renewed")))
        put_line(buf, name, "renewed");
    for (size_t i = 0; i < json_array_size(faults); i++)
        put_line(buf, name, "kept: %s", json_string_value(json_array_get(faults, i)));
}

static bool are_texts(const json_t *list)
{
    bool texts = json_is_array(list);
    for (size_t i = 0; texts && i < json_array_size(list); i++)
        texts = json_is_string(json_array_get(list, i));
    return texts;
}

/* Whoever answers is of our version or another; either way nothing is taken for what it is not. */
static bool is_outcome(const json_t *outcome)
{
    const json_t *parts = json_object_get(outcome, "parts");
    const json_t *connections = json_object_get(outcome, "connections");
    bool right = json_is_boolean(json_object_get(outcome, "good")) && json_is_array(parts) &&
                 json_is_integer(json_object_get(connections, "kept")) &&
                 json_is_integer(json_object_get(connections, "ended")) &&
                 are_texts(json_object_get(outcome, "changed")) &&
                 are_texts(json_object_get(outcome, "restart")) &&
                 are_texts(json_object_get(outcome, "warnings"));
    for (size_t i = 0; right && i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        right = json_is_string(json_object_get(part, "part")) &&
                are_texts(json_object_get(part, "faults"));
    }
    return right;
}

enum qv_status reload_outcome_tell(const json_t *outcome, struct qv_buf *buf, bool *ret_good)
{
    if (!is_outcome(outcome))
        return QV_FOREIGN;
    const json_t *parts = json_object_get(outcome, "parts");
    const json_t *connections = json_object_get(outcome, "connections");
    for (size_t i = 0; i < json_array_size(parts); i++)
        tell_part(buf, json_array_get(parts, i));
    tell_list(buf, "settings", json_object_get(outcome, "changed"));
    tell_list(buf, "restart needed", json_object_get(outcome, "restart"));
    const json_t *warnings = json_object_get(outcome, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++)
        put_line(buf, "warning", "%s", json_string_value(json_array_get(warnings, i)));
    put_line(buf, "connections", "%lld kept, %lld ended",
             (long long)json_integer_value(json_object_get(connections, "kept")),
             (long long)json_integer_value(json_object_get(connections, "ended")));
    QV_TRY(qv_buf_status(buf));
    *ret_good = json_is_true(json_object_get(outcome, "good"));
    return QV_OK;
}

/*
 * Writes docs/configuration.md's tables from the settings, so that the page cannot say anything
 * but what the program does. Any thread.
 */
#include "values.h"

/* What may be written: the words, or the range. */
static void write_values(struct qv_buf *buf, const struct qv_setting *setting)
{
    qv_buf_put_text(buf, qv_kind_of(setting)->name);
    bool beside = setting->kind == QV_KIND_PATH || setting->kind == QV_KIND_REDIS;
    const char *before = beside ? " or " : ": "; /* a word beside paths or URLs */
    for (const struct qv_choice *choice = setting->choices; choice != NULL && choice->word;
         choice++) {
        if (choice->later)
            continue;
        qv_buf_printf(buf, "%s`%s`", before, choice->word);
        before = ", ";
    }
    if (setting->max == 0)
        return;
    qv_buf_put_text(buf, ", ");
    qv_value_put_number(buf, setting, setting->min);
    qv_buf_put_text(buf, " to ");
    qv_value_put_number(buf, setting, setting->max);
}

static void write_default(struct qv_buf *buf, const struct qv_setting *setting)
{
    if (setting->required)
        qv_buf_put_text(buf, "must be given");
    else if (setting->fallback != NULL && qv_kind_of(setting)->list)
        qv_buf_printf(buf, "`[%s]`", setting->fallback);
    else if (setting->fallback != NULL)
        qv_buf_printf(buf, "`%s`", setting->fallback);
}

/* `when`: with a column that tells when a change takes effect. */
static void write_table(struct qv_buf *buf, const struct qv_settings *settings, bool when)
{
    qv_buf_printf(buf, "| setting | value | default |%s meaning |\n|---|---|---|%s---|\n",
                  when ? " a change takes effect |" : "", when ? "---|" : "");
    for (size_t i = 0; i < settings->count; i++) {
        const struct qv_setting *setting = &settings->at[i];
        if (setting->later)
            continue;
        qv_buf_printf(buf, "| `%s` | ", setting->path);
        write_values(buf, setting);
        qv_buf_put_text(buf, " | ");
        write_default(buf, setting);
        if (when)
            qv_buf_printf(buf, " | at a %s", setting->reloadable ? "reload" : "restart");
        qv_buf_printf(buf, " | %s |\n", setting->doc);
    }
}

static void write_later_words(struct qv_buf *buf, const struct qv_settings *settings,
                              const char *above)
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct qv_setting *setting = &settings->at[i];
        for (const struct qv_choice *choice = setting->choices; choice != NULL && choice->word;
             choice++)
            if (choice->later)
                qv_buf_printf(buf, "- `%s%s: %s`\n", above, setting->path, choice->word);
    }
}

static void write_later(struct qv_buf *buf)
{
    const struct qv_settings *settings = &qv_config_settings;
    for (size_t i = 0; i < settings->count; i++)
        if (settings->at[i].later)
            qv_buf_printf(buf, "- `%s`: %s\n", settings->at[i].path, settings->at[i].doc);
    write_later_words(buf, settings, "");
    write_later_words(buf, &qv_listener_settings, "listeners[].");
    qv_buf_put_text(buf, "- `store.redis: rediss://...` and `sentinel://...`\n");
}

void qv_config_write_reference(struct qv_buf *buf)
{
    qv_buf_put_text(buf, "## Settings\n\n");
    write_table(buf, &qv_config_settings, true);
    qv_buf_put_text(buf, "\n## Settings of a listener\n\n");
    write_table(buf, &qv_listener_settings, false);
    qv_buf_put_text(buf, "\n## Settings of an entry of limits.identities\n\n");
    write_table(buf, &qv_identity_settings, false);
    qv_buf_put_text(buf, "\n## Known, but refused by this version\n\n");
    write_later(buf);
}

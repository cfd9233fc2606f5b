/*
 * Lines of Prometheus' text format. Durations are seconds there; here they are counted in
 * microseconds, and written as such a fraction, without floating point. Any thread.
 */
#include "metrics_private.h"

void metrics_put_label(struct qv_buf *buf, const char *name, struct qv_str value)
{
    qv_buf_printf(buf, "%s=\"", name);
    for (size_t i = 0; i < value.length; i++) {
        char c = value.at[i];
        if (c == '\n')
            qv_buf_put_text(buf, "\\n");
        else {
            if (c == '"' || c == '\\')
                qv_buf_put_char(buf, '\\');
            qv_buf_put_char(buf, c);
        }
    }
    qv_buf_put_char(buf, '"');
}

void metrics_put(struct qv_buf *buf, const char *name, unsigned long long value)
{
    qv_buf_printf(buf, "%s %llu\n", name, value);
}

void metrics_put_labelled(struct qv_buf *buf, const char *name, const char *label,
                          struct qv_str text, unsigned long long value)
{
    qv_buf_printf(buf, "%s{", name);
    metrics_put_label(buf, label, text);
    qv_buf_printf(buf, "} %llu\n", value);
}

void metrics_sum_add(struct metrics_sum *sum, const struct metrics_histogram *histogram)
{
    for (size_t i = 0; i <= METRICS_BUCKETS; i++)
        sum->buckets[i] += metrics_read(&histogram->buckets[i]);
    sum->sum_us += metrics_read(&histogram->sum_us);
}

/* "0.0025", as short as it goes. */
static void put_seconds(struct qv_buf *buf, unsigned long long us)
{
    enum { DIGITS = 6 };
    unsigned long long rest = us % 1000000;
    int digits = DIGITS;
    for (; digits > 0 && rest % 10 == 0; digits--)
        rest /= 10;
    qv_buf_printf(buf, "%llu", us / 1000000);
    if (digits > 0)
        qv_buf_printf(buf, ".%0*llu", digits, rest);
}

/* "{<label>="<text>"}", or nothing. */
static void put_only_label(struct qv_buf *buf, const char *label, struct qv_str text)
{
    if (label == NULL)
        return;
    qv_buf_put_char(buf, '{');
    metrics_put_label(buf, label, text);
    qv_buf_put_char(buf, '}');
}

void metrics_put_histogram(struct qv_buf *buf, const char *name, const char *label,
                           struct qv_str text, const struct metrics_sum *sum)
{
    unsigned long long so_far = 0;
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        so_far += sum->buckets[i];
        qv_buf_printf(buf, "%s_bucket{", name);
        if (label != NULL) {
            metrics_put_label(buf, label, text);
            qv_buf_put_char(buf, ',');
        }
        qv_buf_put_text(buf, "le=\"");
        if (i < METRICS_BUCKETS)
            put_seconds(buf, (unsigned long long)metrics_bounds_us[i]);
        else
            qv_buf_put_text(buf, "+Inf");
        qv_buf_printf(buf, "\"} %llu\n", so_far);
    }
    qv_buf_printf(buf, "%s_sum", name);
    put_only_label(buf, label, text);
    qv_buf_put_char(buf, ' ');
    put_seconds(buf, sum->sum_us);
    qv_buf_printf(buf, "\n%s_count", name);
    put_only_label(buf, label, text);
    qv_buf_printf(buf, " %llu\n", so_far);
}

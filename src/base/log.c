/*
 * The log.
 *
 * Holds always: a line is one write(2), so that lines of several threads do not mix; whatever a
 * client sent is escaped in both forms (controls, C1 controls, what turns the direction of text,
 * bytes that are not UTF-8), so that it can neither begin a line nor steer a terminal. A line
 * that cannot be built or written is lost: the log never stops the server. Any thread.
 */
#include <errno.h>
#include <quiver/base/buf.h>
#include <quiver/base/clock.h>
#include <quiver/base/log.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static _Atomic int least_level = QV_LOG_INFO;
static _Atomic int chosen_format = QV_LOG_AUTO;
static _Atomic int output = STDERR_FILENO;

static const struct {
    const char *name;   /* in JSON */
    const char *padded; /* in text */
    const char *colour;
} levels[] = {
    [QV_LOG_DEBUG] = {"debug", "DEBUG", "\033[2m"},
    [QV_LOG_INFO] = {"info", "INFO ", "\033[32m"},
    [QV_LOG_WARNING] = {"warning", "WARN ", "\033[33m"},
    [QV_LOG_ERROR] = {"error", "ERROR", "\033[31m"},
};
static const char plain_colour[] = "\033[0m";

void qv_log_configure(enum qv_log_level level, enum qv_log_format format)
{
    atomic_store(&least_level, (int)level);
    atomic_store(&chosen_format, (int)format);
}

void qv_log_to(int descriptor)
{
    atomic_store(&output, descriptor);
}

bool qv_log_enabled(enum qv_log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

/* ---- escaping ---- */

/* Characters that a terminal obeys or a reader is deceived by. */
static bool is_dangerous(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200B, 0x200F},
        {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* A quoted string, as JSON has it, with more escapes than JSON asks for. */
static void put_quoted(struct qv_buf *line, struct qv_str text)
{
    qv_buf_put_char(line, '"');
    while (text.length > 0) {
        uint32_t c;
        size_t length = qv_str_next_code_point(text, &c);
        if (length == 0) {
            qv_buf_put_text(line, "\\ufffd");
            length = 1;
        } else if (is_dangerous(c)) {
            qv_buf_printf(line, "\\u%04x", (unsigned)c);
        } else {
            if (c == '"' || c == '\\')
                qv_buf_put_char(line, '\\');
            qv_buf_put(line, qv_str_part(text, 0, length));
        }
        text = qv_str_part(text, length, SIZE_MAX);
    }
    qv_buf_put_char(line, '"');
}

/* May the text stand without quotes: nothing in it that separates, quotes or needs an escape. */
static bool is_bare(struct qv_str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || strchr("\"\\=", text.at[i]) != NULL)
            return false;
    return text.length > 0;
}

/* ---- the two forms ---- */

static void put_json_field(struct qv_buf *line, const struct qv_log_field *field)
{
    qv_buf_put_char(line, ',');
    put_quoted(line, qv_str_from(field->name));
    qv_buf_put_char(line, ':');
    if (field->kind == QV_LOG_NUMBER_FIELD)
        qv_buf_printf(line, "%lld", (long long)field->number);
    else
        put_quoted(line, field->text);
}

static void put_json_line(struct qv_buf *line, enum qv_log_level level, const char *event,
                          const struct qv_log_field *fields)
{
    qv_buf_put_text(line, "{\"time\":\"");
    qv_wall_write(line, qv_wall_now(), QV_WALL_MILLISECONDS);
    qv_buf_printf(line, "\",\"level\":\"%s\",\"event\":", levels[level].name);
    put_quoted(line, qv_str_from(event));
    for (const struct qv_log_field *field = fields; field->name != NULL; field++)
        put_json_field(line, field);
    qv_buf_put_text(line, "}\n");
}

static void put_text_field(struct qv_buf *line, const struct qv_log_field *field)
{
    qv_buf_printf(line, " %s=", field->name);
    if (field->kind == QV_LOG_NUMBER_FIELD)
        qv_buf_printf(line, "%lld", (long long)field->number);
    else if (is_bare(field->text))
        qv_buf_put(line, field->text);
    else
        put_quoted(line, field->text);
}

static void put_text_line(struct qv_buf *line, enum qv_log_level level, const char *event,
                          const struct qv_log_field *fields, bool coloured)
{
    qv_wall_write(line, qv_wall_now(), QV_WALL_MILLISECONDS);
    qv_buf_printf(line, " %s%s%s %s", coloured ? levels[level].colour : "", levels[level].padded,
                  coloured ? plain_colour : "", event);
    for (const struct qv_log_field *field = fields; field->name != NULL; field++)
        put_text_field(line, field);
    qv_buf_put_char(line, '\n');
}

static void write_line(int descriptor, struct qv_str line)
{
    while (line.length > 0) {
        ssize_t written = write(descriptor, line.at, line.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line = qv_str_part(line, (size_t)written, SIZE_MAX);
    }
}

void qv_log_write(enum qv_log_level level, const char *event, const struct qv_log_field *fields)
{
    if (!qv_log_enabled(level))
        return;
    int kept_errno = errno; /* a caller may log before it looks at errno */
    int descriptor = atomic_load(&output);
    int format = atomic_load(&chosen_format);
    bool terminal = format != QV_LOG_JSON && isatty(descriptor) == 1;
    QV_CLEANUP(qv_buf) struct qv_buf line = {0};
    if (format == QV_LOG_TEXT || (format == QV_LOG_AUTO && terminal))
        put_text_line(&line, level, event, fields, terminal);
    else
        put_json_line(&line, level, event, fields);
    if (qv_buf_status(&line) == QV_OK)
        write_line(descriptor, qv_buf_str(&line));
    else
        write_line(descriptor, QV_STR("{\"level\":\"error\",\"event\":\"out of memory: a log line "
                                      "is lost\"}\n"));
    errno = kept_errno;
}

/*
 * The log.
 *
 * Holds always: a line is one write(2), so that lines of several threads do not mix; whatever a
 * client sent is escaped in both forms (controls, C1 controls, what turns the direction of text,
 * bytes that are not UTF-8), so that it can neither begin a line nor steer a terminal. The log
 * never stops the server: a line that cannot be built is lost, and so is one for which a pipe,
 * socket or terminal has no room now, because nobody reads it; the next that gets through tells how
 * many (`dropped`). Such a line is at most PIPE_BUF long, what a pipe takes whole or not at all:
 * its texts are cut. A regular file gets all. A line to the journal (systemd says by
 * JOURNAL_STREAM which socket leads there) begins with its priority, as sd-daemon(3) has it: the
 * journal takes that off and files the line under it. Any thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <quiver/base/buf.h>
#include <quiver/base/clock.h>
#include <quiver/base/log.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int least_level = QV_LOG_INFO;
static _Atomic int chosen_format = QV_LOG_AUTO;
static _Atomic int output = STDERR_FILENO;
static _Atomic int64_t dropped; /* lines, since the last that got through */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* never held while waiting */
static bool is_torn; /* the last line was written in part; under the mutex */

static const char cut_mark[] = "[cut]";

/* One line to be. */
struct entry {
    enum qv_log_level level;
    const char *event;
    const struct qv_log_field *fields;
    int64_t dropped;
    size_t text_max; /* bytes of a field's text; more is cut */
    bool json, coloured;
    bool journal; /* begins with its priority */
};

static const struct {
    const char *name;   /* in JSON */
    const char *padded; /* in text */
    const char *colour;
    const char *priority; /* for the journal */
} levels[] = {
    [QV_LOG_DEBUG] = {"debug", "DEBUG", "\033[2m", "<7>"},
    [QV_LOG_INFO] = {"info", "INFO ", "\033[32m", "<6>"},
    [QV_LOG_WARNING] = {"warning", "WARN ", "\033[33m", "<4>"},
    [QV_LOG_ERROR] = {"error", "ERROR", "\033[31m", "<3>"},
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

/* ---- the journal ---- */

/* "<device>:<inode>" of the socket that leads to the journal, as the service manager wrote it at
   the start; whoever redirected standard error since has another one there. */
static bool leads_to_journal(const struct stat *facts)
{
    char here[48];
    const char *journal = getenv("JOURNAL_STREAM");
    snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)facts->st_dev, (uintmax_t)facts->st_ino);
    return journal != NULL && strcmp(journal, here) == 0;
}

const char *qv_log_priority(enum qv_log_level level, int descriptor)
{
    struct stat facts;
    bool journal = fstat(descriptor, &facts) == 0 && leads_to_journal(&facts);
    return journal ? levels[level].priority : "";
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

/* A quoted string, as JSON has it, with more escapes than JSON asks for; `mark` is its end. */
static void put_quoted(struct qv_buf *line, struct qv_str text, const char *mark)
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
    qv_buf_put_text(line, mark);
    qv_buf_put_char(line, '"');
}

static void put_text(struct qv_buf *line, struct qv_str text, const struct entry *entry)
{
    bool is_long = text.length > entry->text_max;
    put_quoted(line, is_long ? qv_str_part(text, 0, entry->text_max) : text,
               is_long ? cut_mark : "");
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

static void put_json_number(struct qv_buf *line, const char *name, int64_t number)
{
    qv_buf_printf(line, ",\"%s\":%lld", name, (long long)number);
}

static void put_json_line(struct qv_buf *line, const struct entry *entry)
{
    qv_buf_put_text(line, "{\"time\":\"");
    qv_wall_write(line, qv_wall_now(), QV_WALL_MILLISECONDS);
    qv_buf_printf(line, "\",\"level\":\"%s\",\"event\":", levels[entry->level].name);
    put_quoted(line, qv_str_from(entry->event), "");
    for (const struct qv_log_field *field = entry->fields; field->name != NULL; field++) {
        if (field->kind == QV_LOG_NUMBER_FIELD) {
            put_json_number(line, field->name, field->number);
            continue;
        }
        qv_buf_printf(line, ",\"%s\":", field->name);
        put_text(line, field->text, entry);
    }
    if (entry->dropped > 0)
        put_json_number(line, "dropped", entry->dropped);
    qv_buf_put_text(line, "}\n");
}

static void put_text_field(struct qv_buf *line, const struct qv_log_field *field,
                           const struct entry *entry)
{
    qv_buf_printf(line, " %s=", field->name);
    if (field->kind == QV_LOG_NUMBER_FIELD)
        qv_buf_printf(line, "%lld", (long long)field->number);
    else if (is_bare(field->text) && field->text.length <= entry->text_max)
        qv_buf_put(line, field->text);
    else
        put_text(line, field->text, entry);
}

static void put_text_line(struct qv_buf *line, const struct entry *entry)
{
    qv_wall_write(line, qv_wall_now(), QV_WALL_MILLISECONDS);
    qv_buf_printf(line, " %s%s%s %s", entry->coloured ? levels[entry->level].colour : "",
                  levels[entry->level].padded, entry->coloured ? plain_colour : "", entry->event);
    for (const struct qv_log_field *field = entry->fields; field->name != NULL; field++)
        put_text_field(line, field, entry);
    if (entry->dropped > 0)
        qv_buf_printf(line, " dropped=%lld", (long long)entry->dropped);
    qv_buf_put_char(line, '\n');
}

static void put_line(struct qv_buf *line, const struct entry *entry)
{
    if (entry->journal)
        qv_buf_put_text(line, levels[entry->level].priority);
    if (entry->json)
        put_json_line(line, entry);
    else
        put_text_line(line, entry);
}

/* So that the line fits even where each byte of its texts becomes an escape of six. */
static size_t short_text(const struct entry *entry)
{
    enum { FRAME = 1024, ESCAPE = 6 };
    size_t count = 1;
    for (const struct qv_log_field *field = entry->fields; field->name != NULL; field++)
        count++;
    return (PIPE_BUF - FRAME) / ESCAPE / count;
}

/* ---- writing ---- */

static void write_to_file(int descriptor, struct qv_str line)
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

/* Another open file on the same pipe or terminal, so that O_NONBLOCK is ours alone: those who
   share the descriptor must not see it. -1: it cannot be had. */
static int open_again(int descriptor)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static ssize_t write_where_there_is_room(int descriptor, struct qv_str line)
{
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};
    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
        return -1;
    return write(descriptor, line.at, line.length);
}

static ssize_t write_at_once(int descriptor, bool is_socket, struct qv_str line)
{
    if (is_socket)
        return send(descriptor, line.at, line.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    int again = open_again(descriptor);
    if (again < 0)
        return write_where_there_is_room(descriptor, line);
    ssize_t written = write(again, line.at, line.length);
    close(again);
    return written;
}

/* False: nothing was written. What follows a torn line begins a line of its own. */
static bool write_to_reader(int descriptor, bool is_socket, struct qv_str line)
{
    pthread_mutex_lock(&one_at_a_time);
    if (is_torn && write_at_once(descriptor, is_socket, QV_STR("\n")) == 1)
        is_torn = false;
    ssize_t written = is_torn ? -1 : write_at_once(descriptor, is_socket, line);
    if (written > 0)
        is_torn = (size_t)written < line.length;
    pthread_mutex_unlock(&one_at_a_time);
    return written > 0;
}

static bool write_entry(int descriptor, const struct stat *facts, struct entry *entry)
{
    QV_CLEANUP(qv_buf) struct qv_buf line = {0};
    struct qv_str text =
        QV_STR("{\"level\":\"error\",\"event\":\"out of memory: a log line is lost\"}\n");
    bool is_file = S_ISREG(facts->st_mode);
    put_line(&line, entry);
    if (!is_file && qv_buf_status(&line) == QV_OK && qv_buf_str(&line).length > PIPE_BUF) {
        qv_buf_free(&line);
        entry->text_max = short_text(entry);
        put_line(&line, entry);
    }
    bool is_whole = qv_buf_status(&line) == QV_OK;
    if (is_whole)
        text = qv_buf_str(&line);
    if (!is_file)
        return write_to_reader(descriptor, S_ISSOCK(facts->st_mode), text) && is_whole;
    write_to_file(descriptor, text);
    return is_whole;
}

void qv_log_write(enum qv_log_level level, const char *event, const struct qv_log_field *fields)
{
    if (!qv_log_enabled(level))
        return;
    int kept_errno = errno; /* a caller may log before it looks at errno */
    int descriptor = atomic_load(&output);
    int format = atomic_load(&chosen_format);
    bool terminal = format != QV_LOG_JSON && isatty(descriptor) == 1;
    struct entry entry = {.level = level,
                          .event = event,
                          .fields = fields,
                          .text_max = SIZE_MAX,
                          .json = format == QV_LOG_JSON || (format == QV_LOG_AUTO && !terminal),
                          .coloured = terminal};
    struct stat facts;
    if (fstat(descriptor, &facts) == 0) {
        entry.journal = leads_to_journal(&facts);
        entry.dropped = atomic_exchange(&dropped, 0);
        if (!write_entry(descriptor, &facts, &entry))
            atomic_fetch_add(&dropped, entry.dropped + 1);
    }
    errno = kept_errno;
}

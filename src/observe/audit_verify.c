/*
 * Checks a trail from its files alone, as anybody could with sha256sum.
 *
 * Holds always: it reads lines one at a time, however long the files are; it stops at the first
 * fault, for behind a break nothing is proven; what it cannot prove (where a first file begins in
 * the middle of a trail, what is missing at the end) it says. Any thread.
 */
#include "audit_chain.h"
#include "audit_line.h"

#include <errno.h>
#include <quiver/base/memory.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_READ ((size_t)16 * QV_AUDIT_LINE_MAX) /* a later version's may be longer */
#define NOTES_MAX     20

/* Where a line is. */
struct place {
    const char *file;
    size_t line;
};

struct check {
    struct qv_audit_chain chain;
    struct place now, before; /* `before`: the last line that was read; without file: none */
    const char *anchor;
    bool anchored;
    struct qv_audit_summary *found;
    struct qv_error *error;
};

void qv_audit_summary_free(struct qv_audit_summary *summary)
{
    qv_strings_free(&summary->notes);
    *summary = (struct qv_audit_summary){0};
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum qv_status fault(const struct check *check, const char *words)
{
    return qv_error_set(check->error, QV_INVALID, "%s:%zu: %s", check->now.file, check->now.line,
                        words);
}

static enum qv_status out_of_memory(const struct check *check)
{
    return qv_error_set(check->error, QV_NO_MEMORY, "%s:%zu: out of memory", check->now.file,
                        check->now.line);
}

static enum qv_status note(const struct check *check, const char *words)
{
    struct qv_strings *notes = &check->found->notes;
    QV_CLEANUP(qv_buf) struct qv_buf text = {0};
    if (notes->count >= NOTES_MAX)
        return QV_OK;
    qv_buf_printf(&text, "%s:%zu: %s", check->now.file, check->now.line, words);
    if (qv_buf_status(&text) != QV_OK || qv_strings_add(notes, qv_buf_str(&text)) != QV_OK)
        return out_of_memory(check);
    return QV_OK;
}

static enum qv_status note_lost(struct check *check, uint64_t lost)
{
    char words[80];
    if (lost == 0)
        return QV_OK;
    if (__builtin_add_overflow(check->found->lost, lost, &check->found->lost))
        check->found->lost = UINT64_MAX;
    snprintf(words, sizeof(words), "%llu before this line could not be written",
             (unsigned long long)lost);
    return note(check, words);
}

/* ---- a line ---------------------------------------------------------------------------------- */

static enum qv_status check_seq(const struct check *check, uint64_t seq)
{
    unsigned long long expected = check->chain.seq + 1, found = seq;
    if (found == expected)
        return QV_OK;
    if (found == 1)
        return fault(check, "a new trail begins here; check its files by themselves");
    return qv_error_set(
        check->error, QV_INVALID, "%s:%zu: seq is %llu, but %llu follows on %s:%zu: %s",
        check->now.file, check->now.line, found, expected, check->before.file, check->before.line,
        found > expected ? "lines are missing, or files not in the order of their making"
                         : "lines are repeated, put in or in another order");
}

/* A torn line is told by the one behind it. */
static enum qv_status check_told(const struct check *check, const struct qv_audit_record *record)
{
    if (check->chain.torn && !record->torn)
        return fault(check, "does not say that the line before it is torn: that one was altered "
                            "or put in");
    return QV_OK;
}

/* Does the line fit to what is before it? */
static enum qv_status check_link(const struct check *check, const struct qv_audit_record *record)
{
    QV_TRY(check_seq(check, record->seq));
    QV_TRY(check_told(check, record));
    if (!check->chain.torn && record->torn)
        return fault(check, "says that the line before it is torn, but it is not: lines were "
                            "altered, or a torn one removed");
    if (strcmp(record->previous, check->chain.hash) == 0)
        return QV_OK;
    if (check->before.file == NULL)
        return fault(check, "seq 1 begins a trail, but `previous` is not 64 zeros: it was altered");
    return qv_error_set(check->error, QV_INVALID,
                        "%s:%zu: `previous` is not the SHA-256 of what is before it: %s:%zu was "
                        "altered, or this line",
                        check->now.file, check->now.line, check->before.file, check->before.line);
}

static enum qv_status take_whole(struct check *check, struct qv_str line,
                                 const struct qv_audit_record *record)
{
    struct qv_audit_summary *found = check->found;
    if (found->lines == 0 && record->seq > 1) {
        QV_TRY(check_told(check, record));
        found->begins = false; /* what is before it is not here */
    } else {
        QV_TRY(check_link(check, record));
        if (found->lines == 0)
            found->begins = true;
    }
    QV_TRY(note_lost(check, record->lost));
    if (qv_audit_chain_add(&check->chain, record->seq, line) != QV_OK)
        return out_of_memory(check);
    if (check->anchor != NULL && strcmp(check->anchor, check->chain.hash) == 0)
        check->anchored = true;
    if (found->lines++ == 0)
        found->first_seq = record->seq;
    return QV_OK;
}

static enum qv_status take_torn(struct check *check, struct qv_str line)
{
    if (!qv_audit_is_torn(&check->chain, line))
        return fault(check, "is no line of an audit trail: it was altered or put in, or the file "
                            "is none (unpack a compressed one first)");
    check->found->torn++;
    QV_TRY(note(check, "torn: a write ended here in the middle"));
    return qv_audit_chain_add_torn(&check->chain, line) == QV_OK ? QV_OK : out_of_memory(check);
}

static enum qv_status take_line(struct check *check, struct qv_str line)
{
    struct qv_audit_record record;
    enum qv_status status = qv_audit_record_read(line, &record);
    if (status == QV_OK)
        status = take_whole(check, line, &record);
    else if (status == QV_INVALID)
        status = take_torn(check, line);
    else
        status = out_of_memory(check);
    check->before = check->now;
    return status;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The next line without its newline; false: the file ended (or broke: ferror). QV_INVALID: longer
   than any. */
static enum qv_status next_line(const struct check *check, FILE *file, struct qv_buf *line,
                                bool *ret_there)
{
    int c = EOF;
    qv_buf_truncate(line, 0);
    while (line->length < LINE_MAX_READ && (c = getc_unlocked(file)) != EOF && c != '\n')
        qv_buf_put_char(line, (char)c);
    if (qv_buf_status(line) != QV_OK)
        return out_of_memory(check);
    if (line->length >= LINE_MAX_READ)
        return fault(check, "is longer than a line of an audit trail can be");
    *ret_there = c == '\n' || line->length > 0;
    return QV_OK;
}

static enum qv_status check_open_file(struct check *check, FILE *file)
{
    QV_CLEANUP(qv_buf) struct qv_buf line = {0};
    for (bool there = true; there;) {
        check->now.line++;
        QV_TRY(next_line(check, file, &line, &there));
        if (there)
            QV_TRY(take_line(check, qv_buf_str(&line)));
    }
    if (ferror(file))
        return qv_error_set(check->error, QV_INVALID, "%s: cannot be read to its end",
                            check->now.file);
    return QV_OK;
}

static enum qv_status check_file(struct check *check, const char *path)
{
    check->now = (struct place){.file = path};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return qv_error_set(check->error, QV_INVALID, "%s: %s", path, strerrordesc_np(errno));
    enum qv_status status = check_open_file(check, file);
    fclose(file);
    return status;
}

static enum qv_status check_end(struct check *check)
{
    struct qv_audit_summary *found = check->found;
    if (check->anchor != NULL && !check->anchored)
        return qv_error_set(check->error, QV_INVALID,
                            "no line has the SHA-256 %s: lines at the end are missing, or the "
                            "trail was written anew",
                            check->anchor);
    found->last_seq = check->chain.seq;
    found->ends_torn = check->chain.torn;
    if (found->ends_torn)
        found->torn--; /* of those that are explained */
    memcpy(found->last, check->chain.hash, sizeof(found->last));
    return QV_OK;
}

enum qv_status qv_audit_verify(char *const *files, size_t count, const char *anchor,
                               struct qv_audit_summary *ret_summary, struct qv_error *error)
{
    QV_CLEANUP(qv_audit_summary) struct qv_audit_summary found = {0};
    struct check check = {.anchor = anchor, .found = &found, .error = error};
    qv_audit_chain_begin(&check.chain);
    for (size_t i = 0; i < count; i++)
        QV_TRY(check_file(&check, files[i]));
    QV_TRY(check_end(&check));
    *ret_summary = found;
    found = (struct qv_audit_summary){0};
    return QV_OK;
}

/*
 * Goes on where a trail ended: reads the last lines of its file, or of the one that rotation made
 * of it while no Quiver ran.
 *
 * Holds always: nothing is altered, not even a torn end; what is no trail is refused, so that a
 * file named by mistake is not written to. Only the end is read, however long the file is: what
 * stands before it is for `quiver audit verify`. Any thread.
 */
#include "audit_tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW ((size_t)256 * 1024) /* a whole line is in it, unless 60 in a row were torn */

static enum qv_status no_trail(const char *path, struct qv_error *error)
{
    return qv_error_set(error, QV_INVALID,
                        "%s: is no audit trail; name another file, or move this one away", path);
}

/* The last bytes of the file. `ret_all`: that is all of it. */
static enum qv_status read_window(int descriptor, const char *path, struct qv_buf *window,
                                  bool *ret_all, struct qv_error *error)
{
    struct stat facts;
    if (fstat(descriptor, &facts) != 0)
        return qv_error_set(error, QV_INVALID, "%s: %s", path, strerrordesc_np(errno));
    size_t size = (size_t)facts.st_size;
    size_t from = size > WINDOW ? size - WINDOW : 0;
    qv_buf_reserve(window, size - from);
    if (qv_buf_status(window) != QV_OK)
        return qv_error_set(error, QV_NO_MEMORY, "%s: out of memory", path);
    while (window->length < size - from) {
        ssize_t got = pread(descriptor, window->at + window->length, size - from - window->length,
                            (off_t)(from + window->length));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return qv_error_set(error, QV_INVALID, "%s: %s", path, strerrordesc_np(errno));
        if (got == 0)
            break;
        window->length += (size_t)got;
    }
    *ret_all = from == 0;
    return QV_OK;
}

/* One line of the end. A torn one counts once the chain is known. */
static enum qv_status step(struct qv_audit_chain *chain, bool known, struct qv_str line)
{
    struct qv_audit_record record;
    enum qv_status status = qv_audit_record_read(line, &record);
    if (status == QV_OK)
        return qv_audit_chain_add(chain, record.seq, line);
    if (status != QV_INVALID)
        return status;
    if (chain->seq > 0)
        return qv_audit_chain_add_torn(chain, line);
    return known && qv_audit_is_torn(chain, line) ? qv_audit_chain_add_torn(chain, line) : QV_OK;
}

enum qv_status qv_audit_tail_read(int descriptor, const char *path,
                                  struct qv_audit_chain *ret_chain, bool *ret_line_open,
                                  struct qv_error *error)
{
    QV_CLEANUP(qv_buf) struct qv_buf window = {0};
    bool all = false;
    QV_TRY(read_window(descriptor, path, &window, &all, error));
    struct qv_audit_chain chain;
    qv_audit_chain_begin(&chain);
    struct qv_str rest = qv_buf_str(&window), line;
    bool is_empty = rest.length == 0;
    bool line_open = !is_empty && rest.at[rest.length - 1] != '\n';
    if (!is_empty && !line_open)
        rest.length--;
    if (!all)
        qv_str_split_next(&rest, '\n', &line); /* its beginning is not in the window */
    while (!is_empty && qv_str_split_next(&rest, '\n', &line))
        if (step(&chain, all, line) != QV_OK)
            return qv_error_set(error, QV_NO_MEMORY, "%s: cannot be read: out of memory", path);
    if (!is_empty && chain.seq == 0 && !chain.torn)
        return no_trail(path, error);
    *ret_chain = chain;
    *ret_line_open = line_open;
    return QV_OK;
}

/* ---- what rotation left ---------------------------------------------------------------------- */

static bool is_rotated_name(const char *name, struct qv_str base)
{
    struct qv_str candidate = qv_str_from(name);
    if (candidate.length < base.length + 2 || !qv_str_starts_with(candidate, base))
        return false;
    return name[base.length] == '.' || name[base.length] == '-';
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static enum qv_status newest_name(DIR *folder, struct qv_str base, char **ret_name)
{
    char *found = NULL;
    struct timespec when = {0};
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct stat facts;
        if (!is_rotated_name(entry->d_name, base) ||
            fstatat(dirfd(folder), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(facts.st_mode) || facts.st_size == 0 ||
            (found != NULL && !is_later(&facts.st_mtim, &when)))
            continue;
        qv_free(found);
        found = qv_strdup(entry->d_name);
        if (found == NULL)
            return QV_NO_MEMORY;
        when = facts.st_mtim;
    }
    if (found == NULL)
        return QV_NOT_FOUND;
    *ret_name = found;
    return QV_OK;
}

static enum qv_status find_rotated(const char *path, char **ret_rotated)
{
    const char *slash = strrchr(path, '/');
    struct qv_str base = qv_str_from(slash != NULL ? slash + 1 : path);
    char *folder_path = qv_path_directory(path), *name = NULL;
    if (folder_path == NULL)
        return QV_NO_MEMORY;
    enum qv_status status = QV_NOT_FOUND;
    DIR *folder = opendir(folder_path);
    if (folder != NULL) {
        status = newest_name(folder, base, &name);
        closedir(folder);
    }
    if (status == QV_OK) {
        char *rotated = qv_path_join(folder_path, name);
        status = rotated != NULL ? QV_OK : QV_NO_MEMORY;
        if (status == QV_OK)
            *ret_rotated = rotated;
    }
    qv_free(name);
    qv_free(folder_path);
    return status;
}

enum qv_status qv_audit_rotated_read(const char *path, struct qv_audit_chain *ret_chain,
                                     struct qv_error *error)
{
    char *rotated = NULL;
    bool line_open;
    QV_TRY(find_rotated(path, &rotated));
    int descriptor = open(rotated, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum qv_status status;
    if (descriptor < 0)
        status = qv_error_set(error, QV_INVALID, "%s: %s", rotated, strerrordesc_np(errno));
    else
        status = qv_audit_tail_read(descriptor, rotated, ret_chain, &line_open, error);
    if (descriptor >= 0)
        close(descriptor);
    qv_free(rotated);
    return status;
}

/*
 * The data directory (design 5).
 *
 * What always holds: the folder is of one Quiver at a time and readable for nobody else, for Redis
 * and the control socket are in it; no folder's
 * mode is changed on a mere mention of it, such as `data_directory: /srv`. Redis begins an empty
 * store where its manifest is missing, whatever else lies there; as that would lose everything at
 * the first change, it is not started then. The main thread alone.
 */
#include "data_directory.h"
#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <quiver/base/str.h>
#include <quiver/store/store.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCK_WAIT_MS = 5000,
    EMPTY_RDB_BYTES = 512, /* one that holds no key is about 90 bytes long */
};

/* The entries of a folder; NULL: errno says why not. */
static DIR *list(int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = folder < 0 ? NULL : fdopendir(folder);
    if (folder >= 0 && entries == NULL)
        close(folder);
    return entries;
}

/* ---- whose it is ----------------------------------------------------------------------------- */

static bool is_empty(int directory)
{
    DIR *entries = list(directory, ".");
    const struct dirent *entry;
    bool empty = entries != NULL;
    while (empty && (entry = readdir(entries)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (entries != NULL)
        closedir(entries);
    return empty;
}

/* What stands in the lock is of Quiver's making: a file of that name alone proves nothing. */
static bool holds_our_lock(int directory)
{
    static const char beginning[] = "quiver ";
    char text[sizeof(beginning) - 1];
    int lock = openat(directory, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (lock < 0)
        return false;
    bool ours = pread(lock, text, sizeof(text), 0) == (ssize_t)sizeof(text) &&
                memcmp(text, beginning, sizeof(text)) == 0;
    close(lock);
    return ours;
}

static enum qv_status make_private(int directory, const char *path, struct qv_error *error)
{
    struct stat facts;
    if (fstat(directory, &facts) != 0)
        return qv_error_set(error, QV_INVALID, "the data directory %s cannot be used: %s", path,
                            strerror(errno));
    if ((facts.st_mode & 077) == 0)
        return QV_OK;
    if (facts.st_uid != geteuid() || (!is_empty(directory) && !holds_our_lock(directory)))
        return qv_error_set(error, QV_INVALID,
                            "the data directory %s is open to other users (mode %04o) and not "
                            "Quiver's own: set store.data_directory to a folder of its own, mode "
                            "0700; one that does not exist is made",
                            path, facts.st_mode & 07777);
    if (fchmod(directory, 0700) != 0)
        return qv_error_set(error, QV_INVALID,
                            "the data directory %s cannot be closed to other users: %s", path,
                            strerror(errno));
    return QV_OK;
}

enum qv_status qv_data_directory_open(const char *path, int *ret_directory, struct qv_error *error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return qv_error_set(error, QV_INVALID, "the data directory %s cannot be made: %s", path,
                            strerror(errno));
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return qv_error_set(error, QV_INVALID, "the data directory %s cannot be used: %s", path,
                            strerror(errno));
    enum qv_status status = make_private(directory, path, error);
    if (status != QV_OK) {
        close(directory);
        return status;
    }
    *ret_directory = directory;
    return QV_OK;
}

enum qv_status qv_data_directory_claim(const char *path, int *ret_directory, int *ret_lock,
                                       struct qv_error *error)
{
    int directory = -1;
    QV_TRY(qv_data_directory_open(path, &directory, error));
    enum qv_status status = qv_lock_take(directory, path, LOCK_WAIT_MS, ret_lock, error);
    if (status != QV_OK) {
        close(directory);
        return status;
    }
    qv_lock_note(*ret_lock, getpid(), 0);
    *ret_directory = directory;
    return QV_OK;
}

enum qv_status qv_data_directory_hold(const char *path, int *ret_lock, struct qv_error *error)
{
    int directory = -1;
    QV_TRY(qv_data_directory_claim(path, &directory, ret_lock, error));
    close(directory);
    return QV_OK;
}

/* ---- what is in it --------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* Does the file hold keys? Redis writes its manifest before the first key, so that a start that was
   cut short leaves files that hold none. */
static bool holds_keys(int folder, const char *name)
{
    struct stat facts;
    bool is_log = ends_with(name, ".aof"), is_picture = ends_with(name, ".rdb");
    if ((!is_log && !is_picture) || fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return facts.st_size > (is_log ? 0 : EMPTY_RDB_BYTES);
}

enum qv_status qv_data_directory_check(int directory, const char *path, struct qv_error *error)
{
    DIR *entries = list(directory, "appendonlydir");
    if (entries == NULL && errno == ENOENT)
        return QV_OK;
    if (entries == NULL)
        return qv_error_set(error, QV_INVALID, "%s/appendonlydir cannot be read: %s", path,
                            strerror(errno));
    bool keys = false, manifest = false;
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        manifest = manifest || ends_with(entry->d_name, ".manifest");
        keys = keys || holds_keys(dirfd(entries), entry->d_name);
    }
    closedir(entries);
    if (!keys || manifest)
        return QV_OK;
    return qv_error_set(
        error, QV_INVALID,
        "%s/appendonlydir holds data but no appendonly.aof.manifest, so Redis would "
        "begin an empty store: restore the folder whole from a backup, or move it "
        "away to begin anew",
        path);
}

/*
 * Watching files.
 *
 * Holds always: what a file is, is asked of the system by its whole path, links followed, each time
 * anew; so nothing depends on which event came, or whether one came at all. The folders that
 * inotify listens to are those that the paths lead to now, in which the links stand as well as in
 * which the files lie; they are chosen again whenever a file has changed. A change of mode or owner
 * counts (ctime), because it makes an unreadable file readable. One thread.
 */
#include <errno.h>
#include <limits.h>
#include <quiver/base/file.h>
#include <quiver/base/memory.h>
#include <quiver/base/watch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not IN_MODIFY: a busy log in the same folder would wake us with each line. */
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |            \
     IN_DELETE_SELF | IN_MOVE_SELF)

/* What stat says of a file; `there` false: nothing. */
struct facts {
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct watched {
    char *path;
    struct facts facts;
};

struct qv_watch {
    struct watched *files;
    size_t count;
    int inotify;  /* -1: none */
    int *folders; /* inotify's numbers, two for each file; -1: none */
};

/* ---- looking --------------------------------------------------------------------------------- */

static struct facts look(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return (struct facts){0};
    return (struct facts){.there = true,
                          .device = about.st_dev,
                          .inode = about.st_ino,
                          .size = about.st_size,
                          .modified = about.st_mtim,
                          .changed = about.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct facts *a, const struct facts *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && same_time(a->modified, b->modified) &&
           same_time(a->changed, b->changed);
}

/* Notes what all files are now; did any change? */
static bool look_at_all(struct qv_watch *watch)
{
    bool changed = false;
    for (size_t i = 0; i < watch->count; i++) {
        struct facts now = look(watch->files[i].path);
        changed = changed || !same(&now, &watch->files[i].facts);
        watch->files[i].facts = now;
    }
    return changed;
}

/* ---- listening ------------------------------------------------------------------------------- */

static void forget_folders(struct qv_watch *watch)
{
    for (size_t i = 0; i < 2 * watch->count; i++) {
        if (watch->folders[i] >= 0)
            inotify_rm_watch(watch->inotify, watch->folders[i]); /* may be gone by itself */
        watch->folders[i] = -1;
    }
}

/* -1 where the folder is not there or cannot be listened to: then the look each second finds it. */
static int listen_to_folder_of(const struct qv_watch *watch, const char *path)
{
    char *folder = qv_path_directory(path);
    int number = folder != NULL ? inotify_add_watch(watch->inotify, folder, EVENTS) : -1;
    qv_free(folder);
    return number;
}

static void listen_to_folders(struct qv_watch *watch)
{
    char target[PATH_MAX];
    if (watch->inotify < 0)
        return;
    forget_folders(watch);
    for (size_t i = 0; i < watch->count; i++) {
        const char *path = watch->files[i].path;
        watch->folders[2 * i] = listen_to_folder_of(watch, path);
        if (realpath(path, target) != NULL)
            watch->folders[2 * i + 1] = listen_to_folder_of(watch, target);
    }
}

static void drain(const struct qv_watch *watch)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;
    do
        got = read(watch->inotify, events, sizeof(events));
    while (got > 0 || (got < 0 && errno == EINTR));
}

/* ---- the list -------------------------------------------------------------------------------- */

static void free_files(struct watched *files, size_t count)
{
    for (size_t i = 0; files != NULL && i < count; i++)
        qv_free(files[i].path);
    qv_free(files);
}

static struct facts known_or_now(const struct qv_watch *watch, const char *path)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->files[i].path, path) == 0)
            return watch->files[i].facts;
    return look(path);
}

/* NULL: no memory. */
static struct watched *make_files(const struct qv_watch *watch, const struct qv_strings *paths)
{
    struct watched *files = qv_alloc_array(paths->count + 1, sizeof(*files)); /* never none */
    for (size_t i = 0; files != NULL && i < paths->count; i++) {
        files[i].path = qv_strdup(paths->at[i]);
        if (files[i].path == NULL) {
            free_files(files, i);
            return NULL;
        }
        files[i].facts = known_or_now(watch, paths->at[i]);
    }
    return files;
}

enum qv_status qv_watch_set(struct qv_watch *watch, const struct qv_strings *files)
{
    int *folders = qv_alloc_array(2 * files->count + 1, sizeof(*folders));
    struct watched *made = make_files(watch, files);
    if (folders == NULL || made == NULL) {
        free_files(made, files->count);
        qv_free(folders);
        return QV_NO_MEMORY;
    }
    forget_folders(watch);
    free_files(watch->files, watch->count);
    qv_free(watch->folders);
    watch->files = made;
    watch->count = files->count;
    watch->folders = folders;
    for (size_t i = 0; i < 2 * files->count; i++)
        folders[i] = -1;
    listen_to_folders(watch);
    return QV_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

enum qv_status qv_watch_new(struct qv_watch **ret_watch)
{
    struct qv_watch *watch = qv_alloc(sizeof(*watch));
    if (watch == NULL)
        return QV_NO_MEMORY;
    watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    *ret_watch = watch;
    return QV_OK;
}

void qv_watch_free(struct qv_watch **watch)
{
    if (*watch == NULL)
        return;
    free_files((*watch)->files, (*watch)->count);
    qv_free((*watch)->folders);
    if ((*watch)->inotify >= 0)
        close((*watch)->inotify);
    qv_free(*watch);
    *watch = NULL;
}

int qv_watch_descriptor(const struct qv_watch *watch)
{
    return watch->inotify;
}

bool qv_watch_changed(struct qv_watch *watch)
{
    if (watch->inotify >= 0)
        drain(watch); /* before looking: what comes later wakes again */
    if (!look_at_all(watch))
        return false;
    listen_to_folders(watch);
    look_at_all(watch); /* what came before we listened again */
    return true;
}

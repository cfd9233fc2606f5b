/*
 * Making and finding the control socket.
 *
 * Holds always: the socket is never reachable for anybody but the owner, not even while it is being
 * made (the mode is set before it has a name). The path of a Unix socket has at most 107 bytes, so
 * the folder is opened first and named by its descriptor; nothing of the process changes, no
 * working folder and no umask. Whoever listens holds the data directory's lock, so what is found
 * there is dead, unless the lock was removed by hand: that is asked by connecting. Any thread.
 */
#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "control.sock"
enum { WAITING_MAX = 16, PATIENCE_S = 20 };

/* ---- the folder ------------------------------------------------------------------------------ */

static enum qv_status open_folder(const char *directory, int *ret_folder, struct qv_error *error)
{
    int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return qv_error_set(error, QV_UNAVAILABLE, "%s cannot be opened: %s", directory,
                            strerrordesc_np(errno));
    *ret_folder = folder;
    return QV_OK;
}

static struct sockaddr_un address_in(int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" NAME, folder);
    return address;
}

static int connect_in(int folder)
{
    struct sockaddr_un address = address_in(folder);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    const struct timeval patience = {.tv_sec = PATIENCE_S}; /* the queue may be full */
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(connection, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return connection;
    int reason = errno;
    close(connection);
    errno = reason;
    return -1;
}

/* ---- listening ------------------------------------------------------------------------------- */

/* Makes way for a new socket, unless somebody answers at the old one. */
static enum qv_status clear_the_way(int folder, const char *directory, struct qv_error *error)
{
    int other = connect_in(folder);
    if (other < 0) { /* if what is there cannot be removed, bind says so */
        unlinkat(folder, NAME, 0);
        return QV_OK;
    }
    struct ucred holder = {0};
    socklen_t size = sizeof(holder);
    getsockopt(other, SOL_SOCKET, SO_PEERCRED, &holder, &size);
    close(other);
    return qv_error_set(error, QV_UNAVAILABLE,
                        "%s is in use by another Quiver (process %ld), which answers at %s/" NAME
                        ": stop that one, or set store.data_directory to another folder",
                        directory, (long)holder.pid, directory);
}

static bool bind_in(int folder, int made)
{
    struct sockaddr_un address = address_in(folder);
    return fchmod(made, 0600) == 0 && /* of what bind will make */
           bind(made, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           listen(made, WAITING_MAX) == 0;
}

static enum qv_status listen_in(int folder, const char *directory, int *ret_socket,
                                struct qv_error *error)
{
    QV_TRY(clear_the_way(folder, directory, error));
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made >= 0 && bind_in(folder, made)) {
        *ret_socket = made;
        return QV_OK;
    }
    enum qv_status status = qv_error_set(error, QV_UNAVAILABLE, "%s/" NAME " cannot be made: %s",
                                         directory, strerrordesc_np(errno));
    if (made >= 0)
        close(made);
    return status;
}

enum qv_status control_socket_listen(const char *directory, int *ret_socket, struct qv_error *error)
{
    int folder = -1;
    QV_TRY(open_folder(directory, &folder, error));
    enum qv_status status = listen_in(folder, directory, ret_socket, error);
    close(folder);
    return status;
}

void control_socket_remove(const char *directory)
{
    int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return;
    unlinkat(folder, NAME, 0);
    close(folder);
}

/* ---- connecting ------------------------------------------------------------------------------ */

enum qv_status control_socket_connect(const char *directory, int *ret_socket,
                                      struct qv_error *error)
{
    int folder = -1;
    QV_TRY(open_folder(directory, &folder, error));
    int connection = connect_in(folder);
    int reason = errno;
    close(folder);
    if (connection < 0)
        return qv_error_set(error, QV_UNAVAILABLE, "nobody answers at %s/" NAME ": %s", directory,
                            strerrordesc_np(reason));
    *ret_socket = connection;
    return QV_OK;
}

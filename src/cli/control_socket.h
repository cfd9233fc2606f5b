/*
 * The control socket: <data_directory>/control.sock, for the folder's owner alone (mode 0600). How
 * long the path is does not matter. Any thread.
 */
#ifndef QUIVER_CLI_CONTROL_SOCKET_H
#define QUIVER_CLI_CONTROL_SOCKET_H

#include <quiver/base/status.h>

/** Listens. What a Quiver that was killed left behind is replaced; where another one answers:
 *  QV_UNAVAILABLE with who it is and the remedy. Does not block in accept. */
QV_MUST_CHECK enum qv_status control_socket_listen(const char *directory, int *ret_socket,
                                                   struct qv_error *error);
/** Removes it, so that nobody tries; for whoever listened. */
void control_socket_remove(const char *directory);
/** Connects to the Quiver that uses the folder. QV_UNAVAILABLE: none does; names the socket. */
QV_MUST_CHECK enum qv_status control_socket_connect(const char *directory, int *ret_socket,
                                                    struct qv_error *error);

#endif

"""What a service manager does for Quiver: hears what it has to say, passes it sockets, stops a thread.

Run as a program it is the launcher that a SocketUnit's `wrap` names: it fetches the sockets and
becomes the program, as systemd's own child does.
"""

from __future__ import annotations

import ctypes
import os
import select
import shlex
import socket
import sys
import threading
import time
from pathlib import Path

FIRST = 3  # descriptor
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000


class NotifySocket:
    """$NOTIFY_SOCKET. `messages` are those received so far, each a dictionary of its lines."""

    def __init__(self, path: Path):
        self.path = path
        self.messages: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    @property
    def environment(self) -> dict[str, str]:
        return {"NOTIFY_SOCKET": str(self.path)}

    def close(self) -> None:
        self._socket.close()

    def take(self, timeout: float) -> dict[str, str] | None:
        """The next message; None: there is none for so long."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return None
        text = self._socket.recv(65536).decode()
        self.messages.append(dict(line.split("=", 1) for line in text.splitlines()))
        return self.messages[-1]

    def take_all(self) -> None:
        while self.take(0) is not None:
            pass

    def wait(self, name: str, timeout: float = 60) -> dict[str, str]:
        """The next message that has `name`; those before it are in `messages`."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            message = self.take(left)
            if message is not None and name in message:
                return message
        raise AssertionError(f"no {name} within {timeout} s, but {self.messages}")

    def states(self, *names: str) -> list[str]:
        """The states of these names in the order in which they were told."""
        return [name for message in self.messages for name in message if name in names]


class SocketUnit:
    """Listening sockets that stay while programs come and go. `wrap` is for $QUIVER_WRAP."""

    def __init__(self, folder: Path, sockets: dict[str, socket.socket]):
        self.sockets = sockets
        self._path = folder / "sockets"
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(str(self._path))
        self._door.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def wrap(self) -> str:
        return shlex.join([sys.executable, __file__, str(self._path)])

    def port(self, name: str) -> int:
        return self.sockets[name].getsockname()[1]

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return  # closed
            with client:
                socket.send_fds(client, [":".join(self.sockets).encode()],
                                [s.fileno() for s in self.sockets.values()])

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for each in self.sockets.values():
            each.close()


def listen(address: str = "127.0.0.1", port: int = 0, only_ipv6: bool = True) -> socket.socket:
    """A listening socket as a socket unit has it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_ipv6)
    made.bind((address, port))
    made.listen(1024)
    return made


class StoppedThread:
    """A thread of a process that stands still inside a with statement, as if it were stuck."""

    def __init__(self, pid: int, name: str):
        threads = [int(entry) for entry in os.listdir(f"/proc/{pid}/task")
                   if Path(f"/proc/{pid}/task/{entry}/comm").read_text().strip() == name]
        assert threads, f"there is no thread {name}"
        self.thread = threads[0]
        self._library = ctypes.CDLL(None, use_errno=True)

    def _ptrace(self, request: int) -> None:
        none = ctypes.c_void_p(None)
        if self._library.ptrace(ctypes.c_long(request), self.thread, none, none) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def __enter__(self) -> StoppedThread:
        self._ptrace(PTRACE_SEIZE)
        self._ptrace(PTRACE_INTERRUPT)
        os.waitpid(self.thread, WAIT_ALL)
        return self

    def __exit__(self, *unused) -> None:
        self._ptrace(PTRACE_DETACH)


def launch() -> None:
    """Becomes the program of the arguments, with the sockets as descriptors 3 and on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.connect(sys.argv[1])
        names, descriptors, _, _ = socket.recv_fds(door, 1024, 16)
    # First out of the way of where they shall be.
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(descriptors)]
    for i, fd in enumerate(high):
        os.dup2(fd, FIRST + i, inheritable=True)
        os.close(fd)
    os.closerange(FIRST + len(high), 100)
    environment = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)),
                   "LISTEN_FDNAMES": names.decode()}
    os.execvpe(sys.argv[2], sys.argv[2:], environment)


if __name__ == "__main__":
    launch()

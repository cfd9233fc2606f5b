"""TCP ports for servers that come back to theirs: none that the kernel gives away meanwhile."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path

FIRST = 10240
KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")  # what clients get, and servers that ask for port 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections do not matter
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on which nobody listens, and which no other test of this user gets for a long time."""
    end = max(int(KERNELS.read_text().split()[0]), FIRST + 1000)
    path = Path(tempfile.gettempdir()) / f"quiver-tests-{os.getuid()}.port"
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = file.read().strip()
        port = int(last) if last.isdigit() else FIRST
        for _ in range(FIRST, end):
            port = port + 1 if FIRST <= port < end - 1 else FIRST
            if _is_free(port):
                break
        else:
            raise AssertionError(f"no TCP port from {FIRST} to {end - 1} is free")
        file.seek(0)
        file.truncate()
        file.write(str(port))
    return port

"""A child process whose output is read line by line, so that a test waits for what happens."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path


# Seconds that a test waits for what must come, unless it says otherwise. It comes long before: this is
# for a machine whose disk or processors stall.
PATIENCE = 60


def wait_gone(pid: int, timeout: float = PATIENCE) -> bool:
    """Whether the process `pid`, anybody's child, ended within `timeout` seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout)[0])
    finally:
        os.close(descriptor)


def wait_until(condition: Callable[[], object], what: str, timeout: float = PATIENCE):
    """The first true result of `condition`, asked again and again for `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"{timeout} s passed without {what}"
        time.sleep(0.01)


def processor_seconds(pid: int) -> float:
    """What the process has used up, with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def holders(folder: Path) -> list[int]:
    """The processes that hold a file below `folder` open."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            files = [os.readlink(f"/proc/{entry}/fd/{n}") for n in os.listdir(f"/proc/{entry}/fd")]
        except OSError:
            continue  # it ended meanwhile, or is not ours to look into
        if any(name.startswith(f"{folder}/") for name in files):
            found.append(int(entry))
    return found


def comm_of(pid: int) -> str:
    """The name of the program that `pid` runs; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def is_stopped(pid: int) -> bool:
    """Is it held up by a signal?"""
    return "\nState:\tT" in Path(f"/proc/{pid}/status").read_text()


def is_connected(pid: int) -> bool:
    """Has it a connection to a Unix socket, accepted or not?"""
    folder = Path(f"/proc/{pid}/fd")
    try:
        own = {os.readlink(entry) for entry in folder.iterdir()}
    except OSError:
        return False
    rows = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return any(row[5] == "03" and f"socket:[{row[6]}]" in own for row in rows)


class Process:
    """A running program. `lines` is all that it has written until now (stdout and stderr together):
    what it wrote before it answered somebody is there when the answer is."""

    def __init__(self, arguments: list, env: dict | None = None, cwd: Path | None = None):
        self.arguments = [str(a) for a in arguments]
        self._lines: list[str] = []
        self._begun = b""  # of a line that has not ended
        self._changed = threading.Condition()
        self._closed = False
        self.popen = subprocess.Popen(
            self.arguments, env=env, cwd=cwd, stdin=subprocess.DEVNULL, bufsize=0,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.pid = self.popen.pid
        os.set_blocking(self.popen.stdout.fileno(), False)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """So that nothing it writes waits for somebody to ask."""
        waiting = select.poll()
        waiting.register(self.popen.stdout, select.POLLIN)
        while not self._closed:
            waiting.poll()
            self._take()

    def _take(self) -> None:
        """Takes what is in the pipe; waits for nothing."""
        with self._changed:
            while not self._closed and (chunk := self.popen.stdout.read(1 << 16)) is not None:
                *whole, self._begun = (self._begun + chunk).split(b"\n")
                if not chunk:
                    self._closed = True
                    whole += [self._begun] if self._begun else []
                self._lines += [line.decode(errors="replace") for line in whole]
            self._changed.notify_all()

    @property
    def lines(self) -> list[str]:
        self._take()
        return self._lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def wait_line(self, wanted: Callable[[str], object], since: int = 0, timeout: float = PATIENCE):
        """The first true result of `wanted(line)`, among the lines from `since` on."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                while since < len(self._lines):
                    result = wanted(self._lines[since])
                    if result:
                        return result
                    since += 1
                if self._closed:
                    raise AssertionError(f"{self.arguments[0]} ended without it; it wrote:\n{self.tail()}")
                if not self._changed.wait(max(0, end - time.monotonic())) and time.monotonic() >= end:
                    raise AssertionError(f"not within {timeout} s; it wrote:\n{self.tail()}")

    def tail(self, count: int = 40) -> str:
        return "\n".join(self.lines[-count:])

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        """Its exit status (negative: the signal that ended it), all its lines read."""
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.arguments[0]} ran on for {timeout} s; it wrote:\n{self.tail()}") from None
        self._reader.join(PATIENCE)
        return status

    def kill(self) -> None:
        """Ends it and its process group at once; for kill -9 tests and for cleaning up."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.wait()


def parse_log(lines: list[str]) -> list[dict]:
    """The JSON lines among `lines`."""
    parsed = []
    for line in lines:
        entry = log_entry(line)
        if entry is not None:
            parsed.append(entry)
    return parsed


def log_entry(line: str) -> dict | None:
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None

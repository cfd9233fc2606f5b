"""Small C libraries for LD_PRELOAD, compiled here: a slow disk, and another time of day."""

from __future__ import annotations

import datetime
import struct
import subprocess
import tempfile
from pathlib import Path

_built: dict[str, Path] = {}
_folder: tempfile.TemporaryDirectory | None = None


def library(name: str) -> Path:
    """The library of `name`.c beside this file, compiled once per test process."""
    global _folder
    if name not in _built:
        _folder = _folder or tempfile.TemporaryDirectory(prefix="qv-native-")
        target = Path(_folder.name) / f"{name}.so"
        source = Path(__file__).with_name(f"{name}.c")
        subprocess.run(["gcc", "-std=gnu17", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"],
                       check=True, timeout=60)
        _built[name] = target
    return _built[name]


class Clock:
    """A wall clock that a test moves, of all programs that run in its `environment`."""

    def __init__(self, file: Path, program: str | None = None):
        """`program`: only the program of this name is deceived, not those that it starts."""
        self.file = file
        self.program = program
        self.file.write_bytes(bytes(8))

    @property
    def environment(self) -> dict[str, str]:
        only = {"FAKECLOCK_PROGRAM": self.program} if self.program else {}
        return {"LD_PRELOAD": str(library("fakeclock")), "FAKECLOCK_FILE": str(self.file), **only}

    def move(self, by: datetime.timedelta | float) -> None:
        """Sets the distance from the real time: a timedelta or seconds."""
        seconds = by.total_seconds() if isinstance(by, datetime.timedelta) else by
        with open(self.file, "r+b") as file:
            file.write(struct.pack("=q", round(seconds * 1e9)))


def slow_disk(ms: int = 50) -> dict[str, str]:
    """Environment in which fdatasync and fsync take so long."""
    return {"LD_PRELOAD": str(library("slowsync")), "SLOWSYNC_MS": str(ms)}

"""Libraries for LD_PRELOAD: a slow disk, compiled here; another time of day, Debian's libfaketime."""

from __future__ import annotations

import glob
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("slowsync.c")


def build_slowsync(folder: Path) -> Path:
    """Compiles slowsync.c into `folder`."""
    library = folder / "slowsync.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True,
                   timeout=60)
    return library


def faketime_library() -> Path:
    """Debian's libfaketime for programs with threads."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is missing: apt-get install libfaketime"
    return Path(found[0])

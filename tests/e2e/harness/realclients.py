"""The real clients of CHAP, servicekit and chapkit, in an environment of their own.

They need Python 3.13; where there is none, or the packages cannot be had, tests are skipped with a
message that says which. The environment is build/venv-clients, made once from
requirements-clients.txt by whichever test comes first.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from . import ROOT
from .process import Process
from .server import Server

FOLDER = ROOT / "build/venv-clients"
REQUIREMENTS = ROOT / "tests/e2e/requirements-clients.txt"
SCRIPT = Path(__file__).with_name("realservice.py")
REGISTRATION = "/v2/services/$register"


def find_python() -> str | None:
    """A Python 3.13 that runs: on the path, or one of pyenv's."""
    candidates = [shutil.which("python3.13"),
                  *sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.13*/bin/python3.13")))]
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "-c", "import venv, ssl"], capture_output=True,
                                        check=False).returncode == 0:
            return candidate
    return None


def make_environment(python: str, wanted: str) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    for command in ([python, "-m", "venv", FOLDER],
                    [FOLDER / "bin/python", "-m", "pip", "install", "--quiet", "--no-input",
                     "--disable-pip-version-check", "-r", REQUIREMENTS]):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=600, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.skip(f"the real clients could not be installed (no package index?): {last}")
    (FOLDER / "made-from").write_text(wanted)


def environment_python() -> Path:
    """The Python that has the clients; skips the test where there cannot be one."""
    python = find_python()
    if python is None:
        pytest.skip("the real clients need Python 3.13, and there is none (python3.13, pyenv)")
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    FOLDER.parent.mkdir(exist_ok=True)
    with open(FOLDER.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = FOLDER / "made-from"
        if not made.exists() or made.read_text() != wanted:
            make_environment(python, wanted)
    return FOLDER / "bin/python"


class RealService:
    """A service of kind `servicekit`, `chapkit` or `plain` (servicekit without what ML adds)."""

    def __init__(self, server: Server, kind: str, identifier: str, port: int, key: str | None,
                 **environment: str):
        known = {"SERVICEKIT_ORCHESTRATOR_URL": server.url("chap") + REGISTRATION,
                 "SERVICEKIT_HOST": "127.0.0.1", "SERVICEKIT_PORT": str(port),
                 "SSL_CERT_FILE": str(server.pki.ca), "PATH": os.environ["PATH"],
                 "HOME": str(server.directory), **environment}
        if key is not None:
            known["SERVICEKIT_REGISTRATION_KEY"] = key
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process([environment_python(), SCRIPT, kind, identifier], env=known,
                               cwd=server.directory)

    def wait_said(self, *words: str, since: int = 0) -> str:
        """The first line of its log, from line `since` on, that has all these words."""
        return self.process.wait_line(
            lambda line: line if all(word in line for word in words) else None, since)

    def mark(self) -> int:
        return len(self.process.lines)

    def stop(self) -> None:
        """SIGTERM, as an orchestrator of containers sends it; waits for the end."""
        self.process.signal(signal.SIGTERM)
        self.process.wait()

    def close(self) -> None:
        if self.process.running:
            self.process.kill()

"""Pages of docs/ whose steps are taken from them and run as they stand there.

A block behind `<!-- tried: name -->` is run by bash in the folder of a server's configuration, one behind
`<!-- quiver.yaml: name -->` is laid over that configuration. A block is indented, or between fences. Only
the words that the page itself sets are others here ($DATA, $PKI, $OWNER), and where it listens: on
loopback, at a port that the system chooses. `systemctl` is a stand-in that starts and stops the test's
server. Steps are root's, Quiver runs as $OWNER: what a step forgets to hand over, it cannot read.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from . import ROOT, quiver_binary
from .pki import Certificate
from .server import Server, quiver_command, server_environment

MARK = re.compile(r"<!-- (tried|quiver\.yaml): ([\w-]+) -->")
KINDS = {"run": "tried", "edit": "quiver.yaml"}
PORTS = {"secure": "8443", "chap": "8444"}  # as the pages have them


class Page:
    """blocks: (kind, name) -> the lines behind each mark"""

    def __init__(self, path: Path):
        self.path = path
        self.blocks: dict[tuple[str, str], str] = {}
        place, fenced = None, False
        for line in path.read_text().splitlines():
            mark = MARK.fullmatch(line)
            if mark:
                place, fenced = (mark[1], mark[2]), False
                assert place not in self.blocks, f"{place} is there twice"
                self.blocks[place] = ""
            elif place and line.startswith("```") and (fenced or not self.blocks[place].strip()):
                place, fenced = (None, False) if fenced else (place, True)
            elif place and (fenced or line.startswith("    ") or not line):
                self.blocks[place] += (line if fenced else line[4:]) + "\n"
            else:
                place = None


def tried_in(file: Path) -> set[tuple[str, str]]:
    """The blocks that a file of tests runs or lays over a configuration."""
    return {(KINDS[how], name) for how, name in re.findall(r'\.(run|edit)\("([\w-]+)"', file.read_text())}


OTHER = "daemon"  # a user with a group of that name, as the package's is


@functools.cache
def owner() -> str:
    """Who Quiver runs as: not root, where that is possible: neither it nor what wraps it is in root's folders."""
    tried = subprocess.run(["runuser", "-u", OTHER, "--", *quiver_command("--version")], cwd="/",
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=server_environment())
    return OTHER if tried.returncode == 0 else "root"


class Stage:
    """A machine: Quiver's folder, its data, a folder of CAs, and the commands of a page."""

    def __init__(self, server: Server, folder: Path, page: Page):
        self.server = server
        self.page = page
        self.folder = folder
        self.pki = folder / "pki"
        self.credentials: dict[Path, Path] = {}  # LoadCredential=: place, source
        server.directory.chmod(0o755)
        self.commands = server.directory / "bin"
        self.commands.mkdir()
        self.command("quiver", f'exec {os.environ.get("QUIVER_WRAP", "")} {quiver_binary()} "$@"')
        self.command("quiver-pki", f'exec {ROOT}/certs/pki "$@"')
        self.command("systemctl", f'printf "%s " "$@" >{folder}/orders; read -r done <{folder}/done; exit "$done"')
        os.mkfifo(folder / "orders")
        os.mkfifo(folder / "done")
        threading.Thread(target=self._serve, daemon=True).start()

    def command(self, name: str, line: str) -> None:
        """What the page calls by this name."""
        (self.commands / name).write_text(f"#!/bin/bash\n{line}\n")
        (self.commands / name).chmod(0o755)

    def _serve(self) -> None:
        does = {"enable --now quiver": self.start, "start quiver": self.start,
                "stop quiver": self.server.stop, "restart quiver": self.restart}
        while order := (self.folder / "orders").read_text().strip():
            try:
                does[order]()
                status = 0
            except BaseException:  # noqa: BLE001 - told by the step that fails
                status = 1
            (self.folder / "done").write_text(f"{status}\n")

    def start(self) -> None:
        """As the unit does: by $OWNER, who has the folder of data, and copies of the credentials."""
        if not self.server.data_directory.exists():
            self.server.data_directory.mkdir(mode=0o700)
            self.give(self.server.data_directory)
        for place, source in self.credentials.items():
            shutil.copy(source, place)
            place.chmod(0o400)
            self.give(place)
        wrap = os.environ.get("QUIVER_WRAP", "")
        as_owner = f"setpriv --reuid={owner()} --regid={owner()} --clear-groups {wrap}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("QUIVER_WRAP", as_owner if owner() != "root" else wrap)
            self.server.start()

    def restart(self) -> None:
        self.server.stop()
        self.start()

    def give(self, *files: Path) -> None:
        """They are $OWNER's, as what came before the steps of a test was."""
        for file in files:
            shutil.chown(file, owner(), owner())

    def run(self, name: str, status: int = 0, **words) -> str:
        """The block as it stands on the page; its output."""
        block = self.page.blocks["tried", name]
        for listener, port in PORTS.items():
            if listener in self.server.listeners:
                block = block.replace(port, str(self.server.listeners[listener][1]))
        path = f'{self.commands}:{os.environ["PATH"]}'
        environment = {**server_environment(), "PATH": path, "DATA": str(self.server.data_directory),
                       "PKI": str(self.pki), "OWNER": owner(), **words}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=environment,
                              cwd=self.server.directory, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        assert done.returncode == status, f"{name}: {done.stdout}"
        return done.stdout

    def edit(self, name: str) -> None:
        """What the page puts into quiver.yaml."""
        # All values as text: for PyYAML alone `off` is no word.
        changes = yaml.load(self.page.blocks["quiver.yaml", name], yaml.BaseLoader)
        for listener in changes.get("listeners", []):
            listener.update(address="127.0.0.1", port=0)
        self.server.write_config(**changes)

    def identity(self, name: str, pki: Path | None = None) -> Certificate:
        folder = pki or self.pki
        return Certificate(name, folder / f"{name}.crt", folder / f"{name}.key", folder / "cloud-ca.crt")

    def serves(self, who: Certificate) -> bool:
        return self.server.alert(who) is None

    def shown(self) -> str:
        """The certificate that the server shows."""
        return subprocess.run(["openssl", "s_client", "-connect", self.server.url().removeprefix("https://")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=20).stdout.partition("END CERTIFICATE")[0]

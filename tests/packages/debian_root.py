"""A fresh Debian in a folder, for tests that install something: made by mmdebstrap from the apt sources
of this machine, once; each use works on a copy of its own.

What always holds: nothing that runs in it outlives the command that started it (a PID namespace of its
own); no service that a package brings is started; with `network=False` it has a loopback of its own,
so that no port of this machine is in the way.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / "build" / "packages"
INCLUDED = "ca-certificates,curl"


def why_not():
    """Why no Debian can be made here, in words; None where one can."""
    if os.geteuid() != 0:
        return "a Debian root is made as root; this is not root"
    for tool in ("mmdebstrap", "unshare", "chroot", "ip", "tar"):
        if shutil.which(tool) is None:
            return f"the program '{tool}' is not installed"
    allowed = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "--mount-proc", "true"],
                             capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if allowed.returncode != 0:
        return f"namespaces are not allowed here: {allowed.stderr.strip()}"
    return None


def codename():
    facts = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return facts["VERSION_CODENAME"].strip('"')


def of_suite(stanza, suite):
    """Is a deb822 stanza, or a one-line entry, one of the distribution itself?"""
    for line in stanza.splitlines():
        if line.startswith("Suites:"):
            return suite in line.split()[1:]
        if line.startswith("deb "):
            return suite in re.sub(r"\[.*?\]", "", line).split()[2:3]
    return False


def sources(suite):
    """(suffix, text): what this machine's apt asks for the distribution itself; others' archives stay out."""
    folder = Path("/etc/apt/sources.list.d")
    deb822 = [stanza for file in sorted(folder.glob("*.sources")) for stanza in file.read_text().split("\n\n")
              if of_suite(stanza, suite)]
    if deb822:
        return ".sources", "\n\n".join(stanza.strip() for stanza in deb822) + "\n"
    lines = [line for file in [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))] if file.exists()
             for line in file.read_text().splitlines() if of_suite(line, suite)]
    return ".list", "\n".join(lines) + "\n"


def settings():
    """What this machine's apt was told of reaching its sources, as options of mmdebstrap."""
    names = ("Acquire::http::Proxy ", "Acquire::https::Proxy ", "Acquire::Check-Valid-Until ", "Acquire::Check-Date ")
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return [f"--aptopt={line.rstrip(';')}" for line in said.splitlines() if line.startswith(names)]


def base():
    """The archive of a fresh root; made where it is not there, or was made from other sources."""
    suffix, text = sources(codename())
    name = hashlib.sha256((INCLUDED + text).encode()).hexdigest()[:16]
    archive = CACHE / f"debian-{name}.tar"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run side by side
        if archive.exists():
            return archive
        listed = CACHE / f"debian-{name}{suffix}"
        listed.write_text(text)
        half = archive.with_suffix(".half.tar")
        made = subprocess.run(["mmdebstrap", "--variant=minbase", f"--include={INCLUDED}", *settings(), codename(),
                               str(half), str(listed)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert made.returncode == 0, f"mmdebstrap: {made.stderr[-2000:]}"
        half.rename(archive)
    return archive


class Root:
    def __init__(self, folder):
        self.folder = folder

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def run(self, command, network=True, check=True, **variables):
        """Runs a line of bash in the root; what it said, of both kinds, is in .stdout."""
        prepare = 'mount -t proc proc "$0/proc" && '
        spaces = ["--mount", "--pid", "--fork", "--kill-child"]
        if not network:
            spaces.append("--net")
            prepare += "ip link set lo up && "
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                       "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **variables}
        done = subprocess.run(["unshare", *spaces, "sh", "-c", prepare + 'exec chroot "$0" bash -ec "$1"',
                               str(self.folder), command], env=environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
        return done


@contextlib.contextmanager
def fresh():
    """A root of one's own; gone afterwards."""
    archive = base()
    with tempfile.TemporaryDirectory(prefix="debian-", dir=CACHE) as folder:
        subprocess.run(["tar", "-xpf", str(archive), "--numeric-owner", "-C", folder], check=True)
        os.chmod(folder, 0o755)
        root = Root(Path(folder))
        shutil.copy("/etc/resolv.conf", root.path("/etc/resolv.conf"))
        forbid = root.path("/usr/sbin/policy-rc.d")
        forbid.write_text("#!/bin/sh\nexit 101\n")
        forbid.chmod(0o755)
        yield root

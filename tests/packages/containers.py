"""Images and containers without a container engine, for test_image.py.

The image is built by `buildah bud --isolation chroot` on the Debian of debian_root.py. A Project runs
the services of compose.yaml as that file says: user, read-only root, volumes, commands, no rights, the
container's program as process 1 of a PID namespace, in a network of its own, so that no port of this
machine is taken. What is not done: limits, restarts, the order of starts (the tests give that).
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import debian_root

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness.process import PATIENCE, Process, wait_until  # noqa: E402  (the path above leads to it)

DEVICES = ("null", "zero", "full", "random", "urandom")


def command(*arguments, timeout=600, cwd=None, fail=True) -> subprocess.CompletedProcess:
    done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=timeout, cwd=cwd)
    if fail and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                             f"{(done.stdout + done.stderr)[-4000:]}")
    return done


def why_not() -> str | None:
    """What is missing here, in words; None: nothing."""
    for program in ("buildah", "nsenter", "setpriv", "curl"):
        if shutil.which(program) is None:
            return f"the program '{program}' is not installed"
    return debian_root.why_not()


# ---- the image -----------------------------------------------------------------------------------

class Buildah:
    """buildah with a store of its own, which is removed at the end."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.options = ["--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]

    def __call__(self, *arguments, **how) -> str:
        return command("buildah", *self.options, *arguments, **how).stdout.strip()

    def base(self) -> str:
        container = self("from", "scratch")
        self("add", container, debian_root.base(), "/")
        self("commit", "-q", container, "localhost/quiver-base")
        self("rm", container)
        return "localhost/quiver-base"

    def why_not(self, base: str) -> str:
        """Why nothing can be run in a container here; empty: it can."""
        container = self("from", "--pull-never", base)
        tried = command("buildah", *self.options, "run", "--isolation", "chroot", container, "--", "true", fail=False)
        self("rm", container)
        return tried.stderr.strip()[-300:] if tried.returncode != 0 else ""

    def build(self, context: Path, base: str) -> str:
        self("bud", "--format", "docker", "--isolation", "chroot", "--build-arg", f"BASE={base}",
             "-f", context / "docker/Dockerfile", "-t", "localhost/quiver", context, timeout=1800)
        return "localhost/quiver"

    def close(self) -> None:
        self("rm", "--all", fail=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Image:
    """A built image: its settings, and its files in `root`."""

    def __init__(self, buildah: Buildah, name: str):
        self.buildah = buildah
        self.container = buildah("from", "--pull-never", name)
        self.root = Path(buildah("mount", self.container))
        self.config = json.loads(buildah("inspect", "--type", "image", name))["Docker"]["config"]

    def run(self, *arguments) -> str:
        """By buildah itself, as the image's user."""
        return self.buildah("run", "--isolation", "chroot", self.container, "--", *arguments)

    def owner(self, path: str) -> tuple[int, int, int]:
        """User, group and mode of one of its files."""
        found = (self.root / path.lstrip("/")).stat()
        return found.st_uid, found.st_gid, found.st_mode & 0o7777


# ---- what runs -----------------------------------------------------------------------------------

class Network:
    """A network namespace with nothing but a loopback."""

    def __init__(self):
        self.process = Process(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"])
        self.process.wait_line(lambda line: line == "up")

    def enter(self, *arguments) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--", *map(str, arguments)]


class Container:
    """One started service. Its program is process 1 of a PID namespace."""

    def __init__(self, arguments: list[str]):
        self.process = Process(arguments)

    @property
    def first(self) -> int:
        """Process 1 as it is numbered out here."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        return int(wait_until(lambda: children.read_text().split(), "the container's beginning")[0])

    def children(self) -> dict[str, str]:
        """What process 1 has to look after: name -> state (Z: it ended and was not taken notice of)."""
        found = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                begin, _, rest = Path(f"/proc/{entry}/stat").read_text().rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            state, parent = rest.split()[:2]
            if int(parent) == self.first:
                found[begin.partition("(")[2]] = state
        return found

    def execute(self, *arguments, user=65532, timeout=PATIENCE) -> subprocess.CompletedProcess:
        """A further program in it, as `docker exec` has it."""
        first = self.first
        return command("nsenter", "--target", first, "--mount", "--pid", "--net", "--root", "--wd",
                       "-S", user, "-G", user, "--", "/usr/bin/env", "PATH=/usr/bin:/bin", *arguments,
                       fail=False, timeout=timeout)

    def stop(self, number: int, timeout=PATIENCE) -> int:
        """Signals process 1 and waits for its end; the exit status."""
        os.kill(self.first, number)
        return self.process.wait(timeout)


class Project:
    """compose.yaml with one image; volumes live as long as the project."""

    def __init__(self, image: Image, folder: Path, file: Path):
        self.image, self.folder, self.file = image, folder, file
        self.services = yaml.safe_load(file.read_text())["services"]
        self.network = Network()
        self.containers: list[Container] = []
        folder.mkdir(parents=True)

    def volume(self, name: str, target: str) -> Path:
        """A named volume; a new one begins as the image's folder is, as engines have it."""
        path = self.folder / "volumes" / name
        if not path.exists():
            shutil.copytree(self.image.root / target.lstrip("/"), path, symlinks=True)
            user, group, mode = self.image.owner(target)
            os.chown(path, user, group)
            path.chmod(mode)
        return path

    def _mounts(self, service: dict):
        for entry in service.get("volumes", []):
            source, target, *options = entry.split(":")
            path = self.file.parent / source if source.startswith(".") else self.volume(source, target)
            yield path.resolve(), target, "ro" in options

    def _script(self, service: dict, arguments: list[str]) -> str:
        top = self.folder / "rootfs"
        top.mkdir(exist_ok=True)
        steps = [f"mount --bind {self.image.root} {top}", f"mount -t proc proc {top}/proc",
                 f"mount -t tmpfs -o mode=755 dev {top}/dev", f"ln -s /proc/self/fd {top}/dev/fd"]
        for name in DEVICES:
            steps.append(f"touch {top}/dev/{name} && mount --bind /dev/{name} {top}/dev/{name}")
        for path, target, read_only in self._mounts(service):
            steps.append(f"mount --bind {shlex.quote(str(path))} {top}{target}")
            if read_only:
                steps.append(f"mount -o remount,bind,ro {top}{target}")
        if service.get("read_only"):
            steps.append(f"mount -o remount,bind,ro {top}")
        user, group = service.get("user", self.image.config["User"]).split(":")
        rights = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        if service.get("cap_drop") == ["ALL"]:
            rights += ["--bounding-set=-all", "--inh-caps=-all"]
        environment = ["env", "-i", *self.image.config["Env"]]
        steps.append("exec " + shlex.join(["chroot", str(top), *environment, *rights, *arguments]))
        return " && ".join(steps)

    def _arguments(self, service: dict, words: list[str] | None) -> list[str]:
        entry = service.get("entrypoint", self.image.config["Entrypoint"])
        rest = service.get("command", [] if "entrypoint" in service else self.image.config["Cmd"])
        arguments = [*entry, *(rest if words is None else words)]
        script = self._script(service, [word.replace("$$", "$") for word in arguments])
        return self.network.enter("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
                                  "--propagation", "private", "--", "sh", "-c", script)

    def run(self, name: str, *words, binary=False, timeout=60):
        """A one-shot service to its end."""
        return subprocess.run(self._arguments(self.services[name], list(words) or None), timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=not binary)

    def start(self, service: str | dict, *words) -> Container:
        chosen = self.services[service] if isinstance(service, str) else service
        self.containers.append(Container(self._arguments(chosen, list(words) or None)))
        return self.containers[-1]

    def healthy(self, name: str, container: Container) -> subprocess.CompletedProcess:
        """One run of the service's health check."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        words = [word.replace("$$", "$") for word in words]
        return container.execute(*(["sh", "-c", *words] if kind == "CMD-SHELL" else words))

    def shell(self, script: str, cwd: Path) -> subprocess.CompletedProcess:
        """A command of a page, in the project's network."""
        return command(*self.network.enter("bash", "-euo", "pipefail", "-c", script), cwd=cwd, fail=False,
                       timeout=60)

    def close(self) -> None:
        for container in self.containers:
            if container.process.running:
                container.process.kill()
        self.network.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

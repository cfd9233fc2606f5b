"""Quiver under test: configuration, start and stop, log, and clients of its listeners."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import redis as redis_library

from . import ROOT, native, quiver_binary
from .pki import Certificate, Pki
from .process import (PATIENCE, Process, comm_of, holders, is_connected, is_stopped, log_entry, parse_log,
                      wait_gone, wait_until)
from .ports import free_port
from .redis_server import RedisServer
from .wire import Connection, Response, alert_of, tls_context

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: |"
                       r"LeakSanitizer has encountered a fatal error|SUMMARY: \w+Sanitizer")
QUANTITY = re.compile(r'"(\d+(?:ms|s|m|h|KiB|MiB))"')  # a size or a time, as JSON writes it
# store.timeout where a test sets none: a disk that stalls for some seconds refuses no change.
STORE_TIMEOUT = "20s"
SECURE = {"name": "secure", "address": "127.0.0.1", "port": 0, "tls": "mutual", "serve": ["arrowhead"]}
OPS = {"name": "ops", "address": "127.0.0.1", "port": 0, "tls": "off", "serve": ["ops"]}
PLAIN = {"name": "plain", "address": "127.0.0.1", "port": 0, "tls": "off", "serve": ["arrowhead"],
         "authentication": "declared"}


def sanitizer_environment() -> dict[str, str]:
    """What makes the sanitizers speak up, and be silent about libh2o's free lists."""
    return {"ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
            "TSAN_OPTIONS": f"suppressions={ROOT}/tests/tsan.supp:second_deadlock_stack=1:"
                            "print_suppressions=0"}


def server_environment(**more: str) -> dict[str, str]:
    """The environment without proxies and preloads, with the sanitizers' options and `more`."""
    kept = {k: v for k, v in os.environ.items()
            if not k.lower().endswith("_proxy") and k != "LD_PRELOAD"}
    return {**kept, **sanitizer_environment(), **more}


def quiver_command(*arguments) -> list[str]:
    """The program under test, behind $QUIVER_WRAP where a build needs a wrapper."""
    return [*os.environ.get("QUIVER_WRAP", "").split(), str(quiver_binary()), *map(str, arguments)]


def merge(base: dict, changes: dict) -> dict:
    """`base` with `changes` laid over it, section by section; None removes a key."""
    result = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


@dataclass
class Finished:
    """A run of the program that has ended."""

    status: int
    output: str

    @property
    def log(self) -> list[dict]:
        return parse_log(self.output.splitlines())


def assert_silent(text: str) -> None:
    found = SANITIZER.search(text)
    assert not found, f"a sanitizer complains:\n{text[max(0, found.start() - 500):][:6000]}"


class Server:
    """A Quiver in a folder of its own. Made by the fixture `quiver`.

    directory         everything of this server; a short path, for the sake of Unix sockets
    config            what stands in config_path (YAML, written as JSON)
    data_directory    store.data_directory
    redis_socket      the embedded Redis' socket
    listeners         name -> (address, port), known once it listens
    """

    def __init__(self, pki: Pki, config: dict, env: dict[str, str], directory: Path | None = None):
        self.pki = pki
        self.env = env
        self.directory = directory or Path(tempfile.mkdtemp(prefix="qv-"))
        self.config_path = self.directory / "quiver.yaml"
        self.data_directory = self.directory / "data"
        self.redis_socket = self.data_directory / "redis.sock"
        self.listeners: dict[str, tuple[str, int]] = {}
        self.process: Process | None = None
        self.clock: native.Clock | None = None
        self._may_end = False
        self._closing: list = []
        self.config = config
        self.write_config()

    # -- configuration --

    def write_config(self, **changes) -> None:
        """Writes the configuration with `changes` (sections as keywords) for the next start."""
        self.config = merge(self.config, changes)
        # JSON has quotes around every text; Quiver takes sizes and times only without.
        text = QUANTITY.sub(r"\1", json.dumps(self.config, indent=2))
        self.config_path.write_text(text + "\n")

    # -- life --

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.running

    def launch(self) -> Server:
        """Starts its process and waits for nothing."""
        assert not self.running, "it runs already"
        self.assert_no_end_by_itself()
        self._may_end = False
        self.process = Process(quiver_command("serve", "--config", self.config_path),
                               env=self.env, cwd=self.directory)
        return self

    def start(self, wait: bool = True) -> Server:
        """Starts it; returns when every listener is open and, with `wait`, the view is loaded."""
        self.launch()
        for entry in self.config["listeners"]:
            seen = self.wait_log("listening", listener=entry["name"])
            self.listeners[entry["name"]] = (seen["address"], int(seen["port"]))
        if wait:
            self.wait_log("ready")
        return self

    def wait_exit(self) -> int:
        """Waits for its end, which the test wants, and gives the exit status; sanitizers must have
        been silent."""
        self._may_end = True
        status = self.process.wait()
        assert_silent(self.process.text)
        return status

    def stop(self) -> None:
        """SIGTERM; it must end with status 0, silently, and leave nothing running."""
        self.assert_no_end_by_itself()
        self.process.signal(signal.SIGTERM)
        status = self.wait_exit()
        assert status == 0, f"status {status} after SIGTERM:\n{self.process.tail()}"
        self.assert_nothing_left()

    def kill(self, wait: bool = True) -> None:
        """kill -9 of Quiver alone; its Redis must go by itself. Without `wait`, wait_exit follows."""
        self.assert_no_end_by_itself()
        self._may_end = True
        os.kill(self.pid, signal.SIGKILL)
        if wait:
            status = self.wait_exit()
            assert status == -signal.SIGKILL, f"status {status} after SIGKILL:\n{self.process.tail()}"
            self.assert_nothing_left()

    def restart(self, kill: bool = False, wait: bool = True, **changes) -> Server:
        """Stops (or kills) it if it runs and starts it again, on the same ports and data. One that
        ended by itself is a fault (launch looks), else a crash before a restart would go unseen."""
        if self.running:
            self.kill() if kill else self.stop()
        self.write_config(**changes)
        return self.start(wait)

    def assert_no_end_by_itself(self) -> None:
        """It runs, or ended because the test wanted that; no sanitizer complained of one that ended."""
        if self.process is None or self.running:
            return
        status = self.process.wait()
        assert_silent(self.process.text)
        assert self._may_end, f"it ended by itself with status {status}; it wrote:\n{self.process.tail()}"

    def assert_nothing_left(self) -> None:
        """No process has a file in the data directory open any more."""
        for pid in holders(self.data_directory):
            assert wait_gone(pid), f"process {pid} still works in {self.data_directory}"

    def close(self) -> None:
        """The fixture's end: stops it properly if it runs, fails if it ended before by itself, and
        never leaves anything behind."""
        try:
            for thing in self._closing:
                thing.close()
            self.assert_no_end_by_itself()
            if self.running:
                self.process.signal(signal.SIGCONT)
                self.stop()
        finally:
            if self.running:
                self.process.kill()
            for pid in holders(self.directory):
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.directory, ignore_errors=True)

    @contextlib.contextmanager
    def held_up(self):
        """Quiver does nothing meanwhile. What is changed within and what is asked for within reach it
        together, so that its own watch over files is not faster than the question."""
        self.process.signal(signal.SIGSTOP)
        try:
            wait_until(lambda: is_stopped(self.pid), "Quiver being held up")
            yield
        finally:
            self.process.signal(signal.SIGCONT)

    def reload(self, change: Callable[[], object] | None = None,
               timeout: float = PATIENCE) -> subprocess.CompletedProcess:
        """Runs `quiver reload`, which waits for the outcome; its two streams as text. `change` is made
        before, held up: then the outcome is that of the command, not of the watch."""
        with contextlib.ExitStack() as cleanup:
            with self.held_up() if change else contextlib.nullcontext():
                if change:
                    change()
                command = subprocess.Popen(quiver_command("reload", "--config", self.config_path),
                                           env=server_environment(), text=True,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE)
                cleanup.callback(command.kill)
                if change:
                    wait_until(lambda: is_connected(command.pid) or command.poll() is not None,
                               "the command having asked", timeout)
            stdout, stderr = command.communicate(timeout=timeout)
        assert_silent(stderr)
        return subprocess.CompletedProcess(command.args, command.returncode, stdout, stderr)

    # -- log --

    @property
    def log(self) -> list[dict]:
        """The log lines of the present run, parsed."""
        return parse_log(list(self.process.lines))

    def mark(self) -> int:
        """Where the log is now; `wait_log(..., since=mark)` looks only behind it."""
        return len(self.process.lines)

    def wait_log(self, event: str, since: int = 0, **fields) -> dict:
        """The first line of `event` whose `fields` are these (or satisfy the given functions)."""
        def fits(line: str) -> dict | None:
            entry = log_entry(line)
            if entry is None or entry.get("event") != event:
                return None
            for name, wanted in fields.items():
                have = entry.get(name)
                if not (wanted(have) if callable(wanted) else have == wanted):
                    return None
            return entry
        return self.process.wait_line(fits, since)

    # -- clients --

    def certificate(self, who: str | Certificate | None, profile: str = "system") -> Certificate | None:
        """A system's name becomes its certificate, made on first use."""
        return self.pki.issue(who, profile) if isinstance(who, str) else who

    def url(self, listener: str = "secure") -> str:
        address, port = self.listeners[listener]
        host = f"[{address}]" if ":" in address else address
        scheme = "http" if self._settings(listener)["tls"] == "off" else "https"
        return f"{scheme}://{host.replace('0.0.0.0', '127.0.0.1')}:{port}"

    def _settings(self, listener: str) -> dict:
        return next(entry for entry in self.config["listeners"] if entry["name"] == listener)

    def context(self, who, profile: str = "system", tls: str | None = None, listener: str = "secure"):
        if self._settings(listener)["tls"] == "off":
            return None
        return tls_context(self.pki.ca, self.certificate(who, profile), tls)

    def client(self, who: str | Certificate | None, profile: str = "system", *,
               listener: str = "secure", tls: str | None = None, **options) -> httpx.Client:
        """An httpx client that speaks as `who` (None: without certificate); closed with the server."""
        context = self.context(who, profile, tls, listener)
        client = httpx.Client(base_url=self.url(listener), verify=context or False, trust_env=False,
                              **{"timeout": PATIENCE, **options})
        self._closing.append(client)
        return client

    def declared(self, who: str, listener: str = "plain") -> httpx.Client:
        """A client of a listener with declared identity."""
        return self.client(None, listener=listener, headers={"Authorization": f"Bearer SYSTEM//{who}"})

    @property
    def ops(self) -> httpx.Client:
        """A client of the ops listener."""
        return self.client(None, listener="ops")

    def connect(self, who: str | Certificate | None, profile: str = "system", *,
                listener: str = "secure", tls: str | None = None, timeout: float = PATIENCE,
                session=None) -> Connection:
        """A connection for bytes; use it in a with statement."""
        address, port = self.listeners[listener]
        return Connection(address, port, self.context(who, profile, tls, listener), timeout, session)

    def raw(self, data: bytes, who: str | Certificate | None = "consumer", *, head: bool = False,
            **options) -> Response:
        """Sends `data` on a new connection and reads one answer. Options as of `connect`."""
        with self.connect(who, **options) as connection:
            connection.send(data)
            return connection.read_response(head)

    def alert(self, who: str | Certificate | None, profile: str = "system", *,
              listener: str = "secure", tls: str | None = None) -> str | None:
        """None if `who` is served, else the TLS alert, like "certificate_revoked"."""
        address, port = self.listeners[listener]
        return alert_of(address, port, self.context(who, profile, tls, listener))

    def curl(self, path: str, *arguments, who: str | Certificate | None = "consumer",
             profile: str = "system", listener: str = "secure") -> subprocess.CompletedProcess:
        """Runs curl on `path` as `who`; output as text, exit status in returncode."""
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]
        if self._settings(listener)["tls"] != "off":
            command += ["--cacert", self.pki.ca]
            certificate = self.certificate(who, profile)
            if certificate is not None:
                command += ["--cert", certificate.crt, "--key", certificate.key]
        return subprocess.run([*command, *arguments, self.url(listener) + path], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)

    # -- Redis and resources --

    def redis(self, **options) -> redis_library.Redis:
        """A client of the embedded Redis; answers are text."""
        client = redis_library.Redis(unix_socket_path=str(self.redis_socket), decode_responses=True,
                                     **{"socket_timeout": PATIENCE, **options})
        self._closing.append(client)
        return client

    @property
    def redis_pid(self) -> int:
        """The process id of the embedded Redis; waits for one that is just being started again."""
        return wait_until(self._find_redis, "an embedded Redis that runs")

    def _find_redis(self) -> int | None:
        for pid in holders(self.data_directory):
            if pid != self.pid and comm_of(pid).startswith("redis-"):
                return pid
        return None

    @property
    def resident_kib(self) -> int:
        """Quiver's own resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def set_clock(self, by: datetime.timedelta | float) -> None:
        """Moves the clock of a server started with `clock`: its distance from the real time."""
        self.clock.move(by)


class Quiver:
    """The fixture `quiver`: makes servers and ends them."""

    def __init__(self, pki: Pki):
        self.pki = pki
        self.servers: list[Server] = []
        self._lock = threading.Lock()

    def prepare(self, *, redis: str | RedisServer = "embedded", dialect: str | None = None,
                listeners: list[dict] | None = None, plain: bool = False, pki: Pki | None = None,
                env: dict[str, str] | None = None, clock: str | None = None,
                directory: Path | None = None, **sections) -> Server:
        """A server that is not started yet. Takes what `start` takes."""
        pki = pki or self.pki
        base = {
            "listeners": [{**x, "port": x["port"] or free_port()}
                          for x in listeners or ([SECURE, OPS] + ([PLAIN] if plain else []))],
            "tls": {"certificate": str(pki.registry.crt), "private_key": str(pki.registry.key),
                    "trust": [str(pki.ca)], "crl": [str(pki.crl)]},
            "store": {"redis": redis.url if isinstance(redis, RedisServer) else redis,
                      "data_directory": "data", "timeout": STORE_TIMEOUT},
        }
        if dialect is not None:
            base["cloud"] = {"dialect": dialect}
        server = Server(pki, merge(base, sections), server_environment(**(env or {})), directory)
        with self._lock:
            self.servers.append(server)
        if clock is not None:
            server.clock = native.Clock(server.directory / "clock",
                                        quiver_binary().name if clock == "quiver" else None)
            server.env.update(server.clock.environment)
        return server

    def start(self, *, wait: bool = True, **options) -> Server:
        """Starts a server and waits until it is ready.

        redis       "embedded", a URL, or a RedisServer
        dialect     cloud.dialect
        listeners   instead of `secure` (mutual TLS) and `ops`; plain=True adds `plain`
        pki         another cloud than the shared one
        env         further environment, such as LD_PRELOAD
        clock       its wall clock can be moved, see Server.set_clock: "quiver" its own alone,
                    "all" that of the embedded Redis, too (release build: mark the test `clock`)
        directory   the folder of an earlier server, to work on its data
        wait        False: only until it listens
        Sections of quiver.yaml as keywords are laid over the rest: store={"timeout": "1s"}.
        """
        return self.prepare(**options).start(wait)

    def refused(self, **options) -> Finished:
        """A start that must fail: waits for the end, gives status and output."""
        server = self.prepare(**options).launch()
        status = server.wait_exit()
        assert status > 0, f"status {status}, but it was expected to refuse:\n{server.process.tail()}"
        return Finished(status, server.process.text)

    def command(self, *arguments, timeout: float = PATIENCE) -> Finished:
        """Runs another subcommand, such as ("check", "--config", path); output is both streams'."""
        done = subprocess.run(quiver_command(*arguments), env=server_environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout)
        assert_silent(done.stdout)
        return Finished(done.returncode, done.stdout)

    def close(self) -> None:
        """Ends all servers; the first fault found is raised when all are ended."""
        faults = []
        for server in self.servers:
            try:
                server.close()
            except Exception as fault:  # noqa: BLE001 - the others must be ended, too
                faults.append(fault)
        if faults:
            raise faults[0]

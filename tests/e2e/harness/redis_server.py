"""A redis-server of the test's own: started, killed, suspended, started again on the same data."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path

import redis

from .process import PATIENCE, Process

DEFAULTS = {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction",
            "daemonize": "no", "logfile": "", "loglevel": "notice"}


class RedisServer:
    """Redis in a folder of its own, on a Unix socket and, with `port`, on TCP at 127.0.0.1.

    `options` are redis.conf's, over append-only with appendfsync always and noeviction, which is
    what Quiver asks of a Redis. `url` is what goes into store.redis.
    """

    def __init__(self, port: int = 0, env: dict | None = None, **options):
        self.directory = Path(tempfile.mkdtemp(prefix="qv-redis-"))
        self.socket = self.directory / "redis.sock"
        self.port = port
        self.env = env
        self.options = {**DEFAULTS, **{k.replace("_", "-"): v for k, v in options.items()}}
        self.process: Process | None = None
        self._clients: list[redis.Redis] = []

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}"

    def start(self) -> RedisServer:
        """Returns when it accepts connections."""
        assert self.process is None or not self.process.running, "it runs already"
        arguments = ["redis-server", "--dir", self.directory, "--unixsocket", self.socket,
                     "--unixsocketperm", "700", "--port", self.port, "--bind", "127.0.0.1"]
        for name, value in self.options.items():
            arguments += [f"--{name}", value]
        self.process = Process(arguments, env=self.env)
        self.process.wait_line(lambda line: "Ready to accept connections" in line
                               or "accept connections at" in line)
        return self

    def client(self, **options) -> redis.Redis:
        """A client over the Unix socket; answers are text."""
        client = redis.Redis(unix_socket_path=str(self.socket), decode_responses=True,
                             **{"socket_timeout": PATIENCE, **options})
        self._clients.append(client)
        return client

    def signal(self, number: int) -> None:
        self.process.signal(number)

    def suspend(self) -> None:
        """It holds its connections and answers nothing any more (SIGSTOP)."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def stop(self) -> None:
        """SIGTERM; waits until it has ended."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        assert self.process.wait() == 0, self.process.tail()

    def restart(self) -> RedisServer:
        self.stop()
        return self.start()

    def close(self) -> None:
        """Ends it however it is and removes its folder."""
        for client in self._clients:
            client.close()
        if self.process is not None and self.process.running:
            self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

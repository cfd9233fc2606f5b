"""Everything at once, for ThreadSanitizer above all: registrations, lookups and revokes from several
threads, instances that end meanwhile, refused handshakes, Redis restarted, the view rebuilt, the end
in the middle of it.

Whatever was acknowledged holds afterwards, and the sanitizer was silent (the harness looks).
"""

import datetime
import os
import signal
import ssl
import threading

import pytest

from harness.stories import Load
from harness.shared import store_key
from harness.process import wait_until
from harness.requests import ECHO, LOOKUP, REGISTER, registration

pytestmark = [pytest.mark.concurrent, pytest.mark.timeout(240)]


class Noise:
    """Threads that read, knock and register what soon ends, until they are told to stop."""

    def __init__(self, server):
        self.server = server
        self.done = threading.Event()
        self.faults = []
        self.rounds = {"read": 0, "knock": 0, "end": 0}
        self._threads = []

    def __enter__(self):
        for what in ("read", "read", "knock", "end"):
            thread = threading.Thread(target=self._run, args=(what,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.done.set()
        for thread in self._threads:
            thread.join(30)
        if kind is None:
            assert not any(thread.is_alive() for thread in self._threads)
            assert not self.faults, self.faults[0]
            assert all(self.rounds.values()), self.rounds

    def _run(self, what):
        try:
            client = self.server.client(f"noise-{what}")
            while not self.done.is_set():
                getattr(self, "_" + what)(client)
                self.rounds[what] += 1
        except BaseException as fault:  # noqa: BLE001 - told by __exit__
            self.faults.append(fault)

    def _read(self, client):
        body = {
            "providerNames": ["load-0", "load-1", "noise-end"],
            "metadataRequirementsList": [{}],
        }
        answer = client.post(LOOKUP + "?verbose=true", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["count"] == len(answer.json()["entries"])
        assert self.server.ops.get("/health/ready").status_code == 200

    def _knock(self, client):
        assert client.get(ECHO).status_code == 200
        assert self.server.alert(None) is not None
        try:
            with self.server.connect("noise-knock") as connection:
                connection.send(b"POST " + REGISTER.encode() + b" HTTP/1.1\r\nHost: x\r\n")
        except (ConnectionError, ssl.SSLError):
            pass

    def _end(self, client):
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        body = registration(
            f"ends-{self.rounds['end'] % 50}", expiresAt=ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        )
        answer = client.post(REGISTER, json=body)
        over = datetime.datetime.now(datetime.timezone.utc) >= ends  # before it was there, then
        assert answer.status_code in ((201, 400, 503) if over else (201, 503)), answer.text


def settle(server):
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", "ready")


def test_all_together(quiver):
    """The embedded Redis is killed in the middle."""
    server = quiver.start(limits={"workers": 4})
    with Noise(server):
        load = Load(server, "together", clients=8, total=400).start()
        load.wait_acknowledged(150)
        os.kill(server.redis_pid, signal.SIGKILL)
        load.finish()
    settle(server)
    load.judge()
    server.restart()
    load.judge()


def test_views_are_rebuilt_meanwhile(quiver, redis_server):
    """The journal's token is changed: readers and changes go on over the change of views."""
    redis = redis_server()
    server = quiver.start(redis=redis, limits={"workers": 4})
    head = store_key(server.pki, "head")
    with Noise(server):
        load = Load(server, "rebuilt", clients=4, total=200).start()
        for number, acknowledged in enumerate((40, 100)):
            load.wait_acknowledged(acknowledged)
            mark = server.mark()
            redis.client().hset(head, "token", f"{number:016x}")
            server.wait_log("view loaded", since=mark)
        load.finish()
    settle(server)
    load.judge()


def test_redis_restarted_meanwhile(quiver, redis_server):
    redis = redis_server()
    server = quiver.start(redis=redis, limits={"workers": 4})
    with Noise(server):
        load = Load(server, "restarted", clients=4, total=200).start()
        load.wait_acknowledged(50)
        redis.restart()
        load.wait_acknowledged(100)
        redis.suspend()
        redis.resume()
        load.finish()
    settle(server)
    load.judge()


def test_two_on_one_redis(quiver, redis_server):
    """Two processes, one truth: each shows in the end what both accepted."""
    redis = redis_server()
    servers = [quiver.start(redis=redis, limits={"workers": 2}) for _ in range(2)]
    loads = [
        Load(server, f"node-{n}", clients=4, total=150).start() for n, server in enumerate(servers)
    ]
    for load in loads:
        load.finish()
    position = redis.client().hget(store_key(servers[0].pki, "head"), "revision")
    assert int(position) > 0
    for server in servers:
        wait_until(lambda s=server: all_agree(loads, s), "both showing the same")


def all_agree(loads, server):
    try:
        for load in loads:
            load.judge(server)
    except AssertionError:
        return False
    return True


def test_the_end_in_the_middle(quiver):
    """SIGTERM under load: it ends with status 0 (the harness looks), in order, losing nothing."""
    server = quiver.start(limits={"workers": 4})
    load = Load(server, "ended", clients=8, total=4000).start()
    load.wait_acknowledged(60)
    server.stop()
    load.finish(stop=True)
    server.restart()
    load.judge()

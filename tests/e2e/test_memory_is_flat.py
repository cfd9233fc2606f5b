"""5,000 connections and 20,000 requests leave Quiver's resident memory where it was; with --soak
50,000 and 200,000. Twice: what the first time adds may be for good, what the second adds is lost.

What comes is mixed: handshakes in TLS 1.2 and 1.3, refused ones, lookups, registrations, revokes,
pings of CHAP services, refusals, requests cut off in the middle. A first part of the same kind, not
counted, fills whatever is kept for good (free lists, caches, threads' arenas). Release build: the
sanitizers keep freed memory.
"""

import json
import os
import ssl
import threading

import pytest

from harness.chap import KEY, Caller as ChapCaller, listener, ping_path, start_chap
from harness.process import wait_until
from harness.requests import ECHO, LOOKUP, REGISTER, registration, revoke_path
from harness.server import OPS, SECURE
from harness.wire import Connection

WARM_UP = 2_000
CLIENTS = 4
# What may grow: the store's queues and the allocator's rounding ...
ALLOWED_KIB = 2048
# ... once; the same again must not: a leak of 50 bytes a connection would show.
ALLOWED_AGAIN_KIB = 256

pytestmark = pytest.mark.release
SIZES = [
    pytest.param(5_000, 20_000, marks=pytest.mark.timeout(600)),
    pytest.param(50_000, 200_000, marks=[pytest.mark.soak, pytest.mark.timeout(3000)]),
]


def request(method, path, body=b"", more=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def mixture(name, system):
    """Five requests and the statuses that answer them; together they leave nothing behind."""
    body = json.dumps(registration(name, metadata={"n": [1, 2, 3], "s": "x" * 200})).encode()
    look = json.dumps({"serviceDefinitionNames": [name]}).encode()
    return [
        (request("POST", REGISTER, body), 201),
        (request("POST", LOOKUP + "?verbose=true", look), 200),
        (request("DELETE", revoke_path(f"{system}::{name}::1.0.0")), 200),
        (request("POST", LOOKUP, b"{}"), 400),
        (request("GET", ECHO), 200),
    ]


class Caller(threading.Thread):
    """One client's share: connections, and requests over them, evenly spread."""

    def __init__(self, server, number, connections, requests):
        super().__init__(daemon=True)
        self.server, self.connections, self.requests = server, connections, requests
        self.name_ = f"memory-{number}"
        self.address = server.listeners["secure"]
        self.contexts = [server.context(self.name_, tls=tls) for tls in ("1.2", "1.3")]
        self.stranger = server.context(None)
        self.chap_address = server.listeners["chap"]
        self.chap_context = server.context(None, listener="chap")
        self.pings = [(request("PUT", ping_path(self.name_), more=f"X-Service-Key: {KEY}\r\n"), 200)]
        self.fault = None

    def run(self):
        try:
            caller = ChapCaller(self.server)
            caller.registered(self.name_)
            caller.client.close()
            script, step, sent = mixture(self.name_, self.name_), 0, 0
            for number in range(self.connections):
                share = (number + 1) * self.requests // self.connections - sent
                kind = number % 50
                if kind == 7:
                    self._refused()
                elif kind == 11:
                    self._cut_off()
                elif kind % 10 == 3:
                    self._served(self.chap_address, self.chap_context, self.pings * share)
                    sent += share
                else:
                    turn = [script[(step + n) % len(script)] for n in range(share)]
                    self._served(self.address, self.contexts[number % 2], turn)
                    step, sent = step + share, sent + share
        except BaseException as fault:  # noqa: BLE001 - told by drive
            self.fault = fault

    def _served(self, address, context, turn):
        with Connection(*address, context, 30) as connection:
            for data, status in turn:
                connection.send(data)
                answer = connection.read_response()
                assert answer.status == status, (data, answer)

    def _refused(self):
        try:
            with Connection(*self.address, self.stranger, 30) as connection:
                connection.send(request("GET", ECHO))
                connection.read_response()
            raise AssertionError("a client without certificate was served")
        except (ssl.SSLError, ConnectionError):
            pass

    def _cut_off(self):
        with Connection(*self.address, self.contexts[1], 30) as connection:
            connection.send(request("POST", REGISTER, b"x" * 500)[:200])


def drive(server, connections, requests):
    callers = [
        Caller(server, number, connections // CLIENTS, requests // CLIENTS)
        for number in range(CLIENTS)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
        if caller.fault:
            raise caller.fault


def settled(server):
    """Resident memory when all connections of the run are closed on the server's side, too."""
    descriptors = f"/proc/{server.pid}/fd"
    wait_until(
        lambda: len(os.listdir(descriptors)) <= server.idle_descriptors,
        "connections being closed",
    )
    return server.resident_kib


@pytest.mark.parametrize("connections, requests", SIZES)
def test_memory_is_flat(quiver, connections, requests):
    server = start_chap(quiver, listeners=[SECURE, listener(), OPS], store={"journal_max": 1000})
    server.idle_descriptors = len(os.listdir(f"/proc/{server.pid}/fd")) + 2
    drive(server, WARM_UP, WARM_UP * 4)
    warm = settled(server)
    drive(server, connections, requests)
    once = settled(server)
    drive(server, connections, requests)
    twice = settled(server)
    grown = f"{warm} KiB before, {once} KiB after the first, {twice} KiB after the second"
    assert once <= warm + ALLOWED_KIB, grown
    assert twice <= once + ALLOWED_AGAIN_KIB, grown
    assert (
        server.client("consumer").post(LOOKUP, json={"providerNames": ["memory-0"]}).json()["count"]
        <= 1
    )


def test_empty_is_small(quiver):
    """Issue 3's goal: 20 MB of Quiver's own, with nothing registered."""
    server = quiver.start()
    assert server.client("consumer").get(ECHO).status_code == 200
    assert server.resident_kib <= 20 * 1024

"""Hundreds of changes in flight at one moment, and somebody killed while they are.

Each volley sends one change on every connection before it reads any answer. Before a kill Redis is
held meanwhile and goes on when all are sent; the kill comes with the n-th answer, so that the other
changes are somewhere between the listener and the disk.
"""

from __future__ import annotations

import json
import selectors
from collections import Counter
from collections.abc import Callable

from .stories import Outcome, Stories, outcome_of_answer
from .requests import REGISTER, registration, revoke_path
from .wire import Connection

SYSTEMS = 4


class Volleys(Stories):
    """`width` connections that register new instances and revoke those that they have."""

    def __init__(self, server, prefix: str, width: int = 300):
        super().__init__(server, prefix)
        self.width = width
        self.tried = 0
        self._serial = 0
        self._connections: list[Connection | None] = [None] * width
        self._own: list[list[str]] = [[] for _ in range(width)]  # what each has registered

    def _connect(self) -> None:
        """TLS 1.2: nothing but answers comes after the handshake."""
        contexts = [self.server.context(f"load-{number}", tls="1.2") for number in range(SYSTEMS)]
        for number, connection in enumerate(self._connections):
            if connection is None:
                self._connections[number] = Connection(*self.server.listeners["secure"],
                                                       contexts[number % SYSTEMS], 30)

    def _change(self, number: int) -> tuple[str, str, bytes]:
        """What to do and to whom, and its request: every second one revokes if it has something."""
        if self._own[number] and (number + self._serial) % 2 == 0:
            name = self._own[number].pop()
            instance = f"load-{number % SYSTEMS}::{name}::1.0.0"
            return "revoke", name, _request("DELETE", revoke_path(instance))
        name = f"{self.prefix}-c{number}-n{self._serial}"
        return "register", name, _request("POST", REGISTER, json.dumps(registration(name)).encode())

    def fire(self, after: int = 0, kill: Callable[[], None] | None = None, redis=None) -> Counter:
        """One volley; returns how many outcomes of each kind it had. `redis` is held while it is sent."""
        self._serial += 1
        self._connect()
        changes = [self._change(number) for number in range(self.width)]
        outcomes: Counter = Counter()
        if redis is not None:
            redis.suspend()
        with selectors.DefaultSelector() as waiting:
            for number, connection in enumerate(self._connections):
                waiting.register(connection.socket, selectors.EVENT_READ, number)
                connection.send(changes[number][2])
            if redis is not None:
                redis.resume()
            while waiting.get_map():
                ready = waiting.select(30)
                assert ready, f"no answer for 30 s: {outcomes}"
                for key, _ in ready:
                    waiting.unregister(key.fileobj)
                    outcome = self._hear(key.data)
                    self._tell(key.data, *changes[key.data][:2], outcome)
                    outcomes[outcome] += 1
                    if kill is not None and outcomes.total() == after:
                        kill()
        self.tried += self.width
        return outcomes

    def _hear(self, number: int) -> Outcome:
        connection = self._connections[number]
        try:
            answer = connection.read_response()
        except (OSError, AssertionError):  # it was closed, perhaps within an answer
            connection.close()
            self._connections[number] = None
            return Outcome.UNKNOWN
        return outcome_of_answer(answer.status, answer.body, answer.header("retry-after"), (200, 201))

    def _tell(self, number: int, what: str, name: str, outcome: Outcome) -> None:
        if what == "register":
            self.note_registered(name, outcome)
            if outcome is Outcome.DONE:
                self._own[number].append(name)
        else:
            self.note_revoked(name, outcome)

    def close(self) -> None:
        for connection in self._connections:
            if connection is not None:
                connection.close()
        self._connections = [None] * self.width


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

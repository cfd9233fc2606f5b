"""Many requests over one connection that stays: several are sent before the first answer is read, so
that a test can ask thousands of things in seconds. Answers come in the order of the requests.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass

from .wire import Connection, Response

AT_ONCE = 25


@dataclass
class Request:
    """`body` None: none is sent."""

    method: str
    path: str
    body: object = None

    def encode(self) -> bytes:
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: localhost\r\n"
        if self.body is None:
            return f"{head}\r\n".encode()
        body = json.dumps(self.body).encode()
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def ask_all(connection: Connection, requests: list[Request]) -> list[Response]:
    answers: list[Response] = []
    for first in range(0, len(requests), AT_ONCE):
        some = requests[first:first + AT_ONCE]
        connection.send(b"".join(request.encode() for request in some))
        answers += [connection.read_response() for _ in some]
    return answers


class Asker(threading.Thread):
    """Asks everything on a connection of its own, beside others; `answers`, or `fault`."""

    def __init__(self, connection: Connection, requests: list[Request]):
        super().__init__()
        self.connection, self.requests = connection, requests
        self.answers: list[Response] = []
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            self.answers = ask_all(self.connection, self.requests)
        except Exception as fault:  # noqa: BLE001 - `ask_beside_each_other` tells it
            self.fault = fault


def ask_beside_each_other(askers: list[Asker]) -> None:
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    for asker in askers:
        if asker.fault is not None:
            raise asker.fault

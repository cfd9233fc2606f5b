"""What tests of CHAP services share: listeners, keys, bodies, and callers that know them.

start_chap(quiver, ...)   a server with the listeners `chap` and `ops`, and a key in its environment
Caller                    speaks CHAP to a listener as somebody: a key, a certificate, both, neither
service(id)               a registration's body

A key is given by environment; what else a test wants of `chap:` goes as keywords of the section.
"""

from __future__ import annotations

import datetime
import itertools
import json
import secrets
import time

import httpx

from .process import PATIENCE
from .shared import store_key
from .server import OPS, Server

KEY = "a-key-of-the-tests"
VARIABLE = "SERVICEKIT_REGISTRATION_KEY"
SERVICES = "/v2/services"
REGISTER = f"{SERVICES}/$register"

LATE = 1  # second after its end by which a service is gone
CLOCKS = 0.05  # second: Redis' clock is read at the tick

_numbers = itertools.count(1)


def listener(tls: str = "server", name: str = "chap", **more) -> dict:
    """A listener that serves chap: `tls` is server, mutual or off."""
    return {"name": name, "address": "127.0.0.1", "port": 0, "tls": tls, "serve": ["chap"], **more}


def key_environment(key: str | None) -> dict[str, str]:
    """The environment in which Quiver has this key, or none, whatever the tests' own has."""
    return {VARIABLE: key or ""}


def prepare_chap(quiver, *, key: str | None = KEY, tls: str = "server", listeners=None,
                 env: dict[str, str] | None = None, chap: dict | None = None, **options) -> Server:
    """A server that is not started yet; options as of quiver.start, `chap` the section's settings."""
    sections = {"chap": chap} if chap else {}
    listeners = listeners or [listener(tls), OPS]
    if all(entry["tls"] == "off" for entry in listeners):  # no certificate says which cloud it is
        sections["cloud"] = {"name": quiver.pki.suffix}
    return quiver.prepare(listeners=listeners,
                          env={**key_environment(key), **(env or {})}, **sections, **options)


def start_chap(quiver, *, wait: bool = True, **options) -> Server:
    return prepare_chap(quiver, **options).start(wait)


def fresh_id(prefix: str = "model") -> str:
    """An id that no other test of this run uses."""
    return f"{prefix}-{next(_numbers)}"


def service(identifier: str, url: str = "http://model-service:8080", **info) -> dict:
    """A registration of usual size; `info` replaces members of it, None leaves one out."""
    whole = {"id": identifier, "display_name": "Test Model", "version": "1.0.0",
             "model_metadata": {"author": "Test Author"}, "period_type": "monthly", **info}
    return {"url": url, "info": {name: value for name, value in whole.items() if value is not None}}


def path_of(identifier: str) -> str:
    return f"{SERVICES}/{identifier}"


def ping_path(identifier: str) -> str:
    return f"{SERVICES}/{identifier}/$ping"


def moment(text: str) -> float:
    """Seconds since 1970 of a time in an answer."""
    return datetime.datetime.fromisoformat(text).timestamp()


class Caller:
    """Somebody at a listener that serves chap. Each call gives the answer as httpx has it."""

    def __init__(self, server: Server, key: str | None = KEY, who=None, listener: str = "chap",
                 profile: str = "system", **options):
        headers = {} if key is None else {"X-Service-Key": key}
        self.client = server.client(who, profile, listener=listener, headers=headers, **options)

    def register(self, identifier: str, url: str = "http://model-service:8080", headers=None,
                 **info) -> httpx.Response:
        return self.client.post(REGISTER, json=service(identifier, url, **info), headers=headers)

    def post(self, body, **options) -> httpx.Response:
        """Registers with any body: bytes as they are, all else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(REGISTER, content=content, **{
            "headers": {"Content-Type": "application/json"}, **options})

    def ping(self, identifier: str) -> httpx.Response:
        return self.client.put(ping_path(identifier))

    def get(self, identifier: str) -> httpx.Response:
        return self.client.get(path_of(identifier))

    def list(self) -> httpx.Response:
        return self.client.get(SERVICES)

    def delete(self, identifier: str) -> httpx.Response:
        return self.client.delete(path_of(identifier))

    def ids(self) -> list[str]:
        answer = self.list()
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["count"] == len(found["services"])
        return [entry["id"] for entry in found["services"]]

    def registered(self, identifier: str, *arguments, **options) -> dict:
        """Registers; anything but 200 fails the test."""
        answer = self.register(identifier, *arguments, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pinged(self, identifier: str) -> dict:
        answer = self.ping(identifier)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def found(self, identifier: str) -> dict:
        answer = self.get(identifier)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_end(self, identifier: str, ends: float = 0) -> None:
        """Asks until it is not found. `ends`: when its lease does, which it outlives by no second."""
        limit = time.monotonic() + PATIENCE
        while True:
            asked = time.time()
            answer = self.get(identifier)
            if answer.status_code == 404:
                break
            assert answer.status_code == 200, answer.text
            assert not ends or asked <= ends + LATE, f"{identifier} is there {asked - ends:.3f} s after its end"
            assert time.monotonic() < limit, f"{identifier} is there after {PATIENCE} s"
        assert time.time() >= ends - CLOCKS, f"{identifier} ended too early"


def assert_detail(answer: httpx.Response, status: int, detail) -> None:
    """An error of CHAP's shape, whole. `detail` None: any text that is not empty."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert list(found) == ["detail"], found
    assert found["detail"] if detail is None else found["detail"] == detail, found


def not_found(identifier: str) -> str:
    return f"Service {identifier} not found"


def chap_key(server: Server, identifier: str) -> str:
    return store_key(server.pki, f"chap:{identifier}")


def secret() -> str:
    """A key that stands nowhere else."""
    return f"key-{secrets.token_hex(12)}"

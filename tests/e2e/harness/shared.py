"""A server that a file's tests share, and what they ask of its store.

Starting a server under asan costs a second; most tests need none of their own, as long as each uses
names of its own (requests.fresh). A test module imports both fixtures:

    from harness.shared import registry, start_shared  # noqa: F401

`registry` is a server with the listeners secure, ops and plain and the embedded Redis;
`start_shared(...)` starts another one with other settings; both live as long as the file's tests.
"""

from __future__ import annotations

import contextlib

import httpx
import pytest

from .requests import ECHO
from .server import Quiver, Server


class Shared:
    """A server with its clients kept open; everything else is the server's own."""

    def __init__(self, server: Server):
        self.server = server
        self._clients: dict[tuple, httpx.Client] = {}

    def __getattr__(self, name: str):
        return getattr(self.server, name)

    def client(self, who: str, profile: str = "system") -> httpx.Client:
        """The client of `who` on the mutual listener: one for all tests."""
        known = self._clients.get((who, profile))
        if known is None:
            known = self._clients[who, profile] = self.server.client(who, profile)
        return known

    def plain(self, **headers: str) -> httpx.Client:
        """A new client of the plain listener, without identity unless `headers` say one."""
        return self.server.client(None, listener="plain", headers=headers)

    def redis(self):
        return redis_of(self.server)

    def key(self, name: str) -> str:
        """A key of the store as design 5 lays them out."""
        return store_key(self.server.pki, name)

    def restart(self, **changes) -> Shared:
        self.server.restart(**changes)
        return self


def redis_of(server: Server):
    """The one client of the embedded Redis, for who asks it again and again."""
    if not hasattr(server, "shared_redis"):
        server.shared_redis = server.redis()
    return server.shared_redis


def store_key(pki, name: str) -> str:
    return f"quiver:{{{pki.cloud}.{pki.organization}}}:{name}"


def instance_key(server, instance_id: str) -> str:
    return store_key(server.pki, f"instance:{instance_id}")


def system_key(server, name: str) -> str:
    return store_key(server.pki, f"system:{name}")


def head(server) -> dict[str, str]:
    return redis_of(server).hgetall(store_key(server.pki, "head"))


def revision(server) -> int:
    """How many changes the store has accepted."""
    return int(head(server)["revision"])


@contextlib.contextmanager
def assert_nothing_changes(server):
    """What runs inside must leave the store as it was and the server alive."""
    before = head(server)
    yield
    after = head(server)
    assert (after["revision"], after["token"]) == (before["revision"], before["token"])
    answer = server.client("consumer").get(ECHO)
    assert (answer.status_code, answer.text) == (200, "Got it!")


@pytest.fixture(scope="module")
def start_shared(pki):
    factory = Quiver(pki)
    yield lambda **options: Shared(factory.start(**options))
    factory.close()


@pytest.fixture(scope="module")
def registry(start_shared):
    return start_shared(plain=True)

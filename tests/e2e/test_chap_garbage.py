"""Whatever is sent to a listener that serves chap is answered in CHAP's shape or ends the connection;
nothing is stored by it, nobody else is disturbed, and what is registered afterwards is as ever.
"""

import json
import random

import pytest

from harness.chap import (KEY, REGISTER, Caller, fresh_id, listener, ping_path, service, start_chap)
from harness.shared import redis_of, store_key
from harness.server import OPS, Quiver

HEAD = (f"POST {REGISTER} HTTP/1.1\r\nHost: localhost\r\nX-Service-Key: {KEY}\r\n"
        "Content-Type: application/json\r\n").encode()


@pytest.fixture(scope="module")
def server(pki):
    factory = Quiver(pki)
    yield start_chap(factory, listeners=[listener(), listener("off", "plain"), OPS])
    factory.close()


@pytest.fixture
def untouched(server):
    """Nothing has changed when the test ends, and a service lives its life."""
    def state():
        head = redis_of(server).hgetall(store_key(server.pki, "head"))
        return head["revision"], head["token"]
    before = state()
    yield
    assert state() == before
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    assert caller.pinged(name) and caller.delete(name).status_code == 204


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


BODIES = [b"", b"\0", b"{", b"[" * 100000, b"{" * 5000 + b"}" * 5000, b'"' + b"\\" * 999, b"\xff" * 500,
          b"\xef\xbb\xbf", b"nul", b"1e999999999", b"-" + b"9" * 10000, b'{"url":' * 200,
          b'{"a":1}' * 3, b'"\\ud800"', b'{"\\u0000":1}', "{}".encode("utf-16"), "{}".encode("utf-32"),
          b"{}\0", b"{} {}", b'{"info":{"info":{"info":null}}}', b"[" + b"{}," * 20000 + b"{}]",
          json.dumps({"url": "x" * 200000}).encode(), json.dumps({"x" * 70000: 1}).encode()]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("way", ["chap", "plain"])
def test_bodies(server, untouched, way, body):
    answer = server.raw(with_length(body), None, listener=way)
    assert answer.status in (400, 413, 422), answer.body[:200]
    assert list(json.loads(answer.body)) == ["detail"]
    assert answer.header("content-type") == "application/json"


def test_every_cut_of_a_good_body(server, untouched):
    """Ended at any byte it is refused."""
    whole = json.dumps(service("cut-off")).encode()
    caller = Caller(server)
    for length in range(0, len(whole), 3):
        assert caller.post(whole[:length]).status_code == 422


def test_bodies_with_bytes_turned(server):
    """Some remain registrations; all are answered, and what is stored can be read."""
    seed = 20260101
    turned, caller, kinds = random.Random(seed), Caller(server), set()
    whole = json.dumps(service("turned", required_covariates=["rain"], requires_geo=True)).encode()
    for _ in range(400):
        body = bytearray(whole)
        for _ in range(turned.randrange(1, 4)):
            body[turned.randrange(len(body))] = turned.randrange(256)
        answer = caller.post(bytes(body))
        assert answer.status_code in (200, 422, 400), (seed, bytes(body), answer.text)
        kinds.add(answer.status_code)
        if answer.status_code == 200:
            assert caller.found(answer.json()["id"])["url"] == answer.json()["service_url"]
    assert {200, 422} <= kinds
    for name in caller.ids():
        assert caller.delete(name).status_code == 204
    assert caller.ids() == []


IDS = ["%00", "%2e%2e", "a%0a", "%ff%fe", "%F0%9F%8C%A7", "x" * 7000, "%24register%24", "*", "a%00b", "~",
       "service:x", "..%5c", "%20", "a+b", "{x}", "chap%3Ax"]


@pytest.mark.parametrize("identifier", IDS, ids=range(len(IDS)))
def test_ids_in_paths(server, untouched, identifier):
    """None of them is there; each is answered, and what it asks for stays within its own kind."""
    for method, path in (("GET", f"/v2/services/{identifier}"), ("PUT", ping_path(identifier)),
                         ("DELETE", f"/v2/services/{identifier}")):
        request = f"{method} {path} HTTP/1.1\r\nHost: h\r\nX-Service-Key: {KEY}\r\n\r\n".encode()
        answer = server.raw(request, None, listener="chap")
        assert answer.status in (400, 404, 414), (method, answer.status)
        assert list(json.loads(answer.body)) == ["detail"]


@pytest.mark.parametrize("more", [
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"Content-Length: -1\r\n\r\n{}", b"Content-Length: x\r\n\r\n{}", b"Host: again\r\nContent-Length: 2\r\n\r\n{}",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Transfer-Encoding: gzip\r\n\r\n{}"])
def test_framing_that_two_could_read_differently(server, untouched, more):
    """Refused in CHAP's shape, or the connection ends without a word; the rest is not run."""
    try:
        answer = server.raw(HEAD + more, None, listener="chap")
    except (AssertionError, ConnectionError):
        return
    assert answer.status in (400, 411, 413, 501), answer.status
    assert b"registered" not in answer.body


def test_headers_without_end(server, untouched):
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(3000))
    try:
        answer = server.raw(HEAD + lines + b"Content-Length: 2\r\n\r\n{}", None, listener="plain")
    except (AssertionError, ConnectionError):
        return
    assert answer.status in (400, 431)


@pytest.mark.parametrize("key", ["x" * 6000, "\t", "'; DEL *", "%s%n", "\\0", "ключ"])
def test_keys(server, untouched, key):
    request = (f"POST {REGISTER} HTTP/1.1\r\nHost: h\r\nX-Service-Key: {key}\r\n"
               "Content-Length: 2\r\n\r\n{}").encode()
    answer = server.raw(request, None, listener="chap")
    assert answer.status in (400, 401, 431)
    assert key.strip() == "" or key.encode() not in answer.body


def test_a_request_that_never_ends_holds_nobody_up(server, untouched):
    with server.connect(None, listener="plain") as connection:
        connection.send(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert Caller(server).ids() == []

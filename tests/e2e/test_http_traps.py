"""What can go wrong below the API: request smuggling, odd heads, HTTP/2, slow and broken clients.

Bytes go over mutual TLS as they are written here. A head that could be read in two ways is 400 and
ends the connection; nothing behind it is taken for a request. After each the server lives and
nothing has changed.
"""

import contextlib
import json
import socket
import ssl
import threading
import time

import pytest

from harness.shared import (
    assert_nothing_changes,
    registry,
    start_shared,
)  # noqa: F401
from harness.process import PATIENCE, wait_until
from harness.requests import ECHO, LOOKUP, assert_error, register, revoke_path
from harness.stalls import within
from harness.wire import Connection

BODY = b'{"providerNames":["nobody"]}'
NOTHING = b'{"entries":[],"count":0}'
JSON = "Content-Type: application/json"


def head(*lines, method="POST", target=LOOKUP, version="HTTP/1.1", host="Host: localhost"):
    """A request's head; `host` None leaves Host out."""
    first = [f"{method} {target} {version}"] + ([host] if host else [])
    return "\r\n".join([*first, *lines, "", ""]).encode("latin-1")


def echo(*lines, **options):
    return head(*lines, method="GET", target=ECHO, **options)


SMUGGLED = echo()
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

AMBIGUOUS = {
    "length-and-chunked": head(JSON, LENGTH, CHUNKED) + IN_CHUNKS,
    "chunked-and-length": head(JSON, CHUNKED, LENGTH) + IN_CHUNKS,
    "length-zero-and-chunked": head(JSON, "Content-Length: 0", CHUNKED) + IN_CHUNKS,
    "two-lengths": head(JSON, LENGTH, "Content-Length: 5") + BODY,
    "two-equal-lengths": head(JSON, LENGTH, LENGTH) + BODY,
    "lengths-in-one": head(JSON, f"Content-Length: {len(BODY)}, {len(BODY)}") + BODY,
    "two-encodings": head(JSON, CHUNKED, CHUNKED) + IN_CHUNKS,
    "two-hosts": head(JSON, "Host: other", LENGTH) + BODY,
    "two-equal-hosts": head(JSON, "Host: localhost", LENGTH) + BODY,
    "no-host": head(JSON, LENGTH, host=None) + BODY,
    "bad-host": head(JSON, LENGTH, host="Host: a b/../c") + BODY,
    "folded": head(JSON, "X: a", " Content-Length: 5", LENGTH) + BODY,
    "folded-tab": head(JSON, "X: a", "\tb", LENGTH) + BODY,
    "length-negative": head(JSON, "Content-Length: -1") + BODY,
    "length-plus": head(JSON, f"Content-Length: +{len(BODY)}") + BODY,
    "length-hex": head(JSON, "Content-Length: 0x1c") + BODY,
    "length-empty": head(JSON, "Content-Length:") + BODY,
    "length-huge": head(JSON, "Content-Length: 99999999999999999999999") + BODY,
    "length-text": head(JSON, "Content-Length: ten") + BODY,
    "encoding-gzip": head(JSON, "Transfer-Encoding: gzip") + BODY,
    "encoding-list": head(JSON, "Transfer-Encoding: gzip, chunked") + IN_CHUNKS,
    "encoding-odd": head(JSON, "Transfer-Encoding: xchunked") + IN_CHUNKS,
    "encoding-1.0": head(JSON, CHUNKED, version="HTTP/1.0") + IN_CHUNKS,
    "bad-chunk-size": head(JSON, CHUNKED) + b"zz\r\n" + BODY,
    "negative-chunk-size": head(JSON, CHUNKED) + b"-1\r\n" + BODY,
    "huge-chunk-size": head(JSON, CHUNKED) + b"fffffffffffffffff\r\n" + BODY,
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous(registry, name):
    """One answer, a 400, and the end: the request behind it is never answered."""
    with assert_nothing_changes(registry):
        with registry.connect("consumer") as connection:
            connection.send(AMBIGUOUS[name] + SMUGGLED)
            answer = connection.read_response()
            assert answer.status == 400
            assert connection.closed(), "what follows must not be read as a request"


NAMED = [name for name in AMBIGUOUS if name.split("-")[0] in ("two", "no", "folded", "chunked")]


@pytest.mark.parametrize("name", NAMED)
def test_ambiguous_is_told_as_an_error_object(registry, name):
    answer = registry.raw(AMBIGUOUS[name], "consumer")
    assert_error(answer, 400, None, f"POST {LOOKUP}")


NOT_UTF_8 = {
    "query": (head(JSON, LENGTH, target=LOOKUP + "?verbose=%ff%c3") + BODY, 400),
    "content-type": (head("Content-Type: \xff", LENGTH) + BODY, 415),
    "path": (echo().replace(ECHO.encode(), ECHO.encode() + b"\xff"), None),
    "method": (echo().replace(b"GET", b"G\xffT"), None),
    "parameter": (head(method="DELETE", target=revoke_path("a") + "%ff%fe"), 400),
}


@pytest.mark.parametrize("name", NOT_UTF_8)
def test_bytes_that_are_no_text_do_not_come_back(registry, name):
    """RFC 8259 section 8.1: an answer's JSON is UTF-8, whatever the request was."""
    request, status = NOT_UTF_8[name]
    answer = registry.raw(request, "consumer")
    assert 400 <= answer.status < 500 and status in (None, answer.status)
    if answer.header("content-type"):
        assert json.loads(answer.body.decode("utf-8", "strict"))["errorMessage"]


NO_HTTP = {
    "garbage": b"\x00\x01\x02\x03garbage\r\n\r\n",
    "random-text": b"hello\r\n\r\n",
    "tls-in-tls": bytes.fromhex("160301020001000001fc0303") + b"\0" * 60,
    "http-2-version": head(version="HTTP/2.0"),
    "http-9": head(version="HTTP/9.9"),
    "no-version": b"GET " + ECHO.encode() + b"\r\n\r\n",
    "no-target": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
    "blank-before-colon": head("X : 1"),
    "no-colon": head("nonsense"),
    "nul-in-value": head("X: a\0b"),
    "nul-in-target": b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
    "many-headers": head(*[f"X-{n}: 1" for n in range(500)]),
    "endless-header": head("X: " + "a" * 1_000_000),
    "endless-target": head(target="/" + "a" * 1_000_000),
}


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_request(registry, name):
    """400 (or nothing at all, where not even a line came) and the connection's end."""
    with assert_nothing_changes(registry):
        with registry.connect("consumer") as connection:
            try:
                connection.send(NO_HTTP[name] + SMUGGLED)
                answer = connection.read_response()
                assert answer.status == 400
            except (ConnectionError, ssl.SSLError, AssertionError) as fault:
                assert not isinstance(fault, AssertionError) or "closed after b''" in str(
                    fault
                ), fault
                return
            assert connection.closed()


FIELDS = 100  # of a head, Host included; what libh2o reads
HEAD_BYTES = 100 * 4096 + 8192


@pytest.mark.parametrize("listener", ["secure", "plain"])
@pytest.mark.parametrize("request_head", [
    echo(*[f"X-{n}: 1" for n in range(FIELDS)]), echo(f"X: {'a' * HEAD_BYTES}"), echo(version="HTTP/2.0"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=["fields", "length", "version", "h2-preface"])
def test_the_bare_400(registry, listener, request_head):
    """What libh2o does not read as a request: its own answer, not the error object, and the end."""
    with assert_nothing_changes(registry), registry.connect("consumer", listener=listener) as connection:
        connection.send(request_head)
        answer = connection.read_response()
        assert (answer.status, answer.reason, answer.body) == (400, "Bad Request", b"Bad Request")
        assert answer.headers == [("content-type", "text/plain; charset=utf-8"), ("connection", "close"),
                                  ("content-length", "11")]
        assert connection.closed()


@pytest.mark.parametrize("request_head", [
    echo(*[f"X-{n}: 1" for n in range(FIELDS - 1)]), echo(f"X: {'a' * (HEAD_BYTES - 1000)}")],
    ids=["fields", "length"])
def test_a_head_that_is_just_read(registry, request_head):
    assert registry.raw(request_head, "consumer").body == b"Got it!"


ODD_BUT_FINE = {
    "http-1.0": (head(JSON, LENGTH, version="HTTP/1.0", host=None) + BODY, True),
    "http-1.0-keep-alive": (
        head(JSON, LENGTH, "Connection: keep-alive", version="HTTP/1.0") + BODY,
        False,
    ),
    "connection-close": (head(JSON, LENGTH, "Connection: close") + BODY, True),
    "chunked": (head(JSON, CHUNKED) + IN_CHUNKS, False),
    "chunked-in-capitals": (head(JSON, "Transfer-Encoding: Chunked") + IN_CHUNKS, False),
    "chunk-extension": (
        head(JSON, CHUNKED) + b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        False,
    ),
    "trailer": (head(JSON, CHUNKED) + b"%x\r\n%s\r\n0\r\nX: 1\r\n\r\n" % (len(BODY), BODY), False),
    "absolute-form": (head(JSON, LENGTH, target="https://localhost" + LOOKUP) + BODY, False),
    "names-in-capitals": (head("CONTENT-TYPE: application/json", LENGTH.upper()) + BODY, False),
    "many-small-headers": (head(JSON, LENGTH, *[f"X-{n}: 1" for n in range(80)]) + BODY, False),
}


@pytest.mark.parametrize("name", ODD_BUT_FINE)
def test_odd_but_fine(registry, name):
    data, ends = ODD_BUT_FINE[name]
    with registry.connect("consumer") as connection:
        connection.send(data)
        answer = connection.read_response()
        assert (answer.status, answer.body) == (200, NOTHING)
        if ends:
            assert connection.closed()
        else:
            connection.send(echo())
            assert connection.read_response().body == b"Got it!"


def test_byte_by_byte(registry):
    with registry.connect("consumer") as connection:
        for byte in head(JSON, LENGTH) + BODY:
            connection.send(bytes([byte]))
        answer = connection.read_response()
        assert (answer.status, answer.body) == (200, NOTHING)


def test_pipelining(registry):
    """Answers come in order, also where changes (which wait for the store) stand between reads."""
    instance = register(registry.client("temperature-provider2"), "pipelined")["instanceId"]
    by_id = json.dumps({"instanceIds": [instance]}).encode()
    look = head(JSON, f"Content-Length: {len(by_id)}") + by_id
    drop = head(method="DELETE", target=revoke_path(instance))
    with registry.connect("temperature-provider2") as connection:
        connection.send(
            look + drop + look + drop + echo() + head(method="GET", target="/nothing-here")
        )
        answers = [connection.read_response() for _ in range(6)]
    assert [answer.status for answer in answers] == [200, 200, 200, 204, 200, 404]
    assert json.loads(answers[0].body)["count"] == 1
    assert answers[2].body == NOTHING
    assert answers[4].body == b"Got it!"


def test_many_pipelined(registry):
    with registry.connect("consumer") as connection:
        connection.send(echo() * 200)
        for _ in range(200):
            assert connection.read_response().body == b"Got it!"


def alpn(registry, protocols):
    context = registry.context("consumer")
    context.set_alpn_protocols(protocols)
    address, port = registry.listeners["secure"]
    return Connection(address, port, context)


@pytest.mark.parametrize(
    "protocols", [["h2"], ["h2", "http/1.1"], ["http/1.1"], ["h2c", "http/1.0"]]
)
def test_alpn_gives_http_1_1_or_nothing(registry, protocols):
    """HTTP/2 is not to be had, whatever is offered."""
    try:
        with alpn(registry, protocols) as connection:
            chosen = connection.socket.selected_alpn_protocol()
            assert chosen == ("http/1.1" if "http/1.1" in protocols else None)
            connection.send(echo())
            assert connection.read_response().body == b"Got it!"
    except ssl.SSLError as error:
        assert "http/1.1" not in protocols and "NO_APPLICATION_PROTOCOL" in str(error)


@pytest.mark.parametrize("listener", ["secure", "plain"])
def test_http_2_preface(registry, listener):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    with registry.connect("consumer", listener=listener) as connection:
        connection.send(preface)
        try:
            data = connection.read_all()
        except (ConnectionError, ssl.SSLError):
            data = b""
    assert data == b"" or data.startswith(b"HTTP/1.1 400 ")
    assert registry.client("consumer").get(ECHO).status_code == 200


@pytest.mark.parametrize("listener", ["secure", "plain"])
def test_http_2_upgrade(registry, listener):
    """The request is answered in HTTP/1.1, as if nothing had been asked."""
    lines = [
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAARAAAAA",
    ]
    data = echo(*lines, "Authorization: Bearer SYSTEM//consumer")
    answer = registry.raw(data, "consumer", listener=listener)
    assert (answer.status, answer.body) == (200, b"Got it!")
    assert answer.header("upgrade") is None


def test_websocket_upgrade(registry):
    lines = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    assert registry.raw(echo(*lines), "consumer").status == 200


@pytest.mark.parametrize("target", ["*", "localhost:443", "http://", "relative", "", "?x"])
def test_targets_that_are_no_path(registry, target):
    for method in ("OPTIONS", "GET"):
        with registry.connect("consumer") as connection:
            connection.send(head(method=method, target=target))
            assert connection.read_response(head=False).status in (400, 404)


def test_authorization_means_nothing_on_a_mutual_listener(registry):
    """Design 6: the certificate is the identity; the header neither helps nor hurts."""
    for value in ("Bearer SYSTEM//sysop", "nonsense", "Basic eDp4"):
        answer = registry.client("consumer").get(ECHO, headers={"Authorization": value})
        assert answer.status_code == 200
        managed = registry.client("consumer").get(
            "/serviceregistry/mgmt/x", headers={"Authorization": value}
        )
        assert managed.status_code == 403


SLOW = {"limits": {"request_timeout": "1s", "handshake_timeout": "1s"}}


@pytest.fixture(scope="module")
def hasty(start_shared):
    """A server that waits for nobody longer than a second."""
    return start_shared(plain=True, **SLOW)


SLOW_HEADS = {
    "nothing": b"",
    "half-a-head": b"GET " + ECHO.encode(),
    "no-body": head(JSON, LENGTH),
    "half-a-body": head(JSON, LENGTH) + BODY[:5],
    "half-a-chunk": head(JSON, CHUNKED) + b"ff\r\n{",
}


@pytest.mark.parametrize("name", SLOW_HEADS)
def test_slow_request(hasty, name):
    """limits.request_timeout bounds head and body together."""
    with hasty.connect("consumer") as connection:
        connection.send(SLOW_HEADS[name])
        with within(5):
            assert connection.ended_within(PATIENCE) > 0.5
    assert hasty.client("consumer").get(ECHO).status_code == 200


def test_dripping_does_not_extend_the_time(hasty):
    """A byte now and then keeps no connection alive."""
    with hasty.connect("consumer") as connection:
        done = threading.Event()

        def drip():
            while not done.wait(0.1):
                try:
                    connection.send(b"X-A: b\r\n")
                except OSError:
                    return

        connection.send(b"GET " + ECHO.encode() + b" HTTP/1.1\r\n")
        dripper = threading.Thread(target=drip)
        dripper.start()
        try:
            with within(5):
                connection.ended_within(PATIENCE)
        finally:
            done.set()
            dripper.join(5)


@pytest.mark.parametrize(
    "first", [b"", b"\x16\x03\x01\x02\x00\x01\x00"], ids=["nothing", "half-a-hello"]
)
def test_slow_handshake(hasty, first):
    """limits.handshake_timeout: who does not speak TLS in time is cut off."""
    with socket.create_connection(hasty.listeners["secure"], 10) as raw:
        raw.sendall(first)
        begin = time.monotonic()
        raw.settimeout(PATIENCE)
        with within(5), contextlib.suppress(ConnectionError):
            while raw.recv(4096):
                pass
        assert time.monotonic() - begin > 0.5
    assert hasty.client("consumer").get(ECHO).status_code == 200


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"\0" * 100, bytes(range(256)) * 40],
)
def test_no_tls_on_a_tls_port(hasty, data):
    with socket.create_connection(hasty.listeners["secure"], 10) as raw:
        raw.settimeout(15)
        raw.sendall(data)
        try:
            received = b""
            while part := raw.recv(4096):
                received += part
        except ConnectionError:
            pass
    assert not received.startswith(b"HTTP/")
    assert hasty.client("consumer").get(ECHO).status_code == 200


def test_clients_that_go_away(registry):
    """Half-sent requests, unread answers, connections reset: nobody else notices."""
    for data in (b"", b"GE", head(JSON, LENGTH), head(JSON, LENGTH) + BODY, echo() * 50):
        for linger in (False, True):
            connection = registry.connect("consumer")
            connection.send(data)
            if linger:  # RST instead of FIN
                connection.socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )
            connection.close()
    assert registry.client("consumer").get(ECHO).status_code == 200


def test_as_many_connections_as_allowed_and_one_more(start_shared):
    """limits.connections: who comes when all places are taken waits for one; it is not cut off."""
    server = start_shared(limits={"connections": 3})
    taken = [server.connect("consumer") for _ in range(3)]
    for connection in taken:
        connection.send(echo())
        assert connection.read_response().status == 200
    outcome = []

    def late():
        with server.connect("consumer", timeout=15) as connection:
            connection.send(echo())
            outcome.append(connection.read_response().status)

    waiting = threading.Thread(target=late)
    waiting.start()
    taken[0].send(echo())
    assert taken[0].read_response().status == 200
    assert outcome == []
    taken.pop().close()
    wait_until(lambda: outcome, "the fourth connection being served")
    waiting.join(5)
    assert outcome == [200]
    for connection in taken:
        connection.close()

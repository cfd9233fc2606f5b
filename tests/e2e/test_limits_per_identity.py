"""limits.identities: requests a second, live connections and registered instances of single callers.
Who goes beyond gets 429 with Retry-After and the words which limit it was; nobody else feels it.
"""

import re
import time

import httpx
import pytest

from harness.livecloud import LiveCloud, Session, reload
from harness.process import wait_until
from harness.requests import (ECHO, REGISTER, assert_error, fresh, register, registration, revoke)
from harness.server import OPS, PLAIN, SECURE

ORIGIN = f"GET {ECHO}"
INVENTED = 17000  # names, more than are kept without a connection


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def limited(*entries):
    return {"identities": list(entries)}


def ask_until_refused(client, most=1000):
    """How many requests pass before the first 429, which is given too, and how long it took."""
    begun = time.monotonic()
    for passed in range(most):
        answer = client.get(ECHO)
        if answer.status_code != 200:
            return passed, answer, time.monotonic() - begun
    raise AssertionError(f"{most} requests passed")


def assert_too_many(answer, words, origin=ORIGIN):
    assert_error(answer, 429, words, origin, "FORBIDDEN")
    assert int(httpx.Headers(answer.headers)["retry-after"]) >= 1


def test_requests_a_second(quiver, cloud):
    """The bucket is the system's, whatever connection it takes; another system of the same entry has
    one of its own, and who has no entry has no limit."""
    server = cloud.start(quiver, limits=limited({"systems": ["press-*"], "requests": 2, "burst": 10}))
    press, lathe = server.client("press-7"), server.client("lathe")
    passed, refused, took = ask_until_refused(press)
    assert 10 <= passed <= 10 + 2 * took + 1
    assert_too_many(refused, "More than 2 requests a second by press-7")
    assert [lathe.get(ECHO).status_code for _ in range(40)] == [200] * 40
    assert server.client("press-8").get(ECHO).status_code == 200
    begun = time.monotonic()
    again, _, took = ask_until_refused(server.client("press-7"))
    assert again <= 2 * (time.monotonic() - begun + took) + 2  # another connection, the same bucket
    told = server.wait_log("limit reached")
    assert "press-7" in told["reason"] and told["peer"].startswith("127.0.0.1:")
    wait_until(lambda: press.get(ECHO).status_code == 200, "the next token")


def test_retry_after_is_when_there_is_a_token(quiver, cloud):
    server = cloud.start(quiver, limits=limited({"systems": ["slow"], "requests": 1}))
    slow = server.client("slow")
    _, refused, _ = ask_until_refused(slow)
    assert refused.headers["retry-after"] == "1"
    wait_until(lambda: slow.get(ECHO).status_code == 200, "the token that was promised", 3)


def test_the_first_entry_counts(quiver, cloud):
    server = cloud.start(quiver, limits=limited({"systems": ["SCADA"]}, {"systems": ["*"], "requests": 1}))
    scada, other = server.client("scada"), server.client("other")
    assert [scada.get(ECHO).status_code for _ in range(40)] == [200] * 40
    ask_until_refused(other)


def test_the_callers_name_as_it_is_stored(quiver, cloud):
    """Dialect 5.2: the certificate says press-seven, the registry PressSeven; either may be written."""
    server = cloud.start(quiver, cloud={"dialect": "5.2"}, limits=limited(
        {"systems": ["press-seven"], "requests": 1}, {"systems": ["Lathe*"], "requests": 1}))
    _, refused, _ = ask_until_refused(server.client("press-seven"))
    assert "requests a second by PressSeven" in refused.json()["errorMessage"]
    ask_until_refused(server.client("lathe-two"))
    assert [server.client("mill").get(ECHO).status_code for _ in range(20)] == [200] * 20


def test_declared_callers(quiver, pki):
    """By the name that they declare; anonymous ones have no limits."""
    server = quiver.start(listeners=[PLAIN, OPS], cloud={"name": "testcloud.company.arrowhead.eu"},
                          limits=limited({"systems": ["*"], "requests": 1}))
    _, refused, _ = ask_until_refused(server.declared("Press"))
    assert_too_many(refused, "More than 1 requests a second by press")
    assert server.declared("lathe").get(ECHO).status_code == 200
    with server.ops as ops:
        assert [ops.get("/health/live").status_code for _ in range(20)] == [200] * 20


def test_invented_names(quiver, pki):
    """However many come, who asked last is not forgotten for them, and all are answered."""
    server = quiver.start(listeners=[PLAIN, OPS], cloud={"name": "testcloud.company.arrowhead.eu"},
                          limits=limited({"systems": ["*"], "requests": 1}))
    request = "GET {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer SYSTEM//{}\r\n\r\n"
    before = server.resident_kib
    with server.connect(None, listener="plain", timeout=60) as connection:
        for first in range(0, INVENTED, 100):
            names = [f"invented-{number}" for number in range(first, first + 100)]
            connection.send("".join(request.format(ECHO, name) for name in names).encode())
            assert [connection.read_response().status for _ in names] == [200] * 100
    assert server.resident_kib - before < 64 * 1024
    _, refused, _ = ask_until_refused(server.declared("press"))
    assert refused.status_code == 429


def test_connections(quiver, cloud):
    """One too many is told so by each of its requests, and closed; it comes in when another has gone."""
    server = cloud.start(quiver, limits=limited({"systems": ["press"], "connections": 2}))
    first, second = Session(server, "press"), Session(server, "press")
    others = [Session(server, "lathe") for _ in range(4)]
    with server.connect("press") as third:
        third.send(f"GET {ECHO} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = third.read_response()
        assert_too_many(answer, "More than 2 connections of press")
        assert third.closed()
    assert [client.echo() for client in (first, second, *others)] == [200] * 6
    server.wait_log("limit reached", reason="More than 2 connections of press")
    assert server.client("press").get(ECHO).status_code == 429
    first.close()
    wait_until(lambda: server.client("press").get(ECHO).status_code == 200, "the place that was left")


def test_resumed_connections_count(quiver, cloud):
    server = cloud.start(quiver, limits=limited({"systems": ["press"], "connections": 1}))
    first = Session(server, "press")
    with first.connect(first.ticket) as second:
        assert first.ask(second).status == 429
    assert first.echo() == 200


def test_instances(quiver, cloud):
    """So many, and replacements of these; revoking makes room. Another provider has its own."""
    server = cloud.start(quiver, limits=limited({"systems": ["press"], "instances": 2}))
    press, lathe = server.client("press"), server.client("lathe")
    one, two, three = fresh(), fresh(), fresh()
    for definition in (one, two):
        register(press, definition)
    refused = press.post(REGISTER, json=registration(three))
    assert_too_many(refused, "More than 2 service instances of press", f"POST {REGISTER}")
    register(press, two, metadata={"other": 1})
    for definition in (one, two, three):
        register(lathe, definition)
    assert revoke(press, f"press::{one}::1.0.0") == 200
    register(press, three)
    assert press.post(REGISTER, json=registration(one)).status_code == 429
    assert press.get(ECHO).status_code == 200


def test_a_reload_changes_them(quiver, cloud):
    """Live connections count for a limit that comes later, and stay though they are too many."""
    server = cloud.start(quiver)
    press = [Session(server, "press") for _ in range(3)]
    client = press[0]
    assert [client.echo() for _ in range(20)] == [200] * 20

    fewer = limited({"systems": ["press"], "connections": 2, "instances": 1})
    outcome = reload(server, lambda: server.write_config(limits=fewer))
    assert outcome["changed"] == ["limits.identities"]
    assert [one.echo() for one in press] == [200] * 3
    late = server.client("press")
    assert_too_many(late.get(ECHO), "More than 2 connections of press")

    server.write_config(limits=limited({"systems": ["press"], "requests": 1}))
    reload(server)
    answers = [client.ask() for _ in range(20)]
    assert 429 in [answer.status for answer in answers]
    assert server.client("press").get(ECHO).status_code in (200, 429)

    server.write_config(limits={"identities": None})
    reload(server)
    assert [client.echo() for _ in range(20)] == [200] * 20


def test_a_faulty_list_keeps_the_old_one(quiver, cloud):
    server = cloud.start(quiver, limits=limited({"systems": ["press"], "requests": 1}))
    server.write_config(limits=limited({"systems": ["press[0-9]"], "requests": 1000}))
    done = server.reload()
    assert done.returncode == 1
    assert re.search(r"quiver\.yaml:\d+: limits\.identities\[0\]\.systems: \"press\[0-9\]\" is no pattern",
                     done.stdout + done.stderr)
    ask_until_refused(server.client("press"))


def test_over_all_listeners(quiver, cloud):
    """A system has one bucket, wherever it comes in."""
    second = {**SECURE, "name": "second"}
    server = cloud.start(quiver, listeners=[SECURE, second, OPS],
                         limits=limited({"systems": ["press"], "requests": 1, "burst": 30}))
    first, other = server.client("press"), server.client("press", listener="second")
    begun = time.monotonic()
    passed = 0
    for number in range(200):
        passed += (first, other)[number % 2].get(ECHO).status_code == 200
    assert 30 <= passed <= 31 + time.monotonic() - begun

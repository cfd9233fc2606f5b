"""What proves to CHAP who may change services: `chap.authentication` on each kind of listener.

Reading needs no proof. Certificates are asked for wherever there is TLS; a service that shows one
keeps, by the shipped policy, the service of its own name, and whoever has the key any.
"""

import pytest

from harness.chap import (KEY, Caller, assert_detail, fresh_id, listener, service, start_chap)
from harness.server import OPS

LISTENERS = [listener("mutual", "mutual"), listener("server", "server"), listener("off", "off"), OPS]
WITH_TLS = [entry for entry in LISTENERS if entry["name"] != "off"]
CALLERS = {  # who shows what
    "nothing": (None, False),
    "key": (KEY, False),
    "wrong key": ("wrong", False),
    "certificate": (None, True),
    "key and certificate": (KEY, True),
    "wrong key and certificate": ("wrong", True),
}
NO_HEADER, WRONG, NO_CERTIFICATE = "no header", "wrong", "no certificate"
REFUSED = {  # status and detail of dialect seed
    NO_HEADER: (422, [{"type": "missing", "loc": ["header", "X-Service-Key"],
                       "msg": "Field required", "input": None}]),
    WRONG: (401, "Invalid service key"),
    NO_CERTIFICATE: (401, "A client certificate is required"),
}
EXPECTED = {  # of each value: what each caller is told, where not 200
    "key": {"nothing": NO_HEADER, "wrong key": WRONG, "certificate": NO_HEADER,
            "wrong key and certificate": WRONG},
    "certificate": {"nothing": NO_CERTIFICATE, "key": NO_CERTIFICATE, "wrong key": NO_CERTIFICATE},
    "either": {"nothing": NO_HEADER, "wrong key": WRONG},
    "both": {"nothing": NO_HEADER, "key": NO_CERTIFICATE, "wrong key": WRONG,
             "certificate": NO_HEADER, "wrong key and certificate": WRONG},
}


def callers_of(server, way, name):
    """Callers by what they show, on a listener; `name` is that of the certificate."""
    for what, (key, certified) in CALLERS.items():
        if way == "mutual" and not certified or way == "off" and certified:
            continue
        yield what, Caller(server, key, name if certified else None, way)


@pytest.mark.parametrize("by", list(EXPECTED))
def test_who_may_change(quiver, by):
    """Each value, on each kind of listener, for each way to come, for each change."""
    listeners = WITH_TLS if by in ("certificate", "both") else LISTENERS
    server = start_chap(quiver, listeners=listeners, chap={"authentication": by})
    name, asked = "own-service", 0
    maker = Caller(server, KEY, name, "mutual")
    for way in [entry["name"] for entry in listeners if entry is not OPS]:
        for what, caller in callers_of(server, way, name):
            maker.delete(name)
            wanted = EXPECTED[by].get(what)
            if wanted is None:
                assert caller.register(name).status_code == 200, (way, what)
                assert caller.ping(name).status_code == 200, (way, what)
                assert caller.delete(name).status_code == 204, (way, what)
            else:
                maker.registered(name)
                before = maker.found(name)
                for answer in (caller.register(name), caller.ping(name), caller.delete(name)):
                    assert_detail(answer, *REFUSED[wanted])
                assert maker.found(name) == before, (way, what)
            asked += 1
    assert asked >= 9


@pytest.mark.parametrize("by", list(EXPECTED))
def test_reading_needs_no_proof(quiver, by):
    server = start_chap(quiver, chap={"authentication": by})
    Caller(server, KEY, "own-service").registered("own-service")
    for key in (None, "wrong", KEY):
        caller = Caller(server, key)
        assert caller.ids() == ["own-service"]
        assert caller.found("own-service")["id"] == "own-service"


@pytest.mark.parametrize("by", ["certificate", "either"])
def test_a_certificate_keeps_the_service_of_its_own_name(quiver, by):
    server = start_chap(quiver, chap={"authentication": by})
    owner, other = Caller(server, None, "own-service"), Caller(server, None, "other-system")
    owner.registered("own-service")
    for answer in (other.register("own-service"), other.ping("own-service"), other.delete("own-service")):
        assert_detail(answer, 403, None)
        assert "forbidden" in answer.json()["detail"]
        assert answer.headers["x-quiver-rule"]
    assert owner.delete("own-service").status_code == 204
    if by == "either":
        assert Caller(server, KEY, "other-system").register("own-service").status_code == 200


def test_an_operators_certificate_proves_it_too(quiver):
    server = start_chap(quiver, chap={"authentication": "certificate"})
    Caller(server, None, "an-operator", profile="operator").registered("an-operator")


def test_a_revoked_certificate_proves_nothing(quiver, new_pki):
    """On a listener where it may be left away, showing it is refused all the same."""
    pki = new_pki()
    server = start_chap(quiver, pki=pki, chap={"authentication": "either"})
    Caller(server, None, "own-service").registered("own-service")
    pki.revoke("own-service")
    assert server.reload().returncode == 0
    assert server.alert("own-service", listener="chap") == "certificate_revoked"
    assert Caller(server, KEY).pinged("own-service")


@pytest.mark.parametrize("by", ["certificate", "both"])
def test_no_start_where_no_certificate_could_come(quiver, by):
    refused = quiver.refused(listeners=LISTENERS, chap={"authentication": by})
    assert "listener off" in refused.output and "chap.authentication" in refused.output


@pytest.mark.parametrize("dialect", ["seed", "2.1", "2.2"])
def test_without_any_key_nobody_registers(quiver, dialect):
    """In no dialect does a missing key open the door; who starts it is warned."""
    server = start_chap(quiver, key=None, chap={"dialect": dialect})
    assert any("no service key" in entry.get("event", "") + entry.get("what", "")
               for entry in server.log)
    for key in (None, "", "anything"):
        caller = Caller(server, key)
        for answer in (caller.post(service(fresh_id())), caller.post(b"{"), caller.ping("x"),
                       caller.delete("x")):
            assert_detail(answer, 503, "Service registration is not configured")
    assert Caller(server).ids() == []


def test_the_key_comes_before_the_body(quiver):
    """A stranger learns nothing about bodies, and has none parsed."""
    server = start_chap(quiver)
    stranger = Caller(server, "wrong")
    for body in (b"{", b"[" * 100000, b"\xff\xfe", b"", b'{"url": 5}'):
        assert_detail(stranger.post(body), 401, "Invalid service key")


def test_one_service_key_is_no_prefix_of_another(quiver):
    server = start_chap(quiver)
    name = fresh_id()
    Caller(server).registered(name)
    for key in (KEY[:-1], KEY + "x", KEY.upper(), KEY[::-1], KEY.replace("-", "_")):
        assert_detail(Caller(server, key).ping(name), 401, "Invalid service key")

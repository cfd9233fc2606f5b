"""The life of a CHAP service on a server with its own settings: what is answered, what is stored, and
what `ping_url`, `reregister` and a restart make of it. What each request is answered with in general
is in test_conformance_chap.py.
"""

import collections
import json
from pathlib import Path

import pytest

from harness.chap import (KEY, REGISTER, Caller, assert_detail, chap_key, fresh_id, listener, moment,
                          not_found, path_of, ping_path, service, start_chap)
from harness.shared import redis_of, store_key
from harness.server import OPS, SECURE, Quiver
from harness.wire import Connection


@pytest.fixture(scope="module")
def shared(pki):
    """A server for the tests that need none of their own, with TLS and without."""
    factory = Quiver(pki)
    yield start_chap(factory, listeners=[listener(), listener("off", "plain"), OPS])
    factory.close()


@pytest.mark.parametrize("tls", ["server", "mutual", "off"])
def test_life_on_each_kind_of_listener(quiver, tls):
    server = start_chap(quiver, tls=tls)
    caller = Caller(server, who="some-system" if tls == "mutual" else None)
    name = fresh_id()
    answer = caller.registered(name, "http://here:1")
    assert answer == {"id": name, "status": "registered", "service_url": "http://here:1",
                      "message": "Service registered successfully", "ttl_seconds": 30,
                      "ping_url": server.url("chap") + ping_path(name)}
    pinged = caller.client.put(answer["ping_url"]).json()
    found = caller.found(name)
    assert (pinged["id"], pinged["status"]) == (name, "alive")
    assert pinged["expires_at"] == found["expires_at"]
    assert pinged["last_ping_at"] == found["last_ping_at"]
    assert caller.ids() == [name]
    gone = caller.delete(name)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_detail(caller.delete(name), 404, not_found(name))
    assert_detail(caller.ping(name), 404, not_found(name))
    assert caller.ids() == []


def test_no_other_service_is_on_the_listener(shared):
    caller = Caller(shared)
    for path in ("/serviceregistry/monitor/echo", "/health/ready", "/openapi.json", "/"):
        assert_detail(caller.client.get(path), 404, "Not Found")
    assert shared.ops.get("/v2/services").status_code == 404


def test_stored_as_the_design_says(shared):
    """An envelope with the document, and the lease apart: a ping writes the lease alone."""
    caller, redis, name = Caller(shared), redis_of(shared), fresh_id()
    caller.registered(name, description="été")
    stored = redis.get(chap_key(shared, name))
    envelope = json.loads(stored)
    assert envelope["doc"]["url"] == "http://model-service:8080"
    assert envelope["doc"]["info"]["description"] == "été"
    assert "last_ping_at" not in stored and "expires_at" not in stored and KEY not in stored
    leases = store_key(shared.pki, "leases")
    before = redis.zscore(leases, f"chap:{name}")
    caller.pinged(name)
    assert redis.get(chap_key(shared, name)) == stored
    assert redis.zscore(leases, f"chap:{name}") > before
    assert redis.ttl(chap_key(shared, name)) == -1
    newest = redis.xrevrange(store_key(shared.pki, "journal"), count=1)[0][1]
    assert newest["kind"] == "ping-chap" and "model-service" not in json.dumps(newest)
    caller.delete(name)
    assert not redis.exists(chap_key(shared, name))
    assert redis.zscore(leases, f"chap:{name}") is None


def test_a_certificate_is_recorded_with_the_registration(shared):
    names = {"with": fresh_id(), "without": fresh_id()}
    Caller(shared, who="recorded-system").registered(names["with"])
    Caller(shared).registered(names["without"])
    stored = {way: json.loads(redis_of(shared).get(chap_key(shared, name)))
              for way, name in names.items()}
    assert stored["with"]["by"]["system"] == "recorded-system"
    assert len(stored["with"]["by"]["x5t#S256"]) > 40
    assert not (stored["without"].get("by") or {}).get("system")


def test_a_certificate_that_is_not_trusted_is_refused_in_the_handshake(shared, new_pki):
    stranger = new_pki("othercloud").issue("some-system")
    assert shared.alert(stranger, listener="chap") == "unknown_ca"
    assert shared.alert(None, listener="chap") is None


# ---- ping_url ---------------------------------------------------------------------------------------


def test_ping_url_relative(quiver):
    caller = Caller(start_chap(quiver, chap={"ping_url": "relative"}))
    name = fresh_id()
    assert caller.registered(name)["ping_url"] == ping_path(name)
    # The document's does not look at the Host header.
    assert caller.registered(name, headers={"Host": "elsewhere.example"})["ping_url"] == ping_path(name)


@pytest.mark.parametrize("url", ["https://registry.plant.example:8444", "https://front.example/chap/"])
def test_ping_url_begins_with_the_public_url(quiver, url):
    caller = Caller(start_chap(quiver, chap={"public_url": url}))
    for headers in ({}, {"Host": "elsewhere.example"}):
        name = fresh_id()
        answer = caller.registered(name, headers=headers)
        assert answer["ping_url"] == url.rstrip("/") + ping_path(name)


# ---- the Host header --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["chap", "plain"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8444", "127.0.0.2", "localhost.evil",
                                  "user@localhost", "localhost/x", "", "[::1", "a b"])
def test_a_foreign_host_is_refused_and_nothing_stored(shared, way, host):
    caller, name = Caller(shared, listener=way), fresh_id()
    body = json.dumps(service(name)).encode()
    request = (f"POST {REGISTER} HTTP/1.1\r\nHost: {host}\r\nX-Service-Key: {KEY}\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    answer = shared.raw(request + body, None, listener=way)
    assert answer.status == 400 and list(json.loads(answer.body)) == ["detail"]
    assert_detail(caller.get(name), 404, not_found(name))
    assert not redis_of(shared).exists(chap_key(shared, name))


@pytest.mark.parametrize("way", ["chap", "plain"])
def test_own_names_are_taken_as_they_are_sent(shared, way):
    caller = Caller(shared, listener=way)
    port, scheme = shared.listeners[way][1], "https" if way == "chap" else "http"
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", "LocalHost:1"):
        name = fresh_id()
        answer = caller.registered(name, headers={"Host": host})
        assert answer["ping_url"] == f"{scheme}://{host}{ping_path(name)}"


def test_forwarded_headers_mean_nothing(shared):
    name = fresh_id()
    answer = Caller(shared).registered(name, headers={
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example"})
    assert answer["ping_url"] == shared.url("chap") + ping_path(name)


def test_hosts_of_a_listener_without_tls(quiver):
    server = start_chap(quiver, tls="off", chap={"hosts": ["registry.lan", "other.lan:81"]})
    caller = Caller(server)
    for host, status in (("registry.lan", 200), ("registry.lan:9", 200), ("REGISTRY.LAN", 200),
                         ("other.lan:81", 200), ("other.lan", 400), ("other.lan:82", 400)):
        answer = caller.register(fresh_id(), headers={"Host": host})
        assert answer.status_code == status, (host, answer.text)


def test_pings_and_reads_do_not_ask_for_the_host(shared):
    caller, name = Caller(shared), fresh_id()
    caller.registered(name)
    headers = {"Host": "evil.example"}
    assert caller.client.put(ping_path(name), headers=headers).status_code == 200
    assert caller.client.get(path_of(name), headers=headers).status_code == 200
    assert caller.client.delete(path_of(name), headers=headers).status_code == 204


# ---- registering again ------------------------------------------------------------------------------


def test_again_with_the_same_data_renews(shared):
    caller, name = Caller(shared), fresh_id()
    caller.registered(name)
    before = caller.found(name)
    answer = caller.registered(name)
    after = caller.found(name)
    assert answer["message"] == "Service already registered"
    assert after["registered_at"] == before["registered_at"]
    assert moment(after["expires_at"]) > moment(before["expires_at"])


def test_again_with_other_data_replaces(shared):
    caller, name = Caller(shared), fresh_id()
    caller.registered(name, "http://old:1", description="old")
    before = caller.found(name)
    answer = caller.registered(name, "http://new:1")
    after = caller.found(name)
    assert (answer["message"], answer["service_url"]) == ("Service registration updated", "http://new:1")
    assert (after["url"], after["info"]["description"]) == ("http://new:1", None)
    assert after["registered_at"] == before["registered_at"]
    assert moment(after["last_updated"]) > moment(before["last_updated"])


def test_again_where_it_is_kept(quiver):
    """The letter of the document: nothing changes, the lease neither."""
    caller, name = Caller(start_chap(quiver, chap={"reregister": "keep"})), fresh_id()
    caller.registered(name, "http://old:1")
    before = caller.found(name)
    for url in ("http://new:1", "http://old:1"):
        answer = caller.registered(name, url)
        assert (answer["message"], answer["service_url"]) == ("Service already registered", "http://old:1")
        assert caller.found(name) == before


# ---- restart ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kill", [False, True], ids=["stop", "kill"])
def test_nothing_is_lost_by_a_restart(quiver, kill):
    server = start_chap(quiver)
    names = [fresh_id() for _ in range(20)]
    caller = Caller(server)
    for name in names:
        caller.registered(name)
    caller.delete(names[0])
    pinged = caller.pinged(names[1])
    before = caller.found(names[1])
    server.restart(kill=kill)
    caller = Caller(server)
    assert caller.ids() == sorted(names[1:])
    after = caller.found(names[1])
    assert {**after, "expires_at": ""} == {**before, "expires_at": ""}
    assert moment(after["expires_at"]) >= moment(pinged["expires_at"])
    assert caller.pinged(names[2])["id"] == names[2]
    assert_detail(caller.ping(names[0]), 404, not_found(names[0]))


def test_one_connection_serves_all(shared):
    """The real clients open one for each request; others need not."""
    caller, name = Caller(shared), fresh_id()
    caller.registered(name)
    request = f"PUT {ping_path(name)} HTTP/1.1\r\nHost: h\r\nX-Service-Key: {KEY}\r\n\r\n".encode()
    address, port = shared.listeners["plain"]
    with Connection(address, port, None) as connection:
        for _ in range(50):
            connection.send(request)
            assert connection.read_response().status == 200


@pytest.mark.parametrize("listeners, workers, of_chap", [
    ([listener(), SECURE, OPS], 3, 3), ([SECURE, OPS], 3, 0), ([listener()], 0, 3)],
    ids=["both", "none for CHAP", "for CHAP alone"])
def test_its_listeners_have_workers_of_their_own(quiver, listeners, workers, of_chap):
    """So that no lookup waits behind pings. All of them serve, whoever takes the connection."""
    server = start_chap(quiver, listeners=listeners, limits={"workers": 3}, wait=OPS in listeners)
    if OPS not in listeners:
        server.wait_log("ready")
    names = collections.Counter(
        path.read_text().strip() for path in Path(f"/proc/{server.process.pid}/task").glob("*/comm"))
    assert (names["worker"], names["chap worker"]) == (workers, of_chap)
    for _ in range(6 if of_chap else 0):
        Caller(server).registered(fresh_id())

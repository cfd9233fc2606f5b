"""Connections are bounded: in total, for each peer address, by the open files that the system grants,
and in the time that a handshake may take. Whoever stalls or floods does not slow the others, and
nothing spins.
"""

import os
import resource
import select
import socket
import ssl
import time

import pytest

from harness.livecloud import ECHO, LiveCloud, Session, metric, reload
from harness.process import PATIENCE, processor_seconds, wait_until
from harness.stalls import again_after_a_stall, within

STALLED = 1000
HALF_HELLO = bytes.fromhex("1603010200010001fc0303")  # the beginning of a ClientHello


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def knock(server, count, source="127.0.0.1", first=b""):
    """Connections that send `first` and then nothing."""
    made = []
    for _ in range(count):
        made.append(socket.create_connection(server.listeners["secure"], 10, (source, 0)))
        made[-1].sendall(first)
    return made


def hang_up(sockets):
    for one in sockets:
        one.close()


def ended(one, timeout=PATIENCE):
    """Whether the server ends the connection, saying nothing."""
    one.settimeout(timeout)
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@again_after_a_stall
def test_a_thousand_stalled_handshakes(quiver, cloud):
    """Half of them say nothing, half stop within their first message. The others are served meanwhile,
    live or new, and as fast; the stalled are all ended when their time is over."""
    server = cloud.start(quiver, limits={"handshake_timeout": "6s"})
    client = Session(server, "client")
    stalled = knock(server, STALLED // 2) + knock(server, STALLED // 2, first=HALF_HELLO)
    try:
        wait_until(lambda: descriptors(server.pid) > STALLED, "all of them being connected")
        for _ in range(40):
            with within(1):
                assert client.echo() == 200 and client.anew() is False
        quiet = processor_seconds(server.pid)
        assert not select.select([], [], [], 0.5)[0]
        assert processor_seconds(server.pid) - quiet < 0.25  # waiting costs nothing
        assert all(ended(one) for one in stalled)
    finally:
        hang_up(stalled)
    server.wait_log("handshake refused", code="timeout")
    assert client.echo() == 200
    # Those that said nothing at all are told of, too: they held a place.
    assert metric(server, "quiver_handshakes_total", outcome="refused", reason="timeout") == STALLED


def test_the_cap_for_one_address(quiver, cloud):
    """The one above is turned away at once; another address is not; a place that is left is free."""
    server = cloud.start(quiver, limits={"connections_per_peer": 5}, listeners=None)
    first = [Session(server, "client") for _ in range(4)]
    with server.ops as ops:  # the fifth
        assert ops.get("/health/live").status_code == 200
        assert Session.anew(first[0]) == "closed"
        refused = server.wait_log("connection refused")
        assert refused["peer"].startswith("127.0.0.1") and "connections_per_peer" in refused["reason"]
        refusals = ops.get("/metrics").text
        assert 'quiver_limit_refusals_total{limit="connections_per_peer"} 1\n' in refusals
        assert [client.echo() for client in first] == [200] * 4
        elsewhere = knock(server, 1, "127.0.0.2")
        context = first[0].context
        with context.wrap_socket(elsewhere[0], server_hostname="127.0.0.1") as other:
            other.sendall(ECHO)
            assert other.recv(12) == b"HTTP/1.1 200"
    first.pop().close()
    wait_until(lambda: first[0].anew() is False, "the place that was left")


def test_the_cap_in_total(quiver, cloud):
    """Who comes beyond it waits in the system's queue, and is served when a place is free; nothing
    spins meanwhile."""
    server = cloud.start(quiver, limits={"connections": 3})
    first = [Session(server, "client") for _ in range(3)]
    waiting = socket.create_connection(server.listeners["secure"], 10)
    waiting.setblocking(False)
    server.wait_log("not accepting", reason="limits.connections is reached")
    quiet = processor_seconds(server.pid)
    assert not select.select([waiting], [], [], 0.7)[0]
    assert processor_seconds(server.pid) - quiet < 0.25
    assert [client.echo() for client in first] == [200] * 3
    first.pop().close()
    waiting.settimeout(10)
    with first[0].context.wrap_socket(waiting, server_hostname="127.0.0.1") as served:
        served.sendall(ECHO)
        assert served.recv(12) == b"HTTP/1.1 200"


def test_a_cap_that_is_raised_by_a_reload(quiver, cloud):
    server = cloud.start(quiver, limits={"connections_per_peer": 3})
    first = [Session(server, "client") for _ in range(3)]
    assert first[0].anew() == "closed"
    server.write_config(limits={"connections_per_peer": 30})
    reload(server)
    assert first[0].anew() is False
    server.write_config(limits={"connections_per_peer": 2})
    assert reload(server)["connections"] == {"kept": 3, "ended": 0}  # lowered: nobody is thrown out
    assert first[0].anew() == "closed"
    assert [client.echo() for client in first] == [200] * 3


def test_without_descriptors(quiver, cloud):
    """Every open file of the system's limit is taken: no spinning, the live are served, and the next
    is served when one is free."""
    server = cloud.start(quiver)
    client = Session(server, "client")
    used = descriptors(server.pid)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used + 2, used + 2))
    stalled = knock(server, 6)
    try:
        server.wait_log("not accepting", reason=os.strerror(24))
        quiet = processor_seconds(server.pid)
        assert not select.select([], [], [], 1)[0]
        assert processor_seconds(server.pid) - quiet < 0.3
        assert client.echo() == 200
        assert len([line for line in server.log if line.get("event") == "not accepting"]) < 20
    finally:
        hang_up(stalled)
    assert client.anew() is False


def test_the_limit_on_open_files_lowers_the_cap(quiver, cloud, monkeypatch):
    """Connections never take the descriptors that Redis, files and the control socket need: a reload
    in the middle of a flood works."""
    monkeypatch.setenv("QUIVER_WRAP", f"{os.environ.get('QUIVER_WRAP', '')} prlimit --nofile=200:200")
    server = cloud.start(quiver)
    monkeypatch.undo()
    lowered = server.wait_log("limits.connections lowered")
    assert lowered["connections"] < 200 == lowered["open_files"]
    client, revoked = Session(server, "client"), Session(server, "revoked")
    flood = knock(server, 250)
    try:
        server.wait_log("not accepting", reason="limits.connections is reached")
        cloud.revoke(cloud.issue("revoked"))
        reload(server)
        assert revoked.is_cut() and client.echo() == 200
    finally:
        hang_up(flood)
    wait_until(lambda: client.anew() is False, "a place")


def test_a_handshake_byte_by_byte(quiver, cloud):
    """The time is for the whole handshake, not for each part of it."""
    server = cloud.start(quiver, limits={"handshake_timeout": "1s"})
    with socket.create_connection(server.listeners["secure"], 10) as slow:
        begun = time.monotonic()
        with within(4):
            for byte in HALF_HELLO * 100:
                try:
                    slow.sendall(bytes([byte]))
                except ConnectionError:
                    break
                if select.select([slow], [], [], 0.05)[0]:
                    break
        assert time.monotonic() - begun > 0.8
    assert isinstance(Session(server, "client").live.socket, ssl.SSLSocket)

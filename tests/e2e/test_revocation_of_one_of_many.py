"""Revoking one of 100 live clients: that one is cut within a second of the reload, the others keep the
very connections that they have."""

import json
import select

import pytest

from harness.livecloud import ECHO, LiveCloud, Session, reload
from harness.requests import REGISTER, registration
from harness.stalls import within

CLIENTS = 100


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_one_of_a_hundred(quiver, tmp_path, tls):
    cloud = LiveCloud(tmp_path / "cloud")
    server = cloud.start(quiver)
    clients = [Session(server, f"client{number}", tls=tls) for number in range(CLIENTS)]
    revoked = clients.pop(57)
    ports = [client.live.socket.getsockname()[1] for client in clients]

    cloud.revoke(cloud.issue("client57"))
    with within(1):
        outcome = reload(server)
        assert revoked.is_cut()

    assert outcome["connections"] == {"kept": CLIENTS - 1, "ended": 1}
    assert [client.echo() for client in clients] == [200] * (CLIENTS - 1)
    assert [client.live.socket.getsockname()[1] for client in clients] == ports
    server.wait_log("connection ended")
    assert len([line for line in server.log if line.get("event") == "connection ended"]) == 1


def test_whoever_sends_meanwhile(quiver, tmp_path):
    """A request of the revoked that comes after the reload is never answered, though it was on its
    way before; requests of the others are."""
    cloud = LiveCloud(tmp_path / "cloud")
    server = cloud.start(quiver)
    revoked, other = Session(server, "revoked"), Session(server, "other")
    half = len(ECHO) // 2
    revoked.live.send(ECHO[:half])
    other.live.send(ECHO[:half])
    cloud.revoke(cloud.issue("revoked"))
    reload(server)
    assert revoked.is_cut()
    other.live.send(ECHO[half:])
    assert other.live.read_response().status == 200


def test_a_request_in_flight_of_the_innocent_is_finished(quiver, tmp_path, slow_disk):
    """It waits for the disk while trust changes."""
    cloud = LiveCloud(tmp_path / "cloud")
    server = cloud.start(quiver, env=slow_disk(400))
    revoked, other = Session(server, "revoked"), Session(server, "other")
    body = json.dumps(registration()).encode()
    other.live.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (REGISTER.encode(), len(body), body))
    assert not select.select([other.live.socket], [], [], 0.05)[0]  # it is in flight
    cloud.revoke(cloud.issue("revoked"))
    reload(server)
    assert revoked.is_cut()
    assert other.live.read_response().status == 201
    assert other.echo() == 200

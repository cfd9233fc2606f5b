"""Tickets: they work, in TLS 1.2 and 1.3, and are good for nothing but coming back to the same listener
of the same run of Quiver under the same trust. Whatever else is shown falls back to a full handshake,
with all that it asks for.
"""

import json

import pytest

from harness.chap import start_chap
from harness.livecloud import OPTIONAL, LiveCloud, Session, metric, reload
from harness.requests import REGISTER, registration
from harness.server import OPS, SECURE

TLS = ["1.2", "1.3"]
SECOND = {**SECURE, "name": "second"}


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("listener", ["secure", "optional"])
def test_resumption_works(quiver, cloud, tls, listener):
    """And who resumes is who got the ticket."""
    server = cloud.start(quiver, listeners=[SECURE, OPTIONAL, OPS])
    client = Session(server, "somebody", tls=tls, listener=listener)
    assert client.resume() is True
    assert metric(server, "quiver_handshakes_total", outcome="resumed", reason="") == 1
    body = json.dumps(registration()).encode()
    with client.connect(client.ticket) as connection:
        assert connection.socket.session_reused
        connection.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (REGISTER.encode(), len(body), body))
        answer = connection.read_response()
    assert answer.status == 201 and b'"provider":{"name":"somebody"' in answer.body.replace(b" ", b"")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize(("taken", "shown"), [("secure", "second"), ("optional", "secure"),
                                              ("secure", "optional")])
def test_at_another_listener(quiver, cloud, tls, taken, shown):
    server = cloud.start(quiver, listeners=[SECURE, SECOND, OPTIONAL, OPS])
    client = Session(server, "somebody", tls=tls, listener=taken)
    assert client.resume() is True
    assert client.resume(shown) is False


@pytest.mark.parametrize("tls", TLS)
def test_taken_without_certificate(quiver, cloud, tls):
    """At a listener that asks for none: where one is needed, such a ticket opens nothing."""
    server = cloud.start(quiver, listeners=[SECURE, OPTIONAL, OPS])
    nobody = Session(server, None, tls=tls, listener="optional", status=401)
    assert nobody.come_back(nobody.ticket, "secure") == (
        "certificate_required" if tls == "1.3" else "handshake_failure")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("way", ["mutual", "server"])
def test_chap_services_are_given_none(quiver, tls, way):
    """They never come back with one, and it costs a tenth of their handshake."""
    server = start_chap(quiver, tls=way)
    client = Session(server, "somebody", tls=tls, listener="chap", status=404)
    assert not client.ticket.has_ticket
    with client.connect(client.ticket) as connection:
        assert client.echo(connection) == 404 and not connection.socket.session_reused


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("kill", [False, True], ids=["stop", "kill-9"])
def test_after_a_restart(quiver, cloud, tls, kill):
    """The keys of tickets live in memory alone."""
    server = cloud.start(quiver)
    client = Session(server, "somebody", tls=tls)
    revoked = Session(server, "revoked", tls=tls)
    cloud.revoke(cloud.issue("revoked"))
    server.restart(kill=kill)
    assert client.resume() is False
    assert revoked.resume() == "certificate_revoked"


@pytest.mark.parametrize("tls", TLS)
def test_at_another_server_of_the_same_certificate(quiver, cloud, tls):
    one, other = cloud.start(quiver), cloud.start(quiver)
    client = Session(one, "somebody", tls=tls)
    client.server = other
    assert client.resume() is False


def test_a_ticket_of_tls_1_2_at_1_3_alone(quiver, cloud):
    server = cloud.start(quiver)
    client = Session(server, "somebody", tls="1.2")
    server.write_config(tls={"min_version": "1.3"})
    reload(server)
    assert client.resume() == "protocol_version"


@pytest.mark.parametrize("tls", TLS)
def test_resumed_again_and_again(quiver, cloud, tls):
    """Each resumed handshake gives a ticket that works like the first, and all die together."""
    server = cloud.start(quiver)
    client = Session(server, "somebody", tls=tls)
    tickets = [client.ticket]
    for _ in range(5):
        with client.connect(tickets[-1]) as connection:
            assert client.echo(connection) == 200 and connection.socket.session_reused
            tickets.append(connection.socket.session)
    cloud.revoke(cloud.issue("somebody"))
    reload(server)
    assert {client.come_back(ticket) for ticket in tickets} == {"certificate_revoked"}

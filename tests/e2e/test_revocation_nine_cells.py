"""Who is not trusted any more is gone everywhere: {revoked, CA removed, expired} x {live connection,
resumption, new handshake}, in TLS 1.2 and 1.3, and the others notice nothing.

A resumed handshake shows no certificate and calls nobody's verification: it is where others let the
revoked in. That tickets work here at all is shown by the others, who keep resuming.
"""

import datetime

import pytest

from harness import forge
from harness.livecloud import LiveCloud, Session, metric, readiness, reload

TLS = ["1.2", "1.3"]
SOON = 45  # seconds; a ticket lives longer, so that its age is not what refuses it


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def revoke(cloud, server, who):
    cloud.revoke(who)
    return reload(server)


def remove_ca(cloud, server, who):
    cloud.trust(cloud.authority)
    return reload(server)


CASES = {"revoked": (revoke, "certificate_revoked", "revoked"),
         "removed": (remove_ca, "unknown_ca", "unknown-issuer")}


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("case", CASES)
def test_after_a_reload(quiver, cloud, case, tls):
    end_trust, alert, code = CASES[case]
    leaving = cloud.new_authority()
    cloud.trust(cloud.authority, leaving)
    gone = cloud.make("gone", leaving if case == "removed" else None)
    server = cloud.start(quiver)
    former, other = Session(server, gone, tls=tls), Session(server, "other", tls=tls)
    assert former.resume() is True and other.resume() is True  # before: both may

    outcome = end_trust(cloud, server, gone)

    assert outcome["connections"] == {"kept": 1, "ended": 1}
    assert former.is_cut(1)
    assert former.resume() == alert
    assert former.anew() == alert
    assert other.echo() == 200
    assert other.anew() is False and Session(server, "other", tls=tls).resume() is True
    ended = server.wait_log("connection ended", code=code)
    assert "gone.testcloud" in ended["subject"] and ended["peer"].startswith("127.0.0.1")
    assert metric(server, "quiver_connections_ended_total", reason=code) == 1
    assert metric(server, "quiver_handshakes_total", outcome="refused", reason=code) == 2


@pytest.mark.parametrize("tls", TLS)
def test_a_ticket_of_before_a_reload_is_not_resumed(quiver, cloud, tls):
    """It falls back to a full handshake, which is judged anew; nobody is turned away for it."""
    server = cloud.start(quiver)
    other = Session(server, "other", tls=tls)
    assert other.resume() is True
    reload(server)
    assert other.resume() is False
    assert other.echo() == 200


@pytest.mark.clock
@pytest.mark.parametrize("tls", TLS)
def test_expired_without_a_reload(quiver, cloud, tls):
    """At the end of its certificate: cut, not resumed, refused. The others go on, and resume."""
    mortal = cloud.make("mortal", ends=forge.from_now(seconds=SOON))
    server = cloud.start(quiver, clock="quiver")
    former, other = Session(server, mortal, tls=tls), Session(server, "other", tls=tls)
    server.set_clock(SOON - 15)
    assert former.echo() == 200 and former.resume() is True

    server.set_clock(SOON + 2)

    assert former.is_cut(3)
    assert former.resume() == "certificate_expired"
    assert former.anew() == "certificate_expired"
    assert other.echo() == 200 and other.resume() is True
    server.wait_log("connection ended", code="expired")
    assert metric(server, "quiver_connections_ended_total", reason="expired") == 1


@pytest.mark.clock
@pytest.mark.parametrize("tls", TLS)
def test_expired_between_two_requests(quiver, cloud, tls):
    """The next request is not answered, whether or not the watch over the ends has come by."""
    mortal = cloud.make("mortal", ends=forge.from_now(seconds=SOON))
    server = cloud.start(quiver, clock="quiver")
    former = Session(server, mortal, tls=tls)
    server.set_clock(SOON + 2)
    try:
        former.live.send(b"GET /serviceregistry/monitor/echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except OSError:
        return  # cut already
    assert former.is_cut(3)


@pytest.mark.clock
@pytest.mark.parametrize("tls", TLS)
def test_expired_and_then_a_reload(quiver, cloud, tls):
    mortal = cloud.make("mortal", ends=forge.from_now(seconds=SOON))
    server = cloud.start(quiver, clock="quiver")
    former, other = Session(server, mortal, tls=tls), Session(server, "other", tls=tls)
    server.set_clock(SOON + 2)
    reload(server)
    assert former.is_cut(0.5)
    assert former.resume() == former.anew() == "certificate_expired"
    assert other.echo() == 200


@pytest.mark.clock
def test_the_end_of_the_cloud_ca(quiver, cloud):
    """A path ends with the first of its certificates, which need not be the leaf."""
    short = cloud.new_authority(days=SOON / 86400)
    cloud.trust(cloud.authority, short)
    server = cloud.start(quiver, clock="quiver")
    former, other = Session(server, cloud.make("former", short)), Session(server, "other")
    server.set_clock(datetime.timedelta(seconds=SOON + 2))
    assert former.is_cut(3)
    assert former.resume() == former.anew() == "certificate_expired"
    assert other.echo() == 200
    assert readiness(server)["status"] == "ready"

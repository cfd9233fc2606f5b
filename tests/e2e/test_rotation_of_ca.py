"""Rotation of the cloud's CA with overlap: the old and the new are accepted side by side, the own
certificate changes over meanwhile, then the old is refused; whoever changed in time keeps the
connection."""

import pytest

from harness.livecloud import (
    LiveCloud,
    Session,
    ask_reload,
    make_crl,
    part_of,
    readiness,
    reload,
    shown_serial,
    write,
)


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_with_overlap(quiver, cloud, tls):
    old, new = cloud.authority, cloud.new_authority()
    server = cloud.start(quiver)
    early, late = cloud.make("early", file="early-old"), cloud.make("late", file="late-old")
    sessions = [Session(server, early, tls=tls), Session(server, late, tls=tls)]
    renewed = cloud.make("early", new, file="early-new")
    assert server.alert(renewed, tls=tls) == "unknown_ca"  # its time has not come

    cloud.trust(old, new)
    assert reload(server)["connections"] == {"kept": 2, "ended": 0}
    modern = Session(server, renewed, tls=tls)
    serial = cloud.renew_own(new)
    assert reload(server)["connections"] == {"kept": 3, "ended": 0}
    assert shown_serial(server, late, tls=tls) == serial
    assert [session.echo() for session in (*sessions, modern)] == [200] * 3

    cloud.trust(new)
    write(cloud.crl, make_crl(new, number=1))
    assert reload(server)["connections"] == {"kept": 1, "ended": 2}
    assert [session.is_cut() for session in sessions] == [True, True]
    assert modern.echo() == 200
    assert server.alert(late, tls=tls) == server.alert(early, tls=tls) == "unknown_ca"
    assert server.alert(renewed, tls=tls) is None


def ending_ca(cloud, days: float):
    """Another CA in the bundle beside the cloud's, with so many days to live."""
    cloud.trust(cloud.authority, cloud.new_authority("former", days=days))


def told(server) -> list[str]:
    return [line["what"] for line in server.log if line.get("event") == "ends soon"]


@pytest.mark.parametrize(("days", "warned"), [(3, True), (8, False)])
def test_a_ca_is_warned_of_a_week_before(quiver, cloud, days, warned):
    ending_ca(cloud, days)
    server = cloud.start(quiver)
    warnings = reload(server)["warnings"]
    words = [line for line in warnings if line.startswith(f"{cloud.trusted}: the CA ") and "CN=former" in line]
    assert len(warnings) == len(words) == warned
    assert bool(told(server)) == warned and all("CN=former" in what for what in told(server))
    assert readiness(server)["status"] == "ready"


def test_a_ca_that_has_ended_degrades(quiver, cloud):
    """As the own certificate does; until it is taken out of the bundle."""
    ending_ca(cloud, -1)
    server = cloud.start(quiver)
    assert server.alert("client") is None
    state = readiness(server)
    assert state["status"] == "degraded" and len(state["reasons"]) == 1
    assert state["reasons"][0].startswith(f"CAs and CRLs: {cloud.trusted}: the CA ")
    assert "CN=former" in state["reasons"][0] and "take it out" in state["reasons"][0]
    cloud.trust(cloud.authority)
    reload(server)
    assert readiness(server) == {"status": "ready", "reasons": []}


def test_one_key_in_two_certificates(quiver, cloud):
    """The CA is renewed with the key that it has: what it issued before is good under both, so nobody
    is cut when the old certificate leaves."""
    renewed = cloud.new_authority(which=cloud.key_name)
    server = cloud.start(quiver)
    client = Session(server, "client")
    cloud.trust(renewed)
    assert reload(server)["connections"] == {"kept": 1, "ended": 0}
    assert client.echo() == 200 and client.anew() is False


def test_the_own_certificate_left_behind(quiver, cloud):
    """The CA of the own certificate leaves the bundle: that is a fault of the own part, which stays as
    it was, and holds the CAs back in nothing."""
    new = cloud.new_authority()
    cloud.trust(cloud.authority, new)
    server = cloud.start(quiver)
    former, modern = Session(server, "former"), Session(server, cloud.make("modern", new))
    cloud.trust(new)
    write(cloud.crl, make_crl(new))
    outcome = ask_reload(server)
    own = part_of(outcome, "own certificate")
    assert not outcome["good"] and not own["renewed"] and part_of(outcome, "CAs and CRLs")["renewed"]
    assert str(cloud.registry.crt) in own["faults"][0] and "tls.trust" in own["faults"][0]
    assert former.is_cut() and former.anew() == "unknown_ca"
    assert modern.echo() == 200 and modern.anew() is False

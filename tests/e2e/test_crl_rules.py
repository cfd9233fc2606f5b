"""CRLs: required or not, past their end, older than the one in force, one for each CA of a chain, two
CAs of one name. What a CRL file may not be is in test_reload_keeps_what_was_good.py.
"""

import json
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from harness import forge
from harness.livecloud import LiveCloud, Session, ask_reload, make_crl, part_of, pem, readiness, reload, write
from harness.process import wait_until
from harness.testpki import CLOUD, authority

ANCHORS = "CAs and CRLs"
TLS = ["1.2", "1.3"]
PAST = {"begins": forge.from_now(days=-3), "ends": forge.from_now(days=-1)}


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


# ---- required ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", TLS)
def test_a_ca_without_crl(quiver, cloud, tls):
    """By default it vouches; where a CRL is required it does not, until there is one."""
    other = cloud.new_authority()
    cloud.trust(cloud.authority, other)
    server = cloud.start(quiver)
    bare, kept = Session(server, cloud.make("bare", other), tls=tls), Session(server, "kept", tls=tls)

    server.write_config(tls={"require_crl": True})
    reload(server)
    assert bare.resume() == bare.anew() == "unknown_ca"
    assert "tls.require_crl" in server.wait_log("handshake refused", code="no-crl")["reason"]
    assert kept.anew() is False
    assert bare.echo() == kept.echo() == 200  # what lives is not thrown out for want of a list

    write(cloud.folder / "other.crl", make_crl(other))
    server.write_config(tls={"crl": [str(cloud.crl), str(cloud.folder / "other.crl")]})
    reload(server)
    assert bare.anew() is False


def test_a_crl_that_is_configured_no_more(quiver, cloud):
    """Whom it listed may come again: that is the operator's will, and is said."""
    server = cloud.start(quiver)
    cloud.revoke(cloud.issue("gone"))
    reload(server)
    assert server.alert("gone") == "certificate_revoked"
    server.write_config(tls={"crl": []})
    reload(server)
    assert server.wait_log("CRL is not configured any more; nobody is refused by it")["file"] == str(cloud.crl)
    assert server.alert("gone") is None


# ---- past its end --------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", TLS)
def test_a_stale_crl_is_refused(quiver, cloud, tls):
    """A reload with it succeeds, who is connected stays, who comes is refused; readiness says so."""
    server = cloud.start(quiver)
    client = Session(server, "client", tls=tls)
    cloud.write_crl(**PAST)
    outcome = reload(server)
    assert outcome["connections"] == {"kept": 1, "ended": 0}
    assert any(str(cloud.crl) in warning and "ended" in warning for warning in outcome["warnings"])
    assert client.echo() == 200
    assert isinstance(client.resume(), str) and isinstance(client.anew(), str)
    assert "past its end" in server.wait_log("handshake refused", code="stale-crl")["reason"]
    state = readiness(server)
    assert state["status"] == "degraded"
    assert f"{ANCHORS}: {cloud.crl}: the CRL of " in state["reasons"][0] and "refused" in state["reasons"][0]

    cloud.write_crl()
    reload(server)
    assert client.anew() is False and client.echo() == 200
    assert readiness(server) == {"status": "ready", "reasons": []}


@pytest.mark.parametrize("tls", TLS)
def test_a_stale_crl_is_allowed(quiver, cloud, tls):
    server = cloud.start(quiver, tls={"stale_crl": "allow"})
    client, revoked = Session(server, "client", tls=tls), Session(server, "revoked", tls=tls)
    cloud.revoke(cloud.issue("revoked"), **PAST)
    outcome = reload(server)
    assert outcome["connections"] == {"kept": 1, "ended": 1}
    assert client.echo() == 200 and client.anew() is False
    assert revoked.is_cut() and revoked.anew() == "certificate_revoked"  # it still lists whom it lists
    assert "put a newer one there" in readiness(server)["reasons"][0]


def test_a_stale_crl_starts(quiver, cloud):
    """A restart in the night must not be what takes the cloud down."""
    cloud.write_crl(**PAST)
    server = cloud.start(quiver, wait=True)
    server.wait_log("ends soon", what=lambda words: str(cloud.crl) in words)
    assert readiness(server)["status"] == "degraded"
    assert isinstance(server.alert("client"), str)


@pytest.mark.clock
@pytest.mark.parametrize("tls", TLS)
def test_a_crl_that_ends_while_it_is_in_force(quiver, cloud, tls):
    """Without a reload: who lives stays, who comes or resumes is refused, readiness says so."""
    cloud.write_crl(ends=forge.from_now(seconds=45))
    server = cloud.start(quiver, clock="quiver")
    client = Session(server, "client", tls=tls)
    assert client.resume() is True
    server.set_clock(47)
    wait_until(lambda: readiness(server)["status"] == "degraded", "readiness that says so")
    assert client.echo() == 200
    assert isinstance(client.resume(), str) and isinstance(client.anew(), str)


@pytest.mark.parametrize(("days", "warned"), [(6, True), (8, False)])
def test_warned_a_week_before(quiver, cloud, days, warned):
    cloud.write_crl(ends=forge.from_now(days=days))
    server = cloud.start(quiver)
    warnings = reload(server)["warnings"]
    assert any(str(cloud.crl) in warning for warning in warnings) == warned
    assert readiness(server)["status"] == "ready"
    lines = [line for line in server.log if line.get("event") == "ends soon"]
    assert bool(lines) == warned


# ---- no way back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("older", [{"number": 4}, {"number": None, "begins": forge.from_now(days=-9)}],
                         ids=["by-number", "by-time"])
def test_an_older_crl_is_refused(quiver, cloud, older):
    """At a reload, and after a restart, which does not start with it. In force is what was."""
    newer = {"begins": forge.from_now(days=-1), **({"number": 7} if older["number"] else {"number": None})}
    revoked = cloud.issue("revoked")
    write(cloud.crl, make_crl(cloud.authority, **older))
    server = cloud.start(quiver)
    write(cloud.crl, make_crl(cloud.authority, revoked.load().serial_number, **newer))
    newest = cloud.crl.read_bytes()
    reload(server)
    assert server.alert("revoked") == "certificate_revoked"

    write(cloud.crl, make_crl(cloud.authority, **older))
    outcome = ask_reload(server)
    fault = part_of(outcome, ANCHORS)["faults"][0]
    assert not outcome["good"] and str(cloud.crl) in fault and "older" in fault
    assert server.alert("revoked") == "certificate_revoked"

    server.stop()
    refused = quiver.refused(pki=cloud, tls=cloud.tls, directory=copy_of(server))
    assert str(cloud.crl) in refused.output and "older" in refused.output and "crl-seen.json" in refused.output

    write(cloud.crl, newest)
    server.restart()
    assert server.alert("revoked") == "certificate_revoked" and server.alert("client") is None


def copy_of(server):
    """The server's folder again, for a second server object on the same data."""
    folder = server.directory.with_name(server.directory.name + "-again")
    shutil.copytree(server.directory, folder, ignore=shutil.ignore_patterns("*.sock"))
    return folder


def test_the_same_crl_and_a_newer_one(quiver, cloud):
    """The same again is no rollback, nor is a newer one that lists less."""
    server = cloud.start(quiver)
    cloud.revoke(cloud.issue("returning"))
    reload(server)
    reload(server)
    server.restart()
    assert server.alert("returning") == "certificate_revoked"
    write(cloud.crl, make_crl(cloud.authority, number=100))
    reload(server)
    assert server.alert("returning") is None


def test_when_the_operator_means_it(quiver, cloud):
    """Removing what was remembered lets an older one in, as the message says."""
    write(cloud.crl, make_crl(cloud.authority, number=9))
    server = cloud.start(quiver)
    write(cloud.crl, make_crl(cloud.authority, number=3))
    fault = part_of(ask_reload(server), ANCHORS)["faults"][0]
    memory = server.data_directory / "crl-seen.json"
    assert str(memory) in fault
    memory.unlink()
    reload(server)
    assert json.loads(memory.read_text())["seen"]


def test_a_memory_that_is_damaged(quiver, cloud):
    server = cloud.start(quiver)
    server.stop()
    memory = server.data_directory / "crl-seen.json"
    memory.write_text("{")
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1 and str(memory) in checked.output


# ---- chains and names ----------------------------------------------------------------------------


def test_a_memory_that_cannot_be_written_for_a_while(quiver, cloud):
    """It is written as soon as it can be, without a reload: a restart must not find an older one."""
    server = cloud.start(quiver)
    seen, in_the_way = (server.data_directory / name for name in ("crl-seen.json", "crl-seen.json.new"))
    in_the_way.mkdir()
    cloud.write_crl()
    outcome = ask_reload(server)
    assert part_of(outcome, ANCHORS)["renewed"]
    assert "crl-seen.json: cannot be written" in part_of(outcome, "memory of CRLs")["faults"][0]
    wait_until(lambda: readiness(server)["status"] == "degraded", "a word about it")

    mark = server.mark()
    in_the_way.rmdir()

    wait_until(lambda: readiness(server)["status"] == "ready", "a memory that is written")
    assert json.loads(seen.read_text())["seen"][0]["number"] == "2"
    server.wait_log("memory of CRLs written", since=mark)
    assert not any(line["event"] == "reloaded" for line in server.log[mark:])


@pytest.fixture
def two_levels(cloud, tmp_path):
    """The organization's CA is the anchor; below it the cloud's, and another of the same name. CRLs
    of all three in one file, with the certificates of those that are not anchors."""
    second = authority(cloud.root, CLOUD, "lo", length=0)
    cloud.know(cloud.root)
    cloud.trust(cloud.root)

    def write_crls(number, root=(), first=(), other=()):
        write(cloud.crl, pem(cloud.authority, second), make_crl(cloud.root, *root, number=number),
              make_crl(cloud.authority, *first, number=number), make_crl(second, *other, number=number))

    write_crls(1)
    return second, write_crls


@pytest.mark.parametrize("tls", TLS)
def test_a_revoked_intermediate(quiver, cloud, two_levels, tls):
    """All whom it vouched for are cut and refused; those below another are not."""
    second, write_crls = two_levels
    server = cloud.start(quiver)
    lost, other = Session(server, "lost", tls=tls), Session(server, cloud.make("other", second), tls=tls)
    serial = x509.load_der_x509_certificate(cloud.authority.der).serial_number
    cloud.renew_own(second)  # whose own CA is revoked could be believed by nobody
    write_crls(2, root=[serial])
    assert reload(server)["connections"] == {"kept": 1, "ended": 1}
    assert lost.is_cut()
    assert lost.resume() == lost.anew() == "certificate_revoked"
    assert other.echo() == 200 and other.anew() is False


@pytest.mark.parametrize("tls", TLS)
def test_two_cas_of_one_name(quiver, cloud, two_levels, tls):
    """A serial that one of them revoked is not revoked of the other: the key tells them apart."""
    second, write_crls = two_levels
    serial = 0x6001
    one = cloud.make("one", serial=b"\x60\x01")
    two = cloud.make("two", second, serial=b"\x60\x01")
    server = cloud.start(quiver)
    sessions = Session(server, one, tls=tls), Session(server, two, tls=tls)
    write_crls(2, first=[serial])
    reload(server)
    assert sessions[0].is_cut() and sessions[0].anew() == "certificate_revoked"
    assert sessions[1].echo() == 200 and sessions[1].anew() is False
    write_crls(3, other=[serial])
    reload(server)
    assert sessions[1].is_cut() and sessions[1].anew() == "certificate_revoked"
    assert sessions[0].anew() is False


def test_several_files(quiver, cloud, two_levels):
    """PEM or DER, with the CA's certificate where that is no anchor; each revocation counts."""
    second, _ = two_levels
    one, two = cloud.make("one"), cloud.make("two", second)
    paths = [cloud.folder / name for name in ("root.crl", "first.der", "second.crl")]
    cloud.trust(cloud.root, cloud.authority)
    write(paths[0], make_crl(cloud.root))
    first = x509.load_pem_x509_crl(make_crl(cloud.authority, one.load().serial_number))
    write(paths[1], first.public_bytes(Encoding.DER))
    write(paths[2], pem(second), make_crl(second, two.load().serial_number))
    server = cloud.start(quiver, tls={"crl": [str(path) for path in paths]})
    assert server.alert(one) == server.alert(two) == "certificate_revoked"
    assert server.alert("client") is None


def test_the_newer_of_two(quiver, cloud):
    """Two CRLs of one CA: the newer counts, in whichever order they stand."""
    revoked = cloud.issue("revoked").load().serial_number
    write(cloud.crl, make_crl(cloud.authority, number=1), make_crl(cloud.authority, revoked, number=2))
    server = cloud.start(quiver)
    assert server.alert("revoked") == "certificate_revoked"
    write(cloud.crl, make_crl(cloud.authority, number=5), make_crl(cloud.authority, revoked, number=4))
    reload(server)
    assert server.alert("revoked") is None


def test_ten_thousand_serials(quiver, cloud):
    """All of them are looked up, the first, the last and those between; nobody else is hit."""
    listed = [cloud.make(f"listed{i}") for i in range(3)]
    serials = [one.load().serial_number for one in listed]
    many = list(range(0x100000, 0x100000 + 10000))
    write(cloud.crl, make_crl(cloud.authority, serials[0], *many[:5000], serials[1], *many[5000:], serials[2],
                              number=2))
    server = cloud.start(quiver)
    assert [server.alert(one) for one in listed] == ["certificate_revoked"] * 3
    assert server.alert("client") is None

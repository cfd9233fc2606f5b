"""Every refused handshake is explained: to the client by the alert that fits, each time; to the operator
by a log line with who, with what and why; in the metrics by reason; and offline by `quiver certificate`,
in the same words.
"""

import base64
import socket
import threading

import pytest
from cryptography.hazmat.primitives import hashes

from harness import forge
from harness.livecloud import OPTIONAL, LiveCloud, Session, metric, reload
from harness.process import wait_until
from harness.server import OPS, SECURE, Quiver
from harness.testpki import CLOUD, OTHER, authority

TLS = ["1.2", "1.3"]
TIMES = 50
LINES_A_SECOND = 50


@pytest.fixture(scope="module")
def cloud(short_folder):
    made = LiveCloud(short_folder / "refusals")
    made.revoke(made.issue("revoked"))
    return made


@pytest.fixture(scope="module")
def server(cloud):
    factory = Quiver(cloud)
    yield cloud.start(factory, listeners=[SECURE, OPTIONAL, OPS])
    factory.close()


def revoked(cloud):
    return cloud.issue("revoked")


def expired(cloud):
    return cloud.make("expired", not_before=forge.utc(forge.from_now(days=-3)), ends=forge.from_now(days=-1))


def not_begun(cloud):
    return cloud.make("not-begun", not_before=forge.utc(forge.from_now(days=1)))


def stranger(cloud):
    return cloud.make("stranger", authority(None, CLOUD, "lo", length=0))


def for_servers(cloud):
    return cloud.make("for-servers", extensions={forge.EKU: (False, forge.purposes("server"))})


def of_a_ca(cloud):
    return cloud.make("of-a-ca", extensions={forge.BC: (True, forge.constraints(True))})


# How it is made, the alert, the code, and words of the reason.
KINDS = {
    "revoked": (revoked, "certificate_revoked", "revoked", "revoked"),
    "expired": (expired, "certificate_expired", "expired", "expired"),
    "not-yet-valid": (not_begun, "bad_certificate", "not-yet-valid", "not yet valid"),
    "unknown-issuer": (stranger, "unknown_ca", "unknown-issuer", "issuer"),
    "purpose": (for_servers, "unsupported_certificate", "", ""),
    "leaf-rule": (of_a_ca, None, "", ""),
}


@pytest.fixture(scope="module")
def shown(cloud):
    """shown(kind): its certificate."""
    made = {}

    def find(kind):
        if kind not in made:
            made[kind] = KINDS[kind][0](cloud)
        return made[kind]

    return find


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_alert_comes_each_time(server, shown, kind, tls):
    """Fifty times, good ones between: nothing is left over from one handshake to the next."""
    alerts = set()
    for number in range(TIMES):
        alerts.add(server.alert(shown(kind), tls=tls))
        if number % 10 == 0:
            assert server.alert("client", tls=tls) is None
    assert len(alerts) == 1 and "closed" not in alerts, alerts
    assert KINDS[kind][1] in (None, *alerts)


@pytest.mark.parametrize("tls", TLS)
def test_without_certificate_each_time(server, tls):
    wanted = "certificate_required" if tls == "1.3" else "handshake_failure"
    assert {server.alert(None, tls=tls) for _ in range(TIMES)} == {wanted}


def test_side_by_side(server, shown):
    """Four threads, four reasons, one server: each hears its own."""
    heard = {kind: set() for kind in ("revoked", "expired", "unknown-issuer", "purpose")}

    def ask(kind):
        for _ in range(TIMES):
            heard[kind].add(server.alert(shown(kind)))

    for kind in heard:
        shown(kind)
    threads = [threading.Thread(target=ask, args=(kind,)) for kind in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {kind: {KINDS[kind][1]} for kind in heard}


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_line(quiver, cloud, shown, kind):
    """Peer address, subject, issuer, serial, fingerprint, and a reason that an operator can act on."""
    server = cloud.start(quiver)
    certificate = shown(kind).load()
    server.alert(shown(kind))
    line = server.wait_log("handshake refused")
    assert line["level"] == "warning" and line["listener"] == "secure"
    address, _, port = line["peer"].rpartition(":")
    assert address == "127.0.0.1" and port.isdigit()
    assert f"CN={shown(kind).name}.{CLOUD}" in line["subject"] and f"CN={CLOUD}" in line["issuer"]
    assert int(line["serial"], 16) == certificate.serial_number
    assert line["fingerprint"] == fingerprint(certificate)
    assert KINDS[kind][2] in line["code"] and KINDS[kind][3] in line["reason"]
    wait_until(lambda: metric(server, "quiver_handshakes_total", outcome="refused", reason=line["code"]) == 1,
               "it being counted")


def fingerprint(certificate):
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_says_the_same(quiver, cloud, shown, kind):
    server = cloud.start(quiver)
    server.alert(shown(kind))
    reason = server.wait_log("handshake refused")["reason"]
    said = quiver.command("certificate", shown(kind).crt, "--config", server.config_path)
    assert said.status == 1 and reason in said.output


def test_the_command_on_a_good_one(quiver, cloud, server):
    said = quiver.command("certificate", cloud.issue("client").crt, "--config", server.config_path)
    assert said.status == 0 and "client" in said.output


def test_no_certificate_and_no_tls(quiver, cloud):
    """Nothing is known of the peer but its address."""
    server = cloud.start(quiver)
    server.alert(None)
    line = server.wait_log("handshake refused", code="no-certificate")
    assert "subject" not in line and line["peer"].startswith("127.0.0.1:")
    with socket.create_connection(server.listeners["secure"], 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.recv(100)
    assert "plain HTTP" in server.wait_log("handshake refused", code="not-tls")["reason"]


def test_of_another_cloud(quiver, cloud):
    """TLS holds, and each request is told 403; the operator is told once."""
    server = cloud.start(quiver)
    other = cloud.new_authority(OTHER)
    cloud.trust(cloud.authority, other)
    reload(server)
    stranger = Session(server, cloud.make("stranger", other, cn=f"stranger.{OTHER}"), status=403)
    line = server.wait_log("identity refused")
    assert line["code"] == "identity" and f"stranger.{OTHER}" in line["subject"]
    assert stranger.echo() == 403
    assert len([entry for entry in server.log if entry.get("event") == "identity refused"]) == 1


def test_at_most_so_many_lines(quiver, cloud, shown):
    """A flood of refusals does not flood the log: how many were left out is said, all are counted."""
    server = cloud.start(quiver)
    certificate = shown("revoked")

    def refusals():
        return [line for line in server.log if line.get("event") == "handshake refused"]

    def flood():
        for _ in range(2 * TIMES):
            server.alert(certificate)

    def some_were_left_out():
        """One flood is enough, unless the machine is too slow for more than the bound in a second."""
        nonlocal sent
        threads = [threading.Thread(target=flood) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent += 6 * TIMES
        wait_until(lambda: metric(server, "quiver_handshakes_total", outcome="refused", reason="revoked") == sent,
                   "all being counted")
        return any("suppressed" in line for line in refusals())

    sent = 0
    wait_until(some_were_left_out, "more refusals in a second than are told")
    lines = refusals()
    assert sum(1 + line.get("suppressed", 0) for line in lines) <= sent
    seconds = {line["time"][:19] for line in lines}
    assert len(lines) <= LINES_A_SECOND * (len(seconds) + 1)

@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("kind", KINDS)
def test_where_a_certificate_is_not_needed(server, shown, kind, tls):
    """One that is shown must be good all the same: no listener lets in what another refuses."""
    assert server.alert(shown(kind), tls=tls, listener="optional") == server.alert(shown(kind), tls=tls)


@pytest.mark.parametrize("tls", TLS)
def test_listener_variants(quiver, cloud, tls):
    """mutual asks for a certificate; server takes one or none; off has no TLS at all."""
    server = cloud.start(quiver, listeners=[SECURE, OPTIONAL, OPS])
    assert server.alert("client", tls=tls) is None
    assert server.alert(None, tls=tls) in ("certificate_required", "handshake_failure")
    assert Session(server, "client", tls=tls, listener="optional").resume() is True
    assert Session(server, None, tls=tls, listener="optional", status=401).echo() == 401
    assert server.ops.get("/health/live").status_code == 200

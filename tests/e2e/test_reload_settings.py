"""What a reload takes from the configuration file, what it leaves, and what it tells.

Log level, limits and TLS settings change while Quiver runs; a setting that cannot is named and counts
as not done. A configuration with a fault keeps all settings, and holds back neither a revocation nor a
new certificate.
"""

import json
import signal
import socket
import ssl
import threading

import pytest

from harness.livecloud import (ECHO, OPTIONAL, LiveCloud, Session, ask_reload, part_of, readiness, reload,
                               shown_serial)
from harness.requests import LOOKUP
from harness.server import OPS, SECURE


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def big(client):
    """The status of 5,000 bytes that are no JSON: 400, or 413 where that is too much."""
    return client.post(LOOKUP, content=b"x" * 5000, headers={"Content-Type": "application/json"}).status_code


def test_by_signal(quiver, cloud):
    server = cloud.start(quiver)
    revoked, other = Session(server, "revoked"), Session(server, "other")
    mark = server.mark()
    with server.held_up():
        cloud.revoke(cloud.issue("revoked"))
        server.process.signal(signal.SIGHUP)
    done = server.wait_log("reloaded", since=mark, trigger="signal")
    assert (done["kept"], done["ended"]) == (1, 1)
    assert revoked.is_cut() and other.echo() == 200


def test_many_signals(quiver, cloud):
    """However many come, the last change is in force at the end, and nothing ends Quiver."""
    server = cloud.start(quiver)
    other = Session(server, "other")
    for number in range(20):
        serial = cloud.renew_own(which=f"own{number % 2}")
        server.process.signal(signal.SIGHUP)
    mark = server.mark()
    server.process.signal(signal.SIGHUP)
    server.wait_log("reloaded", since=mark, trigger="signal")
    reload(server)
    assert shown_serial(server) == serial and other.echo() == 200


def test_by_command(quiver, cloud):
    server = cloud.start(quiver)
    revoked, other = Session(server, "revoked"), Session(server, "other")
    done = server.reload(lambda: cloud.revoke(cloud.issue("revoked")))
    assert done.returncode == 0 and done.stderr == ""
    assert revoked.is_cut() and other.echo() == 200
    lines = dict((line[:17].strip(), line[18:]) for line in done.stdout.splitlines())
    assert lines["own certificate"] == lines["CAs and CRLs"] == "renewed"
    assert lines["connections"] == "1 kept, 1 ended"


def test_the_command_waits_until_all_are_through(quiver, cloud):
    """When it returns, none of the revoked is connected any more and nobody old can come: no grace."""
    server = cloud.start(quiver)
    revoked = [Session(server, f"revoked{number}") for number in range(20)]
    certificates = [cloud.issue(f"revoked{number}") for number in range(20)]
    assert server.reload(lambda: cloud.revoke(*certificates)).returncode == 0
    for client in revoked:
        client.live.socket.setblocking(False)
        with pytest.raises((ConnectionError, ssl.SSLError)) as ended:
            if client.live.socket.recv(1) == b"":
                raise ConnectionError("it has ended")
        assert not isinstance(ended.value, ssl.SSLWantReadError)  # which would mean: it lives


def test_commands_side_by_side(quiver, cloud):
    """Each is answered for itself."""
    server = cloud.start(quiver)
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(ask_reload(server))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome["good"] for outcome in outcomes] == [True] * 12
    assert len({outcome["generation"] for outcome in outcomes}) == 12


def test_the_command_without_a_server(quiver, cloud):
    server = quiver.prepare(pki=cloud, tls=cloud.tls)
    done = server.reload()
    assert done.returncode == 1
    assert "quiver serve --config" in done.stderr


def test_log_level(quiver, cloud):
    server = cloud.start(quiver)
    done = server.reload(lambda: server.write_config(log={"level": "warning"}))
    assert done.returncode == 0 and "log.level" in done.stdout
    mark = server.mark()
    reload(server)
    assert server.alert(None) == "certificate_required"
    server.wait_log("handshake refused", since=mark)  # a warning
    assert not [line for line in server.process.lines[mark:] if '"reloaded"' in line]  # not told any more


def test_limits(quiver, cloud):
    server = cloud.start(quiver)
    client = server.client("client")
    assert big(client) == 400
    outcome = reload(server, lambda: server.write_config(limits={"body": "4KiB", "json_depth": 10}))
    assert sorted(outcome["changed"]) == ["limits.body", "limits.json_depth"]
    assert big(client) == 413
    deep = json.dumps({"metadataRequirementsList": [json.loads("[" * 12 + "]" * 12)]})
    refused = client.post(LOOKUP, content=deep, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400 and "nested too deeply" in refused.text
    server.write_config(limits={"body": None, "json_depth": None})
    reload(server)
    assert big(client) == 400


def test_tls_settings(quiver, cloud):
    """A new minimum version is for new handshakes; who lives, lives."""
    server = cloud.start(quiver)
    old = Session(server, "old", tls="1.2")
    outcome = reload(server, lambda: server.write_config(tls={"min_version": "1.3"}))
    assert "tls.min_version" in outcome["changed"]
    assert server.alert("client", tls="1.2") == "protocol_version"
    assert server.alert("client", tls="1.3") is None
    assert old.echo() == 200


@pytest.mark.parametrize(("name", "change"), [
    ("listeners", {"listeners": [SECURE, OPS, OPTIONAL]}),
    ("store.timeout", {"store": {"timeout": "3s"}}),
    ("limits.workers", {"limits": {"workers": 3}}),
    ("registry.provider_registration", {"registry": {"provider_registration": "required"}}),
    ("cloud.dialect", {"cloud": {"dialect": "5.2"}}),
])
def test_a_setting_that_is_fixed(quiver, cloud, name, change):
    """It is named, by the command, the log and readiness; all else is done."""
    server = cloud.start(quiver)
    mark = server.mark()
    cloud.revoke(cloud.issue("revoked"))
    done = server.reload(lambda: server.write_config(**change))
    assert done.returncode == 1
    assert f"restart needed    {name}" in done.stdout and "kept: " not in done.stdout
    assert server.wait_log("restart needed", since=mark)["settings"] == name
    state = readiness(server)
    assert state["status"] == "degraded" and f"restart needed: {name}" in state["reasons"]
    assert server.alert("revoked") == "certificate_revoked"


def test_fixed_and_then_as_before(quiver, cloud):
    server = cloud.start(quiver, store={"timeout": None})
    server.write_config(store={"timeout": "3s"})
    assert ask_reload(server)["restart"] == ["store.timeout"]
    server.write_config(store={"timeout": None})
    assert reload(server)["restart"] == []
    assert readiness(server) == {"status": "ready", "reasons": []}


@pytest.mark.parametrize(("text", "words"), [
    ("listeners: [", "flow"),
    ("", "quiver.yaml"),
    ("{\"nonsense\": 1}", "nonsense"),
    ("{\"limits\": {\"body\": \"a lot\"}}", "limits.body"),
], ids=["no-yaml", "empty", "unknown-setting", "bad-value"])
def test_a_faulty_configuration(quiver, cloud, text, words):
    """The old one stays whole; what the files of trust hold comes into force all the same."""
    server = cloud.start(quiver, limits={"body": "4KiB"})
    client, revoked = Session(server, "client"), Session(server, "revoked")
    cloud.revoke(cloud.issue("revoked"))
    serial = cloud.renew_own(which="second")
    server.config_path.write_text(text)

    outcome = ask_reload(server)

    assert not outcome["good"] and not part_of(outcome, "configuration")["renewed"]
    assert words in " ".join(part_of(outcome, "configuration")["faults"])
    assert part_of(outcome, "own certificate")["renewed"] and part_of(outcome, "CAs and CRLs")["renewed"]
    assert revoked.is_cut() and client.echo() == 200 and shown_serial(server) == serial
    assert any(reason.startswith("configuration: ") for reason in readiness(server)["reasons"])
    assert big(server.client("client")) == 413

    server.write_config()
    reload(server)
    assert readiness(server) == {"status": "ready", "reasons": []}


def test_a_faulty_tls_setting_keeps_the_own_part(quiver, cloud):
    server = cloud.start(quiver)
    cloud.revoke(cloud.issue("revoked"))
    server.write_config(tls={"ciphers": "NO-SUCH-CIPHER"})
    outcome = ask_reload(server)
    assert not outcome["good"]
    faults = [fault for part in outcome["parts"] for fault in part["faults"]]
    assert len(faults) == 1 and "NO-SUCH-CIPHER" in faults[0]
    assert part_of(outcome, "CAs and CRLs")["renewed"]
    assert server.alert("revoked") == "certificate_revoked"
    assert server.alert("client", tls="1.2") is None


def test_the_control_socket_is_the_operators(quiver, cloud):
    """Nobody else may connect; whatever is sent there, Quiver lives."""
    server = cloud.start(quiver)
    path = server.data_directory / "control.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    for nonsense in (b"", b"\n", b"reload\n", b'{"do":"fly"}\n', b"[" * 5000 + b"\n", b"\0\xff\n", b'{"do":1}\n'):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(path))
            control.sendall(nonsense)
            control.shutdown(socket.SHUT_WR)
            answer = control.recv(65536)
            assert answer == b"" or "error" in json.loads(answer)
    reload(server)


def test_with_requests_in_between(quiver, cloud):
    """Pipelined requests around a reload are answered in order."""
    server = cloud.start(quiver)
    client = Session(server, "client")
    client.live.send(ECHO * 3)
    reload(server)
    client.live.send(ECHO * 3)
    assert [client.live.read_response().status for _ in range(6)] == [200] * 6

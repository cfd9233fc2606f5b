"""The audit trail and the answers, one to one: each change and each 401 and 403 has its line, in the
order of a connection's answers, and nothing else has one. A line is there when its answer arrives.
Of what is beyond limits.identities (429) there is a line a second for each system, which says how many
had none.
"""

import json
import random
import threading
from urllib.parse import quote

import pytest

from harness.livecloud import LiveCloud, Session, ask_reload, reload, write
from harness.process import wait_until
from harness.requests import (ECHO, LOOKUP, REGISTER, SERVICE, fresh, register, registration,
                              revoke_path)
from harness.server import OPS, SECURE

SYSTEMS = "/serviceregistry/system-discovery"
DEVICES = "/serviceregistry/device-discovery"
POLICY = """\
version: 1
rules:
  - name: all look and publish
    who: {profile: [system, operator]}
    allow: [service.lookup, system.*, device.*, service.register, service.revoke]
    on: {provider: self}
  - name: devices
    who: {profile: [system, operator]}
    allow: [device.register, device.revoke, device.lookup, system.lookup, service.lookup]
  - name: no secrets
    who: {profile: system}
    deny: [service.register]
    on: {services: secret-*}
  - name: ops
    who: {anonymous: true, listeners: [ops]}
    allow: ["ops.*"]
"""
WRITERS = 4
EACH = 2500


def device(name, address="10.0.0.1"):
    return {"name": name, "addresses": [address], "metadata": {}}


def requests_of(who):
    """(what is sent, what its line says but for the status; None: it has none unless it is refused)."""
    own, other, secret = f"{who}::kelvin::1.0.0", "someone::kelvin::1.0.0", f"{who}::secret-1::1.0.0"
    thing = f"thing-{who}"
    return [
        (("POST", REGISTER, registration("kelvin")), ("service.register", own)),
        (("POST", REGISTER, registration("secret-1")), ("service.register", secret)),
        (("POST", REGISTER, registration("Not A Name")), None),
        (("DELETE", revoke_path(own), None), ("service.revoke", own)),
        (("DELETE", revoke_path(other), None), ("service.revoke", other)),
        (("DELETE", SERVICE + "/revoke/nonsense", None), None),
        (("POST", LOOKUP, {"providerNames": [who]}), None),
        (("POST", SYSTEMS + "/register", {"addresses": ["10.0.0.1"]}), ("system.register", who)),
        (("POST", SYSTEMS + "/register", {"addresses": ["10.0.0.2"]}), ("system.register", who)),
        (("DELETE", SYSTEMS + "/revoke", None), ("system.revoke", who)),
        (("POST", DEVICES + "/register", device(thing)), ("device.register", thing)),
        (("POST", DEVICES + "/register", device(thing, "10.0.0.2")), ("device.register", thing)),
        (("DELETE", DEVICES + "/revoke/" + quote(thing), None), ("device.revoke", thing)),
        (("GET", ECHO, None), ("monitor.echo", None)),
        (("GET", "/serviceregistry/mgmt/systems", None), ("management.access", None)),
        (("GET", "/nowhere", None), None),
    ]


def verdict_of(status):
    return "allowed" if status < 400 else "denied" if status in (401, 403) else "refused"


class Writer(threading.Thread):
    """Sends requests of one system, and notes the lines that it expects of them."""

    def __init__(self, server, who, seed):
        super().__init__()
        self.client = server.client(who)
        self.kinds = requests_of(who)
        self.random = random.Random(seed)
        self.expected = []
        self.fault = None

    def run(self):
        try:
            for _ in range(EACH):
                (method, path, body), line = self.random.choice(self.kinds)
                answer = self.client.request(method, path, json=body)
                if line is not None:
                    reason = answer.json()["errorMessage"] if answer.status_code >= 400 else None
                    self.expected.append((*line, verdict_of(answer.status_code), answer.status_code,
                                          reason, answer.headers.get("x-quiver-rule")))
        except Exception as fault:  # noqa: BLE001 - the test's own thread tells it
            self.fault = fault


def told(line):
    refused = line["verdict"] == "denied"
    return (line["operation"], line.get("object"), line["verdict"], line["status"],
            line.get("reason"), line.get("rule") if refused else None)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def server(quiver, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    return quiver.start(plain=True, authorization={"policy": str(policy)},
                        audit={"file": str(tmp_path / "audit.log"), "required": True})


@pytest.mark.release
def test_lines_match_answers_one_to_one(quiver, server, tmp_path):
    writers = [Writer(server, f"writer-{i}", i) for i in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.fault is None, writer.fault
    lines = read(tmp_path / "audit.log")
    for i, writer in enumerate(writers):
        own = [line for line in lines if line["system"] == f"writer-{i}"]
        assert [told(line) for line in own] == writer.expected
        assert len(own) > EACH / 2, "it should be about many"
    assert len(lines) == sum(len(writer.expected) for writer in writers)
    check = quiver.command("audit", "verify", str(tmp_path / "audit.log"))
    assert check.status == 0, check.output

    # Revisions are those of the journal: each change that was made has one, and its own.
    made = [line["revision"] for line in lines if "revision" in line]
    assert len(set(made)) == len(made)
    assert all(line["verdict"] == "allowed" for line in lines if "revision" in line)
    for line in lines:
        new = line["verdict"] == "allowed" and line["status"] in (200, 201)
        if line["operation"] in ("service.register", "service.revoke", "device.revoke"):
            assert ("revision" in line) == new
        assert line["duration_us"] > 0 and line["listener"] == "secure"
        assert line["profile"] == "system" and line["fingerprint"] and line["serial"]


def test_who_proves_nothing_has_a_line(server, tmp_path):
    """The address is all that is known; the header that was sent, which may be a secret, is not there."""
    stranger = server.client(None, listener="plain")
    header = {"Authorization": "Bearer very-secret-token"}
    assert stranger.post(LOOKUP, json={}).status_code == 401
    assert stranger.post(LOOKUP, json={}, headers=header).status_code == 401
    lines = read(tmp_path / "audit.log")
    assert [line["status"] for line in lines] == [401, 401]
    for line in lines:
        assert line["peer"].startswith("127.0.0.1:") and line["listener"] == "plain"
        assert line["verdict"] == "denied" and "system" not in line and "operation" not in line
    assert "secret" not in (tmp_path / "audit.log").read_text()


def test_a_change_without_store_is_told_as_what_it_is(quiver, redis_server, tmp_path):
    redis = redis_server()
    server = quiver.start(redis=redis, store={"timeout": "1s"}, audit={"file": str(tmp_path / "audit.log")})
    provider = server.client("provider")
    redis.suspend()
    try:
        answer = provider.post(REGISTER, json=registration("kelvin"))
        assert answer.status_code == 503
    finally:
        redis.resume()
    line = read(tmp_path / "audit.log")[-1]
    assert line["verdict"] == ("unknown" if "unknown" in answer.json()["errorMessage"] else "refused")
    assert line["status"] == 503 and line["reason"] == answer.json()["errorMessage"]
    assert line["object"] == "provider::kelvin::1.0.0" and "revision" not in line


# ---- who has no identity ---------------------------------------------------------------------------


def test_a_certificate_without_identity_has_a_line(quiver, tmp_path):
    """401 for a name that is none, 403 for another cloud's, on connections that TLS let in."""
    cloud, trail = LiveCloud(tmp_path / "cloud"), tmp_path / "audit.log"
    foreign = cloud.new_authority("othercloud.company.arrowhead.eu")
    cloud.trust(cloud.authority, foreign)
    server = cloud.start(quiver, listeners=[SECURE, {**SECURE, "name": "optional", "tls": "server"}, OPS],
                         audit={"file": str(trail)})
    nameless = cloud.make("nameless", cn="nameless")
    stranger = cloud.make("stranger", foreign, cn="stranger.othercloud.company.arrowhead.eu")
    for who, listener, status in ((nameless, "secure", 401), (stranger, "secure", 403), (None, "optional", 401)):
        answer = server.client(who, listener=listener).post(LOOKUP, json={})
        assert answer.status_code == status, answer.text
        line = read(trail)[-1]
        assert (line["status"], line["verdict"], line["listener"]) == (status, "denied", listener)
        assert line["reason"] == answer.json()["errorMessage"] and line["peer"].startswith("127.0.0.1:")
        assert "system" not in line and "operation" not in line and "rule" not in line
    assert len(read(trail)) == 3


# ---- limits ----------------------------------------------------------------------------------------


@pytest.fixture
def limited(quiver, tmp_path):
    """A server whose `press` is limited so; its trail."""
    def start(**limits):
        cloud, trail = LiveCloud(tmp_path / "cloud"), tmp_path / "audit.log"
        server = cloud.start(quiver, audit={"file": str(trail)},
                             limits={"identities": [{"systems": ["press"], **limits}]})
        return server, trail
    return start


def assert_too_many(line, words):
    assert (line["status"], line["verdict"], line["reason"]) == (429, "refused", words)
    assert line["system"] == "press" and line["profile"] == "system" and line["listener"] == "secure"
    assert line["fingerprint"] and line["serial"] and line["peer"].startswith("127.0.0.1:")
    assert "operation" not in line and "rule" not in line, "it got no further"


def test_too_many_requests(limited):
    """A line at once, the next a second later at the soonest; all refusals are in the sum."""
    server, trail = limited(requests=1)
    press, refused = server.client("press"), 0

    def one_more():
        nonlocal refused
        refused += press.get(ECHO).status_code == 429
        return len(read(trail)) >= 2

    wait_until(one_more, "a second line")
    lines = read(trail)
    for line in lines:
        assert_too_many(line, "More than 1 requests a second by press")
    assert "suppressed" not in lines[0] and lines[1]["suppressed"] == refused - 2 > 0
    assert server.client("lathe").get(ECHO).status_code == 200
    assert len(read(trail)) == 2


def test_too_many_connections(limited):
    """The one that is too many has its line when it asks; a hundred of them do not fill the disk."""
    server, trail = limited(connections=1)
    kept = Session(server, "press")
    for _ in range(5):
        assert server.client("press").get(ECHO).status_code == 429
    first, refused = read(trail), 5
    assert 1 <= len(first) < 5

    def one_more():
        nonlocal refused
        refused += server.client("press").get(ECHO).status_code == 429
        return len(read(trail)) > len(first)

    wait_until(one_more, "the next line")
    lines = read(trail)
    for line in lines:
        assert_too_many(line, "More than 1 connections of press")
    assert len(lines) + sum(line.get("suppressed", 0) for line in lines) == refused
    assert kept.echo() == 200


def test_too_many_instances(limited):
    """A change that the policy granted and the limit refused: each has its line, with what it was about."""
    server, trail = limited(instances=1)
    press, words = server.client("press"), "More than 1 service instances of press"
    register(press, fresh())
    for _ in range(3):
        service = fresh()
        assert press.post(REGISTER, json=registration(service)).status_code == 429
        line = read(trail)[-1]
        assert (line["status"], line["verdict"], line["reason"]) == (429, "refused", words)
        assert (line["operation"], line["object"]) == ("service.register", f"press::{service}::1.0.0")
        assert "revision" not in line
    assert len(read(trail)) == 4


# ---- the generation of trust -----------------------------------------------------------------------

ALL = "version: 1\nrules:\n  - {name: all, who: {profile: system}, allow: ['*']}\n"


def generation_of_a_change(client, trail):
    register(client, fresh())
    return read(trail)[-1]["generation"]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_a_new_policy_raises_the_generation_and_ends_no_session(quiver, tmp_path, tls):
    """Tickets stay good under it, as connections do. A fault in it ends none either; new CRLs do, and so
    does a reload that finds nothing new, which is how to have other keys for tickets."""
    cloud, trail = LiveCloud(tmp_path / "cloud"), tmp_path / "audit.log"
    policy = write(tmp_path / "policy.yaml", ALL.encode())
    server = cloud.start(quiver, authorization={"policy": str(policy)}, audit={"file": str(trail)})
    session, client = Session(server, "client", tls=tls), server.client("provider", tls=tls)
    before = generation_of_a_change(client, trail)
    for text in (ALL + "# another\n", ALL.replace("name: all", "name: others")):
        write(policy, text.encode())
        outcome = reload(server)
        now = generation_of_a_change(client, trail)
        assert now == outcome["generation"] > before
        assert session.resume() is True and session.echo() == 200
        before = now
    write(policy, b"nonsense: 1\n")
    assert not ask_reload(server)["good"]
    assert session.resume() is True
    write(policy, (ALL + "# and CRLs\n").encode())
    cloud.write_crl()
    reload(server)
    assert session.resume() is False and session.echo() == 200
    later = Session(server, "client", tls=tls)
    assert later.resume() is True
    reload(server)
    assert later.resume() is False
    assert generation_of_a_change(client, trail) > before


def test_a_revocation_beside_a_new_policy_ends_its_session(quiver, tmp_path):
    """What is spared is spared only where nothing of the rest is new."""
    cloud = LiveCloud(tmp_path / "cloud")
    policy = write(tmp_path / "policy.yaml", ALL.encode())
    server = cloud.start(quiver, authorization={"policy": str(policy)})
    revoked = Session(server, "revoked")
    write(policy, (ALL + "# another\n").encode())
    reload(server)
    assert revoked.resume() is True
    cloud.revoke(cloud.issue("revoked"))
    write(policy, ALL.encode())
    reload(server)
    assert revoked.is_cut() and revoked.resume() == "certificate_revoked"


def test_without_tls_a_new_policy_raises_it_too(quiver, tmp_path):
    policy, trail = write(tmp_path / "policy.yaml", ALL.encode()), tmp_path / "audit.log"
    plain = {"name": "plain", "address": "127.0.0.1", "port": 0, "tls": "off", "serve": ["arrowhead"],
             "authentication": "declared"}
    server = quiver.start(listeners=[plain, OPS], cloud={"name": "testcloud.company.arrowhead.eu"},
                          authorization={"policy": str(policy)}, audit={"file": str(trail)})
    client = server.declared("provider")
    before = generation_of_a_change(client, trail)
    write(policy, (ALL + "# another\n").encode())
    reload(server)
    assert generation_of_a_change(client, trail) > before

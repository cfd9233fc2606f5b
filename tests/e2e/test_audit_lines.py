"""The audit trail and the answers, one to one: each change and each 401 and 403 has its line, in the
order of a connection's answers, and nothing else has one. A line is there when its answer arrives.
"""

import json
import random
import threading
from urllib.parse import quote

import pytest

from harness.requests import ECHO, LOOKUP, REGISTER, SERVICE, registration, revoke_path

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
    server = quiver.start(redis=redis, audit={"file": str(tmp_path / "audit.log")})
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

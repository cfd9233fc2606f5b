"""A changed policy is in force when `quiver reload` returns: from then on not one request is decided by
the old one, on whatever connection, also where the verdict had been given (and kept) before. One with a
fault leaves the old in force and names file and line; it holds back neither a revocation nor anything
else, and nothing else holds it back.
"""

import os
import re
import threading

import pytest

from harness.livecloud import (LiveCloud, Session, ask_reload, make_crl, part_of, readiness, reload,
                               shown_serial, write)
from harness.process import wait_until
from harness.requests import LOOKUP, REGISTER, assert_error, register, registration
from harness.testpki import authority

OTHER_CLOUD = "othercloud.company.arrowhead.eu"
BASE = """\
version: 1
rules:
  - name: everyone may look
    who: {profile: [system, operator]}
    allow: [service.lookup, monitor.echo]
  - name: providers publish their own
    who: {profile: system}
    allow: [service.register, service.revoke]
    on: {provider: self}
  - name: the ops listener
    who: {anonymous: true, listeners: [ops]}
    allow: ["ops.*"]
"""
QUARANTINE = """\
  - name: quarantine
    who: {systems: [consumer]}
    deny: [service.lookup]
"""
NARROW = BASE.replace("service.lookup, ", "")
FLIPS = 12
CLIENTS = 4


class Policy:
    """The policy file of a server."""

    def __init__(self, path):
        self.path = path

    def write(self, text: str) -> None:
        write(self.path, text.encode())


@pytest.fixture
def policy(tmp_path):
    made = Policy(tmp_path / "policy.yaml")
    made.write(BASE)
    return made


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def start(quiver, cloud, policy, **sections):
    return cloud.start(quiver, authorization={"policy": str(policy.path)}, **sections)


def look(client):
    return client.post(LOOKUP, json={"providerNames": ["nobody"]})


# ---- it flips --------------------------------------------------------------------------------------


def test_a_right_flips_within_one_request(quiver, cloud, policy):
    """The connection stays; its next request is decided by the new rules. No other part is touched."""
    server = start(quiver, cloud, policy)
    session = Session(server, "consumer")
    client = server.client("consumer")
    for _ in range(FLIPS):
        assert look(client).status_code == 200
        policy.write(BASE + QUARANTINE)
        assert part_of(reload(server), "policy") == {"part": "policy", "renewed": True, "faults": []}
        refused = look(client)
        assert_error(refused, 403, "denied by rule 'quarantine'", f"POST {LOOKUP}")
        assert refused.headers["x-quiver-rule"] == "quarantine"
        policy.write(NARROW)
        reload(server)
        refused = look(client)
        assert refused.status_code == 403
        assert refused.json()["errorMessage"] == "no rule allows service.lookup"
        policy.write(BASE)
        reload(server)
    assert look(client).status_code == 200
    assert session.echo() == 200, "a new policy keeps connections"


class Caller(threading.Thread):
    """Looks up without end on a connection of its own; keeps (flip before it was sent, status)."""

    def __init__(self, server, flip):
        super().__init__()
        self.client = server.client("consumer")
        self.flip = flip
        self.seen: list[tuple[int, int, int]] = []
        self.ending = False
        self.fault: Exception | None = None

    def run(self):
        try:
            while not self.ending:
                before = self.flip[0]
                status = look(self.client).status_code
                self.seen.append((before, self.flip[0], status))
        except Exception as fault:  # noqa: BLE001 - the test's own thread tells it
            self.fault = fault


@pytest.mark.concurrent
def test_under_load_nobody_is_decided_by_old_rules(quiver, cloud, policy):
    """A request that began when flip n was in force, and ended before flip n+1 began, has its verdict."""
    server = start(quiver, cloud, policy)
    flip = [0]  # even: n is in force; odd: between two
    callers = [Caller(server, flip) for _ in range(CLIENTS)]
    for caller in callers:
        caller.start()
    try:
        for number in range(FLIPS):
            have = [len(caller.seen) for caller in callers]
            wait_until(lambda: all(len(c.seen) > h + 3 or c.fault for c, h in zip(callers, have)), "requests between two flips")
            flip[0] += 1
            policy.write(BASE if number % 2 else BASE + QUARANTINE)
            done = server.reload()
            assert done.returncode == 0, done.stdout + done.stderr
            flip[0] += 1
        last = [len(caller.seen) for caller in callers]
        wait_until(lambda: all(len(c.seen) > h + 3 or c.fault for c, h in zip(callers, last)), "requests behind the last flip")
    finally:
        for caller in callers:
            caller.ending = True
            caller.join()
    assert [caller.fault for caller in callers] == [None] * CLIENTS
    for caller in callers:
        assert {status for _, _, status in caller.seen} == {200, 403}
        for before, behind, status in caller.seen:
            if before == behind and before % 2 == 0:
                assert status == (403 if before % 4 == 2 else 200), (before, status)


def test_a_right_to_an_object_flips(quiver, cloud, policy):
    """The second question, too: on whom."""
    server = start(quiver, cloud, policy)
    client = server.client("provider")
    register(client, "first")
    policy.write(BASE + """\
  - name: no second
    who: {systems: ["prov*"]}
    deny: [service.register]
    on: {services: [second]}
""")
    reload(server)
    refused = client.post(REGISTER, json=registration("second"))
    assert_error(refused, 403, "denied by rule 'no second'", f"POST {REGISTER}")
    register(client, "third")


def test_by_itself(quiver, cloud, policy):
    """The file is watched like the others."""
    server = start(quiver, cloud, policy)
    mark = server.mark()
    policy.write(BASE + QUARANTINE)
    done = server.wait_log("reloaded", since=mark, trigger="files")
    assert "policy" in done["parts"]
    assert look(server.client("consumer")).status_code == 403


def test_another_file(quiver, cloud, policy, tmp_path):
    """authorization.policy itself can change; without it the reference's rights are in force."""
    server = start(quiver, cloud, policy)
    client = server.client("consumer")
    other = Policy(tmp_path / "other.yaml")
    other.write(BASE + QUARANTINE)
    named = {"policy": str(other.path)}
    outcome = reload(server, lambda: server.write_config(authorization=named))
    assert outcome["changed"] == ["authorization.policy"]
    assert look(client).status_code == 403
    outcome = reload(server, lambda: server.write_config(authorization={"policy": None}))
    assert outcome["changed"] == ["authorization.policy"]
    assert "policy" not in [part["part"] for part in outcome["parts"]]
    assert look(client).status_code == 200
    policy.write(BASE + QUARANTINE)
    server.write_config(authorization={"policy": str(policy.path)})
    reload(server)
    assert look(client).status_code == 403


def test_the_command_tells_it(quiver, cloud, policy):
    server = start(quiver, cloud, policy)
    lines = server.reload().stdout.splitlines()
    assert "policy            renewed" in lines
    policy.write(BASE + "nonsense: 1\n")
    done = server.reload()
    assert done.returncode == 1
    assert re.search(rf"(?m)^policy            kept: {re.escape(str(policy.path))}:13: ", done.stdout)


# ---- faults ----------------------------------------------------------------------------------------

RULE = "  - name: more\n    who: {%s}\n    allow: [%s]\n"
FAULTS = {
    # what stands behind BASE + QUARANTINE, whose last line is 15; the line; a word
    "unknown-key": ("nonsense: 1\n", 16, "nonsense"),
    "unknown-key-of-a-rule": (RULE % ("profile: system", "ops.health") + "    when: now\n", 19, "when"),
    "unknown-key-of-who": (RULE % ("sytems: [a]", "ops.health"), 17, "sytems"),
    "unknown-operation": (RULE % ("profile: system", "service.regster"), 18, "service.regster"),
    "bad-profile": (RULE % ("profile: device", "ops.health"), 17, "device"),
    "bad-pattern": (RULE % ('systems: ["[a-z]"]', "ops.health"), 17, "[a-z]"),
    "bad-network": (RULE % ("anonymous: true, networks: [10.0.0.0/33]", "ops.health"), 17, "10.0.0.0/33"),
    "bad-fingerprint": (RULE % ('fingerprints: ["sha256:00"]', "ops.health"), 17, "sha256:00"),
    "unknown-group": (RULE % ('systems: ["@nobody"]', "ops.health"), 17, "nobody"),
    "repeated-name": ((RULE % ("profile: system", "ops.health")).replace("more", "quarantine"), 16, "quarantine"),
    "never-matches": (RULE % ("systems: [consumer]", "service.lookup"), 16, "quarantine"),
    "no-yaml": ("  - {name: [\n", 17, ""),
}


def assert_named(text: str, path, line: int, word: str) -> None:
    lines = [said for said in text.splitlines() if f"{path}:{line}: " in said]
    assert lines and any(word in said for said in lines), text


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_keeps_the_old_policy(quiver, cloud, policy, name):
    """`quarantine` stays in force; who reloads, reads the log, health or `quiver check` learns where."""
    added, line, word = FAULTS[name]
    policy.write(BASE + QUARANTINE)
    server = start(quiver, cloud, policy)
    client = server.client("consumer")
    policy.write(BASE + QUARANTINE + added)
    mark = server.mark()

    outcome = ask_reload(server)

    part = part_of(outcome, "policy")
    assert not outcome["good"] and not part["renewed"]
    assert_named("\n".join(part["faults"]), policy.path, line, word)
    reason = server.wait_log("reload failed", since=mark, part="policy")["reason"]
    assert str(policy.path) in reason
    state = readiness(server)
    assert state["status"] == "degraded"
    assert_named("\n".join(state["reasons"]), policy.path, line, word)
    assert all(said.startswith("policy: ") for said in state["reasons"])
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1
    assert_named(checked.output, policy.path, line, word)
    assert look(client).headers["x-quiver-rule"] == "quarantine"

    policy.write(BASE)
    reload(server)
    assert readiness(server) == {"status": "ready", "reasons": []}
    assert look(client).status_code == 200


def test_a_group_without_use(quiver, cloud, policy):
    policy.write(BASE.replace("rules:", "groups:\n  greenhouse: [temperature-*]\nrules:"))
    server = quiver.prepare(pki=cloud, tls=cloud.tls, authorization={"policy": str(policy.path)})
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1
    assert_named(checked.output, policy.path, 3, "greenhouse")


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\0\xff"),
    lambda path: (path.unlink(), path.mkdir()),
    lambda path: path.write_bytes(BASE.encode()[:100]),
], ids=["gone", "empty", "no-text", "a-folder", "cut-short"])
def test_a_file_that_cannot_be_read(quiver, cloud, policy, spoil):
    policy.write(BASE + QUARANTINE)
    server = start(quiver, cloud, policy)
    spoil(policy.path)
    outcome = ask_reload(server)
    assert not part_of(outcome, "policy")["renewed"]
    assert str(policy.path) in " ".join(part_of(outcome, "policy")["faults"])
    assert look(server.client("consumer")).headers["x-quiver-rule"] == "quarantine"
    if policy.path.is_dir():
        policy.path.rmdir()
    policy.write(BASE)
    reload(server)
    assert look(server.client("consumer")).status_code == 200


def test_a_start_refuses_it_too(quiver, cloud, policy):
    """With all faults, each with its line, and before anything listens."""
    policy.write(BASE + "nonsense: 1\nmore: 2\n")
    refused = quiver.refused(pki=cloud, tls=cloud.tls, authorization={"policy": str(policy.path)})
    assert refused.status == 1
    assert_named(refused.output, policy.path, 13, "nonsense")
    assert_named(refused.output, policy.path, 14, "more")
    assert "listening" not in refused.output


def test_check_tells_the_faults_of_trust_and_policy(quiver, cloud, policy):
    policy.write(BASE + "nonsense: 1\n")
    write(cloud.crl, b"")
    server = quiver.prepare(pki=cloud, tls=cloud.tls, authorization={"policy": str(policy.path)})
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1
    assert_named(checked.output, policy.path, 13, "nonsense")
    assert str(cloud.crl) in checked.output


# ---- one part does not hold back another -----------------------------------------------------------


def test_a_typo_in_the_policy_holds_no_revocation_back(quiver, cloud, policy):
    server = start(quiver, cloud, policy)
    revoked, other = Session(server, "revoked"), Session(server, "other")
    cloud.revoke(cloud.issue("revoked"))
    serial = cloud.renew_own(which="second")
    policy.write(BASE + QUARANTINE.replace("deny", "dney"))

    outcome = ask_reload(server)

    assert not part_of(outcome, "policy")["renewed"]
    assert part_of(outcome, "CAs and CRLs")["renewed"] and part_of(outcome, "own certificate")["renewed"]
    assert revoked.is_cut() and revoked.anew() == "certificate_revoked"
    assert other.echo() == 200 and shown_serial(server) == serial
    assert look(server.client("consumer")).status_code == 200


def bad_crl(cloud, server):
    write(cloud.crl, make_crl(authority(cloud.root, OTHER_CLOUD, "lo", length=0)))


def bad_key(cloud, server):
    write(cloud.registry.key, b"")


def bad_configuration(cloud, server):
    server.config_path.write_text("nonsense: 1\n")


@pytest.mark.parametrize("spoil", [bad_crl, bad_key, bad_configuration])
def test_no_other_fault_holds_the_policy_back(quiver, cloud, policy, spoil):
    server = start(quiver, cloud, policy)
    client = server.client("consumer")
    assert look(client).status_code == 200
    spoil(cloud, server)
    policy.write(BASE + QUARANTINE)
    outcome = ask_reload(server)
    assert not outcome["good"] and part_of(outcome, "policy")["renewed"]
    assert look(client).headers["x-quiver-rule"] == "quarantine"


# ---- what a client is told -------------------------------------------------------------------------


def test_clients_that_are_not_told(quiver, cloud, policy, tmp_path):
    """explain_to_clients: false: `Forbidden` and no header, but the reference's words where it has
    some; the audit trail keeps the rule."""
    policy.write(BASE + QUARANTINE)
    trail = tmp_path / "audit.log"
    server = cloud.start(quiver, audit={"file": str(trail)},
                         authorization={"policy": str(policy.path), "explain_to_clients": False})
    refused = look(server.client("consumer"))
    assert_error(refused, 403, "Forbidden", f"POST {LOOKUP}")
    assert "x-quiver-rule" not in refused.headers
    register(server.client("provider"), "pressure")
    other = server.client("other").delete("/serviceregistry/service-discovery/revoke/provider%3A%3Apressure%3A%3A1.0.0")
    assert other.status_code == 403 and "x-quiver-rule" not in other.headers
    assert other.json()["errorMessage"] == "Revoking other systems' service is forbidden"
    server.stop()
    assert os.path.getsize(trail) > 0
    denied = [line for line in trail.read_text().splitlines() if '"verdict":"denied"' in line]
    assert len(denied) == 2
    assert '"rule":"quarantine"' in denied[0] and '"rule":"providers publish their own"' in denied[1]

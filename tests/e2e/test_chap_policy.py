"""The policy knows CHAP's callers: who has the key (`service_key`), who shows a certificate, and nobody.

A refusal has CHAP's shape, and says by which rule in X-Quiver-Rule. The audit trail has who proved what,
by the key's number; pings have no line where they are granted, for they come by the thousand.
"""

import json

import pytest

from harness.chap import (KEY, Caller, assert_detail, fresh_id, listener, not_found, prepare_chap,
                          start_chap)
from harness.process import wait_until
from harness.server import OPS

OPS_RULE = """\
  - name: the ops listener
    who: {anonymous: true, listeners: [ops]}
    allow: ["ops.*"]
"""
READING = """\
  - name: anyone reads
    who: {anonymous: true}
    allow: [chap.list, chap.get]
"""
KEYHOLDERS = """\
  - name: holders of the key
    who: {service_key: true}
    allow: [chap.register, chap.ping, chap.delete]
"""


@pytest.fixture
def with_rules(quiver, tmp_path):
    """with_rules(text, **options): a server whose policy has these rules and those of the ops listener."""
    def start(text, **options):
        path = tmp_path / "policy.yaml"
        path.write_text(f"version: 1\nrules:\n{OPS_RULE}{text}")
        server = start_chap(quiver, authorization={
            "policy": str(path), **options.pop("authorization", {})}, **options)
        server.policy_path = path
        return server
    return start


def assert_denied(answer, rule):
    assert_detail(answer, 403, None)
    assert isinstance(answer.json()["detail"], str)
    assert answer.headers.get("x-quiver-rule") == rule


def test_the_key_is_a_right_of_its_own(with_rules):
    """The same key that proves who calls grants nothing where no rule says so."""
    server = with_rules(READING)
    caller, name = Caller(server), fresh_id()
    for answer in (caller.register(name), caller.ping(name), caller.delete(name)):
        assert_detail(answer, 403, None)
    assert caller.ids() == []
    server.policy_path.write_text(server.policy_path.read_text() + KEYHOLDERS)
    assert server.reload().returncode == 0
    caller.registered(name)
    assert caller.pinged(name) and caller.delete(name).status_code == 204


def test_each_operation_may_be_denied(with_rules):
    """By a rule that names it; the answer has the rule's name, and nothing happens."""
    denials = "".join(f"""\
  - name: no {operation} of secret ones
    who: {{service_key: true}}
    deny: [chap.{operation}]
    on: {{provider: secret-{operation}-*}}
""" for operation in ("register", "ping", "delete"))
    server = with_rules(READING + KEYHOLDERS + denials)
    caller = Caller(server)
    assert_denied(caller.register("secret-register-1"), "no register of secret ones")
    assert_detail(caller.get("secret-register-1"), 404, not_found("secret-register-1"))
    caller.registered("secret-ping-1")
    before = caller.found("secret-ping-1")
    assert_denied(caller.ping("secret-ping-1"), "no ping of secret ones")
    assert caller.found("secret-ping-1") == before
    caller.registered("secret-delete-1")
    assert_denied(caller.delete("secret-delete-1"), "no delete of secret ones")
    assert caller.found("secret-delete-1")


@pytest.mark.parametrize("operation, path", [("chap.list", "/v2/services"),
                                             ("chap.get", "/v2/services/some-model")])
def test_reading_may_be_denied(with_rules, operation, path):
    deny = f"""\
  - name: not to be read
    who: {{anonymous: true}}
    deny: [{operation}]
"""
    server = with_rules(READING + KEYHOLDERS + deny)
    Caller(server).registered("some-model")
    assert_denied(Caller(server, None).client.get(path), "not to be read")


def test_reading_with_the_key_alone(with_rules):
    """A key that is sent with a read counts, a wrong one does not harm and does not help."""
    server = with_rules(KEYHOLDERS.replace("allow: [", "allow: [chap.list, chap.get, "))
    Caller(server).registered("some-model")
    assert Caller(server).ids() == ["some-model"]
    for key in (None, "wrong"):
        assert_detail(Caller(server, key).list(), 403, None)
        assert_detail(Caller(server, key).get("some-model"), 403, None)


def test_rules_see_version_and_metadata(with_rules):
    deny = """\
  - name: only releases
    who: {service_key: true}
    deny: [chap.register]
    unless: {versions: ["1.*"]}
"""
    server = with_rules(READING + KEYHOLDERS + deny)
    caller = Caller(server)
    assert_denied(caller.register("some-model", version="0.9.0"), "only releases")
    caller.registered("some-model", version="1.2.3")


def test_rules_see_metadata_that_has_a_nul(with_rules):
    """CHAP takes such texts: who registered so must be able to ping and to delete, or be refused."""
    deny = """\
  - name: no weekly ones
    who: {service_key: true}
    deny: [chap.ping, chap.delete]
    on: {metadata: {period_type: weekly}}
"""
    caller = Caller(with_rules(READING + KEYHOLDERS + deny))
    for period in ("monthly", "weekly"):
        name = f"{period}-model"
        caller.registered(name, display_name="a\0b", version="1\0", period_type=period)
        for answer in (caller.ping(name), caller.delete(name)):
            if period == "weekly":
                assert_denied(answer, "no weekly ones")
            else:
                assert answer.status_code in (200, 204), answer.text


def test_rules_are_not_explained_where_that_is_off(with_rules):
    deny = """\
  - name: a name nobody should read
    who: {service_key: true}
    deny: [chap.ping]
"""
    server = with_rules(READING + KEYHOLDERS + deny, authorization={"explain_to_clients": False})
    caller = Caller(server)
    caller.registered("some-model")
    answer = caller.ping("some-model")
    assert_detail(answer, 403, None)
    assert "x-quiver-rule" not in answer.headers and "nobody should read" not in answer.text


def test_what_is_wrong_with_the_key_comes_before_the_policy(with_rules):
    server = with_rules("")
    assert_detail(Caller(server, "wrong").register("some-model"), 401, "Invalid service key")
    assert_detail(Caller(server, KEY).register("some-model"), 403, None)


def test_policy_explain_knows_them(quiver):
    """Offline it says what the server does by the shipped rules."""
    path = prepare_chap(quiver).config_path
    asked = ("policy", "explain", "--config", path, "--operation", "chap.register", "--service",
             "ml-service", "--provider", "some-model")
    with_key = quiver.command(*asked, "--service-key")
    without = quiver.command(*asked, "--anonymous")
    assert with_key.status == 0 and "holders of a service key" in with_key.output, with_key.output
    assert without.status == 1, without.output


def test_audit_lines(quiver, tmp_path):
    """A line for each change and each refusal, with the key's number, and none for granted pings."""
    trail = tmp_path / "audit.log"
    server = start_chap(quiver, listeners=[listener(), OPS], audit={"file": str(trail)})
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    for _ in range(20):
        caller.pinged(name)
    certified = Caller(server, who="some-system")
    certified.registered(name, "http://new:1")
    for wrong in (Caller(server, "wrong"), Caller(server, None)):
        assert wrong.ping(name).status_code in (401, 422)
    assert caller.delete(name).status_code == 204

    def lines():
        read = [json.loads(line) for line in trail.read_text().splitlines()]
        found = [line for line in read if str(line.get("operation", "")).startswith("chap.")]
        return found if len(found) >= 5 else None

    found = wait_until(lines, "all lines")
    assert [(line["operation"], line["verdict"], line["status"]) for line in found] == [
        ("chap.register", "allowed", 200), ("chap.register", "allowed", 200),
        ("chap.ping", "denied", 401), ("chap.ping", "denied", 422), ("chap.delete", "allowed", 204)]
    assert found[0]["key"] == found[1]["key"] == found[4]["key"] == 1
    assert found[1]["system"] == "some-system" and not found[0].get("system")
    assert "key" not in found[2] and KEY not in trail.read_text()
    assert {found[place]["object"] for place in (0, 1, 4)} == {name}
    checked = quiver.command("audit", "verify", str(trail))
    assert checked.status == 0, checked.output


def test_no_path_makes_the_trail_unreadable(quiver, tmp_path):
    """Whoever reaches the listener may ask for any id; the trail holds, also when it is gone on with."""
    trail = tmp_path / "audit.log"
    server = start_chap(quiver, listeners=[listener(), OPS], audit={"file": str(trail)})
    for number, odd in enumerate(["%00", "a%00b", "%0a%0d", "%ff%fe", "%ED%A0%80", "%7f%1b%22%5c"]):
        answer = Caller(server, "wrong").delete(odd)
        assert answer.status_code == 401, answer.text
        wait_until(lambda: len(trail.read_bytes().splitlines()) > number, "its line")
    server.restart()
    assert Caller(server).delete("gone").status_code == 404
    checked = quiver.command("audit", "verify", str(trail))
    assert checked.status == 0 and "torn" not in checked.output, checked.output

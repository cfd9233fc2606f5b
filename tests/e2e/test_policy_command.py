"""`quiver policy`: what an operator asks of the rules without a server, and that the server decides just so."""

import json
import subprocess

import pytest

from harness.requests import LOOKUP, REGISTER, registration, revoke_path
from harness.server import quiver_command, server_environment

POLICY = """\
version: 1
groups:
  greenhouse: [temperature-*, humidity-*]
rules:
  - name: everyone may look
    who: {profile: [system, operator]}
    allow: [service.lookup]
  - name: providers publish their own
    who: {profile: system}
    allow: [service.register, service.revoke]
    on: {provider: self}
  - name: greenhouse publishes only its services
    who: {systems: ["@greenhouse"]}
    deny: [service.register]
    unless: {services: [kelvin-*]}
  - name: quarantine
    who: {systems: [broken-sensor]}
    deny: ["*"]
"""
MET = """\
- {name: all look, system: pump, operation: service.lookup, expect: allow, rule: everyone may look}
- {name: kelvin, system: temperature-1, operation: service.register, service: kelvin-info, expect: allow}
- {name: shut out, system: broken-sensor, operation: service.lookup, expect: deny, rule: quarantine}
"""


@pytest.fixture
def server(quiver, tmp_path):
    """Not started."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return quiver.prepare(authorization={"policy": str(path)})


def run(*arguments, given=None):
    """The two streams apart."""
    return subprocess.run(quiver_command("policy", *arguments), env=server_environment(), input=given,
                          capture_output=True, text=True, timeout=60)


def test_operations():
    done = run("operations")
    assert (done.returncode, done.stderr) == (0, "")
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert {"service.register", "system.lookup", "monitor.echo", "management.access", "chap.ping",
            "ops.health"} <= set(names)
    assert len(names) == len(set(names))


def test_expectations_that_are_met(server, tmp_path):
    expectations = tmp_path / "tests.yaml"
    expectations.write_text(MET)
    done = run("test", expectations, "--config", server.config_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 expectations, 0 failed\n", "")


def test_an_expectation_that_is_not_met(server, tmp_path):
    """Exit status 1, and a diff: what was expected, what was decided, where both stand."""
    expectations = tmp_path / "tests.yaml"
    expectations.write_text(MET + "- {name: pressure, system: temperature-1, operation: service.register,\n"
                                  "   service: pressure, expect: allow, rule: providers publish their own}\n")
    done = run("test", expectations, "--config", server.config_path)
    assert done.returncode == 1
    said = done.stdout.splitlines()
    policy = tmp_path / "policy.yaml"
    assert f"FAIL pressure ({expectations}:4)" in said
    assert "  - expected: allow by 'providers publish their own'" in said
    assert any(line.startswith("  + decided:  deny by 'greenhouse publishes only its services' "
                               f"({policy}:12)") for line in said)
    assert f"    'providers publish their own' ({policy}:8): matches" in said
    assert said[-1] == "4 expectations, 1 failed"


def test_expectations_with_a_fault(server, tmp_path):
    """Nothing is taken for met that could not be asked."""
    expectations = tmp_path / "tests.yaml"
    expectations.write_text(MET + "- {name: typo, sytem: pump, operation: service.lookup, expect: allow}\n")
    done = run("test", expectations, "--config", server.config_path)
    assert done.returncode == 2
    assert f"{expectations}:4: " in done.stderr and "sytem" in done.stderr


def test_a_policy_with_a_fault(server, tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY + "nonsense: 1\n")
    (tmp_path / "tests.yaml").write_text(MET)
    for arguments in (("test", tmp_path / "tests.yaml"),
                      ("explain", "--system", "pump", "--operation", "service.lookup")):
        done = run(*arguments, "--config", server.config_path)
        assert done.returncode == 2
        assert f"{tmp_path / 'policy.yaml'}:19: " in done.stderr


def test_explain(server, tmp_path):
    done = run("explain", "--config", server.config_path, "--system", "temperature-1", "--operation",
               "service.register", "--service", "pressure")
    assert done.returncode == 1
    assert f"denied by rule 'greenhouse publishes only its services' ({tmp_path / 'policy.yaml'}:12)" in done.stdout
    assert "'everyone may look': is not about service.register" in done.stdout
    assert "'quarantine': who: system temperature-1 is not of broken-sensor" in done.stdout


SYSTEMS = ["pump", "temperature-1", "broken-sensor"]
SERVICES = ["kelvin-info", "pressure"]


def asked():
    """(question, what the same would be asked of the server) for everything that these names can ask."""
    for system in SYSTEMS:
        yield ({"system": system, "operation": "service.lookup"},
               lambda client: client.post(LOOKUP, json={"providerNames": ["x"]}))
        for service in SERVICES:
            yield ({"system": system, "operation": "service.register", "service": service,
                    "interface": "generic-http", "policy": "NONE", "metadata": {}, "version": "1.0.0"},
                   lambda client, service=service: client.post(REGISTER, json=registration(service)))
            for provider in SYSTEMS:
                yield ({"system": system, "operation": "service.revoke", "provider": provider, "service": service,
                        "version": "1.0.0"},
                       lambda client, service=service, provider=provider:
                       client.delete(revoke_path(f"{provider}::{service}::1.0.0")))


def test_the_server_decides_as_explain_says(server):
    """Verdict, rule and words, asked in one process by JSON lines."""
    cases = list(asked())
    done = run("explain", "--config", server.config_path, "--questions", "-",
               given="".join(json.dumps(question) + "\n" for question, _ in cases))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases), done.stderr
    server.start()
    clients = {name: server.client(name) for name in SYSTEMS}
    for (question, ask), said in zip(cases, answers):
        answer = ask(clients[question["system"]])
        assert said["allowed"] == (answer.status_code in (200, 201, 204)), (question, said, answer.text)
        if not said["allowed"]:
            assert answer.status_code == 403
            assert answer.json()["errorMessage"] == said["message"], question
            assert answer.headers.get("x-quiver-rule") == said["rule"], question
    assert {said["allowed"] for said in answers} == {True, False}

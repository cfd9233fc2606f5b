"""What `visible` hides is in no lookup: whatever is asked for, a caller is answered as if what is hidden
from it were not there, entries and count, while the operator is shown all. Random questions, compared with
what the operator is answered to the same question.
"""

import random

import pytest

from harness.requests import LOOKUP, interface, register

POLICY = """\
version: 1
groups:
  greenhouse: [humidity-*, temperature-*]
rules:
  - name: all
    who: {profile: [system, operator]}
    allow: ["*"]
visible:
  - name: greenhouse
    who: {systems: ["@greenhouse"]}
    on: {provider: ["@greenhouse"]}
  - name: own
    who: {profile: system}
    on: {provider: self}
  - name: open
    who: {profile: system}
    on: {metadata: {open: true}}
  - name: secured, for pumps
    who: {systems: [pump]}
    on: {interfaces: [generic-https], policies: [CERT_AUTH]}
  - name: operators
    who: {profile: operator}
"""
PROVIDERS = ["temperature-1", "temperature-2", "humidity-1", "pump", "valve"]
VIEWERS = ["temperature-1", "pump", "valve", "stranger"]
SERVICES = ["kelvin", "flow", "state"]
QUESTIONS = 400


def may_see(viewer, entry):
    provider, metadata = entry["provider"]["name"], entry.get("metadata") or {}
    group = ("humidity-", "temperature-")
    secured = all(one["templateName"] == "generic-https" and one["policy"] == "CERT_AUTH"
                  for one in entry["interfaces"])
    return (provider == viewer or metadata.get("open") is True or (viewer == "pump" and secured)
            or (viewer.startswith(group) and provider.startswith(group)))


def question(dice, ids):
    """Filters that look at everything there is."""
    filters = {
        "instanceIds": lambda: dice.sample(ids, 12),
        "providerNames": lambda: dice.sample(PROVIDERS, 3),
        "serviceDefinitionNames": lambda: dice.sample(SERVICES, 2),
        "versions": lambda: [dice.choice(["1.0.0", "2.0.0"])],
        "metadataRequirementsList": lambda: [{"open": dice.choice([True, False])}],
        "policies": lambda: [dice.choice(["NONE", "CERT_AUTH"])],
        "interfaceTemplateNames": lambda: [dice.choice(["generic-http", "generic-https"])],
    }
    first = dice.choice(["instanceIds", "providerNames", "serviceDefinitionNames"])
    asked = {first, *dice.sample(list(filters), dice.randint(0, 2))}
    return {name: filters[name]() for name in asked}


def ask(client, body):
    answer = client.post(LOOKUP, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["count"] == len(found["entries"])
    return found["entries"]


@pytest.fixture
def server(quiver, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    return quiver.start(authorization={"policy": str(policy)})


def test_a_lookup_never_leaks_what_is_hidden(server):
    dice = random.Random(6)
    ids = []
    for name in PROVIDERS:
        client = server.client(name)
        for service in SERVICES:
            for version in ("1.0.0", "2.0.0"):
                kinds = dice.choice([["generic-http"], ["generic-https"],
                                     ["generic-http", "generic-https"]])
                offered = [interface(kind, dice.choice(["NONE", "CERT_AUTH"])) for kind in kinds]
                ids.append(register(client, service, version=version, interfaces=offered,
                                    metadata={"open": dice.random() < 0.2})["instanceId"])
    boss = server.client("boss", "operator")
    clients = {viewer: server.client(viewer) for viewer in VIEWERS}
    whole = {entry["instanceId"]: entry for entry in ask(boss, {"instanceIds": ids})}
    assert len(whole) == len(ids)
    hidden = 0
    for _ in range(QUESTIONS):
        body = question(dice, ids)
        everything = ask(boss, body)
        for viewer, client in clients.items():
            # Judged by the whole instance: an interface filter shows a part of it.
            seen = [entry for entry in everything if may_see(viewer, whole[entry["instanceId"]])]
            hidden += len(everything) - len(seen)
            assert ask(client, body) == seen, (viewer, body)
    assert hidden > QUESTIONS

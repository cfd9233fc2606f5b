"""`quiver policy explain` and the server are of one mind: 10,000 random requests under random rules,
and the same as questions to one process of the command. Verdict, rule and words must agree for each;
of what is permitted the audit trail has the rule, of each change.

Some rules are about what is stored (a revocation is judged with the instance that stands under the id),
so the questions are written afterwards, when the answers have told what stood there. That this is known
although all ask at once, each id is changed by one caller alone.
"""

import json
import random
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from harness.keepalive import Asker, Request, ask_beside_each_other
from harness.livecloud import reload, write
from harness.random_policies import (CALLERS, KINDS, NOTES, PROVIDERS, SHOWN, VERSIONS, Author, Caller,
                                     World, describe, some)
from harness.requests import REGISTER, interface, registration
from harness.server import OPS, SECURE, quiver_command, server_environment

LISTENERS = [SECURE, {**SECURE, "name": "second"}, OPS]
EACH = 250  # of 8 callers under 5 policies
SEEDS = range(6, 11)

BASE = """\
version: 1
rules:
  - name: all
    who: {profile: [system, operator]}
    allow: ["*"]
"""


def fill(server, dice, world):
    """What callers find: what is only looked at, and for each caller some of everybody's to revoke."""
    for name in PROVIDERS:
        asked = []
        for service in [*SHOWN, *(f"for-{caller}" for caller in CALLERS)]:
            for version in VERSIONS:
                kinds, metadata = some(dice, KINDS), dice.choice(NOTES)
                world.stored["instance", name, service, version] = describe(kinds, metadata)
                asked.append(Request("POST", REGISTER, registration(
                    service, version=version, metadata=metadata, interfaces=[interface(*kind) for kind in kinds])))
        with connect(server, name) as connection:
            asker = Asker(connection, asked)
            ask_beside_each_other([asker])
        assert {answer.status for answer in asker.answers} == {201}


def connect(server, name):
    profile, listener = CALLERS[name]
    return server.connect(name, profile, listener=listener, timeout=60)


# ---- comparing -------------------------------------------------------------------------------------


def complete(asked, answer, world):
    """The question with what stood there, and the world with what the answer says has changed."""
    question = dict(asked.question)
    if asked.content is None and asked.key is not None:
        question.update(world.stored.get(asked.key, {}))
    if asked.key is not None and not asked.entry and answer.status < 300:
        if asked.content is not None:
            world.stored[asked.key] = asked.content
        else:
            world.stored.pop(asked.key, None)
    return question


def verdict_of(asked, answer):
    if asked.question["operation"] == "management.access":
        assert answer.status in (403, 404), answer  # there is nothing below it
        return answer.status == 404
    if answer.status == 400:  # permitted, but another one of that name stands there
        assert b"metadata is not matching" in answer.body, (asked, answer)
        return True
    assert answer.status in (200, 201, 204, 403), (asked, answer)
    return answer.status != 403 and (not asked.entry or json.loads(answer.body)["count"] == 1)


def compare(asked, question, answer, said, line):
    """What differs between the command and the server; None: nothing."""
    told = [("verdict", said["allowed"], verdict_of(asked, answer))]
    if answer.status == 403:
        told.append(("words", said.get("message"), json.loads(answer.body)["errorMessage"]))
        told.append(("rule", said.get("rule"), answer.header("x-quiver-rule")))
    if line is not None:
        told.append(("rule of the audit trail", said.get("rule"), line.get("rule")))
        told.append(("operation", question["operation"], line["operation"]))
    differing = [f"{what}: explain {one!r}, server {other!r}" for what, one, other in told if one != other]
    return "\n".join([*differing, f"question: {json.dumps(question)}", f"explain: {json.dumps(said)}",
                      f"server: {answer}", f"audit: {line}"]) if differing else None


def has_line(asked, answer):
    return answer.status == 403 or (asked.key is not None and not asked.entry)


def explain(server, questions):
    """One process for all."""
    done = subprocess.run(quiver_command("policy", "explain", "--config", server.config_path, "--questions", "-"),
                          input="".join(json.dumps(question) + "\n" for question in questions), text=True,
                          env=server_environment(), capture_output=True, timeout=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, len(answers)) == (0, len(questions)), done.stderr
    return answers


class Trail:
    """The lines that were written since the last look, by system."""

    def __init__(self, path):
        self.path, self.read = path, 0

    def news(self):
        whole = self.path.read_bytes()
        lines = [json.loads(line) for line in whole[self.read:].splitlines()]
        self.read = len(whole)
        return {name: iter([line for line in lines if line["system"] == name]) for name in CALLERS}


def ask_under(server, trail, world, seed):
    """Everybody asks at once; gives (asked, question, answer, audit line) of each."""
    callers = {name: list(Caller(name, random.Random(f"{seed} {name}")).requests(EACH)) for name in CALLERS}
    connections = {name: connect(server, name) for name in CALLERS}
    askers = {name: Asker(connections[name], [asked.request for asked in callers[name]]) for name in CALLERS}
    try:
        ask_beside_each_other(list(askers.values()))
    finally:
        for connection in connections.values():
            connection.close()
    news = trail.news()
    for name in CALLERS:
        who = {**Caller(name, None).own, **server.proofs[name][2], "address": "127.0.0.1"}
        for asked, answer in zip(callers[name], askers[name].answers, strict=True):
            line = next(news[name]) if has_line(asked, answer) else None
            yield asked, {**who, **complete(asked, answer, world)}, answer, line
        assert next(news[name], None) is None, "a line more than answers"


@pytest.fixture
def server(quiver, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(BASE)
    made = quiver.start(listeners=LISTENERS, authorization={"policy": str(policy)},
                        audit={"file": str(tmp_path / "audit.log")})
    made.proofs = {}
    for name, (profile, _) in CALLERS.items():
        leaf = made.certificate(name, profile).load()
        fingerprint, serial = f"sha256:{leaf.fingerprint(hashes.SHA256()).hex()}", f"{leaf.serial_number:x}"
        made.proofs[name] = (fingerprint, serial, {"fingerprint": fingerprint, "serial": serial})
    return made


def test_explain_agrees_with_the_server(server, tmp_path):
    world, trail = World(), Trail(tmp_path / "audit.log")
    fill(server, random.Random("world"), world)
    trail.news()
    verdicts, rules, count = [], set(), 0
    for seed in SEEDS:
        author = Author(random.Random(seed), server.proofs)
        write(Path(server.config["authorization"]["policy"]), author.policy().encode())
        reload(server)
        told = list(ask_under(server, trail, world, seed))
        said = explain(server, [question for _, question, _, _ in told])
        faults = [fault for (asked, question, answer, line), one in zip(told, said, strict=True)
                  if (fault := compare(asked, question, answer, one, line)) is not None]
        assert not faults, f"policy {seed}: {len(faults)} differ\n" + "\n\n".join(faults[:3])
        verdicts += [one["allowed"] for one in said]
        rules |= {(seed, one.get("rule")) for one in said}
        count += len(said)
    assert count == 10_000
    assert count // 5 < sum(verdicts) < count * 4 // 5, "it should be about both"
    assert len(rules) > 40, "many rules should decide"

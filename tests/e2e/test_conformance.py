"""What the running Arrowhead reference answered is what Quiver answers, scenario by scenario.

The files in conformance/ hold the recorded requests and answers of both dialects; where a step says
`quiver`, Quiver means to differ (docs/compatibility.md) and that is what is expected. One server per
set of settings serves all scenarios that need it; each scenario uses names of its own.
"""

from __future__ import annotations

import pytest

from harness.conformance import Callers, Scenario, Stage, Words, body_of, request_of, scenarios
from harness.judge import answer_faults
from harness.server import Quiver
from harness.stalls import again_after_a_stall
from harness.wire import Response

# Steps whose recorded answer Quiver does not give and the file does not say so: scenario and step,
# the reason stands in docs/compatibility.md.
HELD_WRONG = {
    "5.2-service-lookup-own-entries": frozenset({4}),  # advertises management, which is not offered
}
SCENARIOS = [*scenarios("arrowhead-5.0.json"), *scenarios("arrowhead-5.2.json")]


@pytest.fixture(scope="module")
def stage_of(pki):
    """stage_of(scenario): the server that a scenario needs, started when first asked for."""
    factory = Quiver(pki)
    callers = Callers(pki)
    stages: dict[str, Stage] = {}

    def find(scenario: Scenario) -> Stage:
        if scenario.server not in stages:
            stages[scenario.server] = Stage(factory.start(plain=True, **scenario.sections), callers)
        return stages[scenario.server]

    yield find
    factory.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_scenario(stage_of, scenario):
    def play():
        faults = stage_of(scenario).replay(scenario, HELD_WRONG.get(scenario.name, frozenset()))
        assert not faults, f"{scenario.name} ({scenario.about}):\n" + "\n".join(faults)

    again_after_a_stall(play)() if scenario.seconds else play()


def test_held_wrong_are_few_and_exist():
    names = {scenario.name: len(scenario.steps) for scenario in SCENARIOS}
    steps = [(name, step) for name, some in HELD_WRONG.items() for step in some]
    assert len(steps) <= 5
    assert all(step < names[name] for name, step in steps)


def answer(body: str, status: int = 200, **headers: str) -> Response:
    given = {"content-type": "application/json", **headers}
    return Response(status, "", list(given.items()), body.encode())


JUDGED = [
    # what is expected, the body found, whether that is a fault
    ({"n": 5}, '{"n":5}', False),
    ({"n": 5}, '{"n":5.0}', True),
    ({"n": 1}, '{"n":true}', True),
    ({"n": None}, "{}", True),
    ({}, '{"n":null}', True),
    ({"n": "<any>"}, '{"n":[1]}', False),
    ({"n": "<any>"}, "{}", True),
    ({"t": "<time>"}, '{"t":"2026-01-31T12:00:00Z"}', False),
    ({"t": "<time>"}, '{"t":"2026-01-31T12:00:00.5Z"}', True),
    ({"t": "<instant>"}, '{"t":"2026-01-31T12:00:00.123456789Z"}', False),
    ({"t": "<instant>"}, '{"t":"2026-01-31T12:00:00+00:00"}', True),
    ({"t": "<uuid>"}, '{"t":"00000000-0000-4000-8000-000000000000"}', False),
    ({"l": [1, 2]}, '{"l":[2,1]}', True),
    ({"l": [1, 2]}, '{"l":[1,2,3]}', True),
    ({"n": 1}, '{"n":1,"n":1}', True),
    ({"n": 1}, '{"n":1', True),
]


@pytest.mark.parametrize("wanted, body, is_fault", JUDGED)
def test_judge_sees_a_body_that_differs(wanted, body, is_fault):
    found = answer_faults({"status": 200, "answer": wanted}, answer(body))
    assert bool(found) == is_fault, found


def test_judge_sees_status_type_headers_and_order():
    wanted = {"status": 200, "type": "application/json", "answer": {"a": 1, "b": [{"c": 1, "d": 2}]}}
    same = answer('{"a":1,"b":[{"c":1,"d":2}]}')
    turned = answer('{"a":1,"b":[{"d":2,"c":1}]}')
    assert not answer_faults(wanted, same, order=True)
    assert not answer_faults(wanted, turned, order=[""])
    assert answer_faults(wanted, turned, order=True)
    assert answer_faults(wanted, turned, order=["/b/0"])
    assert answer_faults(wanted, answer("{}", 404))
    assert answer_faults({**wanted, "type": "text/plain"}, same)
    assert answer_faults({**wanted, "answer": None}, same)
    assert not answer_faults({**wanted, "status": [200, 204]}, same)
    allowed = {"status": 405, "answer_headers": {"Allow": "GET,HEAD", "Location": None}}
    assert not answer_faults(allowed, answer("", 405, allow="HEAD, GET"))
    assert answer_faults(allowed, answer("", 405, allow="HEAD"))
    assert answer_faults(allowed, answer("", 405))
    assert answer_faults(allowed, answer("", 405, allow="GET, HEAD", location="/"))


def test_judge_takes_unordered_lists_as_sets():
    wanted = {"status": 200, "answer": {"entries": [{"n": 1}, {"n": 2}]}}
    assert not answer_faults(wanted, answer('{"entries":[{"n":2},{"n":1}]}'), ["/entries"])
    assert answer_faults(wanted, answer('{"entries":[{"n":2},{"n":2}]}'), ["/entries"])
    assert answer_faults(wanted, answer('{"entries":[{"n":2},{"n":1},{"n":1}]}'), ["/entries"])


def test_placeholders_and_bytes_of_a_request():
    words = Words("https://127.0.0.1:1")
    run = words.known["run"]
    step = words.fill({"as": None, "do": "POST /x/${run}%7C${RUN}", "text": "${a*3}é",
                       "encoding": "utf-16-be", "headers": {"Accept": None, "X": ["1", "2"]}})
    assert body_of(step) == b"\0a\0a\0a\0\xe9"
    assert request_of(step, "host:1", "Bearer SYSTEM//a") == (
        f"POST /x/{run}%7C{run.upper()} HTTP/1.1\r\nHost: host:1\r\n"
        "Authorization: Bearer SYSTEM//a\r\nContent-Type: application/json\r\n"
        "Content-Length: 8\r\nX: 1\r\nX: 2\r\n\r\n").encode() + body_of(step)
    assert request_of({"do": "POST /"}, "h", None).endswith(b"Content-Length: 0\r\n\r\n")
    later, now = words.text("<time+1h>"), words.text("<time+0s>")
    assert later > now and words.text("<time+3600s>") == later

"""What the running CHAP reference answered is what Quiver answers, scenario by scenario, in each dialect.

The files in conformance/ hold the recorded requests and answers; where a step says `quiver`, Quiver
means to differ (docs/compatibility.md) and that is what is expected. One server per set of settings
serves all scenarios that need it. Over TLS one after the other, and then those that may all at once
on a listener without TLS: no answer depends on what else is being asked.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.conformance import Words, request_of, scenarios
from harness.conformance_chap import ChapStage, server_of, start_for
from harness.judge import answer_faults, time_faults
from harness.server import Quiver
from harness.stalls import again_after_a_stall
from harness.wire import Response

FILES = ["chap-seed.json", "chap-2.1.json", "chap-2.2.json"]
SCENARIOS = [scenario for file in FILES for scenario in scenarios(file)]
AT_ONCE = 16


@pytest.fixture(scope="module")
def server_for(pki):
    """server_for(scenario): the server that a scenario needs, started when first asked for."""
    factory = Quiver(pki)
    servers: dict[str, object] = {}

    def find(scenario):
        name = server_of(scenario)
        if name not in servers:
            servers[name] = start_for(factory, scenario)
        return servers[name]

    yield find
    factory.close()


def told(scenario, faults: list[str]) -> str:
    return f"{scenario.name} ({scenario.about}):\n" + "\n".join(faults)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_scenario(server_for, scenario):
    def play():
        faults = ChapStage(server_for(scenario)).replay(scenario)
        assert not faults, told(scenario, faults)

    again_after_a_stall(play)() if scenario.seconds else play()


@pytest.mark.concurrent
@pytest.mark.parametrize("file", FILES)
def test_all_at_once(server_for, file):
    """Each scenario that needs no server and no registry of its own, beside all others."""
    known = scenarios(file)
    usual = server_of(known[0])
    some = [scenario for scenario in known if not scenario.empty and server_of(scenario) == usual
            and scenario.seconds < 1]
    server = server_for(some[0])

    def play(scenario):
        faults = ChapStage(server, "plain").replay(scenario)
        return told(scenario, faults) if faults else ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [text for text in pool.map(play, some) if text]
    assert len(some) > 50 and not found, "\n".join(found)


# ---- the runner's own -------------------------------------------------------------------------------


def answer(body, status: int = 200, **headers: str) -> Response:
    given = {"content-type": "application/json", **headers}
    return Response(status, "", list(given.items()), json.dumps(body).encode())


@pytest.mark.parametrize("text, fits", [
    ("2026-01-31T12:00:00.123456+00:00", True),
    ("2026-01-31T12:00:00+00:00", True),
    ("2026-01-31T12:00:00.123+00:00", False),
    ("2026-01-31T12:00:00.123456Z", False),
    ("2026-01-31T12:00:00.123456", False),
])
def test_judge_knows_the_times_of_chap(text, fits):
    assert bool(answer_faults({"status": 200, "answer": {"t": "<chap-time>"}},
                              answer({"t": text}))) != fits


def test_judge_compares_times_with_each_other():
    early, late = "2026-01-31T12:00:00+00:00", "2026-01-31T12:00:30.400000+00:00"
    found = {"a": early, "b": late, "c": "soon"}
    assert not time_faults({"times": [["/a", "/b", 30]], "after": {"/b": early}}, found)
    assert time_faults({"times": [["/a", "/b", 31]]}, found)
    assert time_faults({"times": [["/b", "/a", 30]]}, found)
    assert time_faults({"times": [["/a", "/c", 30]]}, found)
    assert time_faults({"times": [["/a", "/d", 30]]}, found)
    assert time_faults({"after": {"/a": early}}, found)
    assert time_faults({"after": {"/d": early}}, found)


def test_judge_takes_any_value_of_a_header_but_not_none():
    wanted = {"status": 405, "answer_headers": {"allow": "<any>"}}
    assert not answer_faults(wanted, answer({}, 405, allow="GET, HEAD"))
    assert answer_faults(wanted, answer({}, 405))


def test_requests_are_chunked_where_the_step_says_so():
    step = {"do": "POST /x", "text": "y" * 150, "headers": {"Transfer-Encoding": "chunked"}}
    head, _, body = request_of(step, "h", None).partition(b"\r\n\r\n")
    assert b"Content-Length" not in head and b"Transfer-Encoding: chunked" in head
    assert body == b"64\r\n" + b"y" * 100 + b"\r\n32\r\n" + b"y" * 50 + b"\r\n0\r\n\r\n"


def test_keys_and_headers_of_a_request():
    words = Words("https://h:1", key="k1", **{"key-upper": "K1", "key-first": "k"})
    step = words.fill({"do": "PUT /", "headers": {
        "X-Service-Key": ["${key}", "${key-upper}", "${key-first}"], "Accept": None}})
    assert request_of(step, "h", None) == (
        b"PUT / HTTP/1.1\r\nHost: h\r\nX-Service-Key: k1\r\nX-Service-Key: K1\r\n"
        b"X-Service-Key: k\r\n\r\n")


def test_what_a_quiver_member_expects_replaces_what_was_recorded():
    """Its answer, its order and its times, none of the step's; every file is of known form."""
    known = {"as", "do", "headers", "wait", "body", "text", "hex", "encoding", "status", "type",
             "answer", "answer_text", "answer_headers", "keep", "unordered", "order", "times",
             "after", "quiver"}
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    assert not {name for step in steps for name in step} - known
    assert all("why" in step["quiver"] and "status" in step["quiver"]
               for step in steps if "quiver" in step)
    assert len(SCENARIOS) > 250 and len(steps) > 1300

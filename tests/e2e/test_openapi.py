"""docs/openapi.json describes what the server does: served as it stands in the file, and held against
the server by schemathesis, which makes requests from the description, right ones and wrong ones, and
compares each answer with it. Over a declared plain listener; the amount is bounded and the same each time.
"""

import json

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CHECKS

from harness import ROOT
from harness.shared import start_shared  # noqa: F401
from harness.chap import KEY, key_environment, listener
from harness.requests import assert_error
from harness.server import OPS, PLAIN, SECURE

FILE = ROOT / "docs/openapi.json"
EXAMPLES = 40
DESCRIPTION = schemathesis.openapi.from_path(FILE)
# What the description cannot say: which texts are names, addresses, times and so on; so a request that
# fits it may be refused all the same. That a header is needed is said by the security schemes.
LEFT_OUT = [CHECKS.get_one(name) for name in ("positive_data_acceptance", "missing_required_header")]


@pytest.fixture(scope="module")
def registry(start_shared):  # noqa: F811
    """In the dialects before 2.2 a key that is missing is a fault of the request (422), which no tool expects."""
    return start_shared(listeners=[SECURE, OPS, PLAIN, listener("off")], env=key_environment(KEY),
                        chap={"dialect": "2.2"})


def listener_of(operation_tags):
    """Where an operation is; Arrowhead's are on each of its listeners."""
    return next((tag for tag in ("ops", "chap") if tag in operation_tags), "plain")


HEADERS = {"ops": {}, "chap": {"X-Service-Key": KEY}, "plain": {"Authorization": "Bearer SYSTEM//schema-system"}}


@DESCRIPTION.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                     suppress_health_check=list(hypothesis.HealthCheck))
def test_the_server_does_what_the_description_says(case, registry):
    where = listener_of(case.operation.tags)
    case.call_and_validate(base_url=registry.url(where), headers=HEADERS[where], excluded_checks=LEFT_OUT)


def test_it_is_served_as_it_stands_in_the_file(registry):
    answer = registry.ops.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == FILE.read_text()


def test_it_is_for_the_ops_listener_alone(registry):
    answer = registry.client("consumer").get("/openapi.json")
    assert_error(answer, 404, None, "GET /openapi.json")


def test_its_paths_and_methods_are_the_servers(registry):
    """Each path knows just the methods that the description names, by what OPTIONS says; CHAP refuses
    that one, and says it all the same."""
    for path, item in json.loads(FILE.read_text())["paths"].items():
        where = listener_of([tag for operation in item.values() for tag in operation["tags"]])
        client = registry.client("consumer") if where == "plain" else registry.server.client(None, listener=where)
        concrete = path.replace("{instanceId}", "a::b::1.0.0").replace("{name}", "a").replace("{id}", "a")
        answer = client.options(concrete)
        assert answer.status_code == (405 if where == "chap" else 200), path
        wanted = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
        if where != "chap":
            wanted.add("OPTIONS")
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == wanted, path

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
from harness.extra_shared import start_shared  # noqa: F401
from harness.requests import assert_error

FILE = ROOT / "docs/openapi.json"
EXAMPLES = 40
DESCRIPTION = schemathesis.openapi.from_path(FILE)
# What the description cannot say: which texts are names, addresses, times and so on; so a request that
# fits it may be refused all the same. That a header is needed is said by the security schemes.
LEFT_OUT = [CHECKS.get_one(name) for name in ("positive_data_acceptance", "missing_required_header")]


@pytest.fixture(scope="module")
def registry(start_shared):  # noqa: F811
    return start_shared(plain=True)


@pytest.fixture(scope="module")
def base_urls(registry):
    """By whether an operation is one of the ops listener's."""
    return {True: registry.url("ops"), False: registry.url("plain")}


@DESCRIPTION.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                     suppress_health_check=list(hypothesis.HealthCheck))
def test_the_server_does_what_the_description_says(case, base_urls):
    is_ops = "ops" in case.operation.tags
    headers = {} if is_ops else {"Authorization": "Bearer SYSTEM//schema-system"}
    case.call_and_validate(base_url=base_urls[is_ops], headers=headers, excluded_checks=LEFT_OUT)


def test_it_is_served_as_it_stands_in_the_file(registry):
    answer = registry.ops.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == FILE.read_text()


def test_it_is_for_the_ops_listener_alone(registry):
    answer = registry.client("consumer").get("/openapi.json")
    assert_error(answer, 404, None, "GET /openapi.json")


def test_its_paths_and_methods_are_the_servers(registry):
    """Each path knows just the methods that the description names, by what OPTIONS says."""
    for path, item in json.loads(FILE.read_text())["paths"].items():
        is_ops = any("ops" in operation["tags"] for operation in item.values())
        client = registry.ops if is_ops else registry.client("consumer")
        answer = client.options(path.replace("{instanceId}", "a::b::1.0.0").replace("{name}", "a"))
        assert answer.status_code == 200, path
        wanted = {method.upper() for method in item} | {"OPTIONS"} | ({"HEAD"} if "get" in item else set())
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == wanted, path

"""The ops listener: /health/live says that the process answers, /health/ready whether it can work.

ready is 503 until the view is loaded, then 200 with {"status": "ready" | "degraded", "reasons": [...]}.
No identity is asked for there; nothing else is served.
"""

import pytest

from harness.shared import registry, start_shared  # noqa: F401
from harness.process import wait_until
from harness.requests import assert_error, register

LIVE, READY = "/health/live", "/health/ready"


def test_live(registry):
    answer = registry.ops.get(LIVE)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]


def test_ready(registry):
    answer = registry.ops.get(READY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert list(answer.json().items()) == [("status", "ready"), ("reasons", [])]


def test_with_curl(registry):
    assert (
        registry.curl(READY, listener="ops", who=None).stdout == '{"status":"ready","reasons":[]}'
    )


@pytest.mark.parametrize("path", [LIVE, READY])
def test_head_and_other_methods(registry, path):
    head = registry.ops.head(path)
    assert (head.status_code, head.content) == (200, b"")
    refused = registry.ops.post(path)
    assert_error(refused, 405, None, f"POST {path}")
    assert {word.strip() for word in refused.headers["allow"].split(",")} == {"GET", "HEAD"}
    options = registry.ops.options(path)
    assert (options.status_code, options.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/health", "/health/", "/health/ready/", "/health/Ready", "/", "/metrics/"]
)
def test_nothing_else(registry, path):
    assert_error(registry.ops.get(path), 404, None, f"GET {path}")


def test_the_whole_story(quiver, redis_server):
    """503 without a view, ready with it, degraded while Redis is away, ready again."""
    redis = redis_server()
    redis.stop()
    server = quiver.start(redis=redis, wait=False)
    assert server.ops.get(LIVE).status_code == 200
    answer = server.ops.get(READY)
    assert answer.status_code == 503
    assert_error(answer, 503, None, f"GET {READY}")
    assert int(answer.headers["retry-after"]) >= 1

    redis.start()
    server.wait_log("ready")
    wait_until(
        lambda: server.ops.get(READY).json() == {"status": "ready", "reasons": []}, "ready"
    )
    register(server.client("temperature-provider2"), "health")

    redis.stop()
    degraded = wait_until(
        lambda: (answer := server.ops.get(READY)).json()["status"] == "degraded" and answer,
        "degraded",
    )
    assert degraded.status_code == 200, "lookups are answered: it stays in the balancer"
    reasons = degraded.json()["reasons"]
    assert reasons and all(isinstance(reason, str) and reason.strip() for reason in reasons)
    assert str(redis.socket) in " ".join(reasons), "the reason names which Redis"
    assert server.ops.get(LIVE).status_code == 200

    redis.start()
    wait_until(
        lambda: server.ops.get(READY).json() == {"status": "ready", "reasons": []}, "ready"
    )

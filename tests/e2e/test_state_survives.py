"""What was registered is there again after a restart of Quiver or of Redis, also by kill -9.

While Redis is away lookups go on from memory, changes get 503 within store.timeout with Retry-After,
and all heals by itself when it is back (design 2 and 5).
"""

import os
import signal
import threading
from urllib.parse import unquote

import pytest

from harness.stalls import within
from harness.stories import Load
from harness.process import wait_until
from harness.requests import (
    LOOKUP,
    REGISTER,
    assert_error,
    assert_same_with_order,
    lookup,
    register,
    registration,
    revoke,
    revoke_path,
)

PROVIDER = "temperature-provider2"
NAMES = ["survivor-a", "survivor-b"]
# Two clocks and two busy cores: what must be answered within the timeout may be a little late.
LATENESS = 0.5


def fill(server):
    """Two instances, one of them with everything, and a third that was revoked."""
    provider = server.client(PROVIDER)
    register(provider, NAMES[0], metadata={"z": [1, 2.5, None], "a": {"b": True}})
    register(provider, NAMES[1], version="2", expiresAt="2040-01-01T00:00:00.5Z", metadata=...)
    gone = register(provider, "survivor-gone")["instanceId"]
    assert revoke(provider, gone) == 200
    return seen(server)


def seen(server):
    """Everything that is registered, times included."""
    return lookup(server.client("consumer"), verbose=True, providerNames=[PROVIDER])


def may_register(server, name="survivor-new"):
    answer = server.client(PROVIDER).post(REGISTER, json=registration(name))
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 201


@pytest.mark.parametrize("kill", [False, True], ids=["stop", "kill-9"])
def test_restart_of_quiver(quiver, kill):
    server = quiver.start()
    before = fill(server)
    for _ in range(4):
        server.restart(kill=kill)
        assert may_register(server), "ready is said when changes are taken, too"
        assert revoke(server.client(PROVIDER), f"{PROVIDER}::survivor-new::1.0.0") == 200
        assert_same_with_order(seen(server), before)
    assert server.ops.get("/health/ready").json() == {"status": "ready", "reasons": []}
    assert revoke(server.client(PROVIDER), before[0]["instanceId"]) == 200


def test_kill_of_the_embedded_redis(quiver):
    """It is started again; what was acknowledged is there, lookups never noticed."""
    server = quiver.start()
    before = fill(server)
    for number in range(2):
        old = server.redis_pid
        mark = server.mark()
        os.kill(old, signal.SIGKILL)
        assert_same_with_order(seen(server), before)
        server.wait_log("store lost", since=mark)
        wait_until(
            lambda n=number: may_register(server, f"survivor-{n}"), "a change being taken again"
        )
        assert server.redis_pid != old
        assert revoke(server.client(PROVIDER), f"{PROVIDER}::survivor-{number}::1.0.0") == 200
        assert_same_with_order(seen(server), before)
    server.restart()
    assert_same_with_order(seen(server), before)


def test_kill_of_both(quiver):
    server = quiver.start()
    before = fill(server)
    os.kill(server.redis_pid, signal.SIGKILL)
    server.restart(kill=True)
    assert_same_with_order(seen(server), before)


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_redis_goes_and_comes_back(quiver, redis_server, way):
    redis = redis_server()
    server = quiver.start(redis=redis, store={"timeout": "1s"})
    before = fill(server)
    getattr(redis, way)()
    assert_same_with_order(seen(server), before)
    server.wait_log("store lost")
    changes = [
        ("POST", REGISTER, registration("survivor-never")),
        ("DELETE", revoke_path(before[0]["instanceId"]), None),
    ]
    for method, path, body in changes:
        with within(1 + LATENESS):
            answer = server.client(PROVIDER).request(method, path, json=body)
        assert_error(answer, 503, None, f"{method} {unquote(path)}")
        assert int(answer.headers["retry-after"]) >= 1
        assert "unknown" not in answer.json()["errorMessage"], "nothing was sent: that is known"
    refused = server.client(PROVIDER).post(REGISTER, json=registration("1"))
    assert refused.status_code == 400, "faults of the request are told all the same"
    foreign = server.client(PROVIDER).delete(revoke_path("other::x::1.0.0"))
    assert foreign.status_code == 403
    assert server.ops.get("/health/ready").json()["status"] == "degraded"

    redis.start()
    wait_until(lambda: may_register(server), "a change being taken again")
    assert revoke(server.client(PROVIDER), f"{PROVIDER}::survivor-new::1.0.0") == 200
    assert_same_with_order(seen(server), before)
    wait_until(lambda: server.ops.get("/health/ready").json()["status"] == "ready", "ready")
    server.restart()
    assert_same_with_order(seen(server), before)


def test_redis_hangs(quiver, redis_server):
    """Suspended with connections open: 503 in time, and what was not taken in time never happens."""
    redis = redis_server()
    server = quiver.start(redis=redis, store={"timeout": "1s"})
    before = fill(server)
    redis.suspend()
    for number in range(3):
        with within(1 + LATENESS):
            answer = server.client(PROVIDER).post(
                REGISTER, json=registration(f"survivor-late-{number}")
            )
        assert_error(answer, 503, None, "POST " + REGISTER)
        told = server.wait_log("change failed", change="register-service")
        assert told["reason"] == answer.json()["errorMessage"]
        assert_same_with_order(seen(server), before)
    redis.resume()
    wait_until(lambda: may_register(server), "a change being taken again")
    assert revoke(server.client(PROVIDER), f"{PROVIDER}::survivor-new::1.0.0") == 200
    # Redis has by now read everything that was sent while it hung: the deadlines had passed.
    assert_same_with_order(seen(server), before)


def test_a_short_hang_is_only_a_wait(quiver, redis_server):
    """Within the timeout nobody notices but by the clock."""
    redis = redis_server()
    server = quiver.start(redis=redis, store={"timeout": "20s"})
    fill(server)
    redis.suspend()
    outcome = []
    waiting = threading.Thread(target=lambda: outcome.append(may_register(server)))
    waiting.start()
    lookup(server.client("consumer"), providerNames=[PROVIDER])
    assert outcome == []
    redis.resume()
    waiting.join(20)
    assert outcome == [True]
    found = lookup(server.client("consumer"), serviceDefinitionNames=["survivor-new"])
    assert len(found) == 1, "a client reads its own writes"


def test_start_without_redis(quiver, redis_server):
    """Reads get 503 until the view was loaded once; then all goes well."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    before = fill(server)
    server.stop()
    redis.stop()
    server.start(wait=False)
    for method, path, body in (
        ("POST", LOOKUP, {"providerNames": [PROVIDER]}),
        ("POST", REGISTER, registration("survivor-never")),
    ):
        answer = server.client(PROVIDER).request(method, path, json=body)
        assert_error(answer, 503, None, f"{method} {path}")
        assert int(answer.headers["retry-after"]) >= 1
    assert server.client(PROVIDER).get("/serviceregistry/monitor/echo").status_code == 200
    assert server.ops.get("/health/ready").status_code == 503
    assert server.ops.get("/health/live").status_code == 200
    redis.start()
    server.wait_log("ready")
    assert_same_with_order(seen(server), before)
    wait_until(lambda: may_register(server), "a change being taken")


def test_stop_while_redis_is_away(quiver, redis_server):
    """It ends in order all the same, and soon."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    fill(server)
    redis.kill()
    server.wait_log("store lost")
    with within(10):
        server.stop()


def test_stop_finishes_what_is_under_way(quiver, slow_disk):
    """SIGTERM with changes in flight: each gets its answer, and what was acknowledged is kept."""
    server = quiver.start(env=slow_disk(20))
    load = Load(server, "stopped", clients=8, total=4000).start()
    load.wait_acknowledged(50)
    server.stop()
    load.finish(stop=True)
    server.restart()
    load.judge()

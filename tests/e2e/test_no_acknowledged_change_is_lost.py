"""kill -9 in the middle of 1,000 concurrent registrations and revokes, also with a slow disk.

Whoever is killed, Quiver or its Redis: every registration that was answered 201 is found afterwards,
every revoke answered 200 stays revoked, and a change answered 503 without "unknown" never happens
(design 2, promise 2). Judged after the fact, and once more after another restart.
"""

import os
import signal

import pytest

from harness.extra_changes import Load, Outcome
from harness.process import wait_until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def disk(request, slow_disk):
    """Nothing, or an environment in which every fdatasync takes 20 ms."""
    return slow_disk(20) if request.param == "slow-disk" else {}


both_disks = pytest.mark.parametrize("disk", ["disk", "slow-disk"], indirect=True)


@both_disks
def test_kill_of_quiver(quiver, disk):
    server = quiver.start(env=disk)
    for number, kill_at in enumerate((150, 400)):
        load = Load(server, f"quiver-{number}", clients=20, total=1000).start()
        load.wait_acknowledged(kill_at)
        server.kill()
        load.finish(stop=True)
        assert load.counts["register", Outcome.DONE] > 0
        server.restart()
        load.judge()
        server.restart()
        load.judge()


@both_disks
def test_kill_of_redis(quiver, disk):
    """Quiver lives on: clients go on, see 503 for a moment, and are served again."""
    server = quiver.start(env=disk)
    load = Load(server, "redis", clients=20, total=1000).start()
    for kill_at in (150, 350, 600, 800):
        load.wait_acknowledged(kill_at)
        os.kill(server.redis_pid, signal.SIGKILL)
    load.finish(timeout=150)
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", 15, "ready")
    load.judge()
    server.restart()
    load.judge()
    server.restart(kill=True)
    load.judge()


def test_kill_of_an_external_redis(quiver, redis_server, slow_disk):
    redis = redis_server(env={**os.environ, **slow_disk(10)})
    server = quiver.start(redis=redis)
    load = Load(server, "external", clients=20, total=1000).start()
    load.wait_acknowledged(200)
    redis.kill()
    redis.start()
    load.finish(timeout=150)
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", 15, "ready")
    load.judge()
    redis.kill()
    redis.start()
    server.restart()
    load.judge()


def test_a_hanging_redis_changes_nothing_late(quiver, redis_server):
    """Suspended and resumed again and again: what was told to be too late must not come true."""
    redis = redis_server()
    server = quiver.start(redis=redis, store={"timeout": "500ms"})
    load = Load(server, "hanging", clients=10, total=1000).start()
    for acknowledged in (100, 200, 300):
        load.wait_acknowledged(acknowledged)
        before = sum(load.counts.values()) - load.acknowledged()
        redis.suspend()
        wait_until(
            lambda least=before + 10: sum(load.counts.values()) - load.acknowledged() >= least,
            15,
            "503 for ten changes",
        )
        redis.resume()
    load.finish(timeout=150)
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", 15, "ready")
    load.judge()
    server.restart()
    load.judge()

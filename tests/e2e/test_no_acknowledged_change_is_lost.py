"""kill -9 in the middle of 1,000 concurrent registrations and revokes, also with a slow disk.

Whoever is killed, Quiver or its Redis: every registration that was answered 201 is found afterwards,
every revoke answered 200 stays revoked, and a change answered 503 without "unknown" never happens
(design 2, promise 2). Judged after the fact, and once more after another restart.
"""

import os
import signal

import pytest

from harness.stories import Load, Outcome
from harness.process import wait_until
from harness.volleys import Volleys

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def disk(request, slow_disk):
    """Nothing, or an environment in which every fdatasync takes 20 ms."""
    return slow_disk(20) if request.param == "slow-disk" else {}


both_disks = pytest.mark.parametrize("disk", ["disk", "slow-disk"], indirect=True)


WHOLE = 1000  # changes that are tried at least, over all volleys
MOST = 10  # kills until both kinds of changes have had both kinds of ends
HEARD = 20  # answers of a volley before the kill
PATIENT = {"timeout": "5s"}  # so that holding Redis makes nothing too late


class Embedded:
    """The Redis that a server runs."""

    def __init__(self, server):
        self.server = server

    def suspend(self):
        self.pid = self.server.redis_pid  # looked for once: the kill must not take its time
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)


def wait_ready(server):
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", "ready")


def cut_off(load, kill, redis):
    """A volley with a kill in it."""
    outcomes = load.fire(HEARD, kill, redis)
    assert outcomes[Outcome.DONE] >= HEARD, outcomes


def both_kinds(load):
    return all(load.counts[what, end] > 0 for what in ("register", "revoke")
               for end in (Outcome.DONE, Outcome.UNKNOWN))


def kills(load):
    """Again until no half of the judgement is about nothing: where the test is late, all that was in
    flight may have been answered before the kill came."""
    for number in range(MOST):
        if load.tried >= WHOLE and both_kinds(load):
            return
        yield number
    assert both_kinds(load), load.counts


@both_disks
def test_kill_of_quiver(quiver, disk):
    server = quiver.start(env=disk, store=PATIENT)
    load = Volleys(server, "quiver")
    for _ in kills(load):
        assert load.fire()[Outcome.DONE] == load.width
        cut_off(load, server.kill, Embedded(server))
        load.close()
        server.restart()
        load.judge()
    server.restart()
    load.judge()


@both_disks
def test_kill_of_redis(quiver, disk):
    """Quiver lives on: clients go on, see 503 for a moment, and are served again."""
    server = quiver.start(env=disk, store=PATIENT)
    redis = Embedded(server)
    load = Volleys(server, "redis")
    for _ in kills(load):
        assert load.fire()[Outcome.DONE] == load.width
        cut_off(load, redis.kill, redis)
        load.fire()
        wait_ready(server)
        load.judge()
    server.restart()
    load.judge()
    server.restart(kill=True)
    load.judge()


def test_kill_of_an_external_redis(quiver, redis_server, slow_disk):
    """While it stays away every change is refused for good."""
    redis = redis_server(env={**os.environ, **slow_disk(10)})
    server = quiver.start(redis=redis, store=PATIENT)
    load = Volleys(server, "external")
    for _ in kills(load):
        assert load.fire()[Outcome.DONE] == load.width
        cut_off(load, redis.kill, redis)
        assert load.fire()[Outcome.REFUSED] == load.width
        redis.start()
        wait_ready(server)
        load.judge()
    assert load.counts["revoke", Outcome.REFUSED] > 0, load.counts
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
            "503 for ten changes",
        )
        redis.resume()
    load.finish(timeout=150)
    wait_until(lambda: server.ops.get("/health/ready").json().get("status") == "ready", "ready")
    load.judge()
    server.restart()
    load.judge()

"""A history that is not the one that was followed: the view rebuilds itself (design 5).

Older data restored, the journal trimmed away behind a node's back, another token, everything gone:
each is noticed at the next connection or within about a second, reads go on from the old view until
the new one is complete, and then the view is what Redis holds.
"""

import os
import shutil
import signal
import threading

import pytest

from harness.shared import instance_key, store_key
from harness.livecloud import metric
from harness.process import wait_until
from harness.requests import LOOKUP, REGISTER, lookup_ids, register, registration, revoke

PROVIDER = "temperature-provider2"


@pytest.fixture
def redis(redis_server):
    return redis_server()


@pytest.fixture
def server(quiver, redis):
    return quiver.start(redis=redis)


def found(server):
    """Definitions that are registered; a lookup that is not answered fails the test."""
    ids = lookup_ids(server.client("consumer"), providerNames=[PROVIDER])
    return {instance.split("::")[1] for instance in ids}


def wait_found(server, names):
    wait_until(lambda: found(server) == names, f"the view showing {names}")


def wait_changes(server, name):
    """Changes are taken again, and seen."""
    wait_until(
        lambda: server.client(PROVIDER).post(REGISTER, json=registration(name)).status_code == 201,
        "a change being taken",
    )
    assert name in found(server)


def test_older_data_restored(server, redis):
    register(server.client(PROVIDER), "old")
    redis.stop()
    shutil.copytree(redis.directory / "appendonlydir", redis.directory / "saved")
    redis.start()
    wait_changes(server, "new")
    assert revoke(server.client(PROVIDER), f"{PROVIDER}::old::1.0.0") == 200
    redis.stop()
    shutil.rmtree(redis.directory / "appendonlydir")
    (redis.directory / "saved").rename(redis.directory / "appendonlydir")
    mark, epoch = server.mark(), metric(server, "quiver_registry_epoch")
    assert found(server) == {"new"}, "Redis is away: the old view answers"
    redis.start()
    server.wait_log("history broken", since=mark)
    wait_found(server, {"old"})
    assert metric(server, "quiver_registry_epoch") > epoch
    wait_changes(server, "newer")
    server.restart()
    assert found(server) == {"old", "newer"}


def test_older_data_with_other_changes_of_the_same_number(server, redis, quiver):
    """The revision is as high as before; only the token tells that it is another history."""
    register(server.client(PROVIDER), "base")
    redis.stop()
    shutil.copytree(redis.directory / "appendonlydir", redis.directory / "saved")
    redis.start()
    wait_changes(server, "mine")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        redis.stop()
        shutil.rmtree(redis.directory / "appendonlydir")
        (redis.directory / "saved").rename(redis.directory / "appendonlydir")
        redis.start()
        other = quiver.start(redis=redis)
        register(other.client(PROVIDER), "theirs")
        other.stop()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    wait_found(server, {"base", "theirs"})
    wait_changes(server, "newer")


def test_journal_trimmed_behind_its_back(server, redis, quiver):
    """A node that slept through more than the journal holds."""
    register(server.client(PROVIDER), "one")
    register(server.client(PROVIDER), "gone")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        other = quiver.start(redis=redis)
        for number in range(5):
            register(other.client(PROVIDER), f"while-asleep-{number}")
        assert revoke(other.client(PROVIDER), f"{PROVIDER}::gone::1.0.0") == 200
        redis.client().xtrim(store_key(server.pki, "journal"), maxlen=1, approximate=False)
        # A connection that ends makes Redis forget whom it owed which entries.
        redis.client().client_kill_filter(_type="normal")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    wait_found(server, {"one"} | {f"while-asleep-{number}" for number in range(5)})
    wait_changes(server, "newer")
    wait_until(lambda: "newer" in found(other), "the other node seeing it")


def test_another_token(server, redis):
    """Whatever a new history holds is read anew: also what no journal entry tells."""
    register(server.client(PROVIDER), "one")
    register(server.client(PROVIDER), "removed")
    client = redis.client()
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(instance_key(server, f"{PROVIDER}::removed::1.0.0"))
        pipe.hset(store_key(server.pki, "head"), "token", "0123456789abcdef")
        pipe.execute()
    server.wait_log("history broken")
    wait_found(server, {"one"})
    wait_changes(server, "newer")
    assert found(server) == {"one", "newer"}


def test_everything_is_gone(server, redis):
    """FLUSHALL: an empty registry, which works."""
    register(server.client(PROVIDER), "one")
    redis.client().flushall()
    wait_found(server, set())
    wait_changes(server, "first-again")
    assert found(server) == {"first-again"}
    server.restart()
    assert found(server) == {"first-again"}


def test_a_head_of_another_type(server, redis):
    """Nothing is put over what somebody wrote there, and the view goes on answering.

    Who is connected finds the data damaged (500); a new connection is not opened on such data (503).
    """
    register(server.client(PROVIDER), "one")
    client, head = redis.client(), store_key(server.pki, "head")
    with client.pipeline(transaction=True) as pipe:
        pipe.rename(head, "saved")
        pipe.rpush(head, "no hash")
        pipe.execute()

    def readiness():
        return server.ops.get("/health/ready").json()

    answer = wait_until(lambda: (ready := readiness())["status"] == "degraded" and ready, "degraded")
    assert answer["reasons"]

    def assert_refused(status):
        refused = server.client(PROVIDER).post(REGISTER, json=registration("two"))
        assert refused.status_code == status
        assert refused.json()["errorMessage"] == "The change was not made: the stored data is damaged"
        assert found(server) == {"one"}

    assert_refused(500)
    mark = server.mark()
    client.client_kill_filter(_type="normal", skipme=True)
    server.wait_log("store accepts no changes", since=mark)
    assert_refused(503)
    assert readiness()["status"] == "degraded"
    assert client.lrange(head, 0, -1) == ["no hash"]
    assert not client.exists(instance_key(server, f"{PROVIDER}::two::1.0.0"))
    client.rename("saved", head)
    wait_until(lambda: readiness()["status"] == "ready", "all being well again")
    wait_changes(server, "two")
    assert found(server) == {"one", "two"}


def test_reads_never_stop(server, redis):
    """While the view is built anew again and again, every lookup is answered with a whole view."""
    names = {f"whole-{number}" for number in range(50)}
    for name in sorted(names):
        register(server.client(PROVIDER), name)
    done, faults, asked = threading.Event(), [], [0]

    def read():
        client = server.client("consumer")
        while not done.is_set():
            answer = client.post(LOOKUP, json={"providerNames": [PROVIDER]})
            asked[0] += 1
            if answer.status_code != 200 or answer.json()["count"] != len(names):
                faults.append((answer.status_code, answer.text[:200]))
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(3):
            mark = server.mark()
            redis.client().hset(store_key(server.pki, "head"), "token", f"{number:016x}")
            server.wait_log("view loaded", since=mark)
    finally:
        done.set()
        for reader in readers:
            reader.join(10)
    assert not faults, faults[0]
    assert asked[0] > 10


def test_an_entry_of_an_unknown_kind(server, redis):
    """What a later version may write is not guessed at: reads go on, readiness tells."""
    register(server.client(PROVIDER), "one")
    client, head = redis.client(), store_key(server.pki, "head")
    state = client.hgetall(head)
    number = int(state["revision"]) + 1
    fields = {
        "prev": state["token"],
        "token": "fedcba9876543210",
        "at": "1",
        "kind": "from-the-future",
        "frob:instance:x": "{}",
    }
    with client.pipeline(transaction=True) as pipe:
        pipe.xadd(store_key(server.pki, "journal"), fields, id=f"{number}-0")
        pipe.hset(head, mapping={"revision": number, "token": "fedcba9876543210"})
        pipe.execute()
    answer = wait_until(
        lambda: (ready := server.ops.get("/health/ready").json())["status"] == "degraded" and ready,
        "readiness telling of it",
    )
    assert answer["reasons"]
    assert found(server) == {"one"}

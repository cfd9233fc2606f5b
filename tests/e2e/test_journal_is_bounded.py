"""`store.journal_max` bounds the journal, apart from what is younger than a minute.

What was trimmed away is not needed: the registry stands in its keys, and a node that starts later, or
that fell too far behind, reads those (design 5).
"""

import pytest

from harness.chap import Caller, fresh_id, start_chap
from harness.shared import redis_of, revision, store_key
from harness.process import wait_until
from harness.requests import lookup_ids, register

PROVIDER = "temperature-provider2"


def length(server):
    return redis_of(server).xlen(store_key(server.pki, "journal"))


def fill(server, count, prefix="journal"):
    return [register(server.client(PROVIDER), f"{prefix}-{n}")["instanceId"] for n in range(count)]


def test_the_last_minute_stays(quiver):
    server = quiver.start(store={"journal_max": 5})
    before = revision(server)
    ids = fill(server, 30)
    assert revision(server) == before + 30
    # Several rounds of the clock that trims have passed when its own time has gone on by 2 s.
    tick = float(redis_of(server).hget(store_key(server.pki, "head"), "tick"))
    wait_until(
        lambda: float(redis_of(server).hget(store_key(server.pki, "head"), "tick")) >= tick + 2000,
        "two more rounds",
    )
    assert length(server) >= 30
    server.restart()
    assert sorted(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == sorted(ids)


@pytest.mark.clock
def test_trimmed_after_a_minute(quiver):
    server = quiver.start(clock="all", store={"journal_max": 20})
    ids = fill(server, 100)
    assert length(server) >= 100
    server.set_clock(300)
    wait_until(lambda: length(server) <= 20, "the journal being trimmed")
    assert length(server) >= 15, "as many stay as are allowed"
    entries = redis_of(server).xrange(store_key(server.pki, "journal"))
    numbers = [int(entry.partition("-")[0]) for entry, _ in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "revisions are contiguous"
    assert numbers[-1] == revision(server)
    ids += fill(server, 30, "later")
    assert length(server) >= 30, "those are young"
    assert sorted(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == sorted(ids)
    server.restart()
    assert sorted(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == sorted(ids)
    assert not [line for line in server.log if line["event"] == "history broken"]


@pytest.mark.clock
def test_it_stays_bounded(quiver):
    """Again and again, and memory of Redis with it."""
    server = quiver.start(clock="all", store={"journal_max": 10})
    for hour in range(1, 6):
        fill(server, 25, "again")
        server.set_clock(hour * 3600)
        wait_until(lambda: length(server) <= 10, "the journal being trimmed")
    assert len(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == 25


@pytest.mark.clock
def test_pings_leave_nothing_behind(quiver):
    """Each writes an entry; the journal stays as long as it may be, and the append-only file is rewritten."""
    server = start_chap(quiver, clock="all", store={"journal_max": 10})
    redis, caller, model = redis_of(server), Caller(server), fresh_id()
    redis.config_set("auto-aof-rewrite-min-size", "16kb")  # Redis' own is 64 MB: too many pings for a test
    caller.registered(model)
    before = revision(server)
    for hour in range(1, 6):
        for _ in range(80):
            caller.pinged(model)
        assert length(server) >= 80
        server.set_clock(hour * 3600)
        wait_until(lambda: length(server) <= 10, "the journal being trimmed")
    assert revision(server) == before + 400

    def rewritten():
        file = redis.info("persistence")
        return file["aof_rewrites"] > 0 and not file["aof_rewrite_in_progress"] and file["aof_current_size"]

    size = wait_until(rewritten, "the append-only file being rewritten")
    assert size <= 64 * 1024, "400 pings have written more than twice as much"
    assert caller.found(model)

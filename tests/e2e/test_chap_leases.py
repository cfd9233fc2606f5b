"""Leases: a service that no longer pings vanishes in time, one that pings stays, and an outage of
Quiver or of Redis costs nobody the time that it took, for the real clients cannot register again.

`chap.revive` lets a ping bring back what has run out; nothing brings back what was deleted.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chap import (CLOCKS, LATE, Caller, assert_detail, chap_key, fresh_id, moment, not_found,
                          start_chap)
from harness.shared import redis_of, store_key
from harness.process import wait_until
from harness.stalls import again_after_a_stall


def at_most(seconds: str, **more) -> dict:
    return {"ttl": seconds, **more}


@again_after_a_stall
def test_gone_within_a_second_of_its_end(quiver):
    """Shown to its end, and not much longer; hidden in the list and for a ping at the same time."""
    server = start_chap(quiver, chap=at_most("2s"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    ends = moment(caller.found(name)["expires_at"])
    caller.wait_end(name, ends)
    wait_until(lambda: not redis_of(server).exists(chap_key(server, name)), "its removal", 2.5)
    newest = redis_of(server).xrevrange(store_key(server.pki, "journal"), count=1)[0][1]
    assert newest["kind"] == "expire"
    assert_detail(caller.ping(name), 404, not_found(name))
    assert_detail(caller.delete(name), 404, not_found(name))


@again_after_a_stall
def test_what_has_ended_is_gone_in_every_answer(quiver):
    """Once it was not found it is not shown again: the registry's time never goes back. A second is
    as long as a tick, so each service ends near one."""
    server = start_chap(quiver, chap=at_most("1s"))
    caller = Caller(server)
    end = time.monotonic() + 12
    while time.monotonic() < end:
        name = fresh_id()
        caller.registered(name)
        caller.wait_end(name)
        for _ in range(30):
            assert name not in caller.ids()
            assert_detail(caller.get(name), 404, not_found(name))
        assert_detail(caller.ping(name), 404, not_found(name))


@again_after_a_stall
def test_pings_keep_it(quiver):
    """Beyond several leases, and not a whole one longer than the last ping."""
    server = start_chap(quiver, chap=at_most("1s"))
    caller, name, silent = Caller(server), fresh_id(), fresh_id()
    caller.registered(name)
    caller.registered(silent)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        pinged = caller.pinged(name)
        assert name in caller.ids()
    assert moment(pinged["expires_at"]) - moment(pinged["last_ping_at"]) == pytest.approx(1, abs=0.01)
    assert silent not in caller.ids()
    caller.wait_end(name, moment(pinged["expires_at"]))


@again_after_a_stall
def test_many_end_in_time(quiver):
    """More than one round of the clock takes (1,000), all registered within two leases."""
    server = start_chap(quiver, chap=at_most("3s"))
    names = [fresh_id("many") for _ in range(1100)]
    callers = [Caller(server) for _ in range(4)]
    with ThreadPoolExecutor(len(callers)) as pool:
        done = pool.map(lambda place: [callers[place].registered(name) for name in names[place::4]],
                        range(len(callers)))
        assert sum(map(len, done)) == len(names)
    ends = moment(callers[0].pinged(names[-1])["expires_at"])
    asked = time.time()
    while callers[0].ids():
        assert asked <= ends + LATE
        asked = time.time()
    leases = store_key(server.pki, "leases")
    wait_until(lambda: redis_of(server).zcard(leases) == 0, "their removal", 3)


@again_after_a_stall
def test_registered_anew_after_its_end(quiver):
    server = start_chap(quiver, chap=at_most("1s"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    first = caller.found(name)["registered_at"]
    caller.wait_end(name)
    assert caller.registered(name)["message"] == "Service registered successfully"
    assert moment(caller.found(name)["registered_at"]) > moment(first)


# ---- revive -----------------------------------------------------------------------------------------


@again_after_a_stall
def test_a_ping_revives_within_the_time_for_it(quiver):
    """It is hidden at its end all the same, and stays in Redis until it cannot be revived any more."""
    server = start_chap(quiver, chap=at_most("1s", revive="1h"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    before = caller.found(name)
    ends = moment(before["expires_at"])
    caller.wait_end(name, ends)
    assert name not in caller.ids() and redis_of(server).exists(chap_key(server, name))
    pinged = caller.pinged(name)
    after = caller.found(name)
    assert after["registered_at"] == before["registered_at"] and after["info"] == before["info"]
    assert after["last_ping_at"] == pinged["last_ping_at"]


@again_after_a_stall
def test_not_revived_when_that_time_has_passed(quiver):
    server = start_chap(quiver, chap=at_most("1s", revive="1s"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    ends = moment(caller.found(name)["expires_at"])
    wait_until(lambda: time.time() > ends + 1 + CLOCKS, "the end of its second life")
    assert_detail(caller.ping(name), 404, not_found(name))
    wait_until(lambda: not redis_of(server).exists(chap_key(server, name)), "its removal", 2.5)


@again_after_a_stall
def test_what_was_deleted_is_never_revived(quiver):
    """Deleted alive, or when its lease had run out: then it is not there to the caller, and gone."""
    server = start_chap(quiver, chap=at_most("1s", revive="1h"))
    caller, alive, ended = Caller(server), fresh_id(), fresh_id()
    caller.registered(ended)
    caller.wait_end(ended)
    assert_detail(caller.delete(ended), 404, not_found(ended))
    assert_detail(caller.ping(ended), 404, not_found(ended))
    caller.registered(alive)
    assert caller.delete(alive).status_code == 204
    assert_detail(caller.ping(alive), 404, not_found(alive))
    assert not redis_of(server).exists(chap_key(server, alive), chap_key(server, ended))


@again_after_a_stall
def test_a_ping_needs_its_key_to_revive(quiver):
    server = start_chap(quiver, chap=at_most("1s", revive="1h"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    caller.wait_end(name)
    assert_detail(Caller(server, key="wrong").ping(name), 401, "Invalid service key")
    assert_detail(caller.get(name), 404, not_found(name))


@again_after_a_stall
def test_registered_while_it_could_be_revived_it_is_new(quiver):
    server = start_chap(quiver, chap=at_most("1s", revive="1h"))
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    first = caller.found(name)["registered_at"]
    caller.wait_end(name)
    assert caller.registered(name)["message"] == "Service registered successfully"
    assert moment(caller.found(name)["registered_at"]) > moment(first)


# ---- outages ----------------------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("kill", [False, True], ids=["stop", "kill"])
@again_after_a_stall
def test_an_outage_of_quiver_is_given_back(quiver, kill):
    """An hour passes while nothing runs; what was left of the leases is still left, and then ends."""
    server = start_chap(quiver, chap=at_most("3s"), clock="all")
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    server.kill() if kill else server.stop()
    server.set_clock(3600)
    server.restart()
    caller = Caller(server)
    ends = moment(caller.found(name)["expires_at"]) - 3600  # in the tests' own time
    assert 0 < ends - time.time() < 3.5
    caller.wait_end(name, ends)
    assert_detail(caller.ping(name), 404, not_found(name))


@pytest.mark.clock
@again_after_a_stall
def test_a_ping_that_comes_first_after_an_outage_counts(quiver):
    server = start_chap(quiver, chap=at_most("3s"), clock="all")
    name = fresh_id()
    Caller(server).registered(name)
    server.stop()
    server.set_clock(7200)
    server.restart()
    pinged = Caller(server).pinged(name)
    assert moment(pinged["last_ping_at"]) == pytest.approx(time.time() + 7200, abs=5)
    assert moment(pinged["expires_at"]) - moment(pinged["last_ping_at"]) == pytest.approx(3, abs=0.01)


@again_after_a_stall
def test_an_outage_of_redis_is_given_back(quiver, redis_server):
    """Longer than a lease, and than what counts as an outage (5 s). Reads go on, a ping is told 503."""
    redis = redis_server()
    server = start_chap(quiver, redis=redis, chap=at_most("3s"), store={"timeout": "1s"})
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    redis.kill()
    down = time.monotonic()
    wait_until(lambda: caller.ping(name).status_code == 503, "a ping that says so")
    refused = caller.ping(name)
    assert_detail(refused, 503, None)
    assert int(refused.headers["retry-after"]) >= 1
    wait_until(lambda: time.monotonic() - down > 7, "an outage")
    assert caller.get(name).status_code in (200, 404)
    redis.start()
    wait_until(lambda: caller.ping(name).status_code != 503, "Redis coming back")
    pinged = caller.pinged(name)
    assert name in caller.ids()
    assert caller.found(name)["expires_at"] == pinged["expires_at"]
    caller.wait_end(name, moment(pinged["expires_at"]))


@again_after_a_stall
def test_while_redis_is_away_leases_stand_still(quiver, redis_server):
    """After some seconds, of which any lease in use has more: nobody can ping, so nobody has gone."""
    redis = redis_server()
    server = start_chap(quiver, redis=redis, chap=at_most("7s"), store={"timeout": "1s"})
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    redis.suspend()
    down = time.monotonic()
    try:
        wait_until(lambda: time.monotonic() - down > 8.5, "an outage longer than the lease")
        assert caller.ids() == [name] and caller.get(name).status_code == 200
    finally:
        redis.resume()
    wait_until(lambda: caller.ping(name).status_code == 200, "Redis coming back")
    assert caller.ids() == [name]

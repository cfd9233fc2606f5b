"""Races between those who change one CHAP service: whatever comes first, what is answered is true.

A ping moves a lease and nothing else, so it never brings back what was deleted or writes what is old;
of several registrations one is the first. Who was answered finds it so.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chap import Caller, chap_key, fresh_id, moment, not_found, start_chap
from harness.shared import redis_of, store_key
from harness.process import wait_until
from harness.stalls import again_after_a_stall

pytestmark = pytest.mark.concurrent
ROUNDS = 60


def at_once(*calls):
    """Runs all at the same moment, each in a thread; their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(run, call) for call in calls]]


def test_ping_against_delete(quiver):
    """Deleted is deleted: no ping that was on its way brings it back, in the view or in Redis."""
    server = start_chap(quiver, chap={"revive": "1h"})
    callers = [Caller(server) for _ in range(4)]
    seen = set()
    for _ in range(ROUNDS):
        name = fresh_id()
        callers[0].registered(name)
        gone, *pings = at_once(lambda: callers[0].delete(name),
                               *(lambda caller=caller: caller.ping(name) for caller in callers[1:]))
        assert gone.status_code == 204
        for ping in pings:
            assert ping.status_code in (200, 404), ping.text
            assert ping.status_code == 200 or ping.json()["detail"] == not_found(name)
            seen.add(ping.status_code)
        for caller in callers:
            assert caller.get(name).status_code == 404 and caller.ping(name).status_code == 404
        assert not redis_of(server).exists(chap_key(server, name))
        assert redis_of(server).zscore(store_key(server.pki, "leases"), f"chap:{name}") is None
    assert seen, "nobody pinged"


def test_ping_against_registration_with_other_data(quiver):
    """A ping writes back nothing old: what was registered last is there, whoever pings meanwhile."""
    server = start_chap(quiver)
    callers = [Caller(server) for _ in range(4)]
    name = fresh_id()
    callers[0].registered(name, "http://start:1")
    stop = threading.Event()

    def keep_pinging(caller):
        count = 0
        while not stop.is_set():
            caller.pinged(name)
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        pings = [pool.submit(keep_pinging, caller) for caller in callers[1:]]
        try:
            for number in range(ROUNDS):
                callers[0].registered(name, f"http://host-{number}:1", description=f"{number}")
                found = callers[0].found(name)
                assert found["url"] == f"http://host-{number}:1"
                assert found["info"]["description"] == f"{number}"
        finally:
            stop.set()
        assert all(ping.result(60) > 0 for ping in pings)
    assert callers[0].found(name)["url"] == f"http://host-{ROUNDS - 1}:1"


def wait_until_moment(when: float) -> None:
    wait_until(lambda: time.time() >= when, "a moment")


def ping_ever_later(caller, name: str) -> bool:
    """Pings ever closer to the end, until it is missed; checks what was answered. True: missed."""
    caller.registered(name)
    ends = moment(caller.found(name)["expires_at"])
    for before_end in (0.2, 0.05, 0.01, 0.002, 0.0, -0.002, -0.01, -0.05):
        wait_until_moment(ends - before_end)
        answer = caller.ping(name)
        if answer.status_code == 404:
            assert caller.ping(name).status_code == 404, "a ping that came too late counted"
            wait_until_moment(ends + 0.1)  # what Quiver hides it by is a clock it reads now and then
            assert caller.get(name).status_code == 404
            return True
        assert answer.status_code == 200
        ends = moment(answer.json()["expires_at"])
        found = caller.get(name)
        assert found.status_code == 200, "a ping that was answered did not count"
        assert moment(found.json()["expires_at"]) >= ends
    return False


@again_after_a_stall
def test_ping_against_expiry(quiver):
    """A ping that was answered 200 keeps it for a whole lease; one that was answered 404 does not."""
    server = start_chap(quiver, chap={"ttl": "1s"})
    callers = [Caller(server) for _ in range(6)]
    names = [fresh_id() for _ in callers]
    with ThreadPoolExecutor(len(callers)) as pool:
        missed = list(pool.map(ping_ever_later, callers, names))
    assert all(missed), "pings behind the end counted"


def test_two_registrations(quiver):
    """Of several at once one is the first; `registered_at` is one and the same; the last one counts."""
    server = start_chap(quiver)
    callers = [Caller(server) for _ in range(4)]
    for _ in range(ROUNDS):
        name = fresh_id()
        answers = at_once(*(lambda place=place, caller=caller:
                            caller.registered(name, f"http://host-{place}:1")
                            for place, caller in enumerate(callers)))
        messages = sorted(answer["message"] for answer in answers)
        assert messages == ["Service registered successfully"] + ["Service registration updated"] * 3
        found = callers[0].found(name)
        assert found["url"] in {f"http://host-{place}:1" for place in range(4)}
        again = callers[1].registered(name, found["url"])
        assert again["message"] == "Service already registered"
        assert callers[2].found(name)["registered_at"] == found["registered_at"]


def test_registration_against_delete(quiver):
    """Either it is there as it was registered, or it is not there."""
    server = start_chap(quiver)
    callers = [Caller(server) for _ in range(2)]
    for _ in range(ROUNDS):
        name = fresh_id()
        callers[0].registered(name, "http://old:1")
        made, gone = at_once(lambda: callers[0].registered(name, "http://new:1"),
                             lambda: callers[1].delete(name))
        assert gone.status_code == 204
        there = callers[1].get(name)
        if made["message"] == "Service registered successfully":
            assert there.json()["url"] == "http://new:1"
        else:
            assert there.status_code == 404
        assert redis_of(server).exists(chap_key(server, name)) == (there.status_code == 200)

"""`expiresAt`: in the past it is refused; what has ended is invisible at once and gone from Redis soon.

"At once": a lookup sent after the end never shows it, one answered before the end always does. "Soon"
is within two seconds; the removal is one entry of the journal, so that every node makes it.
"""

import concurrent.futures
import datetime
import threading
import time

import pytest

from harness.shared import instance_key, redis_of, store_key, system_key
from harness.process import wait_until
from harness.requests import (
    LOOKUP,
    REGISTER,
    assert_error,
    lookup_ids,
    register,
    registration,
    revoke,
)
from harness.stalls import again_after_a_stall

PROVIDER = "temperature-provider2"


def iso(moment, fraction=False):
    at = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fraction else "%Y-%m-%dT%H:%M:%SZ")


def in_seconds(seconds):
    """A whole second at least so many seconds ahead, as time and as text."""
    moment = int(time.time() + seconds) + 1
    return moment, iso(moment)


def wait_gone(server, instance_id, until):
    wait_until(
        lambda: not redis_of(server).exists(instance_key(server, instance_id)),
        f"{instance_id} being removed from Redis", until - time.time(),
    )


@again_after_a_stall
def test_in_the_past_is_refused(quiver):
    server = quiver.start()
    for seconds in (3600, 2):
        body = registration("past", expiresAt=iso(time.time() - seconds))
        answer = server.client(PROVIDER).post(REGISTER, json=body)
        assert_error(answer, 400, "Expiration time is in the past", "POST " + REGISTER)


@again_after_a_stall
def test_invisible_at_once_and_gone_soon(quiver):
    server = quiver.start()
    provider, consumer = server.client(PROVIDER), server.client("consumer")
    ends, text = in_seconds(2)
    ending = register(provider, "ending", expiresAt=text)["instanceId"]
    staying = register(provider, "staying")["instanceId"]
    filters = {"providerNames": [PROVIDER]}
    shown = hidden = 0
    while not hidden:
        sent = time.time()
        found = lookup_ids(consumer, **filters)
        answered = time.time()
        assert staying in found
        if answered < ends:
            assert ending in found, f"gone {ends - answered:.3f} s too early"
            shown += 1
        elif sent > ends + 0.001:
            assert ending not in found, f"still there {sent - ends:.3f} s after its end"
            hidden += 1
    assert shown > 0
    wait_gone(server, ending, ends + 2)
    redis = redis_of(server)
    assert redis.zscore(store_key(server.pki, "ends"), f"instance:{ending}") is None
    assert ending not in redis.smembers(store_key(server.pki, f"instances-of:{PROVIDER}"))
    assert redis.exists(instance_key(server, staying)) and redis.exists(
        system_key(server, PROVIDER)
    )
    assert revoke(provider, ending) == 204
    newest = redis.xrevrange(store_key(server.pki, "journal"), count=1)[0][1]
    assert newest["kind"] == "expire" and any(name == "del:instance" for name in newest)
    server.restart()
    assert lookup_ids(server.client("consumer"), **filters) == [staying]


@again_after_a_stall
def test_replaced_in_time_it_stays(quiver):
    server = quiver.start()
    provider, consumer = server.client(PROVIDER), server.client("consumer")
    ends, text = in_seconds(1)
    kept = register(provider, "kept", expiresAt=text)["instanceId"]
    marker = register(provider, "marker", expiresAt=text)["instanceId"]
    register(provider, "kept", expiresAt=iso(ends + 3600))
    wait_gone(server, marker, ends + 2)
    assert lookup_ids(consumer, providerNames=[PROVIDER]) == [kept]
    again = register(provider, "marker")["instanceId"]
    assert lookup_ids(consumer, instanceIds=[marker]) == [again]


@again_after_a_stall
def test_alives_at_of_what_has_not_ended(quiver):
    server = quiver.start()
    ends, text = in_seconds(60)
    instance = register(server.client(PROVIDER), "alive", expiresAt=text)["instanceId"]
    consumer = server.client("consumer")
    for seconds, found in ((-30, [instance]), (0, [instance]), (1, [])):
        body = {"instanceIds": [instance], "alivesAt": iso(ends + seconds)}
        answer = consumer.post(LOOKUP, json=body).json()
        assert [entry["instanceId"] for entry in answer["entries"]] == found


def are_registered(server, providers, each, text):
    """Whether the providers could register `each` instances that end at `text` before that was there."""

    def fill(provider):
        client = server.client(provider)
        for serial in range(each):
            answer = client.post(REGISTER, json=registration(f"many-{serial}", expiresAt=text))
            if answer.status_code != 201:
                assert_error(answer, 400, "Expiration time is in the past", "POST " + REGISTER)
                return False
        return True

    with concurrent.futures.ThreadPoolExecutor(len(providers)) as pool:
        return all(list(pool.map(fill, providers)))


@again_after_a_stall
def test_many_at_once(quiver):
    """More than one round of the clock takes (1,000), all gone within the two seconds."""
    server = quiver.start()
    count, names = 1200, [f"many-{number}" for number in range(4)]
    for room in (8, 16, 32, 64):  # seconds, for this machine to be ready with all
        ends, text = in_seconds(room)
        if are_registered(server, names, count // len(names), text) and time.time() < ends - 1:
            break
    else:
        pytest.fail("this machine is too slow for the test")
    ends_key = store_key(server.pki, "ends")
    assert redis_of(server).zcard(ends_key) == count
    wait_until(lambda: time.time() > ends + 0.001, "their end", ends + 2 - time.time())
    assert lookup_ids(server.client("consumer"), providerNames=names) == []
    wait_until(
        lambda: redis_of(server).zcard(ends_key) == 0, "all being gone", ends + 2 - time.time()
    )
    pattern = instance_key(server, "many-*")
    assert not list(redis_of(server).scan_iter(match=pattern, count=5000))
    assert server.ops.get("/health/ready").json() == {"status": "ready", "reasons": []}


@again_after_a_stall
def test_what_ended_while_nobody_was_there(quiver):
    """Neither Quiver nor Redis ran at the end: it is never shown again."""
    server = quiver.start()
    ends, text = in_seconds(1)
    ended = register(server.client(PROVIDER), "ended", expiresAt=text)["instanceId"]
    server.stop()
    wait_until(lambda: time.time() > ends, "its end")
    server.start()
    ready = time.time()
    assert lookup_ids(server.client("consumer"), instanceIds=[ended]) == []
    wait_gone(server, ended, ready + 2)


@again_after_a_stall
def test_redis_away_hides_all_the_same(quiver, redis_server):
    """Hiding needs no Redis; removal follows when it is back."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    ends, text = in_seconds(1)
    ended = register(server.client(PROVIDER), "ended", expiresAt=text)["instanceId"]
    redis.stop()
    assert lookup_ids(server.client("consumer"), instanceIds=[ended]) == [ended]
    wait_until(lambda: time.time() > ends + 0.001, "its end")
    assert lookup_ids(server.client("consumer"), instanceIds=[ended]) == []
    redis.start()
    client = redis.client()
    wait_until(lambda: not client.exists(instance_key(server, ended)), "its removal")


DAY = 86400


def wait_taken(provider):
    """Until a change is taken; 503 is the only other answer."""

    def taken():
        status = provider.post(REGISTER, json=registration("taken")).status_code
        assert status in (201, 503)
        return status == 201

    wait_until(taken, "a change being taken")


@pytest.mark.clock
@again_after_a_stall
def test_days_ahead(quiver):
    """The clock goes on by days, for Quiver and its Redis alike."""
    server = quiver.start(clock="all")
    provider, consumer = server.client(PROVIDER), server.client("consumer")
    day = register(provider, "day", expiresAt=iso(time.time() + DAY))["instanceId"]
    week = register(provider, "week", expiresAt=iso(time.time() + 7 * DAY))["instanceId"]
    assert lookup_ids(consumer, providerNames=[PROVIDER]) == [week, day]
    server.set_clock(2 * DAY)
    assert lookup_ids(consumer, providerNames=[PROVIDER]) == [week]
    wait_gone(server, day, time.time() + 2.5)
    assert revoke(provider, day) == 204
    body = registration("late", expiresAt=iso(time.time() + DAY))
    answer = provider.post(REGISTER, json=body)
    assert_error(answer, 400, "Expiration time is in the past", "POST " + REGISTER)
    server.set_clock(0)
    assert lookup_ids(consumer, providerNames=[PROVIDER]) == [week], "what ended does not come back"
    assert revoke(provider, week) == 200


@pytest.mark.clock
def test_far_dates(quiver):
    """Times are not bound to 32 bits (section 11.7). No certificate lasts so long: plain listener.
    Deadlines are told in Redis' time, so changes are 503 until the next round learns of the step.
    """
    server = quiver.start(clock="all", plain=True)
    eve = 2147483645 - time.time()
    server.set_clock(eve)
    provider, consumer = server.declared(PROVIDER), server.declared("consumer")
    wait_taken(provider)
    soon = register(provider, "soon", expiresAt="2038-01-19T03:20:00Z")
    later = register(provider, "later", expiresAt="9999-12-31T23:59:59Z")
    assert "2038-01-19T03:14:05Z" <= soon["createdAt"] < "2038-01-19T03:15:00Z"
    server.set_clock(eve + 2 * 365 * DAY)
    assert later["instanceId"] in lookup_ids(consumer, providerNames=[PROVIDER])
    assert lookup_ids(consumer, instanceIds=[soon["instanceId"]]) == []
    wait_gone(server, soon["instanceId"], time.time() + 2.5)
    wait_taken(provider)
    assert register(provider, "now")["createdAt"] >= "2040-01-01T00:00:00Z"


@pytest.mark.clock
@pytest.mark.parametrize("step", [-3600, 3600, 400 * DAY])
@again_after_a_stall
def test_another_time_than_redis(quiver, step):
    """Deadlines count in Redis' clock: a node whose own clock is wrong is no worse a node."""
    server = quiver.start(clock="quiver", plain=True)
    before = register(server.declared(PROVIDER), "before")["instanceId"]
    server.set_clock(step)
    provider = server.declared(PROVIDER)
    for number in range(5):
        register(provider, f"after-{number}")
    assert revoke(provider, before) == 200
    assert len(lookup_ids(server.declared("consumer"), providerNames=[PROVIDER])) == 5


@pytest.mark.clock
@pytest.mark.parametrize("step", [-3600, 3600])
@again_after_a_stall
def test_a_clock_step_stops_no_promise(quiver, redis_server, step):
    """store.timeout counts on the monotonic clock: a step of the wall clock neither fires nor
    holds it back."""
    redis = redis_server()
    server = quiver.start(clock="quiver", plain=True, redis=redis, store={"timeout": "2s"})
    register(server.declared(PROVIDER), "before")
    redis.suspend()
    outcome = []

    def change():
        begin = time.monotonic()
        status = server.declared(PROVIDER).post(REGISTER, json=registration("during")).status_code
        outcome.append((status, time.monotonic() - begin))

    waiting = threading.Thread(target=change)
    waiting.start()
    server.set_clock(step)
    waiting.join(10)
    redis.resume()
    status, took = outcome[0]
    assert status == 503 and 0.5 < took < 2.5
    wait_taken(server.declared(PROVIDER))

"""The mirror: `chap.mirror` writes each live service also into the Redis of CHAP's own core, in the form
that the core reads, so that its orchestrator sees what registered here. Nobody waits for it: while it
is away all goes on, and when it is back it is made whole.
"""

import json
import re

import pytest

from harness.chap import Caller, fresh_id, moment, start_chap
from harness.process import wait_until
from harness.stalls import again_after_a_stall, within

MEMBERS = ["id", "url", "info", "registered_at", "last_updated", "last_ping_at", "expires_at"]
INFO = ["id", "display_name", "version", "description", "model_metadata", "period_type",
        "min_prediction_periods", "max_prediction_periods",
        "allow_free_additional_continuous_covariates", "required_covariates", "requires_geo"]


@pytest.fixture
def mirror(redis_server, free_port):
    return redis_server(port=free_port())


def start(quiver, mirror, **chap):
    return start_chap(quiver, chap={"mirror": f"redis://127.0.0.1:{mirror.port}/3", **chap})


@pytest.fixture
def core(mirror):
    """Reads as CHAP's core does: database 3."""
    return mirror.client(db=3)


def mirrored(core, name, wanted=lambda entry: True):
    """What is written of a service, waited for; as parsed JSON."""
    def read():
        text = core.get(f"service:{name}")
        return text if text is not None and wanted(json.loads(text)) else None
    return json.loads(wait_until(read, f"{name} in the mirror"))


def wait_unmirrored(core, name):
    wait_until(lambda: not core.exists(f"service:{name}"), f"{name} leaving the mirror")


def test_written_as_the_core_writes_it(quiver, mirror, core):
    """Key, time to live, members, order, and the text of Python's json.dumps."""
    caller, name = Caller(start(quiver, mirror)), fresh_id()
    caller.registered(name, "http://model:8080", display_name="Modèle 🌧", description=None)
    entry = mirrored(core, name)
    text = core.get(f"service:{name}")
    assert text == json.dumps(entry), "not as Python writes it"
    assert list(entry) == MEMBERS and list(entry["info"]) == INFO
    assert entry["info"]["description"] is None and text.isascii()
    assert {**caller.found(name)} == entry
    assert 25 < core.ttl(f"service:{name}") <= 30
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00", entry["expires_at"])


def test_it_follows_pings_and_changes(quiver, mirror, core):
    caller, name = Caller(start(quiver, mirror)), fresh_id()
    caller.registered(name)
    mirrored(core, name)
    core.expire(f"service:{name}", 5)
    pinged = caller.pinged(name)
    mirrored(core, name, wanted=lambda entry: entry["last_ping_at"] == pinged["last_ping_at"]
             and entry["expires_at"] == pinged["expires_at"])
    assert core.ttl(f"service:{name}") > 25
    caller.registered(name, "http://moved:1")
    assert mirrored(core, name, wanted=lambda entry: entry["url"] == "http://moved:1")


def test_gone_after_deletion(quiver, mirror, core):
    caller, name = Caller(start(quiver, mirror)), fresh_id()
    caller.registered(name)
    mirrored(core, name)
    assert caller.delete(name).status_code == 204
    wait_unmirrored(core, name)


@again_after_a_stall
def test_gone_after_the_lease(quiver, mirror, core):
    """By its time to live, whether Quiver lives or not."""
    server = start(quiver, mirror, ttl="2s")
    caller, name, other = Caller(server), fresh_id(), fresh_id()
    caller.registered(name)
    caller.registered(other)
    mirrored(core, name)
    mirrored(core, other)
    ends = moment(caller.found(name)["expires_at"])
    wait_unmirrored(core, name)
    caller.wait_end(name, ends)
    caller.registered(name)
    mirrored(core, name)
    server.stop()
    with within(4):
        wait_unmirrored(core, name)


def test_only_what_is_ones_own_is_touched(quiver, mirror, core):
    """Services that registered with the core itself, and other databases, stay as they are."""
    core.set("service:of-the-core", "{}")
    core.set("other", "1")
    mirror.client(db=0).set("service:elsewhere", "1")
    caller, name = Caller(start(quiver, mirror)), fresh_id()
    caller.registered(name)
    mirrored(core, name)
    caller.delete(name)
    wait_unmirrored(core, name)
    assert core.get("service:of-the-core") == "{}" and core.get("other") == "1"
    assert mirror.client(db=0).keys() == ["service:elsewhere"]


def test_down_and_up_again(quiver, mirror, core):
    """While it is away all goes on, and readiness says so; what happened meanwhile is made up for."""
    server = start(quiver, mirror)
    caller = Caller(server)
    stays, goes, comes = fresh_id(), fresh_id(), fresh_id()
    caller.registered(stays)
    caller.registered(goes)
    mirrored(core, goes)
    mirror.kill()
    wait_until(lambda: caller.pinged(stays) and "mirror" in server.ops.get("/health/ready").text,
               "readiness speaking of the mirror")
    ready = server.ops.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    caller.registered(comes)
    caller.registered(stays, "http://moved:1")
    assert caller.delete(goes).status_code == 204
    mirror.start()
    assert mirrored(core, comes)
    assert mirrored(core, stays, lambda entry: entry["url"] == "http://moved:1")
    wait_until(lambda: server.ops.get("/health/ready").json()["status"] == "ready", "readiness")
    assert not caller.get(goes).status_code == 200


def test_a_mirror_that_is_not_there_holds_nobody_up(quiver, free_port):
    server = start_chap(quiver, chap={"mirror": f"redis://127.0.0.1:{free_port()}/3"})
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    assert caller.pinged(name) and caller.ids() == [name]
    assert caller.delete(name).status_code == 204


def test_a_restart_writes_all_that_live(quiver, mirror, core):
    server = start(quiver, mirror)
    names = [fresh_id("restarted") for _ in range(150)]
    caller = Caller(server)
    for name in names:
        caller.registered(name)
    server.stop()
    core.flushdb()
    server.restart()
    for name in names:
        mirrored(core, name)
    assert len(core.keys("service:*")) == len(names)


@pytest.mark.parametrize("good", [True, False], ids=["right", "wrong"])
def test_password(quiver, redis_server, free_port, good):
    """It is in no log and no answer, right or wrong."""
    word = "mirror-pass-word"
    mirror = redis_server(port=free_port(), requirepass=word)
    given = word if good else "another-pass-word"
    server = start_chap(quiver, chap={"mirror": f"redis://:{given}@127.0.0.1:{mirror.port}/3"})
    caller, name = Caller(server), fresh_id()
    caller.registered(name)
    if good:
        assert mirrored(mirror.client(db=3, password=word), name)
    else:
        wait_until(lambda: "mirror" in server.ops.get("/health/ready").text, "readiness")
    said = server.process.text + server.ops.get("/health/ready").text
    assert word not in said and given not in said


def test_no_lua_and_no_journal_reach_the_mirror(quiver, mirror, core):
    """The core's Redis needs no scripts: SET with a time to live, DEL, and the greeting."""
    caller, name = Caller(start(quiver, mirror)), fresh_id()
    caller.registered(name)
    mirrored(core, name)
    caller.delete(name)
    wait_unmirrored(core, name)
    used = set(core.info("commandstats"))
    assert not used & {"cmdstat_eval", "cmdstat_evalsha", "cmdstat_xadd", "cmdstat_flushdb"}

"""The real clients, servicekit and chapkit from the package index, against Quiver over TLS.

They know Quiver's CA by SSL_CERT_FILE, Python 3.13 verifies strictly, and nothing of them is altered
but how often they ping (each second). Skipped, with words, where there is no Python 3.13.
"""

import os
import signal

import pytest

from harness.chap import KEY, Caller, fresh_id, moment, ping_path, start_chap
from harness.process import wait_until
from harness.realclients import RealService, environment_python
from harness.stalls import again_after_a_stall

pytestmark = pytest.mark.timeout(900)  # the first one waits for the installation of the clients
KINDS = ["servicekit", "chapkit"]


@pytest.fixture(scope="module", autouse=True)
def python():
    return environment_python()


@pytest.fixture
def real(free_port):
    """real(server, kind, name, key, **environment): a started service; ended after the test."""
    made = []

    def start(server, kind, name, key=KEY, **environment):
        made.append(RealService(server, kind, name, free_port(), key, **environment))
        return made[-1]

    yield start
    for service in made:
        service.close()


def wait_there(caller, name):
    wait_until(lambda: caller.get(name).status_code == 200, f"{name} being registered")
    return caller.found(name)


def wait_pinged(caller, name, after):
    """Until a ping that came later than `after`; what is found then."""
    def pinged():
        answer = caller.get(name)
        later = answer.status_code == 200 and moment(answer.json()["last_ping_at"]) > moment(after)
        return answer.json() if later else None
    return wait_until(pinged, f"a ping of {name} after {after}")


@pytest.mark.parametrize("kind", KINDS)
@again_after_a_stall
def test_lives_through_restarts_and_leaves(quiver, real, kind):
    """Registers, pings, is still there after Quiver and Redis were killed, deregisters on SIGTERM."""
    server = start_chap(quiver, chap={"ttl": "10s"})
    caller, name = Caller(server), fresh_id(kind)
    service = real(server, kind, name)
    first = wait_there(caller, name)
    assert (first["url"], first["info"]["version"]) == (service.url, "1.2.3")
    assert first["info"]["required_covariates"] == ["rainfall"]
    assert service.wait_said("keepalive.started", server.url("chap") + ping_path(name))
    pinged = wait_pinged(caller, name, first["last_ping_at"])

    server.restart(kill=True)
    caller = Caller(server)
    assert caller.found(name)["registered_at"] == first["registered_at"]
    pinged = wait_pinged(caller, name, caller.found(name)["last_ping_at"])

    os.kill(server.redis_pid, signal.SIGKILL)
    pinged = wait_pinged(caller, name, pinged["last_ping_at"])
    pinged = wait_pinged(caller, name, pinged["last_ping_at"])
    assert pinged["registered_at"] == first["registered_at"] and pinged["url"] == service.url

    service.stop()
    assert service.wait_said("deregistration.success", "204")
    assert caller.get(name).status_code == 404
    assert moment(pinged["expires_at"]) > moment(pinged["last_ping_at"])


@again_after_a_stall
def test_an_outage_longer_than_its_lease(quiver, real):
    """Longer than 5 s, too, from where on an outage is given back: the client cannot register again."""
    server = start_chap(quiver, chap={"ttl": "7s"})
    caller, name = Caller(server), fresh_id("outage")
    service = real(server, "servicekit", name)
    first = wait_there(caller, name)
    server.stop()
    mark = service.mark()
    for _ in range(8):  # pings that fail, one a second
        service.wait_said("keepalive.ping_failed", since=mark)
        mark = service.mark()
    server.restart()
    caller = Caller(server)
    found = wait_pinged(caller, name, first["last_ping_at"])
    assert found["registered_at"] == first["registered_at"]


def test_a_restarted_service_is_the_same(quiver, real):
    """Killed and started again, at another port: replaced, and it did not have to wait."""
    server = start_chap(quiver)
    caller, name = Caller(server), fresh_id("restarted")
    first = real(server, "chapkit", name)
    before = wait_there(caller, name)
    first.close()
    second = real(server, "chapkit", name)
    wait_until(lambda: caller.found(name)["url"] == second.url, "the new address")
    assert caller.found(name)["registered_at"] == before["registered_at"]


@again_after_a_stall
def test_a_killed_service_vanishes(quiver, real):
    server = start_chap(quiver, chap={"ttl": "3s"})
    caller, name = Caller(server), fresh_id("killed")
    service = real(server, "servicekit", name)
    wait_pinged(caller, name, wait_there(caller, name)["last_ping_at"])
    service.process.kill()
    ends = moment(caller.found(name)["expires_at"])
    caller.wait_end(name, ends)


@again_after_a_stall
def test_after_its_end_it_comes_back_by_revive_alone(quiver, real):
    """After a 404 the client waits, cannot register again, and goes on pinging: that may bring it back.
    Here the process is stopped for a while, as a machine that sleeps."""
    server = start_chap(quiver, chap={"ttl": "2s", "revive": "1h"})
    caller, name = Caller(server), fresh_id("sleeper")
    service = real(server, "servicekit", name)
    first = wait_there(caller, name)
    service.process.signal(signal.SIGSTOP)
    caller.wait_end(name)
    service.process.signal(signal.SIGCONT)
    found = wait_there(caller, name)
    assert found["registered_at"] == first["registered_at"]


@pytest.mark.parametrize("why, said", [("key", "401"), ("none", "422"), ("ca", "certificate verify failed"),
                                       ("plain", "422")])
def test_what_the_client_says_when_it_is_refused(quiver, real, why, said):
    """Each refusal is tried again and ends in words; the service itself runs on."""
    server = start_chap(quiver)
    key = {"key": "wrong", "none": None}.get(why, KEY)
    environment = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"} if why == "ca" else {}
    name = fresh_id("refused")
    service = real(server, "plain" if why == "plain" else "servicekit", name, key, **environment)
    assert said.lower() in service.wait_said("registration.attempt_failed").lower()
    service.wait_said("registration.failed")
    assert service.process.running and Caller(server).ids() == []


@again_after_a_stall
def test_a_relative_ping_url_is_of_no_use_to_it(quiver, real):
    """Why Quiver's default is absolute: the document's relative one is never called."""
    server = start_chap(quiver, chap={"ping_url": "relative", "ttl": "3s"})
    caller, name = Caller(server), fresh_id("relative")
    service = real(server, "servicekit", name)
    found = wait_there(caller, name)
    assert "UnsupportedProtocol" in service.wait_said("keepalive.ping_failed")
    caller.wait_end(name, moment(found["expires_at"]))


def test_the_service_key_is_not_in_its_messages(quiver, real):
    """Nor in Quiver's: what they print is what an operator pastes into a report."""
    server = start_chap(quiver)
    name = fresh_id("quiet")
    service = real(server, "servicekit", name)
    wait_there(Caller(server), name)
    service.stop()
    assert KEY not in service.process.text and KEY not in server.process.text

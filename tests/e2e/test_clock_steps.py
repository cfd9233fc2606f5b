"""A step of the wall clock is nobody's waiting time.

Who is waited for has `limits.request_timeout`, as time passes: a step forward ends no connection,
a step backward keeps none. One worker, so that whoever is served after a step shows that the others'
time was looked at.
"""

import pytest

from harness.process import PATIENCE
from harness.requests import ECHO
from harness.stalls import within

HOUR = 3600
HALF_A_HEAD = f"GET {ECHO} HTTP/1.1\r\nHost: localhost\r\n".encode()
REST = b"Authorization: Bearer SYSTEM//consumer\r\n\r\n"

pytestmark = pytest.mark.clock


@pytest.fixture
def start(quiver):
    def start(patience):
        return quiver.start(clock="quiver", plain=True,
                            limits={"workers": 1, "request_timeout": patience})

    return start


def connect(server, begun=b""):
    connection = server.connect(None, listener="plain")
    connection.send(begun)
    return connection


def is_served(connection, rest=HALF_A_HEAD + REST):
    connection.send(rest)
    return connection.read_response().status == 200


@pytest.mark.parametrize("steps", [[HOUR], [HOUR, 2 * HOUR], [-HOUR, 0], [400 * 24 * HOUR]])
def test_nobody_is_given_up_early(start, steps):
    server = start("60s")
    with connect(server) as idle, connect(server, HALF_A_HEAD) as begun:
        assert is_served(idle)
        for step in steps:
            server.set_clock(step)
            with connect(server) as other:
                assert is_served(other)
        assert is_served(idle)
        assert is_served(begun, REST)


@pytest.mark.parametrize("step", [HOUR, -HOUR, -400 * 24 * HOUR])
def test_nobody_is_waited_for_longer(start, step):
    server = start("2s")
    with connect(server, HALF_A_HEAD) as before:
        server.set_clock(step)
        with connect(server, HALF_A_HEAD) as after:
            for waited_for in (before, after):
                with within(10):
                    waited_for.ended_within(PATIENCE)

"""`quiver health` asks the running Quiver over its control socket; its exit status is the answer.

0 ready, 1 degraded (why, a reason a line), 2 where nothing is served yet, nobody answers or the usage is
wrong. It says what /health/ready says, and needs no listener for it.
"""

import json
import signal

import pytest

from harness.process import wait_until
from harness.server import SECURE

READY = "/health/ready"


def ask(quiver, server, *options):
    return quiver.command("health", "--config", server.config_path, *options)


def test_ready(quiver):
    server = quiver.start()
    done = ask(quiver, server)
    assert (done.status, done.output) == (0, "ready\n")
    told = ask(quiver, server, "--json")
    assert told.status == 0 and told.output.count("\n") == 1
    answer = json.loads(told.output)
    assert answer.pop("revision").startswith("1.")
    assert answer.pop("generation") >= 1
    assert answer == {"status": "ready", "reasons": []}


def test_without_any_listener_for_operators(quiver):
    server = quiver.start(listeners=[SECURE])
    assert ask(quiver, server).status == 0


def test_the_whole_story(quiver, redis_server):
    """Loading without a view, ready with it, degraded while Redis is away, down when it ended."""
    redis = redis_server()
    redis.stop()
    server = quiver.start(redis=redis, wait=False)
    done = ask(quiver, server)
    assert done.status == 2 and done.output.startswith("loading\n")
    told = json.loads(ask(quiver, server, "--json").output)
    assert told["status"] == "loading"

    redis.start()
    server.wait_log("ready")
    wait_until(lambda: ask(quiver, server).status == 0, "ready")

    redis.stop()
    done = wait_until(lambda: (done := ask(quiver, server)).status == 1 and done, "degraded")
    word, *reasons = done.output.splitlines()
    assert word == "degraded" and reasons == server.ops.get(READY).json()["reasons"]
    assert str(redis.socket) in " ".join(reasons)

    server.stop()
    done = ask(quiver, server)
    assert done.status == 2 and done.output.startswith("down\nnobody answers at ")
    told = ask(quiver, server, "--json")
    assert told.status == 2
    answer = json.loads(told.output)
    assert answer["status"] == "down" and "nobody answers" in answer["reasons"][0]


def test_degraded_by_what_was_not_reloaded(quiver, new_pki):
    """Each reason is a line of its own, and they go when the files are right again."""
    pki = new_pki()
    server = quiver.start(pki=pki)
    good = pki.crl.read_bytes()
    pki.crl.write_text("no list\n")
    server.reload()
    done = ask(quiver, server)
    assert done.status == 1
    assert any(line.startswith("CAs and CRLs: ") for line in done.output.splitlines()[1:])
    pki.crl.write_bytes(good)
    server.reload()
    assert ask(quiver, server).status == 0


def test_killed(quiver):
    """The socket that a killed Quiver leaves behind answers nobody."""
    server = quiver.start()
    server.kill()
    assert (server.data_directory / "control.sock").exists()
    assert ask(quiver, server).status == 2


def test_stopped_as_a_process(quiver):
    """Who does not answer is down, and the command ends all the same."""
    server = quiver.start()
    server.process.signal(signal.SIGSTOP)
    try:
        done = ask(quiver, server)
    finally:
        server.process.signal(signal.SIGCONT)
    assert done.status == 2 and done.output == "down\nno answer within 4 s; Quiver's log tells what it does\n"


@pytest.mark.parametrize("arguments", [(), ("--config",), ("--config", "x", "more"), ("--loud",)])
def test_wrong_usage(quiver, arguments):
    done = quiver.command("health", *arguments)
    assert done.status == 2 and done.output.startswith("quiver health: ")


def test_help_tells_the_exit_status(quiver):
    done = quiver.command("health", "--help")
    assert done.status == 0 and "exit status: 0 ready; 1 degraded; 2 " in done.output


def test_no_configuration(quiver, tmp_path):
    done = quiver.command("health", "--config", tmp_path / "none.yaml")
    assert done.status == 2 and done.output.startswith("down\n") and "none.yaml" in done.output

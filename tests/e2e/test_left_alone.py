"""What goes wrong around the server must not stop it, nor pass unseen.

Standard descriptors that are closed, few open files and a crowd that holds them, stored documents that cannot be read, a seeded template that is gone.
"""

import json
import os
import shlex
import signal
import socket

import pytest

from harness.shared import store_key
from harness.process import wait_until
from harness.requests import register

CROWD = 300


@pytest.fixture
def wrapped(monkeypatch, tmp_path):
    """wrapped(words): the program under test is started by this line of shell, as "$@"."""
    def wrap(words: str) -> None:
        script = tmp_path / "start.sh"
        before = shlex.join(os.environ.get("QUIVER_WRAP", "").split())
        script.write_text(f"set -- {before} \"$@\"\n{words}\n")
        monkeypatch.setenv("QUIVER_WRAP", f"sh {script}")
    return wrap


def readiness(server) -> dict:
    return server.ops.get("/health/ready").json()


def test_closed_standard_descriptors(quiver, wrapped):
    wrapped('exec "$@" <&- >&-')
    server = quiver.start()
    for descriptor in (0, 1):
        assert os.readlink(f"/proc/{server.pid}/fd/{descriptor}") == "/dev/null"
    assert register(server.client("provider"), "here")


def test_a_crowd_does_not_keep_redis_away(quiver, wrapped):
    """The soft limit is raised; where the hard one is low, clients get what is left."""
    wrapped('ulimit -Sn 128; ulimit -Hn 256; exec "$@"')
    server = quiver.start()
    lowered = server.wait_log("limits.connections lowered", configured=10000, open_files=256)
    assert 0 < lowered["connections"] <= 256 - 128
    address = server.listeners["secure"]
    crowd = [socket.create_connection(address) for _ in range(CROWD)]
    try:
        server.wait_log("not accepting")
        mark = server.mark()
        os.kill(server.redis_pid, signal.SIGKILL)
        server.wait_log("redis started", since=mark)
        server.wait_log("store connected", since=mark)
    finally:
        for one in crowd:
            one.close()
    assert register(server.client("provider"), "behind-the-crowd")


def test_too_few_open_files(quiver, wrapped):
    wrapped('ulimit -n 40; exec "$@"')
    refused = quiver.refused()
    assert "the limit on open files is 40" in refused.output
    assert "LimitNOFILE=" in refused.output


def test_documents_left_out_are_told(quiver):
    """By the embedded Redis, too; a damaged template is no missing one."""
    server = quiver.start()
    register(server.client("provider"), "damaged")
    redis = server.redis()
    redis.set(store_key(server.pki, "instance:provider::damaged::1.0.0"), "garbage")
    redis.set(store_key(server.pki, "template:generic-http"), "garbage")
    server.restart()
    server.wait_log("stored document left out", kind="template")
    answer = readiness(server)
    assert answer["status"] == "degraded"
    assert "2 stored documents cannot be read" in json.dumps(answer["reasons"])
    assert server.redis().get(store_key(server.pki, "template:generic-http")) == "garbage"


def test_a_missing_template_is_seeded_anew(quiver):
    server = quiver.start()
    key = store_key(server.pki, "template:generic-http")
    server.redis().delete(key)
    server.restart()
    assert server.redis().exists(key) == 1
    wait_until(lambda: readiness(server)["status"] == "ready", "being ready")
    assert not [line for line in server.log if line.get("event") == "store mended"]

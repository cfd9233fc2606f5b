"""One embedded data directory belongs to one Quiver: the second refuses to start and says why.

The lock is free when the first and its Redis are both gone, also after kill -9 of the first; what
is left in the directory stops nobody.
"""

import os
import re
import signal
import stat

from harness.process import wait_gone
from harness.requests import lookup_ids, register
from harness.stalls import within

PROVIDER = "temperature-provider2"


def store_of(server):
    return {"data_directory": str(server.data_directory)}


def test_the_second_refuses(quiver):
    first = quiver.start()
    instance = register(first.client(PROVIDER), "kept")["instanceId"]
    with within(15):
        finished = quiver.refused(store=store_of(first))
    said = finished.output
    assert finished.status == 1
    assert str(first.data_directory) in said
    assert re.search(rf"\b({first.pid}|{first.redis_pid})\b", said), f"who holds it? {said}"
    assert lookup_ids(first.client("consumer"), instanceIds=[instance]) == [instance]
    register(first.client(PROVIDER), "more")


def test_it_waits_for_one_that_is_ending(quiver):
    """Started too early by less than five seconds it needs nobody's help."""
    first = quiver.start()
    instance = register(first.client(PROVIDER), "kept")["instanceId"]
    second = quiver.prepare(store=store_of(first))
    first.process.signal(signal.SIGTERM)
    second.start()
    assert first.wait_exit() == 0
    assert lookup_ids(second.client("consumer"), instanceIds=[instance]) == [instance]
    second.stop()


def test_nothing_is_left_by_kill_9(quiver):
    """The Redis goes with its Quiver, and the next one starts at once on the same data."""
    first = quiver.start()
    instance = register(first.client(PROVIDER), "kept")["instanceId"]
    redis = first.redis_pid
    first.kill(wait=False)
    second = quiver.start(store=store_of(first))
    assert wait_gone(redis, 1), "the old Redis lived on beside the new one"
    first.wait_exit()
    assert lookup_ids(second.client("consumer"), instanceIds=[instance]) == [instance]
    second.stop()


def test_the_redis_ends_by_itself(quiver):
    first = quiver.start()
    redis = first.redis_pid
    first.kill(wait=False)
    assert wait_gone(redis), "the embedded Redis outlived its Quiver"
    first.wait_exit()
    first.assert_nothing_left()


def test_a_stopped_first_keeps_it(quiver):
    """Suspended is not gone: the data is still its own."""
    first = quiver.start()
    os.kill(first.pid, signal.SIGSTOP)
    try:
        finished = quiver.refused(store=store_of(first))
        assert str(first.data_directory) in finished.output
    finally:
        os.kill(first.pid, signal.SIGCONT)
    register(first.client(PROVIDER), "goes-on")


def test_modes_of_the_data(quiver):
    """The folder is its owner's alone; so is the socket."""
    server = quiver.start()
    mode = stat.S_IMODE(server.data_directory.stat().st_mode)
    assert mode == 0o700
    assert stat.S_IMODE(server.redis_socket.stat().st_mode) & 0o077 == 0
    for path in server.data_directory.rglob("*"):
        assert path.lstat().st_uid == os.getuid()


def test_the_redis_is_nobody_elses(quiver):
    """It listens on no network, and its settings lose nothing that was acknowledged."""
    server = quiver.start()
    wanted = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    redis = server.redis()
    for name, value in wanted.items():
        assert redis.config_get(name)[name] == value, name
    descriptors = os.listdir(f"/proc/{server.redis_pid}/fd")
    sockets = open("/proc/net/tcp").read() + open("/proc/net/tcp6").read()
    inodes = {
        os.readlink(f"/proc/{server.redis_pid}/fd/{n}")[8:-1]
        for n in descriptors
        if os.readlink(f"/proc/{server.redis_pid}/fd/{n}").startswith("socket:[")
    }
    listening = {line.split()[9] for line in sockets.splitlines() if " 0A " in line}
    assert (
        not inodes & listening
    ), "none of Quiver's listeners was handed down, none of its own opened"


def test_a_folder_that_is_too_deep(quiver, tmp_path):
    """A Unix socket's path is at most 107 bytes long: one clear line."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    finished = quiver.refused(store={"data_directory": str(deep)})
    assert (
        len([line for line in finished.output.splitlines() if "107" in line or "long" in line]) == 1
    )
    assert "redis.sock" in finished.output or str(deep) in finished.output


def test_a_folder_that_cannot_be_made(quiver, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    finished = quiver.refused(store={"data_directory": str(file / "data")})
    assert str(file / "data") in finished.output


def test_no_redis_server(quiver, tmp_path):
    """A missing program is named with the remedy."""
    finished = quiver.refused(env={"PATH": str(tmp_path)})
    assert "redis-server" in finished.output and "install" in finished.output

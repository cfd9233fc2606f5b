"""Quiver under systemd, without a systemd: what it tells the service manager, sockets that outlive it,
credentials, and priorities for the journal."""

import os
import signal
import socket
import subprocess
import threading
from contextlib import closing

import pytest

from harness.process import log_entry, wait_until
from harness.server import OPS, PLAIN, SECURE, quiver_command, server_environment
from harness.service_manager import NotifySocket, SocketUnit, StoppedThread, listen
from harness.stalls import within

ECHO = "/serviceregistry/monitor/echo"
STATES = ("READY", "RELOADING", "STOPPING")


@pytest.fixture
def manager(tmp_path):
    with closing(NotifySocket(tmp_path / "notify")) as made:
        yield made


@pytest.fixture
def sockets(short_folder, tmp_path_factory, monkeypatch):
    """sockets(name=socket, ...): a socket unit for the servers that are started from then on."""
    made = []

    def make(**named) -> SocketUnit:
        unit = SocketUnit(tmp_path_factory.mktemp("unit"), named)
        made.append(unit)
        monkeypatch.setenv("QUIVER_WRAP", f"{os.environ.get('QUIVER_WRAP', '')} {unit.wrap}".strip())
        return unit

    yield make
    for unit in made:
        unit.close()


def on(entry: dict, unit: SocketUnit) -> dict:
    return {**entry, "port": unit.port(entry["name"])}


# ---- states ----


@pytest.mark.concurrent
def test_states_in_order_over_start_reload_failing_reload_and_stop(quiver, manager):
    server = quiver.start(env=manager.environment)
    assert manager.wait("READY") == {"READY": "1"}
    assert manager.messages[-2] == {"STATUS": "ready"}

    assert server.reload().returncode == 0
    manager.take_all()  # all was told before the command returned
    assert manager.states(*STATES) == ["READY", "RELOADING", "READY"]
    when = next(m for m in manager.messages if "RELOADING" in m)
    assert int(when["MONOTONIC_USEC"]) > 0

    server.write_config(authorization={"policy": "missing.yaml"})
    server.wait_log("reload failed")
    assert server.reload().returncode == 1
    manager.take_all()
    assert manager.states(*STATES)[-2:] == ["RELOADING", "READY"]
    status = [m["STATUS"] for m in manager.messages if "STATUS" in m][-1]
    assert status.startswith("degraded: policy: ") and "missing.yaml" in status

    server.stop()
    manager.take_all()
    assert manager.states(*STATES)[-1] == "STOPPING"
    assert manager.messages[-1]["STATUS"] == "ending"
    assert manager.states("STOPPING") == ["STOPPING"]


def test_not_ready_until_the_view_is_loaded(quiver, manager, redis_server, free_port):
    port = free_port()
    server = quiver.start(redis=f"redis://127.0.0.1:{port}/0", wait=False, env=manager.environment)
    # It asks for more time, while its loops come round; and says what it waits for.
    assert int(manager.wait("EXTEND_TIMEOUT_USEC")["EXTEND_TIMEOUT_USEC"]) >= 10_000_000
    assert manager.states(*STATES) == []
    assert any(m.get("STATUS", "").startswith("loading: Redis") for m in manager.messages)
    assert server.reload().returncode == 0  # which must not look like being ready
    manager.take_all()
    assert manager.states(*STATES) == []
    redis_server(port=port, appendonly="yes", maxmemory_policy="noeviction")
    manager.wait("READY")


def test_a_start_that_is_refused_says_why(quiver, manager):
    taken = listen()
    with taken:
        quiver.refused(env=manager.environment,
                       listeners=[SECURE, {**OPS, "port": taken.getsockname()[1]}])
    assert manager.wait("STATUS")["STATUS"].startswith("could not start: listener ops: cannot bind")
    quiver.refused(env=manager.environment, authorization={"policy": "missing.yaml"})
    assert manager.wait("STATUS")["STATUS"].startswith("could not start: the configuration")
    assert manager.states(*STATES) == []


def test_status_says_what_is_wrong_and_that_it_is_over(quiver, manager, redis_server):
    redis = redis_server(appendonly="yes", maxmemory_policy="noeviction")
    quiver.start(redis=redis, env=manager.environment)
    manager.wait("READY")
    redis.stop()
    assert manager.wait("STATUS")["STATUS"].startswith("degraded: ")
    redis.start()
    wait_until(lambda: manager.wait("STATUS")["STATUS"] == "ready", "being ready again")


# ---- signs of life ----


@pytest.mark.parametrize("thread", ["worker", "store"])
def test_a_stuck_thread_misses_the_watchdog(quiver, manager, thread):
    server = quiver.start(env={**manager.environment, "WATCHDOG_USEC": "800000"})
    manager.wait("READY")
    for _ in range(3):
        with within(5):
            manager.wait("WATCHDOG")
    with StoppedThread(server.pid, thread):
        stuck = server.wait_log("loop stuck")
        assert thread in stuck["loop"]
        manager.take_all()
        before = len(manager.states("WATCHDOG"))
        while manager.take(timeout=1.2) is not None:  # four looks
            pass
        assert len(manager.states("WATCHDOG")) == before
    with within(5):
        manager.wait("WATCHDOG")


def test_no_signs_of_life_where_nobody_counts_them(quiver, manager):
    other = {**manager.environment, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}
    quiver.start(env=other)
    manager.wait("READY")
    assert manager.take(timeout=0.5) is None
    assert manager.states("WATCHDOG") == []


# ---- socket activation ----


def test_sockets_are_taken_by_address_and_port(quiver, sockets):
    unit = sockets(secure=listen(), odd=listen("::1"))
    six = {**OPS, "address": "::1", "port": unit.port("odd")}
    server = quiver.start(listeners=[on(SECURE, unit), six, PLAIN])
    how = {e["listener"]: e["socket"] for e in server.log if e["event"] == "listening"}
    assert how == {"secure": "passed", "ops": "passed", "plain": "bound"}
    assert server.client("consumer").get(ECHO).status_code == 200
    assert server.ops.get("/health/live").status_code == 200


def test_a_socket_for_any_port_is_taken_by_name(quiver, sockets):
    unit = sockets(ops=listen())
    server = quiver.prepare()
    server.write_config(listeners=[SECURE, OPS])  # port 0
    server.start()
    assert server.listeners["ops"][1] == unit.port("ops")
    assert server.listeners["secure"][1] != unit.port("ops")


@pytest.mark.parametrize(("made", "words"), [
    (lambda: listen(), "no listener is configured for the socket 127.0.0.1:"),
    (lambda: listen("::", only_ipv6=False), "is for IPv4, too"),
    (lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "which is no listening TCP socket"),
    (lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), "which is no listening TCP socket"),
    (lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), "which is no listening TCP socket"),
])
def test_a_socket_that_fits_no_listener_is_refused(quiver, sockets, made, words):
    sockets(stray=made())
    ended = quiver.refused()
    assert ended.status == 1
    assert words in ended.output and "stray" in ended.output


def test_connections_that_wait_while_it_restarts_are_answered(quiver, sockets):
    unit = sockets(secure=listen(), ops=listen())
    server = quiver.start(listeners=[on(SECURE, unit), on(OPS, unit)])
    server.stop()
    request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    waiting = [socket.create_connection(("127.0.0.1", unit.port("ops")), 20) for _ in range(50)]
    for client in waiting:
        client.sendall(request)
    server.restart()
    for client in waiting:
        with client:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.concurrent
def test_a_restart_loses_no_connection_attempt(quiver, sockets):
    """Clients that connect anew for each request, over TLS, notice nothing of three restarts."""
    unit = sockets(secure=listen(), ops=listen())
    server = quiver.start(listeners=[on(SECURE, unit), on(OPS, unit)])
    context = server.context("consumer")
    ended, faults, answered = threading.Event(), [], []

    def ask() -> None:
        while not ended.is_set():
            try:
                answer = server.raw(f"GET {ECHO} HTTP/1.1\r\nHost: localhost\r\n"
                                    "Connection: close\r\n\r\n".encode(), timeout=30)
                answered.append(answer.status)
            except Exception as fault:  # noqa: BLE001 - counted, whatever it is
                faults.append(repr(fault))

    assert context is not None
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            before = len(answered)
            wait_until(lambda: len(answered) > before + 20, "20 answers")
            server.restart()
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert set(answered) == {200}


# ---- credentials ----


def test_a_key_can_be_a_credential(quiver, pki, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    key = folder / "registry.key"
    key.write_bytes(pki.registry.key.read_bytes())
    key.chmod(0o440)  # root's, with an access list for the service's user: as systemd makes it
    tls = {"private_key": "$CREDENTIALS_DIRECTORY/registry.key"}
    server = quiver.start(env={"CREDENTIALS_DIRECTORY": str(folder)}, tls=tls)
    assert server.client("consumer").get(ECHO).status_code == 200
    assert server.reload().returncode == 0  # asks the running Quiver, which has the folder
    key.chmod(0o444)
    assert "open to group or others" in server.reload().stdout
    server.stop()

    refused = quiver.refused(tls=tls)
    assert "tls.private_key" in refused.output and "CREDENTIALS_DIRECTORY is not set" in refused.output
    refused = quiver.refused(env={"CREDENTIALS_DIRECTORY": str(folder)},
                             tls={"private_key": "$CREDENTIALS_DIRECTORY/../registry.key"})
    assert "one plain name" in refused.output


# ---- the journal ----


def run_with_journal(config, stream: socket.socket, journal: str) -> subprocess.Popen:
    return subprocess.Popen(quiver_command("serve", "--config", config), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=stream,
                            env=server_environment(JOURNAL_STREAM=journal))


@pytest.mark.parametrize("is_journal", [True, False])
def test_lines_to_the_journal_begin_with_their_priority(quiver, is_journal):
    server = quiver.prepare()
    ours, theirs = socket.socketpair()
    facts = os.fstat(theirs.fileno())
    journal = f"{facts.st_dev}:{facts.st_ino + (not is_journal)}"
    process = run_with_journal(server.config_path, theirs, journal)
    try:
        theirs.close()
        ours.settimeout(30)
        reader = ours.makefile(encoding="utf-8")
        lines = []
        for line in reader:
            lines.append(line)
            if '"event":"ready"' in line:
                server.write_config(authorization={"policy": "missing.yaml"})
            if '"event":"reload failed"' in line:
                process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
        ours.close()
    priorities = {"info": "<6>", "warning": "<4>", "error": "<3>"} if is_journal else {}
    seen = set()
    for line in lines:
        entry = log_entry(line[3:] if is_journal else line)
        assert entry is not None, line
        assert line.startswith(priorities.get(entry["level"], "{")), line
        seen.add(entry["level"])
    assert {"info"} < seen  # and what tells of the reload


def test_the_reason_of_a_refused_start_is_an_error_in_the_journal(quiver):
    with listen() as taken:
        server = quiver.prepare(listeners=[SECURE, {**OPS, "port": taken.getsockname()[1]}])
        ours, theirs = socket.socketpair()
        facts = os.fstat(theirs.fileno())
        process = run_with_journal(server.config_path, theirs, f"{facts.st_dev}:{facts.st_ino}")
        theirs.close()
        with ours, ours.makefile(encoding="utf-8") as reader:
            assert "<3>quiver: listener ops: cannot bind" in reader.read()
        assert process.wait() == 1

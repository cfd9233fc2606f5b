"""The harness itself: a server that ends by itself fails the test, whatever its answers were."""

import os
import signal

import pytest

from harness.ports import FIRST, KERNELS, free_port
from harness.process import wait_gone
from harness.requests import register
from harness.server import Quiver

REPORT = "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010"


@pytest.fixture
def factory(pki):
    """As the fixture `quiver`, but for its end, at which the tests here look."""
    made = Quiver(pki)
    yield made
    for server in made.servers:
        if server.running:
            server.process.kill()


def end_behind_its_back(server, number):
    redis = server.redis_pid
    os.kill(server.pid, number)
    assert wait_gone(server.pid) and wait_gone(redis)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL, signal.SIGTERM])
def test_an_end_after_the_last_answer_fails_the_test(factory, number):
    server = factory.start()
    register(server.client("temperature-provider2"), "kelvin-info")
    end_behind_its_back(server, number)
    with pytest.raises(AssertionError) as fault:
        factory.close()
    assert "by itself" in str(fault.value) or "Sanitizer" in str(fault.value)
    assert '"event":"ready"' in str(fault.value) or "Sanitizer" in str(fault.value)
    assert not server.directory.exists()


@pytest.mark.parametrize("again", ["start", "restart", "stop", "kill"])
def test_an_end_before_it_is_started_or_ended_again_fails_the_test(factory, again):
    server = factory.start()
    end_behind_its_back(server, signal.SIGKILL)
    ended = server.process
    with pytest.raises(AssertionError, match="by itself with status -9"):
        getattr(server, again)()
    assert server.process is ended
    with pytest.raises(AssertionError, match="by itself with status -9"):
        factory.close()


def test_a_report_of_a_sanitizer_fails_the_test_though_its_end_was_wanted(factory):
    server = factory.start()
    server.stop()
    server.process.lines.append(REPORT)
    with pytest.raises(AssertionError, match="heap-use-after-free"):
        server.start()
    with pytest.raises(AssertionError, match="heap-use-after-free"):
        factory.close()


def test_a_crash_is_no_refusal(factory, tmp_path, monkeypatch):
    """A start that ends by a signal has told nobody what is wrong with the configuration."""
    program = tmp_path / "crash"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("QUIVER_WRAP", str(program))
    with pytest.raises(AssertionError, match="status -11"):
        factory.refused()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_an_end_that_the_test_wants_is_none(factory, end):
    server = factory.start()
    getattr(server, end)()
    server.start()
    getattr(server, end)()
    factory.close()


def test_a_server_comes_back_to_a_port_that_nobody_is_given_meanwhile(factory):
    """Not by the kernel, whose own begin above, and not by the harness to another server."""
    server = factory.start()
    taken = {port for _, port in server.listeners.values()}
    others = {free_port() for _ in range(50)}
    assert len(others) == 50 and not others & taken
    assert all(FIRST <= port < int(KERNELS.read_text().split()[0]) for port in taken | others)
    server.restart()
    assert {port for _, port in server.listeners.values()} == taken

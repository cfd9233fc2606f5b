"""The harness: what a test says on a machine that stalls, and on one that does not."""

import signal
import subprocess
import sys
import time

import pytest

from harness import ROOT
from harness.process import is_stopped, wait_until
from harness.stalls import NOTICED, TIMES, again_after_a_stall, within


class Told:
    """Stalls of as many seconds as one says."""

    def __init__(self, *seconds):
        self.left = list(seconds)

    def __call__(self):
        self.seconds = self.left.pop(0)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        return None


def failing(times):
    """A test that fails so many times before it passes, and how often it was made."""
    made = []

    def test(given):
        made.append(given)
        if len(made) <= times:
            raise AssertionError(f"no. {len(made)}")
        return "passed"
    return test, made


def test_what_fails_on_a_machine_that_runs_fails():
    test, made = failing(1)
    with pytest.raises(AssertionError, match="no. 1"):
        again_after_a_stall(test, Told(0.0))("given")
    assert made == ["given"]


def test_what_fails_after_a_stall_is_made_again_with_what_it_was_given():
    test, made = failing(2)
    with pytest.warns(UserWarning, match="made again") as told:
        assert again_after_a_stall(test, Told(NOTICED, 3.0, 0.0))("given") == "passed"
    assert made == ["given"] * 3
    assert "stalled for 3.00 s: AssertionError('no. 2')" in str(told[-1].message)


def test_what_fails_each_time_fails():
    test, made = failing(TIMES)
    with pytest.warns(UserWarning), pytest.raises(AssertionError, match=f"no. {TIMES}"):
        again_after_a_stall(test, Told(*[1.0] * TIMES))("given")
    assert len(made) == TIMES


def test_what_takes_too_long_fails():
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="it took"):
        with within(0.2):
            wait_until(lambda: time.monotonic() > begun + 0.4, "a while")


def test_a_stall_is_noticed_and_not_counted():
    """A process that is held up, as a virtual machine is by its host."""
    code = "from harness.stalls import within\nwith within(1): print(flush=True), input()\nprint('in time')"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "tests/e2e", text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(process.pid), "its being held up")
        held = time.monotonic()
        wait_until(lambda: time.monotonic() > held + 1.5, "a while")
        process.send_signal(signal.SIGCONT)
        assert process.communicate("\n")[0] == "in time\n"

"""Tests of time on a machine that stalls.

A virtual machine whose host takes the processors away, or whose disk does not write, for a second or
more says nothing about Quiver. `within` does not count that time. A test of what is as short as a stall,
a lease of two seconds that is asked for within them, is made again after one, and only then, with a
warning at the end of the run. Whoever fails on a machine that runs fails.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable

STEP = 0.05  # seconds between two looks
NOTICED = 0.25  # seconds: a look that comes so much later than it should tells of a stall
TIMES = 5


class Stalls:
    """Meanwhile: `seconds` is for how long this machine did nothing, or wrote nothing."""

    def __init__(self):
        self.seconds = 0.0
        self._looked = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            over = False
            while not over:
                file.write(b".")
                os.fdatasync(file.fileno())
                over = self._over.wait(STEP)
                now = time.monotonic()
                late = now - self._looked - STEP
                self._looked = now
                self.seconds += late if late >= NOTICED else 0

    def __enter__(self) -> Stalls:
        self._looked = time.monotonic()
        self._watcher.start()
        return self

    def __exit__(self, *fault) -> None:
        self._over.set()
        self._watcher.join()


@contextlib.contextmanager
def within(seconds: float):
    """What is done meanwhile takes no longer; the machine's stalls are not counted."""
    begun = time.monotonic()
    with Stalls() as watch:
        yield
        took = time.monotonic() - begun
    assert took - watch.seconds < seconds, f"it took {took:.2f} s, of which the machine stalled {watch.seconds:.2f} s"


def again_after_a_stall(test: Callable, stalls: Callable = Stalls) -> Callable:
    """The test; where it fails and the machine stalled meanwhile it is made again."""
    @functools.wraps(test)
    def made(*arguments, **named):
        for _ in range(TIMES - 1):
            watch = stalls()
            try:
                with watch:
                    return test(*arguments, **named)
            except Exception as fault:  # noqa: BLE001 - whatever comes of it
                if not watch.seconds:
                    raise
                warnings.warn(f"{test.__name__}: made again, for the machine stalled for {watch.seconds:.2f} s: "
                              f"{fault!r}", stacklevel=2)
        return test(*arguments, **named)
    return made

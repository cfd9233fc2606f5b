"""Tests of what is as short as a stall of the machine: a lease of two seconds, asked for within them.

A virtual machine whose host takes the processors away, or whose disk does not write, for a second or
more makes such a test fail and says nothing about Quiver. It is made again then, and only then, with
a warning at the end of the run. Whoever fails on a machine that runs fails.
"""

from __future__ import annotations

import functools
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable

STEP = 0.05  # seconds between two looks
NOTICED = 0.25  # seconds: what takes so much longer than it should is a stall
TIMES = 5


class Stalls:
    """Meanwhile: `seconds` is the longest time that this machine did nothing, or wrote nothing."""

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
                self.seconds = max(self.seconds, now - self._looked - STEP)
                self._looked = now

    def __enter__(self) -> Stalls:
        self._looked = time.monotonic()
        self._watcher.start()
        return self

    def __exit__(self, *fault) -> None:
        self._over.set()
        self._watcher.join()


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
                if watch.seconds < NOTICED:
                    raise
                warnings.warn(f"{test.__name__}: made again, for the machine stalled for {watch.seconds:.2f} s: "
                              f"{fault!r}", stacklevel=2)
        return test(*arguments, **named)
    return made

"""Many clients at once that note what was answered, and what must hold of it afterwards.

Every client registers instances of its own, each name once, and revokes some of them. What was
answered is noted per name; `judge` then compares with what the registry shows: nothing that was
acknowledged is lost, nothing that was refused for good has happened.
"""

from __future__ import annotations

import enum
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from .requests import REGISTER, lookup_ids, registration, revoke_path

RETRY_SECONDS = 0.02


class Outcome(enum.Enum):
    DONE = "acknowledged"
    REFUSED = "503 for good: it did not happen and never will"
    UNKNOWN = "503 unknown, or the connection broke"


@dataclass
class Story:
    """What became of one instance: its registration, and its revoke where one was sent."""

    registered: Outcome
    revoked: Outcome | None = None

    def may_be_there(self) -> set[bool]:
        """The states that the answers allow: True, it is found; False, it is not."""
        after_register = {
            Outcome.DONE: {True},
            Outcome.REFUSED: {False},
            Outcome.UNKNOWN: {True, False},
        }[self.registered]
        if self.revoked is None or self.revoked is Outcome.REFUSED:
            return after_register
        return {False} if self.revoked is Outcome.DONE else after_register | {False}


def outcome_of(send: Callable[[], httpx.Response], *acknowledged: int) -> Outcome:
    """What the answer to a change came to. Any status but these and 503 fails the test."""
    try:
        answer = send()
    except httpx.TransportError:
        return Outcome.UNKNOWN
    return outcome_of_answer(answer.status_code, answer.content, answer.headers.get("retry-after"), acknowledged)


def outcome_of_answer(status: int, body: bytes, retry_after: str | None, acknowledged: tuple[int, ...]) -> Outcome:
    if status in acknowledged:
        return Outcome.DONE
    assert status == 503, f"{status}: {body!r}"
    error = json.loads(body)
    assert error["exceptionType"] == "EXTERNAL_SERVER_ERROR", error
    assert int(retry_after) > 0
    known = not re.search(r"\bunknown\b", error["errorMessage"])
    return Outcome.REFUSED if known else Outcome.UNKNOWN


class Stories:
    """What was answered, by name of the definition; all is registered by load-0 to load-3."""

    def __init__(self, server, prefix: str):
        self.server = server
        self.prefix = prefix
        self.stories: dict[str, Story] = {}
        self.counts: Counter = Counter()  # (what, outcome) -> how many

    def note_registered(self, name: str, outcome: Outcome) -> None:
        self.stories[name] = Story(outcome)
        self.counts["register", outcome] += 1

    def note_revoked(self, name: str, outcome: Outcome) -> None:
        self.stories[name].revoked = outcome
        self.counts["revoke", outcome] += 1

    def judge(self, server=None) -> None:
        """Compares what is found with what was answered."""
        consumer = (server or self.server).client("consumer")
        systems = [f"load-{number}" for number in range(4)]
        found = {id.split("::")[1] for id in lookup_ids(consumer, providerNames=systems)}
        wrong = []
        for name, story in self.stories.items():
            if (name in found) not in story.may_be_there():
                wrong.append(f"{name}: {story}, found: {name in found}")
        assert not wrong, f"{len(wrong)} of {len(self.stories)}:\n" + "\n".join(wrong[:20])
        unheard = {name for name in found if name.startswith(self.prefix + "-")} - set(self.stories)
        assert not unheard, f"nobody registered {sorted(unheard)[:5]}"


class Load(Stories):
    """`clients` threads that get `total` changes acknowledged together; every second instance is
    revoked. Who is refused, or finds nobody there, takes a new name after a moment."""

    def __init__(self, server, prefix: str, clients: int = 20, total: int = 1000):
        super().__init__(server, prefix)
        self.clients = clients
        self.total = total
        self.faults: list[BaseException] = []
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()

    def start(self) -> Load:
        for number in range(self.clients):
            client = self.server.client(f"load-{number % 4}")
            thread = threading.Thread(target=self._run, args=(number, client), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _run(self, number: int, client: httpx.Client) -> None:
        try:
            left = self.total // self.clients
            serial = 0
            while left > 0 and not self._stop.is_set():
                serial += 1
                name = f"{self.prefix}-c{number}-n{serial}"
                done = self._live(client, f"load-{number % 4}", name, serial % 2 == 0)
                left -= done
                if not done:
                    self._stop.wait(RETRY_SECONDS)
        except BaseException as fault:  # noqa: BLE001 - told by finish
            self.faults.append(fault)

    def _live(self, client, system: str, name: str, revoke: bool) -> int:
        """Registers and perhaps revokes one instance; returns how many changes were acknowledged."""
        body = registration(name)
        registered = outcome_of(lambda: client.post(REGISTER, json=body), 201)
        self._note(self.note_registered, name, registered)
        if not revoke or registered is not Outcome.DONE:
            return int(registered is Outcome.DONE)
        path = revoke_path(f"{system}::{name}::1.0.0")
        revoked = outcome_of(lambda: client.delete(path), 200)
        self._note(self.note_revoked, name, revoked)
        return 1 + int(revoked is Outcome.DONE)

    def _note(self, note: Callable[[str, Outcome], None], name: str, outcome: Outcome) -> None:
        with self._changed:
            note(name, outcome)
            self._changed.notify_all()

    def acknowledged(self) -> int:
        return sum(count for (_, outcome), count in self.counts.items() if outcome is Outcome.DONE)

    def wait_acknowledged(self, count: int, timeout: float = 60) -> None:
        """Returns when so many changes were acknowledged."""
        end = time.monotonic() + timeout
        with self._changed:
            while self.acknowledged() < count:
                assert not self.faults, self.faults[0]
                assert any(
                    thread.is_alive() for thread in self._threads
                ), f"ended early: {self.counts}"
                left = end - time.monotonic()
                assert (
                    left > 0
                ), f"only {self.acknowledged()} of {count} after {timeout} s: {self.counts}"
                self._changed.wait(min(left, 1))

    def finish(self, timeout: float = 120, stop: bool = False) -> None:
        """Waits for all clients (with `stop` they end after the change that is under way)."""
        if stop:
            self._stop.set()
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0, end - time.monotonic()))
            assert not thread.is_alive(), f"still running after {timeout} s: {self.counts}"
        assert not self.faults, self.faults[0]

"""Replays recorded scenarios of the CHAP reference: conformance.py with what CHAP adds to it.

Nobody shows a certificate; a service key stands in a header, as `${key}`. Scenarios that want
`empty` find a registry in which nothing is, and must run alone; all others may run side by side.
"""

from __future__ import annotations

from .chap import KEY, SERVICES, listener, start_chap
from .conformance import Scenario, Stage, Words
from .process import wait_until
from .server import OPS
from .wire import tls_context

LISTENERS = [listener(), listener("off", "plain"), OPS]


def server_of(scenario: Scenario) -> str:
    """Which server it needs: scenarios with the same text share one."""
    return f"{scenario.server} {len(scenario.settings['chap.keys'])}"


def start_for(quiver, scenario: Scenario):
    """A server as the scenario's settings say."""
    keys = scenario.settings["chap.keys"]
    assert keys in ([], ["${key}"]), f"the runner knows no such keys: {keys}"
    return start_chap(quiver, key=KEY if keys else None, listeners=LISTENERS, **scenario.sections)


class ChapStage(Stage):
    """One listener of one server, and the connections of the scenario that is being replayed."""

    def __init__(self, server, listener: str = "chap"):
        super().__init__(server, None)
        self.name = listener

    def _listener(self, declared: bool) -> tuple[str, int]:
        return self.server.listeners[self.name]

    def _context(self, who: str | None, declared: bool):
        return tls_context(self.server.pki.ca, None) if self.name == "chap" else None

    def _words(self, scenario: Scenario) -> Words:
        return Words(self.server.url(self.name), **{"key": KEY, "key-upper": KEY.upper(),
                                                    "key-first": KEY[0]})

    def make_empty(self) -> None:
        """Deletes all services; what cannot be deleted is waited for."""
        with self.server.client(None, listener=self.name) as client:
            for entry in client.get(SERVICES).json()["services"]:
                client.delete(f"{SERVICES}/{entry['id']}", headers={"X-Service-Key": KEY})
            wait_until(lambda: client.get(SERVICES).json()["count"] == 0, "an empty registry")

    def replay(self, scenario: Scenario, differs: frozenset = frozenset()) -> list[str]:
        if scenario.empty:
            self.make_empty()
        return super().replay(scenario, differs)

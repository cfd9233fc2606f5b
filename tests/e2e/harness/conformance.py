"""Replays recorded scenarios of the references against Quiver (conformance/README.md).

`scenarios` reads a file, `sections` turns a scenario's settings into sections of quiver.yaml, `Stage`
replays scenarios against one server: over mutual TLS, each identity with a certificate of its own, or
over the plain listener with the identity in the header where the settings say `declared`. Requests go
out byte by byte as the scenario has them, so that targets and headers are those that were recorded.
conformance_chap.py is the same for CHAP.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import secrets
import select
import string
import time
from dataclasses import dataclass
from pathlib import Path

from .judge import answer_faults, at, parse, short, time_faults
from .pki import Pki
from .wire import Connection, Response, tls_context

FOLDER = Path(__file__).resolve().parent.parent / "conformance"

# A scenario's word: where quiver.yaml has it. None: it says how to call, or is of management alone.
SETTINGS = {
    "dialect": "cloud.dialect",
    "provider_registration": "registry.provider_registration",
    "interface_policy": "registry.interface_policy",
    "discovery": "registry.discovery",
    "direct_access": "registry.direct_access",
    "verbose": "registry.verbose",
    "normalization": "registry.normalization",
    "self_addressing": "registry.self_addressing",
    "non_routable_addressing": "registry.non_routable_addressing",
    "address_alias": "registry.address_alias",
    "registry_address": "registry.advertise.address",
    "blacklist": "identity.blacklist.mode",
    "blacklist_exempt": "identity.blacklist.exempt",
    "authentication": None,
    "management": None,
    "management_whitelist": None,
    "page_size_max": None,
    "chap.dialect": "chap.dialect",
    "chap.ttl": "chap.ttl",
    "chap.keys": None,
}


@dataclass(frozen=True)
class Scenario:
    """One story: steps that are sent one after the other, each with the answer expected."""

    name: str
    about: str
    settings: dict
    steps: list
    empty: bool = False  # it needs a registry in which nothing is, and nobody beside it

    @property
    def declared(self) -> bool:
        return self.settings.get("authentication") == "declared"

    @property
    def sections(self) -> dict:
        """What its server's quiver.yaml says beside the usual."""
        return sections(self.settings)

    @property
    def seconds(self) -> float:
        """How long it waits by itself."""
        return sum(step.get("wait", 0) for step in self.steps)

    @property
    def server(self) -> str:
        """Which server it needs: scenarios with the same text share one."""
        return json.dumps(self.sections, sort_keys=True)


def scenarios(file: str) -> list[Scenario]:
    whole = json.loads((FOLDER / file).read_text())
    settings = whole["settings"]
    dialect = settings.get("dialect") or f"chap-{settings['chap.dialect']}"
    return [Scenario(f"{dialect}-{entry['name']}", entry["about"],
                     {**settings, **entry.get("settings", {})}, entry["steps"],
                     entry.get("empty", False))
            for entry in whole["scenarios"]]


def sections(settings: dict) -> dict:
    """The sections of quiver.yaml that set a server up as `settings` say."""
    result: dict = {}
    for word, value in settings.items():
        place = SETTINGS[word]
        if place is None:
            continue
        *path, last = place.split(".")
        section = result
        for name in path:
            section = section.setdefault(name, {})
        section[last] = value
    return result


class Words:
    """What the placeholders of one scenario stand for; `keep` adds to them."""

    OFFSET = re.compile(r"<time([+-])(\d+)([smhd])>")
    NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")
    REPEATED = re.compile(r"\$\{([^{}]+)\*(\d+)\}")
    UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

    def __init__(self, base: str, **more: str):
        run = secrets.choice(string.ascii_lowercase)
        run += "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))
        self.known = {"run": run, "Run": run.capitalize(), "RUN": run.upper(), "base": base, **more}
        self.now = datetime.datetime.now(datetime.timezone.utc)

    def _moment(self, found: re.Match) -> str:
        by = datetime.timedelta(**{self.UNITS[found[3]]: int(found[1] + found[2])})
        return (self.now + by).strftime("%Y-%m-%dT%H:%M:%SZ")

    def text(self, text: str) -> str:
        text = self.NAMED.sub(lambda found: self.known[found[1]], text)
        text = self.REPEATED.sub(lambda found: found[1] * int(found[2]), text)
        return self.OFFSET.sub(self._moment, text)

    def fill(self, value):
        """A JSON value with the placeholders of all its texts and names replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.fill(item) for name, item in value.items()}
        return value


def body_of(step: dict) -> bytes | None:
    """The bytes of a filled step's body; None: it has none."""
    if "body" in step:
        text = json.dumps(step["body"], ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")
    if "text" in step:
        return step["text"].encode(step.get("encoding", "utf-8"))
    return bytes.fromhex(step["hex"]) if "hex" in step else None


def chunks_of(body: bytes, size: int = 100) -> bytes:
    """A body as Transfer-Encoding: chunked has it."""
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def request_of(step: dict, host: str, authorization: str | None) -> bytes:
    """A filled step's request as it goes over the wire."""
    method, target = step["do"].split(" ", 1)
    body = body_of(step)
    headers = {"Host": host, "Accept": "*/*", "Authorization": authorization}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if body is not None or method == "POST":
        headers["Content-Length"] = str(len(body or b""))
    headers.update(step.get("headers", {}))
    if headers.get("Transfer-Encoding") == "chunked":
        headers["Content-Length"] = None
        body = chunks_of(body or b"")
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        lines += [f"{name}: {one}" for one in values]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Callers:
    """Who calls: TLS contexts with certificates that the cloud's CA signed, made when first asked for."""

    def __init__(self, pki: Pki):
        self.pki = pki

    @functools.lru_cache(maxsize=64)  # noqa: B019 - lives as long as the tests of a file
    def context(self, who: str):
        profile, _, name = who.rpartition(":")
        certificate = self.pki.craft(name, file=f"caller-{who.replace(':', '-')}",
                                     qualifier="op" if profile == "operator" else "sy")
        return tls_context(self.pki.ca, certificate)


class Stage:
    """One server and the connections of the scenario that is being replayed."""

    TIMEOUT = 60

    def __init__(self, server, callers: Callers):
        self.server = server
        self.callers = callers
        self.connections: dict[str | None, Connection] = {}

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()

    def _listener(self, declared: bool) -> tuple[str, int]:
        return self.server.listeners["plain" if declared else "secure"]

    def _context(self, who: str | None, declared: bool):
        return None if declared else self.callers.context(who)

    def _words(self, scenario: Scenario) -> Words:
        scheme = "http" if scenario.declared else "https"
        return Words("{}://{}:{}".format(scheme, *self._listener(scenario.declared)))

    def _connect(self, who: str | None, declared: bool) -> Connection:
        """The live connection of `who`, or a new one where there is none or the server ended it."""
        known = self.connections.get(who)
        if known is not None and not select.select([known.socket], [], [], 0)[0]:
            return known
        if known is not None:
            known.close()
        self.connections[who] = Connection(*self._listener(declared),
                                           self._context(who, declared), self.TIMEOUT)
        return self.connections[who]

    def send(self, step: dict, declared: bool = False) -> Response:
        """Sends a step, its placeholders filled, and reads the answer."""
        who = step["as"]
        address, port = self._listener(declared)
        name = None if who is None else who.rpartition(":")[2]
        header = f"Bearer SYSTEM//{name}" if declared and name is not None else None
        request = request_of(step, f"{address}:{port}", header)
        connection = self._connect(who, declared)
        try:
            connection.send(request)
        except OSError:
            pass  # it answered before it had read everything: the answer is what counts
        response = connection.read_response(head=step["do"].startswith("HEAD "))
        if response.header("connection") == "close":
            self.connections.pop(who).close()
        return response

    def _play(self, step: dict, words: Words, declared: bool) -> list[str]:
        """Sends one step; the faults of its answer."""
        time.sleep(step.get("wait", 0))  # the scenario's own: something ends meanwhile
        step = words.fill(step)
        response = self.send(step, declared)
        wanted = step.get("quiver", step)
        result = answer_faults(wanted, response, step.get("unordered", ()),
                               wanted.get("order", step.get("order", ())))
        if result or not any(word in wanted or word in step for word in ("keep", "after", "times")):
            return result
        answer = parse(response.body)
        for name, pointer in step.get("keep", {}).items():
            words.known[name] = at(answer, pointer)
        return time_faults(wanted, answer)

    def replay(self, scenario: Scenario, differs: frozenset = frozenset()) -> list[str]:
        """Plays all steps; what went wrong, in words that name the step and the place. The answers to
        the steps in `differs` must not be the recorded ones."""
        words = self._words(scenario)
        result = []
        try:
            for number, step in enumerate(scenario.steps):
                found = self._play(step, words, scenario.declared)
                if number in differs:
                    found = [] if found else ["as recorded: it need not be held wrong any more"]
                if found:
                    sent = short(step.get("body", step.get("text", step.get("hex"))))
                    result.append(f"step {number}, {step['as']}: {step['do']} {sent}")
                    result += [f"    {fault}" for fault in found]
        finally:
            self.close()
        return result

"""Random policies, and random requests with the questions to `quiver policy explain` that are the same.

Everything is drawn from few names, so that rules, requests and what is stored meet each other. Each id
is changed by one caller alone: `for-NAME` by NAME, `shown` by nobody, all else by its provider.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .keepalive import Request
from .requests import ECHO, LOOKUP, REGISTER, interface, registration, revoke_path

SYSTEMS = "/serviceregistry/system-discovery"
DEVICES = "/serviceregistry/device-discovery"

# name: (profile, listener). `hermit` alone registers and revokes itself as a system, and offers nothing.
CALLERS = {"pump": ("system", "secure"), "valve": ("system", "second"), "temperature-1": ("system", "secure"),
           "temperature-2": ("system", "second"), "humidity-7": ("system", "secure"),
           "boss": ("operator", "secure"), "chief": ("operator", "second"), "hermit": ("system", "secure")}
PROVIDERS = [name for name in CALLERS if name != "hermit"]
SERVICES = ["flow", "flow-info", "kelvin-info", "level"]
VERSIONS = ["1.0.0", "2.0.0", "2.1.0"]
SHOWN = ["shown", "shown-info"]
KINDS = [("generic-http", "NONE"), ("generic-https", "CERT_AUTH"), ("generic-https", "TIME_LIMITED_TOKEN_AUTH"),
         ("generic-mqtt", "NONE")]
NOTES = [{}, {"open": True}, {"open": False}, {"level": 2}, {"level": 5, "open": True}, {"tags": ["a", "b"]}]


# ---- random rules ----------------------------------------------------------------------------------


def some(dice, values, most=2):
    return dice.sample(values, dice.randint(1, most))


class Author:
    """Writes policies. Denies without `on` and `unless` come last, where they cover nothing."""

    def __init__(self, dice, proofs):
        self.dice, self.proofs = dice, proofs

    def who(self):
        dice = self.dice
        keys = {
            "systems": lambda: some(dice, [*CALLERS, "temp*", "*-?", "*u*", "@greenhouse", "@machines", "*"], 3),
            "profile": lambda: some(dice, ["system", "operator"]),
            "listeners": lambda: some(dice, ["secure", "second"], 1),
            "networks": lambda: some(dice, ["127.0.0.0/8", "127.0.0.2", "10.0.0.0/8", "127.0.0.1"]),
            "clouds": lambda: some(dice, ["testcloud", "othercloud"], 1),
            "organizations": lambda: some(dice, ["company", "other"], 1),
            "fingerprints": lambda: [self.proofs[name][0] for name in some(dice, list(CALLERS), 3)],
            "serials": lambda: [self.proofs[name][1] for name in some(dice, list(CALLERS), 3)],
            "anonymous": lambda: False,
        }
        weights = {"systems": 6, "profile": 5}
        names = dice.choices(list(keys), [weights.get(key, 1) for key in keys], k=dice.choice([1, 1, 2]))
        return {name: keys[name]() for name in dict.fromkeys(names)}

    def about(self):
        dice = self.dice
        keys = {
            "provider": lambda: dice.choice(["self", *([name] for name in some(dice, [
                "@greenhouse", "p*", "*-?", "*e*u*"])), some(dice, ["self", *PROVIDERS], 3)]),
            "services": lambda: some(dice, [*SERVICES, "flow*", "*-info", "k*o", "?evel", "*l*v*"]),
            "versions": lambda: some(dice, [*VERSIONS, "2.*", "*.0"]),
            "interfaces": lambda: some(dice, ["generic-http", "generic-https", "*http*", "generic-mqtt"]),
            "policies": lambda: some(dice, ["NONE", "CERT_AUTH", "*_TOKEN_AUTH", "*_AUTH"]),
            "metadata": lambda: some(dice, [{"open": True}, {"level": {"op": "GREATER_THAN", "value": 3}},
                                            {"tags": {"op": "CONTAINS", "value": "a"}}]),
        }
        weights = {"provider": 4, "services": 4}
        names = dice.choices(list(keys), [weights.get(key, 1) for key in keys], k=dice.choice([1, 1, 2]))
        return {name: keys[name]() for name in dict.fromkeys(names)}

    def operations(self, changes):
        names = ["service.register", "service.revoke", "service.*", "system.*", "*.revoke", "device.register"]
        reads = ["service.lookup", "*.lookup", "monitor.echo", "management.*", "*"]
        return some(self.dice, names if changes else names + reads, 3)

    def rules(self):
        dice = self.dice
        for number in range(dice.randint(8, 14)):
            rule = {"name": f"allow {number}", "who": self.who()}
            bound = dice.random() < 0.5
            yield {**rule, "allow": self.operations(bound), **({"on": self.about()} if bound else {})}
        for number in range(dice.randint(3, 8)):
            rule = {"name": f"deny {number}", "who": self.who(), "deny": self.operations(True)}
            parts = dice.choice([["on"], ["unless"], ["on", "unless"]])
            yield {**rule, **{part: self.about() for part in parts}}
        yield {"name": "quarantine", "who": {"systems": [dice.choice(list(CALLERS))]},
               "deny": [dice.choice(["device.*", "*.lookup", "system.*", "monitor.*"])]}

    def visible(self):
        for number in range(self.dice.randint(2, 4)):
            entry = {"name": f"visible {number}", "who": self.who()}
            yield {**entry, **({"on": self.about()} if self.dice.random() < 0.8 else {})}

    def policy(self):
        made = {"version": 1, "rules": list(self.rules())}
        if self.dice.random() < 0.7:
            made["visible"] = list(self.visible())
        groups = {"greenhouse": ["temperature-*", "humidity-7"], "machines": ["pump", "v*"]}
        text = json.dumps(made)
        used = {name: groups[name] for name in groups if f'"@{name}"' in text}
        return json.dumps({**made, "groups": used} if used else made, indent=1)


# ---- random requests -------------------------------------------------------------------------------


@dataclass
class Asked:
    """A request, the question that is the same, and what is changed by it where it is made."""

    request: Request
    question: dict
    key: tuple | None = None   # of what is stored
    content: dict | None = None  # what is stored under it from then on, as questions have it
    entry: bool = False        # is it about whether a lookup shows an entry?


@dataclass
class World:
    """What is stored: (kind, name...) -> its interfaces, policies and metadata."""

    stored: dict = field(default_factory=dict)


def instance_id(key):
    return "::".join(key[1:])


def describe(kinds, metadata):
    return {"interface": [name for name, _ in kinds], "policy": [policy for _, policy in kinds],
            "metadata": metadata}


class Caller:
    """One caller's random requests."""

    def __init__(self, name, dice):
        self.name, self.dice = name, dice
        self.own = {"system": name, "profile": CALLERS[name][0], "listener": CALLERS[name][1]}

    def register_service(self):
        dice = self.dice
        service, version = dice.choice(SERVICES), dice.choice(VERSIONS)
        kinds, metadata = some(dice, KINDS), dice.choice(NOTES)
        key, said = ("instance", self.name, service, version), describe(kinds, metadata)
        body = registration(service, version=version, metadata=metadata,
                            interfaces=[interface(*kind) for kind in kinds])
        return Asked(Request("POST", REGISTER, body), {"operation": "service.register", "provider": self.name,
                     "service": service, "version": version, **said}, key, said)

    def revoke_own(self):
        return self.revoke(("instance", self.name, self.dice.choice(SERVICES), self.dice.choice(VERSIONS)))

    def revoke_other(self):
        """Of another's those that are there for this caller alone."""
        return self.revoke(("instance", self.dice.choice(PROVIDERS), f"for-{self.name}", self.dice.choice(VERSIONS)))

    def revoke_nothing(self):
        return self.revoke(("instance", self.dice.choice([self.name, *CALLERS]), "never-there", "1.0.0"))

    def revoke(self, key):
        return Asked(Request("DELETE", revoke_path(instance_id(key))), {
            "operation": "service.revoke", "provider": key[1], "service": key[2], "version": key[3]}, key)

    def look_up(self):
        return Asked(Request("POST", LOOKUP, {"providerNames": ["nobody"]}), {"operation": "service.lookup"})

    def look_at(self):
        """At one that nobody changes: is it shown?"""
        key = ("instance", self.dice.choice(PROVIDERS), self.dice.choice(SHOWN), self.dice.choice(VERSIONS))
        return Asked(Request("POST", LOOKUP, {"instanceIds": [instance_id(key)]}), {
            "operation": "service.lookup", "provider": key[1], "service": key[2], "version": key[3]}, key, entry=True)

    def system(self):
        metadata = self.dice.choice(NOTES)
        if self.name != "hermit" or self.dice.random() < 0.3:
            return Asked(Request("POST", SYSTEMS + "/lookup", {"systemNames": ["x"]}), {"operation": "system.lookup"})
        key = ("system", self.name)
        if self.dice.random() < 0.5:
            return Asked(Request("DELETE", SYSTEMS + "/revoke"),
                         {"operation": "system.revoke", "provider": self.name}, key)
        return Asked(Request("POST", SYSTEMS + "/register", {"addresses": ["10.0.0.1"], "metadata": metadata}),
                     {"operation": "system.register", "provider": self.name, "metadata": metadata}, key,
                     {"metadata": metadata})

    def device(self):
        key, metadata = ("device", f"thing-{self.name}"), self.dice.choice(NOTES)
        verb = self.dice.choice(["register", "revoke", "lookup"])
        if verb == "lookup":
            return Asked(Request("POST", DEVICES + "/lookup", {"deviceNames": ["x"]}), {"operation": "device.lookup"})
        if verb == "revoke":
            return Asked(Request("DELETE", f"{DEVICES}/revoke/{key[1]}"), {"operation": "device.revoke"}, key)
        body = {"name": key[1], "addresses": ["10.0.0.1"], "metadata": metadata}
        return Asked(Request("POST", DEVICES + "/register", body),
                     {"operation": "device.register", "metadata": metadata}, key, {"metadata": metadata})

    def other(self):
        return self.dice.choice([
            Asked(Request("GET", ECHO), {"operation": "monitor.echo"}),
            Asked(Request("GET", "/serviceregistry/mgmt/nowhere"), {"operation": "management.access"})])

    def requests(self, count):
        kinds = [(self.register_service, 3), (self.revoke_own, 3), (self.revoke_other, 2), (self.revoke_nothing, 1),
                 (self.look_up, 1), (self.look_at, 4), (self.system, 2), (self.device, 2), (self.other, 1)]
        if self.name == "hermit":
            kinds[:2] = [(self.system, 4)]
        for draw in self.dice.choices([kind for kind, _ in kinds], [weight for _, weight in kinds], k=count):
            yield draw()

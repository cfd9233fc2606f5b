"""The registry as one would explain it: three dictionaries, and what each operation does to them.

Each operation returns status and answer, or raises a Refusal, as the specification means it (service,
system and device discovery, and Quiver's own rules); operations.py makes requests of them. Names come
as they are stored, so that what normalization does is no concern here; everything else is as little
code as says what is meant, written without a look at how Quiver does it. Pure: no server, no clock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

STAMPS = {"createdAt": "<instant>", "updatedAt": "<instant>"}
ADDRESSES = {  # as it is sent: its type and how it is stored
    "192.168.1.1": ("IPV4", "192.168.1.1"),
    "10.0.0.2": ("IPV4", "10.0.0.2"),
    "Tp.Greenhouse.com": ("HOSTNAME", "tp.greenhouse.com"),
    "2001:db8::1": ("IPV6", "2001:0db8:0000:0000:0000:0000:0000:0001"),
    "02-00-00-00-00-0A": ("MAC", "02:00:00:00:00:0a"),
}


@dataclass(frozen=True)
class Dialect:
    """What the two dialects call things, and the texts in which they differ."""

    systems: tuple
    definitions: tuple
    devices: tuple
    templates: dict  # name -> protocol
    separator: str
    no_system: str
    locked: str


class Refusal(Exception):
    """An answer that is an error: status, its Arrowhead name, and the text."""


def invalid(text: str) -> Refusal:
    return Refusal(400, "INVALID_PARAMETER", text)


def stored(addresses) -> list[dict]:
    return [dict(zip(("type", "address"), ADDRESSES[text])) for text in addresses or ()]


def version_of(text: str | None) -> str:
    parts = (text or "1").split(".")
    return ".".join(parts + ["0"] * (3 - len(parts)))


def same(one, other) -> bool:
    """Equality of JSON: 5 is not 5.0 and not true, members have no order, absent is not {}."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


OPERATORS = {
    "EQUALS": same,
    "NOT_EQUALS": lambda left, right: not same(left, right),
    "GREATER_THAN": lambda left, right: is_number(left) and is_number(right) and left > right,
    "CONTAINS": lambda left, right: isinstance(left, list) and any(same(x, right) for x in left),
}


def meets(metadata: dict | None, requirement: dict) -> bool:
    """All members of one requirement; nothing but the empty one is met by no metadata."""
    for name, wanted in requirement.items():
        if (metadata or {}).get(name) is None:
            return False
        is_call = isinstance(wanted, dict) and {"op", "value"} <= set(wanted)
        operator, value = (wanted["op"], wanted["value"]) if is_call else ("EQUALS", wanted)
        if not OPERATORS[operator](metadata[name], value):
            return False
    return True


def fits(metadata, requirements) -> bool:
    return not requirements or any(meets(metadata, one) for one in requirements)


def has(addresses: list[dict], body: dict) -> bool:
    """The filters `addresses` and `addressType` of systems and devices."""
    wanted = [entry["address"] for entry in stored(body.get("addresses"))]
    return ((not wanted or any(entry["address"] in wanted for entry in addresses)) and
            ("addressType" not in body or any(entry["type"] == body["addressType"] for entry in addresses)))


def some(**members) -> dict:
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class Model:
    dialect: Dialect
    automatic: bool  # is an unknown provider entered with its first service
    systems: dict = field(default_factory=dict)
    devices: dict = field(default_factory=dict)
    instances: dict = field(default_factory=dict)

    # -- objects as answers show them --

    def show_device(self, name: str) -> dict:
        return {"name": name, **self.devices[name], **STAMPS}

    def show_system(self, name: str, addresses: bool = True, device: str | None = "full") -> dict:
        system = self.systems[name]
        shown = {"name": name, **some(metadata=system.get("metadata")), "version": system["version"]}
        if addresses:
            shown["addresses"] = system["addresses"]
        if device and system.get("device"):
            full = device == "full"
            shown["device"] = self.show_device(system["device"]) if full else {"name": system["device"]}
        return {**shown, **STAMPS}

    def show_instance(self, key: tuple, interfaces: list, full: bool = True) -> dict:
        instance = self.instances[key]
        provider = self.show_system(key[0]) if full else self.show_system(key[0], False, None)
        return {"instanceId": self.dialect.separator.join(key), "provider": provider,
                "serviceDefinition": {"name": key[1], **STAMPS}, "version": key[2],
                **some(expiresAt=instance["expiresAt"], metadata=instance["metadata"]),
                "interfaces": interfaces, **STAMPS}

    @staticmethod
    def list_of(entries: list) -> tuple:
        return 200, {"entries": entries, "count": len(entries)}

    # -- services --

    def register_service(self, who: str, body: dict) -> tuple:
        interfaces = []
        for asked in body["interfaces"]:
            properties = dict(asked["properties"])
            properties["accessAddresses"] = [a["address"] for a in stored(properties["accessAddresses"])]
            interfaces.append({**asked, "protocol": self.dialect.templates[asked["templateName"]],
                               "properties": properties})
        if self.automatic and self.systems.get(who, {"automatic": True}).get("automatic"):
            sent = [a for asked in body["interfaces"] for a in asked["properties"]["accessAddresses"]]
            self.systems[who] = {"version": "1.0.0", "automatic": True,
                                 "addresses": stored(dict.fromkeys(sent))}
        if who not in self.systems:
            raise invalid(self.dialect.no_system.format(who))
        key = (who, body["serviceDefinitionName"], version_of(body.get("version")))
        self.instances[key] = {"metadata": body.get("metadata"), "expiresAt": body.get("expiresAt"),
                               "interfaces": interfaces}
        return 201, self.show_instance(key, interfaces)

    def revoke_service(self, who: str, identifier: tuple) -> tuple:
        if identifier[0] != who:
            raise Refusal(403, "FORBIDDEN", "Revoking other systems' service is forbidden")
        return (200 if self.instances.pop(identifier, None) else 204), None

    def shown_interface(self, interface: dict, body: dict) -> dict | None:
        """The interface as a lookup shows it; None: it does not satisfy the filters."""
        asked = body.get("addressTypes")
        names = [(body.get("policies"), interface["policy"]),
                 (body.get("interfaceTemplateNames"), interface["templateName"])]
        if any(wanted and value not in wanted for wanted, value in names) or \
                not fits(interface["properties"], body.get("interfacePropertyRequirementsList")):
            return None
        if not asked:
            return interface
        types = {text: kind for kind, text in ADDRESSES.values()}
        kept = [a for a in interface["properties"]["accessAddresses"] if types[a] in asked]
        shown = {**interface["properties"], "accessAddresses": kept}
        return {**interface, "properties": shown} if kept else None

    def lookup_services(self, _who: str, body: dict, verbose: bool) -> tuple:
        if not any(body.get(n) for n in ("instanceIds", "providerNames", "serviceDefinitionNames")):
            raise invalid("One of the following filters must be used: 'instanceIds', "
                          "'providerNames', 'serviceDefinitionNames'")
        join = self.dialect.separator.join
        found = []
        for key in sorted(self.instances, key=lambda key: join(key).upper(), reverse=True):
            instance = self.instances[key]
            named = [("instanceIds", join(key)), ("providerNames", key[0]),
                     ("serviceDefinitionNames", key[1])]
            versions = [version_of(text) for text in body.get("versions", ())]
            ends = instance["expiresAt"]
            shown = [self.shown_interface(interface, body) for interface in instance["interfaces"]]
            if (all(not body.get(name) or value in body[name] for name, value in named) and
                    (not versions or key[2] in versions) and
                    (not ends or "alivesAt" not in body or ends >= body["alivesAt"]) and
                    fits(instance["metadata"], body.get("metadataRequirementsList")) and any(shown)):
                found.append(self.show_instance(key, [x for x in shown if x], verbose))
        return self.list_of(found)

    # -- systems --

    def inherited(self, device: str | None) -> list[dict]:
        addresses = self.devices[device]["addresses"] if device else []
        return [entry for entry in addresses if entry["type"] != "MAC"]

    def register_system(self, who: str, body: dict) -> tuple:
        device, known = body.get("deviceName"), self.systems.get(who)
        asked = {**some(metadata=body.get("metadata"), device=device),
                 "version": version_of(body.get("version")), "addresses": stored(body.get("addresses"))}
        if not asked["addresses"] and not device:
            raise invalid("At least one system address is needed for every system")
        if known and not known.get("automatic"):
            asked["addresses"] = asked["addresses"] or self.inherited(known.get("device"))
            self.compare_system(who, known, asked)
            return 200, self.show_system(who)
        if device and device not in self.devices:
            raise invalid(f"Device names do not exist: {device}")
        asked["addresses"] = asked["addresses"] or self.inherited(device)
        if not asked["addresses"]:
            raise invalid("At least one system address is needed for every system")
        self.systems[who] = asked
        return 201, self.show_system(who)

    @staticmethod
    def compare_system(name: str, known: dict, asked: dict) -> None:
        as_set = {"addresses": lambda entries: sorted(entries, key=json.dumps)}
        for member, text in (("metadata", "metadata"), ("version", "version"),
                             ("addresses", "address list"), ("device", "device name")):
            form = as_set.get(member, lambda value: value)
            if not same(form(known.get(member)), form(asked.get(member))):
                raise invalid(f"System with name: {name} already exists, but provided {text} is not matching")

    def revoke_system(self, who: str) -> tuple:
        self.instances = {key: value for key, value in self.instances.items() if key[0] != who}
        return (200 if self.systems.pop(who, None) else 204), None

    def lookup_systems(self, _who: str, body: dict, verbose: bool) -> tuple:
        versions = [version_of(text) for text in body.get("versions", ())]
        return self.list_of([
            self.show_system(name, device="full" if verbose else "name")
            for name, system in self.systems.items()
            if name in body["systemNames"] and has(system["addresses"], body) and
            (not versions or system["version"] in versions) and
            (not body.get("deviceNames") or system.get("device") in body["deviceNames"]) and
            fits(system.get("metadata"), body.get("metadataRequirementList"))])

    # -- devices --

    def register_device(self, _who: str, body: dict) -> tuple:
        name, known = body["name"], self.devices.get(body["name"])
        asked = {**some(metadata=body.get("metadata")), "addresses": stored(body["addresses"])}
        exists = f"Device with name '{name}' already exists, but provided "
        if known is None:
            self.devices[name] = asked
            return 201, self.show_device(name)
        if not same(known.get("metadata"), asked.get("metadata")):
            raise invalid(exists + "metadata is not matching")
        if sorted(map(json.dumps, known["addresses"])) != sorted(map(json.dumps, asked["addresses"])):
            raise invalid(exists + "addresses are not matching")
        return 200, self.show_device(name)

    def revoke_device(self, _who: str, name: str) -> tuple:
        if any(system.get("device") == name for system in self.systems.values()):
            raise Refusal(423, "LOCKED", self.dialect.locked)
        return (200 if self.devices.pop(name, None) else 204), None

    def lookup_devices(self, _who: str, body: dict) -> tuple:
        return self.list_of([
            self.show_device(name) for name, device in self.devices.items()
            if (not body.get("deviceNames") or name in body["deviceNames"]) and
            has(device["addresses"], body) and
            fits(device.get("metadata"), body.get("metadataRequirementList"))])

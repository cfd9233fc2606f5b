"""Each key of `who`, `on` and `unless` against a server: a caller and an object that it fits and one
that it does not, in a rule that permits and in one that forbids. And what is answered before the policy
is asked: who calls, and whether there is such an operation.

One server for all; each test brings its rules by a reload.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives import hashes

from harness.livecloud import reload, write
from harness.requests import (ECHO, LOOKUP, REGISTER, assert_error, fresh, interface, register,
                              registration, revoke_path)
from harness.server import OPS, SECURE, Quiver

SYSTEMS = "/serviceregistry/system-discovery"
DEVICES = "/serviceregistry/device-discovery"
LISTENERS = [SECURE, {**SECURE, "name": "second"}, {**SECURE, "name": "optional", "tls": "server"}, OPS,
             {**SECURE, "name": "gauges", "tls": "server", "serve": ["ops"]}]
GROUPS = "groups:\n  greenhouse: [humidity-7, temperature-*]\n"
HEAD = "version: 1\n"
OPEN = """\
rules:
  - name: all
    who: {profile: [system, operator]}
    allow: [service.register, service.revoke, system.*, device.*]
"""


@pytest.fixture(scope="module")
def server(pki, tmp_path_factory):
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text(HEAD + OPEN)
    factory = Quiver(pki)
    made = factory.start(listeners=LISTENERS, authorization={"policy": str(policy)})
    yield made
    factory.close()


def use(server, rules: str) -> None:
    groups = GROUPS if "@greenhouse" in rules else ""
    write(type(server.config_path)(server.config["authorization"]["policy"]),
          (HEAD + groups + rules).encode())
    reload(server)


# ---- who -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caller:
    """Somebody at a listener, perhaps with an address of its own; name None: without certificate."""

    name: str | None
    profile: str = "system"
    listener: str = "secure"
    source: str | None = None

    def client(self, server) -> httpx.Client:
        transport = httpx.HTTPTransport(
            verify=server.context(self.name, self.profile, listener=self.listener) or False,
            local_address=self.source)
        return server.client(self.name, self.profile, listener=self.listener, transport=transport)


PUMP, VALVE, BOSS = Caller("keys-pump"), Caller("keys-valve"), Caller("keys-boss", "operator")
KNOWN, NOBODY = Caller("keys-pump", listener="gauges"), Caller(None, listener="gauges")


def fingerprint(server, caller):
    return server.certificate(caller.name, caller.profile).load().fingerprint(hashes.SHA256())


def serial(server, caller):
    return f"{server.certificate(caller.name, caller.profile).load().serial_number:X}"


# key: (what is written, whom it fits, whom not)
WHO = {
    "system": ("systems: [keys-pump]", [PUMP], [VALVE, BOSS]),
    "system-glob": ("systems: [keys-p*, '*-b?ss']", [PUMP, BOSS], [VALVE]),
    "system-group": ("systems: ['@greenhouse']", [Caller("temperature-1"), Caller("humidity-7")],
                     [PUMP, Caller("humidity-70")]),
    "system-everybody": ("systems: ['*']", [PUMP, BOSS, KNOWN], [NOBODY]),
    "profile-system": ("profile: system", [PUMP], [BOSS]),
    "profile-operator": ("profile: operator", [BOSS], [PUMP]),
    "profile-both": ("profile: [system, operator]", [PUMP, BOSS], [NOBODY]),
    "anonymous": ("anonymous: true", [NOBODY], [KNOWN, PUMP]),
    "not-anonymous": ("anonymous: false", [KNOWN, PUMP], [NOBODY]),
    "service-key": ("service_key: true", [], [PUMP, BOSS, NOBODY]),
    "no-service-key": ("service_key: false, profile: system", [PUMP], [BOSS]),
    "cloud": ("clouds: [TestCloud]", [PUMP, KNOWN], [NOBODY]),
    "other-cloud": ("clouds: [othercloud]", [], [PUMP]),
    "organization": ("organizations: [company]", [PUMP, KNOWN], [NOBODY]),
    "other-organization": ("organizations: [testcloud]", [], [PUMP]),
    "fingerprint": (lambda server: f"fingerprints: ['sha256:{fingerprint(server, PUMP).hex()}']", [PUMP],
                    [VALVE, NOBODY]),
    "fingerprint-with-colons": (
        lambda server: f"fingerprints: ['sha256:{fingerprint(server, PUMP).hex(':').upper()}']", [PUMP],
        [VALVE]),
    "thumbprint": (lambda server: "fingerprints: ['" + base64.urlsafe_b64encode(
        fingerprint(server, PUMP)).decode().rstrip("=") + "']", [PUMP], [VALVE]),
    "serial": (lambda server: f"serials: ['00{serial(server, PUMP)}']", [PUMP], [VALVE, NOBODY]),
    "listener": ("profile: system, listeners: [secure]", [PUMP], [Caller("keys-pump", listener="second")]),
    "listener-of-nobody": ("anonymous: true, listeners: [gauges]", [NOBODY], [Caller(None, listener="ops")]),
    "network": ("profile: system, networks: [127.0.0.2/31]", [Caller("keys-pump", source="127.0.0.3")],
                [PUMP, Caller("keys-pump", source="127.0.0.4")]),
    "address": ("anonymous: true, networks: [127.0.0.9]",
                [Caller(None, listener="gauges", source="127.0.0.9")], [NOBODY]),
    "two-keys": ("systems: [keys-*], profile: operator", [BOSS], [PUMP]),
}
WHO_RULES = """\
rules:
  - name: base
    who: {{profile: [system, operator]}}
    allow: [service.lookup, ops.metrics]
  - name: base of nobody
    who: {{anonymous: true}}
    allow: [ops.metrics]
  - name: let in
    who: {{{0}}}
    allow: [monitor.echo, ops.health]
  - name: kept out
    who: {{{0}}}
    deny: [service.lookup, ops.metrics]
"""


def ask_both(caller, server):
    """What the rule `let in` is about, and what `kept out` is about, at this caller's listener."""
    client = caller.client(server)
    if caller.listener in ("gauges", "ops"):
        return ((client.get("/health/live"), "ops.health", "GET /health/live"),
                (client.get("/metrics"), "ops.metrics", "GET /metrics"))
    body = {"providerNames": ["nobody"]}
    return ((client.get(ECHO), "monitor.echo", f"GET {ECHO}"),
            (client.post(LOOKUP, json=body), "service.lookup", f"POST {LOOKUP}"))


@pytest.mark.parametrize("key", WHO)
def test_who(server, key):
    written, fitting, others = WHO[key]
    use(server, WHO_RULES.format(written(server) if callable(written) else written))
    for caller in fitting:
        (permitted, *_), (forbidden, _, origin) = ask_both(caller, server)
        assert permitted.status_code == 200 and "x-quiver-rule" not in permitted.headers, caller
        assert_error(forbidden, 403, "denied by rule 'kept out'", origin)
        assert forbidden.headers["x-quiver-rule"] == "kept out"
    for caller in others:
        (refused, operation, origin), (permitted, *_) = ask_both(caller, server)
        assert_error(refused, 403, f"no rule allows {operation}", origin)
        assert "x-quiver-rule" not in refused.headers
        assert permitted.status_code == 200, caller


# ---- on and unless ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instance:
    """A registration by its provider; `service` has a number put behind it, so that it is new."""

    provider: str = "keys-pump"
    service: str = "flow"
    version: str = "1.0.0"
    interfaces: tuple = (("generic-http", "NONE"),)
    metadata: dict = field(default_factory=dict)

    def body(self, service):
        return registration(service, version=self.version, metadata=self.metadata,
                            interfaces=[interface(*pair) for pair in self.interfaces])


HTTP, HTTPS = ("generic-http", "NONE"), ("generic-https", "CERT_AUTH")
TOKEN = ("generic-https", "TIME_LIMITED_TOKEN_AUTH")
# key: (what is written, what it matches, what not)
ON = {
    "provider": ("provider: keys-pump", Instance(), Instance("keys-valve")),
    "provider-glob": ("provider: ['keys-p*']", Instance(), Instance("keys-valve")),
    "provider-group": ("provider: ['@greenhouse']", Instance("temperature-1"), Instance()),
    "services": ("services: ['flow*']", Instance(), Instance(service="level")),
    "services-inside": ("services: ['*lo?-*']", Instance(), Instance(service="level")),
    "versions": ("versions: ['2.*', 3.0.0]", Instance(version="2.7.0"), Instance()),
    "interfaces": ("interfaces: [generic-https]", Instance(interfaces=(HTTPS,)), Instance()),
    "policies": ("policies: [CERT_AUTH, '*_TOKEN_AUTH']", Instance(interfaces=(TOKEN,)), Instance()),
    "policies-both": ("policies: [CERT_AUTH, '*_TOKEN_AUTH']", Instance(interfaces=(TOKEN, HTTPS)),
                      Instance(interfaces=(HTTP,))),
    "metadata": ("metadata: {level: {op: GREATER_THAN, value: 3}}", Instance(metadata={"level": 4}),
                 Instance(metadata={"level": 3})),
    "metadata-one-of": ("metadata: [{open: true}, {place: {room: 7}}]",
                        Instance(metadata={"place": {"room": 7}}), Instance(metadata={"open": False})),
    "metadata-none": ("metadata: {open: true}", Instance(metadata={"open": True}), Instance()),
    "two-keys": ("provider: self, interfaces: [generic-https]", Instance(interfaces=(HTTPS,)),
                 Instance(interfaces=(HTTP,))),
}
ABOUT = "[service.register, service.revoke]"
FORMS = {
    # rules, whether what matches is permitted, what a refusal says
    "allow-on": ("rules:\n  - name: the rule\n    who: {profile: system}\n    allow: %s\n    on: {%s}\n",
                 True, "no rule allows {}"),
    "deny-on": (OPEN + "  - name: the rule\n    who: {profile: system}\n    deny: %s\n    on: {%s}\n",
                False, "denied by rule 'the rule'"),
    "deny-unless": (OPEN + "  - name: the rule\n    who: {profile: system}\n    deny: %s\n    unless: {%s}\n",
                    True, "denied by rule 'the rule'"),
}


def assert_refused(answer, words, origin):
    assert_error(answer, 403, words, origin)
    assert answer.headers.get("x-quiver-rule") == ("the rule" if "rule '" in words else None)


def present(server, identifier) -> bool:
    """What stands in Redis, whatever was answered."""
    keys = server.redis().keys("*:instance:" + identifier)
    assert len(keys) <= 1
    return keys != []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ON)
def test_on(server, key, form):
    """Registering, with what it says; revoking, with what stands under the id."""
    written, matching, other = ON[key]
    rules, matching_passes, words = FORMS[form]
    use(server, OPEN)
    stored = []
    for instance in (matching, other):
        client, service = server.client(instance.provider), fresh(instance.service)
        stored.append((instance, client, service, register(client, service, **{
            name: instance.body(service)[name] for name in ("version", "metadata", "interfaces")})["instanceId"]))
    use(server, rules % (ABOUT, written))
    for (instance, client, service, identifier), passes in zip(stored, (matching_passes, not matching_passes)):
        again = client.post(REGISTER, json=instance.body(service))
        revoked = client.delete(revoke_path(identifier))
        if passes:
            assert (again.status_code, revoked.status_code) == (201, 200), (again.text, revoked.text)
            assert "x-quiver-rule" not in again.headers
            assert not present(server, identifier)
        else:
            assert_refused(again, words.format("service.register"), f"POST {REGISTER}")
            assert_refused(revoked, words.format("service.revoke"),
                           "DELETE /serviceregistry/service-discovery/revoke/" + identifier)
            assert present(server, identifier)


SELF = {
    "allow-on": ("who: {profile: system}\n    allow: [service.revoke]\n    on: {provider: self}",
                 "Revoking other systems' service is forbidden"),
    "deny-unless": ("who: {profile: system}\n    deny: [service.revoke]\n    unless: {provider: self}",
                    "denied by rule 'self'"),
}


@pytest.mark.parametrize("form", SELF)
def test_provider_self(server, form):
    """Only the owner may; where nothing else is in the way, in the reference's words, and the rule is named."""
    rule, words = SELF[form]
    use(server, OPEN)
    owner, other = server.client("keys-pump"), server.client("keys-valve")
    identifier = register(owner, fresh("flow"))["instanceId"]
    base = OPEN if form == "deny-unless" else "rules:\n"
    use(server, base + f"  - name: self\n    {rule}\n")
    refused = other.delete(revoke_path(identifier))
    assert_error(refused, 403, words, "DELETE /serviceregistry/service-discovery/revoke/" + identifier)
    assert refused.headers["x-quiver-rule"] == "self"
    assert owner.delete(revoke_path(identifier)).status_code == 200


def test_provider_self_that_is_forbidden(server):
    """A deny about what is one's own: another may what the owner may not."""
    use(server, OPEN)
    owner, other = server.client("keys-pump"), server.client("keys-valve")
    identifier = register(owner, fresh("flow"))["instanceId"]
    use(server, OPEN + "  - name: the rule\n    who: {profile: system}\n    deny: [service.revoke]\n"
                       "    on: {provider: self}\n")
    assert_refused(owner.delete(revoke_path(identifier)), "denied by rule 'the rule'",
                   "DELETE /serviceregistry/service-discovery/revoke/" + identifier)
    assert other.delete(revoke_path(identifier)).status_code == 200


def test_what_others_may_of_a_group(server):
    """`provider` is whose it is, not who asks."""
    use(server, OPEN)
    greenhouse = register(server.client("temperature-1"), fresh("kelvin"))["instanceId"]
    pump = register(server.client("keys-pump"), fresh("flow"))["instanceId"]
    use(server, "rules:\n  - name: gateway\n    who: {systems: [keys-gateway]}\n    allow: [service.revoke]\n"
                "    on: {provider: ['@greenhouse']}\n")
    gateway = server.client("keys-gateway")
    assert gateway.delete(revoke_path(greenhouse)).status_code == 200
    assert gateway.delete(revoke_path(pump)).json()["errorMessage"] == "no rule allows service.revoke"


@pytest.mark.parametrize("form", FORMS)
def test_nothing_gets_past_a_rule_by_a_second_interface(server, form):
    """Each must match where that permits, one is enough where it forbids."""
    rules, _, words = FORMS[form]
    use(server, rules % ("[service.register]", "interfaces: [generic-https]"))
    two = Instance(interfaces=(HTTPS, HTTP))
    answer = server.client("keys-pump").post(REGISTER, json=two.body(fresh("flow")))
    assert_refused(answer, words.format("service.register"), f"POST {REGISTER}")


@pytest.mark.parametrize("form", FORMS)
def test_systems_and_devices_by_metadata(server, form):
    """They have a provider (systems) and metadata; a key that they do not have does not match."""
    rules, open_passes, words = FORMS[form]
    use(server, rules % ("[system.register, device.register]", "metadata: {open: true}"))
    client, thing = server.client(f"keys-{form}"), fresh("thing")
    for path, operation, body in (
            (SYSTEMS, "system.register", {"addresses": ["10.0.0.1"]}),
            (DEVICES, "device.register", {"name": thing, "addresses": ["10.0.0.1"]})):
        for is_open in (True, False):
            answer = client.post(path + "/register", json={**body, "metadata": {"open": is_open}})
            if is_open == open_passes:
                assert answer.status_code in (200, 201), answer.text
            else:
                assert_refused(answer, words.format(operation), f"POST {path}/register")
    use(server, rules % ("[device.register]", "provider: self, services: [x]"))
    answer = client.post(DEVICES + "/register", json={"name": fresh("thing"), "addresses": ["10.0.0.1"], "metadata": {}})
    assert (answer.status_code < 300) == (form == "deny-on"), answer.text


# ---- quarantine, and what comes before the policy --------------------------------------------------

QUARANTINE = OPEN + """\
  - name: all look
    who: {profile: [system, operator]}
    allow: ["*"]
  - name: quarantine
    who: {systems: [keys-broken]}
    deny: ["*"]
"""
OPERATIONS = [
    ("POST", REGISTER, {}), ("POST", LOOKUP, {}), ("DELETE", revoke_path("keys-broken::flow::1.0.0"), None),
    ("DELETE", revoke_path("nonsense"), None),
    ("POST", SYSTEMS + "/register", {}), ("POST", SYSTEMS + "/lookup", {}), ("DELETE", SYSTEMS + "/revoke", None),
    ("POST", DEVICES + "/register", {}), ("POST", DEVICES + "/lookup", {}),
    ("DELETE", DEVICES + "/revoke/" + quote("thing"), None), ("GET", ECHO, None),
    ("GET", "/serviceregistry/mgmt/systems", None), ("GET", "/serviceregistry/mgmt/nowhere", None),
]
NO_OPERATIONS = [
    ("GET", "/nowhere", 404), ("GET", "/serviceregistry", 404), ("GET", "/metrics", 404),
    ("GET", LOOKUP, 405), ("DELETE", ECHO, 405), ("OPTIONS", LOOKUP, 200), ("OPTIONS", ECHO, 200),
]


def test_quarantine(server):
    """Everything is denied, before its body is looked at; others feel nothing."""
    use(server, QUARANTINE)
    broken, other = server.client("keys-broken"), server.client("keys-pump")
    for method, path, body in OPERATIONS:
        answer = broken.request(method, path, json=body)
        words = ("Requester has no management permission" if "/mgmt/" in path else
                 "denied by rule 'quarantine'")
        assert_error(answer, 403, words, answer.json().get("origin"))
        assert answer.headers["x-quiver-rule"] == "quarantine"
        assert other.request(method, path, json=body).status_code != 403, path


@pytest.mark.parametrize("name", ["keys-broken", "keys-pump"])
def test_what_is_no_operation_is_answered_before_the_policy(server, name):
    use(server, QUARANTINE)
    client = server.client(name)
    for method, path, status in NO_OPERATIONS:
        answer = client.request(method, path)
        assert answer.status_code == status, (method, path, answer.text)
        assert "x-quiver-rule" not in answer.headers


def test_who_calls_is_asked_before_everything(server):
    """401, whatever is asked for, also where a rule denies everything to everybody."""
    use(server, QUARANTINE.replace("systems: [keys-broken]", "networks: [127.0.0.0/8]"))
    nobody, known = server.client(None, listener="optional"), server.client("keys-pump", listener="optional")
    for method, path, body in OPERATIONS + [(method, path, None) for method, path, _ in NO_OPERATIONS]:
        answer = nobody.request(method, path, json=body)
        assert answer.status_code == 401 and "x-quiver-rule" not in answer.headers, (method, path)
    assert known.get(ECHO).headers["x-quiver-rule"] == "quarantine"
    assert known.get("/nowhere").status_code == 404
    assert_error(server.ops.get("/health/live"), 403, "denied by rule 'quarantine'", "GET /health/live")

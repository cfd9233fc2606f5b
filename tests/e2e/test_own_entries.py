"""The registry finds itself (spec 3.15, 11.13): its system and its services are there from the first
moment, one interface for each listener that serves Arrowhead, mutual TLS first, with address and port
as a client must call them.
"""

import base64
import errno
import json
import os
import shlex
import subprocess
import sys

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness import confine
from harness.shared import instance_key, revision, system_key
from harness.process import wait_until
from harness.requests import assert_same_with_order, lookup, lookup_ids, mask_times, register, revoke
from harness.server import OPS, PLAIN, SECURE
from harness.wire import tls_context

OWN = "serviceregistry"
SERVICES = ["system-discovery", "service-discovery", "device-discovery"]  # as answers are sorted
NAMES = {
    "5.0": {"system": OWN, "services": SERVICES, "separator": "::", "https": "generic-https",
            "http": "generic-http", "mark": "unrestricted-discovery", "key": "x509-public-key",
            "version": "5.0.0"},
    "5.2": {"system": "ServiceRegistry", "separator": "|", "https": "generic_https",
            "services": ["systemDiscovery", "serviceDiscovery", "deviceDiscovery"],
            "http": "generic_http", "mark": "unrestrictedDiscovery", "key": "x509PublicKey",
            "version": "5.2.0"},
}


def public_key(pki):
    key = pki.registry.load().public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def interfaces_of(entry):
    """(template, protocol, policy, addresses, port) of each interface."""
    return [(i["templateName"], i["protocol"], i["policy"], i["properties"]["accessAddresses"],
             i["properties"]["accessPort"]) for i in entry["interfaces"]]


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
def test_the_whole_entries(quiver, dialect):
    server = quiver.start(dialect=dialect, plain=True)
    names = NAMES[dialect]
    found = lookup(server.client("consumer"), verbose=True, providerNames=[names["system"]])
    assert [entry["instanceId"] for entry in found] == \
        [names["separator"].join([names["system"], service, "1.0.0"]) for service in names["services"]]
    address = {"type": "IPV4", "address": "127.0.0.1"}
    for service, entry in zip(names["services"], found, strict=True):
        kebab = service if dialect == "5.0" else service.replace("Discovery", "-discovery")
        properties = {
            "accessAddresses": ["127.0.0.1"],
            "accessPort": server.listeners["secure"][1],
            "operations": {"register": {"path": "/register", "method": "POST"},
                           "lookup": {"path": "/lookup", "method": "POST"},
                           "revoke": {"path": "/revoke", "method": "DELETE"}},
            "basePath": f"/serviceregistry/{kebab}",
        }
        plain = {**properties, "accessPort": server.listeners["plain"][1]}
        times = {"createdAt": "<time>", "updatedAt": "<time>"}
        assert_same_with_order(mask_times(entry), {
            "instanceId": entry["instanceId"],
            "provider": {"name": names["system"], "metadata": {names["key"]: public_key(server.pki)},
                         "version": names["version"], "addresses": [address], **times},
            "serviceDefinition": {"name": service, **times},
            "version": "1.0.0",
            "metadata": {names["mark"]: True},
            "interfaces": [
                {"templateName": names["https"], "protocol": "https", "policy": "CERT_AUTH",
                 "properties": properties},
                {"templateName": names["http"], "protocol": "http", "policy": "NONE",
                 "properties": plain},
            ],
            **times,
        })


def test_a_client_gets_there_by_what_it_finds(quiver):
    """As official clients do it: look the service up, then call what the answer names."""
    server = quiver.start()
    consumer = server.client("consumer")
    service, = lookup(consumer, serviceDefinitionNames=["service-discovery"])
    properties = service["interfaces"][0]["properties"]
    call = properties["operations"]["lookup"]
    url = (f"https://{properties['accessAddresses'][0]}:{properties['accessPort']}"
           f"{properties['basePath']}{call['path']}")
    context = tls_context(server.pki.ca, server.pki.issue("consumer"))
    with httpx.Client(verify=context, trust_env=False) as client:
        answer = client.request(call["method"], url, json={"providerNames": [OWN]})
    assert answer.status_code == 200 and answer.json()["count"] == len(SERVICES)


def test_they_are_there_before_the_first_answer(quiver):
    """No answer of a new registry is without them: 503 first, then all three."""
    server = quiver.prepare()
    server.start(wait=False)
    consumer = server.client("consumer")

    def answered():
        answer = consumer.post("/serviceregistry/service-discovery/lookup", json={"providerNames": [OWN]})
        assert answer.status_code in (200, 503), answer.text
        return answer if answer.status_code == 200 else None

    assert wait_until(answered, "an answer").json()["count"] == len(SERVICES)


def test_listeners_in_their_order(quiver):
    listeners = [
        {**PLAIN, "name": "plain1"},
        {"name": "server", "address": "::1", "port": 0, "tls": "server", "serve": ["arrowhead"],
         "authentication": "declared"},
        OPS,
        {**SECURE, "name": "secure1"},
        {"name": "may", "address": "127.0.0.1", "port": 0, "tls": "server", "serve": ["arrowhead"]},
        {**SECURE, "name": "secure2", "serve": ["arrowhead", "ops"]},
    ]
    server = quiver.start(listeners=listeners)
    ports = {name: port for name, (_, port) in server.listeners.items()}
    entry, = lookup(server.client("consumer", listener="secure1"),
                    serviceDefinitionNames=["system-discovery"])
    here, there = ["127.0.0.1"], ["0000:0000:0000:0000:0000:0000:0000:0001"]
    assert interfaces_of(entry) == [
        ("generic-https", "https", "CERT_AUTH", here, ports["secure1"]),
        ("generic-https", "https", "CERT_AUTH", here, ports["secure2"]),
        ("generic-https", "https", "NONE", there, ports["server"]),
        ("generic-https", "https", "CERT_AUTH", here, ports["may"]),
        ("generic-http", "http", "NONE", here, ports["plain1"]),
    ]


def test_an_address_of_its_own(quiver):
    server = quiver.start(plain=True, registry={"advertise": {"address": "Registry.Plant.Example",
                                                              "port": 443}})
    entry, = lookup(server.client("consumer"), serviceDefinitionNames=["service-discovery"])
    assert [(addresses, port) for *_, addresses, port in interfaces_of(entry)] == [
        (["registry.plant.example"], 443),
        (["registry.plant.example"], server.listeners["plain"][1]),
    ]


def test_a_listener_everywhere_is_called_by_the_certificates_names(quiver, new_pki):
    pki = new_pki("testcloud", "company", "--san", "DNS:registry.plant.example", "--san", "IP:10.1.2.3",
                  "--san", "DNS:localhost", "--san", "IP:127.0.0.1")
    server = quiver.start(pki=pki, listeners=[{**SECURE, "address": "0.0.0.0"}, OPS])
    entry, = lookup(server.client("consumer"), verbose=True, serviceDefinitionNames=["service-discovery"])
    assert interfaces_of(entry)[0][3] == ["registry.plant.example", "10.1.2.3"]
    assert entry["provider"]["addresses"] == [
        {"type": "HOSTNAME", "address": "registry.plant.example"}, {"type": "IPV4", "address": "10.1.2.3"}]


@pytest.fixture
def only_loopback(new_pki):
    """A cloud whose registry's certificate names nothing but loopback."""
    return new_pki("testcloud", "company", "--san", "IP:127.0.0.1")


def machine_addresses():
    """The machine's own IPv4 addresses that are not loopback's."""
    told = subprocess.run(["ip", "-json", "-4", "address", "show", "up"], check=True, capture_output=True,
                          timeout=20).stdout
    return [a["local"] for link in json.loads(told) if "LOOPBACK" not in link["flags"]
            for a in link["addr_info"]]


def test_a_listener_everywhere_is_called_by_the_machines_addresses(quiver, only_loopback):
    """Where the certificate names nothing that others could call; also under the unit's confinement."""
    addresses = machine_addresses()
    if not addresses:
        pytest.skip("this machine has no address but loopback's")
    server = quiver.start(pki=only_loopback, listeners=[{**SECURE, "address": "0.0.0.0"}, OPS])
    entry, = lookup(server.client("consumer"), verbose=True, serviceDefinitionNames=["service-discovery"])
    assert interfaces_of(entry)[0][3] == addresses


def test_addresses_that_the_machine_does_not_tell_are_a_warning(quiver, only_loopback, tmp_path, monkeypatch):
    """As in a unit without AF_NETLINK."""
    unit = tmp_path / "narrow.service"
    unit.write_text("[Service]\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n")
    monkeypatch.setenv("QUIVER_WRAP", shlex.join([sys.executable, confine.__file__, str(unit)]))
    server = quiver.start(pki=only_loopback, listeners=[{**SECURE, "address": "0.0.0.0"}, OPS])
    said = server.wait_log("addresses of the machine not known")
    assert (said["level"], said["reason"]) == ("warning", os.strerror(errno.EAFNOSUPPORT))
    entry, = lookup(server.client("consumer"), serviceDefinitionNames=["service-discovery"])
    assert interfaces_of(entry)[0][3] == ["127.0.0.1"]


def test_without_tls_there_is_no_public_key(quiver):
    server = quiver.start(listeners=[PLAIN, OPS], tls=None, cloud={"name": "testcloud.company.arrowhead.eu"})
    entry, = lookup(server.declared("consumer"), serviceDefinitionNames=["service-discovery"])
    assert entry["provider"]["metadata"] == {}
    assert interfaces_of(entry) == [
        ("generic-http", "http", "NONE", ["127.0.0.1"], server.listeners["plain"][1])]


def test_a_restart_changes_only_what_is_different(quiver):
    server = quiver.start()
    consumer = server.client("consumer")
    first = lookup(consumer, providerNames=[OWN])
    before = revision(server)
    server.restart()
    assert lookup(server.client("consumer"), providerNames=[OWN]) == first
    assert revision(server) == before, "the same entries were written again"

    server.restart(registry={"advertise": {"address": "10.9.8.7"}})
    after = lookup(server.client("consumer"), providerNames=[OWN])
    assert revision(server) == before + 1, "the refresh is one change"
    assert all(interfaces_of(entry)[0][3] == ["10.9.8.7"] for entry in after)
    assert [e["createdAt"] for e in after] == [e["createdAt"] for e in first]


def test_they_come_back_when_somebody_revoked_or_replaced_them(quiver):
    """A declared name proves nothing, so anybody may have: the next start mends it."""
    server = quiver.start(plain=True)
    registry = server.declared(OWN)
    untouched = lookup(server.client("consumer"), providerNames=[OWN])
    assert revoke(registry, f"{OWN}::system-discovery::1.0.0") == 200
    register(registry, "service-discovery", version="1.0.0", expiresAt="2100-01-01T00:00:00Z")
    register(registry, "trap")
    server.restart()
    again = lookup(server.client("consumer"), providerNames=[OWN])
    assert [e["instanceId"] for e in again] == [e["instanceId"] for e in untouched]
    assert [e["interfaces"] for e in again] == [e["interfaces"] for e in untouched]
    assert all("expiresAt" not in e for e in again)
    assert server.redis().get(instance_key(server, f"{OWN}::trap::1.0.0")) is None
    assert server.declared(OWN).delete("/serviceregistry/system-discovery/revoke").status_code == 200
    assert server.redis().get(system_key(server, OWN)) is None
    server.restart()
    assert len(lookup_ids(server.client("consumer"), providerNames=[OWN])) == len(SERVICES)


def test_a_redis_that_lost_everything_gets_them_again(quiver):
    server = quiver.start()
    server.redis().flushall()
    consumer = server.client("consumer")
    wait_until(lambda: server.process.running and server.redis().get(system_key(server, OWN)), "the own system in Redis again")
    wait_until(lambda: len(lookup_ids(consumer, providerNames=[OWN])) == len(SERVICES), "the own services again")


def test_a_redis_that_takes_no_changes_holds_nothing_back(quiver, redis_server):
    """Lookups are answered without them, rather than not at all; once Redis is fit they are there."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    server.stop()
    connection = redis.client()
    connection.flushall()
    # a registry as another one left it, without own entries, on a Redis that may not be written to
    prefix = f"quiver:{{{server.pki.cloud}.{server.pki.organization}}}"
    connection.hset(f"{prefix}:head", mapping={"revision": 1, "token": "a" * 16, "format": 1,
                                               "dialect": "5.0", "offset": 0, "tick": 0})
    connection.xadd(f"{prefix}:journal", {"prev": "", "token": "a" * 16, "at": 0, "kind": "seed"}, id="1-0")
    connection.config_set("maxmemory-policy", "allkeys-lru")
    server.restart()
    assert lookup_ids(server.client("consumer"), providerNames=[OWN]) == []
    assert server.ops.get("/health/ready").json()["status"] == "degraded"
    connection.config_set("maxmemory-policy", "noeviction")
    wait_until(lambda: len(lookup_ids(server.client("consumer"), providerNames=[OWN])) == len(SERVICES),
               "the own services")


def test_everybody_finds_them_in_a_restricted_discovery(quiver):
    server = quiver.start(registry={"discovery": "restricted"})
    register(server.client("provider"), "unmarked")
    assert len(lookup_ids(server.client("consumer"), providerNames=[OWN])) == len(SERVICES)
    assert lookup_ids(server.client("consumer"), serviceDefinitionNames=["unmarked"]) == []

"""`registry.publish_certificate: true`: a lookup shows by which certificate each instance was
registered, as `x5t#S256` (RFC 8705) in its provider's metadata, so that a consumer can pin it.

The member is the registry's word alone: what a provider itself registered under that name is
replaced, and left out where there is no certificate. Without the setting nothing is touched.
"""

import base64

import pytest
from cryptography.hazmat.primitives import hashes

from harness.requests import interface, lookup, register

KEY = "x5t#S256"
SYSTEMS = "/serviceregistry/system-discovery/"
PUBLISH = {"publish_certificate": True}
TEMPLATES = {"5.0": "generic-http", "5.2": "generic_http"}


def fingerprint(certificate):
    digest = certificate.load().fingerprint(hashes.SHA256())
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def register_system(client, **metadata):
    """The system by its own registration; gives the answer's object."""
    answer = client.post(SYSTEMS + "register", json={
        "version": "1.0.0", "addresses": ["10.0.0.1"], "metadata": metadata})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def providers(server, name, verbose=None):
    """The provider's metadata in each entry of a lookup; None where there is none."""
    entries = lookup(server.client("consumer"), verbose, serviceDefinitionNames=[name])
    return [entry["provider"].get("metadata") for entry in entries]


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
def test_shown_in_lookups_alone(quiver, dialect):
    server = quiver.start(dialect=dialect, registry=PUBLISH)
    client = server.client("publisher")
    shown = {KEY: fingerprint(server.pki.issue("publisher"))}
    answer = register(client, "kelvin", interfaces=[interface(TEMPLATES[dialect])])
    assert "metadata" not in answer["provider"]
    assert providers(server, "kelvin", verbose=True) == [shown]
    assert providers(server, "kelvin", verbose=False) == [shown]
    assert list(lookup(client, False, serviceDefinitionNames=["kelvin"])[0]["provider"]) == [
        "name", "metadata", "version", "createdAt", "updatedAt"]

    register_system(client, place="hall")
    for verbose in (True, False):
        found, = providers(server, "kelvin", verbose)
        assert list(found.items()) == [("place", "hall"), *shown.items()]
    systems = client.post(SYSTEMS + "lookup", json={}).json()["entries"]
    assert {"place": "hall"} in [system.get("metadata") for system in systems]
    assert KEY not in str(systems)


def test_off_by_default(quiver):
    server = quiver.start()
    client = server.client("publisher")
    register(client, "kelvin")
    assert providers(server, "kelvin") == [None]
    register_system(client, **{KEY: "my own word"})
    assert providers(server, "kelvin", verbose=True) == [{KEY: "my own word"}]
    server.restart(registry=PUBLISH)
    assert providers(server, "kelvin") == [{KEY: fingerprint(server.pki.issue("publisher"))}]
    server.restart(registry={"publish_certificate": False})
    assert providers(server, "kelvin") == [{KEY: "my own word"}]


def test_each_instance_shows_its_own(quiver, new_pki):
    cloud = new_pki()
    server = quiver.start(pki=cloud, registry=PUBLISH)
    first = fingerprint(cloud.issue("publisher"))
    register(server.client("publisher"), "kelvin", version="1.0.0")
    cloud.renew("publisher")
    second = fingerprint(cloud.issue("publisher"))
    assert first != second
    register(server.client("publisher"), "kelvin", version="2.0.0")
    assert providers(server, "kelvin") == [{KEY: second}, {KEY: first}]
    register(server.client("publisher"), "kelvin", version="1.0.0")
    assert providers(server, "kelvin") == [{KEY: second}, {KEY: second}]


def test_a_declared_identity_has_none(quiver):
    server = quiver.start(plain=True, registry=PUBLISH)
    register(server.declared("publisher"), "kelvin")
    assert providers(server, "kelvin") == [None]
    register_system(server.declared("publisher"), place="hall")
    assert providers(server, "kelvin") == [{"place": "hall"}]
    own, = lookup(server.client("consumer"), serviceDefinitionNames=["service-discovery"])
    assert KEY not in own["provider"]["metadata"]


def test_a_system_cannot_forge_it(quiver):
    server = quiver.start(plain=True, registry=PUBLISH)
    forged = {KEY: "A" * 43, "place": {KEY: "deeper is none of ours"}}
    register_system(server.client("publisher"), **forged)
    register(server.client("publisher"), "kelvin")
    honest = {"place": forged["place"]}
    shown = {**honest, KEY: fingerprint(server.pki.issue("publisher"))}
    assert providers(server, "kelvin") == [shown]
    register(server.declared("publisher"), "kelvin")
    assert providers(server, "kelvin") == [honest]


def test_with_filters_and_among_others(quiver):
    """Entries with and without, put together in one answer, each with what is its own."""
    server = quiver.start(plain=True, registry=PUBLISH)
    register(server.client("publisher"), "kelvin", metadata={"n": 1})
    register(server.client("other"), "kelvin", metadata={"n": 1})
    register(server.declared("third"), "kelvin", metadata={"n": 1})
    register(server.client("fourth"), "kelvin", metadata={"n": 2})
    entries = lookup(server.client("consumer"), True, serviceDefinitionNames=["kelvin"],
                     metadataRequirementsList=[{"n": 1}])
    shown = {entry["provider"]["name"]: entry["provider"].get("metadata") for entry in entries}
    assert shown == {"publisher": {KEY: fingerprint(server.pki.issue("publisher"))},
                     "other": {KEY: fingerprint(server.pki.issue("other"))}, "third": None}

"""The registry's own entries tell of the certificate in force: with a new key or other names in it they
are written anew, without a restart, and not at all where nothing of theirs changed.
"""

import base64
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.shared import revision
from harness.forge import SAN
from harness.livecloud import LiveCloud, reload, shown_serial
from harness.process import wait_until
from harness.requests import lookup, register
from harness.server import OPS, SECURE

OWN = "serviceregistry"
LOOPBACK = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


@pytest.fixture
def cloud(tmp_path):
    live = LiveCloud(tmp_path / "cloud")
    live.cloud, live.organization = live.suffix.split(".")[:2]  # what keys in Redis are named by
    return live


def names(*more):
    return {SAN: (False, x509.SubjectAlternativeName([*LOOPBACK, *more]).public_bytes())}


def public_key(cloud):
    key = cloud.registry.load().public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def own(client):
    """(public key, addresses of the system, addresses of each service's first interface)"""
    found = lookup(client, verbose=True, providerNames=[OWN])
    provider = found[0]["provider"]
    return (provider["metadata"]["x509-public-key"], [a["address"] for a in provider["addresses"]],
            {tuple(e["interfaces"][0]["properties"]["accessAddresses"]) for e in found})


def test_a_new_key_is_looked_up(quiver, cloud):
    server = cloud.start(quiver)
    client = server.client("consumer")
    before = public_key(cloud)
    assert own(client)[0] == before
    at = revision(server)
    cloud.renew_own(which="second")
    assert public_key(cloud) != before
    reload(server)
    wait_until(lambda: own(client)[0] == public_key(cloud), "the new public key")
    assert revision(server) == at + 1, "the refresh is one change"
    assert len(lookup(client, providerNames=[OWN])) == 3


def test_new_names_are_looked_up(quiver, cloud):
    """Of a listener everywhere, the certificate's names are where it is reached."""
    cloud.renew_own(extensions=names(x509.DNSName("old.plant.example")))
    server = cloud.start(quiver, listeners=[{**SECURE, "address": "0.0.0.0"}, OPS])
    client = server.client("consumer")
    key, addresses, interfaces = own(client)
    assert (addresses, interfaces) == (["old.plant.example"], {("old.plant.example",)})
    cloud.renew_own(extensions=names(x509.DNSName("new.plant.example"), x509.DNSName("second.plant.example")))
    reload(server)
    new = ["new.plant.example", "second.plant.example"]
    wait_until(lambda: own(client) == (key, new, {tuple(new)}), "the new names")


def test_what_changes_nothing_writes_nothing(quiver, cloud):
    """The same key in another certificate, a refused certificate, a CRL: the entries stay."""
    server = cloud.start(quiver)
    client = server.client("consumer")
    first, at = own(client), revision(server)
    serial = cloud.renew_own()
    cloud.revoke(cloud.issue("revoked"))
    reload(server)
    assert shown_serial(server) == serial
    cloud.registry.key.write_bytes(b"no key")
    cloud.registry.crt.write_bytes(b"no certificate")
    assert server.reload().returncode == 1
    register(server.client("provider"), "afterwards")  # what was handed to the store before is done
    assert own(client) == first
    assert revision(server) == at + 1


@pytest.mark.concurrent
def test_many_rotations_end_with_the_last(quiver, cloud):
    server = cloud.start(quiver)
    client = server.client("consumer")
    for number in range(20):
        cloud.renew_own(which=f"own{number % 3}")
        reload(server)
    wait_until(lambda: own(client)[0] == public_key(cloud), "the last public key")


def test_a_key_that_came_while_redis_was_away_is_there_when_it_is_back(quiver, cloud, redis_server):
    redis = redis_server()
    server = cloud.start(quiver, redis=redis)
    client = server.client("consumer")
    assert own(client)[0] == public_key(cloud)
    redis.stop()
    server.wait_log("store lost")
    cloud.renew_own(which="second")
    reload(server)
    assert own(client)[0] != public_key(cloud), "the view is as Redis had it"
    redis.start()
    wait_until(lambda: own(client)[0] == public_key(cloud), "the new public key")

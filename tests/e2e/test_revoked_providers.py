"""Instances that a revoked certificate registered are in no lookup any more, from the reload on.

They come back when their provider registers them with a good certificate, or when the CRL lists it
no longer. The reason `superseded` keeps them, and so does `registry.revoked_providers: keep`. Who
only declared an identity has no certificate that could be revoked, nor has the registry itself.
"""

import base64
import datetime
import hashlib
import json
import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.shared import instance_key
from harness.pki import Certificate, run_pki
from harness.requests import interface, lookup, lookup_ids, register, registration

OWN_SERVICES = {"5.0": ("serviceregistry", 3), "5.2": ("ServiceRegistry", 3)}
TEMPLATES = {"5.0": "generic-http", "5.2": "generic_http"}
DEFINITION = "kelvin"


@pytest.fixture
def cloud(new_pki):
    """A cloud of the test's own: its CRL changes."""
    return new_pki()


def start(quiver, cloud, **options):
    return quiver.start(pki=cloud, **options)


def reload(server):
    done = server.reload()
    assert done.returncode == 0, done.stdout + done.stderr


def issue_anew(cloud, name):
    """A new certificate for a name whose certificates were all revoked."""
    run_pki("issue", cloud.directory, "system", name, "--force")
    return cloud.issue(name)


def write_crl(cloud, *certificates, number=1000, ends=datetime.timedelta(days=7)):
    """A CRL of the cloud CA that lists these certificates alone; `number` must count up."""
    issuer, key = cloud.authority("cloud")
    now = datetime.datetime.now(datetime.timezone.utc)
    began = now - datetime.timedelta(days=30)
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
               .last_update(began).next_update(now + ends)
               .add_extension(x509.CRLNumber(number), False))
    for certificate in certificates:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(certificate.load().serial_number)
            .revocation_date(began).build())
    cloud.crl.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def found(server, **filters):
    """The names of the providers that a lookup of the definition finds, sorted."""
    entries = lookup(server.client("consumer"), serviceDefinitionNames=[DEFINITION], **filters)
    return sorted(entry["provider"]["name"].lower() for entry in entries)


def register_all(server, *names, dialect="5.0"):
    """Registers the definition for each of the systems; gives the instance ids."""
    return [register(server.client(name), DEFINITION, metadata={"n": 1},
                     interfaces=[interface(TEMPLATES[dialect])])["instanceId"] for name in names]


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
def test_hidden_from_the_reload_on_and_back_with_a_good_certificate(quiver, cloud, dialect):
    server = start(quiver, cloud, dialect=dialect)
    ids = register_all(server, "heater", "cooler", dialect=dialect)
    assert found(server) == ["cooler", "heater"]

    cloud.revoke("heater", "keyCompromise")
    reload(server)
    consumer = server.client("consumer")
    names = [entry["provider"]["name"] for entry in
             lookup(consumer, instanceIds=ids)]  # fails where the count does not fit
    assert [name.lower() for name in names] == ["cooler"]
    assert lookup_ids(consumer, instanceIds=[ids[0]]) == []
    assert lookup_ids(consumer, providerNames=["heater" if dialect == "5.0" else "Heater"]) == []
    assert found(server) == ["cooler"]
    assert found(server, metadataRequirementsList=[{"n": 1}]) == ["cooler"]
    assert found(server, policies=["NONE"], verbose=True) == ["cooler"]
    assert server.alert("heater") == "certificate_revoked"

    own, count = OWN_SERVICES[dialect]
    assert len(lookup_ids(consumer, providerNames=[own])) == count

    issue_anew(cloud, "heater")
    assert found(server) == ["cooler"]  # a certificate alone brings nothing back
    assert register_all(server, "heater", dialect=dialect) == ids[:1]
    assert found(server) == ["cooler", "heater"]


@pytest.mark.parametrize("kill", [False, True], ids=["stop", "kill-9"])
def test_hidden_after_a_restart(quiver, cloud, kill):
    server = start(quiver, cloud)
    register_all(server, "heater", "cooler")
    cloud.revoke("heater")
    reload(server)
    assert found(server) == ["cooler"]
    server.restart(kill=kill)
    assert found(server) == ["cooler"]


def test_revoked_while_the_registry_was_down(quiver, cloud):
    server = start(quiver, cloud)
    register_all(server, "heater", "cooler")
    server.stop()
    cloud.revoke("heater")
    server.restart()
    assert found(server) == ["cooler"]


@pytest.mark.parametrize(("reason", "hidden"), [
    (None, True), ("keyCompromise", True), ("affiliationChanged", True),
    ("cessationOfOperation", True), ("superseded", False)])
def test_every_reason_but_superseded(quiver, cloud, reason, hidden):
    server = start(quiver, cloud)
    register_all(server, "heater", "cooler")
    cloud.revoke("heater", reason)
    reload(server)
    assert found(server) == (["cooler"] if hidden else ["cooler", "heater"])
    assert server.alert("heater") == "certificate_revoked"  # whatever the reason


def test_one_of_two_certificates(quiver, cloud):
    """What counts is the certificate that registered the instance, not the system's name."""
    server = start(quiver, cloud)
    register_all(server, "heater")
    old = cloud.directory / "old.crt"
    shutil.copy(cloud.issue("heater").crt, old)
    cloud.renew("heater")
    fresh = register(server.client("heater"), "other")["instanceId"]
    write_crl(cloud, Certificate("heater", old, None, cloud.ca))
    reload(server)
    assert lookup_ids(server.client("consumer"), providerNames=["heater"]) == [fresh]
    register_all(server, "heater")
    assert found(server) == ["heater"]


def test_kept_where_the_configuration_says_so(quiver, cloud):
    server = start(quiver, cloud, registry={"revoked_providers": "keep"})
    register_all(server, "heater", "cooler")
    cloud.revoke("heater")
    reload(server)
    assert server.alert("heater") == "certificate_revoked"
    assert found(server) == ["cooler", "heater"]
    server.restart(registry={"revoked_providers": "hide"})
    assert found(server) == ["cooler"]
    server.restart(registry={"revoked_providers": "keep"})
    assert found(server) == ["cooler", "heater"]


def test_back_when_the_crl_lists_it_no_longer(quiver, cloud):
    server = start(quiver, cloud)
    register_all(server, "heater", "cooler")
    write_crl(cloud, cloud.issue("heater"))
    reload(server)
    assert found(server) == ["cooler"]
    write_crl(cloud, number=1001)
    reload(server)
    assert found(server) == ["cooler", "heater"]


def test_a_crl_past_its_end_still_hides(quiver, cloud):
    server = start(quiver, cloud, tls={"stale_crl": "allow"})
    register_all(server, "heater", "cooler")
    write_crl(cloud, cloud.issue("heater"), ends=-datetime.timedelta(days=1))
    reload(server)
    assert found(server) == ["cooler"]


def test_a_declared_identity_has_no_certificate(quiver, cloud):
    server = start(quiver, cloud, plain=True)
    register_all(server, "heater")
    cloud.revoke("heater")
    reload(server)
    assert found(server) == []
    answer = server.declared("heater").post("/serviceregistry/service-discovery/register",
                                            json=registration(DEFINITION))
    assert answer.status_code == 201, answer.text
    assert found(server) == ["heater"]


def test_the_envelope_says_which_certificate(quiver, cloud):
    """And an envelope that does not name the issuer's key, as older versions wrote it, is readable
    and never hidden."""
    server = start(quiver, cloud)
    identifier, = register_all(server, "heater")
    envelope = json.loads(server.redis().get(instance_key(server, identifier)))
    certificate = cloud.issue("heater").load()
    bits = cloud.authority("cloud")[0].public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint)
    by = envelope["by"]
    assert by["issuerKey"] == base64url(hashlib.sha256(bits).digest())
    assert by["x5t#S256"] == base64url(certificate.fingerprint(hashes.SHA256()))
    assert int(by["serial"], 16) == certificate.serial_number
    assert list(by) == ["system", "x5t#S256", "issuer", "issuerKey", "serial", "notAfter"]

    del by["issuerKey"]
    server.redis().set(instance_key(server, identifier), json.dumps(envelope, separators=(",", ":")))
    cloud.revoke("heater")
    server.restart()
    assert server.alert("heater") == "certificate_revoked"
    assert found(server) == ["heater"]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""A part of trust that is bad in whatever way stays as it was, and says so: `quiver reload` ends with 1
and names file and reason, and so do the log, readiness and `quiver check`. The other part is renewed
all the same, and nobody who is trusted is dropped.
"""

import os
from dataclasses import dataclass
from typing import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from harness import forge
from harness.livecloud import (LiveCloud, Session, ask_reload, make_crl, part_of, readiness, reload,
                               shown_serial, write)
from harness.server import Quiver
from harness.testpki import authority

OWN, ANCHORS = "own certificate", "CAs and CRLs"
OTHER_CLOUD = "othercloud.company.arrowhead.eu"


@dataclass(frozen=True)
class Bad:
    """How a file is made bad, and what is said of it: the file's name and these words."""

    name: str
    part: str
    file: str  # of the cloud's folder
    words: str
    spoil: Callable


def other_own(**changes):
    return lambda cloud: cloud.renew_own(**changes)


def ended(cloud):
    cloud.renew_own(not_before=forge.utc(forge.from_now(days=-3)), not_after=forge.utc(forge.from_now(days=-1)))


def not_begun(cloud):
    cloud.renew_own(not_before=forge.utc(forge.from_now(days=1)))


def without_names(cloud):
    cloud.renew_own(extensions={forge.SAN: None})


def for_clients(cloud):
    cloud.renew_own(extensions={forge.EKU: (False, forge.purposes("client"))})


def unknown_issuer(cloud):
    cloud.renew_own(authority(cloud.root, cloud.suffix, "lo", length=0))


def key_of_another(cloud):
    write(cloud.registry.key, forge.private_pem(forge.key("p256", "another")))


def garbage(file: str):
    def spoil(cloud):
        path = cloud.folder / file
        label = path.read_bytes().split(b"-----")[1].removeprefix(b"BEGIN ")
        write(path, b"-----BEGIN %s-----\nbm8gREVS\n-----END %s-----\n" % (label, label))
    return spoil


def cut_short(file: str):
    def spoil(cloud):
        path = cloud.folder / file
        write(path, path.read_bytes()[:300])
    return spoil


def text(file: str, content: bytes):
    return lambda cloud: write(cloud.folder / file, content)


def gone(file: str):
    return lambda cloud: (cloud.folder / file).unlink()


def folder(file: str):
    def spoil(cloud):
        (cloud.folder / file).unlink()
        (cloud.folder / file).mkdir()
    return spoil


def open_to_others(cloud):
    os.chmod(cloud.registry.key, 0o644)


def leaf_as_ca(cloud):
    write(cloud.trusted, cloud.issue("somebody").crt.read_bytes())


def crl_by(**changes):
    return lambda cloud: write(cloud.crl, make_crl(cloud.authority, number=1000, **changes))


def crl_of_unknown(cloud):
    write(cloud.crl, make_crl(authority(cloud.root, OTHER_CLOUD, "lo", length=0)))


def older_crl(cloud):
    write(cloud.crl, make_crl(cloud.authority, number=0))


def spoilt_crl(cloud):
    """A signature that does not fit what it signs."""
    crl = x509.load_pem_x509_crl(cloud.crl.read_bytes())
    der = crl.public_bytes(Encoding.DER)
    write(cloud.crl, forge.pem("X509 CRL", der[:-1] + bytes([der[-1] ^ 1])))


INDIRECT = x509.IssuingDistributionPoint(
    full_name=[x509.UniformResourceIdentifier("http://crl.example/")], relative_name=None,
    only_contains_user_certs=False, only_contains_ca_certs=False, only_some_reasons=None, indirect_crl=True,
    only_contains_attribute_certs=False)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier(forge.UNKNOWN), b"\5\0")

BAD = [
    Bad("certificate-damaged", OWN, "registry.crt", "", garbage("registry.crt")),
    Bad("certificate-cut-short", OWN, "registry.crt", "", cut_short("registry.crt")),
    Bad("certificate-empty", OWN, "registry.crt", "no certificate", text("registry.crt", b"")),
    Bad("certificate-gone", OWN, "registry.crt", "", gone("registry.crt")),
    Bad("certificate-unreadable", OWN, "registry.crt", "", folder("registry.crt")),
    Bad("certificate-expired", OWN, "registry.crt", "expired", ended),
    Bad("certificate-not-begun", OWN, "registry.crt", "not valid before", not_begun),
    Bad("certificate-of-clients", OWN, "registry.crt", "server", for_clients),
    Bad("certificate-of-an-unknown-ca", OWN, "registry.crt", "tls.trust", unknown_issuer),
    Bad("certificate-of-another-cloud", OWN, "registry.crt", "cloud",
        other_own(cn=f"serviceregistry.{OTHER_CLOUD}")),
    Bad("certificate-without-name", OWN, "registry.crt", "identity", other_own(cn="serviceregistry")),
    Bad("certificate-of-an-operator", OWN, "registry.crt", "identity", other_own(qualifier="op")),
    Bad("certificate-without-alternative-names", OWN, "registry.crt", "subjectAltName", without_names),
    Bad("key-of-another", OWN, "registry.key", "not that of", key_of_another),
    Bad("key-damaged", OWN, "registry.key", "", garbage("registry.key")),
    Bad("key-empty", OWN, "registry.key", "no private key", text("registry.key", b"")),
    Bad("key-gone", OWN, "registry.key", "", gone("registry.key")),
    Bad("key-unreadable", OWN, "registry.key", "", folder("registry.key")),
    Bad("key-open-to-others", OWN, "registry.key", "chmod 600", open_to_others),
    Bad("trust-empty", ANCHORS, "trust.crt", "no certificate", text("trust.crt", b"\n")),
    Bad("trust-damaged", ANCHORS, "trust.crt", "", garbage("trust.crt")),
    Bad("trust-cut-short", ANCHORS, "trust.crt", "", cut_short("trust.crt")),
    Bad("trust-gone", ANCHORS, "trust.crt", "", gone("trust.crt")),
    Bad("trust-unreadable", ANCHORS, "trust.crt", "", folder("trust.crt")),
    Bad("trust-of-a-leaf", ANCHORS, "trust.crt", "no CA", leaf_as_ca),
    Bad("crl-empty", ANCHORS, "cloud.crl", "no CRL", text("cloud.crl", b"")),
    Bad("crl-damaged", ANCHORS, "cloud.crl", "", garbage("cloud.crl")),
    Bad("crl-cut-short", ANCHORS, "cloud.crl", "", cut_short("cloud.crl")),
    Bad("crl-gone", ANCHORS, "cloud.crl", "", gone("cloud.crl")),
    Bad("crl-unreadable", ANCHORS, "cloud.crl", "", folder("cloud.crl")),
    Bad("crl-of-an-unknown-ca", ANCHORS, "cloud.crl", "not configured", crl_of_unknown),
    Bad("crl-by-another-key", ANCHORS, "cloud.crl", "signature", crl_by(signer=forge.key("p256", "another"))),
    Bad("crl-with-another-signature", ANCHORS, "cloud.crl", "signature", spoilt_crl),
    Bad("crl-older", ANCHORS, "cloud.crl", "older", older_crl),
    Bad("crl-indirect", ANCHORS, "cloud.crl", "indirect", crl_by(more=[(INDIRECT, True)])),
    Bad("crl-delta", ANCHORS, "cloud.crl", "delta", crl_by(more=[(x509.DeltaCRLIndicator(1), True)])),
    Bad("crl-with-an-unknown-critical-extension", ANCHORS, "cloud.crl", "critical",
        crl_by(more=[(UNKNOWN, True)])),
]


@pytest.fixture(scope="module")
def cloud(short_folder):
    return LiveCloud(short_folder / "keeps")


@pytest.fixture(scope="module")
def server(cloud):
    factory = Quiver(cloud)
    yield cloud.start(factory)
    factory.close()


@pytest.fixture
def repaired(cloud, server):
    """Afterwards all is well again, and nothing is left of the complaint."""
    yield
    path = cloud.folder
    for file in ("registry.crt", "registry.key", "trust.crt", "cloud.crl"):
        if (path / file).is_dir():
            (path / file).rmdir()
    cloud.trust(cloud.authority)
    cloud.renew_own()
    cloud.write_crl()
    reload(server)
    assert readiness(server) == {"status": "ready", "reasons": []}


def assert_named(text: str, bad: Bad, cloud) -> None:
    assert str(cloud.folder / bad.file) in text and bad.words in text, text


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_one_bad_part(cloud, server, repaired, bad):
    other = OWN if bad.part == ANCHORS else ANCHORS
    name = f"revoked-by-{bad.name}"
    client, revoked = Session(server, "client"), Session(server, name)
    before = shown_serial(server)
    if other == ANCHORS:
        cloud.revoke(cloud.issue(name))
    else:
        renewed = cloud.renew_own(which="renewed")
    bad.spoil(cloud)
    mark = server.mark()

    outcome = ask_reload(server)

    assert not outcome["good"]
    kept, new = part_of(outcome, bad.part), part_of(outcome, other)
    assert not kept["renewed"] and new == {"part": other, "renewed": True, "faults": []}
    assert_named(" ".join(kept["faults"]), bad, cloud)
    entry = server.wait_log("reload failed", since=mark, part=bad.part)
    assert_named(entry["reason"], bad, cloud)
    state = readiness(server)
    assert state["status"] == "degraded"
    assert_named(" ".join(state["reasons"]), bad, cloud)
    assert all(reason.startswith(f"{bad.part}: ") for reason in state["reasons"])
    assert client.echo() == 200 and client.anew() is False
    if other == ANCHORS:
        assert revoked.is_cut() and revoked.anew() == "certificate_revoked"
        assert shown_serial(server) == before
    else:
        assert revoked.echo() == 200
        assert shown_serial(server) == renewed


@pytest.mark.parametrize("bad", [BAD[i] for i in (0, 13, 20, 31)], ids=lambda bad: bad.name)
def test_what_the_commands_say(cloud, server, quiver, repaired, bad):
    bad.spoil(cloud)
    done = server.reload()
    assert done.returncode == 1
    assert_named(done.stdout, bad, cloud)
    assert f"{bad.part} " in done.stdout and "kept: " in done.stdout and "renewed" in done.stdout
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1
    assert_named(checked.output, bad, cloud)


def test_both_parts_bad(cloud, server, repaired):
    client, before = Session(server, "client"), shown_serial(server)
    write(cloud.registry.key, b"")
    write(cloud.crl, b"")
    outcome = ask_reload(server)
    assert not part_of(outcome, OWN)["renewed"] and not part_of(outcome, ANCHORS)["renewed"]
    assert {reason.partition(":")[0] for reason in readiness(server)["reasons"]} == {OWN, ANCHORS}
    assert client.echo() == 200 and client.anew() is False and shown_serial(server) == before


def test_a_bad_certificate_does_not_start(cloud, server, quiver, repaired, tmp_path):
    """What a reload refuses, a start refuses, too."""
    key_of_another(cloud)
    refused = quiver.refused(pki=cloud, tls=cloud.tls)
    assert refused.status == 1 and str(cloud.registry.key) in refused.output

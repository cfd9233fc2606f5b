"""The local cloud whose certificates test_tls_identity.py shows: master, organization and cloud CA,
a former cloud CA that the organization revoked, another cloud's CA, and the registry's certificate.

A case gets its leaf from `leaf`, which makes a sound system certificate except for what the case
changes; CAs beside the usual ones come from `authority`. CRLs are made once, before a server starts:
who is in them is known beforehand (REVOKED).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from . import forge
from .forge import AKI, BC, CN, DNQ, EKU, KU, SAN, SKI, Form
from .pki import Certificate

CLOUD = "testcloud.company.arrowhead.eu"
OTHER = "othercloud.company.arrowhead.eu"

# Serial numbers in the cloud CA's CRL, and the reasons.
REVOKED = {0x7001: None, 0x7002: x509.ReasonFlags.key_compromise,
           0x7003: x509.ReasonFlags.certificate_hold, 0x7004: None,
           0x7005: x509.ReasonFlags.superseded, 0x7006: None,
           0x7007: x509.ReasonFlags.remove_from_crl, 0x70050000000000000000000000000000000005: None}
FUTURE = 0x7006  # whose revocation has a date to come, which means nothing
FORMER_SERIAL = 0x7101  # of the former cloud CA, in the organization's CRL

_serials = itertools.count(0x100001)


def content(value: int) -> bytes:
    """The content octets of an INTEGER."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate, and the chain that a client sends behind what it issued (the anchor's
    own certificate excepted)."""

    subject: bytes
    key: object
    der: bytes
    chain: tuple[bytes, ...]


def subject(cn: str, qualifier: str | None) -> bytes:
    attributes = [(CN, forge.text(cn))]
    if qualifier is not None:
        attributes.insert(0, (DNQ, forge.text(qualifier, forge.PRINTABLE)))
    return forge.name(*attributes)


def authority(above: Authority | None, cn: str, qualifier: str, *, key="p256", which=None, name=None,
              length: int | None = None, days=3650, extensions=None, **changes) -> Authority:
    """A CA below `above` (None: self-signed). `which` names its key, `extensions` are laid over the
    usual ones (None takes one away), `changes` over the Form."""
    private = forge.key(key, which or f"{cn} {next(_serials)}")
    named = name or subject(cn, qualifier)
    signer = above.key if above else private
    usual = {
        BC: (True, forge.constraints(True, length)),
        KU: (True, forge.usage("key_cert_sign", "crl_sign")),
        SKI: (False, forge.plain(forge.OCTETS, forge.key_identifier(private))),
        AKI: (False, authority_key_identifier(signer)),
    }
    form = Form(subject=named, issuer=above.subject if above else named, spki=forge.public(private),
                signer=signer, extensions=laid_over(usual, extensions),
                serial=content(changes.pop("serial", next(_serials))),
                not_before=changes.pop("not_before", forge.utc(forge.from_now(days=-400))),
                not_after=forge.utc(forge.from_now(days=days)), **changes)
    der = forge.certificate(form)
    return Authority(named, private, der, (der, *above.chain) if above else ())


def authority_key_identifier(private) -> bytes:
    return x509.AuthorityKeyIdentifier(forge.key_identifier(private), None, None).public_bytes()


def laid_over(usual: dict, changes: dict | None) -> dict:
    whole = {**usual, **(changes or {})}
    return {kind: value for kind, value in whole.items() if value is not None}


def leaf_form(name: str, issuer: Authority, *, key="p256", qualifier: str | None = "sy", cn=None,
              extensions=None, **changes) -> Form:
    """A sound system certificate of `name`, with `changes` of the Form; `extensions` are laid over
    the usual ones, None takes one away."""
    private = forge.key(key)
    usual = {
        BC: (True, forge.constraints(False)),
        KU: (True, forge.usage("digital_signature", "key_encipherment")),
        EKU: (False, forge.purposes("server", "client")),
        SAN: (False, forge.dns_names(f"{name[:60]}.{CLOUD}")),
        SKI: (False, forge.plain(forge.OCTETS, forge.key_identifier(private))),
        AKI: (False, authority_key_identifier(issuer.key)),
    }
    return Form(**{
        "subject": subject(cn if cn is not None else f"{name}.{CLOUD}", qualifier),
        "issuer": issuer.subject,
        "spki": forge.public(private),
        "signer": issuer.key,
        "extensions": laid_over(usual, extensions),
        "serial": content(next(_serials)),
        "not_before": forge.utc(forge.from_now(hours=-1)),
        "not_after": forge.utc(forge.from_now(days=30)),
        **changes})


class Cloud:
    """The cloud in a folder: files for servers, and the CAs."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.master = authority(None, "arrowhead.eu", "ma")
        self.organization = authority(self.master, "company.arrowhead.eu", "or")
        self.cloud = authority(self.organization, CLOUD, "lo", length=0, which="cloud")
        self.former = authority(self.organization, CLOUD, "lo", length=0, serial=FORMER_SERIAL)
        self.other = authority(self.organization, OTHER, "lo", length=0)
        self.ca = self._write("cloud-ca.crt", forge.pem("CERTIFICATE", self.cloud.der))
        self.master_ca = self._write("master-ca.crt", forge.pem("CERTIFICATE", self.master.der))
        self.crl = self._write("cloud-ca.crl", crl(self.cloud, REVOKED))
        self.upper_crls = self._write("upper.crl", b"".join((
            forge.pem("CERTIFICATE", self.organization.der, self.cloud.der, self.other.der),
            crl(self.master, {}), crl(self.organization, {FORMER_SERIAL: None}),
            crl(self.cloud, REVOKED), crl(self.other, {}))))
        self.registry = self._own_certificate()

    def _write(self, file: str, data: bytes) -> Path:
        path = self.folder / file
        path.touch(mode=0o600)
        path.write_bytes(data)
        return path

    def _own_certificate(self) -> Certificate:
        form = leaf_form("serviceregistry", self.cloud, extensions={
            SAN: (False, x509.SubjectAlternativeName([x509.DNSName("localhost")]).public_bytes())})
        chain = forge.pem("CERTIFICATE", forge.certificate(form), *self.cloud.chain)
        crt = self._write("registry.crt", chain)
        key = self._write("registry.key", forge.private_pem(forge.key("p256")))
        return Certificate("registry", crt, key, self.ca)

    def tls(self, trust: str) -> dict:
        """The section `tls` of a server: trust "cloud" (just the cloud's CA) or "root" (just the
        master's), with the CRLs that can be checked by it."""
        anchor, crl_file = {"cloud": (self.ca, self.crl), "root": (self.master_ca, self.upper_crls)}[trust]
        return {"certificate": str(self.registry.crt), "private_key": str(self.registry.key),
                "trust": [str(anchor)], "crl": [str(crl_file)]}


def crl(ca: Authority, revoked: dict) -> bytes:
    issuer = x509.load_der_x509_certificate(ca.der).subject
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer)
               .last_update(forge.from_now(hours=-1)).next_update(forge.from_now(days=30))
               .add_extension(x509.CRLNumber(1), False)
               .add_extension(x509.AuthorityKeyIdentifier(forge.key_identifier(ca.key), None, None), False))
    for serial, reason in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(
            forge.from_now(days=5 if serial == FUTURE else -1))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

"""Certificates for tests: what certs/pki makes, and odd ones that it would never make."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import ROOT

SCRIPT = ROOT / "certs/pki"
PURPOSES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH,
            "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
            "email": ExtendedKeyUsageOID.EMAIL_PROTECTION}


@dataclass(frozen=True)
class Certificate:
    """Paths of one identity: `crt` (leaf and chain), `key`, and the `ca` that vouches for it."""

    name: str
    crt: Path
    key: Path
    ca: Path

    def load(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.crt.read_bytes())


def run_pki(*arguments, check: bool = True, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs certs/pki; without `check` a refusal is a result like any other."""
    done = subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, env=env)
    assert not check or done.returncode == 0, f"pki {arguments}: {done.stderr}"
    return done


class Pki:
    """A local cloud in `directory`, made by certs/pki."""

    def __init__(self, directory: Path, cloud="testcloud", organization="company", *options):
        self.directory = directory
        self.cloud = cloud
        self.organization = organization
        self.suffix = f"{cloud}.{organization}.arrowhead.eu"
        self.ca = directory / "cloud-ca.crt"
        self.crl = directory / "cloud-ca.crl"
        self._issued: dict[str, tuple] = {}
        self._lock = threading.Lock()
        run_pki("init", directory, "--cloud", cloud, "--organization", organization, *options)
        self.registry = self._paths("registry")

    def _paths(self, name: str) -> Certificate:
        return Certificate(name, self.directory / f"{name}.crt", self.directory / f"{name}.key", self.ca)

    def issue(self, name: str, profile: str = "system", *, san: list[str] | None = None,
              rsa: bool = False, days: int | None = None) -> Certificate:
        """The certificate of `name`, made once; asking again must ask for the same."""
        asked = (profile, tuple(san or ()), rsa, days)
        with self._lock:  # tests issue from several threads
            known = self._issued.setdefault(name, asked)
            assert known == asked, f"{name} was issued as {known}, now wanted as {asked}"
            if not (self.directory / f"{name}.crt").exists():
                options = [word for entry in san or () for word in ("--san", entry)]
                options += ["--rsa"] if rsa else []
                options += ["--days", days] if days else []
                run_pki("issue", self.directory, profile, name, *options)
        return self._paths(name)

    def renew(self, name: str, *options) -> Certificate:
        run_pki("renew", self.directory, name, *options)
        return self._paths(name)

    def revoke(self, name: str, reason: str | None = None) -> None:
        """Revokes and rewrites `crl`. In the shared `pki` take a name of the test's own."""
        run_pki("revoke", self.directory, name, *(["--reason", reason] if reason else []))

    def authority(self, which: str) -> tuple[x509.Certificate, object]:
        """Certificate and key of the `master`, `organization` or `cloud` CA."""
        crt = self.ca if which == "cloud" else self.directory / f"ca/{which}.crt"
        key = self.directory / f"ca/{which}.key"
        return (x509.load_pem_x509_certificate(crt.read_bytes()),
                serialization.load_pem_private_key(key.read_bytes(), None))

    def craft(self, name: str, *, file: str | None = None, cn: str | None = None,
              subject: list | None = None, qualifier: str | None = "sy", issuer="cloud",
              not_before: datetime.datetime | None = None,
              not_after: datetime.datetime | None = None, purposes=("server", "client"),
              key: str = "ec", ca: bool = False, san: list[str] | None = None,
              serial: int | None = None, digest=None) -> Certificate:
        """A certificate with whatever a test wants to be wrong with it.

        cn         common name, default `name` within this cloud
        subject    list of x509.NameAttribute instead of cn and qualifier
        issuer     "cloud", "organization", "master", "self", or (certificate, key)
        not_*      aware times; default one hour ago and in one day
        purposes   of "server", "client", "any", "email"; None: no extendedKeyUsage
        key        "ec" (P-256), "p384", "rsa" (2048), "rsa1024"
        ca         makes it a CA of path length 0; pass what `authority` gives as issuer to use it
        """
        private = make_key(key)
        now = datetime.datetime.now(datetime.timezone.utc)
        own = x509.Name(subject if subject is not None else
                        default_subject(cn or f"{name}.{self.suffix}", qualifier))
        if issuer == "self":
            signer_name, signer, above = own, private, None
        else:
            above, signer = self.authority(issuer) if isinstance(issuer, str) else issuer
            signer_name = above.subject
        builder = (x509.CertificateBuilder().subject_name(own).issuer_name(signer_name)
                   .public_key(private.public_key())
                   .serial_number(x509.random_serial_number() if serial is None else serial)
                   .not_valid_before(not_before or now - datetime.timedelta(hours=1))
                   .not_valid_after(not_after or now + datetime.timedelta(days=1)))
        for extension, critical in extensions(private, signer, purposes, ca, san or [f"DNS:{name}"]):
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(signer, digest or hashes.SHA256())
        return self._store(file or f"crafted-{name}", certificate, private, above)

    def _store(self, file: str, certificate, private, above) -> Certificate:
        chain = certificate.public_bytes(serialization.Encoding.PEM)
        if above is not None:
            chain += above.public_bytes(serialization.Encoding.PEM)
        paths = self._paths(file)
        paths.crt.write_bytes(chain)
        paths.key.touch(mode=0o600)
        paths.key.write_bytes(private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return paths


def make_key(kind: str):
    makers = {"ec": lambda: ec.generate_private_key(ec.SECP256R1()),
              "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
              "rsa": lambda: rsa.generate_private_key(65537, 2048),
              "rsa1024": lambda: rsa.generate_private_key(65537, 1024)}
    return makers[kind]()


def default_subject(cn: str, qualifier: str | None) -> list[x509.NameAttribute]:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, cn)]
    if qualifier is not None:
        subject.append(x509.NameAttribute(NameOID.DN_QUALIFIER, qualifier))
    return subject


def extensions(private, signer, purposes, ca: bool, san: list[str]):
    """(extension, critical) pairs as certs/pki would set them."""
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment",
                           "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                           "encipher_only", "decipher_only"), False)
    for name in ("key_cert_sign", "crl_sign") if ca else ("digital_signature", "key_encipherment"):
        usage[name] = True
    yield x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
    yield x509.BasicConstraints(ca=ca, path_length=0 if ca else None), True
    yield x509.KeyUsage(**usage), True
    if not ca:
        if purposes is not None:
            yield x509.ExtendedKeyUsage([PURPOSES[p] for p in purposes]), False
        yield x509.SubjectAlternativeName([alternative_name(entry) for entry in san]), False


def alternative_name(entry: str):
    kind, _, value = entry.partition(":")
    return x509.DNSName(value) if kind == "DNS" else x509.IPAddress(ipaddress.ip_address(value))

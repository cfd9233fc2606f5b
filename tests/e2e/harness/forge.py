"""Certificates written piece by piece, so that each piece may be wrong.

`Form` holds what goes into a certificate, each member as it will stand there; `certificate` signs it.
Names, times and extensions are plain DER, made by the small functions here: asn1crypto writes them,
cryptography makes keys and signatures and the extensions that it knows. Nothing is checked.
"""

from __future__ import annotations

import base64
import datetime
import functools
from dataclasses import dataclass, replace

from asn1crypto import core, parser
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

# ---- DER -----------------------------------------------------------------------------------------

BOOLEAN, INTEGER, BITS, OCTETS, NULL = 1, 2, 3, 4, 5
UTF8, NUMERIC, PRINTABLE, TELETEX, IA5, VISIBLE, UNIVERSAL, BMP = 12, 18, 19, 20, 22, 26, 28, 30
UTC, GENERALIZED = 23, 24


def plain(tag: int, content: bytes) -> bytes:
    return parser.emit(0, 0, tag, content)


def sequence(*parts: bytes) -> bytes:
    return parser.emit(0, 1, 16, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    return parser.emit(0, 1, 17, b"".join(sorted(parts)))


def tagged(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT."""
    return parser.emit(2, 1, number, content)


def oid(dotted: str) -> bytes:
    return core.ObjectIdentifier(dotted).dump()


def integer(value: int) -> bytes:
    return core.Integer(value).dump()


def bits(content: bytes) -> bytes:
    return plain(BITS, b"\0" + content)


def text(value: str, tag: int = UTF8) -> bytes:
    """A string of one of the types above, in that type's encoding."""
    encodings = {BMP: "utf-16-be", UNIVERSAL: "utf-32-be", TELETEX: "latin-1"}
    return plain(tag, value.encode(encodings.get(tag, "utf-8")))


# ---- names and times -----------------------------------------------------------------------------

CN, DNQ, C, O = "2.5.4.3", "2.5.4.46", "2.5.4.6", "2.5.4.10"


def rdn(*attributes: tuple[str, bytes]) -> bytes:
    """One RDN; with several attributes a multi-valued one."""
    return set_of(*(sequence(oid(kind), value) for kind, value in attributes))


def name(*attributes: tuple[str, bytes]) -> bytes:
    """A Name of one RDN for each (OID, DER of the value), in this order."""
    return sequence(*(rdn(attribute) for attribute in attributes))


def from_now(**delta: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)


def utc(when: datetime.datetime, form: str = "%y%m%d%H%M%SZ") -> bytes:
    return plain(UTC, when.strftime(form).encode())


def generalized(when: str) -> bytes:
    return plain(GENERALIZED, when.encode())


# ---- keys ----------------------------------------------------------------------------------------

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1, "p224": ec.SECP224R1,
          "k256": ec.SECP256K1, "brainpool": ec.BrainpoolP256R1}


@functools.cache
def key(kind: str, which: str = "leaf"):
    """A private key, the same one each time: "p256", "ed25519", "rsa2048" ...; `which` tells keys of
    one kind apart."""
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    makers = {"ed25519": ed25519.Ed25519PrivateKey.generate, "ed448": ed448.Ed448PrivateKey.generate,
              "dsa2048": lambda: dsa.generate_private_key(2048)}
    return makers[kind]()


def public(private) -> bytes:
    """SubjectPublicKeyInfo."""
    return private.public_key().public_bytes(serialization.Encoding.DER,
                                             serialization.PublicFormat.SubjectPublicKeyInfo)


def spelt_out(private: ec.EllipticCurvePrivateKey) -> bytes:
    """SubjectPublicKeyInfo of a P-256 key with the curve's parameters instead of its name."""
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    base = ("046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
            "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5")
    a = (prime - 3).to_bytes(32, "big")
    parameters = sequence(
        integer(1), sequence(oid("1.2.840.10045.1.1"), integer(prime)),
        sequence(plain(OCTETS, a), plain(OCTETS, b.to_bytes(32, "big"))),
        plain(OCTETS, bytes.fromhex(base)), integer(order), integer(1))
    point = private.public_key().public_bytes(serialization.Encoding.X962,
                                              serialization.PublicFormat.UncompressedPoint)
    return sequence(sequence(oid("1.2.840.10045.2.1"), parameters), bits(point))


def pem(label: str, *ders: bytes) -> bytes:
    blocks = (base64.encodebytes(der).decode() for der in ders)
    return "".join(f"-----BEGIN {label}-----\n{block}-----END {label}-----\n" for block in blocks).encode()


def private_pem(private) -> bytes:
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption())


# ---- signatures ----------------------------------------------------------------------------------

ECDSA = {"sha1": "1.2.840.10045.4.1", "sha224": "1.2.840.10045.4.3.1", "sha256": "1.2.840.10045.4.3.2",
         "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
RSA = {"md5": "1.2.840.113549.1.1.4", "sha1": "1.2.840.113549.1.1.5", "sha256": "1.2.840.113549.1.1.11",
       "sha384": "1.2.840.113549.1.1.12", "sha512": "1.2.840.113549.1.1.13"}
HASHES = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256,
          "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def algorithm(private, digest: str) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return sequence(oid(ECDSA[digest]))
    if isinstance(private, rsa.RSAPrivateKey):
        return sequence(oid(RSA[digest]), plain(NULL, b""))
    return sequence(oid("1.3.101.112" if isinstance(private, ed25519.Ed25519PrivateKey) else "1.3.101.113"))


def sign(private, data: bytes, digest: str) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(HASHES[digest]()))
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, padding.PKCS1v15(), HASHES[digest]())
    return private.sign(data)


# ---- extensions ----------------------------------------------------------------------------------

KU, EKU, BC, SAN, SKI, AKI = "2.5.29.15", "2.5.29.37", "2.5.29.19", "2.5.29.17", "2.5.29.14", "2.5.29.35"
NAME_CONSTRAINTS, POLICIES, UNKNOWN = "2.5.29.30", "2.5.29.32", "1.3.6.1.4.1.99999.1"
PURPOSES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH,
            "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "code": ExtendedKeyUsageOID.CODE_SIGNING,
            "email": ExtendedKeyUsageOID.EMAIL_PROTECTION, "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING}
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
          "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


def usage(*kinds: str) -> bytes:
    return x509.KeyUsage(**{kind: kind in kinds for kind in USAGES}).public_bytes()


def purposes(*kinds: str) -> bytes:
    return x509.ExtendedKeyUsage([PURPOSES[kind] for kind in kinds]).public_bytes()


def constraints(ca: bool, length: int | None = None) -> bytes:
    return x509.BasicConstraints(ca, length).public_bytes()


def dns_names(*names: str) -> bytes:
    return x509.SubjectAlternativeName([x509.DNSName(entry) for entry in names]).public_bytes()


def key_identifier(private) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest


def extension(kind: str, critical: bool, value: bytes) -> bytes:
    return sequence(oid(kind), plain(BOOLEAN, b"\xff") if critical else b"", plain(OCTETS, value))


# ---- certificates --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """What will stand in a certificate. Each case changes some of it (dataclasses.replace)."""

    subject: bytes
    issuer: bytes
    spki: bytes
    signer: object  # the private key that signs
    extensions: dict[str, tuple[bool, bytes]]  # OID -> critical, value
    more_extensions: tuple[bytes, ...] = ()  # behind the others, as DER
    serial: bytes = b"\x01"  # content of the INTEGER
    not_before: bytes = b""
    not_after: bytes = b""
    version: int | None = 2  # None: not written, which means 1
    digest: str = "sha256"
    algorithm: bytes | None = None  # of the signature; None: as the key and digest are
    outer_algorithm: bytes | None = None  # None: the same outside
    unique_id: bytes = b""  # DER, before the extensions


def to_be_signed(form: Form) -> bytes:
    extensions = [extension(kind, *value) for kind, value in form.extensions.items()]
    extensions += form.more_extensions
    return sequence(
        tagged(0, integer(form.version)) if form.version is not None else b"",
        plain(INTEGER, form.serial),
        form.algorithm or algorithm(form.signer, form.digest),
        form.issuer,
        sequence(form.not_before, form.not_after),
        form.subject,
        form.spki,
        form.unique_id,
        tagged(3, sequence(*extensions)) if extensions else b"")


def certificate(form: Form, spoil=None) -> bytes:
    """Signs the form. `spoil` changes it after the signature was made."""
    tbs = to_be_signed(form)
    signature = sign(form.signer, tbs, form.digest)
    inside = form.algorithm or algorithm(form.signer, form.digest)
    shown = to_be_signed(replace(form, **spoil)) if spoil else tbs
    return sequence(shown, form.outer_algorithm or inside, bits(signature))

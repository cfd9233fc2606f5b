"""Leaves and chains that are odd in ways of tls_more_cases.py: functions (Maker) -> what is shown, and
functions that make such functions."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from tlslite.constants import SignatureScheme

from . import forge
from .forge import C, CN, DNQ, GENERALIZED, PRINTABLE, from_now, plain, text
from .misbehave import Shown
from .testpki import CLOUD, authority, content
from .tls_cases import Maker, bystander


def with_extension(*arguments, **changes):
    return lambda m: m.with_extension(*arguments, **changes)


def at(form: str, **delta: float) -> bytes:
    """A GeneralizedTime."""
    return plain(GENERALIZED, from_now(**delta).strftime(form).encode())


def multi_valued(m: Maker) -> Shown:
    pairs = ((CN, text(f"{m.name}.{CLOUD}")), (DNQ, text("sy", PRINTABLE)))
    return m.show(subject=forge.sequence(forge.rdn(*pairs)))


def with_company(m: Maker) -> Shown:
    """The CN shares its RDN with an attribute that means nothing."""
    shared = forge.rdn((CN, text(f"{m.name}.{CLOUD}")), (forge.O, text("company")))
    return m.show(subject=forge.sequence(forge.rdn((DNQ, text("sy", PRINTABLE))), shared))


def cn_of(tag: int, value: bytes):
    """A CN of that type, whatever it means."""
    return lambda m: m.named((DNQ, text("sy", PRINTABLE)), (CN, plain(tag, value)))


def other_name(m: Maker) -> Shown:
    """The name stands in X.520's `name`."""
    return m.named((DNQ, text("sy", PRINTABLE)), ("2.5.4.41", text(f"{m.name}.{CLOUD}")))


def richer_subject(m: Maker) -> Shown:
    return m.named((C, text("SE", PRINTABLE)), (forge.O, text("company")), (DNQ, text("sy", PRINTABLE)),
                   (CN, text(f"{m.name}.{CLOUD}")))


def rsa_pss_key(m: Maker) -> Shown:
    """The key is announced as RSASSA-PSS: a kind of TLS 1.3, with a scheme of its own."""
    private = forge.key("rsa2048")
    inner = forge.public(private)
    bits = inner[inner.index(b"\x03\x82"):]
    spki = forge.sequence(forge.sequence(forge.oid("1.2.840.113549.1.1.10")), bits)
    shown = m.show(spki=spki, proof=private)
    return replace(shown, scheme=SignatureScheme.rsa_pss_pss_sha256)


def rsa_key(modulus: int, exponent: int) -> bytes:
    numbers = forge.sequence(forge.integer(modulus), forge.integer(exponent))
    kind = forge.sequence(forge.oid("1.2.840.113549.1.1.1"), plain(forge.NULL, b""))
    return forge.sequence(kind, forge.bits(numbers))


def exponent_one(m: Maker) -> Shown:
    return m.show(spki=rsa_key(forge.key("rsa2048").public_key().public_numbers().n, 1))


def long_modulus(m: Maker) -> Shown:
    return m.show(spki=rsa_key((1 << 16384) - 1, 65537))


def cut_short(m: Maker) -> Shown:
    return Shown((m.leaf()[:-20],), forge.key("p256"))


def twice(kind: str, value: bytes):
    second = forge.extension(kind, False, value)
    return lambda m: m.show(more_extensions=(second,))


def wrong_issuer_serial() -> bytes:
    """An authority key identifier of a name and serial that no CA of ours has, and without a key."""
    name = x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")]))
    return x509.AuthorityKeyIdentifier(None, [name], 77).public_bytes()


def many_extensions(m: Maker) -> Shown:
    more = tuple(forge.extension(f"1.3.6.1.4.1.99999.2.{i}", False, b"\5\0") for i in range(100))
    return m.show(more_extensions=more)


def chain(*what: str, **changes):
    """A leaf with these behind it, in this order: CAs by name, or bytes' names below."""
    def make(m: Maker) -> Shown:
        odd = {"garbage": b"\x30\x03\x02\x01", "nothing": b"", "leaf": m.leaf(), "bystander": bystander(m)}
        return m.show(behind=[odd[x] if x in odd else getattr(m.cloud, x).der for x in what], **changes)
    return make


def ca_first(m: Maker) -> Shown:
    good = m.show()
    return Shown((m.cloud.cloud.der, good.chain[0]), good.key)


def bytes_behind(m: Maker) -> Shown:
    good = m.show()
    return Shown((good.chain[0] + b"\0\0\0", *good.chain[1:]), good.key)


def two_ways(m: Maker) -> Shown:
    """An expired certificate of the cloud's CA before the present one, both of one key."""
    old = authority(m.cloud.organization, CLOUD, "lo", which="cloud", days=-1, length=0)
    return m.show(behind=(old.der, *m.cloud.cloud.chain))


def deep(depth: int):
    """Below a chain of `depth` CAs under the organization's, the lowest of which is called as ours."""
    def make(m: Maker) -> Shown:
        ca = m.cloud.organization
        for i in range(depth - 1):
            ca = authority(ca, f"level{i}.company.arrowhead.eu", "or")
        return m.show(authority(ca, CLOUD, "lo"))
    return make


def self_issued(m: Maker) -> Shown:
    """The CA's name over another key, signed by the CA: RFC 5280 counts no such towards the length."""
    return m.show(authority(m.cloud.cloud, CLOUD, "lo"))


def outer_differs(m: Maker) -> Shown:
    return m.show(outer_algorithm=forge.algorithm(m.cloud.cloud.key, "sha384"))


def rsa_and_sha1(m: Maker) -> Shown:
    return m.show(authority(m.cloud.organization, CLOUD, "lo", key="rsa2048"), digest="sha1")


def same_serial(m: Maker) -> Shown:
    """A serial that our cloud's CA revoked, by a CA that did not."""
    return m.show(authority(m.cloud.organization, CLOUD, "lo", length=0), serial=content(0x7001))

"""How each certificate of conformance/tls-identity.json is made: a case's name -> what its client shows.

A case changes a sound system certificate in the one way that its description says; see forge.py for
what can be changed and testpki.py for the CAs.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from . import forge
from .forge import AKI, BC, BMP, C, CN, DNQ, EKU, IA5, KU, PRINTABLE, SAN, UNKNOWN, from_now, text, utc
from .misbehave import Shown
from .testpki import CLOUD, OTHER, Authority, Cloud, authority, authority_key_identifier, content, leaf_form

SAMPLE_NAME = (C, text("lo", PRINTABLE))  # the reference's sample CAs have this for a dnQualifier
HUGE = [f"n{i:04}.huge.testcloud" for i in range(3000)]  # 70 kB


@dataclass(frozen=True)
class Maker:
    """Makes what the client of one case shows."""

    cloud: Cloud
    name: str
    trust: str

    def behind(self, issuer: Authority) -> tuple[bytes, ...]:
        """What is usually sent behind a leaf: the CAs below the organization's, and that one, too,
        where the server trusts just the master's."""
        return issuer.chain if self.trust == "root" else issuer.chain[:-1]

    def leaf(self, issuer: Authority | None = None, *, name: str | None = None, spoil=None,
             **changes) -> bytes:
        return forge.certificate(leaf_form(name or self.name, issuer or self.cloud.cloud, **changes), spoil)

    def show(self, issuer: Authority | None = None, *, behind=None, proof=None, key="p256",
             **changes) -> Shown:
        """A leaf as `leaf` makes it, with `behind` behind it, and `proof` as the client's key."""
        issuer = issuer or self.cloud.cloud
        below = self.behind(issuer) if behind is None else tuple(behind)
        return Shown((self.leaf(issuer, key=key, **changes), *below), proof or forge.key(key))

    def named(self, *attributes, **changes) -> Shown:
        return self.show(subject=forge.name(*attributes), **changes)

    def with_cn(self, cn: str, tag: int = forge.UTF8) -> Shown:
        return self.named((DNQ, text("sy", PRINTABLE)), (CN, text(cn, tag)))

    def with_cns(self, *cns: str) -> Shown:
        return self.named((DNQ, text("sy", PRINTABLE)), *((CN, text(cn)) for cn in cns))

    def with_qualifiers(self, *values: bytes) -> Shown:
        return self.named(*((DNQ, value) for value in values), (CN, text(f"{self.name}.{CLOUD}")))

    def with_extension(self, kind: str, value: bytes | None, critical: bool = False, **changes) -> Shown:
        return self.show(extensions={kind: None if value is None else (critical, value)}, **changes)

    def below(self, cn=CLOUD, qualifier="lo", **changes) -> Shown:
        """A leaf of a CA of its own below the organization's."""
        return self.show(authority(self.cloud.organization, cn, qualifier, **{"length": 0, **changes}))

    def stranger(self, name: str, qualifier: str | None) -> bytes:
        """Signed by itself, as anybody can."""
        private = forge.key("p256", "stranger")
        alone = Authority(leaf_form(name, self.cloud.cloud, qualifier=qualifier).subject, private, b"", ())
        return forge.certificate(leaf_form(name, alone, qualifier=qualifier, spki=forge.public(private)))


def profile(code: str, cn: str | None = None):
    return lambda m: m.show(qualifier=code, cn=cn)


def cn(form: str):
    """`form` with ~ for the case's name and @ for the cloud's."""
    return lambda m: m.with_cn(form.replace("~", m.name).replace("@", CLOUD))


def qualifiers(*codes: str):
    return lambda m: m.with_qualifiers(*(text(code, PRINTABLE) for code in codes))


def key(kind: str, **changes):
    return lambda m: m.show(key=kind, **changes)


def purposes(*kinds: str):
    return lambda m: m.with_extension(EKU, forge.purposes(*kinds))


def serial(number: int):
    return lambda m: m.show(serial=content(number))


def dates(not_before: bytes | None = None, not_after: bytes | None = None, **changes):
    given = {"not_before": not_before, "not_after": not_after}
    return lambda m: m.show(**{k: v for k, v in given.items() if v}, **changes)


def below(**changes):
    return lambda m: m.below(**changes)


def garbage(m: Maker) -> Shown:
    return Shown((random.Random(5).randbytes(600),), forge.key("p256"))


def signature_flipped(m: Maker) -> Shown:
    whole = bytearray(m.leaf())
    whole[-1] ^= 1
    return Shown((bytes(whole), *m.behind(m.cloud.cloud)), forge.key("p256"))


def usage_twice(m: Maker) -> Shown:
    first, second = (forge.extension(KU, True, forge.usage(kind))
                     for kind in ("key_encipherment", "digital_signature"))
    return m.with_extension(KU, None, more_extensions=(first, second))


def issued_by_a_leaf(m: Maker) -> Shown:
    form = leaf_form("issuing-leaf", m.cloud.cloud, key="p384")
    middle = forge.certificate(form)
    return m.show(Authority(form.subject, forge.key("p384"), middle, ()), behind=(middle, m.cloud.cloud.der))


def below_the_cloud(m: Maker) -> Shown:
    return m.show(authority(m.cloud.cloud, f"below.{CLOUD}", "lo"))


def expired_issuer(m: Maker) -> Shown:
    """The same CA by its key; the certificate that is sent of it has ended."""
    old = authority(m.cloud.organization, CLOUD, "lo", which="cloud", days=-1, length=0)
    return m.show(old)


def name_constraints(below_what: str) -> dict:
    value = x509.NameConstraints([x509.DNSName(below_what)], None).public_bytes()
    return {forge.NAME_CONSTRAINTS: (True, value)}


def lent(borrower_qualifier: str | None, borrower_cn: str | None, lender: Callable[[Maker], bytes]):
    """A leaf that is nobody, and behind it a certificate whose name it must not get."""
    return lambda m: m.show(qualifier=borrower_qualifier, cn=borrower_cn and borrower_cn.replace("~", m.name),
                            behind=(lender(m), m.cloud.cloud.der))


def bystander(m: Maker) -> bytes:
    return m.leaf(name="bystander", qualifier="op")


CASES: dict[str, Callable[[Maker], Shown | None]] = {
    "good-system-p256": key("p256"),
    "good-system-p521": key("p521"),
    "good-system-ed25519": key("ed25519"),
    "good-system-ed448": key("ed448"),
    "good-operator-p256": key("p256", qualifier="op"),
    "good-operator-rsa2048": key("rsa2048", qualifier="op"),
    "good-root-trust": key("p256"),
    "no-certificate": lambda m: None,
    "proof-by-other-key": lambda m: m.show(proof=forge.key("p256", "other")),
    "cloud-ca-as-client": lambda m: Shown((m.cloud.cloud.der,), m.cloud.cloud.key),
    "profile-ma": profile("ma", "arrowhead.eu"),
    "profile-ga": profile("ga", "gate.arrowhead.eu"),
    "profile-or": profile("or", "company.arrowhead.eu"),
    "profile-lo": profile("lo", CLOUD),
    "profile-or-five-parts": profile("or"),
    "profile-lo-five-parts": profile("lo"),
    "profile-de": profile("de"),
    "profile-br": profile("br"),
    "profile-upper-case": profile("SY"),
    "profile-unknown": profile("xx"),
    "profile-blanks": qualifiers(" sy "),
    "dnq-none": qualifiers(),
    "dnq-two-sy-op": qualifiers("sy", "op"),
    "dnq-two-op-sy": qualifiers("op", "sy"),
    "dnq-two-de-sy": qualifiers("de", "sy"),
    "dnq-two-sy-de": qualifiers("sy", "de"),
    "dnq-utf8": lambda m: m.with_qualifiers(text("sy")),
    "dnq-ia5": lambda m: m.with_qualifiers(text("sy", IA5)),
    "dnq-bmp": lambda m: m.with_qualifiers(text("sy", BMP)),
    "dnq-octets": lambda m: m.with_qualifiers(forge.plain(forge.OCTETS, b"sy")),
    "dnq-after-cn": lambda m: m.named((CN, text(f"{m.name}.{CLOUD}")), (DNQ, text("sy", PRINTABLE))),
    "cn-one-part": cn("cn-one-part"),
    "cn-four-parts": cn("cn-four-parts.company.arrowhead.eu"),
    "cn-six-parts": cn("cn-six-parts.more.@"),
    "cn-trailing-dots": cn("cn-trailing-dots.@..."),
    "cn-empty": cn(""),
    "cn-leading-dot": cn(".cn-leading-dot.@"),
    "cn-other-root": cn("~.testcloud.company.example.eu"),
    "cn-other-top": cn("~.testcloud.company.arrowhead.org"),
    "cn-cloud-pascal": cn("~.Testcloud.Company.arrowhead.eu"),
    "cn-cloud-kebab": cn("~.test-cloud.company.arrowhead.eu"),
    "cn-underscore": cn("cn_underscore.@"),
    "cn-blank-inside": cn("cn blank-inside.@"),
    "cn-unicode": cn("cn-unicod\u00e9.@"),
    "cn-homograph": cn("cn-homogr\u0430ph.@"),
    "cn-fullwidth": cn("\uff43\uff4e\uff46\uff55\uff4c\uff4c.@"),
    "cn-nul": cn("cn-nul\0x.@"),
    "cn-nul-behind": cn(f"cn-nul-behind.@\0.{OTHER}"),
    "cn-63": cn("a" * 63 + ".@"),
    "cn-64": cn("a" * 64 + ".@"),
    "cn-very-long": cn("a" * 2000 + ".@"),
    "cn-printable": lambda m: m.with_cn(f"{m.name}.{CLOUD}", PRINTABLE),
    "cn-two": lambda m: m.with_cns(f"victim-a.{CLOUD}", f"attacker-a.{CLOUD}"),
    "cn-two-other-order": lambda m: m.with_cns(f"attacker-b.{CLOUD}", f"victim-b.{CLOUD}"),
    "cn-two-one-foreign": lambda m: m.with_cns(f"stranger-c.{OTHER}", f"victim-c.{CLOUD}"),
    "san-mismatch": lambda m: m.with_extension(SAN, forge.dns_names(f"other-system.{CLOUD}")),
    "san-huge": lambda m: m.with_extension(SAN, forge.dns_names(*HUGE)),
    "eku-server-only": purposes("server"),
    "eku-client-only": purposes("client"),
    "eku-any": purposes("any"),
    "eku-code-signing": purposes("code"),
    "eku-empty": lambda m: m.with_extension(EKU, forge.sequence()),
    "ku-none": lambda m: m.with_extension(KU, None),
    "ku-digital-signature-only": lambda m: m.with_extension(KU, forge.usage("digital_signature"), True),
    "bc-ca": lambda m: m.with_extension(BC, forge.constraints(True), True),
    "extension-unknown-critical": lambda m: m.with_extension(UNKNOWN, b"\5\0", True),
    "extension-twice": usage_twice,
    "aki-none": lambda m: m.with_extension(AKI, None),
    "aki-wrong": lambda m: m.with_extension(AKI, authority_key_identifier(forge.key("p256", "other"))),
    "expired": dates(utc(from_now(days=-30)), utc(from_now(days=-1))),
    "expired-a-minute-ago": dates(not_after=utc(from_now(minutes=-1))),
    "not-yet-valid": dates(utc(from_now(days=10))),
    "validity-2060": dates(not_after=forge.generalized("20600101000000Z")),
    "validity-9999": dates(not_after=forge.generalized("99991231235959Z")),
    "validity-no-seconds": dates(not_after=utc(from_now(days=30), "%y%m%d%H%MZ")),
    "validity-offset": dates(not_after=utc(from_now(days=30), "%y%m%d%H%M%S+0100")),
    "serial-negative": serial(-5),
    "serial-zero": serial(0),
    "serial-long": serial(0x12 << 160),
    "rsa-1024": key("rsa1024"),
    "ec-p224": key("p224"),
    "ec-secp256k1": key("k256"),
    "dsa-2048": key("dsa2048"),
    "ec-explicit-parameters": lambda m: m.show(spki=forge.spelt_out(forge.key("p256"))),
    "signature-sha1": key("p256", digest="sha1"),
    "signature-flipped": signature_flipped,
    "signature-subject-changed": lambda m: m.show(
        spoil={"subject": leaf_form("somebody-else", m.cloud.cloud).subject}),
    "version-1-extensions": key("p256", version=None),
    "garbage": garbage,
    "zero-length": lambda m: Shown((b"",), forge.key("p256")),
    "self-signed": lambda m: Shown((m.stranger(m.name, "sy"),), forge.key("p256", "stranger")),
    "issuer-organization": lambda m: m.show(m.cloud.organization, behind=m.cloud.organization.chain),
    "issuer-is-a-leaf": issued_by_a_leaf,
    "pathlen-below-cloud": below_the_cloud,
    "cloud-other-unknown": lambda m: m.show(m.cloud.other, cn=f"{m.name}.{OTHER}"),
    "cloud-other-root": lambda m: m.show(m.cloud.other, cn=f"{m.name}.{OTHER}"),
    "cloud-impersonated-root": lambda m: m.show(m.cloud.other),
    "issuer-revoked": lambda m: m.show(m.cloud.former),
    "issuer-revoked-root": lambda m: m.show(m.cloud.former),
    "issuer-expired-root": expired_issuer,
    "issuer-no-constraints-root": below(extensions={BC: None}),
    "issuer-no-cert-sign-root": below(extensions={KU: (True, forge.usage("crl_sign"))}),
    "issuer-constraints-not-critical-root": below(extensions={BC: (False, forge.constraints(True, 0))}),
    "issuer-sha1-root": below(digest="sha1"),
    "issuer-rsa-1024-root": below(key="rsa1024"),
    "issuer-country-lo-root": below(name=forge.name(SAMPLE_NAME, (CN, text(CLOUD)))),
    "names-kept-root": below(extensions=name_constraints(CLOUD)),
    "names-violated-root": below(extensions=name_constraints(OTHER)),
    "revoked": serial(0x7001),
    "revoked-key-compromise": serial(0x7002),
    "revoked-hold": serial(0x7003),
    "revoked-and-expired": dates(utc(from_now(days=-30)), utc(from_now(days=-1)), serial=content(0x7004)),
    "chain-missing-middle-root": lambda m: m.show(behind=m.cloud.organization.chain),
    "chain-missing-upper-root": lambda m: m.show(behind=(m.cloud.cloud.der,)),
    "chain-whole": lambda m: m.show(behind=(*m.cloud.cloud.chain, m.cloud.master.der)),
    "chain-extra-stranger": lambda m: m.show(behind=(m.cloud.cloud.der, m.stranger("stranger", "sy"))),
    "chain-extra-system": lambda m: m.show(behind=(m.leaf(name="bystander"), m.cloud.cloud.der)),
    "chain-borrowed-four-parts": lent("sy", "~.company.arrowhead.eu", bystander),
    "chain-borrowed-broker": lent("br", None, bystander),
    "chain-borrowed-self-signed": lent(None, None, lambda m: m.stranger("bystander-self-signed", "op")),
}

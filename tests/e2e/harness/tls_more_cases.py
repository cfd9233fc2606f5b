"""Client certificates of the kind of conformance/tls-identity.json that are not in it, and what design 6
makes of them: a name, which CA the server trusts, how it is made, and what must come of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from . import forge
from . import tls_odd_leaves as odd
from .forge import (AKI, BC, BMP, CN, DNQ, EKU, IA5, KU, NUMERIC, PRINTABLE, SAN, SKI, TELETEX, UNIVERSAL,
                    UNKNOWN, UTC, UTF8, VISIBLE, from_now, plain, text, utc)
from .misbehave import Shown
from .testpki import CLOUD, OTHER, authority, content
from .tls_cases import HUGE, Maker, below, bystander, cn, dates, key, profile, purposes, qualifiers, serial
from .tls_odd_leaves import at, chain, with_extension


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Maker], Shown]
    wanted: dict
    trust: str = "cloud"


NO_EXTENSIONS = dict.fromkeys((BC, KU, EKU, SAN, SKI, AKI))

ANYTHING = {"handshake": "any"}
NOBODY = {"handshake": "ok", "status": 401, "error": "Unauthenticated access attempt: <url>"}
FOREIGN = {"handshake": "ok", "status": 403, "error": "Unauthorized access: <url>, from foreign cloud"}


def other(kind: str) -> dict:
    words = f"Unauthorized access: <url>, invalid certificate type: {kind}"
    return {"handshake": "ok", "status": 403, "error": words}


def refused(*alerts: str) -> dict:
    return {"handshake": "refused", "alerts": list(alerts)}


UNFIT = refused("unsupported_certificate", "bad_certificate")
MALFORMED = refused("bad_certificate", "decode_error")
UNSOUND = refused("bad_certificate", "unsupported_certificate")
ODD_KEY = refused("unsupported_certificate", "bad_certificate", "illegal_parameter")
NO_WAY = refused("unknown_ca")
NO_ISSUER = refused("unknown_ca", "bad_certificate")
FORGED = refused("bad_certificate", "decrypt_error")
EXPIRED = refused("certificate_expired")
EARLY = refused("bad_certificate", "certificate_expired")
REVOKED = refused("certificate_revoked")


def served(name: str | None = None, make=None, trust: str = "cloud", as_whom: str | None = None,
           profile: str = "sy") -> Case:
    wanted = {"handshake": "ok", "status": 200, "system": as_whom or name, "profile": profile}
    return Case(name, make, wanted, trust)


MORE = [
    # keys
    served("good-p384", key("p384")),
    served("good-rsa2048", key("rsa2048")),
    served("good-operator-ed25519", key("ed25519", qualifier="op"), profile="op"),
    served("good-operator-p521", key("p521", qualifier="op"), profile="op"),
    Case("rsa-1536", key("rsa1536"), UNSOUND),
    Case("rsa-exponent-one", odd.exponent_one, UNSOUND),
    served("good-rsa-pss", odd.rsa_pss_key),
    served("good-rsa4096", key("rsa4096")),
    Case("rsa-16384", odd.long_modulus, UNFIT),
    Case("brainpool", key("brainpool"), ODD_KEY),
    Case("dsa-operator", key("dsa2048", qualifier="op"), ODD_KEY),
    Case("key-garbage", lambda m: m.show(spki=forge.sequence(forge.sequence(forge.oid("1.2.840.10045.2.1"),
         forge.oid("1.2.840.10045.3.1.7")), forge.bits(b"\4" + b"\1" * 64))), MALFORMED),
    # signatures
    served("signature-sha384", key("p256", digest="sha384")),
    served("issuer-ed25519-root", below(key="ed25519"), "root"),
    served("issuer-rsa-root", below(key="rsa2048"), "root"),
    Case("signature-rsa-sha1-root", odd.rsa_and_sha1, UNSOUND, "root"),
    served("signature-sha224", key("p256", digest="sha224")),
    Case("signature-outer-differs", odd.outer_differs,
         refused("bad_certificate", "decrypt_error", "decode_error")),
    Case("signature-serial-changed", lambda m: m.show(spoil={"serial": b"\x55"}), FORGED),
    # profiles
    Case("profile-on", profile("on"), other("ON_BOARDING")),
    Case("profile-ma-five-parts", profile("ma"), other("MASTER")),
    Case("profile-ga-five-parts", profile("ga"), other("GATE")),
    Case("profile-mixed-case", profile("Sy"), NOBODY),
    Case("profile-empty", qualifiers(""), NOBODY),
    Case("profile-nul", qualifiers("sy\0"), NOBODY),
    Case("profile-word", qualifiers("system"), NOBODY),
    Case("dnq-twice-the-same", qualifiers("sy", "sy"), NOBODY),
    Case("dnq-two-sy-unknown", qualifiers("sy", "xx"), NOBODY),
    Case("dnq-visible", lambda m: m.with_qualifiers(text("sy", VISIBLE)), MALFORMED),
    Case("dnq-numeric", lambda m: m.with_qualifiers(text("12", NUMERIC)), NOBODY),
    served("dnq-teletex", lambda m: m.with_qualifiers(text("sy", TELETEX))),
    Case("dnq-universal", lambda m: m.with_qualifiers(text("sy", UNIVERSAL)), NOBODY),
    Case("profile-de-other-cloud", profile("de", f"thing.{OTHER}"), other("DEVICE")),
    Case("operator-other-cloud", profile("op", f"boss.{OTHER}"), FOREIGN),
    # names
    served("cn-cloud-upper-case", cn("~.TESTCLOUD.COMPANY.ARROWHEAD.EU")),
    served("CN-UPPER", cn("CN-UPPER.@"), as_whom="cn-upper"),
    served("cn-teletex", lambda m: m.with_cn(f"{m.name}.{CLOUD}", TELETEX)),
    served("cn-ia5", lambda m: m.with_cn(f"{m.name}.{CLOUD}", IA5)),
    served("cn-bmp", lambda m: m.with_cn(f"{m.name}.{CLOUD}", BMP)),
    served("cn-universal", lambda m: m.with_cn(f"{m.name}.{CLOUD}", UNIVERSAL)),
    Case("cn-not-utf8", odd.cn_of(UTF8, b"cn-\xff\xfe.testcloud.company.arrowhead.eu"), MALFORMED),
    Case("cn-octets", odd.cn_of(forge.OCTETS, b"cn-octets.testcloud.company.arrowhead.eu"), MALFORMED),
    Case("cn-bits", odd.cn_of(forge.BITS, b"\0cn-bits.testcloud.company.arrowhead.eu"), NOBODY),
    Case("cn-none", lambda m: m.named((DNQ, text("sy", PRINTABLE))), NOBODY),
    Case("cn-multi-valued", odd.multi_valued, NOBODY),
    Case("cn-shares-its-rdn", odd.with_company, NOBODY),
    served("subject-richer", odd.richer_subject),
    Case("subject-empty", lambda m: m.named(), NOBODY),
    Case("cn-trailing-dot", cn("~.@."), NOBODY),
    Case("cn-empty-part", cn("~.testcloud..arrowhead.eu"), NOBODY),
    Case("cn-empty-part-more", cn("~.testcloud.company..eu"), NOBODY),
    Case("cn-blank-behind", cn("~ .@"), NOBODY),
    Case("cn-blank-before", cn(" ~.@"), NOBODY),
    Case("cn-cloud-blank-behind", cn("~.@ "), FOREIGN),
    Case("cn-cloud-homograph", cn("~.testcl\u043eud.company.arrowhead.eu"), FOREIGN),
    Case("cn-other-organization", cn("~.testcloud.firm.arrowhead.eu"), FOREIGN),
    Case("cn-three-parts", cn("~.company.eu"), NOBODY),
    Case("cn-only-dots", cn("...."), NOBODY),
    Case("cn-bell", cn("a\x07b.@"), NOBODY),
    Case("cn-right-to-left", cn("a\u202eb.@"), NOBODY),
    Case("cn-comma", cn("a,CN=b.@"), NOBODY),
    Case("cn-quotes", cn("\"ab\".@"), NOBODY),
    served("cn-digits-1", cn("~.@")),
    served("xn--cn-puny-4ya", cn("~.@")),
    Case("cn-hyphen-first", cn("-ab.@"), ANYTHING),
    Case("cn-hyphen-last", cn("ab-.@"), ANYTHING),
    Case("cn-two-hyphens", cn("a--b.@"), ANYTHING),
    Case("cn-digit-first", cn("1ab.@"), ANYTHING),
    Case("cn-by-another-oid", odd.other_name, NOBODY),
    Case("cn-slash", cn("a/b.@"), NOBODY),
    Case("cn-newline", cn("a\nb.@"), NOBODY),
    Case("cn-two-the-same", lambda m: m.with_cns(f"same.{CLOUD}", f"same.{CLOUD}"), NOBODY),
    # extensions
    served("san-none", with_extension(SAN, None)),
    served("san-critical", lambda m: m.with_extension(SAN, forge.dns_names(f"x.{CLOUD}"), True)),
    served("san-many", with_extension(SAN, forge.dns_names(*HUGE[:1300]))),
    Case("san-no-der", with_extension(SAN, b"\x30\x05\x82\x09x"), MALFORMED),
    Case("san-twice", odd.twice(SAN, forge.dns_names("a.b")), MALFORMED),
    served("eku-critical", with_extension(EKU, forge.purposes("client"), True)),
    served("eku-client-and-any", purposes("any", "client")),
    Case("eku-server-and-any", purposes("server", "any"), refused("unsupported_certificate")),
    Case("eku-none", with_extension(EKU, None), refused("unsupported_certificate")),
    Case("eku-email", purposes("email"), refused("unsupported_certificate")),
    Case("eku-no-der", with_extension(EKU, b"\x30\x7f"), UNFIT),
    Case("eku-twice", odd.twice(EKU, forge.purposes("client")), UNSOUND),
    Case("ku-encipherment-only", with_extension(KU, forge.usage("key_encipherment"), True),
         refused("unsupported_certificate")),
    Case("ku-agreement-only", with_extension(KU, forge.usage("key_agreement"), True),
         refused("unsupported_certificate")),
    Case("ku-cert-sign", with_extension(KU, forge.usage("digital_signature", "key_cert_sign"), True), UNFIT),
    Case("ku-zero", with_extension(KU, b"\x03\x02\x07\x00", True), UNFIT),
    Case("ku-no-bits", with_extension(KU, b"\x03\x01\x00", True), UNFIT),
    Case("ku-no-der", with_extension(KU, b"\x03\x09\x00", True), UNFIT),
    served("ku-not-critical", with_extension(KU, forge.usage("digital_signature"))),
    served("ku-crl-sign", with_extension(KU, forge.usage("digital_signature", "crl_sign"), True)),
    served("bc-none", with_extension(BC, None)),
    served("bc-not-critical", with_extension(BC, forge.constraints(False))),
    served("bc-length-without-ca", with_extension(BC, forge.sequence(forge.integer(0)), True)),
    Case("bc-ca-path-length", with_extension(BC, forge.constraints(True, 3), True), UNFIT),
    served("ski-none", with_extension(SKI, None)),
    served("ski-wrong", with_extension(SKI, plain(forge.OCTETS, b"\1" * 20))),
    Case("aki-serial-wrong", with_extension(AKI, odd.wrong_issuer_serial()), NO_ISSUER),
    served("extension-unknown", with_extension(UNKNOWN, b"\5\0")),
    Case("extension-name-constraints", with_extension(forge.NAME_CONSTRAINTS, x509.NameConstraints(
        [x509.DNSName("x")], None).public_bytes(), True), ANYTHING),
    Case("extension-many", odd.many_extensions, UNSOUND),
    Case("extensions-none", lambda m: m.show(extensions=NO_EXTENSIONS), UNFIT),
    # versions, serials, dates
    Case("version-1", lambda m: m.show(version=None, extensions=NO_EXTENSIONS), UNSOUND),
    Case("version-2", key("p256", version=1), UNSOUND),
    Case("version-4", key("p256", version=3), UNSOUND),
    served("serial-one", serial(1)),
    served("serial-20-octets", serial(0x12 << 152)),
    Case("serial-20-octets-and-sign", serial(0xF2 << 152), refused("bad_certificate")),
    Case("serial-negative-long", serial(-(1 << 158)), refused("bad_certificate")),
    Case("serial-no-octets", lambda m: m.show(serial=b""), MALFORMED),
    Case("serial-padded", lambda m: m.show(serial=b"\0\0\x11"), MALFORMED),
    served("validity-generalized", dates(not_after=at("%Y%m%d%H%M%SZ", days=30))),
    Case("validity-fraction", dates(not_after=at("%Y%m%d%H%M%S.5Z", days=30)), MALFORMED),
    Case("validity-local", dates(not_after=at("%Y%m%d%H%M%S", days=30)), MALFORMED),
    Case("validity-1950", dates(not_after=plain(UTC, b"500101000000Z")), EXPIRED),
    Case("validity-month-13", dates(not_after=plain(UTC, b"491301000000Z")), MALFORMED),
    Case("validity-no-date", dates(not_after=plain(UTC, b"whenever")), MALFORMED),
    Case("validity-turned", dates(utc(from_now(days=10)), utc(from_now(days=-10))),
         refused("bad_certificate", "certificate_expired")),
    Case("begins-in-an-hour", dates(utc(from_now(hours=1))), EARLY),
    served("ends-in-an-hour", dates(not_after=utc(from_now(hours=1)))),
    served("begins-in-1970", dates(utc(datetime.datetime(1970, 1, 1)))),
    Case("expired-generalized", dates(not_after=at("%Y%m%d%H%M%SZ", minutes=-1)), EXPIRED),
    # revocation
    Case("revoked-superseded", serial(0x7005), REVOKED),
    Case("revoked-long-serial", serial(0x70050000000000000000000000000000000005), REVOKED),
    Case("revoked-in-future", serial(0x7006), REVOKED),
    Case("revoked-removed-from-crl", serial(0x7007), REVOKED),
    Case("revoked-operator", lambda m: m.show(qualifier="op", serial=content(0x7001)), REVOKED),
    Case("revoked-root", serial(0x7001), REVOKED, "root"),
    Case("revoked-and-nobody", lambda m: m.show(qualifier="xx", serial=content(0x7001)), REVOKED),
    served("revoked-by-another-ca-root", odd.same_serial, "root"),
    Case("revoked-and-foreign-root", lambda m: m.show(m.cloud.former, cn=f"x.{OTHER}"), REVOKED, "root"),
    # chains
    served("chain-leaf-only", chain()),
    Case("chain-leaf-only-root", chain(), NO_WAY, "root"),
    served("chain-out-of-order-root", chain("organization", "cloud"), "root"),
    served("chain-with-root-first-root", chain("master", "organization", "cloud"), "root"),
    served("chain-doubled-root", chain("leaf", "cloud", "cloud", "organization"), "root"),
    served("chain-former-ca-too-root", chain("former", "cloud", "organization"), "root"),
    served("chain-ten", chain(*["bystander"] * 9)),
    Case("chain-hundred", chain(*["bystander"] * 99), ANYTHING),
    Case("chain-ca-first", odd.ca_first, UNFIT),
    Case("leaf-cut-short", odd.cut_short, MALFORMED),
    Case("chain-bytes-behind-leaf", odd.bytes_behind, MALFORMED),
    Case("chain-garbage-behind", chain("garbage"), MALFORMED),
    Case("chain-zero-length-behind", chain("nothing"), MALFORMED),
    served("chain-expired-way-too-root", odd.two_ways, "root"),
    served("chain-deep-root", odd.deep(4), "root"),
    Case("chain-too-deep-root", odd.deep(12), NO_ISSUER, "root"),
    Case("chain-borrowed-device", lambda m: m.show(qualifier="de", behind=(bystander(m), m.cloud.cloud.der)),
         other("DEVICE")),
    # issuers
    Case("issuer-organization-root", lambda m: m.show(m.cloud.organization), FOREIGN, "root"),
    Case("issuer-master-root", lambda m: m.show(m.cloud.master), FOREIGN, "root"),
    Case("issuer-without-cn-root", below(name=forge.name((DNQ, text("lo", PRINTABLE)))), FOREIGN, "root"),
    Case("issuer-two-cns-root", below(name=forge.name(*((CN, text(x)) for x in (CLOUD, OTHER)))), FOREIGN,
         "root"),
    served("issuer-upper-case-root", below(cn=CLOUD.upper()), "root"),
    Case("issuer-name-longer-root", below(cn=f"x.{CLOUD}"), FOREIGN, "root"),
    Case("issuer-unknown-critical-root", below(extensions={UNKNOWN: (True, b"\5\0")}),
         refused("unsupported_certificate", "bad_certificate", "certificate_unknown"), "root"),
    Case("issuer-eku-server-root", below(extensions={EKU: (False, forge.purposes("server"))}), UNFIT, "root"),
    served("issuer-eku-client-root", below(extensions={EKU: (False, forge.purposes("client"))}), "root"),
    Case("issuer-names-excluded-root", below(extensions={forge.NAME_CONSTRAINTS: (True, x509.NameConstraints(
        None, [x509.DNSName(CLOUD)]).public_bytes())}),
         refused("bad_certificate", "unknown_ca", "certificate_unknown", "unsupported_certificate"), "root"),
    Case("issuer-explicit-policy-root", below(extensions={"2.5.29.36": (
        True, x509.PolicyConstraints(0, None).public_bytes())}), ANYTHING, "root"),
    served("issuer-without-ku-root", below(extensions={KU: None}), "root"),
    Case("issuer-version-1-root", below(version=None, extensions=NO_EXTENSIONS),
         refused("unknown_ca", "bad_certificate", "unsupported_certificate"), "root"),
    served("issuer-p224-root", below(key="p224"), "root"),
    Case("issuer-early-root", below(not_before=utc(from_now(days=5))), EARLY, "root"),
    Case("issuer-pathlen-root", lambda m: m.show(authority(m.cloud.other, CLOUD, "lo")), NO_ISSUER, "root"),
    Case("issuer-serial-revoked-root", lambda m: m.show(m.cloud.former, qualifier="op"), REVOKED, "root"),
    served("issuer-self-issued", odd.self_issued),
    Case("issuer-self-signed-same-name", lambda m: m.show(authority(None, CLOUD, "lo")), NO_WAY),
    Case("issuer-other-under-ours", lambda m: m.show(m.cloud.other), NO_WAY),
]

"""Who calls, from the client certificate's leaf alone (spec 1.4, design 6), in TLS 1.2 and 1.3.

What TLS itself must refuse is refused in the handshake with the alert that says why, and a log line
names the peer, its certificate and the reason. Who is let in but is nobody here gets 401, who is
known but may not 403, both before routing and without origin. No certificate behind the leaf counts.
"""

import datetime
import functools
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from harness.shared import Shared, start_shared  # noqa: F401
from harness.pki import Pki
from harness.requests import ECHO, LOOKUP, REGISTER, assert_error, fresh, register
from harness.server import Quiver
from harness.wire import Connection, alert_name

TLS = ["1.2", "1.3"]
DAY = datetime.timedelta(days=1)
SUFFIX = "testcloud.company.arrowhead.eu"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture(scope="module")
def cloud(short_folder):
    """A cloud of this file's own: it revokes."""
    made = Pki(short_folder / "identity")
    made.issue("revoked-one")
    made.revoke("revoked-one", "keyCompromise")
    return made


@pytest.fixture(scope="module")
def stranger_cloud(short_folder):
    """Another cloud altogether, and a CA that has only the same name as ours."""
    return {
        "other": Pki(short_folder / "other", "othercloud", "company"),
        "same": Pki(short_folder / "same"),
    }


@pytest.fixture(scope="module")
def server(cloud):
    factory = Quiver(cloud)
    yield Shared(factory.start())
    factory.close()


# ---- refused by TLS ------------------------------------------------------------------------------


def expired(cloud):
    return cloud.craft("expired", not_before=now() - 10 * DAY, not_after=now() - DAY)


def not_yet_valid(cloud):
    return cloud.craft("early", not_before=now() + 10 * DAY, not_after=now() + 20 * DAY)


# name -> how to make it, alerts that fit (conformance's list), what the log's reason must speak of
REFUSED = {
    "expired": (expired, {"certificate_expired"}, "expired"),
    "not-yet-valid": (not_yet_valid, {"bad_certificate", "certificate_expired"}, "valid"),
    "self-signed": (lambda c: c.craft("self-signed", issuer="self"), {"unknown_ca"}, ""),
    "organizations": (
        lambda c: c.craft("by-organization", issuer="organization"),
        {"unknown_ca"},
        "",
    ),
    "revoked": (lambda c: c.issue("revoked-one"), {"certificate_revoked"}, "revoked"),
    "eku-server": (
        lambda c: c.craft("eku-server", purposes=("server",)),
        {"unsupported_certificate"},
        "",
    ),
    "eku-email": (
        lambda c: c.craft("eku-email", purposes=("email",)),
        {"unsupported_certificate"},
        "",
    ),
    "eku-any": (lambda c: c.craft("eku-any", purposes=("any",)), {"unsupported_certificate"}, ""),
    "eku-none": (lambda c: c.craft("eku-none", purposes=None), {"unsupported_certificate"}, ""),
    "a-ca": (
        lambda c: c.craft("a-ca", ca=True, purposes=None),
        {"unsupported_certificate", "bad_certificate", "unknown_ca"},
        "",
    ),
}


@pytest.fixture(scope="module")
def refused(cloud):
    """refused(name): the certificate, made once."""
    return functools.cache(lambda name: REFUSED[name][0](cloud))


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_the_handshake(server, refused, name, tls):
    certificate = refused(name)
    _, alerts, word = REFUSED[name]
    mark = server.mark()
    assert server.alert(certificate, tls=tls) in alerts
    serial = f"{certificate.load().serial_number:x}"
    line = server.wait_log(
        "handshake refused", since=mark, serial=lambda s: s and s.lstrip("0") == serial
    )
    common_name = certificate.load().subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert common_name in line["subject"]
    assert line["listener"] == "secure" and line["peer"].startswith("127.0.0.1")
    assert line["reason"].strip() and word in line["reason"]
    assert server.client("consumer").get(ECHO).status_code == 200


@pytest.mark.parametrize(
    "tls, alerts",
    [("1.3", {"certificate_required"}), ("1.2", {"handshake_failure", "bad_certificate"})],
)
def test_no_certificate(server, tls, alerts):
    mark = server.mark()
    assert server.alert(None, tls=tls) in alerts
    line = server.wait_log("handshake refused", since=mark)
    assert line["peer"].startswith("127.0.0.1") and line["reason"].strip()


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("which", ["other", "same"])
def test_another_clouds_ca(server, stranger_cloud, which, tls):
    """Also a CA that has just our CA's name: names vouch for nothing."""
    mark = server.mark()
    assert server.alert(stranger_cloud[which].issue("consumer"), tls=tls) == "unknown_ca"
    server.wait_log("handshake refused", since=mark)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls(server, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError) as refusal:
        Connection(*server.listeners["secure"], context).close()
    assert alert_name(refusal.value) == "protocol_version"


@pytest.mark.parametrize(
    "cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL", "AES128-GCM-SHA256"]
)
def test_old_ciphers(server, cipher):
    """TLS 1.2 only with forward secrecy and AEAD."""
    context = server.context("consumer", tls="1.2")
    context.set_ciphers(cipher + ":@SECLEVEL=0")
    with pytest.raises(ssl.SSLError) as refusal:
        Connection(*server.listeners["secure"], context).close()
    assert alert_name(refusal.value) == "handshake_failure"


@pytest.mark.parametrize(
    "tls, alert", [("-tls1_3", "certificate required"), ("-tls1_2", "handshake failure")]
)
def test_the_alert_reaches_openssl(server, tls, alert):
    address, port = server.listeners["secure"]
    done = subprocess.run(
        [
            "openssl",
            "s_client",
            "-connect",
            f"{address}:{port}",
            tls,
            "-CAfile",
            server.pki.ca,
            "-partial_chain",
            "-quiet",
            "-ign_eof",
        ],
        input=f"GET {ECHO} HTTP/1.1\r\nHost: x\r\n\r\n",
        text=True,
        capture_output=True,
        timeout=20,
    )
    assert f"alert {alert}" in done.stderr, done.stderr
    assert "Got it!" not in done.stdout


def test_the_alert_reaches_curl(server):
    done = server.curl(ECHO, who="revoked-one")
    assert done.returncode != 0 and "Got it!" not in done.stdout
    assert "certificate revoked" in done.stderr.replace("_", " "), done.stderr


# ---- let in by TLS, refused by us ----------------------------------------------------------------


def qualified(qualifier, **options):
    return lambda cloud: cloud.craft(f"as-{qualifier or 'none'}", qualifier=qualifier, **options)


def with_cn(name, cn):
    return lambda cloud: cloud.craft(name, cn=cn)


def attributes(name, *pairs):
    oids = {"CN": NameOID.COMMON_NAME, "DNQ": NameOID.DN_QUALIFIER}
    subject = [x509.NameAttribute(oids[kind], value) for kind, value in pairs]
    return lambda cloud: cloud.craft(name, subject=subject)


NOBODY = {
    "no-qualifier": qualified(None),
    "unknown-qualifier": qualified("xx"),
    "qualifier-in-capitals": qualified("SY"),
    "qualifier-with-blanks": qualified(" sy "),
    "two-qualifiers": attributes(
        "two-dnq", ("CN", f"two-dnq.{SUFFIX}"), ("DNQ", "sy"), ("DNQ", "op")
    ),
    "two-names": attributes("two-cn", ("CN", f"a.{SUFFIX}"), ("CN", f"b.{SUFFIX}"), ("DNQ", "sy")),
    "no-name": attributes("no-cn", ("DNQ", "sy")),
    "one-part": with_cn("one-part", "one-part"),
    "four-parts": with_cn("four-parts", "four-parts.company.arrowhead.eu"),
    "six-parts": with_cn("six-parts", f"six-parts.more.{SUFFIX}"),
    "trailing-dot": with_cn("trailing-dot", f"trailing-dot.{SUFFIX}."),
    "leading-dot": with_cn("leading-dot", f".{SUFFIX}"),
    "underscore": with_cn("underscore", f"a_b.{SUFFIX}"),
    "blank": with_cn("blank", f"a b.{SUFFIX}"),
    "accent": with_cn("accent", f"\u00e9.{SUFFIX}"),
    "nul": with_cn("nul", f"a\0b.{SUFFIX}"),
    "master-cn": lambda cloud: cloud.craft("master-cn", cn="arrowhead.eu", qualifier="ma"),
}

KNOWN_OTHERS = {
    "de": "DEVICE",
    "on": "ON_BOARDING",
    "or": "ORGANIZATION",
    "lo": "LOCAL_CLOUD",
    "ma": "MASTER",
    "ga": "GATE",
    "br": "BROKER",
}

FOREIGN = {
    "other-cloud": "other-cloud.othercloud.company.arrowhead.eu",
    "other-organization": "other-organization.testcloud.firm.arrowhead.eu",
    "other-root": "other-root.testcloud.company.example.eu",
    "other-top": "other-top.testcloud.company.arrowhead.org",
    "other-hyphen": "other-hyphen.test-cloud.company.arrowhead.eu",
}

GOOD = {
    "system": (qualified("sy"), "as-sy", False),
    "operator": (qualified("op"), "as-op", True),
    "cloud-in-capitals": (
        with_cn("capitals", "capitals.TestCloud.COMPANY.arrowhead.EU"),
        "capitals",
        False,
    ),
    "p384": (lambda cloud: cloud.craft("good-p384", key="p384"), "good-p384", False),
    "rsa": (lambda cloud: cloud.craft("good-rsa", key="rsa"), "good-rsa", False),
    "client-only": (
        lambda cloud: cloud.craft("good-client", purposes=("client",)),
        "good-client",
        False,
    ),
    "qualifier-first": (
        attributes("good-order", ("DNQ", "sy"), ("CN", f"good-order.{SUFFIX}")),
        "good-order",
        False,
    ),
}


def every_request(server, certificate, tls):
    """The answers to requests of every kind, on one connection; each is refused alike."""
    with server.server.client(certificate, tls=tls) as client:
        for method, path, content in (
            ("GET", ECHO, None),
            ("GET", ECHO + "?x=1", None),
            ("GET", "/nothing-here/", None),
            ("PUT", REGISTER, b"{"),
            ("POST", LOOKUP, b"{"),
            ("OPTIONS", REGISTER, None),
            ("GET", "/serviceregistry/mgmt/x", None),
        ):
            yield path, client.request(method, path, content=content)


def shown_url(server, path):
    """The URL as the words show it: no query, no trailing slash."""
    return server.url() + path.partition("?")[0].rstrip("/")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("name", NOBODY)
def test_nobody(server, cloud, name, tls):
    for path, answer in every_request(server, NOBODY[name](cloud), tls):
        assert_error(answer, 401, f"Unauthenticated access attempt: {shown_url(server, path)}")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("code", KNOWN_OTHERS)
def test_other_profile(server, cloud, code, tls):
    certificate = cloud.craft(f"is-{code}", qualifier=code)
    for path, answer in every_request(server, certificate, tls):
        words = f"Unauthorized access: {shown_url(server, path)}, invalid certificate type: {KNOWN_OTHERS[code]}"
        assert_error(answer, 403, words)


def test_device_issued_by_pki(server, cloud):
    """certs/pki's own device certificate: a device is no system."""
    with server.server.client("thermometer", "device") as client:
        words = f"Unauthorized access: {server.url()}{ECHO}, invalid certificate type: DEVICE"
        assert_error(client.get(ECHO), 403, words)


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_cloud(server, cloud, name, tls):
    certificate = cloud.craft(name, cn=FOREIGN[name])
    for path, answer in every_request(server, certificate, tls):
        assert_error(
            answer, 403, f"Unauthorized access: {shown_url(server, path)}, from foreign cloud"
        )


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("name", GOOD)
def test_accepted(server, cloud, name, tls):
    make, system, operator = GOOD[name]
    with server.server.client(make(cloud), tls=tls) as client:
        assert client.get(ECHO).text == "Got it!"
        managed = client.get("/serviceregistry/mgmt/x")
        assert managed.status_code == (404 if operator else 403)
        assert register(client, fresh())["provider"]["name"] == system


@pytest.mark.filterwarnings("ignore:Attribute's length")
def test_name_of_63_characters(server, cloud):
    """The longest name; the CN is then longer than certs/pki would make one."""
    name = "a" * 63
    pairs = [("CN", f"{name}.{SUFFIX}"), ("DNQ", "sy")]
    oids = {"CN": NameOID.COMMON_NAME, "DNQ": NameOID.DN_QUALIFIER}
    subject = [x509.NameAttribute(oids[kind], value, _validate=False) for kind, value in pairs]
    with server.server.client(cloud.craft("long", subject=subject)) as client:
        assert register(client, fresh())["provider"]["name"] == name


def test_what_stands_behind_the_leaf_means_nothing(server, cloud):
    """A leaf without identity does not take over the name of a certificate that it brings along."""
    nobody = cloud.craft("borrower", qualifier=None)
    operator = cloud.issue("lender", "operator")
    self_made = cloud.craft("self-made", qualifier="op", issuer="self")
    for lender in (operator, self_made):
        leaf = nobody.load().public_bytes(serialization.Encoding.PEM)
        mixed = cloud.directory / "crafted-mixed.crt"
        mixed.write_bytes(leaf + lender.crt.read_bytes())
        certificate = type(nobody)("mixed", mixed, nobody.key, nobody.ca)
        with server.server.client(certificate) as client:
            words = f"Unauthenticated access attempt: {server.url()}{ECHO}"
            assert_error(client.get(ECHO), 401, words)
    good = cloud.issue("consumer")
    mixed.write_bytes(good.crt.read_bytes() + operator.crt.read_bytes())
    with server.server.client(type(good)("mixed", mixed, good.key, good.ca)) as client:
        assert client.get("/serviceregistry/mgmt/x").status_code == 403, "a system stays a system"


def test_host_header_is_in_the_words_but_nothing_else(server, cloud):
    """The URL's host is what the client called; it cannot break the JSON or the log."""
    certificate = cloud.craft("is-de", qualifier="de")
    with server.server.client(certificate) as client:
        answer = client.get(ECHO, headers={"Host": "registry.example:1234"})
        words = f"https://registry.example:1234{ECHO}"
        assert_error(answer, 403, f"Unauthorized access: {words}, invalid certificate type: DEVICE")


def test_the_log_says_who_was_refused_and_why(server, cloud):
    mark = server.mark()
    certificate = cloud.craft("logged", qualifier="on")
    with server.server.client(certificate) as client:
        assert client.get(ECHO).status_code == 403

    def tells(line):
        return f"logged.{SUFFIX}" in line and "ON_BOARDING" in line

    server.process.wait_line(tells, since=mark)


# ---- trust anchors above the cloud CAs -----------------------------------------------------------


@pytest.fixture(scope="module")
def below_master(cloud):
    """A server that trusts the master CA, and another cloud's CA below the same organization."""
    folder = cloud.directory
    organization = (folder / "ca/organization.crt").read_bytes()
    whole = folder / "registry-chain.crt"
    whole.write_bytes(cloud.registry.crt.read_bytes() + organization)
    cloud.craft(
        "other-ca",
        cn="othercloud.company.arrowhead.eu",
        qualifier="lo",
        ca=True,
        issuer="organization",
        purposes=None,
    )
    other = (
        x509.load_pem_x509_certificate((folder / "crafted-other-ca.crt").read_bytes()),
        serialization.load_pem_private_key((folder / "crafted-other-ca.key").read_bytes(), None),
    )

    def chained(name, **options):
        made = cloud.craft(name, **options)
        made.crt.write_bytes(made.crt.read_bytes() + organization)
        return made

    factory = Quiver(cloud)
    tls = {"certificate": str(whole), "trust": [str(folder / "ca/master.crt")], "crl": None}
    yield Shared(factory.start(tls=tls)), chained, other
    factory.close()


@pytest.mark.parametrize("tls", TLS)
def test_a_ca_vouches_for_its_own_cloud_only(below_master, tls):
    server, chained, other = below_master
    good = chained("under-master")
    honest = chained("honest", cn="honest.othercloud.company.arrowhead.eu", issuer=other)
    liar = chained("liar", cn=f"liar.{SUFFIX}", issuer=other)
    with server.server.client(good, tls=tls) as accepted:
        assert accepted.get(ECHO).status_code == 200
    for certificate in (honest, liar):
        with server.server.client(certificate, tls=tls) as foreign:
            words = f"Unauthorized access: {server.url()}{ECHO}, from foreign cloud"
            assert_error(foreign.get(ECHO), 403, words)


def test_a_chain_with_a_gap(below_master, cloud):
    """The organization's CA is not sent: nothing leads to the anchor."""
    server, _, _ = below_master
    assert server.alert(cloud.issue("consumer")) == "unknown_ca"

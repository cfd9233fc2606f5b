"""TLS versions, ciphers and groups, tried with openssl s_client: what has no forward secrecy, no AEAD or
no authentication is refused, whatever the client offers; `tls:` can narrow the rest."""

import re
import subprocess

import pytest

from harness.livecloud import LiveCloud, ask_reload, reload
from harness.server import Quiver

PERMISSIVE = "@SECLEVEL=0"
TLS12 = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]
TLS13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
REFUSED = {
    "cbc": "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA",
    "ccm": "ECDHE-ECDSA-AES128-CCM8",
    "rsa-key-exchange": "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA256",
    "null": "ECDHE-ECDSA-NULL-SHA:NULL-SHA256:aNULL:eNULL",
    "anonymous": "AECDH-AES128-SHA:ADH-AES128-GCM-SHA256",
    "psk": "PSK",
    "dhe": "DHE-RSA-AES128-GCM-SHA256",
}


@pytest.fixture(scope="module")
def cloud(short_folder):
    return LiveCloud(short_folder / "protocols")


@pytest.fixture(scope="module")
def server(cloud):
    factory = Quiver(cloud)
    yield cloud.start(factory)
    factory.close()


@pytest.fixture(params=["ec", "rsa"])
def either_key(request, quiver, pki):
    """A server with an EC key, or an RSA one, for which other ciphers exist."""
    if request.param == "ec":
        return quiver.start()
    own = pki.craft("serviceregistry", key="rsa", file="registry-rsa", san=["DNS:localhost", "IP:127.0.0.1"])
    return quiver.start(tls={"certificate": str(own.crt), "private_key": str(own.key)})


def s_client(server, *options):
    """Connects and asks; the protocol and cipher that were agreed upon, or the alert."""
    address, port = server.listeners["secure"]
    client = server.certificate("client")
    command = ["openssl", "s_client", "-connect", f"{address}:{port}", "-cert", client.crt, "-key", client.key,
               "-CAfile", server.pki.ca, "-ign_eof", *options]
    request = "GET /serviceregistry/monitor/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = subprocess.run([str(word) for word in command], input=request, capture_output=True, text=True,
                          timeout=30)
    output = done.stdout + done.stderr
    agreed = re.search(r"New, (\S+), Cipher is (\S+)", output)
    if "HTTP/1.1 200" in output:
        return agreed[1], agreed[2]
    alert = re.search(r"alert ([a-z ]+?)(?::|\n|$)", output)
    return alert[1] if alert else output


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions(server, version):
    assert s_client(server, version, "-cipher", f"ALL:{PERMISSIVE}") == "protocol version"


@pytest.mark.parametrize("cipher", TLS12)
def test_ciphers_of_tls_1_2(server, cipher):
    assert s_client(server, "-tls1_2", "-cipher", cipher) == ("TLSv1.2", cipher)


@pytest.mark.parametrize("suite", TLS13)
def test_suites_of_tls_1_3(server, suite):
    assert s_client(server, "-tls1_3", "-ciphersuites", suite) == ("TLSv1.3", suite)


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_ciphers(either_key, kind):
    options = ["-psk", "1a2b3c", "-psk_identity", "x"] if kind == "psk" else []
    said = s_client(either_key, "-tls1_2", "-cipher", f"{REFUSED[kind]}:{PERMISSIVE}", *options)
    assert said in ("handshake failure", "illegal parameter"), said


def test_an_rsa_key_with_forward_secrecy(either_key):
    said = s_client(either_key, "-tls1_2", "-cipher", "ECDHE+AESGCM")
    assert said[0] == "TLSv1.2" and said[1].startswith("ECDHE-")


def test_suites_without_full_tag(server):
    assert s_client(server, "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256") == "handshake failure"


@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384", "P-521", "X448"])
def test_groups(server, group):
    assert s_client(server, "-tls1_3", "-groups", group)[0] == "TLSv1.3"


@pytest.mark.parametrize("group", ["ffdhe2048", "ffdhe3072"])
def test_refused_groups(server, group):
    assert s_client(server, "-tls1_3", "-groups", group) == "handshake failure"


def run_s_client(server, typed, *options):
    """What s_client says when this is typed; its output and complaints."""
    address, port = server.listeners["secure"]
    client = server.certificate("client")
    command = ["openssl", "s_client", "-connect", f"{address}:{port}", "-cert", client.crt, "-key", client.key]
    done = subprocess.run([*map(str, command), *options], input=typed, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def test_no_renegotiation_and_no_compression(server):
    """Who wants to renegotiate loses the connection; RFC 5746 is spoken all the same."""
    said = run_s_client(server, "R\n", "-tls1_2", "-comp")
    assert "Compression: NONE" in said and "Secure Renegotiation IS supported" in said
    assert said.count("RENEGOTIATING") == 1
    assert said.count("verify return:1") == 2 * said.count("depth=0")  # one handshake, not two


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_the_names_of_the_cas_are_sent(server, version):
    """So that a client with several certificates knows which to show."""
    said = run_s_client(server, "Q\n", version)
    names = said.partition("Acceptable client certificate CA names\n")[2].partition("\nRequested")[0]
    assert "testcloud.company.arrowhead.eu" in names


def test_only_http_1_1_by_alpn(server):
    assert "ALPN protocol: http/1.1" in run_s_client(server, "Q\n", "-alpn", "h2,http/1.1")


def test_settings_narrow_it(quiver, cloud):
    server = cloud.start(quiver, tls={"min_version": "1.3"})
    assert s_client(server, "-tls1_2") == "protocol version"
    assert s_client(server)[0] == "TLSv1.3"
    server.write_config(tls={"min_version": None, "ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384",
                             "cipher_suites": "TLS_AES_256_GCM_SHA384", "groups": "P-384:P-256"})
    reload(server)
    assert s_client(server, "-tls1_2") == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert s_client(server, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256") == "handshake failure"
    assert s_client(server, "-tls1_3") == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert s_client(server, "-tls1_3", "-groups", "X25519") == "handshake failure"


@pytest.mark.parametrize(("setting", "value"), [
    ("ciphers", "ECDHE-ECDSA-AES128-SHA"), ("ciphers", "AES128-GCM-SHA256"), ("ciphers", "ALL"),
    ("ciphers", "eNULL"), ("ciphers", "nonsense"), ("cipher_suites", "nonsense"), ("groups", "nonsense"),
])
def test_settings_that_would_weaken_it(quiver, cloud, setting, value):
    """They are refused at the start and at a reload, by name."""
    refused = quiver.refused(pki=cloud, tls={**cloud.tls, setting: value})
    assert refused.status == 1 and f"tls.{setting}" in refused.output
    server = cloud.start(quiver)
    server.write_config(tls={setting: value})
    outcome = ask_reload(server)
    faults = [fault for part in outcome["parts"] for fault in part["faults"]]
    assert not outcome["good"] and f"tls.{setting}" in faults[0]
    assert s_client(server, "-tls1_2")[0] == "TLSv1.2"

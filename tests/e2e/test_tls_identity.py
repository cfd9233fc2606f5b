"""Who gets in with which certificate: the cases of conformance/tls-identity.json, and more of the kind.

Each case is one client certificate, described there in words, made by harness/tls_cases.py and shown to
a real server in TLS 1.2 and in TLS 1.3. Its member `quiver` says what must come of it: a refused
handshake with one of the alerts listed, a status and error text for each request, or service as that
system with that profile's rights. tls_more_cases.py has further ones with what design 6 makes of them.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness import forge
from harness.misbehave import Misbehaving, Shown, connect_or_alert
from harness.requests import ECHO, LOOKUP, REGISTER, assert_error, registration
from harness.server import OPS, SECURE, Quiver, assert_silent, quiver_command, server_environment
from harness.testpki import Cloud
from harness.tls_cases import CASES, Maker
from harness.tls_more_cases import MORE, refused
from harness.wire import Response

RECORDED = json.loads((Path(__file__).parent / "conformance/tls-identity.json").read_text())["cases"]
TLS = ["1.2", "1.3"]
SYSTEMS = "/serviceregistry/system-discovery/register"
MANAGE = "/serviceregistry/mgmt/x"
URL = "<url>"
OPTIONAL = {"name": "optional", "address": "127.0.0.1", "port": 0, "tls": "server", "serve": ["arrowhead"],
            "authentication": "declared"}
REFUSED = [case for case in RECORDED if case["quiver"]["handshake"] == "refused" and
           case["case"] != "no-certificate"]
ALL_KINDS = (("GET", ECHO, None), ("POST", LOOKUP, {}), ("GET", MANAGE, None),
             ("POST", SYSTEMS, {"addresses": ["192.168.1.1"]}), ("POST", REGISTER, registration()))
# Not told by a file: that there is none, whose key it is, and what a handshake has no room for.
OFFLINE = [case for case in RECORDED if case["case"] not in ("no-certificate", "proof-by-other-key", "san-huge")]


# Of the session: the tests of a module may be dealt out with those of others in between.
@pytest.fixture(scope="session")
def cloud(short_folder):
    return Cloud(short_folder / "testpki")


@pytest.fixture(scope="session")
def server_of(cloud):
    """server_of(trust): the server that trusts the cloud's CA, or just the master's; started once."""
    factory = Quiver(cloud)
    servers = {}

    def find(trust: str):
        if trust not in servers:
            servers[trust] = factory.start(tls=cloud.tls(trust), listeners=[SECURE, OPTIONAL, OPS])
        return servers[trust]

    yield find
    factory.close()


def ask(connection: Misbehaving, method: str, path: str, body: dict | None = None) -> Response:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    connection.send(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection.read_response()


def assert_served(connection: Misbehaving, wanted: dict) -> None:
    """As that system, whatever a body says, and with that profile's rights."""
    assert ask(connection, "GET", ECHO).body == b"Got it!"
    managed = ask(connection, "GET", MANAGE)
    assert managed.status == (404 if wanted["profile"] == "op" else 403), managed
    for body in ({"addresses": ["192.168.1.1"]}, {"name": "somebody-else", "addresses": ["192.168.1.1"]}):
        registered = ask(connection, "POST", SYSTEMS, body)
        assert registered.status in (200, 201), registered
        assert json.loads(registered.body)["name"] == wanted["system"]
    registered = ask(connection, "POST", REGISTER, registration())
    assert registered.status == 201, registered
    assert json.loads(registered.body)["provider"]["name"] == wanted["system"]


def assert_answered(connection: Misbehaving, wanted: dict) -> None:
    """Every request gets this status and text."""
    for method, path, body in ALL_KINDS:
        answer = ask(connection, method, path, body)
        assert_error(answer, wanted["status"], wanted["error"].replace(URL, f"https://127.0.0.1{path}"))


def alerts_of(wanted: dict, tls: str) -> list[str]:
    return wanted["alerts12"] if tls == "1.2" and "alerts12" in wanted else wanted["alerts"]


def judge(server, shown, wanted: dict, tls: str, listener: str = "secure") -> None:
    outcome = connect_or_alert(*server.listeners[listener], shown, tls)
    if wanted["handshake"] == "refused":
        assert outcome in alerts_of(wanted, tls)
        return
    if isinstance(outcome, str):
        assert wanted["handshake"] == "any", f"refused with {outcome}"
        return
    with outcome as connection:
        if wanted["handshake"] == "any":
            assert ask(connection, "GET", ECHO).status in (200, 401, 403)
        elif wanted["status"] == 200:
            assert_served(connection, wanted)
        else:
            assert_answered(connection, wanted)


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("case", RECORDED, ids=[case["case"] for case in RECORDED])
def test_recorded(server_of, cloud, case, tls):
    shown = CASES[case["case"]](Maker(cloud, case["case"], case["trust"]))
    judge(server_of(case["trust"]), shown, case["quiver"], tls)


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("case", REFUSED, ids=[case["case"] for case in REFUSED])
def test_refused_where_none_is_asked_for(server_of, cloud, case, tls):
    """On a listener that lets in without certificate, too: one that is shown must be good."""
    shown = CASES[case["case"]](Maker(cloud, case["case"], case["trust"]))
    judge(server_of(case["trust"]), shown, case["quiver"], tls, "optional")


@pytest.mark.parametrize("tls", TLS)
def test_what_was_sent_before_means_nothing(server_of, cloud, tls):
    """A chain that was let in is remembered, but only with all that was sent and proven then."""
    server, maker = server_of("root"), Maker(cloud, "remembered", "root")
    good = maker.show()
    served = {"handshake": "ok", "status": 200, "system": "remembered", "profile": "sy"}
    gap = Shown((good.chain[0], good.chain[2]), good.key)
    other_way = Shown((good.chain[0], cloud.former.der, good.chain[2]), good.key)
    unproven = Shown(good.chain, forge.key("p256", "other"))
    flipped = Shown((good.chain[0][:-1] + bytes([good.chain[0][-1] ^ 1]), *good.chain[1:]), good.key)
    for _ in range(2):
        judge(server, good, served, tls)
        judge(server, gap, refused("unknown_ca"), tls)
        judge(server, other_way, refused("unknown_ca"), tls)
        judge(server, unproven, refused("decrypt_error", "bad_certificate"), tls)
        judge(server, flipped, refused("decrypt_error", "bad_certificate"), tls)


def offline(server, shown: Shown, file: Path) -> int:
    """The exit status of `quiver certificate` for what is shown."""
    file.write_bytes(forge.pem("CERTIFICATE", *shown.chain))
    done = subprocess.run(quiver_command("certificate", file, "--config", server.config_path), text=True,
                          env=server_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert_silent(done.stderr)
    return done.returncode


@pytest.mark.parametrize("case", OFFLINE, ids=[case["case"] for case in OFFLINE])
def test_the_command_agrees(server_of, cloud, tmp_path, case):
    """`quiver certificate` says of a file what a handshake comes to."""
    shown = CASES[case["case"]](Maker(cloud, case["case"], case["trust"]))
    good = case["quiver"].get("status") == 200
    assert offline(server_of(case["trust"]), shown, tmp_path / "shown.pem") == (0 if good else 1)


def test_each_recorded_case_is_made():
    assert [case["case"] for case in RECORDED] == list(CASES)
    assert len(RECORDED) == 120


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("case", MORE, ids=[case.name for case in MORE])
def test_of_the_same_kind(server_of, cloud, case, tls):
    judge(server_of(case.trust), case.make(Maker(cloud, case.name, case.trust)), case.wanted, tls)

"""What Quiver shows and believes as a client of the Authentication system changes while it runs: its
own certificate in whatever form it comes, the CAs that vouch for the other side, the shared secrets.
Each is taken whole or stays as it was; questions on their way are answered.
"""

import concurrent.futures
import hashlib
import hmac
import subprocess
import threading

import pytest
from cryptography import x509

from harness import forge
from harness.forge import SAN
from harness.livecloud import LOOPBACK, LiveCloud, ask_reload, part_of, readiness, reload, write
from harness.process import wait_until
from harness.requests import ECHO
from harness.server import OPS, SECURE
from harness.standin import StandIn

PASSWORD = "correct horse battery"
VERIFY = "/authentication/identity/verify/"
OUTSOURCED = {"name": "outsourced", "address": "127.0.0.1", "port": 0, "tls": "server",
              "serve": ["arrowhead"], "authentication": "outsourced"}
PLAIN = {**OUTSOURCED, "name": "plain", "tls": "off"}
GOOD = 200, {"verified": True, "systemName": "token-system", "sysop": False,
             "expirationTime": "2100-01-01T00:00:00Z"}


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


class Authentication:
    """Stands in for the Authentication system; every token is good."""

    def __init__(self, cloud, issuer=None):
        names = x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]).public_bytes()
        certificate = cloud.make("authentication", issuer, extensions={SAN: (False, names)})
        self.gate = threading.Event()
        self.gate.set()
        self.stand_in = StandIn(certificate, self._answer)
        self.url = self.stand_in.url("/authentication/identity")

    def _answer(self, path):
        assert self.gate.wait(30)
        return GOOD

    def close(self):
        self.gate.set()
        self.stand_in.close()


@pytest.fixture
def authentication(cloud):
    system = Authentication(cloud)
    yield system
    system.close()


def start(quiver, cloud, authentication, *, listeners=None, tls=None, secrets=None, **settings):
    given = {"url": authentication.url, "keep": "0s", "timeout": "20s", **settings}
    if secrets is not None:
        given["secrets_file"] = str(write_secrets(cloud, secrets))
    return cloud.start(quiver, listeners=listeners or [SECURE, OUTSOURCED, OPS], tls=tls or {},
                       identity={"authentication_system": given})


def write_secrets(cloud, text):
    return write(cloud.folder / "secrets", text.encode())


def ask(server, token="good", listener="outsourced"):
    """The status that a caller with this token gets; Quiver asks about it."""
    client = server.client(None, listener=listener,
                           headers={"Authorization": f"Bearer IDENTITY-TOKEN//{token}"})
    return client.get(ECHO).status_code


def prove(server, name, secret):
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()
    return server.client(None, listener="outsourced", headers={
        "Authorization": f"Bearer AUTHENTICATOR-KEY//{name}//{digest}"}).get(ECHO).status_code


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60,
                   stdin=subprocess.DEVNULL)


def password_file(cloud, word=PASSWORD):
    return write(cloud.folder / "password", f"{word}\n".encode())


def encrypted_key(cloud):
    path = write(cloud.folder / "encrypted.key")
    openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", cloud.registry.key, "-out", path,
            "-passout", f"pass:{PASSWORD}")
    return {"private_key": str(path), "private_key_password_file": str(password_file(cloud))}


def keystore(cloud):
    path = write(cloud.folder / "registry.p12")
    openssl("pkcs12", "-export", "-in", cloud.registry.crt, "-inkey", cloud.registry.key, "-out", path,
            "-passout", f"pass:{PASSWORD}")
    return {"certificate": None, "private_key": None, "keystore": str(path),
            "keystore_password_file": str(password_file(cloud))}


def plain_key(cloud):
    return {}


FORMS = [plain_key, encrypted_key, keystore]


# ---- the own certificate ----


@pytest.mark.parametrize("form", FORMS)
def test_the_own_certificate_is_shown_in_every_form(quiver, cloud, authentication, form):
    server = start(quiver, cloud, authentication, tls=form(cloud))
    assert ask(server) == 200
    assert authentication.stand_in.serials == [cloud.registry.load().serial_number]
    assert PASSWORD not in server.process.text


@pytest.mark.parametrize("form", FORMS)
def test_a_new_certificate_is_shown_after_a_reload(quiver, cloud, authentication, form):
    server = start(quiver, cloud, authentication, tls=form(cloud))
    assert [ask(server), ask(server)] == [200, 200]
    assert authentication.stand_in.connected == 1, "a connection is kept as long as nothing changes"
    first = cloud.registry.load().serial_number
    serial = cloud.renew_own(which="second")
    form(cloud)
    reload(server)
    assert [ask(server), ask(server)] == [200, 200]
    assert authentication.stand_in.serials == [first, first, serial, serial]
    assert authentication.stand_in.connected == 2


@pytest.mark.parametrize("form", FORMS)
def test_without_tls_listeners_it_is_shown_too(quiver, cloud, authentication, form):
    server = cloud.start(quiver, listeners=[PLAIN, OPS], tls=form(cloud), cloud={"name": cloud.suffix},
                         identity={"authentication_system": {"url": authentication.url, "keep": "0s"}})
    assert ask(server, listener="plain") == 200
    serial = cloud.renew_own(which="second")
    form(cloud)
    reload(server)
    assert ask(server, listener="plain") == 200
    assert authentication.stand_in.serials[1] == serial


def test_without_tls_listeners_a_bad_one_is_a_fault_of_identity(quiver, cloud, authentication):
    server = cloud.start(quiver, listeners=[PLAIN, OPS], cloud={"name": cloud.suffix},
                         identity={"authentication_system": {"url": authentication.url, "keep": "0s"}})
    first = cloud.registry.load().serial_number
    write(cloud.registry.key, forge.private_pem(forge.key("p256", "of somebody else")))
    outcome = ask_reload(server)
    assert not outcome["good"] and not part_of(outcome, "identity")["renewed"]
    assert str(cloud.registry.key) in part_of(outcome, "identity")["faults"][0]
    assert ask(server, listener="plain") == 200
    assert authentication.stand_in.serials == [first], "what was shown before is shown still"
    check = quiver.command("check", "--config", server.config_path)
    assert check.status == 1 and str(cloud.registry.key) in check.output


@pytest.mark.parametrize("broken", ["key", "certificate"])
def test_half_a_rotation_shows_the_old_one(quiver, cloud, authentication, broken):
    """No file is read when a connection is made: what was checked as a whole is shown as a whole."""
    server = start(quiver, cloud, authentication)
    first = cloud.registry.load().serial_number
    path = cloud.registry.key if broken == "key" else cloud.registry.crt
    write(path, b"not yet written\n")
    assert ask(server) == 200
    outcome = ask_reload(server)
    assert not part_of(outcome, "own certificate")["renewed"] and part_of(outcome, "identity")["renewed"]
    assert ask(server) == 200
    assert set(authentication.stand_in.serials) == {first}


def test_a_question_on_its_way_is_answered(quiver, cloud, authentication):
    """It ends as it began; who asks meanwhile is not made to wait for it."""
    server = start(quiver, cloud, authentication, timeout="20s")
    authentication.gate.clear()
    first = cloud.registry.load().serial_number
    with concurrent.futures.ThreadPoolExecutor() as pool:
        before = pool.submit(ask, server)
        wait_until(lambda: authentication.stand_in.seen, "the question")
        serial = cloud.renew_own(which="second")
        reload(server)
        after = pool.submit(ask, server)
        wait_until(lambda: len(authentication.stand_in.seen) == 2, "the question asked anew")
        assert not before.done()
        authentication.gate.set()
        assert (before.result(), after.result()) == (200, 200)
    assert authentication.stand_in.serials == [first, serial]
    assert ask(server) == 200
    assert authentication.stand_in.serials[2] == serial


# ---- the CAs ----


def test_the_other_side_is_believed_by_the_cas_of_now(quiver, cloud):
    """tls.trust where nothing else is named: its CA leaves it, comes back, or has a file of its own."""
    other = cloud.new_authority()
    impostor = Authentication(cloud, other)
    try:
        server = start(quiver, cloud, impostor, keep="5m")
        assert ask(server) == 503 and impostor.stand_in.seen == []

        cloud.trust(cloud.authority, other)
        reload(server)
        assert ask(server) == 200 and len(impostor.stand_in.seen) == 1
        assert ask(server) == 200 and len(impostor.stand_in.seen) == 1, "the answer is kept"

        cloud.trust(cloud.authority)
        reload(server)
        assert ask(server) == 503, "neither a kept answer nor a kept connection is believed"
        assert len(impostor.stand_in.seen) == 1

        ca = write(cloud.folder / "identity-ca.crt", forge.pem("CERTIFICATE", other.der))
        outcome = reload(server, lambda: server.write_config(
            identity={"authentication_system": {"ca": str(ca)}}))
        assert outcome["changed"] == ["identity.authentication_system.ca"]
        assert ask(server) == 200 and len(impostor.stand_in.seen) == 2
    finally:
        impostor.close()


def test_a_ca_file_that_changes_is_noticed(quiver, cloud, authentication):
    """It is watched; a bad one keeps the old, is told, and holds back nothing else."""
    other = cloud.new_authority()
    ca = write(cloud.folder / "identity-ca.crt", forge.pem("CERTIFICATE", other.der))
    server = start(quiver, cloud, authentication, ca=str(ca))
    assert ask(server) == 503
    write(ca, forge.pem("CERTIFICATE", cloud.authority.der))
    wait_until(lambda: ask(server) == 200, "the other CA in force")

    serial = cloud.renew_own(which="second")
    write(ca, b"nothing in it\n")
    outcome = ask_reload(server)
    assert part_of(outcome, "own certificate")["renewed"] and not part_of(outcome, "identity")["renewed"]
    assert part_of(outcome, "identity")["faults"] == [f"{ca}: there is no certificate (PEM or DER) in it"]
    assert any(reason.startswith(f"identity: {ca}") for reason in readiness(server)["reasons"])
    assert ask(server) == 200
    assert authentication.stand_in.serials[-1] == serial

    write(ca, forge.pem("CERTIFICATE", cloud.authority.der))
    reload(server)
    assert readiness(server) == {"status": "ready", "reasons": []}


# ---- the secrets ----


def test_a_changed_secrets_file_is_in_force(quiver, cloud, authentication):
    """One changes, one leaves, one comes; by itself, as the file is watched."""
    server = start(quiver, cloud, authentication, secrets="changed: old one\nleaving: stays not\n")
    assert prove(server, "changed", "old one") == prove(server, "leaving", "stays not") == 200
    assert prove(server, "coming", "brand new") == 401
    write_secrets(cloud, "changed: new one\ncoming: brand new\n")
    wait_until(lambda: prove(server, "coming", "brand new") == 200, "the new secrets")
    assert prove(server, "changed", "new one") == 200
    assert prove(server, "changed", "old one") == prove(server, "leaving", "stays not") == 401
    assert "new one" not in server.process.text and "brand new" not in server.process.text


@pytest.mark.parametrize("text, mode, words", [
    ("key-system: other secret\nno colon here\n", 0o600, ":2: must be `name: secret`"),
    ("key-system: other secret\n", 0o644, "open to group or others"),
    (None, None, "No such file"),
], ids=["no-colon", "readable-by-others", "missing"])
def test_bad_secrets_keep_the_old_ones(quiver, cloud, authentication, text, mode, words):
    server = start(quiver, cloud, authentication, secrets="key-system: first secret\n")
    path = cloud.folder / "secrets"
    if text is None:
        path.unlink()
    else:
        write_secrets(cloud, text)
        path.chmod(mode)
    cloud.revoke(cloud.issue("revoked"))
    outcome = ask_reload(server)
    fault, = part_of(outcome, "identity")["faults"]
    assert not outcome["good"] and str(path) in fault and words in fault and "other secret" not in fault
    assert part_of(outcome, "CAs and CRLs")["renewed"]
    assert server.alert("revoked") == "certificate_revoked"
    assert prove(server, "key-system", "first secret") == 200
    assert prove(server, "key-system", "other secret") == 401
    assert any(reason.startswith("identity: ") for reason in readiness(server)["reasons"])
    write_secrets(cloud, "key-system: other secret\n")
    reload(server)
    assert prove(server, "key-system", "other secret") == 200
    assert prove(server, "key-system", "first secret") == 401


def test_a_secrets_file_may_come_and_go(quiver, cloud, authentication):
    server = start(quiver, cloud, authentication)
    assert prove(server, "key-system", "a secret") == 401
    path = write_secrets(cloud, "key-system: a secret\n")
    for file, status in ((str(path), 200), (None, 401)):
        named = {"authentication_system": {"secrets_file": file}}
        outcome = reload(server, lambda: server.write_config(identity=named))
        assert outcome["changed"] == ["identity.authentication_system.secrets_file"]
        assert prove(server, "key-system", "a secret") == status


def test_without_clients_of_identity_there_is_no_such_part(quiver, cloud):
    outcome = reload(cloud.start(quiver))
    assert "identity" not in [part["part"] for part in outcome["parts"]]

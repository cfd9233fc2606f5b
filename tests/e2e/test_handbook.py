"""docs/operations.md, the operator's handbook: its steps are taken from the page and run as they stand there.

harness/handbook.py has how that is done.
"""

import hashlib
import hmac
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from harness import ROOT
from harness.chap import Caller, fresh_id, key_environment, listener
from harness.shared import head
from harness.handbook import Page, Stage, owner, tried_in
from harness.pki import Pki
from harness.process import wait_until
from harness.requests import ECHO, LOOKUP, register
from harness.server import OPS, SECURE

PAGE = Page(ROOT / "docs/operations.md")
TLS = {"certificate": "tls/registry.crt", "private_key": "tls/registry.key", "trust": ["tls/cloud-ca.crt"],
       "crl": ["tls/cloud-ca.crl"]}


@pytest.fixture
def stage(quiver, tmp_path):
    """stage(**options of quiver.prepare): a machine whose Quiver was started as the page says."""
    made = []

    def make(**options) -> Stage:
        folder = tmp_path / f"stage{len(made)}"
        folder.mkdir()
        server = quiver.prepare(**{"tls": TLS, **options})
        made.append(Stage(server, folder, PAGE))
        made[-1].run("first-start")
        server.pki = Pki.__new__(Pki)  # what the page made is what the server's clients trust
        server.pki.__dict__.update(directory=made[-1].pki, ca=made[-1].pki / "cloud-ca.crt",
                                   cloud="testcloud", organization="company")
        subprocess.run([ROOT / "certs/pki", "issue", made[-1].pki, "system", "other"], check=True,
                       capture_output=True, timeout=60)
        return made[-1]

    return make


def test_first_start(stage):
    here = stage()
    assert here.run("first-system").endswith("Got it!")
    assert here.serves(here.identity("press-7"))


def test_own_certificate(stage):
    here = stage()
    before = here.shown()
    assert "renewed" in here.run("own-certificate")
    assert here.shown() != before and here.serves(here.identity("other"))


def test_a_ca(stage):
    here = stage()
    new = Path(f"{here.pki}-new")
    here.run("ca-1")
    here.edit("ca-1")
    here.run("ca-2")
    old_one, new_one = here.identity("other"), here.identity("press-7", new)
    assert here.serves(old_one)
    here.run("ca-3")
    here.server.pki.ca = new / "cloud-ca.crt"  # as each system now trusts the new one
    assert here.serves(old_one) and here.serves(new_one)
    here.edit("ca-4")
    here.run("ca-4")
    assert here.serves(new_one) and not here.serves(old_one)


def test_a_crl(stage):
    here = stage()
    here.run("crl")
    assert here.serves(here.identity("other"))


def test_keystore(stage):
    here = stage()
    tls = here.server.directory / "tls"
    (tls / "registry.password").write_text("the old one\n")
    subprocess.run(["openssl", "pkcs12", "-export", "-in", tls / "registry.crt", "-inkey", tls / "registry.key",
                    "-passout", f"file:{tls}/registry.password", "-out", tls / "registry.p12"], check=True,
                   timeout=20)
    for name in ("registry.password", "registry.p12"):
        (tls / name).chmod(0o600)
        here.give(tls / name)
    here.server.write_config(tls={"certificate": None, "private_key": None, "keystore": "tls/registry.p12",
                                  "keystore_password_file": "tls/registry.password"})
    assert here.server.reload().returncode == 0
    before = (tls / "registry.p12").read_bytes()
    assert "kept:" not in here.run("keystore")
    assert (tls / "registry.p12").read_bytes() != before
    assert (tls / "registry.password").read_text() != "the old one\n"
    assert here.serves(here.identity("other"))
    here.restart()
    assert here.serves(here.identity("other"))


def test_key_password(stage):
    here = stage()
    tls = here.server.directory / "tls"
    (tls / "registry.password").write_text("the old one\n")
    subprocess.run(["openssl", "pkey", "-in", tls / "registry.key", "-aes256", "-passout",
                    f"file:{tls}/registry.password", "-out", tls / "encrypted.key"], check=True, timeout=20)
    (tls / "encrypted.key").rename(tls / "registry.key")
    for name in ("registry.password", "registry.key"):
        (tls / name).chmod(0o600)
        here.give(tls / name)
    here.server.write_config(tls={"private_key_password_file": "tls/registry.password"})
    assert here.server.reload().returncode == 0
    assert "kept:" not in here.run("key-password")
    assert (tls / "registry.password").read_text() != "the old one\n"
    assert "ENCRYPTED" in (tls / "registry.key").read_text()
    here.restart()
    assert here.serves(here.identity("other"))


def test_a_key_as_credential(stage):
    """systemd copies it at a start alone; the restart takes certificate and key."""
    here = stage()
    folder = here.server.directory
    for name in ("private", "credentials"):
        (folder / name).mkdir(mode=0o755)
    (folder / "tls/registry.key").rename(folder / "private/registry.key")
    here.credentials = {folder / "credentials/registry.key": folder / "private/registry.key"}
    here.server.env["CREDENTIALS_DIRECTORY"] = str(folder / "credentials")
    here.server.write_config(tls={"private_key": "$CREDENTIALS_DIRECTORY/registry.key"})
    here.restart()
    before = here.shown()
    here.run("credential")
    assert here.shown() != before and here.serves(here.identity("other"))
    assert (folder / "private/registry.key").stat().st_mode & 0o077 == 0


def test_service_keys(stage, quiver):
    env = key_environment(None)
    prepared = {"listeners": [SECURE, listener(), OPS], "env": env, "chap": {"keys": {"file": "service-keys"}}}
    original = quiver.prepare

    def prepare(**options):
        server = original(**options)
        (server.directory / "service-keys").write_text("the-old-key\n")
        (server.directory / "service-keys").chmod(0o600)
        shutil.chown(server.directory / "service-keys", owner())
        return server

    quiver.prepare = prepare
    here = stage(**prepared)
    here.run("service-keys-1")
    old, new = (here.server.directory / "service-keys").read_text().split()
    for key in (old, new):
        Caller(here.server, key).registered(fresh_id())
    here.run("service-keys-2")
    Caller(here.server, new).registered(fresh_id())
    assert Caller(here.server, old).ping("none-such").status_code == 401


def test_secrets(stage, quiver):
    outsourced = {"name": "outsourced", "address": "127.0.0.1", "port": 0, "tls": "server", "serve": ["arrowhead"],
                  "authentication": "outsourced"}
    original = quiver.prepare

    def prepare(**options):
        server = original(**options)
        (server.directory / "secrets").write_text("press-7: the old one\nscada: another\n")
        (server.directory / "secrets").chmod(0o600)
        shutil.chown(server.directory / "secrets", owner())
        return server

    quiver.prepare = prepare
    here = stage(listeners=[SECURE, outsourced, OPS],
                 identity={"authentication_system": {"url": "https://localhost:1/identity", "secrets_file": "secrets"}})

    def status(name, secret):
        digest = hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()
        client = here.server.client(None, listener="outsourced",
                                    headers={"Authorization": f"Bearer AUTHENTICATOR-KEY//{name}//{digest}"})
        return client.get(ECHO).status_code

    assert status("press-7", "the old one") == 200
    here.run("secrets")
    lines = dict(line.split(": ") for line in (here.server.directory / "secrets").read_text().splitlines())
    assert status("press-7", lines["press-7"]) == status("scada", "another") == 200
    assert status("press-7", "the old one") == 401


@pytest.mark.parametrize("of", ["store", "mirror"])
def test_redis_password(stage, redis_server, free_port, of):
    """Of the Redis that keeps the registry, and of the one that the live services are mirrored to."""
    redis = redis_server(port=free_port())
    admin = redis.client()
    admin.execute_command("ACL", "SETUSER", "quiver", "on", ">the-old-one", "~*", "+@all")

    def setting(password):
        url = f"redis://quiver:{password}@127.0.0.1:{redis.port}/0"
        return {"store": {"redis": url}} if of == "store" else {"chap": {"mirror": url}}

    here = stage(listeners=[SECURE, listener(), OPS], env=key_environment("a-key"), **setting("the-old-one"))
    folder = here.server.directory
    (folder / "old").write_text("the-old-one\n")
    here.run("redis-password-1", REDIS=redis.url)
    new = (folder / "new").read_text().strip()
    here.server.write_config(**setting(new))
    assert "ready" in here.run("redis-password-2", REDIS=redis.url).splitlines()
    assert not (folder / "new").exists() and not (folder / "old").exists()
    assert len(admin.acl_getuser("quiver")["passwords"]) == 1
    here.restart()
    assert here.server.ops.get("/health/ready").json()["status"] == "ready"
    if of == "mirror":
        name = fresh_id()
        Caller(here.server, "a-key").registered(name)
        wait_until(lambda: admin.exists(f"service:{name}"), "the service in the mirror")
    assert new not in here.server.process.text


def test_ticket_keys(stage):
    here = stage()
    context = here.server.context(here.identity("other"), tls="1.3")
    address = here.server.listeners["secure"]

    def connect(session=None):
        with socket.create_connection(address, 10) as raw, \
                context.wrap_socket(raw, server_hostname=address[0], session=session) as tls:
            tls.sendall(f"GET {ECHO} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert tls.recv(4096).startswith(b"HTTP/1.1 200")
            return tls.session_reused, tls.session

    ticket = connect()[1]
    resumed, again = connect(ticket)
    assert resumed
    here.run("ticket-keys")
    assert not connect(again)[0]


def test_revoke_and_reissue(stage):
    here = stage()
    subprocess.run([ROOT / "certs/pki", "issue", here.pki, "system", "press-7"], check=True, capture_output=True,
                   timeout=60)
    press = here.identity("press-7")
    live = here.server.client(press)
    register(live, "pressing")
    looker = here.server.client(here.identity("other"))
    found = {"serviceDefinitionNames": ["pressing"]}
    assert len(looker.post(LOOKUP, json=found).json()["entries"]) == 1
    assert "1 ended" in here.run("revoke")
    assert here.server.alert(press) == "certificate_revoked"
    assert looker.post(LOOKUP, json=found).json()["entries"] == []
    here.run("reissue")
    assert here.serves(press)


def rewriting(server) -> str:
    return server.redis().config_get("auto-aof-rewrite-percentage")["auto-aof-rewrite-percentage"]


def as_elsewhere(archive: Path) -> None:
    """The user has another number on that machine, and the archive's name for it means nobody here."""
    with tempfile.TemporaryDirectory(prefix="qv-archive-") as folder:
        subprocess.run(["tar", "-C", folder, "-xf", archive], check=True, timeout=20)
        subprocess.run(["tar", "-C", folder, "--owner=elsewhere:4711", "--group=elsewhere:4711", "-cf", archive,
                        *os.listdir(folder)], check=True, timeout=20)


def test_a_back_up_that_fails_leaves_redis_as_it_was(stage):
    here = stage()
    before = rewriting(here.server)
    assert before != "0"
    here.command("tar", "echo no room >&2; exit 2")
    assert "no room" in here.run("back-up", status=2)
    assert rewriting(here.server) == before


@pytest.mark.parametrize("crl", [["tls/cloud-ca.crl"], []])
def test_back_up_and_restore_elsewhere(stage, crl):
    """What was registered before the backup is on the other machine; what came later is not."""
    here = stage(tls={**TLS, "crl": crl})
    assert (here.server.data_directory / "crl-seen.json").exists() == bool(crl)
    rewritten = rewriting(here.server)
    other = here.identity("other")
    register(here.server.client(other), "before")
    here.run("back-up")
    assert rewriting(here.server) == rewritten
    register(here.server.client(other), "after")
    here.server.stop()

    there = stage(tls={**TLS, "crl": crl})
    register(there.server.client(there.identity("other")), "elsewhere")
    there.server.stop()
    for part in ("tls", "quiver-data.tar"):
        target = there.server.directory / part
        shutil.rmtree(target, ignore_errors=True)
        (shutil.copytree if part == "tls" else shutil.copy)(here.server.directory / part, target)
    as_elsewhere(there.server.directory / "quiver-data.tar")
    there.give(there.server.directory / "tls", *(there.server.directory / "tls").iterdir())
    there.server.pki.ca = here.server.pki.ca
    there.start()
    assert '"status":"ready"' in there.run("restore")
    looker = there.server.client(other)
    names = {entry["serviceDefinition"]["name"]
             for entry in looker.post(LOOKUP, json={"providerNames": ["other"]}).json()["entries"]}
    assert names == {"before"}
    register(looker, "again")
    assert (there.server.data_directory / "appendonlydir.before").is_dir()
    before = int(head(there.server)["revision"])
    there.run("upgrade")
    assert int(head(there.server)["revision"]) >= before


def test_an_external_redis_is_restored_while_quiver_runs(stage, redis_server, free_port):
    """The history breaks, the epoch rises, and the view is what was restored."""
    redis = redis_server(port=free_port())
    here = stage(store={"redis": redis.url})
    client = here.server.client(here.identity("other"))
    register(client, "before")
    backup = redis.directory / "backup"
    shutil.copytree(redis.directory / "appendonlydir", backup)
    register(client, "after")
    redis.kill()
    shutil.rmtree(redis.directory / "appendonlydir")
    backup.rename(redis.directory / "appendonlydir")
    mark = here.server.mark()
    redis.start()
    here.server.wait_log("history broken", since=mark)
    here.server.wait_log("view loaded", since=mark, epoch=2)
    found = {"serviceDefinitionNames": ["after", "before"]}
    wait_until(lambda: len(client.post(LOOKUP, json=found).json()["entries"]) == 1, "the restored view")


def test_each_alert_has_a_row():
    rules = yaml.safe_load((ROOT / "docs/monitoring/rules.yaml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    rows = set(re.findall(r"^\| `(Quiver\w+)` \|", PAGE.path.read_text(), re.M))
    assert alerts and rows == alerts


def test_each_block_is_tried():
    """No step of the page goes untried."""
    assert tried_in(Path(__file__)) == set(PAGE.blocks)

"""Configurations that are refused, by `quiver serve` and `quiver check` with the same words.

Each fault is one line with the file, its line, the key and what is wrong; several are told at once;
nothing that this version cannot honour is accepted, nothing is started, no secret is shown.
"""

import datetime
import os
import re
import shutil
import socket
import subprocess

import pytest

from harness.pki import Pki

LINES = """\
listeners:
  - name: secure
    address: 127.0.0.1
    port: 0
    tls: mutual
    serve: [arrowhead]
  - {name: ops, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}
tls:
  certificate: %(pki)s/registry.crt
  private_key: %(pki)s/registry.key
  trust: [%(pki)s/cloud-ca.crt]
  crl: [%(pki)s/cloud-ca.crl]
store:
  data_directory: %(here)s/data
"""


class Text:
    """The configuration above with lines replaced, removed or added, and where its faults must be."""

    def __init__(self, pki, folder):
        self.folder = folder
        self.path = folder / "quiver.yaml"
        self.lines = (LINES % {"pki": pki.directory, "here": folder}).splitlines()

    def number_of(self, text):
        found = [number for number, line in enumerate(self.lines, 1) if text in line]
        assert len(found) == 1, f"{text}: lines {found}"
        return found[0]

    def replace(self, text, by):
        number = self.number_of(text)
        self.lines[number - 1] = self.lines[number - 1].replace(text, by)
        return number

    def add(self, text):
        """Adds lines at the end; gives the number of the last."""
        self.lines += text.splitlines()
        return len(self.lines)

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        return self.path


@pytest.fixture
def text(pki, tmp_path):
    return Text(pki, tmp_path)


def refuse(quiver, path, *wanted, status=1):
    """Both commands refuse with the same lines; each wanted expression is on one of them."""
    checked = quiver.command("check", "--config", path)
    served = quiver.command("serve", "--config", path, timeout=30)
    assert (checked.status, served.status) == (status, status), checked.output + served.output
    for said in (checked.output, served.output):
        for expression in wanted:
            assert re.search(expression, said), f"{expression} not in:\n{said}"
    assert sorted(checked.output.splitlines()) == sorted(served.output.splitlines())
    return checked.output


def test_the_base_is_fine(quiver, text):
    checked = quiver.command("check", "--config", text.write())
    assert checked.status == 0, checked.output
    assert not (text.folder / "data").exists(), "a check starts and makes nothing"


ADDED = {
    # settings of later versions: refused by name
    "registry:\n  page_size_max: 10": "registry.page_size_max",
    "chap:\n  ttl: 0s": "chap.ttl",
    "chap:\n  keys: secret": "chap.keys",
    "chap:\n  mirror: embedded": "chap.mirror",
    "chap:\n  public_url: registry.example": "chap.public_url",
    "chap:\n  hosts: ['a b']": "chap.hosts",
    "chap:\n  secret: x": "chap.secret",
    "  redis: rediss://127.0.0.1:6379": "store.redis",
    "  redis: sentinel://127.0.0.1:26379": "store.redis",
    # unknown keys
    "metrics:\n  port: 1": "metrics",
    "Store:\n  timeout: 2s": "Store",
    "  time_out: 2s": "store.time_out",
    "limits:\n  bodies: 1KiB": "limits.bodies",
    "log:\n  colour: true": "log.colour",
    # wrong types and ranges
    "cloud:\n  dialect: '6.0'": "cloud.dialect",
    "cloud:\n  name: testcloud": "cloud.name",
    "  timeout: soon": "store.timeout",
    "  timeout: 0s": "store.timeout",
    "  timeout: -1s": "store.timeout",
    "  timeout: 2": "store.timeout",
    "  timeout: [2s]": "store.timeout",
    "  timeout:": "store.timeout",
    "  journal_max: 0": "store.journal_max",
    "  journal_max: many": "store.journal_max",
    "  journal_max: 1.5": "store.journal_max",
    "  redis: http://127.0.0.1": "store.redis",
    "  redis: redis://": "store.redis",
    "  redis: redis://127.0.0.1:99999": "store.redis",
    "  redis: unix://relative": "store.redis",
    "limits:\n  body: 1": "limits.body",
    "limits:\n  body: 256KB of text": "limits.body",
    "limits:\n  body: 99999999999999999999": "limits.body",
    "limits:\n  json_depth: 1000000": "limits.json_depth",
    "limits:\n  connections: 0": "limits.connections",
    "limits:\n  workers: -1": "limits.workers",
    "limits: 5": "limits",
    "limits: [1]": "limits",
    "log:\n  level: loud": "log.level",
    "log:\n  format: xml": "log.format",
    "registry:\n  verbose: maybe": "registry.verbose",
    "registry:\n  discovery: closed": "registry.discovery",
    "registry:\n  interface_policy: closed": "registry.interface_policy",
    "registry:\n  normalization: none": "registry.normalization",
    "registry:\n  advertise: {address: -a}": "registry.advertise.address",
    "registry:\n  advertise: {port: 0}": "registry.advertise.port",
    "identity:\n  blacklist: {mode: on}": "identity.blacklist.mode",
    "identity:\n  blacklist: {url: http://10.0.0.1/check}": "identity.blacklist.url",
    "identity:\n  authentication_system: {url: auth}": "identity.authentication_system.url",
    "identity:\n  authentication_system: {keep: 1h}": "identity.authentication_system.keep",
    "registry:\n  provider_registration: sometimes": "registry.provider_registration",
    "registry:\n  address_alias: address": "registry.address_alias",
    # given twice
    "tls:\n  certificate: x": "tls",
    "  data_directory: elsewhere": "store.data_directory",
}


@pytest.mark.parametrize("lines", ADDED)
def test_added(quiver, text, lines):
    number = text.add(lines)
    key = re.escape(ADDED[lines])
    first = number - lines.count("\n")
    where = "|".join(str(line) for line in range(first, number + 1))
    refuse(quiver, text.write(), rf"(?m)^{re.escape(str(text.path))}:({where}): {key}\b.*\w")


REPLACED = {
    "tls-off": ("tls: mutual", "tls: off", "declared|mutual"),
    "tls-word": ("tls: mutual", "tls: sometimes", "tls"),
    "serve-nothing": ("serve: [arrowhead]", "serve: []", "serve"),
    "serve-chap-too": ("serve: [arrowhead]", "serve: [arrowhead, chap]", "chap"),
    "chap-declared": (
        "serve: [arrowhead]",
        "serve: [chap]\n    authentication: declared",
        "chap.authentication",
    ),
    "serve-unknown": ("serve: [arrowhead]", "serve: [everything]", "serve"),
    "serve-no-list": ("serve: [arrowhead]", "serve: arrowhead", "serve"),
    "port-high": ("    port: 0", "    port: 65536", "port"),
    "port-negative": ("    port: 0", "    port: -1", "port"),
    "port-word": ("    port: 0", "    port: https", "port"),
    "port-missing": ("    port: 0", "    # no port", "port"),
    "address-name": ("    address: 127.0.0.1", "    address: localhost", "address"),
    "address-wrong": ("    address: 127.0.0.1", "    address: 1.2.3", "address"),
    "name-twice": ("name: secure", "name: ops", "name"),
    "name-odd": ("name: secure", "name: 'a b'", "name"),
    "unknown": ("    port: 0", "    port: 0\n    ports: 1", "ports"),
    "declared-on-mutual": (
        "tls: mutual",
        "tls: mutual\n    authentication: declared",
        "authentication",
    ),
    "outsourced": ("tls: mutual", "tls: mutual\n    authentication: outsourced", "authentication"),
    "none": ("tls: mutual", "tls: mutual\n    authentication: none", "authentication"),
    "ops-beyond-loopback": (
        "name: ops, address: 127.0.0.1",
        "name: ops, address: 0.0.0.0",
        "allow_plaintext",
    ),
    "no-trust": ("  trust: [", "  # trust: [", "tls.trust"),
    "no-key": ("  private_key:", "  # private_key:", "tls.private_key"),
    "no-certificate": ("  certificate:", "  # certificate:", "tls.certificate"),
    "ticket-key": ("  crl: [", "  ticket_key: x\n  crl: [", "tls.ticket_key"),
    "tab": ("  certificate:", "\tcertificate:", ""),
    "unclosed": ("serve: [arrowhead]", "serve: [arrowhead", ""),
}


@pytest.mark.parametrize("name", REPLACED)
def test_replaced(quiver, text, name):
    old, new, word = REPLACED[name]
    text.replace(old, new)
    refuse(quiver, text.write(), rf"(?m)^{re.escape(str(text.path))}:\d+: .*{word}")


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.1", "'::'"])
def test_plaintext_beyond_loopback(quiver, text, address):
    """Allowed by name, or not at all."""
    text.replace("    address: 127.0.0.1", f"    address: {address}")
    text.replace("tls: mutual", "tls: off\n    authentication: declared")
    refuse(quiver, text.write(), rf"(?m)^{re.escape(str(text.path))}:\d+: .*allow_plaintext")
    text.lines.insert(text.number_of("name: secure"), "    allow_plaintext: true")
    text.add("cloud:\n  name: testcloud.company.arrowhead.eu")
    assert quiver.command("check", "--config", text.write()).status == 0


def test_service_keys(quiver, text):
    """A file of keys is told of like certificates: by its name and line, without a key."""
    text.replace("serve: [arrowhead]", "serve: [chap]")
    text.add("chap:\n  keys: {file: service-keys}")
    keys = text.folder / "service-keys"
    refuse(quiver, text.write(), rf"(?m)^{re.escape(str(keys))}: No such file")
    keys.write_text("hunter2\n# again\nhunter2\n")
    keys.chmod(0o640)
    assert "hunter" not in refuse(quiver, text.path, rf"(?m)^{re.escape(str(keys))}: .*chmod 600")
    keys.chmod(0o600)
    assert "hunter" not in refuse(quiver, text.path, rf"(?m)^{re.escape(str(keys))}:3: .*given")
    keys.write_text("# none\n")
    checked = quiver.command("check", "--config", text.path)
    assert checked.status == 0 and "warning: there is no service key" in checked.output
    keys.write_text("hunter2\n")
    checked = quiver.command("check", "--config", text.path)
    assert checked.status == 0 and "warning" not in checked.output, checked.output


def test_the_definition_of_chap_services(quiver, text):
    text.add("chap:\n  definition: ml_service")
    refuse(quiver, text.write(), rf"(?m)^{re.escape(str(text.path))}: chap.definition: ")


def test_same_port_twice(quiver, text):
    text.replace("    port: 0", "    port: 18443")
    text.replace(
        "name: ops, address: 127.0.0.1, port: 0", "name: ops, address: 127.0.0.1, port: 18443"
    )
    refuse(quiver, text.write(), r":\d+: .*18443")


def test_no_listener(quiver, text):
    text.lines = ["cloud:", "  name: testcloud.company.arrowhead.eu", "listeners: []"]
    refuse(quiver, text.write(), r"quiver.yaml:3: listeners\b")
    text.lines = text.lines[:2]
    refuse(quiver, text.write(), r"quiver.yaml(:\d+)?: listeners\b")


def test_no_cloud_without_tls(quiver, text):
    text.lines = [
        "listeners:",
        "  - {name: ops, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}",
    ]
    refuse(quiver, text.write(), r"quiver.yaml:\d+: cloud.name\b")


def test_all_faults_at_once(quiver, text):
    wanted = [
        (text.add("limits:\n  body: 1"), "limits.body"),
        (text.add("log:\n  level: loud"), "log.level"),
        (text.add("chap:\n  ttl: 0s"), "chap.ttl"),
        (text.replace("tls: mutual", "tls: sometimes"), "tls"),
    ]
    said = refuse(quiver, text.write())
    for number, key in wanted:
        assert re.search(
            rf"(?m)^{re.escape(str(text.path))}:({number}|{number + 1}): .*{key}", said
        ), said


@pytest.mark.parametrize(
    "kind", ["missing", "folder", "empty", "binary", "huge", "list", "aliases"]
)
def test_the_file_itself(quiver, tmp_path, kind):
    path = tmp_path / "quiver.yaml"
    contents = {
        "empty": b"",
        "binary": bytes(range(256)),
        "huge": b"# " + b"x" * 100_000_000,
        "list": b"- a\n- b\n",
        "aliases": b"a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" * 3,
    }
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(contents[kind])
    refuse(quiver, path, re.escape(str(path)))


def test_a_password_is_not_shown(quiver, text):
    text.add("  redis: redis://user:top-secret-word@127.0.0.1:99999/0")
    said = refuse(quiver, text.write(), r"store.redis")
    assert "top-secret-word" not in said
    text.lines[-1] = "  redis: [redis://user:top-secret-word@127.0.0.1]"
    assert "top-secret-word" not in refuse(quiver, text.write(), r"store.redis")


# ---- the files that it names ---------------------------------------------------------------------


@pytest.fixture
def copied(pki, tmp_path):
    """A configuration whose TLS files are the test's own copies."""
    own = tmp_path / "pki"
    own.mkdir()
    for name in ("registry.crt", "registry.key", "cloud-ca.crt", "cloud-ca.crl"):
        shutil.copy(pki.directory / name, own / name)
    made = Text(pki, tmp_path)
    made.lines = [line.replace(str(pki.directory), str(own)) for line in made.lines]
    made.own = own
    return made


TLS_FILES = ["registry.crt", "registry.key", "cloud-ca.crt", "cloud-ca.crl"]


@pytest.mark.parametrize("name", TLS_FILES)
@pytest.mark.parametrize("fault", ["missing", "empty", "garbage", "folder", "cut"])
def test_tls_file(quiver, copied, name, fault):
    path = copied.own / name
    whole = path.read_bytes()
    path.unlink()
    if fault == "folder":
        path.mkdir()
    elif fault != "missing":
        path.touch(mode=0o600)
        path.write_bytes(
            {"empty": b"", "garbage": b"x" * 1000, "cut": whole[: len(whole) // 2]}[fault]
        )
    said = refuse(quiver, copied.write(), re.escape(str(path)))
    assert "PRIVATE KEY-----" not in said


def test_key_of_another_certificate(quiver, copied, pki):
    shutil.copy(pki.issue("consumer").key, copied.own / "registry.key")
    refuse(quiver, copied.write(), r"registry\.(key|crt).*")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_key_that_others_can_read(quiver, copied, mode):
    os.chmod(copied.own / "registry.key", mode)
    refuse(quiver, copied.write(), r"registry\.key.*chmod 600")


def test_key_that_cannot_be_read(quiver, copied):
    """Root reads everything, so a link to nowhere stands for it."""
    (copied.own / "registry.key").unlink()
    (copied.own / "registry.key").symlink_to(copied.own / "nowhere.key")
    refuse(quiver, copied.write(), r"registry\.key")


def test_encrypted_key(quiver, copied):
    key = copied.own / "registry.key"
    plain = key.rename(copied.own / "plain.key")
    subprocess.run(
        ["openssl", "pkey", "-in", plain, "-aes256", "-passout", "env:WORD", "-out", key],
        env={**os.environ, "WORD": "four words of secret"},
        check=True,
        timeout=20,
    )
    os.chmod(key, 0o600)
    said = refuse(quiver, copied.write(), r"registry\.key.*(encrypt|password)")
    assert "four words" not in said


OWN = {
    "expired": {"not_before": -20, "not_after": -10},
    "early": {"not_before": 10, "not_after": 20},
    "operator": {"qualifier": "op"},
    "device": {"qualifier": "de"},
    "no-qualifier": {"qualifier": None},
    "four-parts": {"cn": "testcloud.company.arrowhead.eu"},
    "clients-only": {"purposes": ("client",)},
    "self-signed": {"issuer": "self"},
}


@pytest.mark.parametrize("name", OWN)
def test_own_certificate(quiver, copied, pki, name):
    options = dict(OWN[name])
    now = datetime.datetime.now(datetime.timezone.utc)
    for end in ("not_before", "not_after"):
        if end in options:
            options[end] = now + datetime.timedelta(days=options[end])
    made = pki.craft("serviceregistry", file=f"own-{name}", **options)
    shutil.copy(made.crt, copied.own / "registry.crt")
    shutil.copy(made.key, copied.own / "registry.key")
    refuse(quiver, copied.write(), r"registry\.crt")


def test_crl_of_another_ca(quiver, copied, tmp_path):
    other = Pki(tmp_path / "same-name")
    shutil.copy(other.crl, copied.own / "cloud-ca.crl")
    refuse(quiver, copied.write(), r"cloud-ca\.crl")


def test_cloud_name_that_is_not_the_certificates(quiver, text):
    text.add("cloud:\n  name: othercloud.company.arrowhead.eu")
    refuse(quiver, text.write(), r"othercloud\.company")


# ---- what only a start can find ------------------------------------------------------------------


@pytest.mark.parametrize("listener", ["secure", "ops"])
def test_port_in_use(quiver, listener):
    """One line that names the address, the port and what to do; nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = quiver.prepare()
        for entry in server.config["listeners"]:
            if entry["name"] == listener:
                entry["port"] = port
        server.write_config()
        finished = quiver.command("serve", "--config", server.config_path)
        assert finished.status == 1
        lines = [line for line in finished.output.splitlines() if str(port) in line]
        assert len(lines) == 1 and "127.0.0.1" in lines[0], finished.output
        server.assert_nothing_left()
    assert quiver.command("check", "--config", server.config_path).status == 0


def test_address_of_another_machine(quiver, text):
    text.replace("    address: 127.0.0.1", "    address: 192.0.2.1")
    finished = quiver.command("serve", "--config", text.write())
    assert finished.status == 1 and "192.0.2.1" in finished.output


def test_port_of_another_quiver(quiver):
    first = quiver.start()
    port = first.listeners["secure"][1]
    second = quiver.prepare()
    second.config["listeners"][0]["port"] = port
    second.write_config()
    finished = quiver.command("serve", "--config", second.config_path)
    assert finished.status == 1 and str(port) in finished.output
    assert first.client("consumer").get("/serviceregistry/monitor/echo").status_code == 200


def test_relative_paths_start_at_the_file(quiver, text, pki):
    """Wherever the program is started from."""
    shutil.copytree(pki.directory, text.folder / "certs", ignore=shutil.ignore_patterns(".lock"))
    text.lines = [
        line.replace(str(pki.directory), "certs").replace(f"{text.folder}/data", "data")
        for line in text.lines
    ]
    assert quiver.command("check", "--config", text.write()).status == 0

"""The program's commands: help, version, wrong usage, `check`, `reload`, and `certificate`, which says who
a file is. More of `policy` and `audit` is in test_policy_command.py and test_audit_verify.py.

Exit status: 0 all is well, 1 it is not, 2 wrong usage. What is asked for goes to standard output, what
is wrong to standard error.
"""

import json
import os
import pty
import re
import select
import socket
import stat
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness import ROOT
from harness.shared import start_shared  # noqa: F401
from harness.pki import Pki
from harness.process import wait_until
from harness.server import quiver_command, server_environment

COMMANDS = ["serve", "check", "reload", "policy", "audit", "certificate"]
OF_A_CONFIGURATION = [command for command in COMMANDS if command != "audit"]


def run(*arguments, **options):
    return subprocess.run(
        quiver_command(*arguments),
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        **options,
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(option):
    done = run(option)
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"(?m)^\s+{command}\s+\w", done.stdout), done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each(command):
    for option in ("--help", "-h"):
        done = run(command, option)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"quiver {command}" in done.stdout and "exit status: " in done.stdout
        assert ("--config" in done.stdout) == (command in OF_A_CONFIGURATION)
        assert all(len(line) <= 100 for line in done.stdout.splitlines())


def test_version():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"quiver \d+\.\d+\.\d+\n", done.stdout)


WRONG = [
    [],
    ["nonsense"],
    ["--nonsense"],
    ["serve"],
    ["check"],
    ["certificate"],
    ["reload"],
    ["serve", "--config"],
    ["serve", "--nonsense"],
    ["serve", "--config", "a", "more"],
    ["check", "file.yaml"],
    ["certificate", "a", "b"],
    ["certificate", "--nonsense"],
    ["reload", "--config"],
    ["reload", "--config", "a", "more"],
    ["reload", "--nonsense"],
    ["check", "--json"],
    ["policy"],
    ["policy", "nonsense"],
    ["policy", "operations", "more"],
    ["policy", "explain"],
    ["policy", "explain", "--nonsense"],
    ["policy", "test", "tests.yaml"],
    ["policy", "test", "--config", "a"],
    ["audit"],
    ["audit", "nonsense"],
    ["audit", "verify"],
    ["audit", "verify", "--nonsense"],
    ["audit", "verify", "--anchor"],
    ["audit", "verify", "--anchor", "0123", "audit.log"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "quiver" in done.stderr
    for word in arguments[-1:]:
        assert not word.startswith("--") or word in done.stderr


def test_check_says_that_all_is_well(quiver):
    server = quiver.prepare()
    done = run("check", "--config", server.config_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "testcloud.company.arrowhead.eu" in done.stdout


def test_check_of_the_shipped_policy(quiver):
    """The policy that config/quiver.yaml names."""
    server = quiver.prepare(authorization={"policy": str(ROOT / "config/policy.yaml")})
    done = run("check", "--config", server.config_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_check_warns_of_what_ends_soon(quiver, new_pki):
    """In six days the own certificate ends: fine today, but said."""
    cloud = new_pki()
    cloud.renew("registry", "--days", 6)
    server = quiver.prepare(pki=cloud)
    done = run("check", "--config", server.config_path)
    assert done.returncode == 0 and "is fine" in done.stdout
    assert re.search(r"(?m)^warning: .*registry\.crt: .* ends on \d{4}-", done.stderr), done.stderr


# ---- reload --------------------------------------------------------------------------------------


def reload(server, *options):
    return run("reload", "--config", server.config_path, *options)


def test_reload_says_what_came_of_it(quiver):
    server = quiver.start()
    client = server.client("consumer")
    assert client.get("/serviceregistry/monitor/echo").status_code == 200
    done = reload(server)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "configuration     renewed",
        "own certificate   renewed",
        "CAs and CRLs      renewed",
        "connections       1 kept, 0 ended",
    ]
    told = json.loads(reload(server, "--json").stdout)
    assert told["good"] is True and told["generation"] > 1
    assert told["connections"] == {"kept": 1, "ended": 0}
    entry = server.wait_log("reloaded", trigger="command", generation=told["generation"])
    assert (entry["kept"], entry["ended"]) == (1, 0)
    assert client.get("/serviceregistry/monitor/echo").status_code == 200


def test_reload_says_why_something_old_stays(quiver):
    """A setting that needs a restart, and a file that is wrong: exit status 1, and what is right is
    in force."""
    server = quiver.start(store={"timeout": "2s"})
    server.write_config(store={"timeout": "3s"}, log={"level": "debug"})
    done = reload(server)
    assert done.returncode == 1
    assert "restart needed    store.timeout" in done.stdout.splitlines()
    assert server.ops.get("/health/ready").json()["reasons"] == ["restart needed: store.timeout"]

    server.write_config(store={"timeout": "2s", "nonsense": 1})
    done = reload(server)
    assert done.returncode == 1
    assert re.search(r"(?m)^configuration     kept: .*quiver\.yaml:\d+: store\.nonsense: ", done.stdout)
    assert "CAs and CRLs      renewed" in done.stdout
    failed = server.wait_log("reload failed", part="configuration", trigger="command")
    assert "store.nonsense" in failed["reason"]
    ready = server.ops.get("/health/ready").json()
    assert any(reason.startswith("configuration: ") for reason in ready["reasons"])

    server.write_config(store={"nonsense": None})
    assert reload(server).returncode == 0
    assert server.ops.get("/health/ready").json() == {"status": "ready", "reasons": []}


def test_reload_without_a_running_one(quiver):
    server = quiver.prepare()
    done = reload(server)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(server.data_directory) in done.stderr and "quiver serve" in done.stderr
    server.start()
    server.stop()
    done = reload(server)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{server.data_directory}/control.sock" in done.stderr
    missing = run("reload", "--config", "/no/such/file")
    assert missing.returncode == 1 and "/no/such/file" in missing.stderr


def test_reload_after_a_kill(quiver):
    """What a killed Quiver left behind is no hindrance."""
    server = quiver.start()
    server.kill()
    assert (server.data_directory / "control.sock").exists()
    assert reload(server).returncode == 1
    server.start()
    assert reload(server).returncode == 0


def test_the_control_socket_is_the_owners_alone(quiver, redis_server):
    """Also where Redis is somebody else's, and however long the path is."""
    directory = "/".join(["d", "x" * 120])
    server = quiver.prepare(redis=redis_server(), store={"data_directory": directory})
    (server.directory / "d").mkdir()
    server.start()
    found = server.directory / directory / "control.sock"
    assert stat.S_ISSOCK(found.stat().st_mode) and stat.S_IMODE(found.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    assert reload(server).returncode == 0


def talk(server, request, wait=True):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(server.data_directory / "control.sock"))
        connection.sendall(request)
        return connection.makefile("rb").read() if wait else None


def test_the_control_socket_takes_anything(quiver):
    """Nonsense gets an error, silence is dropped, and nobody is held up by either."""
    server = quiver.start()
    for request in (b"\n", b"reload\n", b'{"do":"dance"}\n', b"x" * 4097):
        assert list(json.loads(talk(server, request))) == ["error"], request
    talk(server, b'{"do":"reload"}', wait=False)
    silent = [socket.socket(socket.AF_UNIX) for _ in range(10)]
    for connection in silent:
        connection.settimeout(30)
        connection.connect(str(server.data_directory / "control.sock"))
    assert reload(server).returncode == 0, "it waits for a place, not for ever"
    for connection in silent:
        connection.close()


# ---- certificate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("profile, word", [("system", "system"), ("operator", "operator")])
def test_certificate(pki, profile, word):
    certificate = pki.issue(f"shown-{profile}", profile)
    done = run("certificate", certificate.crt)
    assert done.returncode == 0, done.stderr
    said = done.stdout.lower()
    assert f"shown-{profile}" in said and "testcloud.company.arrowhead.eu" in said
    assert re.search(rf"\b({word}|{'sy' if profile == 'system' else 'op'})\b", said), said


def test_certificate_in_der(pki, tmp_path):
    path = tmp_path / "one.der"
    path.write_bytes(pki.issue("shown-system").load().public_bytes(serialization.Encoding.DER))
    done = run("certificate", path)
    assert done.returncode == 0 and "shown-system" in done.stdout


NOBODY = {
    "device": lambda pki: pki.issue("shown-device", "device"),
    "no-qualifier": lambda pki: pki.craft("shown-none", qualifier=None),
    "four-parts": lambda pki: pki.craft("shown-four", cn="a.b.c.d"),
    "cloud-ca": lambda pki: type(pki.registry)("ca", pki.ca, pki.ca, pki.ca),
}


@pytest.mark.parametrize("name", NOBODY)
def test_certificate_without_identity(pki, name):
    done = run("certificate", NOBODY[name](pki).crt)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("kind", ["missing", "empty", "garbage", "key", "folder"])
def test_certificate_that_is_none(pki, tmp_path, kind):
    path = tmp_path / "file"
    if kind == "folder":
        path.mkdir()
    elif kind == "key":
        path.write_bytes(pki.issue("shown-system").key.read_bytes())
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else bytes(range(256)))
    done = run("certificate", path)
    assert done.returncode == 1
    assert str(path) in done.stderr
    if kind == "key":
        assert "-----" not in done.stderr + done.stdout


@pytest.fixture(scope="module")
def judged(start_shared, short_folder):
    """A cloud of this file's own, a running server of it, and who is refused there and why."""
    cloud = Pki(short_folder / "command-line")
    cloud.issue("shown-revoked")
    cloud.revoke("shown-revoked")
    other = Pki(short_folder / "command-line-other", "othercloud", "company")
    server = start_shared(pki=cloud)
    people = {
        "consumer": (cloud.issue("consumer"), None),
        "sysop": (cloud.issue("sysop", "operator"), None),
        "revoked": (cloud.issue("shown-revoked"), "revoked"),
        "no-eku": (cloud.craft("shown-no-eku", purposes=None), ""),
        "self-signed": (cloud.craft("shown-self", issuer="self"), ""),
        "other-ca": (other.issue("consumer"), ""),
        "foreign": (
            cloud.craft("shown-foreign", cn="a.othercloud.company.arrowhead.eu"),
            "othercloud",
        ),
        "device": (cloud.issue("shown-device", "device"), "DEVICE|device"),
    }
    return server, people


PEOPLE = ["consumer", "sysop", "revoked", "no-eku", "self-signed", "other-ca", "foreign", "device"]


@pytest.mark.parametrize("name", PEOPLE)
def test_certificate_is_judged_as_the_server_would(judged, name):
    """With a configuration also chain, CRLs and cloud count; the server agrees."""
    server, people = judged
    certificate, reason = people[name]
    done = run("certificate", certificate.crt, "--config", server.config_path)
    said = done.stdout + done.stderr
    served = server.alert(certificate) is None
    if served:
        with server.server.client(certificate) as client:
            served = client.get("/serviceregistry/monitor/echo").status_code == 200
    assert (done.returncode == 0) == served == (reason is None), said
    if reason:
        assert re.search(reason, said), said


def test_the_leaf_is_shown_not_what_follows(pki):
    """Files hold leaf and CA: the identity is the leaf's."""
    certificate = pki.issue("shown-system")
    certificates = x509.load_pem_x509_certificates(certificate.crt.read_bytes())
    assert len(certificates) == 2
    assert "shown-system" in run("certificate", certificate.crt).stdout


# ---- the log -------------------------------------------------------------------------------------


def test_log_of_a_pipe_is_json(quiver):
    """One object a line, each with time, level and event."""
    server = quiver.start()
    server.client("consumer").get("/serviceregistry/monitor/echo")
    server.stop()
    entries = server.log
    assert len(entries) == len([line for line in server.process.lines if line.strip()])
    for entry in entries:
        assert list(entry)[:3] == ["time", "level", "event"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
        assert entry["level"] in ("debug", "info", "warning", "error")


def test_log_as_text(quiver):
    server = quiver.prepare(log={"format": "text"}).launch()
    line = server.process.wait_line(lambda line: "listening" in line and line)
    assert not line.startswith("{") and "\x1b" not in line, "readable, without colours in a pipe"
    server.process.wait_line(lambda line: "ready" in line and line)


def test_log_of_a_terminal_is_for_people(quiver):
    """Coloured lines, without a word of JSON."""
    server = quiver.prepare()
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        quiver_command("serve", "--config", server.config_path),
        env=server.env,
        cwd=server.directory,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    said = b""
    try:
        while b"ready" not in said:
            said += read_before(leader, 20)
    finally:
        process.terminate()
        assert process.wait() == 0
        os.close(leader)
    assert b"\x1b[" in said
    assert not any(line.startswith(b"{") for line in said.splitlines())


def read_before(descriptor, timeout):
    assert select.select([descriptor], [], [], timeout)[0], f"nothing came for {timeout} s"
    return os.read(descriptor, 4096)


def test_log_level(quiver):
    server = quiver.prepare(log={"level": "error"}).launch()
    wait_until(lambda: server.redis_socket.exists(), "its Redis")
    server.stop()
    assert server.process.lines == []

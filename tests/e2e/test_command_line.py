"""The program's commands: help, version, wrong usage, and `certificate`, which says who a file is.

Exit status: 0 all is well, 1 it is not, 2 wrong usage. What is asked for goes to standard output, what
is wrong to standard error.
"""

import os
import pty
import re
import select
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness.extra_shared import start_shared  # noqa: F401
from harness.pki import Pki
from harness.process import Process, wait_until
from harness.server import quiver_command, server_environment

COMMANDS = ["serve", "check", "certificate"]


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
        assert f"quiver {command}" in done.stdout and "--config" in done.stdout
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
    ["serve", "--config"],
    ["serve", "--nonsense"],
    ["serve", "--config", "a", "more"],
    ["check", "file.yaml"],
    ["certificate", "a", "b"],
    ["certificate", "--nonsense"],
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
    server = quiver.prepare(log={"format": "text"})
    server.process = Process(
        quiver_command("serve", "--config", server.config_path),
        env=server.env,
        cwd=server.directory,
    )
    line = server.process.wait_line(lambda line: "listening" in line and line, timeout=20)
    assert not line.startswith("{") and "\x1b" not in line, "readable, without colours in a pipe"
    server.process.wait_line(lambda line: "ready" in line and line, timeout=20)


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
        assert process.wait(20) == 0
        os.close(leader)
    assert b"\x1b[" in said
    assert not any(line.startswith(b"{") for line in said.splitlines())


def read_before(descriptor, timeout):
    assert select.select([descriptor], [], [], timeout)[0], f"nothing came for {timeout} s"
    return os.read(descriptor, 4096)


def test_log_level(quiver):
    server = quiver.prepare(log={"level": "error"})
    server.process = Process(
        quiver_command("serve", "--config", server.config_path),
        env=server.env,
        cwd=server.directory,
    )
    wait_until(lambda: server.redis_socket.exists(), 20, "its Redis")
    server.stop()
    assert server.process.lines == []

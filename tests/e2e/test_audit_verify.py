"""The audit trail of a server that runs: its lines form a chain, which `quiver audit verify` checks,
across rotation too; what was altered shows. With `audit.required` no change is made that cannot be
written down.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness.livecloud import metric, readiness
from harness.process import wait_until
from harness.requests import LOOKUP, REGISTER, fresh, lookup_ids, register, registration, revoke
from harness.server import quiver_command, server_environment

ROOM = 1024 * 1024


def verify(*arguments):
    return subprocess.run(quiver_command("audit", "verify", *arguments), env=server_environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def lines_of(*files: Path) -> list[dict]:
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def trail(tmp_path):
    return tmp_path / "audit.log"


def some_changes(server, count=5):
    """Registers and revokes, and asks for what is refused: three lines a turn."""
    provider, other = server.client("provider"), server.client("other")
    for _ in range(count):
        found = register(provider, fresh("pressure"))["instanceId"]
        assert revoke(other, found) == 403
        assert revoke(provider, found) == 200


# ---- the chain -------------------------------------------------------------------------------------


def test_a_whole_trail(quiver, trail):
    server = quiver.start(audit={"file": str(trail)})
    some_changes(server)
    assert server.client("consumer").post(LOOKUP, json={"providerNames": ["x"]}).status_code == 200
    done = verify(trail)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"(?m)^lines +15 in 1 file: the chain holds$", done.stdout), done.stdout
    assert os.stat(trail).st_mode & 0o777 == 0o600
    verdicts = [line["verdict"] for line in lines_of(trail)]
    assert verdicts == ["allowed", "denied", "allowed"] * 5


def test_what_a_line_has(quiver, trail):
    server = quiver.start(audit={"file": str(trail)})
    some_changes(server, 1)
    made, refused, gone = lines_of(trail)
    for line in (made, refused, gone):
        assert line["cloud"] == "testcloud.company.arrowhead.eu" and line["profile"] == "system"
        assert line["listener"] == "secure" and re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"])
        assert line["duration_us"] >= 0 and line["generation"] >= 1
        assert line["object"].startswith("provider::pressure-") and line["fingerprint"] and line["serial"]
    assert (made["system"], made["operation"], made["status"]) == ("provider", "service.register", 201)
    assert (refused["system"], refused["operation"], refused["status"]) == ("other", "service.revoke", 403)
    assert (gone["system"], gone["operation"], gone["status"]) == ("provider", "service.revoke", 200)
    assert refused["rule"] == "providers publish their own" and "revision" not in refused
    assert re.fullmatch(r"\d+\.\d+", made["revision"]) and made["revision"] != gone["revision"]


ALTERATIONS = {
    "changed": lambda lines: lines[:4] + [lines[4].replace('"status":403', '"status":200')] + lines[5:],
    "removed": lambda lines: lines[:4] + lines[5:],
    "moved": lambda lines: lines[:4] + [lines[5], lines[4]] + lines[6:],
    "put in": lambda lines: lines[:4] + [lines[1]] + lines[4:],
}


@pytest.mark.parametrize("how", ALTERATIONS)
def test_an_alteration_shows(quiver, trail, how):
    """Where it is: at the line itself, or at the first that does not follow from it."""
    server = quiver.start(audit={"file": str(trail)})
    some_changes(server)
    server.stop()
    lines = trail.read_text().splitlines()
    altered = ALTERATIONS[how](lines)
    assert altered != lines
    trail.write_text("\n".join(altered) + "\n")
    done = verify(trail)
    assert done.returncode == 1 and done.stdout == ""
    assert re.search(rf"{re.escape(str(trail))}:[56]: ", done.stderr), done.stderr


def test_missing_lines_at_the_end_show_by_an_anchor(quiver, trail):
    """The hash that the log had when the trail was closed."""
    server = quiver.start(audit={"file": str(trail)})
    some_changes(server, 2)
    server.stop()
    anchor = server.wait_log("audit trail closed")["sha256"]
    assert verify("--anchor", anchor, trail).returncode == 0
    trail.write_text("\n".join(trail.read_text().splitlines()[:-1]) + "\n")
    assert verify(trail).returncode == 0
    done = verify("--anchor", anchor, trail)
    assert done.returncode == 1 and anchor in done.stderr


def test_it_goes_on_across_restarts(quiver, trail):
    """Killed or ended in order: the next line follows the last."""
    server = quiver.start(audit={"file": str(trail)})
    some_changes(server, 2)
    server.restart()
    some_changes(server, 2)
    server.restart(kill=True)
    some_changes(server, 2)
    done = verify(trail)
    assert done.returncode == 0 and " 18 in 1 file" in done.stdout, done.stdout + done.stderr


# ---- rotation --------------------------------------------------------------------------------------


def test_across_a_rotation(quiver, trail, tmp_path):
    """As logrotate does it: the file is moved, SIGHUP makes the next. Both are one chain."""
    server = quiver.start(audit={"file": str(trail)})
    old = tmp_path / "audit.log.1"
    some_changes(server, 3)
    os.rename(trail, old)
    some_changes(server, 1)  # still into the old file
    mark = server.mark()
    server.process.signal(signal.SIGHUP)
    server.wait_log("audit trail reopened", since=mark)
    server.wait_log("reloaded", since=mark, trigger="signal")
    some_changes(server, 2)
    assert (len(lines_of(old)), len(lines_of(trail))) == (12, 6)
    done = verify(old, trail)
    assert done.returncode == 0 and " 18 in 2 files: the chain holds" in done.stdout, done.stdout + done.stderr
    assert verify(trail, old).returncode == 1, "in the wrong order"
    alone = verify(trail)
    assert alone.returncode == 0 and "its link to the file before was not checked" in alone.stdout


def test_no_line_is_lost_in_rotations_under_load(quiver, trail, tmp_path):
    """Every answer has its line in one of the files."""
    server = quiver.start(audit={"file": str(trail)})
    files = []
    for number in range(8):
        some_changes(server, 2)
        files.append(tmp_path / f"audit.log.{number}")
        os.rename(trail, files[-1])
        mark = server.mark()
        server.process.signal(signal.SIGHUP)
        some_changes(server, 2)
        server.wait_log("audit trail reopened", since=mark)
    server.stop()
    done = verify(*files, trail)
    assert done.returncode == 0, done.stderr
    assert len(lines_of(*files, trail)) == 8 * 4 * 3


# ---- where it cannot be written --------------------------------------------------------------------


def refuse_start(quiver, path, *words, required=False):
    refused = quiver.refused(audit={"file": str(path), "required": required})
    assert refused.status == 1
    for word in ("audit.file", str(path), *words):
        assert word in refused.output, refused.output
    return refused


def test_a_start_without_its_folder_is_refused(quiver, tmp_path):
    """`quiver check` says so, too, and makes neither folder nor file."""
    path = tmp_path / "nowhere" / "audit.log"
    refuse_start(quiver, path, "No such file or directory")
    server = quiver.prepare(audit={"file": str(path)})
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1
    assert f"audit.file: {path.parent}: No such file or directory" in checked.output
    path.parent.mkdir()
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 0 and not path.exists()


def test_in_the_data_directory(quiver):
    """Which the first start makes, and the second must still take for Quiver's own."""
    server = quiver.prepare()
    trail = server.data_directory / "audit.log"
    server.write_config(audit={"file": "data/audit.log", "required": True})
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 0 and not server.data_directory.exists(), checked.output
    server.start()
    some_changes(server, 1)
    server.restart()
    some_changes(server, 1)
    assert verify(trail).returncode == 0 and len(lines_of(trail)) == 6


def test_a_start_on_what_is_no_trail_is_refused(quiver, tmp_path):
    path = tmp_path / "audit.log"
    path.write_text("something else\n")
    refuse_start(quiver, path)
    assert path.read_text() == "something else\n"
    refuse_start(quiver, tmp_path, "")
    server = quiver.prepare(audit={"file": str(tmp_path)})
    checked = quiver.command("check", "--config", server.config_path)
    assert checked.status == 1 and f"audit.file: {tmp_path}: is no regular file" in checked.output


def test_a_trail_of_another_quiver_is_refused(quiver, trail):
    server = quiver.start(audit={"file": str(trail)})
    refuse_start(quiver, trail, "another Quiver")
    some_changes(server, 1)
    assert verify(trail).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with little room, and a function that fills what is left of it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")

    def fill():
        with open(folder / "filler", "ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while filler.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    yield folder, fill
    subprocess.run(["umount", folder], check=True)


def try_to_register(client):
    return client.post(REGISTER, json=registration(fresh("pressure")))


def complaints(server) -> str:
    """What readiness says of the audit trail; empty: nothing."""
    reasons = readiness(server)["reasons"]
    return "\n".join(reason for reason in reasons if reason.startswith("audit trail: "))


def test_no_change_without_its_line(small_disk, quiver):
    """The disk runs full: what was promised room is written, then changes get 503 and nothing of them
    is stored, lookups go on, readiness tells it. With room it heals by itself, without a line missing."""
    folder, fill = small_disk
    trail = folder / "audit.log"
    server = quiver.start(audit={"file": str(trail), "required": True})
    client = server.client("provider")
    assert try_to_register(client).status_code == 201
    fill()
    answers = [try_to_register(client)]
    while answers[-1].status_code == 201 and len(answers) < 500:
        answers.append(try_to_register(client))
    refused = answers[-1]
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
    assert refused.json()["exceptionType"] == "EXTERNAL_SERVER_ERROR"
    assert "the audit trail cannot be written" in refused.json()["errorMessage"]
    assert all(answer.status_code == 201 for answer in answers[:-1])
    made = len(answers)  # the first one, and all but the last
    assert len(lookup_ids(client, providerNames=["provider"])) == made

    def told():
        assert try_to_register(client).status_code == 503
        said = complaints(server)
        return "no change is made without its line" in said and "changes without room" in said

    wait_until(told, "readiness that tells it, and that lines were lost")
    assert server.client("consumer").post(LOOKUP, json={"providerNames": ["x"]}).status_code == 200

    (folder / "filler").unlink()
    wait_until(lambda: try_to_register(client).status_code == 201, "changes again")
    made += 1
    assert len(lookup_ids(client, providerNames=["provider"])) == made
    server.stop()
    done = verify(trail)
    assert done.returncode == 0, done.stderr
    lines = lines_of(trail)
    assert sum(line["status"] == 201 for line in lines) == made
    assert sum(line.get("lost", 0) for line in lines) >= 1 and re.search(r"(?m)^lost ", done.stdout)


def test_without_required_changes_go_on(small_disk, quiver):
    """Lines are lost, and counted: by readiness, the trail itself and the check."""
    folder, fill = small_disk
    trail = folder / "audit.log"
    server = quiver.start(audit={"file": str(trail)})
    client = server.client("provider")
    fill()
    for _ in range(40):
        assert try_to_register(client).status_code == 201
    said = wait_until(lambda: complaints(server), "readiness that tells it")
    assert re.match(r"audit trail: \d+ lines? could not be written", said)
    lost = metric(server, "quiver_audit_lines_lost_total")
    assert lost >= 1
    assert metric(server, "quiver_audit_lines_written_total") + lost == 40
    (folder / "filler").unlink()
    assert try_to_register(client).status_code == 201
    server.stop()
    lines = lines_of(trail) if verify(trail).returncode == 0 else []
    assert sum(line.get("lost", 0) for line in lines) + len(lines) >= 41


def test_a_limit_of_the_files_size_ends_nobody(quiver, trail):
    """SIGXFSZ, whose default is to end the process."""
    server = quiver.prepare(audit={"file": str(trail), "required": True})
    server.start()
    client = server.client("provider")
    assert try_to_register(client).status_code == 201
    subprocess.run(["prlimit", "--pid", str(server.pid), f"--fsize={trail.stat().st_size}:"], check=True)
    answers = [try_to_register(client).status_code for _ in range(3)]
    assert answers[-1] == 503 and server.running
    subprocess.run(["prlimit", "--pid", str(server.pid), "--fsize=unlimited:"], check=True)
    wait_until(lambda: try_to_register(client).status_code == 201, "changes again")
    assert verify(trail).returncode == 0


def test_on_standard_output(quiver):
    """Beside the log, which goes to standard error; the harness reads both as one."""
    server = quiver.start(audit={"file": "stdout"})
    some_changes(server, 1)

    def written():
        return [json.loads(line) for line in server.process.lines if line.startswith('{"seq":')]

    lines = wait_until(lambda: len(written()) == 3 and written(), "the lines")
    assert [line["verdict"] for line in lines] == ["allowed", "denied", "allowed"]

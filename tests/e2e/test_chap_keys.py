"""Service keys: several at a time, changed without a restart, and never told.

Running services never read a new key, so an old and a new one overlap: the file has both, later the
old one is taken out, and when `quiver reload` returns it is refused. The log tells which key was last
used when; no key is in any log, answer, process list or audit line.
"""

import json
import os
import threading
from pathlib import Path

import pytest

from harness.chap import (VARIABLE, Caller, assert_detail, fresh_id, prepare_chap, secret, start_chap)
from harness.process import wait_until
from harness.server import quiver_binary


class KeyFile:
    """chap.keys.file of a server: replaced as a whole, readable by its owner alone."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, *lines: str, mode: int = 0o600) -> None:
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w",
                  encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        new.chmod(mode)
        new.rename(self.path)


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "service-keys")


def start_with(quiver, keys, key=None, **chap):
    return start_chap(quiver, key=key, chap={"keys": {"file": str(keys.path)}, **chap})


def refused(server, key) -> bool:
    answer = Caller(server, key).ping("none-such")
    assert answer.status_code in (401, 404), answer.text
    return answer.status_code == 401


def test_all_keys_are_good_and_the_variable_is_one_more(quiver, keys):
    old, new, third = secret(), secret(), secret()
    keys.write("# the models of the north", old, "", f"  {new}\t")
    server = start_with(quiver, keys, key=third)
    name = fresh_id()
    for key in (old, new, third):
        Caller(server, key).registered(name)
    for key in ("# the models of the north", f"{old}\n{new}", old[:-1], ""):
        assert refused(server, key.replace("\n", " "))


def test_a_reload_that_removes_one(quiver, keys):
    """The old one is refused as soon as `quiver reload` has returned, on connections of before too."""
    old, new = secret(), secret()
    keys.write(old)
    server = start_with(quiver, keys)
    with_old, with_new, name = Caller(server, old), Caller(server, new), fresh_id()
    with_old.registered(name)
    assert refused(server, new)
    keys.write(old, new)
    assert server.reload().returncode == 0
    assert with_old.pinged(name) and with_new.pinged(name)
    keys.write(new)
    assert server.reload().returncode == 0
    assert_detail(with_old.ping(name), 401, "Invalid service key")
    assert with_new.pinged(name)


def test_a_changed_file_is_noticed_by_itself(quiver, keys):
    old, new = secret(), secret()
    keys.write(old)
    server = start_with(quiver, keys)
    keys.write(new)
    wait_until(lambda: not refused(server, new), "the new key")
    assert refused(server, old)


@pytest.mark.concurrent
def test_no_request_falls_between_two_keys(quiver, keys):
    """While keys are rotated, whoever has one that stays is never refused; and after each reload has
    returned, whoever has one that went always is."""
    stays = secret()
    keys.write(stays)
    server = start_with(quiver, keys)
    name = fresh_id()
    Caller(server, stays).registered(name)
    stop, faults = threading.Event(), []

    def keep_pinging():
        caller = Caller(server, stays)
        while not stop.is_set():
            answer = caller.ping(name)
            if answer.status_code != 200:
                faults.append(answer.text)
                return

    threads = [threading.Thread(target=keep_pinging) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            goes = secret()
            keys.write(goes, stays)
            assert server.reload().returncode == 0
            assert not refused(server, goes)
            keys.write(stays)
            assert server.reload().returncode == 0
            assert refused(server, goes)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not faults


@pytest.mark.parametrize("fault", ["mode", "twice", "blank", "gone"])
def test_a_faulty_file_leaves_the_keys_as_they_were(quiver, keys, fault):
    """What is wrong is said with file and line, and without the key."""
    good, bad = secret(), secret()
    keys.write(good)
    server = start_with(quiver, keys)
    if fault == "gone":
        keys.path.unlink()
    else:
        lines = {"mode": [bad], "twice": [good, bad, bad], "blank": [good, f"{bad} {bad}"]}[fault]
        keys.write(*lines, mode=0o644 if fault == "mode" else 0o600)
    done = server.reload()
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert str(keys.path) in said and bad not in said and good not in said
    if fault in ("twice", "blank"):
        assert f"{keys.path}:{3 if fault == 'twice' else 2}" in said
    assert not refused(server, good) and refused(server, bad)
    assert bad not in server.process.text


@pytest.mark.parametrize("fault", ["mode", "twice"])
def test_no_start_with_a_faulty_file(quiver, keys, fault):
    key = secret()
    keys.write(key, key, mode=0o600) if fault == "twice" else keys.write(key, mode=0o640)
    prepared = prepare_chap(quiver, key=None, chap={"keys": {"file": str(keys.path)}})
    checked = quiver.command("check", "--config", prepared.config_path)
    assert checked.status == 1 and str(keys.path) in checked.output and key not in checked.output


def test_check_says_that_there_is_no_key(quiver, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    prepared = prepare_chap(quiver, key=None)
    checked = quiver.command("check", "--config", prepared.config_path)
    assert checked.status == 0 and "there is no service key" in checked.output


def test_another_variable_may_have_the_key(quiver):
    key, other = secret(), secret()
    server = start_chap(quiver, key=other, env={"MODELS_KEY": key}, chap={"keys": {"env": "MODELS_KEY"}})
    assert refused(server, other) and not refused(server, key)


# ---- told -------------------------------------------------------------------------------------------


def of_keys(server, since=0):
    return [entry for entry in server.log[since:] if entry["event"] == "service key"]


def test_the_log_says_when_each_was_last_used(quiver, keys):
    """At the start, and after each reload: the number, where it stands, and when; so an operator knows
    when an old one can go."""
    old, new = secret(), secret()
    keys.write(old, new)
    server = start_with(quiver, keys)
    first = {entry["where"]: entry for entry in of_keys(server)}
    assert set(first) == {f"{keys.path}:1", f"{keys.path}:2"}
    assert all(entry["last_used"] == "never" for entry in first.values())
    Caller(server, new).registered(fresh_id())
    used = server.wait_log("service key used")
    assert used["where"] == f"{keys.path}:2" and int(used["number"]) == 2
    since = len(server.log)
    assert server.reload().returncode == 0
    wait_until(lambda: len(of_keys(server, since)) == 2, "both keys in the log")
    told = {int(entry["number"]): entry["last_used"] for entry in of_keys(server, since)}
    assert told[1] == "never" and told[2].startswith("20") and told[2].endswith("Z")


def test_the_use_of_a_key_is_kept_when_its_line_moves(quiver, keys):
    old, new = secret(), secret()
    keys.write(old, new)
    server = start_with(quiver, keys)
    Caller(server, new).registered(fresh_id())
    keys.write(new)
    since = len(server.log)
    assert server.reload().returncode == 0
    wait_until(lambda: of_keys(server, since), "the key in the log")
    (entry,) = of_keys(server, since)
    assert entry["where"] == f"{keys.path}:1" and entry["last_used"] != "never"


def everything_said(server) -> str:
    """Log, answers of the ops listener, what Redis holds, the audit trail, arguments."""
    folder = Path(server.data_directory)
    files = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode("latin-1")
    ready = server.ops.get("/health/ready").text
    return "\n".join([server.process.text, arguments, ready, *files])


def test_no_key_is_told_anywhere(quiver, keys):
    """Good ones and wrong ones: whoever mistyped one wrote most of a secret."""
    good, in_variable, wrong = secret(), secret(), secret()
    keys.write(good)
    server = start_chap(quiver, key=in_variable, log={"level": "debug"},
                        chap={"keys": {"file": str(keys.path)}})
    name, answers = fresh_id(), []
    for key in (good, in_variable, wrong):
        caller = Caller(server, key)
        answers += [caller.register(name), caller.ping(name), caller.post(b"{"), caller.get(name),
                    caller.list(), caller.delete("none-such"),
                    caller.client.get("/v2/nowhere"), caller.client.request("PATCH", "/v2/services")]
    assert server.reload().returncode == 0
    said = everything_said(server) + "".join(f"{a.headers} {a.text}" for a in answers)
    for key in (good, in_variable, wrong):
        assert key not in said
    assert quiver_binary().name in said and name in json.dumps([a.text for a in answers])

"""run.sh: the demo, the commands it prints, Ctrl-C, the second run, and what stands in its way.

The script runs in a small checkout of its own, with ports of its own, around the program under test;
that it builds is proved by running it in the real one (.ci/run).
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from harness import ROOT, quiver_binary
from harness.process import Process, holders, wait_gone
from harness.server import assert_silent, server_environment

pytestmark = pytest.mark.alone


class Checkout:
    """A checkout whose build is done: cmake is a stub, the program a link to the one under test."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.secure, self.ops = ports
        for name in ("run.sh", "certs/pki", "tests/lib/packages.sh"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "config", folder / "config")
        text = (folder / "config/quiver.yaml").read_text()
        assert "8443" in text and "9090" in text
        text = text.replace("8443", str(self.secure)).replace("9090", str(self.ops))
        (folder / "config/quiver.yaml").write_text(text)
        (folder / "build/release").mkdir(parents=True)
        (folder / "build/release/quiver").symlink_to(quiver_binary().resolve())
        (folder / "bin").mkdir()
        (folder / "bin/cmake").write_text("#!/bin/sh\nexit 0\n")
        (folder / "bin/cmake").chmod(0o755)
        self.temporary = folder / "t"
        self.temporary.mkdir()
        self.env = server_environment(PATH=f"{folder}/bin:{os.environ['PATH']}",
                                      TMPDIR=str(self.temporary))

    def run(self, *arguments, timeout=90, prefix=()):
        return subprocess.run([*prefix, self.folder / "run.sh", *arguments], env=self.env, text=True, cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)

    def start(self):
        process = Process([self.folder / "run.sh"], env=self.env)
        process.wait_line(lambda line: "Ctrl-C stops Quiver" in line)
        return process

    def interrupt(self, process, number=signal.SIGINT, group=False):
        os.killpg(process.pid, number) if group else process.signal(number)
        status = process.wait()
        assert status == 128 + number, process.tail()
        assert_silent(process.text)
        assert holders(self.folder) == []

    def stub(self, name, text):
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def shell(self, command):
        return subprocess.run(["bash", "-c", f"cd '{self.folder}' && {command}"], env=self.env,
                              text=True, capture_output=True, timeout=30)


@pytest.fixture
def checkout(short_folder, free_port, request):
    folder = short_folder / f"c{abs(hash(request.node.nodeid)) % 10 ** 8}"
    folder.mkdir()
    yield Checkout(folder, (free_port(), free_port()))
    for pid in holders(folder):
        os.kill(pid, signal.SIGKILL)


def printed_commands(text):
    """The curl commands that run.sh printed, each as one line."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip().startswith("curl ")]


def test_help_says_what_it_does():
    done = subprocess.run([ROOT / "run.sh", "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stderr == ""
    assert "--demo" in done.stdout and "Ctrl-C" in done.stdout


def test_an_unknown_option_is_refused():
    done = subprocess.run([ROOT / "run.sh", "--dmeo"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert done.stderr == "run.sh: unknown option '--dmeo' (see ./run.sh --help)\n"


def test_demo_registers_looks_up_revokes_and_leaves_nothing(checkout):
    done = checkout.run("--demo")
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = re.findall(r"^< (\d{3})$", done.stdout, re.M)
    assert statuses == ["201", "200", "403", "200", "200"]
    assert "temperature-provider2::kelvin-info::1.0.0" in done.stdout
    assert "Everything was as expected" in done.stdout
    assert list(checkout.temporary.iterdir()) == []
    assert not (checkout.folder / "data").exists()
    assert holders(checkout.folder) == []


def test_demo_fails_if_an_answer_is_not_as_expected(checkout):
    script = checkout.folder / "run.sh"
    script.write_text(script.read_text().replace('"accessPort":8080,"operations"',
                                                 '"accessPort":8081,"operations"'))
    done = checkout.run("--demo")
    assert done.returncode == 1
    assert "answers that were not as expected: 2 (marked with ! above)" in done.stderr
    assert done.stdout.count("\n! expected") == 2
    assert holders(checkout.folder) == []


def test_demo_runs_beside_a_quiver_that_holds_the_ports(checkout):
    process = checkout.start()
    done = checkout.run("--demo")
    assert done.returncode == 0, done.stdout + done.stderr
    checkout.interrupt(process)


def test_the_printed_commands_work_and_ctrl_c_keeps_the_data(checkout):
    process = checkout.start()
    register, lookup, revoke = printed_commands(process.text)
    assert json.loads(checkout.shell(register).stdout)["provider"]["name"] == "temperature-provider2"
    assert json.loads(checkout.shell(lookup).stdout)["count"] == 1
    checkout.interrupt(process)

    process = checkout.start()
    assert json.loads(checkout.shell(lookup).stdout)["count"] == 1
    assert checkout.shell(revoke).stdout.startswith("HTTP/1.1 200 ")
    assert json.loads(checkout.shell(lookup).stdout) == {"entries": [], "count": 0}
    checkout.interrupt(process, signal.SIGTERM)


def test_ctrl_c_at_a_terminal_ends_all_and_keeps_the_data(checkout):
    """There the whole group gets the signal: Quiver and its Redis, too."""
    process = checkout.start()
    register, lookup, _ = printed_commands(process.text)
    assert json.loads(checkout.shell(register).stdout)["provider"]["name"] == "temperature-provider2"
    checkout.interrupt(process, group=True)
    process = checkout.start()
    assert json.loads(checkout.shell(lookup).stdout)["count"] == 1
    checkout.interrupt(process, group=True)


def test_a_second_run_installs_builds_and_makes_nothing_anew(checkout):
    """What would do that notes that it was called, and fails. That cmake has nothing to do is ninja's
    affair; .ci/run runs the real one a second time, within a minute."""
    checkout.interrupt(checkout.start())
    before = {f.name: f.read_bytes() for f in (checkout.folder / "certs/local").glob("*.*")}
    assert {"registry.crt", "sysop.crt", "temperature-provider2.crt", "consumer.crt"} <= before.keys()
    noted = checkout.folder / "noted"
    for name in ("apt-get", "sudo", "openssl", "cc", "gcc"):
        only_reads = f"case $* in *' -noout'*) exec {shutil.which(name)} \"$@\" ;; esac\n"
        checkout.stub(name, f"#!/bin/sh\n{only_reads if name == 'openssl' else ''}"
                            f"echo {name} $1 >>'{noted}'\nexit 1\n")
    checkout.stub("cmake", f"#!/bin/sh\necho cmake $1 $2 >>'{noted}'\n")
    checkout.interrupt(checkout.start())
    assert noted.read_text() == "cmake --preset release\ncmake --build build/release\n"
    assert {f.name: f.read_bytes() for f in (checkout.folder / "certs/local").glob("*.*")} == before


@pytest.mark.parametrize("listener", ["secure", "ops"])
def test_a_port_in_use_is_named_with_the_remedy(checkout, listener):
    port = getattr(checkout, listener)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = checkout.run()
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line == (f"run.sh: port {port} is in use: stop what listens there (perhaps another Quiver), "
                    f"or change the port of listener '{listener}' in config/quiver.yaml")


def test_a_data_directory_in_use_is_named(checkout):
    data = checkout.folder / "data"
    data.mkdir(mode=0o700)
    with open(data / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = checkout.run()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "quiver: config/../data is in use by another process that holds its file `lock`: "
        "`fuser config/../data/lock` names it",
        "run.sh: Quiver ended before it was ready: its last lines above name the cause"]


def test_a_lock_that_was_left_stops_nobody(checkout):
    """The script and Quiver are killed at once: who is named in the lock is gone, and nobody tidied up."""
    process = checkout.start()
    register, lookup, _ = printed_commands(process.text)
    assert json.loads(checkout.shell(register).stdout)["provider"]["name"] == "temperature-provider2"
    lock = checkout.folder / "data/lock"
    server = int(re.match(r"quiver (\d+) redis \d+\n", lock.read_text())[1])
    os.kill(process.pid, signal.SIGSTOP)  # it must not learn of Quiver's end before its own
    for pid in (server, process.pid):
        os.kill(pid, signal.SIGKILL)
    assert wait_gone(server) and process.wait() == -signal.SIGKILL
    assert lock.read_text().startswith(f"quiver {server} ")
    process = checkout.start()
    assert json.loads(checkout.shell(lookup).stdout)["count"] == 1
    checkout.interrupt(process)


def test_a_faulty_configuration_is_named(checkout):
    with open(checkout.folder / "config/quiver.yaml", "a") as file:
        file.write("nonsense: 1\n")
    done = checkout.run()
    assert done.returncode == 1
    assert "nonsense" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("run.sh: Quiver ended before it was ready")


def test_quiver_ends_with_a_script_that_is_killed(checkout):
    process = checkout.start()
    running = [pid for pid in holders(checkout.folder) if pid != process.pid]
    assert running
    os.kill(process.pid, signal.SIGKILL)
    assert all(wait_gone(pid) for pid in running)
    assert holders(checkout.folder) == []


@pytest.mark.parametrize("folder", ["build/release", "certs", "."])
def test_a_folder_that_cannot_be_written_is_named_before_the_build(checkout, folder):
    """As a user to whom nothing here belongs; cmake would tell that it was reached."""
    (checkout.folder / "bin/cmake").write_text("#!/bin/sh\necho cmake was run >&2\nexit 1\n")
    if folder == ".":
        shutil.rmtree(checkout.folder / "build")
    checkout.folder.parent.chmod(0o711)
    for path in (checkout.folder, *checkout.folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o777)
    (checkout.folder / folder).chmod(0o755)
    done = checkout.run(prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    assert done.returncode == 1
    place = (checkout.folder / folder).resolve()
    assert re.fullmatch(f"run.sh: '{place}' cannot be written by user nobody: run as its owner [^\n]*, "
                        f"or in a copy of your own: cp -R '{checkout.folder}' [^\n]*\n", done.stderr)


def test_a_build_with_nothing_to_do_is_silent(checkout):
    (checkout.folder / "bin/cmake").write_text("#!/bin/sh\necho 'ninja: no work to do.'\n")
    done = checkout.run("--demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ninja" not in done.stdout + done.stderr


def test_a_failed_build_shows_what_was_said(checkout):
    (checkout.folder / "bin/cmake").write_text(
        "#!/bin/sh\ncase $1 in --build) echo 'a.c:1: error: oops'; exit 1 ;; esac\n")
    done = checkout.run()
    assert done.returncode == 1
    assert done.stdout == "a.c:1: error: oops\n"
    assert done.stderr == "run.sh: the build of the preset 'release' failed: see above\n"


def test_an_interrupted_demo_leaves_nothing(checkout):
    process = Process([checkout.folder / "run.sh", "--demo"], env=checkout.env)
    process.wait_line(lambda line: line.startswith("Quiver is ready"))
    process.signal(signal.SIGTERM)
    assert process.wait() in (143, 0)  # 0: it was quicker than the signal
    assert list(checkout.temporary.iterdir()) == []
    assert holders(checkout.folder) == []

"""The unit that is shipped: systemd understands it, it confines as much as Quiver can bear, and Quiver
and its redis-server work within it."""

import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from harness import ROOT, confine, quiver_binary
from harness.server import server_environment

UNIT = ROOT / "packaging/quiver.service"
SOCKET = ROOT / "packaging/quiver.socket"
EXPOSURE_MAX = 1.5
# What Quiver and Redis do between start and end; with --soak, all tests.
SUITE = ["test_seed_examples.py", "test_register_normalizes.py", "test_state_survives.py",
         "test_external_redis.py", "test_reload_by_itself.py", "test_identity_outsourced.py",
         "test_chap_life.py", "test_audit_lines.py", "test_own_entries.py"]
# Ends with errno where `code` fails.
PROGRAM = """
import ctypes, mmap, os, resource, socket, sys, time
library = ctypes.CDLL(None, use_errno=True)
def fail():
    sys.exit(ctypes.get_errno() or 255)
try:
    {code}
except OSError as fault:
    sys.exit(fault.errno)
"""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                   reason="systemd-analyze is missing: apt-get install systemd")


def analyze(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


@needs_systemd
def test_systemd_understands_the_units(tmp_path):
    """Silent about everything; the program and its pages are not installed where tests run."""
    for unit in (UNIT, SOCKET):
        text = unit.read_text().replace("/usr/bin/quiver", shutil.which("true"))
        (tmp_path / unit.name).write_text(text)
    done = analyze("verify", "--man=no", tmp_path / UNIT.name, tmp_path / SOCKET.name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_exposure_is_small():
    done = analyze("security", "--offline=true", UNIT)
    assert done.returncode == 0, done.stderr
    level = re.search(r"Overall exposure level for quiver\.service: ([0-9.]+)", done.stdout)
    assert level and float(level[1]) <= EXPOSURE_MAX, done.stdout


DIRECTIVES = {
    "Type": "notify",  # units behind it start when it is ready
    "NotifyAccess": "main",  # its redis-server may not speak for it
    "ExecStart": "/usr/bin/quiver serve --config /etc/quiver/quiver.yaml",
    "ExecReload": "/usr/bin/quiver reload --config /etc/quiver/quiver.yaml",  # waits for the outcome
    "Restart": "on-failure",  # whom SIGTERM ended has status 0
    "WatchdogSec": "30",
    "KillMode": "mixed",  # SIGTERM is not for its redis-server
    "User": "quiver",
    "Group": "quiver",
    "StateDirectory": "quiver",
    "StateDirectoryMode": "0700",
    "LogsDirectory": "quiver",
    "LogsDirectoryMode": "0700",
    "ConfigurationDirectory": "quiver",
    "UMask": "0077",
}


@pytest.mark.parametrize("name", DIRECTIVES)
def test_a_directive_of_the_unit(name):
    assert confine.settings(UNIT).get(name) == [DIRECTIVES[name]]


def test_the_units_reload_reloads(quiver):
    server = quiver.start()
    line, = confine.settings(UNIT)["ExecReload"]
    here = {"/usr/bin/quiver": quiver_binary(), "/etc/quiver/quiver.yaml": server.config_path}
    done = subprocess.run([here.get(word, word) for word in shlex.split(line)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          env=server_environment())
    assert done.returncode == 0, done.stderr
    server.wait_log("reloaded", trigger="command")


def test_the_unit_runs_as_the_user_that_the_package_makes():
    unit, postinst = confine.settings(UNIT), (ROOT / "packaging/debian/postinst").read_text()
    command = re.search(r"adduser (?:[^\n]*\\\n)*[^\n]*", postinst)
    assert command and command[0].split()[-1] == unit["User"][0]
    assert f'DATA=/var/lib/{unit["StateDirectory"][0]}\n' in postinst


def test_the_socket_fits_a_listener_of_the_packaged_configuration():
    socket = confine.settings(SOCKET)
    listeners = yaml.safe_load((ROOT / "config/quiver.yaml").read_text())["listeners"]
    fitting, = (one for one in listeners if [one["name"]] == socket["FileDescriptorName"])
    assert socket["ListenStream"] == [f'{fitting["address"]}:{fitting["port"]}']


def test_a_key_as_credential_is_the_documented_one():
    page, unit = (ROOT / "docs/systemd.md").read_text(), UNIT.read_text()
    line, = re.findall(r"^    (LoadCredential=.*)$", page, re.M)
    assert f"\n#{line}\n" in unit
    setting, = set(re.findall(r"private_key: \$CREDENTIALS_DIRECTORY/[\w.]+", page))
    assert f"`{setting}`" in unit
    assert setting.rpartition("/")[2] == line.removeprefix("LoadCredential=").partition(":")[0]


def test_the_first_start_is_the_same_in_unit_readme_and_manual():
    def steps(path, indent):
        text = (ROOT / path).read_text().partition("quiver-pki init")
        return re.match(rf"(?:.*\n(?={indent}\S))*.*", text[1] + text[2])[0].replace(f"\n{indent}", "\n")

    head = steps("packaging/quiver.service", "#    ")
    assert len(head.splitlines()) == 6
    assert steps("packaging/debian/README.Debian", "    ") == head
    assert steps("packaging/pages/templates/quiver-serve.8.md", "    ") == head


SERVICE = [sys.executable, confine.__file__, "--service", str(UNIT)]


def confined(*command) -> list[str]:
    return [sys.executable, confine.__file__, str(UNIT), *command]


@needs_systemd
@pytest.mark.parametrize(("code", "status"), [
    ("os.getpid()", 0),
    ("os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))", -signal.SIGSYS),
    ("os.chroot('/')", -signal.SIGSYS),
    ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", 0),
    ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", errno.EAFNOSUPPORT),
    ("mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)", errno.EPERM),
    ("os.mkdir('folder', 0o755)", 0),
    ("os.mkdir('folder', 0o2755)", errno.EPERM),
    ("os.chmod('.', 0o4755)", errno.EPERM),
    ("os.open('file', os.O_CREAT | os.O_WRONLY, 0o4700)", errno.EPERM),
    ("library.personality(8) == -1 and fail()", errno.EPERM),
    ("os.umask(0) == 0o077 or fail()", 0),
    ("resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) or fail()", 0),
])
def test_the_filter_of_these_tests_bites(code, status, tmp_path):
    """`status` is errno's where the call failed."""
    done = subprocess.run(confined(sys.executable, "-c", PROGRAM.format(code=code)), cwd=tmp_path, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr.decode()


@needs_systemd
@pytest.mark.parametrize(("line", "code", "error"), [
    ("RestrictRealtime=yes", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", errno.EPERM),
    ("RestrictRealtime=yes", "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))", 0),
    ("ProtectHostname=yes", "socket.sethostname(socket.gethostname())", errno.EPERM),
    ("ProtectClock=yes", "time.clock_settime(time.CLOCK_REALTIME, -1)", errno.EPERM),
    ("ProtectKernelLogs=yes", "library.klogctl(10, None, 0) == -1 and fail()", errno.EPERM),
])
def test_what_the_list_of_calls_would_hide(line, code, error, tmp_path):
    """Alone, for SystemCallFilter refuses the same and comes first."""
    unit = tmp_path / "one.service"
    unit.write_text(f"[Service]\n{line}\n")
    done = subprocess.run([sys.executable, confine.__file__, unit, sys.executable, "-c", PROGRAM.format(code=code)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode == error, done.stderr.decode()


def test_each_line_of_the_confinement_is_in_force_here_or_left_out_by_name():
    part = UNIT.read_text().partition("# ---- confinement")[2].partition("[Install]")[0]
    names = set(re.findall(r"^(\w+)=", part, re.M))
    here = {*confine.RESTRICTIONS, *confine.REFUSED, "NoNewPrivileges", "SystemCallFilter",
            "SystemCallArchitectures", "SystemCallErrorNumber"}
    assert len(names) > 25 and names == here | confine.LEFT_OUT


@needs_systemd
@pytest.mark.release
@pytest.mark.timeout(400)
def test_quiver_and_redis_work_under_the_units_filter():
    """The end-to-end tests, Quiver and its Redis confined: a call too many would kill them."""
    whole = os.environ.get("QUIVER_SOAK") == "1"
    files = ["."] if whole else SUITE
    marks = "not soak and not clock" if whole else "not soak and not clock and not alone"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "--dist", "worksteal",
         "-m", marks, "-p", "no:cacheprovider", "-k", "not confinement", *files],
        cwd=ROOT / "tests/e2e", text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=3600 if whole else 380,
        env={**os.environ, "QUIVER_WRAP": shlex.join(SERVICE), "QUIVER_BIN": str(quiver_binary())})
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"[1-9][0-9]* passed", done.stdout), done.stdout[-2000:]

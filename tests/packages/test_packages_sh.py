"""tests/lib/packages.sh in a fresh Debian: what it installs leaves no service behind, also where installing
fails or is interrupted, and whether or not something forbids that services start."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import debian_root
import pytest

SCRIPT = debian_root.PROJECT / "tests/lib/packages.sh"
POLICY = "/usr/sbin/policy-rc.d"
RECORD = '#!/bin/sh\necho "$*" >>/systemctl.log\n'
# Prints what runs once the script has ended; nothing outlives the command, so it is one command.
ENSURE = """
bash -euc 'source /packages.sh; ensure_packages "$@"' test.sh {names} || echo "status $?"
for name in /proc/[0-9]*/comm; do read -r line <"$name" && echo "runs $line"; done 2>/dev/null
"""


@pytest.fixture(scope="module")
def first():
    reason = debian_root.why_not()
    if reason:
        pytest.skip(f"no fresh Debian can be made here: {reason}")
    with debian_root.fresh() as made:
        made.run("apt-get update -qq && apt-get install -qq -y --no-install-recommends --download-only redis-server")
        yield made


@pytest.fixture
def root(first):
    """One of one's own, with the packages fetched, a systemctl that records, and no policy-rc.d."""
    with debian_root.fresh() as made:
        for folder in ("/var/lib/apt/lists", "/var/cache/apt/archives"):
            shutil.copytree(first.path(folder), made.path(folder), dirs_exist_ok=True)
        shutil.copy(SCRIPT, made.path("/packages.sh"))
        made.path(POLICY).unlink()
        stub(made, "systemctl", RECORD)
        yield made


def stub(root, name, text):
    path = root.path(f"/usr/local/bin/{name}")
    path.write_text(text)
    path.chmod(0o755)


def ensure(root, *names, before=""):
    return root.run(before + ENSURE.format(names=" ".join(names))).stdout.splitlines()


def assert_at_rest(root, said):
    assert root.run("dpkg-query -W -f '${db:Status-Status}' redis-server").stdout == "installed"
    assert "runs bash" in said and not [line for line in said if line.startswith("runs redis")], said
    log = root.path("/systemctl.log")
    assert log.exists() and "disable --now redis-server.service" in log.read_text().splitlines()
    assert not list(root.path("/etc").glob("rc[2-5].d/S*redis-server"))
    assert not root.path(POLICY + ".new").exists()


def test_a_new_redis_neither_runs_nor_is_enabled(root):
    said = ensure(root, "redis-server")
    assert not [line for line in said if line.startswith("status")], said
    assert_at_rest(root, said)
    assert not root.path(POLICY).exists()


def test_where_another_lets_services_start_it_is_stopped(root):
    """Without the script's hand it would run: so it does where apt-get alone is asked."""
    policy = root.path(POLICY)
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    said = ensure(root, "redis-server")
    assert not [line for line in said if line.startswith("status")], said
    assert_at_rest(root, said)
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize("end, status", [("exit 100", 1), ("kill -TERM $PPID", 143)])
def test_after_a_failure_too(root, end, status):
    """apt-get ends badly, or is interrupted, when Redis has been configured."""
    stub(root, "apt-get", f'#!/bin/sh\n/usr/bin/apt-get "$@" || exit\n{end}\n')
    policy = root.path(POLICY)
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    said = ensure(root, "redis-server")
    assert f"status {status}" in said, said
    assert_at_rest(root, said)


def test_what_brings_its_programs_along_runs_none_of_them(root):
    """systemd for systemd-analyze, prometheus for promtool; with the real systemctl."""
    root.path("/usr/local/bin/systemctl").unlink()
    said = ensure(root, "systemd", "prometheus")
    assert not [line for line in said if line.startswith("status")], said
    assert {line for line in said if line.startswith("runs ")} == {"runs bash"}, said
    assert not list(root.path("/etc/systemd/system").rglob("prometheus.service"))
    root.run("systemd-analyze --version && promtool --version")


def test_a_package_that_does_not_exist_is_named(root):
    said = ensure(root, "no-such-package")
    assert "status 1" in said, said
    line = "test.sh: apt-get could not install no-such-package: see its message above;"
    assert [text for text in said if text.startswith(line)], said
    assert not root.path(POLICY).exists()


def test_a_redis_that_was_there_stays_as_it_is(root):
    root.run("apt-get install -qq -y --no-install-recommends redis-server")
    said = ensure(root, "no-such-package", before="/etc/init.d/redis-server start;")
    assert "status 1" in said and "runs redis-server" in said
    assert "redis" not in (root.path("/systemctl.log").read_text() if root.path("/systemctl.log").exists() else "")


@pytest.fixture
def others_folder():
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory(prefix="qv-packages-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_neither_root_nor_sudo_is_one_line(others_folder):
    """Before anything is done; dpkg-query is a stub that knows no package."""
    (others_folder / "bash").symlink_to(shutil.which("bash"))
    (others_folder / "dpkg-query").write_text("#!/bin/sh\nexit 1\n")
    (others_folder / "dpkg-query").chmod(0o755)
    (others_folder / "packages.sh").write_text(SCRIPT.read_text())
    done = subprocess.run([shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "-euc",
                           'source "$1"; ensure_packages gcc cmake', "test.sh", others_folder / "packages.sh"],
                          env={"PATH": str(others_folder)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == ("test.sh: packages are missing and this is not root: install sudo, or run as root: "
                           "apt-get install gcc cmake\n")

"""test.sh and .ci/run: what they ask of whom, how they count, and what they say at the end.

Both run in a checkout in which everything they call is a stub that notes how it was called; that the
real ones pass is proved by running them.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import ROOT

PASSED = '<testsuites><testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>'
SKIPPED = ('<testsuites><testsuite tests="2" failures="0" errors="0" skipped="1"><testcase name="test_it">'
           '<skipped message="{}"/></testcase></testsuite></testsuites>')
OF_THE_MACHINE = "the real clients need Python 3.13, and there is none (python3.13, pyenv)"
OF_A_PACKAGE = "promtool is missing: apt-get install prometheus"
NOTE = '#!/bin/bash\nprintf "%s\\n" "${{0##*/}} $*" >>"{log}"\n{rest}'
# Puts the report that the test wants where the option says.
REPORT = 'while (($#)); do case $1 in {option}) cp "{report}" "$2" ;; esac; shift; done\n'


class Checkout:
    def __init__(self, folder):
        self.folder, self.log, self.report = folder, folder / "log", folder / "report.xml"
        self.bin = folder / "bin"
        for name in ("test.sh", ".ci/run", "tests/lib/packages.sh", "tests/lib/count.py",
                     "tests/e2e/requirements.txt"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.report.write_text(PASSED)
        self.stub("bin/dpkg-query", "printf installed\n")
        self.stub("bin/cmake")
        self.stub("bin/ctest", REPORT.format(option="--output-junit", report=self.report))
        self.stub("build/tsan/quiver")
        self.stub("build/venv/bin/python", f'[[ $1 != */count.py ]] || exec "{sys.executable}" "$@"\n'
                  + REPORT.format(option="--junitxml", report=self.report))
        wanted = hashlib.sha256((folder / "tests/e2e/requirements.txt").read_bytes()).hexdigest()
        (folder / "build/venv/made-from").write_text(f"{wanted}  tests/e2e/requirements.txt\n")

    def stub(self, name, rest=""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE.format(log=self.log, rest=rest))
        path.chmod(0o755)

    def run(self, *command, **environment):
        env = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", **environment}
        return subprocess.run([self.folder / command[0], *command[1:]], env=env, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True)

    @property
    def calls(self):
        return self.log.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


# ---- test.sh -------------------------------------------------------------------------------------

def test_the_last_lines_tell_skips_time_and_the_sum(checkout):
    checkout.report.write_text(SKIPPED.format(OF_A_PACKAGE))
    done = checkout.run("test.sh", SECONDS="125")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\n5 skipped; took 2 min \d+ s\n5 passed, 0 failed\n$", done.stdout), done.stdout


def test_pytest_is_asked_for_the_reasons_of_skips(checkout):
    assert checkout.run("test.sh", "--packages").returncode == 0
    runs = [call for call in checkout.calls if " -m pytest " in call]
    assert len(runs) == 5 and all(" -rs " in call for call in runs), runs


def test_a_failed_run_has_its_last_lines_too(checkout):
    checkout.stub("bin/cmake", "exit 1\n")
    done = checkout.run("test.sh")
    assert done.returncode == 1
    assert re.search(r"\n0 skipped; took 0 min \d+ s\n0 passed, 1 failed\n$", done.stdout), done.stdout


@pytest.mark.parametrize("reason, last", [(OF_A_PACKAGE, "5 passed, 5 failed"), (OF_THE_MACHINE, "5 passed, 0 failed")])
def test_with_no_skips_those_that_a_package_would_cure_count_as_failed(checkout, reason, last):
    checkout.report.write_text(SKIPPED.format(reason))
    done = checkout.run("test.sh", "--no-skips")
    assert done.stdout.splitlines()[-1] == last
    told = f"test.sh: test_it was skipped, which counts as failed: {reason}"
    assert done.stderr.splitlines().count(told) == (5 if reason == OF_A_PACKAGE else 0)
    assert done.returncode == (reason == OF_A_PACKAGE)


@pytest.mark.parametrize("reason, counts", [
    ("systemd-analyze is missing: apt-get install systemd", "1 1 0"),
    ("no fresh Debian can be made here: namespaces are not allowed here: no", "1 0 1"),
    ("no fresh Debian can be made here: the program 'mmdebstrap' is not installed", "1 1 0"),
    ("buildah cannot run anything here: no", "1 0 1"),
    ("a reason that nobody thought of", "1 1 0"),
])
def test_which_skips_are_the_machines(checkout, reason, counts):
    checkout.report.write_text(SKIPPED.format(reason))
    done = subprocess.run([sys.executable, ROOT / "tests/lib/count.py", checkout.report, "--no-skips"],
                          text=True, capture_output=True, timeout=20)
    assert done.stdout == counts + "\n"


# ---- .ci/run -------------------------------------------------------------------------------------

@pytest.fixture
def ci(checkout):
    for name in ("tests/lint/run", "run.sh", "test.sh", "bench/run", "bin/timeout"):
        checkout.stub(name)
    return checkout


def test_ci_lets_no_test_be_skipped(ci):
    done = ci.run(".ci/run", "-k", "x")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert ci.calls[-1] == "test.sh --packages --no-skips -k x"


def test_ci_runs_the_demo_twice_and_the_second_time_in_a_minute(ci):
    ci.stub("bin/timeout", 'shift; exec "$@"\n')
    assert ci.run(".ci/run").returncode == 0
    demos = [call for call in ci.calls if "run.sh" in call]
    assert demos == ["run.sh --demo", "timeout 60 ./run.sh --demo", "run.sh --demo"]


def test_ci_builds_and_tries_what_measures(ci):
    assert ci.run(".ci/run").returncode == 0
    builds = [call for call in ci.calls if call.startswith("cmake --preset")]
    assert [call for call in builds if "-DQUIVER_BENCH=ON" in call] == [
        "cmake --preset release -DQUIVER_WERROR=ON -DQUIVER_BENCH=ON"] and len(builds) == 3
    assert [call for call in ci.calls if call.startswith("ctest --test-dir build/release/bench ")]
    (measured,) = [call for call in ci.calls if call.startswith("run --quick")]
    assert re.findall(r"--only (\w+)", measured) == ["start", "one", "chap"] and "--check" not in measured


@pytest.mark.parametrize("name", ["tests/lint/run", "run.sh", "bin/timeout", "bin/ctest", "bench/run", "test.sh"])
def test_ci_fails_with_each_step(ci, name):
    ci.stub(name, "exit 7\n")
    assert ci.run(".ci/run").returncode == 7


@pytest.mark.parametrize("seconds, warns", [(2300, False), (2401, True)])
def test_ci_warns_that_all_took_long(ci, seconds, warns):
    done = ci.run(".ci/run", SECONDS=str(seconds))
    assert done.returncode == 0
    assert re.fullmatch(r"WARNING: all of \.ci/run took 40 min \d+ s, which is more than 40 min\n"
                        if warns else "", done.stderr)


def test_ci_warns_that_the_tests_took_long(ci):
    """More than a limit of no minutes; that they stay below 25 the other tests here show."""
    script = ci.folder / ".ci/run"
    text = script.read_text()
    assert text.count("TEST_MINUTES=25 ") == 1
    script.write_text(text.replace("TEST_MINUTES=25 ", "TEST_MINUTES=0 "))
    ci.stub("test.sh", "sleep 1.1\nexit 3\n")
    done = ci.run(".ci/run")
    assert done.returncode == 3
    assert re.fullmatch(r"WARNING: test\.sh took 0 min \d+ s, which is more than 0 min\n", done.stderr)

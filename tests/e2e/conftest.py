"""Fixtures of the end-to-end tests; see the classes in harness/ for what they offer.

pki           session: the cloud testcloud of company; issue(name, profile) makes certificates
new_pki       factory of further clouds, for tests that change CAs or revoke
quiver        factory of servers: quiver.start(...), quiver.refused(...), quiver.command(...)
redis_server  factory of Redis servers: redis_server(port=..., **options), started
slow_disk     environment for quiver.start(env=...) under which every fdatasync is slow
free_port     a function that gives a TCP port nobody listens on

Markers say which run of test.sh a test belongs to: none, the asan build, side by side; `alone`, the
asan build and nothing beside it; `clock`, the release build, its clock moved; `release`, the release
build; `concurrent`, with the tsan build besides; `soak`, only with --soak (where $QUIVER_SOAK is 1).
"""

import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from harness import native, ports
from harness.pki import Pki
from harness.redis_server import RedisServer
from harness.server import Quiver

MARKERS = {
    "alone": "nothing else may run beside it",
    "clock": "moves the clock: release build",
    "release": "measures: release build",
    "concurrent": "also runs against the tsan build",
    "soak": "long: only with --soak",
}


def pytest_configure(config):
    # Whoever starts tests in the background has it ignored, and programs inherit that: then a Ctrl-C
    # that a test sends would do nothing.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its servers last said."""
    report = yield
    factory = getattr(item, "funcargs", {}).get("quiver")
    if report.failed and factory is not None:
        for number, server in enumerate(factory.servers):
            if server.process is not None:
                report.sections.append((f"quiver {number}", server.process.tail(60)))
    return report


@pytest.fixture(scope="session")
def short_folder():
    """A folder with a short path, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="qv-session-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pki(short_folder):
    """The cloud testcloud of company. Shared: revoke only names of the test's own."""
    return Pki(short_folder / "pki")


@pytest.fixture
def new_pki(tmp_path):
    """new_pki(cloud=..., organization=..., *options of pki init): a cloud of the test's own."""
    made = []

    def make(cloud="testcloud", organization="company", *options) -> Pki:
        made.append(Pki(tmp_path / f"pki{len(made)}", cloud, organization, *options))
        return made[-1]

    return make


@pytest.fixture
def quiver(pki):
    """Starts servers; ends them after the test, and fails it if one does not end as it should."""
    factory = Quiver(pki)
    yield factory
    factory.close()


@pytest.fixture
def redis_server():
    """redis_server(port=0, env=None, **options of redis.conf): a started Redis of the test's own."""
    made = []

    def make(**options) -> RedisServer:
        made.append(RedisServer(**options))
        return made[-1].start()

    yield make
    for server in made:
        server.close()


@pytest.fixture
def slow_disk():
    """slow_disk(ms): environment in which fdatasync and fsync take so long."""
    return native.slow_disk


@pytest.fixture
def free_port():
    """free_port(): a TCP port that nobody listens on now."""
    return ports.free_port

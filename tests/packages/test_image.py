"""docker/: the image, what runs in it, compose.yaml, and the commands of docs/containers.md.

No container engine is needed (containers.py says how). Where namespaces or buildah cannot run, all but
the tests of the files themselves are skipped, with the reason.
"""

import json
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from containers import ROOT, Buildah, Image, Project, why_not
from harness.process import log_entry, wait_until

COMPOSE = ROOT / "docker/compose.yaml"
USER = 65532
VOLUMES = ("/var/lib/quiver", "/etc/quiver/tls", "/var/lib/redis", "/run/redis", "/pki")


# ---- fixtures ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def short_path():
    """A Unix socket's path may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="qv-image-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def buildah(short_path):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    made = Buildah(short_path / "buildah")
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(buildah):
    name = buildah.base()
    reason = buildah.why_not(name)
    if reason:
        pytest.skip(f"buildah cannot run anything here: {reason}")
    return name


@pytest.fixture(scope="module")
def image(buildah, base):
    return Image(buildah, buildah.build(ROOT, base))


@pytest.fixture
def project(image, short_path):
    made = Project(image, short_path / "p", COMPOSE)
    yield made
    made.close()


def event(container, name, since=0):
    """The log's next line about `name`."""
    return container.process.wait_line(
        lambda line: (entry := log_entry(line)) and entry.get("event") == name and entry, since)


def up(project):
    """What `docker compose up --wait` does; the services redis and quiver."""
    made = project.run("pki")
    assert made.returncode == 0, made.stdout + made.stderr
    redis = project.start("redis")
    wait_until(lambda: project.healthy("redis", redis).stdout == "PONG\n", "redis being healthy")
    quiver = project.start("quiver")
    event(quiver, "ready")
    return redis, quiver


def down(*containers):
    for container in reversed(containers):
        assert container.stop(signal.SIGTERM) == 0, container.process.tail()


def export(project, folder):
    """The page's way to the clients' certificates, unpacked into certs/local."""
    certificates = folder / "certs/local"
    certificates.mkdir(parents=True)
    made = project.run("pki", "export", binary=True)
    assert made.returncode == 0, made.stderr
    subprocess.run(["tar", "-x", "-k", "-C", certificates], input=made.stdout, check=True)
    return certificates


def readme_commands():
    """README's two requests, as they stand there."""
    text = (ROOT / "README.md").read_text()
    found = [block for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE) if "curl " in block]
    assert len(found) == 2
    return [re.sub(r"\bcurl\b", "curl -sS --fail-with-body --max-time 10 --noproxy '*'", block, count=1)
            for block in found]


# ---- the files alone -----------------------------------------------------------------------------

def check_compose(file):
    """By the compose specification's own JSON schema, which check-jsonschema has with it."""
    return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema",
                           "vendor.compose-spec", file], capture_output=True, text=True, timeout=60)


def test_compose_file_fits_the_specification(tmp_path):
    good = check_compose(COMPOSE)
    assert good.returncode == 0, good.stdout + good.stderr
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("stop_grace_period:", "stop_grace_periods:", 1))
    refused = check_compose(wrong)
    assert refused.returncode == 1 and "stop_grace_periods" in refused.stdout


def test_every_service_is_confined():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert set(services) == {"quiver", "redis", "pki"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["user"] == f"{USER}:{USER}", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert services["redis"]["network_mode"] == services["pki"]["network_mode"] == "none"
    assert services["quiver"]["ports"] == ["8443:8443", "127.0.0.1:9090:9090"]
    assert not any("pki:" in entry for entry in services["quiver"]["volumes"])


# ---- the build -----------------------------------------------------------------------------------

def test_no_secret_gets_into_the_build(buildah, base, tmp_path):
    """What .dockerignore leaves of a checkout that has been used."""
    context = tmp_path / "context"
    kept = ("CMakeLists.txt", "src/main.c", "certs/pki", "config/quiver.yaml", "tests/lib/packages.sh")
    left = ("certs/local/registry.key", "certs/other.key", "data/appendonlydir/a.aof", "build/release/quiver",
            ".git/config", "tests/e2e/conftest.py", "secrets.txt", "docs/operations.md")
    for name in kept + left:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text("x")
    shutil.copy(ROOT / ".dockerignore", context)
    (context / "docker").mkdir()
    (context / "docker/Dockerfile").write_text(f"FROM {base}\nCOPY . /context\n")
    name = "localhost/context"
    buildah("bud", "--isolation", "chroot", "-f", context / "docker/Dockerfile", "-t", name, context)
    container = buildah("from", "--pull-never", name)
    top = Path(buildah("mount", container)) / "context"
    there = {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}
    buildah("rm", container)
    buildah("rmi", name)
    assert there == {*kept, "docker/Dockerfile"}


def test_image_has_no_compiler_and_no_source(image):
    for name in ("gcc", "cc", "c++", "cpp", "clang", "ld", "as", "make", "ninja", "cmake", "git"):
        for folder in ("usr/bin", "usr/local/bin", "bin"):
            assert not list((image.root / folder).glob(name)), name
    assert not list((image.root / "usr/lib").rglob("cc1*"))
    assert not (image.root / "usr/include/openssl").exists()
    assert not (image.root / "src").exists() and not (image.root / "out").exists()
    assert not list((image.root / "var/lib/apt/lists").rglob("*Packages*"))
    sections = subprocess.run(["readelf", "-S", image.root / "usr/bin/quiver"], capture_output=True, text=True)
    assert sections.returncode == 0 and ".debug_info" not in sections.stdout


def test_image_holds_no_key(image):
    for folder in ("etc", "pki", "var/lib", "root", "tmp"):
        for path in (image.root / folder).rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20:
                assert b"PRIVATE KEY-----" not in path.read_bytes(), path
    for name in VOLUMES:
        assert list((image.root / name.lstrip("/")).iterdir()) == [], name


def test_image_belongs_to_root_and_runs_as_another(image):
    config = image.config
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["quiver"]
    assert config["Cmd"] == ["serve", "--config", "/etc/quiver/quiver.yaml"]
    assert set(config["Volumes"]) == {"/etc/quiver/tls", "/var/lib/quiver"}
    assert set(config["ExposedPorts"]) == {"8443/tcp"}
    assert "quiver health" in " ".join(config["Healthcheck"]["Test"])
    for name in ("/usr/bin/quiver", "/usr/bin/quiver-pki", "/usr/bin/quiver-demo-pki"):
        assert image.owner(name) == (0, 0, 0o755), name
    for name in ("/etc/quiver/quiver.yaml", "/etc/quiver/policy.yaml"):
        assert image.owner(name) == (0, 0, 0o644), name
    for name in VOLUMES:
        assert image.owner(name) == (USER, USER, 0o700), name
    assert not (image.root / "usr/sbin/policy-rc.d").exists()


def test_buildah_runs_the_program(image):
    version = re.search(r"VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text().split("project(", 1)[1])[1]
    assert version in image.run("quiver", "--version")
    assert image.run("id", "-u") == str(USER)
    for _, path in re.findall(r"(\S+) => (\S+)", image.run("ldd", "/usr/bin/quiver")):
        assert path != "not"


# ---- one container -------------------------------------------------------------------------------

@pytest.fixture
def alone(project):
    """The image as it is: its own user, configuration and embedded Redis; a read-only root."""
    assert project.run("pki").returncode == 0
    service = {"read_only": True, "cap_drop": ["ALL"],
               "volumes": ["tls:/etc/quiver/tls:ro", "data:/var/lib/quiver"]}
    return lambda: project.start(service)


def test_alone_it_starts_ends_in_order_and_starts_again(alone, project):
    for _ in range(2):
        container = alone()
        event(container, "ready")
        assert container.execute("readlink", "/proc/1/exe").stdout == "/usr/bin/quiver\n"
        assert container.children() == {"redis-server": "S"}
        status = container.execute("cat", "/proc/1/status").stdout
        assert re.search(rf"^Uid:\s+{USER}\s+{USER}", status, re.MULTILINE)
        assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
        assert container.execute("touch", "/etc/quiver/x").returncode != 0
        assert container.stop(signal.SIGTERM) == 0
        assert event(container, "ending")["signal"] == "TERM"
    assert (project.volume("data", "/var/lib/quiver") / "appendonlydir").is_dir()


def test_alone_it_starts_a_killed_redis_again(alone):
    container = alone()
    event(container, "ready")
    assert container.execute("sh", "-c", "kill -9 $(cat /proc/1/task/1/children)").returncode == 0
    ended = event(container, "redis ended")
    assert ended["signal"] == 9
    wait_until(lambda: container.children() == {"redis-server": "S"}, "another Redis and no zombie")
    assert container.stop(signal.SIGTERM) == 0


def test_alone_it_takes_notice_of_orphans(alone):
    """Whatever loses its parent in a container becomes a child of process 1."""
    container = alone()
    event(container, "ready")
    left = container.execute("sh", "-c", "(sleep 0.2 & exit) >/dev/null 2>&1 </dev/null")
    assert left.returncode == 0
    wait_until(lambda: container.children() == {"redis-server": "S"}, "the orphan being gone")
    assert container.stop(signal.SIGTERM) == 0


def test_alone_without_certificates_it_says_what_is_missing(project):
    container = project.start({"read_only": True, "volumes": ["none:/etc/quiver/tls", "data:/var/lib/quiver"]})
    assert container.process.wait() == 1
    assert "/etc/quiver/tls/registry.crt" in container.process.text


# ---- the project ---------------------------------------------------------------------------------

def test_compose_is_ready_for_the_readme(project, tmp_path):
    redis, quiver = up(project)
    certificates = export(project, tmp_path)
    assert stat.S_IMODE((certificates / "consumer.key").stat().st_mode) == 0o600
    assert not (certificates / "ca").exists() and not (certificates / "registry.key").exists()
    register, lookup = readme_commands()
    registered = project.shell(register, tmp_path)
    assert registered.returncode == 0, registered.stdout + registered.stderr
    assert json.loads(registered.stdout)["instanceId"] == "temperature-provider2::kelvin-info::1.0.0"
    down(redis, quiver)

    before = {path.name: path.read_bytes() for path in project.volume("pki", "/pki").glob("*.crt")}
    redis, quiver = up(project)
    assert before == {path.name: path.read_bytes() for path in project.volume("pki", "/pki").glob("*.crt")}
    found = project.shell(lookup, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert [entry["instanceId"] for entry in json.loads(found.stdout)["entries"]] == [
        "temperature-provider2::kelvin-info::1.0.0"]
    ready = project.shell("curl -sS http://127.0.0.1:9090/health/ready", tmp_path)
    assert json.loads(ready.stdout) == {"status": "ready", "reasons": []}
    down(redis, quiver)


def test_compose_gives_quiver_no_key_of_a_ca(project):
    redis, quiver = up(project)
    assert sorted(quiver.execute("ls", "-A", "/etc/quiver/tls").stdout.split()) == [
        "cloud-ca.crl", "cloud-ca.crt", "registry.crt", "registry.key"]
    assert quiver.execute("ls", "-A", "/pki").stdout == ""
    assert quiver.execute("touch", "/etc/quiver/tls/x").returncode != 0
    assert quiver.execute("touch", "/var/lib/x").returncode != 0
    names = quiver.execute("openssl", "x509", "-in", "/etc/quiver/tls/registry.crt", "-noout", "-ext",
                           "subjectAltName").stdout
    assert "DNS:localhost" in names and "DNS:quiver" in names
    down(redis, quiver)


def test_compose_revokes_and_renews_while_it_runs(project, tmp_path):
    redis, quiver = up(project)
    export(project, tmp_path)
    _, lookup = readme_commands()
    assert project.shell(lookup, tmp_path).returncode == 0
    since = len(quiver.process.lines)
    revoked = project.run("pki", "revoke", "consumer")
    assert revoked.returncode == 0, revoked.stderr
    event(quiver, "reloaded", since)
    refused = project.shell(lookup, tmp_path)
    assert refused.returncode != 0 and "revoked" in refused.stderr
    since = len(quiver.process.lines)
    assert project.run("pki", "renew", "registry").returncode == 0
    event(quiver, "reloaded", since)
    assert project.run("pki", "issue", "system", "press-7").returncode == 0
    assert project.run("pki", "destroy").returncode == 2
    down(redis, quiver)


def test_compose_health_check_tells_down_from_degraded(project):
    redis, quiver = up(project)
    assert project.healthy("quiver", quiver).returncode == 0
    assert redis.stop(signal.SIGTERM) == 0
    degraded = wait_until(
        lambda: (seen := project.healthy("quiver", quiver)) and "degraded" in seen.stdout + seen.stderr and seen,
        "quiver saying that it is degraded")
    assert degraded.returncode == 0
    shutil.move(project.volume("data", "/var/lib/quiver") / "control.sock", project.folder / "elsewhere")
    assert project.healthy("quiver", quiver).returncode == 1
    assert quiver.stop(signal.SIGTERM) == 0

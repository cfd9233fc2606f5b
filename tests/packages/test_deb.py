"""The Debian package: made, looked at by lintian, and lived with in a fresh Debian: installed, used as its
README.Debian says, upgraded, removed, purged."""

import itertools
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import debian_root
import pytest

PROJECT = debian_root.PROJECT
BUILD = Path(os.environ.get("QUIVER_RELEASE", PROJECT / "build" / "release")).resolve()
PAGES = ["man1/quiver.1", "man1/quiver-pki.1", "man8/quiver-serve.8", "man5/quiver.yaml.5", "man5/quiver-policy.yaml.5"]
REGISTER = "https://localhost:8443/serviceregistry/service-discovery/register"
LOOKUP = "https://localhost:8443/serviceregistry/service-discovery/lookup"
BASH = "source {script}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _quiver; printf '%s\\n' \"${{COMPREPLY[@]}}\""


def run(*command, **options):
    done = subprocess.run([*map(str, command)], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def deb():
    run("cmake", "--build", BUILD, "--target", "package")
    version = run(BUILD / "quiver", "--version").split()[1]
    architecture = run("dpkg", "--print-architecture").strip()
    return BUILD / f"quiver_{version}_{architecture}.deb"


@pytest.fixture(scope="session")
def unpacked(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deb")
    run("dpkg-deb", "-R", deb, folder)
    return folder


# ---- what is in it -------------------------------------------------------------------------------


def test_lintian_finds_no_error_and_no_warning(deb):
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", deb)
    assert not re.search(r"^[EW]:", said, re.M), said


def test_it_depends_on_what_the_program_links(deb):
    depends = run("dpkg-deb", "-f", deb, "Depends")
    for wanted in ("libh2o-evloop", "libssl3", "libhiredis", "redis-server | valkey-server", "openssl"):
        assert wanted in depends


def page_text(unpacked, page):
    """A manual page as plain text; what man complains about is a failure."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "300"}
    for variable in ("MAN_KEEP_FORMATTING", "MANROFFOPT", "MANPAGER", "PAGER"):
        environment.pop(variable, None)
    shown = subprocess.run(["man", "--warnings", "--no-hyphenation", "--no-justification", "-l",
                            str(unpacked / "usr/share/man" / f"{page}.gz")], text=True, capture_output=True,
                           stdin=subprocess.DEVNULL, env=environment)
    assert (shown.returncode, shown.stderr) == (0, "")
    return shown.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_is_without_warnings_and_left_over_markup(unpacked, page):
    text = page_text(unpacked, page)
    assert "\nNAME\n" in text and "\nSEE ALSO\n" in text
    assert not re.search(r"`|\*\*|\]\(|\\f[BP]", text)


def commands():
    """quiver's commands, those below others too, as its help lists them."""
    top = re.findall(r"^  (\w+) {2,}", run(BUILD / "quiver", "--help"), re.M)
    below = [f"policy {word}" for word in ("explain", "test")]
    return top + below


def test_the_pages_say_all_that_the_program_says(unpacked):
    quiver = page_text(unpacked, "man1/quiver.1")
    for command in commands():
        for option in re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", run(BUILD / "quiver", *command.split(), "--help"), re.M):
            assert f"quiver {command}" in quiver and option in quiver
    settings = page_text(unpacked, "man5/quiver.yaml.5")
    table = (PROJECT / "docs/configuration.md").read_text()
    names = re.findall(r"^\| `([a-z_.]+)` \|", table, re.M)
    assert len(names) > 60
    assert [name for name in names if not re.search(rf"^ +{re.escape(name)}\b", settings, re.M)] == []
    policy = page_text(unpacked, "man5/quiver-policy.yaml.5")
    for line in run(BUILD / "quiver", "policy", "operations").splitlines():
        assert line.split()[0] in policy and " ".join(line.split()[1:]) in policy


def test_the_configuration_is_that_of_the_source_but_for_places(unpacked):
    made = (unpacked / "etc/quiver/quiver.yaml").read_text()
    source = (PROJECT / "config/quiver.yaml").read_text()
    assert not re.search(r"\.\./|docs/|certs/|config/|run\.sh", made)
    settings = [(a, b) for a, b in zip(source.splitlines(), made.splitlines(), strict=True)
                if a != b and not a.lstrip().startswith("#")]
    assert [b.strip() for _, b in settings] == [
        "certificate: /etc/quiver/tls/registry.crt", "private_key: /etc/quiver/tls/registry.key",
        "trust: [/etc/quiver/tls/cloud-ca.crt]", "crl: [/etc/quiver/tls/cloud-ca.crl]",
        "data_directory: /var/lib/quiver", "policy: /etc/quiver/policy.yaml"]


def test_all_that_the_package_refers_to_is_in_it(unpacked):
    texts = [page_text(unpacked, page) for page in PAGES]
    texts += [(unpacked / name).read_text()
              for name in ("etc/quiver/quiver.yaml", "etc/quiver/policy.yaml", "usr/share/doc/quiver/README.Debian")]
    named = set(re.findall(r"/usr/share/doc/quiver/[\w.-]+", "\n".join(texts)))
    assert "/usr/share/doc/quiver/operations.md" in {name.rstrip(".") for name in named}
    for name in named:
        assert (unpacked / name.rstrip(".").lstrip("/")).is_file(), name


def test_units_and_documents_are_those_of_the_source(unpacked):
    documents = unpacked / "usr/share/doc/quiver"
    for source, packaged in [
            *((PROJECT / "packaging" / name, unpacked / "lib/systemd/system" / name)
              for name in ("quiver.service", "quiver.socket")),
            *((page, documents / page.name) for page in (PROJECT / "docs").glob("*.*")),
            *((PROJECT / "docs/monitoring" / name, documents / "monitoring" / name)
              for name in ("README.md", "rules.yaml", "dashboard.json"))]:
        assert packaged.read_bytes() == source.read_bytes()


# ---- completion ----------------------------------------------------------------------------------


def completed(unpacked, words, folder=None):
    script = unpacked / "usr/share/bash-completion/completions/quiver"
    said = run("bash", "-c", BASH.format(script=script, words=words), cwd=folder)
    return said.split()


def test_bash_completes_commands_options_files_and_operations(unpacked, tmp_path):
    (tmp_path / "quiver.yaml").touch()
    assert completed(unpacked, "quiver se") == ["serve"]
    assert {"serve", "check", "policy", "--version"} <= set(completed(unpacked, "quiver ''"))
    assert completed(unpacked, "quiver policy ex") == ["explain"]
    assert completed(unpacked, "quiver reload --j") == ["--json"]
    assert completed(unpacked, "quiver serve --config qu", tmp_path) == ["quiver.yaml"]
    assert completed(unpacked, "quiver serve --config = qu", tmp_path) == ["quiver.yaml"]
    assert completed(unpacked, "quiver audit verify q", tmp_path) == ["quiver.yaml"]
    assert completed(unpacked, "quiver policy explain --operation service.re") == ["service.register", "service.revoke"]
    assert completed(unpacked, "quiver policy explain --system ''") == []


def test_every_option_that_is_completed_is_one(unpacked):
    seen = 0
    for command in commands():
        for option in completed(unpacked, f"quiver {command} --"):
            tried = subprocess.run([BUILD / "quiver", *command.split(), option], text=True, capture_output=True,
                                   stdin=subprocess.DEVNULL)
            assert "unknown option" not in tried.stderr, (command, option)
            seen += 1
    assert seen > 20


def zsh_completed(unpacked, *words):
    """What zsh is told to complete: its own functions stand for themselves."""
    script = unpacked / "usr/share/zsh/vendor-completions/_quiver"
    stubs = "_arguments() { print -rl -- $@ }; _describe() { print -rl -- $list }; "
    quoted = " ".join(f"'{word}'" for word in words)
    return run("zsh", "-fc", f"{stubs} words=({quoted}); CURRENT={len(words)}; source {script}").splitlines()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_the_same(unpacked):
    top = zsh_completed(unpacked, "quiver", "")
    for command in commands():
        assert " " in command or any(line.startswith(f"{command}:") for line in top)
    assert any(line.startswith("explain:") for line in zsh_completed(unpacked, "quiver", "policy", ""))
    explain = zsh_completed(unpacked, "quiver", "policy", "explain", "--")
    assert any(re.search(r"--operation\[.*\]:OPERATION:\(service\.register ", line) for line in explain)
    serve = zsh_completed(unpacked, "quiver", "serve", "")
    assert any(re.search(r"--config\[.*\]:FILE:_files$", line) for line in serve)


# ---- its life in a fresh Debian ------------------------------------------------------------------


@pytest.fixture(scope="module")
def root(deb):
    reason = debian_root.why_not()
    if reason is not None:
        pytest.skip(f"no fresh Debian can be made here: {reason}")
    with debian_root.fresh() as root:
        shutil.copy(deb, root.path("/tmp/quiver.deb"))
        root.run("apt-get -qq update && apt-get -qq -y --no-install-recommends install /tmp/quiver.deb")
        yield root


def facts(root, inside):
    """(owner, group, mode) as the root's own names."""
    return tuple(root.run(f"stat -c '%U %G %a' {inside}").stdout.split())


def state(root):
    return root.run("dpkg-query -W -f '${db:Status-Abbrev}' quiver", check=False).stdout.strip()


def repacked(root, unpacked, version, **changed):
    """The same package as a later version, with other files, at /tmp/later.deb in the root."""
    folder = root.path("/tmp/later")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(unpacked, folder)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M))
    for name, text in changed.items():
        (folder / "etc/quiver" / f"{name}.yaml").write_text(text)
    run("dpkg-deb", "-b", "--root-owner-group", folder, root.path("/tmp/later.deb"))


# Starts Quiver as its unit does, runs commands against it, ends it; fails if it does not end in order.
SERVED = r"""
setpriv --reuid quiver --regid quiver --init-groups /usr/bin/quiver serve --config /etc/quiver/quiver.yaml 2>/tmp/log &
server=$!
until curl -fsS -o /dev/null http://127.0.0.1:9090/health/ready 2>/dev/null; do
    kill -0 $server || { cat /tmp/log; exit 1; }
    sleep 0.1
done
as() { curl -sS --cacert /etc/quiver/tls/cloud-ca.crt --cert ~/quiver-pki/$1.crt --key ~/quiver-pki/$1.key \
    -H 'Content-Type: application/json' -w '%{http_code}\n' "${@:2}"; }
{ COMMANDS
} || { cat /tmp/log; exit 1; }
kill -TERM $server
wait $server
"""
SERVICE = ('{"serviceDefinitionName":"pressure","interfaces":[{"templateName":"generic-http","protocol":"http",'
           '"policy":"NONE","properties":{"accessAddresses":["192.168.56.107"],"accessPort":8080,"basePath":"/p"}}]}')


def served(root, commands):
    return root.run(SERVED.replace("COMMANDS", commands), network=False).stdout


def test_installing_makes_user_folders_and_files_and_starts_nothing(root):
    assert state(root) == "ii"
    assert facts(root, "/usr/bin/quiver") == ("root", "root", "755")
    assert facts(root, "/usr/bin/quiver-pki") == ("root", "root", "755")
    assert facts(root, "/etc/quiver/quiver.yaml") == ("root", "root", "644")
    assert facts(root, "/etc/quiver/tls") == ("root", "quiver", "750")
    assert facts(root, "/var/lib/quiver") == ("quiver", "quiver", "700")
    assert root.run("getent passwd quiver").stdout.strip().endswith(":/var/lib/quiver:/usr/sbin/nologin")
    assert root.run("dpkg-query -W -f '${Conffiles}' quiver").stdout.split()[::2] == [
        "/etc/quiver/policy.yaml", "/etc/quiver/quiver.yaml"]
    for page in PAGES:
        assert root.path(f"/usr/share/man/{page}.gz").exists()
    assert root.path("/usr/share/bash-completion/completions/quiver").exists()
    assert root.path("/usr/share/zsh/vendor-completions/_quiver").exists()
    enabled = root.path("/etc/systemd/system/multi-user.target.wants/quiver.service")
    assert os.readlink(enabled) == "/lib/systemd/system/quiver.service"
    unit = root.path("/lib/systemd/system/quiver.service").read_text()
    assert "ConditionPathExists=/etc/quiver/tls/registry.crt" in unit
    assert "ExecStart=/usr/bin/quiver serve --config /etc/quiver/quiver.yaml" in unit
    assert list(root.path("/var/lib/quiver").iterdir()) == []


def test_without_a_certificate_check_says_what_is_missing(root):
    said = root.run("runuser -u quiver -- quiver check --config /etc/quiver/quiver.yaml", check=False)
    assert said.returncode == 1 and "/etc/quiver/tls/registry.crt" in said.stdout


def test_the_first_start_as_readme_has_it_and_a_registration(root):
    steps = re.findall(r"^    (.*)$", root.path("/usr/share/doc/quiver/README.Debian").read_text(), re.M)
    steps = [step for step in steps if not step.startswith("systemctl")]
    assert len(steps) == 5
    said = root.run("\n".join(steps)).stdout
    assert "is fine: cloud testcloud.company.arrowhead.eu" in said
    key = root.path("/etc/quiver/tls/registry.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    root.run("quiver-pki issue ~/quiver-pki system pump")
    answers = served(root, f"as pump -d '{SERVICE}' {REGISTER}; quiver reload --config /etc/quiver/quiver.yaml")
    assert '"instanceId":"pump::pressure::1.0.0"' in answers and "}201\n" in answers
    assert root.path("/var/lib/quiver/appendonlydir").is_dir()


def test_the_manual_of_the_first_start_is_readmes(root, unpacked):
    readme = root.path("/usr/share/doc/quiver/README.Debian").read_text()
    manual = page_text(unpacked, "man8/quiver-serve.8")
    for step in re.findall(r"^    (.*)$", readme, re.M):
        assert "redis-server" in step or step in manual


def test_upgrading_over_itself_keeps_a_changed_conffile_and_what_is_registered(root, deb, unpacked):
    file = root.path("/etc/quiver/quiver.yaml")
    mine = file.read_text().replace("level: info", "level: debug")
    file.write_text(mine)
    shutil.copy(deb, root.path("/tmp/quiver.deb"))
    root.run("dpkg -i /tmp/quiver.deb")
    assert file.read_text() == mine
    # a later one with another quiver.yaml and policy.yaml: mine stays, the untouched one is taken over
    policy = root.path("/etc/quiver/policy.yaml").read_text() + "# later\n"
    repacked(root, unpacked, "9.0", quiver=mine + "# theirs\n", policy=policy)
    root.run("dpkg --force-confold -i /tmp/later.deb")
    assert root.run("dpkg-query -W -f '${Version}' quiver").stdout == "9.0"
    assert file.read_text() == mine
    assert root.path("/etc/quiver/quiver.yaml.dpkg-dist").read_text() == mine + "# theirs\n"
    assert root.path("/etc/quiver/policy.yaml").read_text() == policy
    assert facts(root, "/etc/quiver/tls/registry.key") == ("quiver", "quiver", "600")
    found = served(root, f"""as pump -d '{{"serviceDefinitionNames":["pressure"]}}' {LOOKUP}""")
    assert '"instanceId":"pump::pressure::1.0.0"' in found and "}200\n" in found


def test_an_operators_folder_modes_survive_an_upgrade(root):
    root.run("chmod 0700 /etc/quiver/tls && chown quiver /etc/quiver/tls && dpkg -i /tmp/later.deb")
    assert facts(root, "/etc/quiver/tls") == ("quiver", "quiver", "700")


def test_removing_leaves_configuration_keys_and_data(root):
    root.run("dpkg -r quiver")
    assert state(root) == "rc"
    assert not root.path("/usr/bin/quiver").exists()
    for kept in ("/etc/quiver/quiver.yaml", "/etc/quiver/policy.yaml", "/etc/quiver/tls/registry.key",
                 "/var/lib/quiver/appendonlydir"):
        assert root.path(kept).exists(), kept


def test_purging_takes_all_but_the_operators_keys(root):
    root.path("/var/log/quiver").mkdir()
    root.run("dpkg -P quiver")
    assert state(root) in ("", "un") or "no packages found" in state(root)
    for gone in ("/etc/quiver/quiver.yaml", "/etc/quiver/policy.yaml", "/var/lib/quiver", "/var/log/quiver",
                 "/etc/systemd/system/multi-user.target.wants/quiver.service"):
        assert not os.path.lexists(root.path(gone)), gone
    assert root.path("/etc/quiver/tls/registry.key").exists()
    assert root.run("getent passwd quiver").returncode == 0


def test_purging_leaves_nothing_where_there_were_no_keys(root):
    shutil.rmtree(root.path("/etc/quiver"))
    root.run("dpkg -i /tmp/quiver.deb && dpkg -P quiver")
    assert not root.path("/etc/quiver").exists()
    assert not root.path("/var/lib/quiver").exists()


# ---- under systemd -------------------------------------------------------------------------------

# Records how it was called, and what would have come of it: systemd starts no unit whose condition is not met.
STUB = r"""#!/bin/bash
outcome=""
if [[ $1 == *start ]]; then
    needed=$(sed -n 's/^ConditionPathExists=//p' "/lib/systemd/system/$2")
    [[ -e $needed ]] && outcome=": started" || outcome=": no $needed"
elif [[ $1 == stop && -x /usr/bin/quiver ]]; then
    outcome=": still there"
fi
echo "${0##*/} $*$outcome" >>/tmp/calls
"""
RELOADED = "systemctl daemon-reload"
WANTED = "/etc/systemd/system/sockets.target.wants/quiver.socket"


@pytest.fixture
def managed(root, deb, unpacked):
    """The root without Quiver, as if systemd ran there; managed(command) gives the calls of it that a command makes."""
    root.run("dpkg -P quiver; rm -rf /etc/quiver; mkdir -p /run/systemd/system")
    shutil.copy(deb, root.path("/tmp/quiver.deb"))
    repacked(root, unpacked, "9.0")
    stubs = [root.path(f"/usr/local/sbin/{name}") for name in ("systemctl", "deb-systemd-invoke")]
    for stub in stubs:
        stub.write_text(STUB)
        stub.chmod(0o755)

    def run_recorded(command):
        root.path("/tmp/calls").write_text("")
        root.run(command)
        calls = root.path("/tmp/calls").read_text().replace("--system ", "").splitlines()
        return [call for call, _ in itertools.groupby(calls)]  # deb-systemd-helper reloads, too

    yield run_recorded
    root.run("dpkg -P quiver; rm -rf /etc/quiver /run/systemd")
    for stub in stubs:
        stub.unlink()


def test_the_service_starts_with_a_certificate_restarts_on_upgrade_and_stops_before_removal(root, managed):
    crt = "/etc/quiver/tls/registry.crt"
    assert managed("dpkg -i /tmp/quiver.deb") == [
        RELOADED, f"deb-systemd-invoke start quiver.service: no {crt}"]
    assert managed("dpkg -i /tmp/later.deb") == [
        RELOADED, f"deb-systemd-invoke restart quiver.service: no {crt}"]
    root.path(crt).touch()
    assert managed("dpkg -i /tmp/later.deb") == [RELOADED, "deb-systemd-invoke restart quiver.service: started"]
    assert managed("dpkg -r quiver") == [
        "deb-systemd-invoke stop quiver.socket quiver.service: still there", RELOADED]
    assert managed("dpkg -P quiver") == [RELOADED]


def test_the_socket_is_the_operators_choice_and_can_be_had_after_a_removal(root, managed):
    managed("dpkg -i /tmp/quiver.deb")
    assert not os.path.lexists(root.path(WANTED))
    managed("dpkg -r quiver")
    assert os.readlink(root.path("/etc/systemd/system/quiver.socket")) == "/dev/null"
    managed("dpkg -i /tmp/quiver.deb")
    for unit in ("quiver.socket", "quiver.service"):
        assert not os.path.lexists(root.path(f"/etc/systemd/system/{unit}")), f"{unit} is masked"
    # as `systemctl enable quiver.socket` does it; an upgrade keeps it, purge takes it
    root.run(f"mkdir -p {os.path.dirname(WANTED)} && ln -s /lib/systemd/system/quiver.socket {WANTED}")
    managed("dpkg -i /tmp/later.deb")
    assert os.path.lexists(root.path(WANTED))
    managed("dpkg -P quiver")
    assert not os.path.lexists(root.path(WANTED))

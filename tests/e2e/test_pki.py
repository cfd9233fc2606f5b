"""certs/pki: profiles, strict verification, refusals, revocation, renewal, file modes."""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.pki import SCRIPT, Pki, run_pki

NOBODY = 65534
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def subject(certificate):
    return [(a.oid, a.value) for a in certificate.subject]


def alternative_names(certificate):
    names = extension(certificate, x509.SubjectAlternativeName).value
    return {f"{type(n).__name__}:{n.value}" for n in names}


def key_usages(certificate):
    usage = extension(certificate, x509.KeyUsage)
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign")
    assert usage.critical
    return {name for name in names if getattr(usage.value, name)}


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def load_crl(path):
    return x509.load_pem_x509_crl(path.read_bytes())


def verify(pki, crt, *more):
    """openssl's strictest judgement of `crt`, with all three CRLs."""
    upper = pki.directory / "ca"
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", upper / "master.crt",
               "-untrusted", upper / "organization.crt", "-untrusted", pki.ca]
    for crl in (upper / "master.crl", upper / "organization.crl", pki.crl):
        command += ["-CRLfile", crl]
    return subprocess.run([*command, *more, crt], capture_output=True, text=True, timeout=20)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def refused(*arguments, status=1, env=None):
    """The one line with which pki refuses."""
    done = run_pki(*arguments, check=False, env=env)
    assert done.returncode == status, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("pki: "), done.stderr
    assert done.stdout == ""
    return lines[0]


@pytest.fixture
def cloud(new_pki):
    return new_pki()


# ---- profiles ----


@pytest.mark.parametrize("name, cn, qualifier, below", [
    ("ca/master", "arrowhead.eu", "ma", 2),
    ("ca/organization", "company.arrowhead.eu", "or", 1),
    ("cloud-ca", "testcloud.company.arrowhead.eu", "lo", 0)])
def test_authorities_follow_their_profile(pki, name, cn, qualifier, below):
    certificate = load(pki.directory / f"{name}.crt")
    assert subject(certificate) == [(NameOID.COMMON_NAME, cn), (NameOID.DN_QUALIFIER, qualifier)]
    constraints = extension(certificate, x509.BasicConstraints)
    assert constraints.critical and constraints.value.ca and constraints.value.path_length == below
    assert key_usages(certificate) == {"key_cert_sign", "crl_sign"}
    assert extension(certificate, x509.SubjectKeyIdentifier).value.digest
    assert extension(certificate, x509.AuthorityKeyIdentifier).value.key_identifier
    assert isinstance(certificate.public_key().curve, ec.SECP256R1)


@pytest.mark.parametrize("profile, qualifier, purposes", [
    ("system", "sy", [SERVER, CLIENT]), ("operator", "op", [SERVER, CLIENT]), ("device", "de", [CLIENT])])
def test_leaves_follow_their_profile(pki, profile, qualifier, purposes):
    name = f"profile-{profile}"
    certificate = pki.issue(name, profile).load()
    assert subject(certificate) == [(NameOID.COMMON_NAME, f"{name}.testcloud.company.arrowhead.eu"),
                                    (NameOID.DN_QUALIFIER, qualifier)]
    constraints = extension(certificate, x509.BasicConstraints)
    assert constraints.critical and not constraints.value.ca
    assert key_usages(certificate) == {"digital_signature", "key_encipherment"}
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == purposes
    assert alternative_names(certificate) == {f"DNSName:{name}"}
    authority = extension(certificate, x509.AuthorityKeyIdentifier).value.key_identifier
    assert authority == extension(load(pki.ca), x509.SubjectKeyIdentifier).value.digest
    assert certificate.version == x509.Version.v3


def test_registry_answers_to_its_name_and_to_localhost(pki):
    certificate = pki.registry.load()
    assert subject(certificate)[0][1] == "serviceregistry.testcloud.company.arrowhead.eu"
    assert alternative_names(certificate) == {"DNSName:serviceregistry", "DNSName:localhost",
                                              "IPAddress:127.0.0.1", "IPAddress:::1"}


def test_given_alternative_names_replace_the_default(cloud):
    run_pki("issue", cloud.directory, "system", "web1", "--san", "DNS:web1.plant.example,IP:10.0.0.5",
            "--san=IP:2001:db8::7", "--san", "DNS:*.plant.example")
    assert alternative_names(load(cloud.directory / "web1.crt")) == {
        "DNSName:web1.plant.example", "DNSName:*.plant.example", "IPAddress:10.0.0.5",
        "IPAddress:2001:db8::7"}


def test_init_takes_names_and_domain_for_the_registry(new_pki):
    cloud = new_pki("plant-7", "acme", "--domain", "factory.example", "--san", "DNS:registry.acme.example")
    certificate = cloud.registry.load()
    assert subject(certificate)[0][1] == "serviceregistry.plant-7.acme.factory.example"
    assert alternative_names(certificate) == {"DNSName:registry.acme.example"}


def test_rsa_where_asked_for(new_pki):
    cloud = new_pki("testcloud", "company", "--rsa")
    for file in ("ca/master", "ca/organization", "cloud-ca", "registry"):
        key = load(cloud.directory / f"{file}.crt").public_key()
        assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048, file
    assert isinstance(cloud.issue("small").load().public_key(), ec.EllipticCurvePublicKey)
    assert cloud.issue("big", rsa=True).load().public_key().key_size == 2048
    assert verify(cloud, cloud.issue("big", rsa=True).crt).returncode == 0


def test_serial_numbers_are_random_positive_and_of_128_bits(cloud):
    serials = [cloud.issue(f"s{n}").load().serial_number for n in range(8)]
    assert len(set(serials)) == 8
    assert all(2 ** 126 <= serial < 2 ** 127 for serial in serials)


def test_certificate_file_holds_the_leaf_and_then_the_cloud_ca(pki):
    chain = x509.load_pem_x509_certificates(pki.issue("chained").crt.read_bytes())
    assert [c.subject.rfc4514_string() for c in chain[1:]] == [load(pki.ca).subject.rfc4514_string()]


# ---- verification ----


def test_everything_passes_strict_verification_with_all_crls(pki):
    for profile in ("system", "operator", "device"):
        done = verify(pki, pki.issue(f"strict-{profile}", profile).crt, "-purpose", "sslclient")
        assert done.returncode == 0, done.stderr
    done = verify(pki, pki.registry.crt, "-purpose", "sslserver", "-verify_hostname", "localhost")
    assert done.returncode == 0, done.stderr


def test_a_device_is_no_server(pki):
    done = verify(pki, pki.issue("strict-device", "device").crt, "-purpose", "sslserver")
    assert done.returncode != 0 and "unsuitable certificate purpose" in done.stderr


@pytest.mark.parametrize("file", ["ca/master.crl", "ca/organization.crl", "cloud-ca.crl"])
def test_crls_have_a_number_and_an_authority_key(cloud, file):
    crl = load_crl(cloud.directory / file)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 1
    assert crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert len(crl) == 0
    assert crl.next_update_utc > crl.last_update_utc


# ---- revocation ----


def test_revoked_is_on_the_crl_and_fails_verification(cloud):
    victim, other = cloud.issue("victim"), cloud.issue("other")
    assert verify(cloud, victim.crt).returncode == 0
    cloud.revoke("victim", "keyCompromise")
    crl = load_crl(cloud.crl)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    entry = crl.get_revoked_certificate_by_serial_number(victim.load().serial_number)
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason == x509.ReasonFlags.key_compromise
    assert "certificate revoked" in verify(cloud, victim.crt).stderr
    assert verify(cloud, other.crt).returncode == 0


def test_revocation_reaches_what_was_renewed(cloud):
    serials = [cloud.issue("victim").load().serial_number]
    serials.append(cloud.renew("victim").load().serial_number)
    run_pki("issue", cloud.directory, "system", "victim", "--force")
    serials.append(load(cloud.directory / "victim.crt").serial_number)
    cloud.issue("victim-2")
    cloud.revoke("victim")
    assert {entry.serial_number for entry in load_crl(cloud.crl)} == set(serials)
    assert len(set(serials)) == 3


def test_revoking_again_only_writes_the_crl_again(cloud):
    cloud.issue("victim")
    cloud.revoke("victim")
    done = run_pki("revoke", cloud.directory, "victim")
    assert done.stdout == "revoked before: victim; cloud-ca.crl is written again\n"
    crl = load_crl(cloud.crl)
    assert len(crl) == 1
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3


def test_unspecified_reason_stands_as_no_reason(cloud):
    serial = cloud.issue("victim").load().serial_number
    cloud.revoke("victim")
    entry = load_crl(cloud.crl).get_revoked_certificate_by_serial_number(serial)
    assert [e.oid for e in entry.extensions] == []


# ---- renewal ----


def test_renewal_keeps_names_and_profile_and_changes_the_key(cloud):
    old = cloud.issue("web1", "operator", san=["DNS:web1.plant.example", "IP:10.0.0.5"], rsa=True).load()
    old_key = (cloud.directory / "web1.key").read_bytes()
    new = cloud.renew("web1", "--days", 10).load()
    assert new.subject == old.subject
    assert alternative_names(new) == alternative_names(old)
    assert new.public_key().key_size == 2048
    assert new.public_key() != old.public_key()
    assert new.serial_number != old.serial_number
    assert (new.not_valid_after_utc - new.not_valid_before_utc).days == 10
    assert (cloud.directory / "web1.key").read_bytes() != old_key
    assert verify(cloud, cloud.directory / "web1.crt").returncode == 0


def test_renewal_may_keep_the_key(cloud):
    old = cloud.issue("web1").load()
    key = (cloud.directory / "web1.key").read_bytes()
    new = cloud.renew("web1", "--keep-key").load()
    assert (cloud.directory / "web1.key").read_bytes() == key
    assert new.public_key() == old.public_key() and new.serial_number != old.serial_number


def test_the_registry_is_renewed_like_any_other(cloud):
    old = cloud.registry.load()
    new = cloud.renew("registry").load()
    assert new.subject == old.subject and alternative_names(new) == alternative_names(old)
    assert new.serial_number != old.serial_number


def test_the_revoked_are_not_renewed_but_issued_again(cloud):
    cloud.issue("victim")
    cloud.revoke("victim")
    assert refused("renew", cloud.directory, "victim") == (
        "pki: 'victim' is revoked and is not renewed: issue it again with --force")
    run_pki("issue", cloud.directory, "system", "victim", "--force")
    assert verify(cloud, cloud.directory / "victim.crt").returncode == 0


# ---- files ----


def test_file_modes(cloud):
    cloud.issue("web1")
    assert mode(cloud.directory / "ca") == 0o700
    keys = [*cloud.directory.glob("*.key"), *cloud.directory.glob("ca/*.key")]
    assert {k.name for k in keys} == {"registry.key", "web1.key", "master.key", "organization.key",
                                      "cloud.key"}
    assert {mode(k) for k in keys} == {0o600}
    assert {mode(f) for f in cloud.directory.glob("*.cr?")} == {0o644}


def test_init_works_in_a_folder_that_exists(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    Pki(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "registry.crt").exists()


def test_init_again_keeps_everything(cloud):
    before = {f: f.read_bytes() for f in cloud.directory.rglob("*.*") if f.is_file()}
    done = run_pki("init", cloud.directory, "--cloud", "testcloud", "--organization", "company")
    assert done.stdout.splitlines() == ["kept: ca/master.crt", "kept: ca/organization.crt",
                                        "kept: cloud-ca.crt", "kept: registry.crt"]
    assert {f: f.read_bytes() for f in cloud.directory.rglob("*.*") if f.is_file()} == before


def test_init_completes_what_is_missing(cloud):
    cloud.crl.unlink()
    (cloud.directory / "registry.crt").unlink()
    (cloud.directory / "registry.key").unlink()
    master = (cloud.directory / "ca/master.crt").read_bytes()
    run_pki("init", cloud.directory, "--cloud", "testcloud", "--organization", "company")
    assert (cloud.directory / "ca/master.crt").read_bytes() == master
    assert verify(cloud, cloud.registry.crt).returncode == 0


def test_init_keeps_a_ca_whose_key_is_kept_elsewhere(cloud):
    master = (cloud.directory / "ca/master.crt").read_bytes()
    (cloud.directory / "ca/master.key").unlink()
    run_pki("init", cloud.directory, "--cloud", "testcloud", "--organization", "company")
    assert (cloud.directory / "ca/master.crt").read_bytes() == master
    assert not (cloud.directory / "ca/master.key").exists()


def test_init_does_not_make_another_cloud_of_a_folder(cloud):
    line = refused("init", cloud.directory, "--cloud", "other", "--organization", "company")
    assert "holds the cloud testcloud.company.arrowhead.eu already" in line and "--force" in line


def test_init_force_makes_new_authorities(cloud):
    old = load(cloud.ca)
    run_pki("init", cloud.directory, "--cloud", "testcloud", "--organization", "company", "--force")
    assert load(cloud.ca).public_key() != old.public_key()
    assert verify(cloud, cloud.registry.crt).returncode == 0


def test_init_leaves_foreign_files_alone(tmp_path):
    (tmp_path / "registry.key").write_text("somebody's")
    line = refused("init", tmp_path, "--cloud", "testcloud", "--organization", "company")
    assert "registry.key' is there already" in line and "--force" in line
    assert (tmp_path / "registry.key").read_text() == "somebody's"


def test_a_key_is_never_overwritten_without_force(cloud):
    key = (cloud.issue("web1").key).read_bytes()
    assert refused("issue", cloud.directory, "system", "web1") == (
        "pki: 'web1' is there already: 'pki renew' renews it, --force replaces it")
    assert cloud.issue("web1").key.read_bytes() == key
    (cloud.directory / "lonely.key").write_text("a key without certificate")
    assert "is there already" in refused("issue", cloud.directory, "system", "lonely")
    assert (cloud.directory / "lonely.key").read_text() == "a key without certificate"
    run_pki("issue", cloud.directory, "system", "web1", "--force")
    assert cloud.issue("web1").key.read_bytes() != key


def test_a_failure_leaves_nothing_half_done(cloud):
    before = sorted(os.listdir(cloud.directory))
    refused("issue", cloud.directory, "system", "web1", "--san", "IP:1:2:3")
    assert sorted(os.listdir(cloud.directory)) == before
    assert not list(cloud.directory.glob("ca/.work*"))


def test_what_a_killed_run_left_is_removed(cloud, tmp_path):
    """openssl is a stub that says when it was reached: the private key would be staged by then."""
    tools = tmp_path / "bin"
    tools.mkdir()
    os.mkfifo(tmp_path / "reached")
    (tools / "openssl").write_text(f"#!/bin/sh\necho here >'{tmp_path}/reached'\nexec sleep 60\n")
    (tools / "openssl").chmod(0o755)
    killed = subprocess.Popen([SCRIPT, "issue", cloud.directory, "system", "web1"], start_new_session=True,
                              env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    assert (tmp_path / "reached").read_text() == "here\n"
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait(20)
    assert len(list(cloud.directory.glob("ca/.work*"))) == 1
    run_pki("issue", cloud.directory, "system", "web1")
    assert not list(cloud.directory.glob("ca/.work*"))


def test_a_folder_may_be_moved_and_have_an_odd_name(tmp_path):
    cloud = Pki(tmp_path / "first $HOME # \"x\"")
    moved = tmp_path / "second 'y' \\ z"
    cloud.directory.rename(moved)
    run_pki("issue", moved, "system", "web1")
    run_pki("revoke", moved, "web1")
    assert load_crl(moved / "cloud-ca.crl").get_revoked_certificate_by_serial_number(
        load(moved / "web1.crt").serial_number)


def test_two_at_once_wait_for_each_other(cloud):
    running = [subprocess.Popen([SCRIPT, "issue", cloud.directory, "system", f"web{n}"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in range(6)]
    assert [(p.communicate(timeout=60)[1], p.returncode) for p in running] == [(b"", 0)] * 6
    assert all(verify(cloud, cloud.directory / f"web{n}.crt").returncode == 0 for n in range(6))


# ---- refusals ----


@pytest.mark.parametrize("name", ["a b", "a.b", "a/b", "a_b", "ä", "a\nb", "", "x" * 64])
def test_names_are_checked(pki, name):
    done = run_pki("issue", pki.directory, "system", name, check=False)
    assert done.returncode == 1
    assert done.stderr == (f"pki: '{name}' cannot be the name of a system: "
                           "1 to 63 letters, digits and hyphens are allowed\n")


def test_a_common_name_over_64_characters_gets_one_clear_line(pki):
    fits, over = "x" * 33, "x" * 34
    run_pki("issue", pki.directory, "system", fits)
    assert len(f"{fits}.{pki.suffix}") == 64
    assert refused("issue", pki.directory, "system", over) == (
        f"pki: the common name '{over}.{pki.suffix}' has 65 characters, certificates allow 64: "
        "use shorter names")


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_name_that_differs_in_letter_case_alone_is_refused(pki, force):
    pki.issue("case-a")
    assert refused("issue", pki.directory, "device", "Case-A", *force) == (
        "pki: 'Case-A' would be the same system as 'case-a', which is there: letter case does not "
        "count, choose another name")
    assert not (pki.directory / "Case-A.crt").exists()


def test_a_name_of_which_a_killed_run_left_only_the_certificate_counts(cloud):
    cloud.issue("web1")
    for left in ("ca/names/web1", "web1.crt", "web1.key"):
        (cloud.directory / left).unlink()
    assert "the same system as 'web1'" in refused("issue", cloud.directory, "system", "WEB1")


@pytest.mark.parametrize("name", ["serviceregistry", "ServiceRegistry"])
def test_nobody_gets_the_registrys_own_name(pki, name):
    assert refused("issue", pki.directory, "system", name, "--force") == (
        f"pki: '{name}' would be the same system as the registry itself ('serviceregistry'): "
        "'pki renew DIR registry' renews its certificate")


@pytest.mark.parametrize("name", ["registry", "cloud-ca", "Registry", "Cloud-CA"])
def test_names_of_the_clouds_own_files_are_refused(pki, name):
    assert "belongs to the cloud itself" in refused("issue", pki.directory, "system", name)


@pytest.mark.parametrize("san", ["web1", "DNS:", "DNS:a b", "DNS:a..b", "IP:300.0.0.1", "IP:1.2.3",
                                 "IP:::::", "IP:g::1", "URI:http://x", "DNS:a,,DNS:b", "", "DNS:a\nDNS:b"])
def test_alternative_names_are_checked(pki, san):
    line = refused("issue", pki.directory, "system", "bad-san", "--san", san)
    assert "alternative name" in line or "--san" in line
    assert not (pki.directory / "bad-san.key").exists()


@pytest.mark.parametrize("arguments, status, text", [
    (["issue", "DIR", "robot", "x"], 2, "'robot' is no profile"),
    (["issue", "DIR", "system"], 2, "expected: a folder, a profile and a name"),
    (["issue", "DIR", "system", "x", "--dayz", "3"], 2, "unknown option '--dayz'"),
    (["issue", "DIR", "system", "x", "--days"], 2, "--days needs a value"),
    (["issue", "DIR", "system", "x", "--days", "0"], 1, "--days '0' is no number of days"),
    (["issue", "DIR", "system", "x", "--days", "99999"], 1, "would outlive the cloud CA"),
    (["issue", "DIR/none", "system", "x"], 1, "holds no local cloud"),
    (["renew", "DIR", "nobody"], 1, "nothing was issued as 'nobody'"),
    (["revoke", "DIR", "nobody"], 1, "nothing was issued as 'nobody'"),
    (["revoke", "DIR", "*"], 1, "'*' cannot be the name"),
    (["revoke", "DIR", "registry", "--reason", "boredom"], 2, "'boredom' is no reason"),
    (["show", "DIR", "nobody"], 1, "nothing was issued as 'nobody'"),
    (["init", "DIR", "--organization", "company"], 2, "--cloud is missing"),
    (["init", "DIR", "--cloud", "company"], 2, "--organization is missing"),
    (["init", "DIR", "--cloud", "a_b", "--organization", "company"], 1, "'a_b' cannot be the name of a cloud"),
    (["init", "DIR", "--cloud", "c", "--organization", "a.b"], 1, "'a.b' cannot be the name of an organization"),
    (["init", "DIR", "--cloud", "c" * 20, "--organization", "o" * 20], 1, "has 70 characters, certificates allow 64"),
    (["init", "DIR", "--cloud", "c", "--organization", "o", "--domain", "eu"], 1, "cannot be the domain"),
    (["frobnicate"], 2, "unknown verb 'frobnicate'")])
def test_refusals_are_one_clear_line(pki, arguments, status, text):
    line = refused(*[a.replace("DIR", str(pki.directory)) for a in arguments], status=status)
    assert text in line


INIT = ("--cloud", "testcloud", "--organization", "company")


@pytest.fixture
def stubs(tmp_path):
    """stubs(name=script, ...): an environment where the programs are these."""
    def make(**scripts):
        folder = tmp_path / "stubs"
        folder.mkdir()
        for name, text in scripts.items():
            (folder / name).write_text(f"#!/bin/bash\n{text}\n")
            (folder / name).chmod(0o755)
        return folder

    return make


@pytest.mark.parametrize("missing", ["openssl", "flock"])
def test_a_missing_tool_is_one_clear_line(stubs, tmp_path, missing):
    tools = stubs()
    (tools / "bash").symlink_to(shutil.which("bash"))  # and what pki needs, but for one
    for tool in {"openssl", "flock"} - {missing}:
        (tools / tool).symlink_to(shutil.which(tool))
    line = refused("init", tmp_path / "cloud", *INIT, env={"PATH": str(tools)})
    assert line == f"pki: the command '{missing}' is missing: apt-get install openssl util-linux"
    assert not (tmp_path / "cloud").exists()


def test_a_folder_where_another_pki_is_at_work_is_one_clear_line(cloud, stubs):
    """As after the seconds that it would wait."""
    path = stubs(flock=f'[[ $1 == -w ]] && shift 2\nexec {shutil.which("flock")} -n "$@"')
    with open(cloud.directory / "ca/.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        line = refused("issue", cloud.directory, "system", "web1", env={"PATH": f'{path}:{os.environ["PATH"]}'})
    assert line == (f"pki: another pki is at work in '{cloud.directory}' (it holds ca/.lock): "
                    "let it end, then try again")
    assert not (cloud.directory / "web1.key").exists()


@pytest.fixture
def nobodys():
    """A folder that everybody reaches and nobody but root may write to; pki runs there as another user."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing: apt-get install util-linux")
    with tempfile.TemporaryDirectory(prefix="qv-pki-") as name:
        folder = Path(name)
        shutil.copy(SCRIPT, folder / "pki")
        (folder / "there").mkdir()
        (folder / "file").touch()
        for path in (folder / "there", folder):
            path.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def as_nobody(folder, *arguments):
    """The one line of a refusal to another user than root."""
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*who, folder / "pki", *arguments], cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize("name, text", [
    ("there", "'there' cannot be written (Permission denied): run pki as the user that owns it, or choose another folder"),
    ("new", "'new' cannot be made (Permission denied): run pki as a user that may write there, or choose another folder"),
    ("file", "'file' cannot be made (File exists): run pki as a user that may write there, or choose another folder")])
def test_a_folder_that_cannot_be_written_is_one_clear_line(nobodys, name, text):
    assert as_nobody(nobodys, "init", name, *INIT) == f"pki: {text}"


@pytest.mark.skipif(os.geteuid() != 0, reason="the files must be another user's: not root")
@pytest.mark.parametrize("verb", [["init", "there", *INIT], ["issue", "there", "system", "web1"]])
def test_a_cloud_of_another_user_is_one_clear_line(nobodys, verb):
    run_pki("init", nobodys / "there", *INIT)
    assert "cannot be written" in as_nobody(nobodys, *verb)
    (nobodys / "there").chmod(0o755)
    os.chown(nobodys / "there", NOBODY, NOBODY)
    os.chown(nobodys / "there/ca", NOBODY, NOBODY)  # but not the lock, of a run as root
    assert as_nobody(nobodys, *verb) == (
        "pki: 'there' cannot be written (ca/.lock: Permission denied): run pki as the user that owns it, "
        "or choose another folder")


def test_help_of_all_and_of_each_verb():
    overview = run_pki("--help").stdout
    for verb in ("init", "issue", "renew", "revoke", "show"):
        assert f"pki {verb}" in overview
        assert run_pki(verb, "--help").stdout.startswith(f"pki {verb} DIR")
    assert run_pki(check=False).returncode == 2


# ---- show ----


def test_show_lists_states(cloud):
    cloud.issue("soon", days=3)
    cloud.issue("gone", "operator")
    cloud.revoke("gone")
    rows = {row[0]: row[1:] for row in map(str.split, run_pki("show", cloud.directory).stdout.splitlines())}
    assert rows["registry"][:2] == ["system", "valid"]
    assert rows["soon"][:2] == ["system", "ends-soon"]
    assert rows["gone"][:2] == ["operator", "revoked"]
    assert rows["cloud-ca"][:2] == ["cloud-CA", "valid"]
    assert rows["cloud"] == ["testcloud.company.arrowhead.eu"]


def test_show_tells_the_details_of_one(cloud):
    certificate = cloud.issue("web1", "device", san=["DNS:web1.plant.example"]).load()
    text = run_pki("show", cloud.directory, "web1").stdout
    assert "state=valid" in text
    assert "subject=dnQualifier=de,CN=web1.testcloud.company.arrowhead.eu" in text
    assert f"serial={certificate.serial_number:032X}" in text
    assert "DNS:web1.plant.example" in text

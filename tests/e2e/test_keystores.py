"""Own certificate and key as files come: an encrypted key with a password file, a PKCS #12 keystore as
Arrowhead ships them; and in each the ways to have it wrong. No password is ever told."""

import os
import subprocess

import pytest

from harness import forge
from harness.livecloud import LiveCloud, Session, ask_reload, part_of, reload, shown_serial, write

PASSWORD = "correct horse battery"
WRONG = "entirely different"


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60,
                   stdin=subprocess.DEVNULL)


def password_file(cloud, word=PASSWORD, end="\n"):
    return write(cloud.folder / "password", f"{word}{end}".encode())


def encrypt(cloud, *options, word=PASSWORD):
    """The own key, encrypted."""
    path = write(cloud.folder / "encrypted.key")
    openssl("pkcs8", "-topk8", "-in", cloud.registry.key, "-out", path, "-passout", f"pass:{word}",
            *(options or ("-v2", "aes256")))
    return path


def keystore(cloud, *options, word=PASSWORD, name="registry.p12"):
    path = write(cloud.folder / name)
    openssl("pkcs12", "-export", "-in", cloud.registry.crt, "-inkey", cloud.registry.key, "-out", path,
            "-name", "serviceregistry", "-passout", f"pass:{word}", *options)
    return path


def key_settings(cloud, key, password=None):
    return {"tls": {**cloud.tls, "private_key": str(key),
                    **({"private_key_password_file": str(password)} if password else {})}}


def store_settings(cloud, store, password=None):
    return {"tls": {**cloud.tls, "certificate": None, "private_key": None, "keystore": str(store),
                    **({"keystore_password_file": str(password)} if password else {})}}


def assert_serves(server, cloud):
    assert shown_serial(server) == cloud.registry.load().serial_number
    assert server.alert("client") is None


@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\nsecond line\n"], ids=["line", "bare", "crlf", "two"])
def test_an_encrypted_key(quiver, cloud, end):
    settings = key_settings(cloud, encrypt(cloud), password_file(cloud, end=end))
    assert_serves(quiver.start(pki=cloud, **settings), cloud)


@pytest.mark.parametrize("options", [(), ("-macalg", "sha256", "-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC"),
                                     ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")],
                         ids=["default", "aes", "3des"])
def test_a_keystore(quiver, cloud, options):
    """With the chain in it; as keytool and older OpenSSL write it, too."""
    server = quiver.start(pki=cloud, **store_settings(cloud, keystore(cloud, *options), password_file(cloud)))
    assert_serves(server, cloud)


def test_a_keystore_without_password(quiver, cloud):
    assert_serves(quiver.start(pki=cloud, **store_settings(cloud, keystore(cloud, word=""))), cloud)


def refusal(quiver, cloud, settings):
    refused = quiver.refused(pki=cloud, **settings)
    assert refused.status == 1
    assert PASSWORD not in refused.output and WRONG not in refused.output
    return refused.output


def test_a_wrong_password(quiver, cloud):
    password = password_file(cloud, WRONG)
    for settings, file in ((key_settings(cloud, encrypt(cloud), password), "encrypted.key"),
                           (store_settings(cloud, keystore(cloud), password), "registry.p12")):
        said = refusal(quiver, cloud, settings)
        assert f"{cloud.folder / file}: the password in {password} does not open it" in said


def test_no_password(quiver, cloud):
    assert "tls.private_key_password_file" in refusal(quiver, cloud, key_settings(cloud, encrypt(cloud)))
    assert "tls.keystore_password_file" in refusal(quiver, cloud, store_settings(cloud, keystore(cloud)))


@pytest.mark.parametrize("file", ["password", "encrypted.key", "registry.p12"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660], ids=oct)
def test_open_to_others(quiver, cloud, file, mode):
    """Whatever opens the key is for its owner alone."""
    password, key, store = password_file(cloud), encrypt(cloud), keystore(cloud)
    os.chmod(cloud.folder / file, mode)
    settings = (key_settings(cloud, key, password) if file == "encrypted.key"
                else store_settings(cloud, store, password))
    said = refusal(quiver, cloud, settings)
    assert f"chmod 600 {cloud.folder / file}" in said


@pytest.mark.parametrize(("content", "words"), [(b"", "no PKCS #12"), (b"nonsense", "no PKCS #12"),
                                                (b"\xfe\xed\xfe\xed\0\0\0\2", "Java")],
                         ids=["empty", "nonsense", "jks"])
def test_what_is_no_keystore(quiver, cloud, content, words):
    store = write(cloud.folder / "registry.p12", content)
    said = refusal(quiver, cloud, store_settings(cloud, store, password_file(cloud)))
    assert str(store) in said and words in said


@pytest.mark.parametrize("content", [b"", b"\n", b"\nsecond\n", b"a\0b\n"], ids=["none", "empty", "second", "nul"])
def test_what_is_no_password(quiver, cloud, content):
    password = write(cloud.folder / "password", content)
    said = refusal(quiver, cloud, store_settings(cloud, keystore(cloud), password))
    assert str(password) in said and "first line" in said


def test_without_key_or_certificate(quiver, cloud):
    password = password_file(cloud)
    bare = keystore(cloud, "-nokeys")
    said = refusal(quiver, cloud, store_settings(cloud, bare, password))
    assert f"{bare}: there is no private key in it" in said


def test_both_at_once_are_refused(quiver, cloud):
    settings = {"tls": {**cloud.tls, "keystore": str(keystore(cloud)),
                        "keystore_password_file": str(password_file(cloud))}}
    assert "tls.keystore" in refusal(quiver, cloud, settings)


def test_a_keystore_is_rotated(quiver, cloud):
    """All its files are watched and reloaded, the password's as well; a wrong one keeps the old."""
    store, password = keystore(cloud), password_file(cloud)
    server = quiver.start(pki=cloud, **store_settings(cloud, store, password))
    client, before = Session(server, "client"), shown_serial(server)
    serial = cloud.renew_own(which="second")
    fresh = keystore(cloud, word=WRONG, name="fresh.p12")
    os.rename(fresh, store)
    outcome = ask_reload(server)
    assert "does not open it" in part_of(outcome, "own certificate")["faults"][0]
    assert WRONG not in str(outcome) and PASSWORD not in server.process.text
    assert shown_serial(server) == before and client.echo() == 200
    password_file(cloud, WRONG)
    reload(server)
    assert shown_serial(server) == serial and client.echo() == 200


def test_from_files_to_a_keystore(quiver, cloud):
    """A reload changes from one to the other."""
    server = cloud.start(quiver)
    serial = cloud.renew_own(which="second")
    store = keystore(cloud)
    write(cloud.registry.key, forge.private_pem(forge.key("p256", "another")))  # used no more
    server.write_config(**store_settings(cloud, store, password_file(cloud)))
    reload(server)
    assert shown_serial(server) == serial

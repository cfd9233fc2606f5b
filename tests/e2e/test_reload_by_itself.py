"""A changed file is noticed without a command, in whatever way it was changed: written in place, renamed
over, linked anew as Kubernetes does it, a whole folder swapped, an editor's save. A burst of changes is
one reload; a half-written file is tried again; a file that did not change reloads nothing.
"""

import os
import shutil
import subprocess
import time

import pytest

from harness.livecloud import LiveCloud, Session, readiness, reload, shown_serial, write
from harness.stalls import within

FILES = ("registry.crt", "registry.key", "trust.crt", "cloud.crl")
WITHIN = 6  # seconds: a look each second, a pause, and a slow machine
PAUSE = 0.1  # seconds; half of what ends a burst


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def reloads(server, since=0):
    return [line for line in server.log if line.get("event") in ("reloaded", "reload failed")][since:]


def wait_soon(server, event, since=0, **fields):
    """The line of the log that tells of a change of files, in time."""
    with within(WITHIN):
        return server.wait_log(event, since, **fields)


def wait_reloaded(server, since, trigger="files"):
    return wait_soon(server, "reloaded", since, trigger=trigger)


def started(quiver, cloud, where):
    """A server whose `tls:` names the files in the folder `where`."""
    named = {"certificate": "registry.crt", "private_key": "registry.key"}
    tls = {key: str(where / file) for key, file in named.items()}
    return cloud.start(quiver, tls={**tls, "trust": [str(where / "trust.crt")], "crl": [str(where / "cloud.crl")]})


def copy_files(cloud, folder):
    folder.mkdir()
    for file in FILES:
        shutil.copy2(cloud.folder / file, folder / file)


def in_place(cloud, where, data):
    (where / "cloud.crl").write_bytes(data)


def by_rename(cloud, where, data):
    write(where / "cloud.crl", data)


def removed_and_written(cloud, where, data):
    (where / "cloud.crl").unlink()
    (where / "cloud.crl").write_bytes(data)


def as_an_editor(cloud, where, data):
    """The old becomes the backup, the new is written beside and takes the name."""
    os.rename(where / "cloud.crl", where / "cloud.crl~")
    (where / "4913").touch()
    (where / "4913").unlink()
    (where / "cloud.crl").write_bytes(data)
    (where / "cloud.crl~").unlink()


def by_link(cloud, where, data):
    """The file becomes a link to another one, in a folder that nobody watches."""
    target = cloud.folder / "elsewhere"
    target.mkdir()
    (target / "new.crl").write_bytes(data)
    (where / "fresh").symlink_to(target / "new.crl")
    os.rename(where / "fresh", where / "cloud.crl")


def same_size_and_time(cloud, where, data):
    """By rename, with the old one's size and time of modification."""
    old = os.stat(where / "cloud.crl")
    write(where / "fresh.crl", data + b"\n" * (old.st_size - len(data)))
    os.utime(where / "fresh.crl", ns=(old.st_atime_ns, old.st_mtime_ns))
    os.rename(where / "fresh.crl", where / "cloud.crl")


WAYS = [in_place, by_rename, removed_and_written, as_an_editor, by_link, same_size_and_time]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_file_is_changed(quiver, cloud, tmp_path, way):
    where = tmp_path / "used"
    copy_files(cloud, where)
    if way is same_size_and_time:  # so that the new one is not longer
        (where / "cloud.crl").write_bytes((where / "cloud.crl").read_bytes() + b"\n" * 100)
    server = started(quiver, cloud, where)
    revoked, other = Session(server, "revoked"), Session(server, "other")
    cloud.revoke(cloud.issue("revoked"))
    mark = server.mark()
    way(cloud, where, cloud.crl.read_bytes())
    done = wait_reloaded(server, mark)
    assert (done["kept"], done["ended"]) == (1, 1)
    assert revoked.is_cut() and revoked.anew() == "certificate_revoked"
    assert other.echo() == 200
    assert readiness(server)["status"] == "ready"


def mount(cloud, volume, name):
    """A volume as Kubernetes fills it: ..data links to a folder with a time in its name, each file to
    one in ..data; the link is swapped by a rename, the old folder removed."""
    copy_files(cloud, volume / name)
    old = os.readlink(volume / "..data") if (volume / "..data").exists() else None
    (volume / "..data_tmp").symlink_to(name)
    os.rename(volume / "..data_tmp", volume / "..data")
    for file in FILES:
        if not (volume / file).is_symlink():
            (volume / file).symlink_to(f"..data/{file}")
    if old is not None:
        shutil.rmtree(volume / old)


def test_as_kubernetes_does_it(quiver, cloud, tmp_path):
    """Time and again: the folders behind the links are others each time."""
    volume = tmp_path / "volume"
    volume.mkdir()
    mount(cloud, volume, "..2026_01")
    server = started(quiver, cloud, volume)
    other = Session(server, "other")
    for number in range(2, 5):
        serial = cloud.renew_own(which=f"own{number}")
        mark = server.mark()
        mount(cloud, volume, f"..2026_0{number}")
        wait_reloaded(server, mark)
        assert shown_serial(server) == serial and other.echo() == 200


def test_a_folder_above_is_swapped(quiver, cloud, tmp_path):
    """The link that is swapped stands far above the files, where inotify hears nothing of it."""
    for name in ("one", "two"):
        (tmp_path / "releases" / name).mkdir(parents=True)
    copy_files(cloud, tmp_path / "releases/one/tls")
    (tmp_path / "current").symlink_to("releases/one")
    server = started(quiver, cloud, tmp_path / "current/tls")
    serial = cloud.renew_own(which="second")
    copy_files(cloud, tmp_path / "releases/two/tls")
    mark = server.mark()
    (tmp_path / "next").symlink_to("releases/two")
    os.rename(tmp_path / "next", tmp_path / "current")
    wait_reloaded(server, mark)
    assert shown_serial(server) == serial


def test_a_folder_is_renamed_and_another_takes_its_place(quiver, cloud, tmp_path):
    copy_files(cloud, tmp_path / "tls")
    server = started(quiver, cloud, tmp_path / "tls")
    serial = cloud.renew_own(which="second")
    copy_files(cloud, tmp_path / "tls.new")
    mark = server.mark()
    subprocess.run(["mv", "--no-target-directory", tmp_path / "tls", tmp_path / "tls.old"], check=True)
    os.rename(tmp_path / "tls.new", tmp_path / "tls")
    wait_soon(server, "reloaded", mark, parts=lambda parts: "own certificate" in parts)
    assert shown_serial(server) == serial


def test_half_written_then_completed(quiver, cloud):
    """It fails, the old stays, and the rest is noticed like any other change."""
    server = cloud.start(quiver)
    again = Session(server, "revoked")
    cloud.revoke(cloud.issue("revoked"))
    whole = cloud.crl.read_bytes()
    mark = server.mark()
    with open(cloud.crl, "wb") as file:
        file.write(whole[:200])
        file.flush()
        failed = wait_soon(server, "reload failed", mark, trigger="files")
        assert str(cloud.crl) in failed["reason"]
        assert again.echo() == 200 and readiness(server)["status"] == "degraded"
        mark = server.mark()
        file.write(whole[200:])
    wait_soon(server, "reloaded", mark, parts=lambda parts: "CAs and CRLs" in parts)
    assert again.is_cut()
    assert readiness(server) == {"status": "ready", "reasons": []}


def test_certificate_and_key_one_after_the_other(quiver, cloud):
    """Between the two writes they do not fit; nobody is refused, and the pair comes into force."""
    server = cloud.start(quiver)
    other, before = Session(server, "other"), shown_serial(server)
    key = cloud.registry.key.read_bytes()
    serial = cloud.renew_own(which="second")
    new_key = cloud.registry.key.read_bytes()
    write(cloud.registry.key, key)
    mark = server.mark()
    failed = wait_soon(server, "reload failed", part="own certificate")
    assert str(cloud.registry.key) in failed["reason"]
    assert shown_serial(server) == before and other.anew() is False
    mark = server.mark()
    write(cloud.registry.key, new_key)
    wait_soon(server, "reloaded", mark, parts=lambda parts: "own certificate" in parts)
    assert shown_serial(server) == serial and other.echo() == 200


def test_a_burst_is_one_reload(quiver, cloud):
    """Forty changes without a pause, and behind them a command, which is the second."""
    server = cloud.start(quiver)
    before = len(reloads(server))
    mark = server.mark()
    times, data = [], {file: (cloud.folder / file).read_bytes() for file in FILES}
    for _ in range(10):
        for file, content in data.items():
            write(cloud.folder / file, content)
            times.append(time.monotonic())
    pauses = sum(later - earlier > PAUSE for earlier, later in zip(times, times[1:]))  # of this machine
    wait_reloaded(server, mark)
    reload(server)
    assert len(reloads(server, before)) in range(2, 3 + pauses)


def test_what_does_not_matter_reloads_nothing(quiver, cloud):
    """Another file in the same folder; reading; a file that vanished and is back as it was is a change."""
    server = cloud.start(quiver)
    before = len(reloads(server))
    (cloud.folder / "notes.txt").write_text("nothing")
    cloud.crl.read_bytes()
    cloud.issue("somebody")
    mark = server.mark()
    write(cloud.trusted, cloud.trusted.read_bytes())  # this one counts
    wait_reloaded(server, mark)
    assert len(reloads(server, before)) == 1


def test_a_crl_that_vanishes_and_comes_back(quiver, cloud):
    server = cloud.start(quiver)
    cloud.revoke(cloud.issue("revoked"))
    reload(server)
    content = cloud.crl.read_bytes()
    mark = server.mark()
    cloud.crl.unlink()
    failed = wait_soon(server, "reload failed", mark, trigger="files")
    assert str(cloud.crl) in failed["reason"]
    assert server.alert("revoked") == "certificate_revoked"  # the old one stays in force
    mark = server.mark()
    cloud.crl.write_bytes(content)
    wait_soon(server, "reloaded", mark, parts=lambda parts: "CAs and CRLs" in parts)
    assert readiness(server)["status"] == "ready"
    assert server.alert("revoked") == "certificate_revoked"


def test_a_configuration_that_is_edited(quiver, cloud):
    """The configuration is watched, too, and the files that it names from then on."""
    server = cloud.start(quiver)
    other = cloud.folder / "other.crl"
    other.write_bytes(cloud.crl.read_bytes())
    mark = server.mark()
    server.write_config(tls={"crl": [str(other)]})
    assert "tls.crl" in wait_reloaded(server, mark)["settings"]
    cloud.revoke(cloud.issue("revoked"))
    mark = server.mark()
    write(other, cloud.crl.read_bytes())
    wait_reloaded(server, mark)
    assert server.alert("revoked") == "certificate_revoked"


def test_a_retry_that_finds_nothing_new_ends_no_ticket(quiver, cloud):
    """What stays broken is tried again and again; nobody else's session ends for that."""
    server = cloud.start(quiver, log={"level": "debug"})
    since = server.mark()
    write(cloud.registry.key, b"")
    wait_soon(server, "reload failed", since, trigger="files")
    client = Session(server, "client")
    for _ in range(2):
        since = server.mark()
        wait_soon(server, "reload failed", since, trigger="retry")
    assert client.resume() is True

    since = server.mark()  # and what is put right is taken
    cloud.renew_own()
    wait_reloaded(server, since)
    assert readiness(server)["reasons"] == []
    assert client.resume() is False

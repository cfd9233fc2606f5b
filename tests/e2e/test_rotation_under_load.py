"""200 rotations of the own certificate and key while clients work, some with a connection that they
keep, some with one for each request: no request fails, and whoever comes after a rotation sees the new
certificate."""

import threading

import pytest

from harness.livecloud import LiveCloud, Session, reload, shown_serial

ROTATIONS = 200


class Load:
    """Clients in threads that ask without pause, and note what failed."""

    def __init__(self):
        self.ending = threading.Event()
        self.served = {"kept": 0, "fresh": 0}
        self.faults: list[str] = []
        self._threads: list[threading.Thread] = []

    def add(self, kind: str, ask) -> None:
        self._threads.append(threading.Thread(target=self._run, args=(kind, ask)))
        self._threads[-1].start()

    def _run(self, kind: str, ask) -> None:
        while not self.ending.is_set():
            try:
                answer = ask()
                if answer is not True and answer is not False and answer != 200:
                    self.faults.append(f"{kind}: {answer}")
                self.served[kind] += 1
            except Exception as fault:  # noqa: BLE001 - whatever it is, a request failed
                self.faults.append(f"{kind}: {fault!r}")
                return

    def end(self) -> None:
        self.ending.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_two_hundred_rotations(quiver, tmp_path, tls):
    cloud = LiveCloud(tmp_path / "cloud")
    server = cloud.start(quiver)
    keeping, coming = (Session(server, name, tls=tls) for name in ("keeping", "coming"))
    load = Load()
    load.add("kept", keeping.echo)
    load.add("fresh", coming.anew)
    try:
        for number in range(ROTATIONS):
            serial = cloud.renew_own(which=f"own{number % 2}")
            assert reload(server)["connections"]["ended"] == 0
            if number % 10 == 0:
                assert shown_serial(server, tls=tls) == serial
    finally:
        load.end()
    assert load.faults == []
    assert min(load.served.values()) > 20, load.served
    assert not [line for line in server.log if line.get("event") in ("connection ended", "handshake refused")]

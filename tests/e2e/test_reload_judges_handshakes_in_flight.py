"""A peer in the middle of its handshake while trust changes is judged by what is in force at its end,
though the handshake began under the old."""

import socket
import ssl

import pytest

from harness.livecloud import ECHO, LiveCloud, Session, answer_or_alert, reload
from harness.process import wait_until

TLS = ["1.2", "1.3"]


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


class Halting:
    """A client that sends its first message, and the rest when it is told to."""

    def __init__(self, server, who, tls, session=None):
        self.plain = socket.create_connection(server.listeners["secure"], 10)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = session.context if session else server.context(who, tls=tls)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1",
                                    session=session.ticket if session else None)

    def _send(self):
        self.plain.sendall(self.outgoing.read())

    def _receive(self):
        data = self.plain.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def _step(self, verb):
        """Runs it until it is through; everything it wants to send is sent."""
        while True:
            try:
                return verb()
            except ssl.SSLWantReadError:
                self._send()
                self._receive()
            except ssl.SSLError:
                self._send()
                raise

    def say_hello(self):
        """Sends ClientHello and waits until the server has answered: by then it has begun."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self._send()
        self._receive()

    def say_half_a_hello(self):
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        self.hello = self.outgoing.read()
        self.plain.sendall(self.hello[:50])

    def say_the_rest(self):
        self.plain.sendall(self.hello[50:])

    def go_on(self):
        """True, resumed; False, served after a full handshake; else the alert."""
        def talk():
            self._step(self.tls.do_handshake)
            self._send()
            if self.tls.version() == "TLSv1.3":  # the server's word comes first: ticket, or alert
                self._receive()
                try:
                    self.tls.read(1)
                except ssl.SSLWantReadError:
                    pass
            self.tls.write(ECHO)
            self._send()
            answer = self._step(lambda: self.tls.read(12))
            if answer == b"":
                raise ssl.SSLEOFError
            assert answer == b"HTTP/1.1 200"
            return self.tls.session_reused
        try:
            return answer_or_alert(talk)
        finally:
            self.plain.close()


def revoke(cloud, certificate):
    cloud.revoke(certificate)


def remove_ca(cloud, certificate):
    cloud.trust(cloud.authority)


CASES = {"revoked": (revoke, "certificate_revoked"), "removed": (remove_ca, "unknown_ca")}


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("case", CASES)
def test_behind_its_hello(quiver, cloud, case, tls):
    """The TLS context is still the old one's; the judgement is not, and the alert says why."""
    end_trust, alert = CASES[case]
    leaving = cloud.new_authority()
    cloud.trust(cloud.authority, leaving)
    certificate = cloud.make("gone", leaving if case == "removed" else None)
    server = cloud.start(quiver)
    gone, other = Halting(server, certificate, tls), Halting(server, "other", tls)
    gone.say_hello()
    other.say_hello()
    end_trust(cloud, certificate)
    reload(server)
    assert gone.go_on() == alert
    assert other.go_on() is False
    refused = server.wait_log("handshake refused")
    assert refused["code"] == {"revoked": "revoked", "removed": "unknown-issuer"}[case]
    assert "gone.testcloud" in refused["subject"]
    assert server.alert(certificate, tls=tls) == alert


@pytest.mark.parametrize("tls", TLS)
def test_within_its_hello(quiver, cloud, tls):
    server = cloud.start(quiver)
    gone, other = Halting(server, "gone", tls), Halting(server, "other", tls)
    gone.say_half_a_hello()
    other.say_half_a_hello()
    cloud.revoke(cloud.issue("gone"))
    reload(server)
    gone.say_the_rest()
    other.say_the_rest()
    assert gone.go_on() == "certificate_revoked"
    assert other.go_on() is False
    assert server.wait_log("handshake refused")["code"] == "revoked"


@pytest.mark.parametrize("tls", TLS)
def test_resuming_in_the_middle(quiver, cloud, tls):
    """The ticket was taken under the old trust, before the new came."""
    server = cloud.start(quiver)
    session, good = Session(server, "gone", tls=tls), Session(server, "other", tls=tls)
    gone, other = Halting(server, None, tls, session), Halting(server, None, tls, good)
    gone.say_hello()
    other.say_hello()
    cloud.revoke(cloud.issue("gone"))
    reload(server)
    assert session.is_cut()
    assert gone.go_on() not in (True, False)
    assert other.go_on() in (True, False)
    assert server.wait_log("handshake refused")["code"] == "revoked"
    wait_until(lambda: good.echo() == 200, "the other's connection")


@pytest.mark.parametrize("tls", TLS)
def test_let_in_meanwhile(quiver, cloud, tls):
    """Whom the old trust revoked and the new does not is judged by the new."""
    server = cloud.start(quiver)
    cloud.revoke(cloud.issue("returning"))
    reload(server)
    client = Halting(server, "returning", tls)
    client.say_hello()
    cloud.forgive()
    cloud.write_crl()
    reload(server)
    assert client.go_on() is False
    assert server.alert("returning", tls=tls) is None

"""A cloud whose files change while a server works with them.

`LiveCloud` keeps in one folder what a server's `tls:` names: own certificate and key, the CAs that it
trusts, the CRLs. Tests write these anew, by rename, and have the server reload. Clients trust all CAs
that the cloud ever had. Certificates are sound ones of testpki.py; nothing here takes a subprocess.

`Session` is a client that keeps what it was given: its live connection and its session ticket.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from . import forge
from .forge import SAN
from .pki import Certificate
from .server import SECURE, Server
from .stalls import within
from .testpki import CLOUD, Authority, authority, content, leaf_form
from .wire import Connection, Response, alert_name, hear_refusal

ECHO = b"GET /serviceregistry/monitor/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
OPTIONAL = {**SECURE, "name": "optional", "tls": "server"}
LOOPBACK = ipaddress.ip_address("127.0.0.1")
_serials = itertools.count(0x5000)


def write(path: Path, *parts: bytes) -> Path:
    """Puts the parts into the file at once, by rename, readable by its owner alone."""
    fresh = path.with_name(path.name + ".fresh")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_bytes(b"".join(parts))
    os.rename(fresh, path)
    return path


def pem(*cas: Authority) -> bytes:
    return forge.pem("CERTIFICATE", *(ca.der for ca in cas))


def make_crl(ca: Authority, *serials: int, number: int | None = 1, begins=None, ends=None, signer=None,
             more=(), reason: x509.ReasonFlags | None = None) -> bytes:
    """A CRL of `ca` in PEM. `begins` and `ends` are times, `more` (extension, critical) pairs,
    `signer` another key than its own."""
    builder = (x509.CertificateRevocationListBuilder()
               .issuer_name(x509.load_der_x509_certificate(ca.der).subject)
               .last_update(begins or forge.from_now(hours=-1))
               .next_update(ends or forge.from_now(days=30))
               .add_extension(x509.AuthorityKeyIdentifier(forge.key_identifier(ca.key), None, None), False))
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    for serial in serials:
        entry = (x509.RevokedCertificateBuilder().serial_number(serial)
                 .revocation_date(forge.from_now(hours=-1)))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer or ca.key, hashes.SHA256()).public_bytes(Encoding.PEM)


class LiveCloud:
    """The files, and what makes new ones.

    registry   own certificate: .crt (with chain) and .key
    trusted    file of tls.trust; `trust` writes it
    crl        file of tls.crl; `revoke` and `write_crl` write it
    ca         what clients trust
    root, authority   the organization's CA and the cloud's, as objects
    """

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.suffix = CLOUD
        self.root = authority(None, "company.arrowhead.eu", "or")
        self.key_name = f"live cloud {next(_serials)}"  # another key for each cloud
        self.authority = authority(self.root, CLOUD, "lo", length=0, which=self.key_name)
        self.ca, self.trusted, self.crl = (folder / name for name in ("clients.crt", "trust.crt", "cloud.crl"))
        self._known: list[Authority] = []
        self._revoked: list[int] = []
        self._number = 0
        self._issued: dict[str, Certificate] = {}
        self._lock = threading.Lock()
        self.know(self.authority)
        self.trust(self.authority)
        self.write_crl()
        self.registry = Certificate("registry", folder / "registry.crt", folder / "registry.key", self.ca)
        self.renew_own()

    # -- CAs --

    def new_authority(self, cn: str = CLOUD, qualifier: str = "lo", **changes) -> Authority:
        """Another CA below the organization's, which clients believe from now on."""
        made = authority(self.root, cn, qualifier, **{"length": 0, **changes})
        self.know(made)
        return made

    def know(self, ca: Authority) -> None:
        self._known.append(ca)
        write(self.ca, pem(*self._known))

    def trust(self, *cas: Authority) -> None:
        write(self.trusted, pem(*cas))

    # -- certificates --

    def _store(self, name: str, form: forge.Form, private, chain: tuple[bytes, ...]) -> Certificate:
        crt = write(self.folder / f"{name}.crt", forge.pem("CERTIFICATE", forge.certificate(form), *chain))
        key = write(self.folder / f"{name}.key", forge.private_pem(private))
        return Certificate(name, crt, key, self.ca)

    def make(self, name: str, issuer: Authority | None = None, *, file: str | None = None,
             ends=None, chain: tuple[bytes, ...] | None = None, **changes) -> Certificate:
        """A system's certificate. `ends` is a time, `chain` what is shown behind it."""
        issuer = issuer or self.authority
        if ends is not None:
            changes["not_after"] = forge.utc(ends)
        changes.setdefault("serial", content(next(_serials)))
        form = leaf_form(name, issuer, **changes)
        return self._store(file or name, form, forge.key("p256"), issuer.chain[:1] if chain is None else chain)

    def issue(self, name: str, profile: str = "system") -> Certificate:
        """The certificate of `name`, made once; what Server asks for a name's."""
        with self._lock:
            if name not in self._issued:
                self._issued[name] = self.make(name, qualifier={"system": "sy", "operator": "op"}[profile])
            return self._issued[name]

    def own_form(self, issuer: Authority | None = None, which: str = "own", *, cn: str | None = None,
                 **changes) -> forge.Form:
        """The registry's own certificate; `which` names its key."""
        issuer, private = issuer or self.authority, forge.key("p256", which)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"),
                                             x509.IPAddress(LOOPBACK)]).public_bytes()
        identifier = forge.plain(forge.OCTETS, forge.key_identifier(private))
        return leaf_form("serviceregistry", issuer, cn=cn, **{
            "spki": forge.public(private), "serial": content(next(_serials)), **changes,
            "extensions": {SAN: (False, names), forge.SKI: (False, identifier),
                           **changes.get("extensions", {})}})

    def renew_own(self, issuer: Authority | None = None, which: str = "own", **changes) -> int:
        """Writes another own certificate, and its key; gives its serial number."""
        form = self.own_form(issuer, which, **changes)
        self._store("registry", form, forge.key("p256", which), (issuer or self.authority).chain[:1])
        return int.from_bytes(form.serial, "big")

    # -- CRLs --

    def write_crl(self, **changes) -> None:
        """The cloud CA's CRL, newer than the one before; `changes` as of make_crl."""
        self._number += 1
        write(self.crl, make_crl(self.authority, *self._revoked, **{"number": self._number, **changes}))

    def revoke(self, *certificates: Certificate, **changes) -> None:
        self._revoked += [certificate.load().serial_number for certificate in certificates]
        self.write_crl(**changes)

    def forgive(self) -> None:
        """The next CRL that is written lists nobody."""
        self._revoked.clear()

    # -- servers --

    @property
    def tls(self) -> dict:
        return {"trust": [str(self.trusted)], "crl": [str(self.crl)]}

    def start(self, quiver, **options) -> Server:
        """A server of this cloud; options as of quiver.start."""
        tls = {**self.tls, **options.pop("tls", {})}
        return quiver.start(pki=self, tls=tls, **options)



# ---- reloading -----------------------------------------------------------------------------------


def ask_reload(server: Server, timeout: float = 60, change: Callable[[], object] | None = None) -> dict:
    """Has the server reload over its control socket, as `quiver reload` does; the outcome. `change` is
    made before: see Server.held_up."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(timeout)
        with server.held_up() if change else contextlib.nullcontext():
            if change:
                change()
            control.connect(str(server.data_directory / "control.sock"))
            control.sendall(b'{"do":"reload"}\n')
        answer = b""
        while data := control.recv(65536):
            answer += data
    return json.loads(answer)


def reload(server: Server, change: Callable[[], object] | None = None) -> dict:
    """Reloads; everything must have come into force. `change` is made before: see Server.held_up."""
    outcome = ask_reload(server, change=change)
    assert outcome["good"], outcome
    return outcome


def part_of(outcome: dict, name: str) -> dict:
    return next(part for part in outcome["parts"] if part["part"] == name)


def readiness(server: Server) -> dict:
    return server.ops.get("/health/ready").json()


def metric(server: Server, name: str, **labels: str) -> int:
    """A counter at /metrics."""
    shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
    wanted = f"{name}{{{shown}}} " if labels else f"{name} "
    for line in server.ops.get("/metrics").text.splitlines():
        if line.startswith(wanted):
            return int(line[len(wanted):])
    raise AssertionError(f"there is no {wanted}")


# ---- clients -------------------------------------------------------------------------------------


def shown_serial(server: Server, who=None, listener: str = "secure", tls: str | None = None) -> int:
    """The serial number of the certificate that the server shows a new client."""
    with server.connect(who or "consumer", listener=listener, tls=tls) as connection:
        der = connection.socket.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


class Session:
    """A client with a live connection and the ticket that it was given on it."""

    def __init__(self, server: Server, who, *, tls: str | None = None, listener: str = "secure",
                 status: int = 200):
        """`status`: what its requests are answered with."""
        self.server, self.listener = server, listener
        self.context = server.context(who, tls=tls, listener=listener)
        self.live = self.connect()
        assert self.echo() == status  # in TLS 1.3 the tickets come behind the handshake
        self.ticket: ssl.SSLSession = self.live.socket.session

    def connect(self, session: ssl.SSLSession | None = None, listener: str | None = None) -> Connection:
        return Connection(*self.server.listeners[listener or self.listener], self.context, session=session)

    def ask(self, connection: Connection | None = None) -> Response:
        connection = connection or self.live
        connection.send(ECHO)
        return connection.read_response()

    def echo(self, connection: Connection | None = None) -> int:
        return self.ask(connection).status

    def come_back(self, session: ssl.SSLSession | None = None, listener: str | None = None) -> str | bool:
        """A new connection, with the ticket where one is given: True, it was resumed; False, it is
        served after a full handshake; else the alert."""
        def talk() -> bool:
            with self.connect(session, listener) as connection:
                hear_refusal(connection)
                assert self.echo(connection) == 200
                return connection.socket.session_reused
        return answer_or_alert(talk)

    def resume(self, listener: str | None = None) -> str | bool:
        return self.come_back(self.ticket, listener)

    def anew(self) -> str | bool:
        return self.come_back()

    def is_cut(self, seconds: float = 1) -> bool:
        """Whether the server ends its connection; it must within so many seconds."""
        with within(seconds):
            return self.live.closed()

    def close(self) -> None:
        self.live.close()


def answer_or_alert(talk: Callable[[], bool]) -> str | bool:
    """What `talk` gives, or the name of the alert that ended it."""
    try:
        return talk()
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
        return "closed"
    except ssl.SSLError as error:
        return alert_name(error)

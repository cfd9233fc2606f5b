"""TLS contexts, raw bytes over (mutual) TLS, and the HTTP answers read back."""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

from .pki import Certificate
from .process import PATIENCE

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def tls_context(ca: Path, certificate: Certificate | None, tls: str | None = None) -> ssl.SSLContext:
    """A strict client: the cloud CA alone is trusted; `tls` pins "1.2" or "1.3"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(ca)
    if certificate is not None:
        context.load_cert_chain(certificate.crt, certificate.key)
    if tls is not None:
        context.minimum_version = context.maximum_version = VERSIONS[tls]
    return context


@dataclass
class Response:
    """One HTTP answer as it came: header names in lower case, repeated ones in order."""

    status: int
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)


class Connection:
    """A connection to a listener, over TLS where `context` is given. A context manager."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None, timeout: float = PATIENCE,
                 session: ssl.SSLSession | None = None):
        self.socket = socket.create_connection((address, port), timeout)
        if context is not None:
            try:
                self.socket = context.wrap_socket(self.socket, server_hostname=address, session=session)
            except BaseException:
                self.socket.close()
                raise
        self._buffer = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *unused) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._more():
                raise AssertionError(f"closed after {self._buffer!r}, expected {count} bytes")
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _take_line(self) -> bytes:
        while b"\n" not in self._buffer:
            if not self._more():
                raise AssertionError(f"closed after {self._buffer!r}, expected a line")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def ended_within(self, timeout: float) -> float:
        """Waits until the server ends the connection and forgets what still comes: the seconds it
        took. A server that takes longer than `timeout` raises TimeoutError."""
        begin = time.monotonic()
        self.socket.settimeout(timeout)
        try:
            while self.socket.recv(65536):
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        return time.monotonic() - begin

    def read_response(self, head: bool = False) -> Response:
        """Reads one final answer; `head`: it answers a HEAD request and has no body."""
        while True:
            _, status, *reason = self._take_line().decode("latin-1").split(" ", 2)
            response = Response(int(status), reason[0] if reason else "")
            while line := self._take_line():
                name, _, value = line.decode("latin-1").partition(":")
                response.headers.append((name.lower(), value.strip()))
            if response.status != 100:
                break
        if not head and response.status not in (204, 304):
            response.body = self._read_body(response)
        return response

    def _read_body(self, response: Response) -> bytes:
        if response.header("transfer-encoding") == "chunked":
            body = b""
            while size := int(self._take_line().partition(b";")[0], 16):
                body += self._take(size)
                self._take(2)
            while self._take_line():
                pass
            return body
        length = response.header("content-length")
        return self._take(int(length)) if length is not None else self.read_all()

    def read_all(self) -> bytes:
        """Everything up to the end of the connection."""
        while self._more():
            pass
        data, self._buffer = self._buffer, b""
        return data

    def closed(self, timeout: float = PATIENCE) -> bool:
        """Whether the server closes (or has closed) the connection within `timeout`, saying no more."""
        self.socket.settimeout(timeout)
        try:
            return not self._buffer and not self._more()
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            return True


def alert_name(error: ssl.SSLError) -> str:
    """`certificate_required` from OpenSSL's TLSV13_ALERT_CERTIFICATE_REQUIRED."""
    reason = error.reason or str(error)
    return reason.rpartition("ALERT_")[2].lower() if "ALERT_" in reason else reason.lower()


def hear_refusal(connection: Connection, timeout: float = 1) -> None:
    """Waits for the server's first word after a TLS 1.3 handshake, which is its verdict.

    It is a session ticket or the alert (raised). Sending first would be a race: a server that closes
    with our request unread resets the connection, and the alert is lost.
    """
    if connection.socket.version() != "TLSv1.3":
        return
    if not select.select([connection.socket], [], [], timeout)[0]:
        return  # a server without tickets that says nothing: content
    connection.socket.setblocking(False)
    try:
        connection.socket.recv(1)
    except ssl.SSLWantReadError:
        pass
    finally:
        connection.socket.settimeout(PATIENCE)


def alert_of(address: str, port: int, context: ssl.SSLContext) -> str | None:
    """None if the listener serves a client with this context, else the alert that it sent.

    A connection that ends without an alert is "closed".
    """
    request = b"GET /serviceregistry/monitor/echo HTTP/1.1\r\nHost: localhost\r\n\r\n"
    try:
        with Connection(address, port, context) as connection:
            hear_refusal(connection)
            connection.send(request)
            connection.read_response()
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError, AssertionError):
        return "closed"
    except ssl.SSLError as error:
        return alert_name(error)
    return None

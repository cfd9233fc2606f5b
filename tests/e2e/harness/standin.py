"""A small HTTPS server that stands in for another core system: what it answers is the test's to say."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .pki import Certificate


class _Quiet(ThreadingHTTPServer):
    """Peers that go away or refuse its certificate are part of the tests."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


class StandIn:
    """Answers every GET by `answer(path) -> (status, body)`, body as JSON unless it is text.

    clients   the CA of its clients, default that of its own certificate (None: it speaks plain HTTP)
    seen      the paths that were asked for, in order
    callers   the subjects' CNs of the client certificates shown with them (None: none was)
    serials   these certificates' serial numbers, likewise
    connected how many connections were made to it
    """

    def __init__(self, certificate: Certificate | None, answer, clients: Path | None = None):
        self.answer = answer
        self.seen: list[str] = []
        self.callers: list[str | None] = []
        self.serials: list[int | None] = []
        self.connected = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self.scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.crt, certificate.key)
            context.load_verify_locations(clients or certificate.ca)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.verify_mode = ssl.CERT_OPTIONAL
            # the handshake belongs to the connection's own thread, not to the one that accepts
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str = "") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        """Ends it and its connections; twice is fine."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _note(self, handler: BaseHTTPRequestHandler) -> None:
        peer = handler.connection.getpeercert() if self.scheme == "https" else None
        names = dict(part[0] for part in (peer or {}).get("subject", ()))
        with self._lock:
            self.seen.append(handler.path)
            self.callers.append(names.get("commonName"))
            self.serials.append(int(peer["serialNumber"], 16) if peer else None)

    def _handler(stand_in):  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with stand_in._lock:
                    stand_in._connections.add(self.request)
                    stand_in.connected += 1

            def finish(self):
                with stand_in._lock:
                    stand_in._connections.discard(self.request)
                super().finish()

            def do_GET(self):
                stand_in._note(self)
                status, body = stand_in.answer(self.path)
                data = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *unused):
                pass

        return Handler

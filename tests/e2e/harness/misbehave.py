"""A TLS client that sends whatever it is told as its certificate list, and proves whatever key it has.

tlslite-ng speaks TLS; what is sent as certificates is bytes that nobody looks at, and CertificateVerify
is signed by cryptography with a key that need not fit them. The server's certificate is not checked:
this client is the one who is looked at.
"""

from __future__ import annotations

import select
import socket
import types
import warnings
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of asyncore, which we do not use
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain
    from tlslite.constants import AlertDescription, SignatureScheme
    from tlslite.errors import TLSRemoteAlert

from .wire import Connection

VERSIONS = {"1.2": (3, 3), "1.3": (3, 4)}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
SCHEMES = {"secp256r1": SignatureScheme.ecdsa_secp256r1_sha256,
           "secp384r1": SignatureScheme.ecdsa_secp384r1_sha384,
           "secp521r1": SignatureScheme.ecdsa_secp521r1_sha512}


@dataclass(frozen=True)
class Shown:
    """What a client shows: the certificate list as it is sent, the key that it has, and by which
    signature scheme it proves it (None: the one that goes with the key)."""

    chain: tuple[bytes, ...]
    key: object
    scheme: tuple[int, int] | None = None


class _Raw:
    """In the place of tlslite's X509: bytes."""

    certAlg = "raw"
    publicKey = None

    def __init__(self, der: bytes):
        self._der = bytearray(der)

    def writeBytes(self) -> bytearray:
        return self._der


class _Signer:
    """In the place of tlslite's private keys: signs with cryptography.

    A key that no scheme fits (DSA, P-224) signs as if it were P-256, so that the refusal is for the
    certificate and not for want of a scheme.
    """

    private_key = types.SimpleNamespace(curve=types.SimpleNamespace(baselen=128))  # cuts no digest

    def __init__(self, shown: Shown):
        self._key = key = shown.key
        self.key_type, self.scheme = "ecdsa", SignatureScheme.ecdsa_secp256r1_sha256
        if isinstance(key, rsa.RSAPrivateKey):
            self.key_type, self.scheme = "rsa", SignatureScheme.rsa_pss_rsae_sha256
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            self.scheme = SCHEMES.get(key.curve.name, self.scheme)
        elif isinstance(key, ed25519.Ed25519PrivateKey):
            self.key_type, self.scheme = "Ed25519", SignatureScheme.ed25519
        elif isinstance(key, ed448.Ed448PrivateKey):
            self.key_type, self.scheme = "Ed448", SignatureScheme.ed448
        self.scheme = shown.scheme or self.scheme

    def sign(self, data, pad=None, digest=None, salt=None) -> bytearray:
        kind = HASHES[digest or "sha256"]
        hashed = utils.Prehashed(kind)
        if isinstance(self._key, rsa.RSAPrivateKey):
            whole = padding.PSS(padding.MGF1(kind), salt)
            return bytearray(self._key.sign(bytes(data), whole, hashed))
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return bytearray(self._key.sign(bytes(data), ec.ECDSA(hashed)))
        return bytearray(self._key.sign(bytes(data), hashed))

    def hashAndSign(self, data, *unused) -> bytearray:
        return bytearray(self._key.sign(bytes(data)))

    def verify(self, *unused) -> bool:
        return True

    hashAndVerify = verify


class _Client(TLSConnection):
    """Picks the signature scheme by the key that it has, not by the certificate that it shows."""

    signer: _Signer | None = None

    def _sigHashesToList(self, settings, privateKey=None, certList=None, version=(3, 3)):
        if privateKey is not None and privateKey is self.signer:
            return [self.signer.scheme]
        return TLSConnection._sigHashesToList(settings, privateKey, certList, version)


def _settings(tls: str) -> HandshakeSettings:
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = VERSIONS[tls]
    settings.cipherNames = ["chacha20-poly1305"]  # the faster one in Python
    settings.eccCurves = ["x25519", "secp256r1", "secp384r1", "secp521r1"]  # a TLS 1.2 server looks here, too
    settings.keyShares = ["x25519"]
    settings.certificate_compression_send = []
    settings.certificate_compression_receive = []
    return settings


class _Stream:
    """What wire.Connection wants of a socket."""

    def __init__(self, client: _Client, plain: socket.socket, reader):
        self._client, self._plain, self._reader = client, plain, reader

    def sendall(self, data: bytes) -> None:
        self._client.write(bytearray(data))

    def recv(self, size: int) -> bytes:
        reader, self._reader = self._reader or self._client.readAsync(size, 1), None
        data = b""
        for data in reader:  # 0 would say "wait"; the socket blocks by now
            if isinstance(data, (bytes, bytearray)):
                break
        return bytes(data)

    def settimeout(self, seconds: float) -> None:
        self._plain.settimeout(seconds)

    def close(self) -> None:
        self._plain.close()


def _first_word(client: _Client, plain: socket.socket, wait: float):
    """In TLS 1.3 the client is through before the server has judged it, and the server speaks first:
    a ticket, or the alert (raised). Whoever sends first may lose the alert to a reset. What was begun
    to be read is read on later."""
    if not select.select([plain], [], [], wait)[0]:
        return None
    reader = client.readAsync(65536, 1)
    plain.setblocking(False)
    next(reader)
    return reader


class Misbehaving(Connection):
    """A connection as one who shows `shown` (None: an empty list). TLSRemoteAlert: refused."""

    def __init__(self, address: str, port: int, shown: Shown | None, tls: str, timeout: float = 10):
        plain = socket.create_connection((address, port), timeout)
        try:
            client = _Client(plain)
            client.closeSocket = False  # an alert is read by us, not answered by a reset
            if shown is None:
                client.handshakeClientCert(settings=_settings(tls))
            else:
                client.signer = _Signer(shown)
                chain = X509CertChain([_Raw(der) for der in shown.chain])
                client.handshakeClientCert(chain, client.signer, settings=_settings(tls))
            reader = _first_word(client, plain, timeout) if tls == "1.3" else None
            plain.settimeout(timeout)
        except BaseException:
            plain.close()
            raise
        self.socket = _Stream(client, plain, reader)
        self._buffer = b""


def connect_or_alert(address: str, port: int, shown: Shown | None, tls: str) -> Misbehaving | str:
    """The connection, or the alert that it was refused with, like "certificate_revoked"."""
    try:
        return Misbehaving(address, port, shown, tls)
    except TLSRemoteAlert as alert:
        return AlertDescription.toStr(alert.description)

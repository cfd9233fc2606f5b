"""CRLs of the cloud CA, of any length: what `openssl ca` would need minutes for is put together
byte by byte (RFC 5280, section 5.1). The frame is the CRL that certs/pki wrote; number, time and
serials are ours, and openssl signs."""
import base64
import os
import random
import subprocess
import time

from .machine import Failed, output

SEQUENCE, INTEGER, OCTETS, BITS, UTC_TIME, EXTENSIONS = 0x30, 0x02, 0x04, 0x03, 0x17, 0xA0
CRL_NUMBER = bytes.fromhex("0603551d14")
SERIAL_SIZE = 16


def wrap(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def integer(value):
    return wrap(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def elements(data):
    """The elements of a content, one after the other: tag, content, and the whole."""
    at = 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2:start], "big")
        yield tag, data[start:start + length], data[at:start + length]
        at = start + length


def foreign_serials(count, seed=1):
    """Entries of that many serials that are nobody's, all of one size."""
    date = wrap(UTC_TIME, b"250101000000Z")
    head = bytes([SEQUENCE, 2 + SERIAL_SIZE + len(date), INTEGER, SERIAL_SIZE])
    numbers = random.Random(seed).randbytes(count * SERIAL_SIZE)
    return b"".join(head + bytes([0x40 | numbers[at] & 0x3F]) + numbers[at + 1:at + SERIAL_SIZE] +
                    date for at in range(0, len(numbers), SERIAL_SIZE))


class Crl:
    """Writes the cloud CA's CRLs, each of a higher number than the one before."""

    def __init__(self, cloud):
        self.cloud = cloud
        done = subprocess.run(["openssl", "crl", "-in", cloud.path("pki", "cloud-ca.crl"),
                               "-outform", "DER"], capture_output=True, check=False)
        if done.returncode != 0:
            raise Failed(f"openssl crl: {done.stderr.decode(errors='replace').strip()}")
        (_, crl, _), = elements(done.stdout)
        (_, signed, _), (_, _, self.algorithm), _ = elements(crl)
        fields = list(elements(signed))
        self.head = b"".join(whole for _, _, whole in fields[:3])   # version, algorithm, issuer
        self.until = fields[4][2]
        (_, self.extensions, _), = elements(fields[-1][1])
        if fields[-1][0] != EXTENSIONS or CRL_NUMBER not in self.extensions:
            raise Failed("the CRL of certs/pki has no number")
        self.number = int(time.time())   # above those of certs/pki, which count from 1

    def numbered_extensions(self):
        kept = [whole for _, content, whole in elements(self.extensions)
                if not content.startswith(CRL_NUMBER)]
        self.number += 1
        ours = wrap(SEQUENCE, CRL_NUMBER + wrap(OCTETS, integer(self.number)))
        return wrap(EXTENSIONS, wrap(SEQUENCE, b"".join([*kept, ours])))

    def sign(self, data):
        path = self.cloud.write(self.cloud.path("tbs"), data)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign",
                               self.cloud.path("pki", "ca", "cloud.key"), path],
                              capture_output=True, check=False)
        os.unlink(path)
        if done.returncode != 0:
            raise Failed(f"openssl dgst: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def write(self, path, names=(), foreign=b""):
        """A CRL with the serials of these systems' certificates, and with foreign entries. It
        appears whole."""
        now = wrap(UTC_TIME, time.strftime("%y%m%d%H%M%SZ", time.gmtime()).encode())
        own = b"".join(wrap(SEQUENCE, integer(self.serial(name)) + now) for name in names)
        revoked = wrap(SEQUENCE, own + foreign) if own or foreign else b""
        signed = wrap(SEQUENCE, self.head + now + self.until + revoked + self.numbered_extensions())
        text = base64.b64encode(wrap(SEQUENCE, signed + self.algorithm +
                                     wrap(BITS, b"\0" + self.sign(signed))))
        lines = [text[at:at + 64] for at in range(0, len(text), 64)]
        self.cloud.write(f"{path}.new", b"\n".join(
            [b"-----BEGIN X509 CRL-----", *lines, b"-----END X509 CRL-----", b""]))
        os.replace(f"{path}.new", path)
        return path

    def serial(self, name):
        words = output("openssl", "x509", "-noout", "-serial", "-in",
                       self.cloud.path("pki", f"{name}.crt"))
        return int(words.split("=")[1], 16)

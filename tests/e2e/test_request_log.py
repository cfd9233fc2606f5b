"""`log.requests`: off, errors or all; one line for each answer, with fields that never change.

And what holds for every line: nothing that a client sent, in a path, a header or a certificate, can
begin a line, add a field, or steer the terminal of who reads it.
"""

import json
import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from harness.requests import ECHO, LOOKUP, REGISTER, registration
from harness.server import OPS, PLAIN, SECURE

FIELDS = ["time", "level", "event", "method", "path", "status", "operation", "system", "peer", "listener",
          "duration_us"]
# What ends a line, steers a terminal, or ends a text: none of it may stand in the log as it is.
DANGEROUS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]")


def requests_of(server, since=0):
    """The lines "request" behind `since`, each a JSON object of exactly the fields."""
    lines = [json.loads(line) for line in server.process.lines[since:] if line.startswith("{")]
    found = [line for line in lines if line["event"] == "request"]
    for line in found:
        assert list(line) == FIELDS
    return found


def assert_every_line_is_ours(server):
    for line in server.process.lines:
        entry = json.loads(line)
        assert entry["event"] not in ("forged", "") and not DANGEROUS.search(line)


def test_off_by_default(quiver):
    server = quiver.start()
    server.client("consumer").get(ECHO)
    server.client("consumer").get("/nowhere")
    server.stop()
    assert requests_of(server) == []


def test_all(quiver):
    server = quiver.start(log={"requests": "all"})
    client = server.client("temperature-provider2")
    assert client.post(REGISTER, json=registration()).status_code == 201
    assert client.post(LOOKUP + "?verbose=secret-in-the-query", json={}).status_code in (200, 400)
    assert client.get("/nowhere").status_code == 404
    server.ops.get("/health/live")
    server.stop()
    register, lookup, nowhere, live = requests_of(server)
    assert (register["level"], register["method"], register["path"]) == ("info", "POST", REGISTER)
    assert (register["status"], register["system"]) == (201, "temperature-provider2")
    assert register["operation"] == "service.register"
    assert register["listener"] == "secure" and register["peer"].startswith("127.0.0.1:")
    assert 0 < register["duration_us"] < 20e6
    assert lookup["path"] == LOOKUP
    assert (nowhere["status"], nowhere["operation"]) == (404, "")
    assert (live["listener"], live["system"]) == ("ops", "")
    assert "secret-in-the-query" not in server.process.text


def test_errors(quiver):
    server = quiver.start(log={"requests": "errors"})
    client = server.client("consumer")
    client.get(ECHO)
    client.get("/nowhere")
    client.post(LOOKUP, content=b"{", headers={"Content-Type": "application/json"})
    server.stop()
    assert [(line["path"], line["status"]) for line in requests_of(server)] == [("/nowhere", 404), (LOOKUP, 400)]


def test_it_follows_a_reload(quiver):
    server = quiver.start()
    client = server.client("consumer")
    client.get("/first")
    done = server.reload(lambda: server.write_config(log={"requests": "all"}))
    assert "log.requests" in done.stdout
    client.get("/second")
    server.write_config(log={"requests": "off"})
    assert server.reload().returncode == 0
    client.get("/third")
    server.stop()
    assert [line["path"] for line in requests_of(server)] == ["/second"]


def test_what_the_library_refuses_by_itself_has_a_line(quiver):
    server = quiver.start(log={"requests": "errors"}, limits={"body": "1KiB"})
    answer = server.raw(b"POST " + LOOKUP.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert answer.status == 413
    server.stop()
    (line,) = requests_of(server)
    assert (line["status"], line["path"], line["system"], line["duration_us"]) == (413, LOOKUP, "", 0)


@pytest.mark.parametrize("form", ["json", "text"])
def test_odd_bytes(quiver, form):
    """In path, header and declared name: one line each, whatever is in them."""
    server = quiver.start(log={"requests": "all"}, listeners=[SECURE, OPS, PLAIN])
    server.write_config(log={"format": form})
    assert server.reload().returncode == 0
    heads = [
        b"GET /a%0a%0d{\"event\":\"forged\"} HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\"},{\"event\":\"forged\" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff\xfe\xc2\x85\xe2\x80\xa8\xe2\x80\xae HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"\xe2\x80\xae" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer SYSTEM//a\xc2\x85\"event\":\"forged\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: \"\xff\r\n\r\n",
        b"G\"T\\ /x?secret-in-the-query HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GETGETGETGETGETGETGETGETGETGETGETGETGETGET /x HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    for listener, who in (("plain", None), ("secure", "consumer")):
        for head in heads:
            assert 400 <= server.raw(head, who, listener=listener).status < 500
    server.stop()
    begin = re.compile(r'\{"time":"\S+","level":"info","event":"request",|\S+Z INFO  request ')
    lines = [line for line in server.process.lines if begin.match(line)]
    assert len(lines) == 2 * len(heads)
    assert all(line.isprintable() and len(line) < 8000 for line in server.process.lines)
    assert "secret-in-the-query" not in server.process.text
    assert server.process.text.count("[cut]") == 4  # the long path and the long method, twice
    if form == "json":
        requests_of(server)
        assert_every_line_is_ours(server)


@pytest.mark.parametrize("name", ["evil\n{\"event\":\"forged\"}", "evil\x1b[2J", "evil\u202e", "evil\"},{\"event\":\"forged"])
def test_odd_names_in_certificates(quiver, name):
    """Refused, or served, or told by an alert: the lines stay lines."""
    server = quiver.start(log={"requests": "all"})
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.{server.pki.suffix}", _validate=False),
               x509.NameAttribute(NameOID.DN_QUALIFIER, "sy")]
    odd = server.pki.craft("odd-name", file=f"odd-{name.encode().hex()}", subject=subject)
    try:
        server.raw(f"GET {ECHO} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), odd)
    except OSError:
        pass  # the handshake was refused
    server.stop()
    assert_every_line_is_ours(server)
    told = [entry for entry in server.log if "evil" in json.dumps(entry)]
    assert told, "who was refused is told"

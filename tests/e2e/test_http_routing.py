"""Which path, method and media type get where: 404, 405 with Allow, OPTIONS, HEAD, 406, 415.

Paths are matched as sent, undecoded, by letter case, without trailing slash (section 11.4); the
order of refusals is that of spec 1.1: path, method, Content-Type, Accept, body, query, fields.
"""

import json

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import ECHO, LOOKUP, REGISTER, REVOKE, assert_error, registration

JSON = {"Content-Type": "application/json"}


def send(registry, method, target, who="consumer", headers=(), body=b""):
    """A request as it is, with Content-Length if there is a body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    whole = "\r\n".join(lines) + "\r\n\r\n"
    return registry.raw(whole.encode("latin-1") + body, who, head=method == "HEAD")


def allowed(answer):
    value = answer.header("allow") or ""
    return {method.strip() for method in value.split(",")}


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/nothing-here"),
        ("GET", "/"),
        ("GET", "/serviceregistry"),
        ("GET", "/serviceregistry/service-discovery"),
        ("GET", "/serviceregistry/service-discovery/unknown"),
        ("POST", "/serviceregistry/service-discovery/registers"),
        ("POST", "/serviceregistry/service-discovery/register/"),
        ("POST", "/serviceregistry/service-discovery/lookup/"),
        ("POST", "/serviceregistry/Service-Discovery/lookup"),
        ("PUT", "/serviceregistry/service-discovery/unknown"),
        ("GET", "/serviceregistry/monitor/echo/"),
        ("GET", "/ServiceRegistry/monitor/echo"),
        ("GET", "/serviceregistry/monitor/ech%6F"),
        ("GET", "/serviceregistry/monitor/echo%20"),
        ("GET", "/serviceregistry/monitor/../monitor/echo"),
        ("GET", "//serviceregistry/monitor/echo"),
        ("GET", "/serviceregistry/monitor/echo;x=1"),
        ("GET", "/logout"),
        ("GET", "/error"),
        ("GET", "/swagger-ui/index.html"),
        ("GET", "/v3/api-docs"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("OPTIONS", "/nothing-here"),
        ("DELETE", "/serviceregistry/system-discovery/revokes"),
    ],
)
def test_unknown_path(registry, method, path):
    with assert_nothing_changes(registry):
        assert_error(send(registry, method, path), 404, None, f"{method} {path}")
        answer = send(registry, method, path + "?x=1")
        assert_error(answer, 404, None, f"{method} {path}")


WRONG = [
    (REGISTER, {"POST"}, ("GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "post")),
    (LOOKUP, {"POST"}, ("GET", "PUT", "DELETE", "PATCH", "CONNECT")),
    (REVOKE + "a::b::1.0.0", {"DELETE"}, ("GET", "POST", "PUT", "delete")),
    (ECHO, {"GET"}, ("POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW")),
]


@pytest.mark.parametrize(
    "method, path, allow", [(method, path, allow) for path, allow, some in WRONG for method in some]
)
def test_wrong_method(registry, method, path, allow):
    with assert_nothing_changes(registry):
        answer = send(registry, method, path)
        assert_error(answer, 405, None, f"{method} {path}")
        assert allowed(answer) - {"HEAD"} == allow


def test_wrong_method_comes_before_the_body(registry):
    answer = send(registry, "PUT", REGISTER, headers=["Content-Type: text/plain"], body=b"{")
    assert_error(answer, 405, None, f"PUT {REGISTER}")


@pytest.mark.parametrize(
    "path, allow",
    [
        (REGISTER, {"POST", "OPTIONS"}),
        (LOOKUP, {"POST", "OPTIONS"}),
        (REVOKE + "a", {"DELETE", "OPTIONS"}),
        (ECHO, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options(registry, path, allow):
    answer = send(registry, "OPTIONS", path)
    assert (answer.status, answer.body) == (200, b"")
    assert allowed(answer) == allow


def test_head_of_what_get_answers(registry):
    """A head without a body, and the connection goes on to the next request."""
    request = f"HEAD {ECHO} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with registry.connect("consumer") as connection:
        for _ in range(2):
            connection.send(request)
            answer = connection.read_response(head=True)
            assert answer.status == 200
            assert answer.header("content-length") in (None, "7")
        connection.send(f"GET {ECHO} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.read_response().body == b"Got it!"


def test_head_of_what_has_no_get(registry):
    answer = send(registry, "HEAD", REGISTER)
    assert answer.status == 405 and allowed(answer) == {"POST"}
    assert send(registry, "HEAD", "/nothing-here").status == 404


POLICY = """\
version: 1
rules:
  - name: echo
    who: {profile: [system]}
    allow: [monitor.echo]
  - name: no echo
    who: {systems: [silent]}
    deny: [monitor.echo]
"""


@pytest.fixture(scope="module")
def guarded(start_shared, tmp_path_factory):
    """One system may not do what all others may."""
    policy = tmp_path_factory.mktemp("guarded") / "policy.yaml"
    policy.write_text(POLICY)
    return start_shared(plain=True, authorization={"policy": str(policy)})


@pytest.mark.parametrize("listener, target, caller, status", [
    ("secure", REGISTER, None, 405), ("secure", "/nothing-here", None, 404), ("plain", REGISTER, "press", 405),
    ("plain", "/nothing-here", "press", 404), ("plain", ECHO, None, 401), ("plain", ECHO, "silent", 403)])
def test_a_head_that_is_refused_has_no_body(guarded, listener, target, caller, status):
    """What comes next on the connection is the next answer, not the error object."""
    who = [f"Authorization: Bearer SYSTEM//{caller}"] if caller else []
    rest = "\r\n".join(["Host: x", *who, "", ""])
    with guarded.connect("consumer" if listener == "secure" else None, listener=listener) as connection:
        for _ in range(2):
            connection.send(f"HEAD {target} HTTP/1.1\r\n{rest}".encode())
            assert connection.read_response(head=True).status == status
            connection.send(f"GET {target} HTTP/1.1\r\n{rest}".encode())
            answer = connection.read_response()
            assert answer.status == status and json.loads(answer.body)["errorCode"] == status


@pytest.mark.parametrize("listener", ["secure", "plain"])
def test_a_head_with_too_large_a_body(guarded, listener):
    """Nothing is behind the head but the end."""
    with guarded.connect("consumer", listener=listener) as connection:
        connection.send(f"HEAD {ECHO} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n".encode())
        answer = connection.read_response(head=True)
        assert answer.status == 413 and answer.header("connection") == "close"
        assert connection.closed()


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html", "image/png", "x"])
def test_echo_is_text_whatever_is_accepted(registry, accept):
    headers = [f"Accept: {accept}"] if accept else []
    answer = send(registry, "GET", ECHO, headers=headers)
    assert (answer.status, answer.body) == (200, b"Got it!")
    assert answer.header("content-type").split(";")[0] == "text/plain"


@pytest.mark.parametrize("path", [REGISTER, LOOKUP])
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "text/json",
        "application/problem+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "application/json, text/plain",
        "application/",
        "application/jsonp",
        "",
        None,
    ],
)
def test_media_type_refused(registry, path, kind):
    headers = [] if kind is None else [f"Content-Type: {kind}"]
    with assert_nothing_changes(registry):
        answer = send(registry, "POST", path, headers=headers, body=b"{}")
        assert_error(answer, 415, None, f"POST {path}")
        assert answer.header("accept") == "application/json"


@pytest.mark.parametrize("path", [REGISTER, LOOKUP])
def test_no_media_type_comes_before_no_body(registry, path):
    assert_error(send(registry, "POST", path), 415, None, f"POST {path}")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "Application/JSON",
        " application/json ",
    ],
)
def test_media_type_accepted(registry, kind):
    body = b'{"providerNames":["nobody"]}'
    answer = send(registry, "POST", LOOKUP, headers=[f"Content-Type: {kind}"], body=body)
    assert (answer.status, answer.body) == (200, b'{"entries":[],"count":0}')


ACCEPT = [
    (None, 200),
    ("", 200),
    ("*/*", 200),
    ("application/json", 200),
    ("application/*", 200),
    ("text/html, application/json;q=0.5", 200),
    ("application/json;q=0.1", 200),
    ("text/html, */*;q=0.1", 200),
    ("text/plain", 406),
    ("text/html", 406),
    ("application/xml", 406),
    ("application/problem+json", 406),
    ("nonsense", 406),
    ("*", 200),
    ("text/html, *; q=.2", 200),
    ("application/*+json", 200),
    ("application/*+xml", 406),
    ("*/json", 406),
]


@pytest.mark.parametrize("accept, status", ACCEPT)
def test_accept(registry, accept, status):
    headers = dict(JSON) if accept is None else {**JSON, "Accept": accept}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    answer = send(registry, "POST", LOOKUP, headers=lines, body=b'{"providerNames":["nobody"]}')
    if status == 200:
        assert (answer.status, answer.body) == (200, b'{"entries":[],"count":0}')
    else:
        assert_error(answer, 406, None, f"POST {LOOKUP}")


def test_two_accept_headers_are_one_list(registry):
    lines = ["Content-Type: application/json", "Accept: text/html", "Accept: application/json"]
    answer = send(registry, "POST", LOOKUP, headers=lines, body=b'{"providerNames":["nobody"]}')
    assert answer.status == 200


def test_nothing_registered_for_who_cannot_read_the_answer(registry):
    with assert_nothing_changes(registry):
        answer = registry.client("consumer").post(
            REGISTER, json=registration(), headers={"Accept": "text/plain"}
        )
        assert_error(answer, 406, None, f"POST {REGISTER}")


@pytest.mark.parametrize("accept", ["text/html", "image/png"])
def test_errors_are_json_whatever_is_accepted(registry, accept):
    for method, path, status in (("GET", "/nothing-here", 404), ("GET", REGISTER, 405)):
        answer = send(registry, method, path, headers=[f"Accept: {accept}"])
        assert_error(answer, status, None, f"{method} {path}")


@pytest.mark.parametrize(
    "path", ["/serviceregistry/mgmt/systems", "/serviceregistry/general/mgmt/logs"]
)
def test_management_is_for_operators(registry, path):
    """1.6, 11.4: 403 with the whole URL as origin, before routing; for operators there is no such
    path yet."""
    refused = registry.client("consumer").get(path + "?x=1")
    origin = registry.url() + path
    assert_error(refused, 403, "Requester has no management permission", origin)
    operator = registry.client("sysop", profile="operator").get(path)
    assert_error(operator, 404, None, f"GET {path}")


def test_the_ops_listener_serves_nothing_else(registry):
    for method, path in (("GET", ECHO), ("POST", LOOKUP), ("DELETE", REVOKE + "a::b::1.0.0")):
        answer = registry.ops.request(method, path)
        assert_error(answer, 404, None, f"{method} {path}")


def test_headers_of_every_answer(registry):
    """Answers are nobody's to keep or to guess at, and say little of who wrote them."""
    for path in (ECHO, "/nothing-here"):
        answer = registry.client("consumer").get(path)
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        server = answer.headers.get("server", "")
        assert "h2o" not in server and "OpenSSL" not in server
    answer = registry.client("consumer").get(ECHO, headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]

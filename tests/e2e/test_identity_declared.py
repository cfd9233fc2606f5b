"""Declared identity, on a plain listener that says so (spec 1.3): `Authorization: Bearer SYSTEM//name`.

The header is read to the letter; what it declares is the caller's name, `sysop` is an operator. 401
without origin comes before everything else.
"""

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import (
    ECHO,
    LOOKUP,
    REGISTER,
    assert_error,
    fresh,
    lookup_ids,
    register,
    registration,
    revoke,
    revoke_path,
)

MISSING = "No authorization header has been provided"
INVALID = "Invalid authorization header"


def echo(registry, *values):
    lines = [
        f"GET {ECHO} HTTP/1.1",
        "Host: localhost",
        *(f"Authorization: {value}" for value in values),
    ]
    data = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return registry.raw(data, None, listener="plain")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer SYSTEM//temperature-provider2",
        "Bearer SYSTEM//Temperature-Provider2",
        "  Bearer SYSTEM//a  ",
        "Bearer SYSTEM//a//",
        "Bearer SYSTEM//a////",
        "Bearer SYSTEM///x",
        "Bearer SYSTEM//a/b",
        "Bearer SYSTEM//1_x.y",
        "Bearer SYSTEM//sysop",
    ],
)
def test_accepted(registry, value):
    answer = echo(registry, value)
    assert (answer.status, answer.body) == (200, b"Got it!")


@pytest.mark.parametrize(
    "value",
    [
        "Bearer SYSTEM//",
        "Bearer SYSTEM////",
        "Bearer SYSTEM",
        "Bearer SYSTEM/a",
        "Bearer SYSTEM//a//b",
        "Bearer //a",
        "Bearer a",
        "Bearer",
        "bearer SYSTEM//a",
        "BEARER SYSTEM//a",
        "Bearer system//a",
        "Bearer System//a",
        "Basic c3lzb3A6eA==",
        "Bearer  SYSTEM//a",
        "Bearer\tSYSTEM//a",
        "Bearer SYSTEM//a b",
        "Bearer SYSTEM //a",
        "SYSTEM//a",
        "Bearer IDENTITY-TOKEN//abc",
        "Bearer AUTHENTICATOR-KEY//a//b",
        "nonsense",
    ],
)
def test_invalid(registry, value):
    assert_error(echo(registry, value), 401, INVALID)


@pytest.mark.parametrize("values", [(), ("",), ("   ",)])
def test_missing(registry, values):
    assert_error(echo(registry, *values), 401, MISSING)


def test_the_first_header_counts(registry):
    assert echo(registry, "Bearer SYSTEM//a", "nonsense").status == 200
    assert_error(echo(registry, "nonsense", "Bearer SYSTEM//a"), 401, INVALID)


@pytest.mark.parametrize(
    "method, path, content",
    [
        ("GET", ECHO, None),
        ("GET", "/nothing-here", None),
        ("GET", "/", None),
        ("GET", REGISTER, None),
        ("OPTIONS", REGISTER, None),
        ("POST", REGISTER, b"{"),
        ("POST", LOOKUP + "?verbose=x", b"{}"),
        ("DELETE", revoke_path("a::b::1.0.0"), None),
        ("GET", "/serviceregistry/mgmt/systems", None),
        ("GET", "/swagger-ui/", None),
    ],
)
def test_identity_comes_first(registry, method, path, content):
    with assert_nothing_changes(registry):
        assert_error(registry.plain().request(method, path, content=content), 401, MISSING)
        wrong = registry.plain(Authorization="x").request(method, path, content=content)
        assert_error(wrong, 401, INVALID)


def test_a_registrations_whole_life(registry):
    """What is registered over plain HTTP is the same registry's; names are normalized."""
    name = fresh()
    provider = registry.declared("Plain-Provider")
    instance = register(provider, name)
    assert instance["provider"]["name"] == "plain-provider"
    assert lookup_ids(registry.client("consumer"), serviceDefinitionNames=[name]) == [
        instance["instanceId"]
    ]
    assert lookup_ids(registry.declared("anybody"), serviceDefinitionNames=[name]) == [
        instance["instanceId"]
    ]
    refused = registry.declared("anybody").delete(revoke_path(instance["instanceId"]))
    assert refused.status_code == 403
    assert revoke(registry.declared("plain-provider"), instance["instanceId"]) == 200
    assert revoke(provider, instance["instanceId"]) == 204


@pytest.mark.parametrize(
    "name", ["a/b", "a::b", "1bad", "bad_", "-", "a.b", "b\xc3\xa9", '"', "{}"]
)
def test_a_name_against_the_convention_enters_nobody(registry, name):
    """A header may declare it and look up with it (spec 1.3); it cannot become a system's name."""
    client = registry.plain(Authorization=f"Bearer SYSTEM//{name}".encode("latin-1"))
    assert client.get(ECHO).status_code == 200
    with assert_nothing_changes(registry):
        answer = client.post(REGISTER, json=registration(fresh()))
        assert_error(answer, 400, None, f"POST {REGISTER}")


def test_a_name_that_is_too_long_enters_nobody(registry):
    with assert_nothing_changes(registry):
        answer = registry.declared("a" * 64).post(REGISTER, json=registration(fresh()))
        assert_error(answer, 400, None, f"POST {REGISTER}")


@pytest.mark.parametrize("name, operator", [("sysop", True), ("Sysop", True), ("sysop2", False)])
def test_sysop_is_an_operator(registry, name, operator):
    answer = registry.declared(name).get("/serviceregistry/mgmt/systems")
    assert answer.status_code == (404 if operator else 403)


def test_the_words_of_management(registry):
    answer = registry.declared("a").get("/serviceregistry/mgmt/systems?x=1")
    origin = registry.url("plain") + "/serviceregistry/mgmt/systems"
    assert_error(answer, 403, "Requester has no management permission", origin)


def test_no_secret_in_the_log(registry):
    """An Authorization header may hold somebody's password: it is nobody's to log."""
    assert echo(registry, "Basic dmVyeS1zZWNyZXQ6cGFzc3dvcmQ=").status == 401
    assert echo(registry, "Bearer AUTHENTICATOR-KEY//a//deadbeefdeadbeef").status == 401
    assert "dmVyeS1zZWNyZXQ6" not in registry.process.text
    assert "deadbeefdeadbeef" not in registry.process.text


def test_a_plain_listener_speaks_no_tls(registry):
    answer = registry.curl(
        ECHO, "-H", "Authorization: Bearer SYSTEM//a", listener="plain", who=None
    )
    assert answer.stdout == "Got it!"
    assert registry.raw(b"\x16\x03\x01\x00\x05hello\r\n\r\n", None, listener="plain").status == 400

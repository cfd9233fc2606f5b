"""Revoking: 200, then 204, 403 for another's instance; ids as they may and may not be written.

The id is the last part of the path, decoded once (spec 3.13, 11.4): whatever is not an id is 400
with its origin, the id in it decoded; paths that are no revoke path are 404. Every refusal leaves
the registry as it was.
"""

import re
from urllib.parse import unquote

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import (
    REVOKE,
    assert_error,
    fresh,
    lookup_ids,
    register,
    revoke,
    revoke_path,
)

PROVIDER = "temperature-provider2"


def raw_delete(registry, target, who=PROVIDER):
    """Sends the target as it is: clients tidy paths up."""
    request = f"DELETE {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    return registry.raw(request.encode("latin-1"), who)


def test_200_then_204(registry):
    provider, consumer, name = registry.client(PROVIDER), registry.client("consumer"), fresh()
    instance = register(provider, name)["instanceId"]
    assert revoke(provider, instance) == 200
    assert lookup_ids(consumer, instanceIds=[instance]) == []
    assert revoke(provider, instance) == 204
    assert register(provider, name)["instanceId"] == instance
    assert lookup_ids(consumer, instanceIds=[instance]) == [instance]
    assert revoke(provider, instance) == 200


def test_only_what_is_named(registry):
    provider, name = registry.client(PROVIDER), fresh()
    ids = [register(provider, name, version=version)["instanceId"] for version in "123"]
    assert revoke(provider, ids[1]) == 200
    found = lookup_ids(registry.client("consumer"), serviceDefinitionNames=[name])
    assert found == [ids[2], ids[0]]


def test_the_definition_stays(registry):
    provider, name = registry.client(PROVIDER), fresh()
    first = register(provider, name)
    assert revoke(provider, first["instanceId"]) == 200
    assert registry.redis().exists(registry.key(f"definition:{name}"))
    assert register(provider, name)["serviceDefinition"] == first["serviceDefinition"]


@pytest.mark.parametrize(
    "spell",
    [
        lambda id: id.replace(":", "%3A"),
        lambda id: id.replace(":", "%3a"),
        lambda id: id.replace("::", ":%3A"),
        lambda id: "%74" + id[1:],
        lambda id: id.upper(),
        lambda id: id + "%20",
        lambda id: "%20%09" + id,
        lambda id: id.replace(".", "%2E"),
        lambda id: id + "?x=1&verbose=true",
        lambda id: id,
    ],
)
def test_spellings_of_an_id(registry, spell):
    instance = register(registry.client(PROVIDER), fresh())["instanceId"]
    answer = raw_delete(registry, REVOKE + spell(instance))
    assert (answer.status, answer.body) == (200, b"")
    assert lookup_ids(registry.client("consumer"), instanceIds=[instance]) == []


def test_nobody_revokes_for_others(registry):
    """Existing or not, whoever asks: 403 comes before looking whether it is there."""
    instance = register(registry.client(PROVIDER), fresh())["instanceId"]
    others = [
        registry.client("temperature-provider1"),
        registry.client("stranger"),
        registry.client("sysop", profile="operator"),
    ]
    with assert_nothing_changes(registry):
        for other in others:
            for target in (instance, f"{PROVIDER}::nothing::1.0.0", "nobody::kelvin-info::1.0.0"):
                answer = other.delete(revoke_path(target))
                origin = f"DELETE {REVOKE}{target}"
                assert_error(answer, 403, "Revoking other systems' service is forbidden", origin)
                assert answer.headers["x-quiver-rule"].strip(), "which rule refused (design 2)"
        answer = raw_delete(registry, REVOKE + "::kelvin-info::1.0.0")
        assert_error(
            answer,
            403,
            "Revoking other systems' service is forbidden",
            f"DELETE {REVOKE}::kelvin-info::1.0.0",
        )
    assert lookup_ids(registry.client("consumer"), instanceIds=[instance]) == [instance]


def test_rules_may_be_kept_from_clients(start_shared):
    """authorization.explain_to_clients off: the refusal stays, the rule's name goes."""
    server = start_shared(authorization={"explain_to_clients": False})
    answer = server.client("stranger").delete(revoke_path(f"{PROVIDER}::x::1.0.0"))
    assert answer.status_code == 403
    assert "x-quiver-rule" not in answer.headers


@pytest.mark.parametrize(
    "rest",
    [
        "::::1.0.0",
        ":::kelvin-info::1.0.0",
        "::kelvin-info::1",
        "::kelvin-info::x",
        "::a+b::1.0.0",
        "::h%C5%91::1.0.0",
        "::nothing::1.0.0",
        "::a%25b::1.0.0",
    ],
)
def test_ids_of_nothing(registry, rest):
    """What has three parts is an id; that nothing is stored under it is 204."""
    with assert_nothing_changes(registry):
        answer = raw_delete(registry, f"{REVOKE}{PROVIDER}{rest}")
        assert (answer.status, answer.body) == (204, b"")
        assert answer.header("content-length") in (None, "0")


@pytest.mark.parametrize(
    "target",
    [
        PROVIDER,
        f"{PROVIDER}::kelvin-info",
        f"{PROVIDER}:kelvin-info:1.0.0",
        f"{PROVIDER}::kelvin-info::1.0.0::x",
        f"{PROVIDER}::kelvin-info::1.0.0::",
        f"{PROVIDER}::kelvin-info::",
        f"{PROVIDER}::kelvin-info::%20",
        f"{PROVIDER}%7Ckelvin-info%7C1.0.0",
        f"{PROVIDER}|kelvin-info|1.0.0",
        "::::",
        "x",
        f"{PROVIDER}%253A%253Ax::1.0.0",
    ],
)
def test_shapes_that_are_no_id(registry, target):
    with assert_nothing_changes(registry):
        answer = raw_delete(registry, REVOKE + target)
        assert_error(answer, 400, None, f"DELETE {REVOKE}{unquote(target)}")


@pytest.mark.parametrize("blank", ["%20", "%20%20", "%09"])
def test_blank_id(registry, blank):
    with assert_nothing_changes(registry):
        answer = raw_delete(registry, REVOKE + blank)
        assert_error(
            answer, 400, "Service instance ID is missing", f"DELETE {REVOKE}{unquote(blank)}"
        )


@pytest.mark.parametrize(
    "rest",
    [
        "%2Fx::y::1.0.0",
        "%2fx::y::1.0.0",
        "%00::x::1.0.0",
        "::x%5Cy::1.0.0",
        "::x%5cy::1.0.0",
        "::x;y=1::1.0.0",
        "::x%3By::1.0.0",
        "::h%FF::1.0.0",
        "::h%C3::1.0.0",
        "::h%C0%AF::1.0.0",
        "::h%ED%A0%80::1.0.0",
        "::x::1.0.0%",
        "::x::1.0.0%3",
        "::x::1.0.0%zz",
        "::x::1.0.0%%41",
    ],
)
def test_characters_that_no_id_may_have(registry, rest):
    """11.4: refused before anything is made of them; the origin is whatever can be told of it."""
    with assert_nothing_changes(registry):
        answer = raw_delete(registry, f"{REVOKE}{PROVIDER}{rest}")
        assert answer.status == 400
        found = answer.body.decode()
        assert re.match(r'\{"errorMessage":"[^"].*","errorCode":400,', found), found
        assert '"origin":"DELETE ' + REVOKE in found


@pytest.mark.parametrize(
    "target",
    [
        "/serviceregistry/service-discovery/revoke",
        "/serviceregistry/service-discovery/revoke/",
        "/serviceregistry/service-discovery/revoke/a/b",
        "/serviceregistry/service-discovery/revoke//a",
        "/serviceregistry/service-discovery/Revoke/a::b::1.0.0",
        "/serviceregistry/service-discovery/revok%65/a::b::1.0.0",
        "/serviceregistry//service-discovery/revoke/a::b::1.0.0",
        "/serviceregistry/service-discovery/./revoke/a::b::1.0.0",
        "/serviceregistry/service-discovery/x/../revoke/a::b::1.0.0",
        "/serviceregistry/service-discovery/revoke/a::b::1.0.0/",
    ],
)
def test_paths_that_revoke_nothing(registry, target):
    """Paths are matched as sent: nothing is tidied up."""
    with assert_nothing_changes(registry):
        answer = raw_delete(registry, target)
        assert_error(answer, 404, None, f"DELETE {target}")


@pytest.mark.parametrize("body", [b"{", b'{"x":1}', b"x" * 1000])
def test_a_body_that_nobody_asked_for_is_ignored(registry, body):
    instance = register(registry.client(PROVIDER), fresh())["instanceId"]
    answer = registry.client(PROVIDER).request(
        "DELETE", revoke_path(instance), content=body, headers={"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("accept", ["text/plain", "image/png", "nonsense"])
def test_accept_does_not_matter(registry, accept):
    """A revoke answers without a body."""
    instance = register(registry.client(PROVIDER), fresh())["instanceId"]
    for status in (200, 204):
        answer = registry.client(PROVIDER).delete(revoke_path(instance), headers={"Accept": accept})
        assert (answer.status_code, answer.content) == (status, b"")

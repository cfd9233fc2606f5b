"""Who calls on listeners that do not insist on a certificate: `tls: server` and `tls: off`.

A certificate that is shown decides, whatever the header says: also one that gives no identity. Only
without one the header counts, where the listener says `authentication: declared`.
"""

import pytest

from harness.shared import start_shared  # noqa: F401
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
)
from harness.server import OPS, PLAIN, SECURE

MISSING = "No authorization header has been provided"
INVALID = "Invalid authorization header"
MGMT = "/serviceregistry/mgmt/systems"
DECLARED = {"name": "declared", "address": "127.0.0.1", "port": 0, "tls": "server",
            "serve": ["arrowhead"], "authentication": "declared"}
CERTIFIED = {"name": "certified", "address": "127.0.0.1", "port": 0, "tls": "server",
             "serve": ["arrowhead"]}


@pytest.fixture(scope="module", params=["1.2", "1.3"])
def tls(request):
    return request.param


@pytest.fixture(scope="module")
def registry(start_shared):  # noqa: F811
    return start_shared(listeners=[SECURE, DECLARED, CERTIFIED, PLAIN, OPS])


def client(registry, who, listener, tls=None, header=None, profile="system"):
    headers = {} if header is None else {"Authorization": header}
    return registry.server.client(who, profile, listener=listener, tls=tls, headers=headers)


def provider_of(caller):
    """Under which name a registration is entered, which tells who the caller is held to be."""
    answer = caller.post(REGISTER, json=registration(fresh()))
    assert answer.status_code == 201, answer.text
    return answer.json()["provider"]["name"]


# ---- declared, over TLS ----


def test_without_certificate_the_header_counts(registry, tls):
    assert provider_of(client(registry, None, "declared", tls, "Bearer SYSTEM//header-caller")) == "header-caller"


def test_without_certificate_and_header_nobody_calls(registry, tls):
    nobody = client(registry, None, "declared", tls)
    assert_error(nobody.get(ECHO), 401, MISSING)
    assert nobody.get(ECHO).headers["www-authenticate"] == "Bearer"
    assert_error(client(registry, None, "declared", tls, "Basic eA==").get(ECHO), 401, INVALID)


@pytest.mark.parametrize("header", [None, "Bearer SYSTEM//somebody-else", "Bearer SYSTEM//sysop", "nonsense"])
def test_a_certificate_outranks_the_header(registry, tls, header):
    caller = client(registry, "certified-caller", "declared", tls, header)
    assert provider_of(caller) == "certified-caller"
    assert caller.get(MGMT).status_code == 403, "a header made an operator of it"


def test_an_operators_certificate_needs_no_header(registry, tls):
    operator = client(registry, "the-operator", "declared", tls, "Bearer SYSTEM//x", profile="operator")
    assert operator.get(MGMT).status_code == 404


def test_a_certificate_that_gives_no_identity_is_not_made_good_by_a_header(registry, tls):
    device = registry.pki.craft("a-device", qualifier="de")
    url = registry.url("declared") + ECHO
    answer = client(registry, device, "declared", tls, "Bearer SYSTEM//honest").get(ECHO)
    assert_error(answer, 403, f"Unauthorized access: {url}, invalid certificate type: DEVICE")
    nameless = registry.pki.craft("nameless", qualifier=None)
    answer = client(registry, nameless, "declared", tls, "Bearer SYSTEM//honest").get(ECHO)
    assert_error(answer, 401, f"Unauthenticated access attempt: {url}")


def test_a_bad_certificate_is_refused_in_the_handshake(registry, tls):
    stranger = registry.pki.craft("stranger", issuer="self")
    assert registry.alert(stranger, listener="declared", tls=tls) == "unknown_ca"
    assert registry.alert(None, listener="declared", tls=tls) is None


def test_the_header_is_read_anew_for_each_request(registry, tls):
    """One connection, many callers: an identity from a header is the request's, not the connection's."""
    shared = client(registry, None, "declared", tls)
    for name in ("first-of-many", "second-of-many"):
        answer = shared.post(REGISTER, json=registration(fresh()), headers={"Authorization": f"Bearer SYSTEM//{name}"})
        assert answer.json()["provider"]["name"] == name
    assert_error(shared.get(ECHO), 401, MISSING)


# ---- by certificate, over TLS ----


def test_a_listener_by_certificate_takes_no_header(registry, tls):
    url = registry.url("certified") + ECHO
    answer = client(registry, None, "certified", tls, "Bearer SYSTEM//header-caller").get(ECHO)
    assert_error(answer, 401, f"Unauthenticated access attempt: {url}")
    assert "www-authenticate" not in answer.headers
    assert provider_of(client(registry, "certified-caller", "certified", tls)) == "certified-caller"


# ---- plaintext ----


def test_plaintext_knows_only_the_header(registry):
    assert provider_of(client(registry, None, "plain", header="Bearer SYSTEM//plain-caller")) == "plain-caller"
    assert_error(client(registry, None, "plain").get(ECHO), 401, MISSING)


def test_all_listeners_are_one_registry(registry):
    """The document's GENERIC-HTTP profile and mutual TLS side by side: what one enters the others find."""
    name = fresh()
    plain = client(registry, None, "plain", header="Bearer SYSTEM//everywhere")
    instance = register(plain, name)["instanceId"]
    callers = [registry.client("consumer"), client(registry, "consumer", "certified"),
               client(registry, None, "declared", header="Bearer SYSTEM//consumer"), plain]
    for caller in callers:
        assert lookup_ids(caller, serviceDefinitionNames=[name]) == [instance]
    assert revoke(registry.client("everywhere"), instance) == 200
    assert lookup_ids(plain, serviceDefinitionNames=[name]) == []


@pytest.mark.parametrize("listener", ["declared", "plain"])
def test_who_only_declares_may_do_no_more_than_its_name(registry, listener):
    owner = client(registry, None, listener, header="Bearer SYSTEM//the-owner")
    other = client(registry, None, listener, header="Bearer SYSTEM//another-one")
    instance = register(owner, fresh())["instanceId"]
    assert revoke(other, instance) == 403
    assert_error(other.post(LOOKUP, json={}), 400, None, f"POST {LOOKUP}")
    assert other.get(MGMT).status_code == 403
    assert revoke(owner, instance) == 200

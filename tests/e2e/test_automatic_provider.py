"""`provider_registration`: an unknown provider is entered from its certificate, or refused.

automatic (spec 11.14): version 1.0.0, the addresses of the interfaces' access addresses with their
types, each once; no metadata, no device. Each registration refreshes the addresses; the entry stays
after the last revoke. required: 400 as the reference (spec 3.2 row 26), and nothing is entered.
"""

import pytest

from harness.shared import (
    assert_nothing_changes,
    registry,
    start_shared,
    system_key,
)  # noqa: F401
from harness.requests import (
    REGISTER,
    assert_error,
    assert_same_with_order,
    fresh,
    http_properties,
    interface,
    lookup,
    mask_times,
    mqtt_properties,
    register,
    registration,
    revoke,
)


def addresses_of(instance):
    return [(address["type"], address["address"]) for address in instance["provider"]["addresses"]]


def http_at(*addresses):
    return interface(properties=http_properties(accessAddresses=list(addresses)))


def test_entered_from_the_certificate(registry):
    name = fresh()
    several = [
        http_at("192.168.1.7", "Auto.Greenhouse.com"),
        http_at("192.168.1.7", "::7"),
        interface(
            "generic-mqtt", properties=mqtt_properties(accessAddresses=["broker.greenhouse.com"])
        ),
    ]
    answer = register(registry.client("auto-one"), name, interfaces=several)
    wanted = {
        "name": "auto-one",
        "version": "1.0.0",
        "addresses": [
            {"type": "IPV4", "address": "192.168.1.7"},
            {"type": "HOSTNAME", "address": "auto.greenhouse.com"},
            {"type": "IPV6", "address": "0000:0000:0000:0000:0000:0000:0000:0007"},
            {"type": "HOSTNAME", "address": "broker.greenhouse.com"},
        ],
        "createdAt": "<time>",
        "updatedAt": "<time>",
    }
    assert_same_with_order(mask_times(answer["provider"]), wanted)
    found = lookup(registry.client("consumer"), serviceDefinitionNames=[name], verbose=True)
    assert_same_with_order(mask_times(found[0]["provider"]), wanted)


def test_each_registration_refreshes_the_addresses(registry):
    provider, consumer = registry.client("auto-two"), registry.client("consumer")
    first, second = fresh(), fresh()
    before = register(provider, first, interfaces=[http_at("10.0.0.1")])
    after = register(provider, second, interfaces=[http_at("10.0.0.2", "two.example.org")])
    assert addresses_of(before) == [("IPV4", "10.0.0.1")]
    assert addresses_of(after) == [("IPV4", "10.0.0.2"), ("HOSTNAME", "two.example.org")]
    assert after["provider"]["createdAt"] == before["provider"]["createdAt"]
    for entry in lookup(consumer, providerNames=["auto-two"], verbose=True):
        assert addresses_of(entry) == addresses_of(after)


def test_stays_after_the_last_revoke(registry):
    provider, name = registry.client("auto-three"), fresh()
    instance = register(provider, name)
    assert revoke(provider, instance["instanceId"]) == 200
    assert registry.redis().exists(system_key(registry, "auto-three"))
    again = register(provider, name)
    assert again["provider"]["createdAt"] == instance["provider"]["createdAt"]


def test_a_refused_registration_enters_nobody(registry):
    body = registration(fresh(), version="x")
    with assert_nothing_changes(registry):
        assert registry.client("auto-four").post(REGISTER, json=body).status_code == 400
    assert not registry.redis().exists(system_key(registry, "auto-four"))


def test_an_operator_registers_for_its_own_name(registry):
    """The reference asks no more of a provider than to be a system or an operator."""
    answer = register(registry.client("sysop", profile="operator"), fresh())
    assert answer["provider"]["name"] == "sysop"


@pytest.fixture(scope="module")
def required(start_shared):
    """One server twice on the same data: first automatic, so that `known-one` is entered, then
    required."""
    server = start_shared()
    register(server.client("known-one"), "before")
    server.restart(registry={"provider_registration": "required"})
    return server


def test_required_refuses_the_unknown(required):
    body = registration(fresh())
    with assert_nothing_changes(required):
        answer = required.client("unknown-one").post(REGISTER, json=body)
        assert_error(answer, 400, "System not exists: unknown-one", "POST " + REGISTER)
    assert not required.redis().exists(system_key(required, "unknown-one"))


def test_required_checks_the_request_first(required):
    """3.2: the store's rows come last; the template's row before the system's."""
    with assert_nothing_changes(required):
        fault = registration(fresh(), interfaces=[interface("some-template", protocol="http")])
        answer = required.client("unknown-one").post(REGISTER, json=fault)
        assert_error(
            answer, 400, "Interface template not exists: some-template", "POST " + REGISTER
        )
        answer = required.client("unknown-one").post(REGISTER, json=registration(version="x"))
        assert answer.status_code == 400 and "Version verification" in answer.text


def test_required_takes_the_known(required):
    answer = register(required.client("known-one"), fresh())
    assert answer["provider"]["name"] == "known-one"

"""Registering the same system, definition and version again replaces the instance (spec 3.9).

The answer is 201 again; metadata, expiry and interfaces are those of the new request, nothing is
merged; createdAt and updatedAt begin anew. In the store that is one change: one entry of the journal.
"""

import time

from harness.shared import (
    instance_key,
    registry,
    revision,
    start_shared,
)  # noqa: F401
from harness.process import wait_until
from harness.requests import (
    assert_same_with_order,
    fresh,
    http_properties,
    interface,
    lookup,
    register,
)

PROVIDER = "temperature-provider2"


def test_everything_is_replaced(registry):
    provider, consumer, name = registry.client(PROVIDER), registry.client("consumer"), fresh()
    register(provider, name, metadata={"a": 1, "b": 2}, expiresAt="2030-01-01T00:00:00Z")
    other = interface(
        "generic-https", policy="CERT_AUTH", properties=http_properties(accessPort=8443)
    )
    second = register(provider, name, metadata={"c": 3}, interfaces=[other])
    found = lookup(consumer, serviceDefinitionNames=[name], verbose=True)
    assert len(found) == 1
    for instance in (second, found[0]):
        assert instance["metadata"] == {"c": 3}
        assert "expiresAt" not in instance
        assert [shown["templateName"] for shown in instance["interfaces"]] == ["generic-https"]
    third = register(provider, name, metadata=...)
    assert "metadata" not in third
    assert_same_with_order(lookup(consumer, serviceDefinitionNames=[name], verbose=True)[0], third)


def test_times_begin_anew_but_not_the_definitions(registry):
    provider, name = registry.client(PROVIDER), fresh()
    first = register(provider, name)
    second_of_first = int(time.time())
    wait_until(lambda: time.time() >= second_of_first + 1.05, "the next second")
    again = register(provider, name)
    assert again["createdAt"] > first["createdAt"]
    assert again["updatedAt"] == again["createdAt"]
    assert again["serviceDefinition"] == first["serviceDefinition"]


def test_it_is_one_change(registry):
    provider, name = registry.client(PROVIDER), fresh()
    register(provider, name)
    before = revision(registry)
    register(provider, name, metadata={"n": 1})
    assert revision(registry) == before + 1


def test_an_expiry_does_not_outlive_its_instance(registry):
    """The old end is forgotten with the instance that it belonged to."""
    provider, name = registry.client(PROVIDER), fresh()
    ends = registry.key("ends")
    member = f"instance:{PROVIDER}::{name}::1.0.0"
    register(provider, name, expiresAt="2030-01-01T00:00:00Z")
    assert registry.redis().zscore(ends, member) == 1893456000000.0
    register(provider, name, expiresAt="2031-01-01T00:00:00Z")
    assert registry.redis().zscore(ends, member) == 1924992000000.0
    register(provider, name)
    assert registry.redis().zscore(ends, member) is None
    assert registry.redis().exists(instance_key(registry, f"{PROVIDER}::{name}::1.0.0"))


def test_versions_and_providers_are_different_instances(registry):
    name = fresh()
    register(registry.client(PROVIDER), name, version="1")
    register(registry.client(PROVIDER), name, version="2")
    register(registry.client("temperature-provider1"), name, version="1")
    found = lookup(registry.client("consumer"), serviceDefinitionNames=[name])
    assert [entry["instanceId"] for entry in found] == [
        f"temperature-provider2::{name}::2.0.0",
        f"temperature-provider2::{name}::1.0.0",
        f"temperature-provider1::{name}::1.0.0",
    ]

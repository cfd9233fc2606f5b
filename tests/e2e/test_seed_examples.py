"""The three examples of the user's document, request by request.

Answers are compared as JSON with the members in the order of spec 3.10; the properties of a known
template come as accessAddresses, accessPort, operations, basePath. Times are masked. A provider
that was entered from its certificate has no metadata and no device; the last test puts the
document's own provider and device into the store, and then the answer is the document's whole one.
"""

import copy
import json

import pytest

from harness.shared import registry, start_shared  # noqa: F401
from harness.requests import (
    LOOKUP,
    REGISTER,
    SECONDS,
    assert_error,
    assert_same_with_order,
    mask_times,
    revoke_path,
)

PROVIDER = "temperature-provider2"

KELVIN_INFO = {
    "serviceDefinitionName": "kelvin-info",
    "version": "",
    "expiresAt": "2030-01-01T00:00:00Z",
    "metadata": {"margin-of-error": 0.5},
    "interfaces": [
        {
            "templateName": "generic-http",
            "protocol": "http",
            "policy": "NONE",
            "properties": {
                "accessAddresses": ["192.168.56.116", "tp2.greenhouse.com"],
                "accessPort": 8080,
                "basePath": "/kelvin",
                "operations": {"query-temperature": {"method": "GET", "path": "/query"}},
            },
        }
    ],
}

ALERT_SERVICE = {
    "serviceDefinitionName": "alert-service",
    "version": "1.0.0",
    "expiresAt": "2035-01-01T00:00:00Z",
    "metadata": {"max-delay": {"value": 15, "unit": "sec"}},
    "interfaces": [
        {
            "templateName": "generic-http",
            "protocol": "http",
            "policy": "NONE",
            "properties": {
                "accessAddresses": ["192.168.56.116", "tp2.greenhouse.com"],
                "accessPort": 8080,
                "basePath": "/alert",
                "operations": {
                    "subscribe": {"path": "/subscribe", "method": "POST"},
                    "unsubscribe": {"path": "/unsubscribe", "method": "DELETE"},
                    "set-threshold": {"path": "/threshold", "method": "POST"},
                },
            },
        }
    ],
}

ADDRESSES = [
    {"type": "IPV4", "address": "192.168.56.116"},
    {"type": "HOSTNAME", "address": "tp2.greenhouse.com"},
]
TIMES = {"createdAt": "<time>", "updatedAt": "<time>"}


def properties_in_order(properties):
    order = ("accessAddresses", "accessPort", "operations", "basePath")
    ordered = {name: properties[name] for name in order}
    ordered["operations"] = {
        name: {"path": operation["path"], "method": operation["method"]}
        for name, operation in properties["operations"].items()
    }
    return ordered


def instance_of(request, provider):
    """What the document answers for the request."""
    name = request["serviceDefinitionName"]
    interfaces = copy.deepcopy(request["interfaces"])
    for interface in interfaces:
        interface["properties"] = properties_in_order(interface["properties"])
    return {
        "instanceId": f"{PROVIDER}::{name}::1.0.0",
        "provider": provider,
        "serviceDefinition": {"name": name, **TIMES},
        "version": "1.0.0",
        "expiresAt": request["expiresAt"],
        "metadata": request["metadata"],
        "interfaces": interfaces,
        **TIMES,
    }


FULL_PROVIDER = {"name": PROVIDER, "version": "1.0.0", "addresses": ADDRESSES, **TIMES}
TERSE_PROVIDER = {"name": PROVIDER, "version": "1.0.0", **TIMES}

LOOKUP_REQUEST = {
    "instanceIds": [],
    "providerNames": [PROVIDER],
    "serviceDefinitionNames": ["alert-service"],
    "versions": ["1.0.0"],
    "alivesAt": "",
    "metadataRequirementsList": [],
    "interfaceTemplateNames": [],
    "interfacePropertyRequirementsList": [],
    "policies": [],
}


def test_register(registry):
    answer = registry.client(PROVIDER).post(REGISTER, json=KELVIN_INFO)
    assert answer.status_code == 201
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    assert_same_with_order(mask_times(answer.json()), instance_of(KELVIN_INFO, FULL_PROVIDER))


def test_register_from_the_document_with_an_old_timestamp_form(registry):
    """The document's timestamps are UTC with a Z; the answer's are of the same form."""
    found = registry.client(PROVIDER).post(REGISTER, json=KELVIN_INFO).json()
    assert SECONDS.fullmatch(found["provider"]["createdAt"])
    assert found["createdAt"] == found["updatedAt"]


@pytest.mark.parametrize("verbose, provider", [("true", FULL_PROVIDER), ("false", TERSE_PROVIDER)])
def test_lookup(registry, verbose, provider):
    assert registry.client(PROVIDER).post(REGISTER, json=ALERT_SERVICE).status_code == 201
    answer = registry.client("consumer").post(f"{LOOKUP}?verbose={verbose}", json=LOOKUP_REQUEST)
    assert answer.status_code == 200
    wanted = {"entries": [instance_of(ALERT_SERVICE, provider)], "count": 1}
    assert_same_with_order(mask_times(answer.json(), SECONDS), wanted)


def test_lookup_of_nothing_is_the_empty_list_to_the_letter(registry):
    request = dict(LOOKUP_REQUEST, serviceDefinitionNames=["nothing-of-the-kind"])
    answer = registry.client("consumer").post(LOOKUP + "?verbose=true", json=request)
    assert answer.status_code == 200
    assert answer.text == '{"entries":[],"count":0}'


def test_revoke(registry):
    provider = registry.client("temperature-provider1")
    request = dict(KELVIN_INFO, serviceDefinitionName="celsius-info")
    assert provider.post(REGISTER, json=request).status_code == 201
    path = revoke_path("temperature-provider1::celsius-info::1.0.0")
    assert path.endswith("/revoke/temperature-provider1%3A%3Acelsius-info%3A%3A1.0.0")
    for status in (200, 204):
        answer = provider.delete(path)
        assert (answer.status_code, answer.content) == (status, b"")


def test_with_curl(registry):
    """The same three requests as a shell would send them."""
    post = ["-X", "POST", "-H", "Content-Type: application/json", "-w", "\n%{http_code}", "-d"]
    request = dict(KELVIN_INFO, serviceDefinitionName="kelvin-by-curl")
    done = registry.curl(REGISTER, *post, json.dumps(request), who=PROVIDER)
    text, _, status = done.stdout.rpartition("\n")
    assert (status, json.loads(text)["version"]) == ("201", "1.0.0"), done.stderr
    filters = json.dumps({"serviceDefinitionNames": ["kelvin-by-curl"]})
    text, _, status = registry.curl(LOOKUP + "?verbose=false", *post, filters).stdout.rpartition(
        "\n"
    )
    assert (status, json.loads(text)["count"]) == ("200", 1)
    path = revoke_path(f"{PROVIDER}::kelvin-by-curl::1.0.0")
    for status in ("200", "204"):
        done = registry.curl(path, "-X", "DELETE", "-w", "%{http_code}", who=PROVIDER)
        assert (done.returncode, done.stdout) == (0, status)


def test_register_error(registry):
    answer = registry.client(PROVIDER).post(
        REGISTER, json=dict(KELVIN_INFO, expiresAt="2030-01-01")
    )
    assert_error(answer, 400, "Expiration time has an invalid time format", "POST " + REGISTER)
    assert json.loads(answer.text) == {
        "errorMessage": "Expiration time has an invalid time format",
        "errorCode": 400,
        "exceptionType": "INVALID_PARAMETER",
        "origin": "POST /serviceregistry/service-discovery/register",
    }


def test_lookup_error(registry):
    answer = registry.client("consumer").post(LOOKUP + "?verbose=true", json={})
    words = (
        "One of the following filters must be used: "
        "'instanceIds', 'providerNames', 'serviceDefinitionNames'"
    )
    assert_error(answer, 400, words, "POST " + LOOKUP)


def test_revoke_error(registry):
    answer = registry.plain().delete(revoke_path("temperature-provider1::celsius-info::1.0.0"))
    assert_error(answer, 401, "No authorization header has been provided")


DEVICE_METADATA = {
    "scales": ["Kelvin", "Celsius"],
    "max-temperature": {"Kelvin": 310, "Celsius": 40},
    "min-temperature": {"Kelvin": 260, "Celsius": -10},
}
PROVIDER_METADATA = {
    "scales": ["Kelvin", "Celsius"],
    "location": {"side": "North", "block": 2},
    "indoor": True,
}
MAC = [{"type": "MAC", "address": "81:ef:1a:44:7a:f5"}]


def envelope(created, doc):
    """A stored document as the data model has it (design 5)."""
    return json.dumps(
        {"v": 1, "rev": 1, "created": created, "updated": created, "by": {}, "doc": doc}
    )


def test_the_documents_own_provider_and_device(start_shared):
    """What later versions let systems and devices register is answered already: the whole example."""
    server = start_shared()
    device = {"name": "thermometer2", "metadata": DEVICE_METADATA, "addresses": MAC}
    system = {
        "name": PROVIDER,
        "metadata": PROVIDER_METADATA,
        "version": "1.0.0",
        "addresses": ADDRESSES,
        "device": "thermometer2",
    }
    redis = server.redis()
    redis.set(server.key("device:thermometer2"), envelope("2024-11-04T01:53:02Z", device))
    redis.set(server.key(f"system:{PROVIDER}"), envelope("2024-11-08T10:21:11Z", system))
    redis.sadd(server.key("systems-on:thermometer2"), PROVIDER)
    server.restart()

    whole_device = {"createdAt": "2024-11-04T01:53:02Z", "updatedAt": "2024-11-04T01:53:02Z"}
    whole_device = {**device, **whole_device}
    del system["device"]
    times = {"createdAt": "2024-11-08T10:21:11Z", "updatedAt": "2024-11-08T10:21:11Z"}
    provider = {**system, "device": whole_device, **times}
    terse = {"name": PROVIDER, "metadata": PROVIDER_METADATA, "version": "1.0.0", **times}

    answer = server.client(PROVIDER).post(REGISTER, json=ALERT_SERVICE)
    assert answer.status_code == 201, answer.text
    wanted = instance_of(ALERT_SERVICE, provider)
    assert_same_with_order(mask_times(answer.json()), mask_times(wanted))
    assert answer.json()["provider"] == provider
    for verbose, shown in (("true", provider), ("false", terse)):
        found = server.client("consumer").post(f"{LOOKUP}?verbose={verbose}", json=LOOKUP_REQUEST)
        wanted = {"entries": [instance_of(ALERT_SERVICE, shown)], "count": 1}
        assert_same_with_order(mask_times(found.json()), mask_times(wanted))
        assert found.json()["entries"][0]["provider"] == shown

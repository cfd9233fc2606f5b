"""What a registration becomes: names, versions, addresses, operations, policies, times, JSON values.

Each test registers under a name of its own and compares the answer of the registration and the
answer of a later lookup: what was registered can be read back (spec 3.3 to 3.10, 11.7, 11.8, 11.11).
"""

import pytest

from harness.shared import registry, start_shared  # noqa: F401
from harness.requests import (
    REGISTER,
    assert_same_with_order,
    fresh,
    http_properties,
    interface,
    lookup,
    mqtt_properties,
    register,
    registration,
)

PROVIDER = "temperature-provider2"


def both(registry, name, **changes):
    """Registers, and returns the instance as registered and as looked up."""
    registered = register(registry.client(PROVIDER), name, **changes)
    found = lookup(
        registry.client("consumer"), instanceIds=[registered["instanceId"]], verbose=True
    )
    assert len(found) == 1
    return registered, found[0]


def properties_of(registry, template="generic-http", **properties):
    """The properties of one interface as registered; the lookup must show the same."""
    build = mqtt_properties if template.startswith("generic-mqtt") else http_properties
    only = interface(template, properties=build(**properties))
    registered, found = both(registry, fresh(), interfaces=[only])
    shown = registered["interfaces"][0]["properties"]
    assert_same_with_order(found["interfaces"][0]["properties"], shown)
    return shown


@pytest.mark.parametrize(
    "sent, stored",
    [
        (..., "1.0.0"),
        (None, "1.0.0"),
        ("", "1.0.0"),
        (" ", "1.0.0"),
        ("1", "1.0.0"),
        ("1.", "1.0.0"),
        ("1.2", "1.2.0"),
        ("1.2.", "1.2.0"),
        (" 1.2.3 ", "1.2.3"),
        ("01.002.3", "01.002.3"),
        ("0.0.0", "0.0.0"),
        ("123.4567.8901", "123.4567.8901"),
        ("12345.67890.12", "12345.67890.12"),
        (2, "2.0.0"),
    ],
)
def test_version(registry, sent, stored):
    name = fresh()
    registered, found = both(registry, name, version=sent)
    for instance in (registered, found):
        assert instance["version"] == stored
        assert instance["instanceId"] == f"{PROVIDER}::{name}::{stored}"


@pytest.mark.parametrize(
    "sent, stored",
    [
        ("k", "k"),
        ("Q", "q"),
        ("Kelvin-Info-X", "kelvin-info-x"),
        ("KELVIN9", "kelvin9"),
        ("k--i", "k--i"),
        ("K1-2-3", "k1-2-3"),
        ("a" * 63, "a" * 63),
    ],
)
def test_service_definition_name(registry, sent, stored):
    registered, found = both(registry, sent)
    assert registered["serviceDefinition"]["name"] == found["serviceDefinition"]["name"] == stored


def test_template_name_protocol_and_policy(registry):
    only = interface(" Generic-HTTP ", protocol=" HTTP ", policy="cert_auth")
    registered, found = both(registry, fresh(), interfaces=[only])
    for instance in (registered, found):
        shown = instance["interfaces"][0]
        assert list(shown) == ["templateName", "protocol", "policy", "properties"]
        assert (shown["templateName"], shown["protocol"]) == ("generic-http", "http")
        assert shown["policy"] == "CERT_AUTH"


@pytest.mark.parametrize(
    "template, protocol",
    [
        ("generic-http", "http"),
        ("generic-https", "https"),
        ("generic-mqtt", "tcp"),
        ("generic-mqtts", "ssl"),
    ],
)
def test_protocol_is_the_templates(registry, template, protocol):
    registered, _ = both(registry, fresh(), interfaces=[interface(template)])
    assert registered["interfaces"][0]["protocol"] == protocol


@pytest.mark.parametrize(
    "policy",
    [
        "NONE",
        "CERT_AUTH",
        "TOKEN_AUTH",
        "TIME_LIMITED_TOKEN_AUTH",
        "USAGE_LIMITED_TOKEN_AUTH",
        "JSON_WEB_TOKEN_AUTH",
    ],
)
def test_policies(registry, policy):
    registered, _ = both(registry, fresh(), interfaces=[interface(policy=policy.lower())])
    assert registered["interfaces"][0]["policy"] == policy


def test_property_order_and_further_properties(registry):
    """The template's properties come first, in the document's order; others as they were sent."""
    shown = properties_of(
        registry,
        zebra={"b": 1, "a": [None, 1.5]},
        operations={"query": {"method": "get", "path": " /q "}},
        apple="x",
    )
    assert list(shown) == [
        "accessAddresses",
        "accessPort",
        "operations",
        "basePath",
        "zebra",
        "apple",
    ]
    assert_same_with_order(shown["operations"], {"query": {"path": "/q", "method": "GET"}})
    assert_same_with_order(shown["zebra"], {"b": 1, "a": [None, 1.5]})


def test_addresses(registry):
    """4.6: trimmed, lower case, IPv6 written out; order and duplicates stay."""
    sent = [
        " 192.168.1.1 ",
        "TP2.Greenhouse.COM",
        "::1",
        "2001:db8::8:800:200C:417A",
        "192.168.1.1",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "010.001.000.009",
        "srv1.lab.local",
        "localhost",
        "fe80::1",
        "169.254.0.1",
    ]
    assert properties_of(registry, accessAddresses=sent)["accessAddresses"] == [
        "192.168.1.1",
        "tp2.greenhouse.com",
        "0000:0000:0000:0000:0000:0000:0000:0001",
        "2001:0db8:0000:0000:0008:0800:200c:417a",
        "192.168.1.1",
        "0000:0000:0000:0000:0000:ffff:0102:0304",
        "0001:0002:0003:0004:0005:0006:0007:0000",
        "0000:0002:0003:0004:0005:0006:0007:0008",
        "010.001.000.009",
        "srv1.lab.local",
        "localhost",
        "fe80:0000:0000:0000:0000:0000:0000:0001",
        "169.254.0.1",
    ]


@pytest.mark.parametrize("port", [1, 80, 65535])
def test_port(registry, port):
    assert properties_of(registry, accessPort=port)["accessPort"] == port


@pytest.mark.parametrize("value", ["", 5, 5.5, True, [], {"a": 1}, " /x "])
def test_base_path_has_no_validator(registry, value):
    assert_same_with_order(properties_of(registry, basePath=value)["basePath"], value)


def test_optional_property_that_is_null_stays_null(registry):
    shown = properties_of(registry, operations=None)
    assert shown["operations"] is None
    assert "operations" not in properties_of(registry)


def test_http_operations(registry):
    """3.8: names lower case, path trimmed, method in capitals, members in the order path, method."""
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
    sent = {
        f" Op-{method} ": {"method": f" {method.lower()} ", "path": " no-slash "}
        for method in methods
    }
    shown = properties_of(registry, operations=sent)["operations"]
    wanted = {f"op-{method.lower()}": {"path": "no-slash", "method": method} for method in methods}
    assert_same_with_order(shown, wanted)


def test_string_set(registry):
    """3.8: trimmed, lower case, each once."""
    shown = properties_of(registry, "generic-mqtt", operations=[" Query ", "publish", "QUERY", "a"])
    assert sorted(shown["operations"]) == ["a", "publish", "query"]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {
            "s": "x",
            "n": None,
            "b": False,
            "i": 1,
            "r": 1.5,
            "l": [],
            "o": {},
            "deep": [{"n": None}],
        },
        {"z": 1, "a": 2, "m": {"z": 1, "a": 2}},
        {"": 1, "with blank": 2, "[0]": 3, "x" * 300: 4},
        {"max": 9223372036854775807, "min": -9223372036854775808, "real": 5.0, "int": 5},
        {"text": 'quote " backslash \\ slash / tab \t newline \n \u0001 \u20ac \U0001f600'},
        {"long": "x" * 100000},
        {"allow-exclusivity": "10"},
        {"allow-exclusivity": "-10"},
        {"allow-exclusivity": "+7"},
        {"allow-exclusivity": "2147483647"},
    ],
    ids=str,
)
def test_metadata_comes_back_as_it_was(registry, metadata):
    registered, found = both(registry, fresh(), metadata=metadata)
    assert_same_with_order(registered["metadata"], metadata)
    assert_same_with_order(found["metadata"], metadata)


@pytest.mark.parametrize("metadata", [..., None])
def test_metadata_is_optional(registry, metadata):
    registered, found = both(registry, fresh(), metadata=metadata)
    assert "metadata" not in registered and "metadata" not in found


@pytest.mark.parametrize(
    "sent, value", [("1e3", 1000.0), ("1.10", 1.1), ("1e-400", 0.0), ("123456789.0", 123456789.0)]
)
def test_real_numbers_stay_real(registry, sent, value):
    text = (
        '{"serviceDefinitionName":"%s","metadata":{"n":%s},"interfaces":[{"templateName":'
        '"generic-http","policy":"NONE","properties":{"accessAddresses":["192.168.56.116"],'
        '"accessPort":8080,"basePath":"/kelvin"}}]}'
    ) % (fresh(), sent)
    answer = registry.client(PROVIDER).post(
        REGISTER, content=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 201, answer.text
    shown = answer.json()["metadata"]["n"]
    assert isinstance(shown, float) and shown == value


@pytest.mark.parametrize(
    "sent, at_once, later",
    [
        ("2030-01-01T00:00:00.25Z", "2030-01-01T00:00:00.250Z", "2030-01-01T00:00:00Z"),
        ("2030-01-01T00:00:00.1234Z", "2030-01-01T00:00:00.123400Z", "2030-01-01T00:00:00Z"),
        (
            "2030-01-01T00:00:00.123456789Z",
            "2030-01-01T00:00:00.123456789Z",
            "2030-01-01T00:00:00Z",
        ),
        ("2030-01-01T00:00:00.Z", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2030-01-01t00:00:00z", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2030-01-01T02:00:00+02:00", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2029-12-31T23:30:00-00:30", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2030-01-01T18:00:00+18:00", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2029-12-31T24:00:00Z", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2029-12-31T23:59:60Z", "2029-12-31T23:59:59Z", "2029-12-31T23:59:59Z"),
        ("2038-01-19T03:14:08Z", "2038-01-19T03:14:08Z", "2038-01-19T03:14:08Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_expiry(registry, sent, at_once, later):
    """3.6, 11.7: every form is understood; a fraction is shown once and cut in the store."""
    registered, found = both(registry, fresh(), expiresAt=sent)
    assert registered["expiresAt"] == at_once
    assert found["expiresAt"] == later


@pytest.mark.parametrize("sent", [..., None, "", " "])
def test_without_expiry(registry, sent):
    registered, found = both(registry, fresh(), expiresAt=sent)
    assert "expiresAt" not in registered and "expiresAt" not in found


def test_unknown_members_are_ignored(registry):
    """2.6: also in other letter case; the provider is who asks, whatever the body says (3.1)."""
    only = dict(interface(), unknown=1, TemplateName="x")
    registered, _ = both(
        registry,
        fresh(),
        interfaces=[only],
        provider={"name": "other"},
        Version="9",
        systemName="x",
    )
    assert registered["provider"]["name"] == PROVIDER
    assert registered["version"] == "1.0.0"
    assert list(registered["interfaces"][0]) == ["templateName", "protocol", "policy", "properties"]


def test_several_interfaces_keep_their_order(registry):
    """3.8: one template may appear more than once."""
    several = [
        interface(properties=http_properties(accessPort=port), policy=policy)
        for port, policy in ((8080, "NONE"), (8443, "CERT_AUTH"), (8081, "NONE"))
    ] + [interface("generic-mqtt")]
    registered, found = both(registry, fresh(), interfaces=several)
    for instance in (registered, found):
        ports = [shown["properties"]["accessPort"] for shown in instance["interfaces"]]
        assert ports == [8080, 8443, 8081, 1883]


def test_name_in_capitals_is_the_same_system(registry):
    name = fresh()
    register(registry.client(PROVIDER), name)
    capitals = registry.pki.craft("Temperature-Provider2")  # pki would refuse to issue it
    answer = registry.server.client(capitals).post(REGISTER, json=registration(name))
    assert answer.status_code == 201
    assert answer.json()["instanceId"] == f"{PROVIDER}::{name}::1.0.0"
    assert len(lookup(registry.client("consumer"), serviceDefinitionNames=[name])) == 1

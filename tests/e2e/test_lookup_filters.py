"""What a lookup finds: ten filters, AND across them, OR within each (spec 3.11, 3.12, 11.9, 11.10).

One set of instances is registered once; each row of the table names filters and the instances that
they find. The base filter of a row is the set's service definitions, so that tests of other files
that share the server do not matter.
"""

import pytest

from harness.shared import registry, revision, start_shared  # noqa: F401
from harness.requests import (
    LOOKUP,
    assert_same_with_order,
    http_properties,
    interface,
    lookup,
    lookup_ids,
    mqtt_properties,
    register,
    registration,
)

P1, P2, P3 = "temperature-provider1", "temperature-provider2", "temperature-provider3"
METADATA = {
    "s": "Kelvin",
    "i": 5,
    "r": 5.0,
    "b": True,
    "n": None,
    "l": ["Kelvin", "Celsius", 3, {"a": 1}],
    "o": {"block": 2, "side": "North"},
    "a b": 1,
    "big": 4294967296,
}
IPV6 = "0000:0000:0000:0000:0000:0000:0000:0001"


def http_at(*addresses, policy="NONE", template="generic-http", **properties):
    return interface(
        template, policy, properties=http_properties(accessAddresses=list(addresses), **properties)
    )


# Names of the rows below: provider, definition, further members of the registration.
DATA = {
    "a1": (P1, "lf-a", {"metadata": METADATA}),
    "a2": (P2, "lf-a", {"metadata": {"i": 6, "only": "a2"}, "version": "2"}),
    "a2v3": (P2, "lf-a", {"metadata": ..., "version": "3.1"}),
    "b1": (
        P1,
        "lf-b",
        {
            "expiresAt": "2040-01-01T00:00:00Z",
            "interfaces": [
                http_at("192.168.1.1", "b1.example.org", "::1"),
                http_at("10.0.0.9", policy="CERT_AUTH", template="generic-https", accessPort=8443),
            ],
        },
    ),
    "b2": (
        P2,
        "lf-b",
        {
            "expiresAt": "2050-01-01T00:00:00Z",
            "interfaces": [
                interface(
                    "generic-mqtt",
                    "TOKEN_AUTH",
                    properties=mqtt_properties(note={"deep": ["x", "y"]}),
                )
            ],
        },
    ),
}


@pytest.fixture(scope="module")
def found(registry):
    """Registers the set; returns a function that looks up and names what is found."""
    names = {}
    for name, (provider, definition, changes) in DATA.items():
        instance = register(registry.client(provider), definition, **changes)
        names[instance["instanceId"]] = name

    def ask(**filters):
        filters.setdefault("serviceDefinitionNames", ["lf-a", "lf-b"])
        ids = lookup_ids(registry.client("consumer"), **filters)
        assert ids == sorted(ids, reverse=True), "by instance id, descending"
        return {names[instance_id] for instance_id in ids}

    ask.id_of = {name: instance_id for instance_id, name in names.items()}
    return ask


ALL = {"a1", "a2", "a2v3", "b1", "b2"}
A1 = f"{P1}::lf-a::1.0.0"

NAMES = [
    ({}, ALL),
    ({"serviceDefinitionNames": ["lf-a"]}, {"a1", "a2", "a2v3"}),
    ({"serviceDefinitionNames": [" LF-A "]}, {"a1", "a2", "a2v3"}),
    ({"serviceDefinitionNames": ["lf-a", "no-such"]}, {"a1", "a2", "a2v3"}),
    ({"serviceDefinitionNames": ["lf-a", "lf-a"]}, {"a1", "a2", "a2v3"}),
    ({"serviceDefinitionNames": ["lf"]}, set()),
    ({"serviceDefinitionNames": ["not a name at all!"]}, set()),
    ({"providerNames": [P1]}, {"a1", "b1"}),
    ({"providerNames": [P1.upper(), P2]}, ALL),
    ({"providerNames": [P3]}, set()),
    ({"providerNames": ["\u00e9"]}, set()),
    ({"instanceIds": [A1]}, {"a1"}),
    ({"instanceIds": [" " + A1.upper() + " "]}, {"a1"}),
    ({"instanceIds": [A1, f"{P2}::lf-a::2.0.0"]}, {"a1", "a2"}),
    ({"instanceIds": [f"{P1}::lf-a::1"]}, set()),
    ({"instanceIds": [f"{P1}::lf-a"]}, set()),
    ({"instanceIds": ["::::"]}, set()),
    ({"instanceIds": [A1], "providerNames": [P2]}, set()),
    ({"instanceIds": [A1], "serviceDefinitionNames": ["lf-b"]}, set()),
    ({"versions": ["1.0.0"]}, {"a1", "b1", "b2"}),
    ({"versions": ["1"]}, {"a1", "b1", "b2"}),
    ({"versions": [2, " 3.1. "]}, {"a2", "a2v3"}),
    ({"versions": ["9"]}, set()),
    ({"versions": ["nonsense"]}, set()),
    ({"versions": ["2"], "providerNames": [P1]}, set()),
    ({"providerNames": [], "versions": None}, ALL),
]

ALIVE = [
    ({"alivesAt": ""}, ALL),
    ({"alivesAt": " "}, ALL),
    ({"alivesAt": "2039-12-31T23:59:59Z"}, ALL),
    ({"alivesAt": "2040-01-01T00:00:00Z"}, ALL),
    ({"alivesAt": "2040-01-01T00:00:01Z"}, ALL - {"b1"}),
    ({"alivesAt": "2040-01-01T01:00:00+01:00"}, ALL),
    ({"alivesAt": "2060-01-01T00:00:00Z"}, {"a1", "a2", "a2v3"}),
    ({"alivesAt": "2000-01-01T00:00:00Z"}, ALL),
    ({"alivesAt": "+12030-01-01T00:00:00Z"}, {"a1", "a2", "a2v3"}),
    ({"alivesAt": "-0001-01-01T00:00:00Z"}, ALL),
]


def metadata(*requirements):
    return {"serviceDefinitionNames": ["lf-a"], "metadataRequirementsList": list(requirements)}


def equals(value):
    return {"op": "EQUALS", "value": value}


METADATA_ROWS = [
    (metadata(), {"a1", "a2", "a2v3"}),
    (metadata({}), {"a1", "a2", "a2v3"}),
    (metadata({"i": 5}), {"a1"}),
    (metadata({"i": equals(5)}), {"a1"}),
    (metadata({"i": {"op": " equals ", "value": 5, "more": 1}}), {"a1"}),
    (metadata({"i": 5.0}), set()),
    (metadata({"r": 5.0}), {"a1"}),
    (metadata({"r": 5}), set()),
    (metadata({"i": "5"}), set()),
    (metadata({"s": "Kelvin"}), {"a1"}),
    (metadata({"s": "kelvin"}), set()),
    (metadata({"b": True}), {"a1"}),
    (metadata({"b": "true"}), set()),
    (metadata({"big": 4294967296}), {"a1"}),
    (metadata({"a b": 1}), {"a1"}),
    (metadata({" i ": 5}), {"a1"}),
    (metadata({"n": None}), set()),
    (metadata({"missing": 1}), set()),
    (metadata({"o.block": 2}), {"a1"}),
    (metadata({"o.block.": 2}), {"a1"}),
    (metadata({"o..block": 2}), set()),
    (metadata({"o.block": 3}), set()),
    (metadata({"o": {"side": "North", "block": 2}}), {"a1"}),
    (metadata({"o": {"side": "North"}}), set()),
    (metadata({"o": equals({"side": "North", "block": 2})}), {"a1"}),
    (metadata({"l": ["Kelvin", "Celsius", 3, {"a": 1}]}), {"a1"}),
    (metadata({"l": ["Celsius", "Kelvin", 3, {"a": 1}]}), set()),
    (metadata({"l[1]": "Celsius"}), {"a1"}),
    (metadata({"l[+0]": "Kelvin"}), {"a1"}),
    (metadata({"l[3].a": 1}), {"a1"}),
    (metadata({"l[9]": 1}), set()),
    (metadata({"l[-1]": 1}), set()),
    (metadata({"s[0]": "K"}), set()),
    (metadata({"o[0]": 2}), set()),
    (metadata({"i": 5, "s": "Kelvin"}), {"a1"}),
    (metadata({"i": 5, "s": "x"}), set()),
    (metadata({"i": 5}, {"i": 6}), {"a1", "a2"}),
    (metadata({"i": 7}, {"only": "a2"}), {"a2"}),
    (metadata({"i": 7}, {}), {"a1", "a2", "a2v3"}),
    (metadata({"": 1}), set()),
    (metadata({"i": {"op": "EQUALS"}}), set()),
    (metadata({"i": {"value": 5}}), set()),
]

INTERFACES = [
    ({"interfaceTemplateNames": ["generic-mqtt"]}, {"b2"}),
    ({"interfaceTemplateNames": [" Generic-HTTPS "]}, {"b1"}),
    ({"interfaceTemplateNames": ["generic-https", "generic-mqtt"]}, {"b1", "b2"}),
    ({"interfaceTemplateNames": ["generic-nothing"]}, set()),
    ({"policies": ["CERT_AUTH"]}, {"b1"}),
    ({"policies": ["cert_auth", "token_auth"]}, {"b1", "b2"}),
    ({"policies": ["JSON_WEB_TOKEN_AUTH"]}, set()),
    # Section 11.10: one and the same interface must meet all of them.
    ({"policies": ["NONE"], "interfaceTemplateNames": ["generic-https"]}, set()),
    ({"policies": ["CERT_AUTH"], "interfaceTemplateNames": ["generic-https"]}, {"b1"}),
    ({"interfacePropertyRequirementsList": [{"accessPort": 8443}]}, {"b1"}),
    ({"interfacePropertyRequirementsList": [{"accessPort": 8443}], "policies": ["NONE"]}, set()),
    ({"interfacePropertyRequirementsList": [{"note.deep[1]": "y"}]}, {"b2"}),
    ({"interfacePropertyRequirementsList": [{"note.deep[1]": "x"}]}, set()),
    ({"interfacePropertyRequirementsList": [{"accessPort": 1}, {"accessPort": 1883}]}, {"b2"}),
    ({"interfacePropertyRequirementsList": [{}]}, ALL),
    ({"addressTypes": ["IPV6"]}, {"b1"}),
    ({"addressTypes": ["hostname"]}, {"b1", "b2"}),
    ({"addressTypes": ["MAC"]}, set()),
    ({"addressTypes": ["IPV4", "HOSTNAME"]}, ALL),
    ({"addressTypes": ["IPV6"], "interfaceTemplateNames": ["generic-https"]}, set()),
]


@pytest.mark.parametrize("filters, names", NAMES + ALIVE + METADATA_ROWS + INTERFACES)
def test_filter(found, filters, names):
    assert found(**filters) == names


def test_the_first_filter_need_not_be_the_definition(found):
    """Any of the three base filters will do, alone."""
    assert found(serviceDefinitionNames=[], instanceIds=[A1]) == {"a1"}
    assert found(serviceDefinitionNames=None, instanceIds=[A1], versions=["2"]) == set()


def test_answer_shows_only_the_interfaces_asked_for(registry, found):
    entry = lookup(
        registry.client("consumer"), instanceIds=[found.id_of["b1"]], policies=["CERT_AUTH"]
    )[0]
    assert [shown["templateName"] for shown in entry["interfaces"]] == ["generic-https"]
    whole = lookup(registry.client("consumer"), instanceIds=[found.id_of["b1"]])[0]
    assert [shown["templateName"] for shown in whole["interfaces"]] == [
        "generic-http",
        "generic-https",
    ]


@pytest.mark.parametrize(
    "types, addresses",
    [
        (["IPV4"], [["192.168.1.1"], ["10.0.0.9"]]),
        (["IPV6"], [[IPV6]]),
        (["HOSTNAME", "IPV6"], [["b1.example.org", IPV6]]),
        (["IPV4", "HOSTNAME", "IPV6"], [["192.168.1.1", "b1.example.org", IPV6], ["10.0.0.9"]]),
    ],
)
def test_address_types_shorten_the_answer_but_not_the_store(registry, found, types, addresses):
    consumer, only = registry.client("consumer"), [found.id_of["b1"]]
    entry = lookup(consumer, instanceIds=only, addressTypes=types)[0]
    assert [shown["properties"]["accessAddresses"] for shown in entry["interfaces"]] == addresses
    for shown in entry["interfaces"]:
        assert list(shown["properties"]) == ["accessAddresses", "accessPort", "basePath"]
    whole = lookup(consumer, instanceIds=only)[0]
    assert len(whole["interfaces"][0]["properties"]["accessAddresses"]) == 3


@pytest.mark.parametrize(
    "first, types, is_found",
    [
        ("host", ["HOSTNAME"], True),
        ("host", ["IPV4"], False),
        ("accessAddresses", ["HOSTNAME"], False),
        ("accessAddresses", ["IPV4"], True),
    ],
)
def test_of_several_addresses_the_first_as_sent_is_judged(registry, first, types, is_found):
    both = {"accessAddresses": ["10.0.0.7"], "host": "two.example.org"}
    sent = {first: both[first], **both, "accessPort": 8080, "basePath": "/"}
    instance = register(registry.client(P1), "lf-two", interfaces=[interface(properties=sent)])
    only = [instance["instanceId"]]
    assert lookup_ids(registry.client("consumer"), instanceIds=only, addressTypes=types) == (
        only if is_found else []
    )


VERBOSE = [
    ("", False),
    ("?verbose", False),
    ("?verbose=", False),
    ("?verbose=%20", False),
    ("?Verbose=true", False),
    ("?page=0&size=1", False),
    ("?verbose=true", True),
    ("?verbose=TRUE", True),
    ("?verbose=on", True),
    ("?verbose=Yes", True),
    ("?verbose=1", True),
    ("?verbose=%20true%20", True),
    ("?verbose=tr%75e", True),
    ("?x=1&verbose=true", True),
    ("?verbose=true&verbose=false", True),
    ("?verbose=false&verbose=true", False),
    ("?verbose=false", False),
    ("?verbose=off", False),
    ("?verbose=NO", False),
    ("?verbose=0", False),
]


@pytest.mark.parametrize("query, full", VERBOSE)
def test_verbose(registry, found, query, full):
    """2.5, 3.11, 11.5: only with verbose the provider has its addresses."""
    request = {"instanceIds": [found.id_of["a1"]]}
    answer = registry.client("consumer").post(LOOKUP + query, json=request)
    assert answer.status_code == 200, answer.text
    provider = answer.json()["entries"][0]["provider"]
    members = ["name", "version", "addresses", "createdAt", "updatedAt"]
    assert list(provider) == [name for name in members if full or name != "addresses"]


def test_members_come_in_order(registry, found):
    members = ["instanceId", "provider", "serviceDefinition", "version", "expiresAt", "metadata"]
    members += ["interfaces", "createdAt", "updatedAt"]
    absent = {"a1": {"expiresAt"}, "a2v3": {"expiresAt", "metadata"}, "b1": set()}
    for name, missing in absent.items():
        entry = lookup(registry.client("consumer"), instanceIds=[found.id_of[name]])[0]
        assert list(entry) == [member for member in members if member not in missing]


def test_unknown_members_are_ignored(registry, found):
    request = {
        "instanceIds": [found.id_of["a1"]],
        "page": 0,
        "providernames": ["nobody"],
        "zzz": {},
    }
    answer = registry.client("consumer").post(LOOKUP, json=request)
    assert answer.status_code == 200 and answer.json()["count"] == 1


def test_a_stranger_may_look_up(registry, found):
    """Who never registered is somebody all the same; an operator, too."""
    for client in (registry.client("stranger"), registry.client("sysop", profile="operator")):
        assert lookup_ids(client, instanceIds=[A1]) == [A1]


def test_a_lookup_changes_nothing(registry, found):
    before = revision(registry)
    whole = lookup(registry.client("consumer"), serviceDefinitionNames=["lf-b"], verbose=True)
    for types in (["IPV4"], ["IPV6"], ["MAC"]):
        lookup(registry.client("consumer"), serviceDefinitionNames=["lf-b"], addressTypes=types)
    again = lookup(registry.client("consumer"), serviceDefinitionNames=["lf-b"], verbose=True)
    assert_same_with_order(again, whole)
    assert revision(registry) == before


def test_verbose_may_be_forbidden(start_shared):
    """3.11: 403, though a registration's answer has all details all the same."""
    server = start_shared(registry={"verbose": False})
    registered = register(server.client(P1), "lf-v")
    assert "addresses" in registered["provider"]
    request = {"instanceIds": [registered["instanceId"]]}
    for body in (request, {"instanceIds": ["nothing"]}):
        answer = server.client("consumer").post(LOOKUP + "?verbose=true", json=body)
        assert answer.status_code == 403
        assert answer.json() == {
            "errorMessage": "Verbose is not allowed",
            "errorCode": 403,
            "exceptionType": "FORBIDDEN",
            "origin": "POST " + LOOKUP,
        }
    assert (
        server.client("consumer").post(LOOKUP + "?verbose=false", json=request).status_code == 200
    )
    fault = server.client("consumer").post(LOOKUP + "?verbose=true", json={})
    assert fault.status_code == 400, "validation comes before"


def test_forbidden_addresses(start_shared):
    """4.6: self_addressing and non_routable_addressing off."""
    server = start_shared(registry={"self_addressing": False, "non_routable_addressing": False})
    refused = {
        "127.0.0.1": "127.0.0.1 IPv4 address is invalid: self-addressing is disabled",
        "127.9.9.9": "127.9.9.9 IPv4 address is invalid: self-addressing is disabled",
        "::1": IPV6 + " IPv6 address is invalid: self-addressing is disabled",
        "LOCALHOST": "localhost hostname is invalid: self-addressing is disabled",
        "loopback": "loopback hostname is invalid: self-addressing is disabled",
        "169.254.1.1": "169.254.1.1 IPv4 address is invalid: non-routable-addressing is disabled",
        "fe80::1": "fe80:0000:0000:0000:0000:0000:0000:0001"
        " IPv6 address is invalid: non-routable-addressing is disabled",
        "::ffff:127.0.0.1": None,
    }
    for address, words in refused.items():
        answer = server.client(P1).post(
            "/serviceregistry/service-discovery/register",
            json=registration("lf-x", interfaces=[http_at(address)]),
        )
        assert answer.status_code == 400, address
        if words:
            assert answer.json()["errorMessage"] == "Address verification failure: " + words
    register(server.client(P1), "lf-x", interfaces=[http_at("10.0.0.1", "fd00::1", "a.localhost")])

"""Registrations that are refused: every row of spec 3.2 and of 3.5 to 3.8 that dialect 5.0 has, with
section 11's rules where the reference is not followed.

Each case is one fault; `test_first_fault` has two, of which the earlier row is reported. Of each the
whole error object is compared; after each nothing has changed (the store's revision is the same)
and the server lives.
"""

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import (
    REGISTER,
    assert_error,
    fresh,
    http_properties,
    interface,
    mqtt_properties,
    post,
    registration,
)

ORIGIN = "POST " + REGISTER
NAMING = "The specified name does not match the naming convention: "
METADATA_KEY = "Invalid metadata key: {}, it should not contain . character!"
VERSION = "Version verification failure: "
VERSION_LONG = VERSION + "version length is too long"
VERSION_DOTS = VERSION + "version must contain exactly 2 separator . characters"
VERSION_THREE = VERSION + "version must contain exactly 3 numbers"
VERSION_NUMBERS = VERSION + "the version should only contain numbers and separator dot characters"
TIME_FORMAT = "Expiration time has an invalid time format"
TIME_PAST = "Expiration time is in the past"
ADDRESS = "Address verification failure: "
OPERATION = "Value should be a HttpOperationModel record"


def http(**properties):
    """A registration whose one interface is generic-http with these properties."""
    return registration(interfaces=[interface(properties=http_properties(**properties))])


def mqtt(**properties):
    return registration(
        interfaces=[interface("generic-mqtt", properties=mqtt_properties(**properties))]
    )


def one(template="generic-http", **members):
    return registration(interfaces=[interface(template, **members)])


def two(*interfaces):
    return registration(interfaces=list(interfaces))


def operation(**value):
    return http(operations={"query": value})


GOOD_OPERATION = {"path": "/query", "method": "GET"}

NAMES = [
    ("2-missing", registration(definition=...), "Service definition name is empty"),
    ("2-null", registration(None), "Service definition name is empty"),
    ("2-empty", registration(""), "Service definition name is empty"),
    ("2-blanks", registration(" \t "), "Service definition name is empty"),
    ("2-unicode-blank", registration("\u2003"), "Service definition name is empty"),
    ("3-64", registration("a" * 64), "Service definition name is too long"),
    ("3-before-4", registration("1" + "x" * 70), "Service definition name is too long"),
    ("4-digit-first", registration("1kelvin"), NAMING + "1kelvin"),
    ("4-hyphen-first", registration("-kelvin"), NAMING + "-kelvin"),
    ("4-hyphen-last", registration("kelvin-"), NAMING + "kelvin-"),
    ("4-underscore", registration("kelvin_info"), NAMING + "kelvin_info"),
    ("4-dot", registration("kelvin.info"), NAMING + "kelvin.info"),
    ("4-slash", registration("kelvin/info"), NAMING + "kelvin/info"),
    ("4-separator", registration("kelvin::info"), NAMING + "kelvin::info"),
    ("4-blank-inside", registration("kelvin info"), NAMING + "kelvin info"),
    ("4-blank-around", registration(" kelvin-info "), NAMING + " kelvin-info "),
    ("4-accents", registration("h\u0151m\u00e9r\u0151"), NAMING + "h\u0151m\u00e9r\u0151"),
    ("4-beyond-bmp", registration("a\U0001f600b"), NAMING + "a\U0001f600b"),
    ("4-quote", registration('a"b'), NAMING + 'a"b'),
    ("4-newline", registration("a\nb"), NAMING + "a\nb"),
    ("4-digit", registration("1"), NAMING + "1"),
    ("4-hyphen", registration("-"), NAMING + "-"),
    ("4-number", registration(5), NAMING + "5"),
]

TIMES = (
    [
        (f"5-{text}", registration(expiresAt=text), TIME_FORMAT)
        for text in (
            "2030-01-01",
            "2030-01-01T00:00Z",
            "2030-01-01T00:00:00",
            "2030-01-01 00:00:00Z",
            " 2030-01-01T00:00:00Z",
            "2030-01-01T00:00:00Z ",
            "2030-01-01T00:00:00+0200",
            "2030-01-01T00:00:00+02",
            "2030-01-01T00:00:00+19:00",
            "2030-01-01T00:00:00,5Z",
            "2030-01-01T00:00:00.1234567890Z",
            "2030-02-30T00:00:00Z",
            "2030-13-01T00:00:00Z",
            "2030-01-01T25:00:00Z",
            "2030-01-01T24:00:01Z",
            "2030-01-01T00:60:00Z",
            "2030-01-01T00:00:60Z",
            "2030-01-01T00:00:61Z",
            "2030-1-1T00:00:00Z",
            "12030-01-01T00:00:00Z",
            "20300101T000000Z",
            "2030-01-01T00:00:00Z[UTC]",
            "2030-01-01T00:00:00 GMT",
            "2029-02-29T12:00:00Z",
            "1893456000",
            "tomorrow",
        )
    ]
    + [
        (f"6-{text}", registration(expiresAt=text), TIME_PAST)
        for text in (
            "2000-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
        )
    ]
    + [
        # Section 11.7: what lies behind the year 9999 cannot be written back in the store's form.
        ("6-after-9999", registration(expiresAt="+12030-01-01T00:00:00Z"), None),
    ]
)

METADATA = [
    ("7-top", registration(metadata={"a.b": 1}), METADATA_KEY.format("a.b")),
    ("7-nested", registration(metadata={"a": {"b.c": 1}}), METADATA_KEY.format("b.c")),
    ("7-in-list", registration(metadata={"a": [1, {"b.": 1}]}), METADATA_KEY.format("b.")),
    ("7-only-dot", registration(metadata={".": 1}), METADATA_KEY.format(".")),
    ("7-beside-null", registration(metadata={"n": None, "a.b": 1}), METADATA_KEY.format("a.b")),
    (
        "7-below-null",
        registration(metadata={"n": None, "a": {"b.c": 1}}),
        METADATA_KEY.format("b.c"),
    ),
]

EXCLUSIVITY = [
    (
        f"24-{value!r}",
        registration(metadata={"allow-exclusivity": value}),
        "allow-exclusivity metadata must have integer value.",
    )
    for value in (1, 1.0, True, None, [], {}, "", "x", "1.0", " 1", "2147483648", "-2147483649")
]

INTERFACES = [
    ("8-missing", registration(interfaces=...), "Service interface list is empty"),
    ("8-null", registration(interfaces=None), "Service interface list is empty"),
    ("8-empty", registration(interfaces=[]), "Service interface list is empty"),
    ("9-missing", one(templateName=...), "Interface template name is missing"),
    ("9-null", one(templateName=None), "Interface template name is missing"),
    ("9-blank", one(templateName=" "), "Interface template name is missing"),
    ("9-empty-object", two({}), "Interface template name is missing"),
    ("9-second", two(interface(), {}), "Interface template name is missing"),
    ("10-missing", one(policy=...), "Interface policy is missing"),
    ("10-null", one(policy=None), "Interface policy is missing"),
    ("10-blank", one(policy=" "), "Interface policy is missing"),
    ("11-unknown", one(policy="SOMETHING"), "Invalid interface policy"),
    ("11-blanks-around", one(policy=" NONE"), "Invalid interface policy"),
    ("11-of-5.2", one(policy="TRANSLATION_BRIDGE_TOKEN_AUTH"), "Invalid interface policy"),
    ("12-missing", one(properties=...), "Interface properties are missing"),
    ("12-null", two({**interface(), "properties": None}), "Interface properties are missing"),
    ("12-empty", one(properties={}), "Interface properties are missing"),
    ("13-top", http(**{"a.b": 1}), METADATA_KEY.format("a.b")),
    ("13-nested", http(x={"y.z": 1}), METADATA_KEY.format("y.z")),
    ("13-operation", http(operations={"a.b": GOOD_OPERATION}), METADATA_KEY.format("a.b")),
    ("13-beside-null", http(x=None, **{"a.b": 1}), METADATA_KEY.format("a.b")),
]

VERSIONS = [
    ("14-length", registration(version="123456.67890.1234"), VERSION_LONG),
    ("14-length-first", registration(version="x" * 15), VERSION_LONG),
    ("14-trailing-dot", registration(version="1.2.3."), VERSION_DOTS),
    ("14-dot", registration(version="."), VERSION_DOTS),
    ("14-three-dots", registration(version="..."), VERSION_DOTS),
    ("14-four", registration(version="1.2.3.4"), VERSION_DOTS),
    ("14-two-dots", registration(version=".."), VERSION_THREE),
    ("14-gap", registration(version="1..2"), VERSION_NUMBERS),
    ("14-front", registration(version=".1.2"), VERSION_NUMBERS),
    ("14-letter", registration(version="a"), VERSION_NUMBERS),
    ("14-x", registration(version="1.2.x"), VERSION_NUMBERS),
    ("14-negative", registration(version="-1.0.0"), VERSION_NUMBERS),
    ("14-suffix", registration(version="1.2.3-rc1"), VERSION_NUMBERS),
    ("14-blank-inside", registration(version="1 .2.3"), VERSION_NUMBERS),
    ("14-build", registration(version="1.0.0+build"), VERSION_NUMBERS),
    ("14-v", registration(version="v1.0.0"), VERSION_NUMBERS),
    ("14-other-digits", registration(version="\u0661.0.0"), VERSION_NUMBERS),
    ("14-boolean", registration(version=True), VERSION_NUMBERS),
]

LONG = "a" + "b" * 255
UNKNOWN = {"template": "some-template", "protocol": "http"}

TEMPLATES = [
    ("15-underscore", one("generic_http"), NAMING + "generic_http"),
    ("15-digit", one("1http"), NAMING + "1http"),
    ("15-blank", one("Generic Http"), NAMING + "generic http"),
    ("15-hyphen", one("generic-http-"), NAMING + "generic-http-"),
    ("15-dot", one("a.b"), NAMING + "a.b"),
    ("16-256", one(LONG), "Interface template name is too long"),
    ("17-missing", one("some-template"), "Interface protocol is missing"),
    ("17-null", one("some-template", protocol=None), "Interface protocol is missing"),
    ("17-blank", one("some-template", protocol=" "), "Interface protocol is missing"),
    ("18-64", one("some-template", protocol="p" * 64), "Interface protocol is too long"),
    (
        "19-64",
        one(**UNKNOWN, properties=http_properties(**{"p" * 64: 1})),
        "Interface property name is too long",
    ),
    (
        "20-host",
        one(**UNKNOWN, properties={"host": "bad_host"}),
        ADDRESS + "bad_host is not a hostname",
    ),
    (
        "20-alias-in-capitals",
        one(**UNKNOWN, properties={"ADDRESS": "0.0.0.0"}),
        ADDRESS + "0.0.0.0 IPv4 address is invalid: placeholder address is denied",
    ),
    (
        "20-list",
        one(**UNKNOWN, properties={"hosts": ["fine.example.org", "a..b"]}),
        ADDRESS + "a..b is not a hostname",
    ),
    ("21-http", one(protocol="https"), "https protocol is invalid for generic-http"),
    ("21-mqtt", one("generic-mqtt", protocol="ssl"), "ssl protocol is invalid for generic-mqtt"),
    (
        "21-mqtts",
        one("generic-mqtts", protocol=" TCP "),
        "tcp protocol is invalid for generic-mqtts",
    ),
    ("25-unknown", one(**UNKNOWN), "Interface template not exists: some-template"),
    (
        "25-capitals",
        one("Some-Template", protocol="x"),
        "Interface template not exists: some-template",
    ),
]

MANDATORY = [
    (
        f"22-{template}-{name}-{kind}",
        one(template, properties=build(**{name: value})),
        f"{name} interface property is missing for {template}",
    )
    for template, build, names in (
        ("generic-http", http_properties, ("accessAddresses", "accessPort", "basePath")),
        ("generic-https", http_properties, ("accessAddresses", "accessPort", "basePath")),
        (
            "generic-mqtt",
            mqtt_properties,
            ("accessAddresses", "accessPort", "baseTopic", "operations"),
        ),
        (
            "generic-mqtts",
            mqtt_properties,
            ("accessAddresses", "accessPort", "baseTopic", "operations"),
        ),
    )
    for name in names
    for kind, value in (("missing", ...), ("null", None))
]

NO_LIST = "Property value should be a list of strings"
EMPTY_LIST = "Property value should be a non-empty list of strings"
BLANK_IN_LIST = "Property value should be a list of non-blank strings"
NO_INTEGER = "Property value should be an integer"
OUT_OF_RANGE = "Invalid property value"

ADDRESS_LISTS = [
    (f"23-addresses-{value!r}", http(accessAddresses=value), words)
    for value, words in (
        ("192.168.1.1", NO_LIST),
        (5, NO_LIST),
        ({}, NO_LIST),
        (True, NO_LIST),
        ([1], NO_LIST),
        (["a", None], NO_LIST),
        (["a", ["b"]], NO_LIST),
        ([], EMPTY_LIST),
        ([""], BLANK_IN_LIST),
        (["a", " "], BLANK_IN_LIST),
        (["81:ef:1a:44:7a:f5"], "Unacceptable address type in property value: MAC"),
        (["81-EF-1A-44-7A-F5"], "Unacceptable address type in property value: MAC"),
        (["81ef.1a44.7af5"], "Unacceptable address type in property value: MAC"),
        (["bad_host"], ADDRESS + "bad_host is not a hostname"),
        (["-a.example"], ADDRESS + "-a.example is not a hostname"),
        (["a.example."], ADDRESS + "a.example. is not a hostname"),
        (["a..example"], ADDRESS + "a..example is not a hostname"),
        (["256.1.1.1"], ADDRESS + "256.1.1.1 is not a hostname"),
        (["123"], ADDRESS + "123 is not a hostname"),
        (["1.2.3"], ADDRESS + "1.2.3 is not a hostname"),
        (["10.0.0.1:80"], ADDRESS + "10.0.0.1:80 is not a hostname"),
        (["[::1]"], ADDRESS + "000[" + ":0000" * 6 + ":001] is not a hostname"),
        (["fe80::1%eth0"], ADDRESS + "fe80" + ":0000" * 6 + ":1%eth0 is not a hostname"),
        (["1::2::3"], ADDRESS + "1::2::3 is not a hostname"),
        (["a" * 64 + ".example"], ADDRESS + "a" * 64 + ".example is not a hostname"),
        (
            [".".join(["abcdefghi"] * 26)],
            ADDRESS + ".".join(["abcdefghi"] * 26) + " hostname is invalid: max length is 253",
        ),
        (["0.0.0.0"], ADDRESS + "0.0.0.0 IPv4 address is invalid: placeholder address is denied"),
        (
            ["255.255.255.255"],
            ADDRESS + "255.255.255.255 IPv4 address is invalid: local broadcast address is denied",
        ),
        (
            ["224.0.0.1"],
            ADDRESS + "224.0.0.1 IPv4 address is invalid: multicast addresses are denied",
        ),
        (
            ["239.255.0.1"],
            ADDRESS + "239.255.0.1 IPv4 address is invalid: multicast addresses are denied",
        ),
        (
            ["::"],
            ADDRESS
            + ":".join(["0000"] * 8)
            + " IPv6 address is invalid: unspecified address is denied",
        ),
        (
            ["ff02::1"],
            ADDRESS
            + "ff02:0000:0000:0000:0000:0000:0000:0001"
            + " IPv6 address is invalid: multicast addresses are denied",
        ),
    )
]

PORTS = [
    (f"23-port-{value!r}", http(accessPort=value), words)
    for value, words in (
        (0, OUT_OF_RANGE),
        (-1, OUT_OF_RANGE),
        (65536, OUT_OF_RANGE),
        (2147483648, OUT_OF_RANGE),
        (9223372036854775807, OUT_OF_RANGE),
        (80.0, NO_INTEGER),
        (80.5, NO_INTEGER),
        ("8080", NO_INTEGER),
        ("", NO_INTEGER),
        (True, NO_INTEGER),
        ([], NO_INTEGER),
        ({}, NO_INTEGER),
        ([80], NO_INTEGER),
    )
]

OPERATIONS = [
    (f"23-operations-{value!r}", http(operations=value), words)
    for value, words in (
        ("query", "Property value should be a map of operations"),
        (["query"], "Property value should be a map of operations"),
        (5, "Property value should be a map of operations"),
        ({}, "Property value should be a non-empty map"),
        ({"bad_name": GOOD_OPERATION}, NAMING + "bad_name"),
        ({" a_b ": GOOD_OPERATION}, NAMING + "a_b"),
        ({"1": GOOD_OPERATION}, NAMING + "1"),
        ({"": GOOD_OPERATION}, NAMING),
        ({"query": None}, OPERATION),
        ({"query": "GET /query"}, OPERATION),
        ({"query": []}, OPERATION),
    )
] + [
    ("23-operation-empty", operation(), OPERATION),
    ("23-operation-no-path", operation(method="GET"), OPERATION),
    ("23-operation-no-method", operation(path="/query"), OPERATION),
    ("23-operation-blank-path", operation(path=" ", method="GET"), OPERATION),
    ("23-operation-blank-method", operation(path="/query", method=" "), OPERATION),
    ("23-operation-null-path", operation(path=None, method="GET"), OPERATION),
    ("23-operation-member", operation(path="/query", method="GET", more=1), OPERATION),
    ("23-operation-method", operation(path="/query", method="BREW"), OPERATION),
    ("23-operation-second", http(operations={"a": GOOD_OPERATION, "b": 1}), OPERATION),
]

OPERATION_SETS = [
    (f"23-set-{value!r}", mqtt(operations=value), words)
    for value, words in (
        ("query", "Property value should be a set of string values"),
        ({}, "Property value should be a set of string values"),
        (5, "Property value should be a set of string values"),
        ([], "Property value should be a non-empty set"),
        ([5], "Value should be a string"),
        ([None], "Value should be a string"),
        (["query", True], "Value should be a string"),
        ([["query"]], "Value should be a string"),
        ([""], NAMING),
        (["bad_name"], NAMING + "bad_name"),
        ([" a_b "], NAMING + "a_b"),
        (["1"], NAMING + "1"),
    )
]

# 3.8: the first property under an alias is address-checked, wherever it stands; MAC is fine there.
DISCOVERED = [
    (
        "23-discovered-host",
        one(properties={"host": "bad_host", **http_properties()}),
        ADDRESS + "bad_host is not a hostname",
    ),
]

# 2.6 and 11.3: decoding comes before validation; the words name the fault and are Quiver's own.
DECODING = [
    (f"json-{name}", body, None)
    for name, body in (
        ("interfaces-object", registration(interfaces={})),
        ("interfaces-text", registration(interfaces="")),
        ("interfaces-number", registration(interfaces=5)),
        ("interface-text", registration(interfaces=[""])),
        ("interface-list", registration(interfaces=[[]])),
        ("interface-number", registration(interfaces=[1])),
        ("interface-null", registration(interfaces=[None])),
        ("metadata-list", registration(metadata=[])),
        ("metadata-text", registration(metadata="")),
        ("metadata-number", registration(metadata=1)),
        ("metadata-boolean", registration(metadata=True)),
        ("properties-list", one(properties=[])),
        ("properties-text", one(properties="x")),
        ("properties-number", one(properties=3)),
        ("name-list", registration(["kelvin-info"])),
        ("name-object", registration({})),
        ("name-real", registration(1.5)),
        ("version-real", registration(version=1.10)),
        ("version-list", registration(version=[])),
        ("expires-object", registration(expiresAt={})),
        ("template-list", one(templateName=[])),
        ("policy-object", one(policy={})),
        ("protocol-list", one(protocol=[])),
        ("top-list", []),
        ("top-text", "kelvin-info"),
        ("top-number", 5),
        ("top-null", None),
        ("decoding-first", registration("", metadata=5)),
    )
]

CASES = (
    NAMES
    + TIMES
    + METADATA
    + INTERFACES
    + VERSIONS
    + TEMPLATES
    + MANDATORY
    + ADDRESS_LISTS
    + PORTS
    + OPERATIONS
    + OPERATION_SETS
    + DISCOVERED
    + EXCLUSIVITY
    + DECODING
)

FIRST_FAULT = [
    ("4-before-5", registration("1x", expiresAt="x"), NAMING + "1x"),
    ("5-before-7", registration(expiresAt="x", metadata={"a.b": 1}), TIME_FORMAT),
    ("6-before-7", registration(expiresAt="2000-01-01T00:00:00Z", metadata={"a.b": 1}), TIME_PAST),
    ("7-before-8", registration(metadata={"a.b": 1}, interfaces=[]), METADATA_KEY.format("a.b")),
    ("10-before-9-of-second", two(interface(policy=""), {}), "Interface policy is missing"),
    (
        "11-before-14",
        registration(version="x", interfaces=[interface(policy="x")]),
        "Invalid interface policy",
    ),
    ("11-before-12", one(policy="x", properties={}), "Invalid interface policy"),
    ("14-before-15", registration(version="1.2.3.4", interfaces=[interface("1x")]), VERSION_DOTS),
    ("15-before-17", one("1x", protocol=""), NAMING + "1x"),
    (
        "17-before-20",
        one("some-template", properties={"host": "bad_host"}),
        "Interface protocol is missing",
    ),
    ("20-before-25", one(**UNKNOWN, properties={"host": "b_h"}), ADDRESS + "b_h is not a hostname"),
    (
        "21-before-22",
        one(protocol="x", properties=http_properties(accessPort=...)),
        "x protocol is invalid for generic-http",
    ),
    ("23-before-22", http(accessAddresses=[], accessPort=...), EMPTY_LIST),
    ("port-before-path", http(accessPort=0, basePath=...), OUT_OF_RANGE),
    (
        "path-before-operations",
        http(basePath=..., operations={}),
        "basePath interface property is missing for generic-http",
    ),
    ("23-before-24", dict(http(accessPort=0), metadata={"allow-exclusivity": 1}), OUT_OF_RANGE),
    (
        "24-before-25",
        dict(one(**UNKNOWN), metadata={"allow-exclusivity": 1}),
        "allow-exclusivity metadata must have integer value.",
    ),
    (
        "first-interface-first",
        two(interface(properties=http_properties(accessPort=0)), interface("1x")),
        OUT_OF_RANGE,
    ),
]


@pytest.mark.parametrize("body, words", [pytest.param(c[1], c[2], id=c[0]) for c in CASES])
def test_one_fault(registry, body, words):
    with assert_nothing_changes(registry):
        answer = post(registry.client("temperature-provider2"), REGISTER, body)
        assert_error(answer, 400, words, ORIGIN)


@pytest.mark.parametrize("body, words", [pytest.param(c[1], c[2], id=c[0]) for c in FIRST_FAULT])
def test_first_fault(registry, body, words):
    with assert_nothing_changes(registry):
        answer = post(registry.client("temperature-provider2"), REGISTER, body)
        assert_error(answer, 400, words, ORIGIN)


HUGE = [
    "18446744073709551617",  # one beyond 2^64: 1 for who computes modulo 2^64
    "18446744073709551616",
    "9223372036854775808",
    "-9223372036854775809",
    "1e400",
]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("place", ["metadata", "port"])
def test_number_beyond_64_bits(registry, number, place):
    """Section 11.3: integers have 64 bits, and what no double holds is refused."""
    port = number if place == "port" else "8080"
    metadata = number if place == "metadata" else "1"
    text = (
        '{"serviceDefinitionName":"kelvin-info","metadata":{"n":%s},"interfaces":[{"templateName":'
        '"generic-http","policy":"NONE","properties":{"accessAddresses":["192.168.56.116"],'
        '"accessPort":%s,"basePath":"/kelvin"}}]}'
    ) % (metadata, port)
    with assert_nothing_changes(registry):
        answer = registry.client("temperature-provider2").post(
            REGISTER, content=text, headers={"Content-Type": "application/json"}
        )
        assert_error(answer, 400, None, ORIGIN)


def test_refused_replacement_leaves_the_old(registry):
    """3.9: a registration that fails leaves the instance as it was."""
    provider = registry.client("temperature-provider2")
    name = fresh()
    body = registration(name, metadata={"v": 1})
    first = provider.post(REGISTER, json=body).json()
    with assert_nothing_changes(registry):
        for fault in (http(accessPort=0), one(**UNKNOWN), registration(expiresAt="x")):
            refused = provider.post(REGISTER, json=dict(fault, serviceDefinitionName=name))
            assert refused.status_code == 400, refused.text
    found = provider.post(
        "/serviceregistry/service-discovery/lookup?verbose=true",
        json={"instanceIds": [first["instanceId"]]},
    ).json()
    assert found["count"] == 1
    assert found["entries"][0]["metadata"] == {"v": 1}
    assert found["entries"][0]["createdAt"] == first["createdAt"]

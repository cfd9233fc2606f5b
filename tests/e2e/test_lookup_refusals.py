"""Lookups that are refused: the rows of spec 3.11, unknown operators, wrong JSON, wrong `verbose`.

Whatever is stored makes no difference (section 11.2): the same requests are refused in an empty
registry and where something would have matched.
"""

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import LOOKUP, assert_error, post, register

ORIGIN = "POST " + LOOKUP
NO_FILTER = (
    "One of the following filters must be used: "
    "'instanceIds', 'providerNames', 'serviceDefinitionNames'"
)
OPERATOR = "Invalid metadata operation requirement: "


def also(**members):
    return {"providerNames": ["temperature-provider2"], **members}


BLANKS = [[None], [""], [" "], ["fine", None], ["fine", "\t"]]

LISTS = [
    (1, also(instanceIds=blank), "Instance id list contains null or empty element")
    for blank in BLANKS
] + [
    (number, dict(also(), **{member: blank}), words)
    for number, member, words in (
        (2, "providerNames", "Provider name list contains null or empty element"),
        (
            3,
            "serviceDefinitionNames",
            "Service definition name list contains null or empty element",
        ),
        (4, "versions", "Version list contains null or empty element"),
        (5, "interfaceTemplateNames", "Interface template list contains null or empty element"),
        (6, "addressTypes", "Address type list contains null or empty element"),
        (7, "policies", "Policy list contains null or empty element"),
    )
    for blank in BLANKS
    if not (member in ("addressTypes", "policies") and blank[0] == "fine")
]

ROWS = [
    ({}, NO_FILTER),
    ({"instanceIds": [], "providerNames": None, "serviceDefinitionNames": []}, NO_FILTER),
    ({"versions": ["1.0.0"]}, NO_FILTER),
    ({"policies": ["NONE"], "metadataRequirementsList": [{}]}, NO_FILTER),
    ({"foo": ["x"], "providernames": ["x"]}, NO_FILTER),
    ({"versions": [None]}, NO_FILTER),
    (also(metadataRequirementsList=[None]), "Metadata requirements list contains null element"),
    (also(metadataRequirementsList=[{}, None]), "Metadata requirements list contains null element"),
    (
        also(interfacePropertyRequirementsList=[None]),
        "Interface property requirements list contains null element",
    ),
    (also(addressTypes=["IPV4", "IPv5"]), "Address type list contains invalid element: IPv5"),
    (also(addressTypes=[" IPV4"]), "Address type list contains invalid element:  IPV4"),
    (also(addressTypes=["IPV4", " "]), "Address type list contains null or empty element"),
    (also(policies=["NONE", "nothing"]), "Policy list contains invalid element: nothing"),
    (also(policies=["NONE "]), "Policy list contains invalid element: NONE "),
    (also(policies=["NONE", None]), "Policy list contains null or empty element"),
]

TIMES = [
    (also(alivesAt=text), "Alive time has an invalid time format")
    for text in (
        "2030-01-01",
        "2030-01-01T00:00Z",
        "2030-01-01T00:00:00",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:00+0200",
        "2030-01-01T00:00:00+19:00",
        "2030-02-30T00:00:00Z",
        "2030-01-01T24:00:01Z",
        "12030-01-01T00:00:00Z",
        " 2030-01-01T00:00:00Z",
        "x",
    )
]

OPERATORS = (
    [
        (also(**{member: [{"i": {"op": op, "value": 1}}]}), OPERATOR + op)
        for member in ("metadataRequirementsList", "interfacePropertyRequirementsList")
        for op in ("LESS", "SIZE_GREATER_THAN", "equals to", "<")
    ]
    + [
        (also(metadataRequirementsList=[{"i": {"op": op, "value": 1}}]), None)
        for op in ("", " ", None, 5, True, {}, [])
    ]
    + [
        (
            also(metadataRequirementsList=[{"i": 5}, {"i": {"op": "LESS", "value": 1}}]),
            OPERATOR + "LESS",
        ),
        (
            also(metadataRequirementsList=[{"i": 6, "s": {"op": "LESS", "value": 1}}]),
            OPERATOR + "LESS",
        ),
        (
            also(metadataRequirementsList=[{"missing": {"op": "LESS", "value": 1}}]),
            OPERATOR + "LESS",
        ),
        (
            {
                "providerNames": ["nobody"],
                "metadataRequirementsList": [{"i": {"op": "LESS", "value": 1}}],
            },
            OPERATOR + "LESS",
        ),
    ]
)

KINDS = (
    [
        (dict(also(), **{member: value}), None)
        for member in (
            "instanceIds",
            "providerNames",
            "serviceDefinitionNames",
            "versions",
            "addressTypes",
            "policies",
            "interfaceTemplateNames",
            "metadataRequirementsList",
            "interfacePropertyRequirementsList",
        )
        for value in ("x", "", {}, 1, True)
    ]
    + [
        (dict(also(), **{member: [value]}), None)
        for member in ("instanceIds", "providerNames", "policies")
        for value in ([], {}, 1.5)
    ]
    + [
        (dict(also(), **{member: [value]}), None)
        for member in ("metadataRequirementsList", "interfacePropertyRequirementsList")
        for value in ("", "a", [], 1, True)
    ]
    + [
        (also(alivesAt=[]), None),
        (also(alivesAt={}), None),
        ([], None),
        ("", None),
        (1, None),
        (None, None),
    ]
)

# Spec 3.11: the order of the rows; decoding comes before all.
FIRST_FAULT = [
    (also(instanceIds=[""], providerNames=[""]), "Instance id list contains null or empty element"),
    (also(providerNames=[""], versions=[""]), "Provider name list contains null or empty element"),
    (also(versions=[""], alivesAt="x"), "Version list contains null or empty element"),
    (also(alivesAt="x", metadataRequirementsList=[None]), "Alive time has an invalid time format"),
    (
        also(metadataRequirementsList=[None], addressTypes=["x"]),
        "Metadata requirements list contains null element",
    ),
    (
        also(addressTypes=["x"], interfaceTemplateNames=[""]),
        "Address type list contains invalid element: x",
    ),
    (
        also(interfaceTemplateNames=[""], interfacePropertyRequirementsList=[None]),
        "Interface template list contains null or empty element",
    ),
    (
        also(interfacePropertyRequirementsList=[None], policies=["x"]),
        "Interface property requirements list contains null element",
    ),
]


@pytest.fixture(scope="module")
def candidate(registry):
    """Something that many of the requests would match if they were not refused."""
    return register(registry.client("temperature-provider2"), "lr-a", metadata={"i": 5, "s": "x"})


ALL_ROWS = [row[1:] for row in LISTS] + ROWS + TIMES + OPERATORS + KINDS + FIRST_FAULT


@pytest.mark.parametrize("body, words", ALL_ROWS)
def test_refused(registry, candidate, body, words):
    with assert_nothing_changes(registry):
        answer = post(registry.client("consumer"), LOOKUP, body)
        assert_error(answer, 400, words, ORIGIN)


@pytest.mark.parametrize("value", ["abc", "2", "wahr", "true,false", "null", "tru%"])
def test_verbose_is_none_of_the_words(registry, candidate, value):
    answer = registry.client("consumer").post(f"{LOOKUP}?verbose={value}", json=also())
    assert_error(answer, 400, None, ORIGIN)


def test_body_comes_before_verbose_and_verbose_before_the_fields(registry, candidate):
    consumer, headers = registry.client("consumer"), {"Content-Type": "application/json"}
    body = consumer.post(LOOKUP + "?verbose=abc", content="{", headers=headers)
    verbose = consumer.post(LOOKUP + "?verbose=abc", json={})
    field = consumer.post(LOOKUP + "?verbose=true", json={})
    assert_error(body, 400, None, ORIGIN)
    assert_error(verbose, 400, None, ORIGIN)
    assert_error(field, 400, NO_FILTER, ORIGIN)
    assert "verbose" in verbose.json()["errorMessage"]
    assert "verbose" not in body.json()["errorMessage"]

"""The requests that tests send, the paths they go to, and the answers they expect.

Everything is built anew per call, so that a test may change what it was given. Names follow the
user's document: `temperature-provider2` offers `kelvin-info` on 192.168.56.116:8080.
"""

import itertools
import json
import re
from urllib.parse import quote

import httpx

from .wire import Response

SERVICE = "/serviceregistry/service-discovery"
REGISTER = SERVICE + "/register"
LOOKUP = SERVICE + "/lookup"
REVOKE = SERVICE + "/revoke/"
ECHO = "/serviceregistry/monitor/echo"

SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}(\d{3}(\d{3})?)?)?Z")

TYPE_OF_STATUS = {
    400: "INVALID_PARAMETER",
    401: "AUTH",
    403: "FORBIDDEN",
    404: "DATA_NOT_FOUND",
    405: "INVALID_PARAMETER",
    406: "INVALID_PARAMETER",
    413: "INVALID_PARAMETER",
    415: "INVALID_PARAMETER",
    503: "EXTERNAL_SERVER_ERROR",
}


def http_properties(**changes):
    """Properties of a generic-http interface; a change to `...` leaves the property out."""
    properties = {"accessAddresses": ["192.168.56.116"], "accessPort": 8080, "basePath": "/kelvin"}
    properties.update(changes)
    return {name: value for name, value in properties.items() if value is not ...}


def mqtt_properties(**changes):
    """Properties of a generic-mqtt interface; a change to `...` leaves the property out."""
    properties = {
        "accessAddresses": ["broker.greenhouse.com"],
        "accessPort": 1883,
        "baseTopic": "kelvin/",
        "operations": ["query"],
    }
    properties.update(changes)
    return {name: value for name, value in properties.items() if value is not ...}


def interface(template="generic-http", policy="NONE", properties=None, **changes):
    """One interface of a registration; a change to `...` leaves the member out."""
    if properties is None:
        properties = mqtt_properties() if template.startswith("generic-mqtt") else http_properties()
    whole = {"templateName": template, "policy": policy, "properties": properties}
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not ...}


def registration(definition="kelvin-info", **changes):
    """A register request's body; a change to `...` leaves the member out."""
    whole = {"serviceDefinitionName": definition, "metadata": {}, "interfaces": [interface()]}
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not ...}


def post(client, path, body):
    """Posts `body` as JSON, whatever it is: httpx takes None for no body at all."""
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def register(client, definition="kelvin-info", **changes):
    """Registers and returns the answer's object; anything but 201 fails the test."""
    answer = client.post(REGISTER, json=registration(definition, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def lookup(client, verbose=None, **filters):
    """Looks up and returns the entries; anything but a well-formed 200 fails the test."""
    query = "" if verbose is None else "?verbose=" + ("true" if verbose else "false")
    answer = client.post(LOOKUP + query, json=filters)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert list(found) == ["entries", "count"] and found["count"] == len(found["entries"])
    return found["entries"]


def lookup_ids(client, **filters):
    """The instance ids that a lookup finds, in the order of the answer."""
    return [entry["instanceId"] for entry in lookup(client, **filters)]


def revoke_path(instance_id):
    """The path that revokes `instance_id`, percent-encoded as the document shows it."""
    return REVOKE + quote(instance_id, safe="")


def revoke(client, instance_id):
    """Revokes and returns the status; a body fails the test unless it is an error's."""
    answer = client.delete(revoke_path(instance_id))
    assert answer.status_code >= 400 or answer.content == b""
    return answer.status_code


def error_object(status, message, origin=None, kind=None):
    """The Arrowhead error object (spec 2.1) with its members in order; no origin: it has none."""
    whole = {
        "errorMessage": message,
        "errorCode": status,
        "exceptionType": kind or TYPE_OF_STATUS[status],
    }
    if origin is not None:
        whole["origin"] = origin
    return whole


def assert_error(answer, status, message, origin=None, kind=None):
    """The whole error object, its members' order and its media type. `message` None: any that is
    not blank; a compiled expression: one that it finds. Takes answers of httpx and of wire.py."""
    if isinstance(answer, Response):
        answer = httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    found = answer.json()
    assert isinstance(found.get("errorMessage"), str) and found["errorMessage"].strip()
    if isinstance(message, re.Pattern):
        assert message.search(found["errorMessage"]), found
        message = None
    wanted = error_object(
        status, found["errorMessage"] if message is None else message, origin, kind
    )
    assert list(found.items()) == list(wanted.items())


def mask_times(value, pattern=INSTANT):
    """The value with each createdAt and updatedAt that is a time replaced by `<time>`."""
    if isinstance(value, list):
        return [mask_times(item, pattern) for item in value]
    if not isinstance(value, dict):
        return value
    masked = {}
    for name, item in value.items():
        is_time = (
            name in ("createdAt", "updatedAt") and isinstance(item, str) and pattern.fullmatch(item)
        )
        masked[name] = "<time>" if is_time else mask_times(item, pattern)
    return masked


def assert_same_with_order(found, wanted, where=""):
    """Equal by kind and value, with members in the same order."""
    assert type(found) is type(wanted), f"{where}: {found!r} is not {wanted!r}"
    if isinstance(wanted, dict):
        assert list(found) == list(
            wanted
        ), f"{where}: members {list(found)}, expected {list(wanted)}"
        for name, item in wanted.items():
            assert_same_with_order(found[name], item, f"{where}/{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), f"{where}: {found!r} is not {wanted!r}"
        for place, item in enumerate(wanted):
            assert_same_with_order(found[place], item, f"{where}/{place}")
    else:
        assert found == wanted, f"{where}: {found!r} is not {wanted!r}"


_numbers = itertools.count(1)


def fresh(prefix="kelvin-info"):
    """A name that no other test of this run uses, so that tests can share a server."""
    return f"{prefix}-{next(_numbers)}"

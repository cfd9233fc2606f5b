"""Request bodies and paths of the Arrowhead services, to be varied by tests."""

from __future__ import annotations

import copy
import re

REGISTER = "/serviceregistry/service-discovery/register"
LOOKUP = "/serviceregistry/service-discovery/lookup"
REVOKE = "/serviceregistry/service-discovery/revoke/"
ECHO = "/serviceregistry/monitor/echo"

_KELVIN_INFO = {
    "serviceDefinitionName": "kelvin-info",
    "version": "",
    "expiresAt": "2100-01-01T00:00:00Z",
    "metadata": {"margin-of-error": 0.5},
    "interfaces": [{
        "templateName": "generic-http",
        "protocol": "http",
        "policy": "NONE",
        "properties": {
            "accessAddresses": ["192.168.56.116", "tp2.greenhouse.com"],
            "accessPort": 8080,
            "basePath": "/kelvin",
            "operations": {"query-temperature": {"method": "GET", "path": "/query"}},
        },
    }],
}


def registration(definition: str = "kelvin-info", **changes) -> dict:
    """The document's registration; `changes` replace members, None removes one."""
    body = copy.deepcopy(_KELVIN_INFO)
    body["serviceDefinitionName"] = definition
    for name, value in changes.items():
        if value is None:
            body.pop(name, None)
        else:
            body[name] = value
    return body


def masked(text: str) -> str:
    """`text` with the values of createdAt and updatedAt replaced, for comparing whole answers."""
    return re.sub(r'"(createdAt|updatedAt)":"[0-9T:.-]+Z"', r'"\1":"TIME"', text)


def instance_id(system: str, definition: str = "kelvin-info", version: str = "1.0.0") -> str:
    return f"{system}::{definition}::{version}"


def revoke_path(identifier: str) -> str:
    """The path that revokes an instance, its colons and bars escaped as clients do."""
    return REVOKE + identifier.replace(":", "%3A").replace("|", "%7C")

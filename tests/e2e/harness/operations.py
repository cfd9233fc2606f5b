"""Operations on the registry: what Hypothesis makes up, and the requests that come of it.

An operation is a tuple: the name of a method of the model, who calls, and what the method takes
besides. `sequences` draws them, from few names, so that they meet each other; `step_of` lets the
model move on and gives what a scenario's step would be (conformance/README.md), answer included.
"""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import strategies as st

from .model import ADDRESSES, Dialect, Model, Refusal

DIALECTS = {
    "5.0": Dialect(("alpha", "beta-2", "gamma"), ("kelvin-info", "alert"), ("dev-one", "dev-two"),
                   {"generic-http": "http", "generic-mqtt": "tcp"}, "::",
                   "System not exists: {}", "At least one system is assigned to this device."),
    "5.2": Dialect(("Alpha", "Beta2", "Gamma"), ("kelvinInfo", "alert"), ("DEV_ONE", "DEV_TWO"),
                   {"generic_http": "http", "generic_mqtt": "tcp"}, "|",
                   "System does not exist: {}", "At least one system is assigned to this device"),
}

VERSIONS = st.sampled_from(["", "1", "1.0.0", "2.1"])
METADATA = st.none() | st.fixed_dictionaries({}, optional={
    "n": st.sampled_from([1, 2, 2.0, True]),
    "s": st.sampled_from(["Kelvin", "Celsius"]),
    "l": st.lists(st.sampled_from([1, 1.0, "Kelvin"]), max_size=2),
})
REQUIREMENTS = st.lists(st.dictionaries(st.sampled_from(["n", "s", "l"]), st.one_of(
    st.sampled_from([1, 2.0, "Kelvin", [1], ["Kelvin", 1]]),
    st.fixed_dictionaries({"op": st.sampled_from(["EQUALS", "NOT_EQUALS", "GREATER_THAN", "CONTAINS"]),
                           "value": st.sampled_from([1, 1.5, True, "Kelvin", [1.0]])}),
), max_size=2), max_size=2)
KINDS = st.sampled_from(["IPV4", "IPV6", "HOSTNAME", "MAC"])
ON_DEVICE = ["10.0.0.2", "02-00-00-00-00-0A"]
ENDS = ["2080-01-01T00:00:00Z", "2090-01-01T00:00:00Z"]


def some_of(values, minimum: int = 1):
    return st.lists(st.sampled_from(list(values)), min_size=minimum, max_size=2)


COMMON_FILTERS = {"addresses": some_of(ADDRESSES, 0), "addressType": KINDS,
                  "metadataRequirementList": REQUIREMENTS}


def interfaces(dialect):
    http, mqtt = dialect.templates
    routable = [text for text, (kind, _) in ADDRESSES.items() if kind != "MAC"]
    common = {"accessAddresses": some_of(routable), "accessPort": st.sampled_from([80, 8080])}

    def of(template, **more):
        return st.fixed_dictionaries({
            "templateName": st.just(template), "policy": st.sampled_from(["NONE", "CERT_AUTH"]),
            "properties": st.fixed_dictionaries({**common, **more})})
    return st.lists(of(http, basePath=st.just("/k")) |
                    of(mqtt, baseTopic=st.just("k/"), operations=st.just(["query"])),
                    min_size=1, max_size=2)


def with_few(usual: dict, filters: dict):
    """`usual` with at most two of `filters`: with more of them nothing is ever found."""
    return st.sets(st.sampled_from(sorted(filters)), max_size=2).flatmap(
        lambda names: st.fixed_dictionaries({**usual, **{name: filters[name] for name in sorted(names)}}))


def of_its_type(body: dict) -> dict:
    """Addresses beside an address type must be of that type: anything else is another test's refusal."""
    if "addressType" in body and "addresses" in body:
        fitting = [text for text in body["addresses"] if ADDRESSES[text][0] == body["addressType"]]
        return {**body, "addresses": fitting}
    return body


def service_filters(dialect, ids) -> dict:
    return {
        "instanceIds": st.lists(ids, max_size=2),
        "providerNames": some_of(dialect.systems, 0),
        "serviceDefinitionNames": some_of(dialect.definitions, 0),
        "versions": st.lists(VERSIONS.filter(bool), max_size=2),
        "alivesAt": st.sampled_from(ENDS),
        "metadataRequirementsList": REQUIREMENTS,
        "addressTypes": st.lists(KINDS, max_size=2),
        "interfaceTemplateNames": some_of(dialect.templates, 0),
        "interfacePropertyRequirementsList": st.sampled_from(
            [[], [{"accessPort": 80}],
             [{"basePath": "/k"}, {"accessPort": {"op": "GREATER_THAN", "value": 80}}]]),
        "policies": some_of(["NONE", "CERT_AUTH"], 0),
    }


def service_operations(dialect, who) -> list:
    parts = (st.sampled_from(dialect.definitions), st.sampled_from(["1.0.0", "1.0.0", "2.1.0"]))
    ids = st.tuples(who, *parts)
    own = who.flatmap(lambda name: st.tuples(
        st.just("revoke_service"), st.just(name), st.tuples(st.just(name), *parts)))
    registration = st.fixed_dictionaries(
        {"serviceDefinitionName": st.sampled_from(dialect.definitions), "interfaces": interfaces(dialect)},
        optional={"version": VERSIONS, "metadata": METADATA, "expiresAt": st.sampled_from(ENDS)})
    filters = service_filters(dialect, ids.map(dialect.separator.join))
    everyone = {"providerNames": st.just(list(dialect.systems))}
    lookup = with_few(everyone, filters) | with_few(everyone, filters) | with_few({}, filters)
    return [st.tuples(st.just("register_service"), who, registration),
            own | st.tuples(st.just("revoke_service"), who, ids),
            st.tuples(st.just("lookup_services"), who, lookup, st.booleans())]


def system_operations(dialect, who) -> list:
    plain = st.just({"addresses": ["192.168.1.1"]}) | st.just({"deviceName": dialect.devices[0]})
    registration = st.fixed_dictionaries({}, optional={
        "metadata": METADATA, "version": VERSIONS, "addresses": some_of(ADDRESSES, 0),
        "deviceName": st.sampled_from(dialect.devices)})
    filters = {**COMMON_FILTERS, "systemNames": some_of(dialect.systems),
               "versions": st.lists(VERSIONS, max_size=2), "deviceNames": some_of(dialect.devices, 0)}
    lookup = with_few({"systemNames": st.just(list(dialect.systems))}, filters)
    return [st.tuples(st.just("register_system"), who, plain | registration | registration),
            st.tuples(st.just("revoke_system"), who),
            st.tuples(st.just("lookup_systems"), who, lookup.map(of_its_type), st.booleans())]


def device_operations(dialect, who) -> list:
    name = st.sampled_from(dialect.devices)
    plain = st.fixed_dictionaries({"name": name, "addresses": st.permutations(ON_DEVICE)})
    registration = st.fixed_dictionaries({"name": name, "addresses": some_of(ADDRESSES)},
                                         optional={"metadata": METADATA})
    filters = {**COMMON_FILTERS, "deviceNames": some_of(dialect.devices, 0)}
    return [st.tuples(st.just("register_device"), who, plain | registration),
            st.tuples(st.just("revoke_device"), who, name),
            st.tuples(st.just("lookup_devices"), who, with_few({}, filters).map(of_its_type))]


def peopled(dialect) -> list:
    """Operations that fill a registry: from an empty one most sequences would only be refused."""
    device, (first, second, _) = dialect.devices[0], dialect.systems
    http, mqtt = dialect.templates
    both = [{"templateName": http, "policy": "NONE", "properties": {
                 "accessAddresses": ["192.168.1.1", "2001:db8::1"], "accessPort": 80, "basePath": "/k"}},
            {"templateName": mqtt, "policy": "CERT_AUTH", "properties": {
                 "accessAddresses": ["Tp.Greenhouse.com"], "accessPort": 8080, "baseTopic": "k/",
                 "operations": ["query"]}}]
    return [("register_device", first, {"name": device, "addresses": ON_DEVICE}),
            ("register_system", first, {"deviceName": device}),
            ("register_system", second, {"addresses": ["192.168.1.1"], "version": "2.1"}),
            ("register_service", first, {"serviceDefinitionName": dialect.definitions[0],
                                         "interfaces": both, "metadata": {"n": 1, "s": "Kelvin"},
                                         "expiresAt": ENDS[0]}),
            ("register_service", second, {"serviceDefinitionName": dialect.definitions[1],
                                          "interfaces": both[:1], "metadata": {"n": 2, "l": [1, "Kelvin"]}})]


def sequences(dialect, steps: int):
    """Lists of operations: each its name in the model, who calls, and what the method takes besides."""
    who = st.sampled_from(dialect.systems)
    offered = [service_operations(dialect, who), system_operations(dialect, who),
               device_operations(dialect, who)]
    weights = [(4, 2, 10), (3, 1, 3), (2, 1, 3)]  # of register, revoke, lookup
    drawn = [strategy for some, counts in zip(offered, weights)
             for strategy, count in zip(some, counts) for _ in range(count)]
    one = st.integers(0, len(drawn) - 1).flatmap(drawn.__getitem__)
    few = st.lists(one, max_size=steps // 4)  # four of them: one long list would mostly be short
    start = st.sampled_from([[], peopled(dialect), peopled(dialect)])
    return st.tuples(start, few, few, few, few).map(lambda parts: sum(parts, []))


def step_of(model: Model, operation: str, who: str, *arguments) -> dict:
    """The request of an operation with the answer that it must have."""
    verb, what = operation.split("_")
    path = f"/serviceregistry/{what.rstrip('s')}-discovery/{verb}"
    if verb == "revoke":
        parts = [model.dialect.separator.join(x) if isinstance(x, tuple) else x for x in arguments]
        path = "/".join([path, *parts])
        step = {"as": who, "do": f"DELETE {quote(path)}"}
    else:
        query = f"?verbose={str(arguments[1]).lower()}" if len(arguments) > 1 else ""
        step = {"as": who, "do": f"POST {path}{query}", "body": arguments[0]}
    try:
        step["status"], step["answer"] = getattr(model, operation)(who, *arguments)
    except Refusal as refusal:
        step["status"], kind, text = refusal.args
        step["answer"] = {"errorMessage": text, "errorCode": step["status"], "exceptionType": kind,
                          "origin": f"{step['do'].split(' ')[0]} {path}"}
    return step

"""The bridge: `chap.expose_in_arrowhead` shows each live CHAP service as an Arrowhead instance, so that
a local cloud finds ML models by the same lookup over mutual TLS. It can only be read there, and ends
with its lease.
"""

import time

import pytest

from harness.chap import CLOCKS, LATE, Caller, fresh_id, listener, moment, start_chap
from harness.process import wait_until
from harness.requests import (SERVICE, lookup, lookup_ids, register, registration, revoke,
                              revoke_path)
from harness.server import OPS, SECURE
from harness.stalls import again_after_a_stall

LISTENERS = [SECURE, listener(), OPS]


def start(quiver, dialect=None, listeners=LISTENERS, **chap):
    return start_chap(quiver, listeners=listeners, dialect=dialect,
                      chap={"expose_in_arrowhead": True, **chap})


def seconds(text: str) -> float:
    return moment(text.replace("Z", "+00:00"))


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
@pytest.mark.parametrize("url, scheme, address, port, path", [
    ("http://model-service:8080", "http", "model-service", 8080, ""),
    ("https://models.example.org/full/", "https", "models.example.org", 443, "/full/"),
    ("http://10.0.0.7", "http", "10.0.0.7", 80, ""),
    ("http://[2001:db8::7]:81/x?y", "http", "2001:0db8:0000:0000:0000:0000:0000:0007", 81, "/x")])
def test_found_by_a_lookup(quiver, dialect, url, scheme, address, port, path):
    """Provider, definition, version, interface, metadata and end: as an Arrowhead consumer expects it."""
    server = start(quiver, dialect)
    caller, consumer = Caller(server), server.client("consumer")
    caller.registered("dengue-model", url, version="1.2.3", required_covariates=["rain"])
    ends = moment(caller.found("dengue-model")["expires_at"])
    plain = dialect == "5.0"
    provider = "dengue-model" if plain else "DengueModel"
    definition = "ml-service" if plain else "mlService"
    (found,) = lookup(consumer, True, serviceDefinitionNames=[definition])
    assert found["instanceId"] == ("::" if plain else "|").join([provider, definition, "1.2.3"])
    assert found["provider"]["name"] == provider and found["version"] == "1.2.3"
    shown = found["serviceDefinition"]
    assert (shown["name"] if isinstance(shown, dict) else shown) == definition
    assert found["metadata"]["display_name"] == "Test Model"
    assert found["metadata"]["required_covariates"] == ["rain"]
    assert abs(seconds(found["expiresAt"]) - ends) <= 1
    (interface,) = found["interfaces"]
    template = f"generic{'-' if plain else '_'}{scheme}"
    assert (interface["templateName"], interface["protocol"]) == (template, scheme)
    properties = interface["properties"]
    assert properties["accessPort"] == port
    assert properties.get("basePath", "").rstrip("/") == path.rstrip("/")
    assert properties["accessAddresses"] == [address]


def test_each_way_to_look_it_up(quiver):
    server = start(quiver)
    caller, consumer = Caller(server), server.client("consumer")
    caller.registered("dengue-model", "http://10.0.0.7:8080", display_name="Dengue")
    caller.registered("malaria-model", "https://10.0.0.8:8443", display_name="Malaria")
    register(server.client("dengue-model"), "kelvin-info")
    wanted = "dengue-model::ml-service::1.0.0"
    for filters in ({"instanceIds": [wanted]},
                    {"providerNames": ["dengue-model"], "serviceDefinitionNames": ["ml-service"]},
                    {"serviceDefinitionNames": ["ml-service"],
                     "metadataRequirementsList": [{"display_name": "Dengue"}]},
                    {"serviceDefinitionNames": ["ml-service"], "interfaceTemplateNames": ["generic-http"]},
                    {"providerNames": ["dengue-model"], "versions": ["1.0.0"],
                     "serviceDefinitionNames": ["ml-service"]}):
        assert lookup_ids(consumer, **filters) == [wanted], filters
    assert sorted(lookup_ids(consumer, providerNames=["dengue-model"])) == [
        "dengue-model::kelvin-info::1.0.0", wanted]
    assert len(lookup_ids(consumer, serviceDefinitionNames=["ml-service"])) == 2
    assert lookup_ids(consumer, serviceDefinitionNames=["other"]) == []


def test_it_follows_what_chap_does(quiver):
    """Moved, pinged, deleted: the next lookup shows it."""
    server = start(quiver)
    caller, consumer, name = Caller(server), server.client("consumer"), fresh_id()
    filters = {"providerNames": [name]}
    caller.registered(name, "http://10.0.0.7:8080")
    (before,) = lookup(consumer, **filters)
    caller.registered(name, "http://10.0.0.9:9090", version="2.0.0")
    (after,) = lookup(consumer, **filters)
    assert before["version"] == "1.0.0" and after["version"] == "2.0.0"
    assert after["interfaces"][0]["properties"]["accessAddresses"] == ["10.0.0.9"]
    server.restart()
    caller, consumer = Caller(server), server.client("consumer")
    assert [entry["instanceId"] for entry in lookup(consumer, **filters)] == [after["instanceId"]]
    assert caller.delete(name).status_code == 204
    assert lookup_ids(consumer, **filters) == []


@again_after_a_stall
def test_it_ends_with_the_lease(quiver):
    """Within a second of its end, and a ping moves that."""
    server = start(quiver, ttl="2s")
    caller, consumer, name = Caller(server), server.client("consumer"), fresh_id()
    filters = {"providerNames": [name]}
    caller.registered(name, "http://10.0.0.7:8080")
    (first,) = lookup(consumer, **filters)
    ends = moment(caller.found(name)["expires_at"])
    wait_until(lambda: time.time() > ends - 0.5, "its last half second")
    ends = moment(caller.pinged(name)["expires_at"])
    (second,) = lookup(consumer, **filters)
    assert seconds(second["expiresAt"]) > seconds(first["expiresAt"])
    asked = time.time()
    while lookup_ids(consumer, **filters):
        assert asked <= ends + LATE, "it is shown a second after its end"
        asked = time.time()
    assert time.time() >= ends - CLOCKS, "it ended too early"


def test_it_is_only_read_there(quiver):
    """Nobody revokes it by Arrowhead, neither a stranger nor its namesake; CHAP goes on as it was."""
    server = start(quiver)
    caller, name = Caller(server), fresh_id()
    caller.registered(name, "http://10.0.0.7:8080")
    instance = f"{name}::ml-service::1.0.0"
    for who in (name, "consumer"):
        answer = server.client(who).delete(revoke_path(instance))
        assert answer.status_code == 403, answer.text
        assert answer.json()["exceptionType"] == "FORBIDDEN"
    assert lookup_ids(server.client("consumer"), instanceIds=[instance]) == [instance]
    assert caller.pinged(name)


def test_a_registration_of_the_same_id_is_a_thing_of_its_own(quiver):
    """Who registers in Arrowhead what the bridge shows keeps and revokes the own, which alone is found
    while it is there; the CHAP service goes on, and ends by CHAP alone."""
    server = start(quiver)
    caller, name = Caller(server), fresh_id()
    caller.registered(name, "http://10.0.0.7:8080")
    own = server.client(name)
    consumer, instance = server.client("consumer"), f"{name}::ml-service::1.0.0"

    def addresses(**filters):
        return [entry["interfaces"][0]["properties"]["accessAddresses"] for entry in lookup(consumer, **filters)]

    made = own.post(SERVICE + "/register", json=registration("ml-service", version="1.0.0"))
    assert (made.status_code, made.json()["instanceId"]) == (201, instance)
    real = made.json()["interfaces"][0]["properties"]["accessAddresses"]
    assert real != ["10.0.0.7"]
    for filters in ({"providerNames": [name]}, {"instanceIds": [instance]},
                    {"serviceDefinitionNames": ["ml-service"]}):
        assert addresses(**filters) == [real], filters
    assert caller.pinged(name) and caller.found(name)["url"] == "http://10.0.0.7:8080"
    assert revoke(own, instance) == 200
    assert addresses(providerNames=[name]) == [["10.0.0.7"]]
    assert server.client(name).delete(revoke_path(instance)).status_code == 403
    assert caller.found(name)["url"] == "http://10.0.0.7:8080"


def test_it_is_no_system_and_no_definition_of_the_store(quiver):
    """Nothing of it is stored as Arrowhead's; system lookups do not have it."""
    server = start(quiver)
    caller, name = Caller(server), fresh_id()
    caller.registered(name, "http://10.0.0.7:8080")
    keys = server.redis().keys("quiver:*")
    kinds = {key.split("}:")[1].split(":")[0] for key in keys if name in key}
    assert kinds == {"chap"}


def test_another_definition(quiver):
    server = start(quiver, definition="forecast-model")
    Caller(server).registered("dengue-model", "http://10.0.0.7:8080")
    assert lookup_ids(server.client("consumer"), serviceDefinitionNames=["forecast-model"]) == [
        "dengue-model::forecast-model::1.0.0"]


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://model_with_underscore:1/"])
def test_what_has_no_arrowhead_form_is_shown_by_chap_alone(quiver, url):
    """A url whose host Arrowhead would refuse: the registration is fine, no lookup has it."""
    server = start_chap(quiver, listeners=LISTENERS, registry={
        "self_addressing": False, "advertise": {"address": "192.168.56.1"}},
        chap={"expose_in_arrowhead": True})
    caller, name = Caller(server), fresh_id()
    caller.registered(name, url)
    assert caller.found(name)["url"] == url
    assert lookup_ids(server.client("consumer"), providerNames=[name]) == []


def test_off_by_default(quiver):
    server = start_chap(quiver, listeners=LISTENERS)
    Caller(server).registered("dengue-model", "http://10.0.0.7:8080")
    assert lookup_ids(server.client("consumer"), serviceDefinitionNames=["ml-service"]) == []


def test_a_lookup_counts_it_as_one_of_many(quiver):
    """Among instances of Arrowhead's own, once each."""
    server = start(quiver)
    caller = Caller(server)
    for number in range(30):
        caller.registered(f"model-{number:02}", "http://10.0.0.7:8080")
        register(server.client("many-provider"), "ml-service", version=f"1.0.{number}")
    found = lookup_ids(server.client("consumer"), serviceDefinitionNames=["ml-service"])
    assert len(found) == 60 == len(set(found))

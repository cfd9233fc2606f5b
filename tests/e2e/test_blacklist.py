"""The cloud's blacklist (spec 1.6, 1.7): who is on it is refused, and so is everybody while it cannot
be asked; operators, exempt systems and the blacklist itself are not looked up.

A small HTTPS server stands in for the Blacklist system.
"""

import concurrent.futures
import threading

import pytest

from harness.bodies import LOOKUP
from harness.process import wait_until
from harness.requests import ECHO, REGISTER, assert_error, fresh, lookup_ids, register, registration
from harness.server import OPS, PLAIN, SECURE, Quiver
from harness.standin import StandIn

CHECK = "/blacklist/check/"
WORDS = {
    "5.0": ("{} system is blacklisted!", "Blacklist system is not available, the system might be blacklisted."),
    "5.2": ("{} system is blacklisted", "Blacklist system is not available, the system might be blacklisted"),
}
LISTED, UNAVAILABLE = WORDS["5.0"]
MGMT = "/serviceregistry/mgmt/systems"


class Blacklist:
    """The stand-in: `names` are on it; `odd` has other answers, by name."""

    def __init__(self, certificate):
        self.names = set()
        self.odd = {}
        self.gate = threading.Event()
        self.gate.set()
        self.stand_in = StandIn(certificate, self._answer)
        self.url = self.stand_in.url(CHECK.rstrip("/"))

    def _answer(self, path):
        self.gate.wait(30)
        name = path.removeprefix(CHECK)
        return self.odd.get(name, (200, name in self.names))

    def asked(self, name):
        return self.stand_in.seen.count(CHECK + name)

    def close(self):
        self.gate.set()
        self.stand_in.close()


@pytest.fixture
def blacklist(pki):
    system = Blacklist(pki.issue("blacklist", san=["IP:127.0.0.1"]))
    yield system
    system.close()


def settings(blacklist, **more):
    return {"blacklist": {"mode": "required", "url": blacklist.url, "keep": "0s", "timeout": "20s", **more}}


@pytest.fixture(scope="module")
def shared(pki):
    """A server that asks at every request, with its blacklist as `blacklist`."""
    factory = Quiver(pki)
    system = Blacklist(pki.issue("blacklist", san=["IP:127.0.0.1"]))
    system.server = factory.start(listeners=[SECURE, PLAIN, OPS],
                                  identity=settings(system, exempt=["Exempt-System", "serviceregistry"]))
    yield system
    factory.close()
    system.close()


def test_off_by_default(quiver):
    assert quiver.start().client("consumer").get(ECHO).status_code == 200


@pytest.mark.parametrize("dialect, name", [("5.0", "listed-system"), ("5.2", "ListedSystem")])
def test_who_is_listed_is_refused(quiver, blacklist, dialect, name):
    server = quiver.start(dialect=dialect, identity=settings(blacklist))
    client = server.client("listed-system")
    assert client.get(ECHO).status_code == 200
    assert blacklist.asked(name) == 1, "the name as names are stored"
    blacklist.names.add(name)
    assert_error(client.get(ECHO), 403, WORDS[dialect][0].format(name))
    assert server.client("consumer").get(ECHO).status_code == 200
    blacklist.names.clear()
    assert client.get(ECHO).status_code == 200


def test_a_request_goes_on_as_if_nothing_had_been_asked(shared):
    """Body, query and parameter are still there when the answer has come."""
    name = fresh()
    client = shared.server.client("provider")
    instance = register(client, name, metadata={"text": "x" * 20000})
    assert instance["metadata"] == {"text": "x" * 20000}
    assert lookup_ids(client, serviceDefinitionNames=[name], verbose=True) == [instance["instanceId"]]
    assert client.delete("/serviceregistry/service-discovery/revoke/" + instance["instanceId"]).status_code == 200


def test_a_declared_name_is_looked_up_too(shared):
    shared.names.add("declared-and-listed")
    for spelled in ("declared-and-listed", "Declared-And-Listed"):
        answer = shared.server.declared(spelled).get(ECHO)
        assert_error(answer, 403, LISTED.format("declared-and-listed"))


def test_who_is_not_looked_up(shared):
    asked = len(shared.stand_in.seen)
    server = shared.server
    shared.names.update(("exempt-system", "blacklist", "an-operator", "sysop"))
    assert server.client("exempt-system").get(ECHO).status_code == 200
    assert server.declared("EXEMPT-system").get(ECHO).status_code == 200
    assert server.client("blacklist-x").get(ECHO).status_code == 200
    assert server.declared("Blacklist").get(ECHO).status_code == 200
    assert server.client("an-operator", "operator").get(ECHO).status_code == 200
    assert server.declared("sysop").get(ECHO).status_code == 200
    assert server.ops.get("/health/live").status_code == 200
    assert shared.stand_in.seen[asked:] == [CHECK + "blacklist-x"]


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/nothing-here", None), ("GET", MGMT, None), ("PUT", REGISTER, None), ("OPTIONS", REGISTER, None),
    ("POST", REGISTER, {}), ("POST", LOOKUP, {}),
    ("POST", LOOKUP, {"serviceDefinitionNames": ["identity", "other"]}),
    ("POST", LOOKUP, {"serviceDefinitionNames": ["Identity"]}),
    ("POST", "/serviceregistry/system-discovery/lookup", {"serviceDefinitionNames": ["identity"]}),
])
def test_it_comes_before_everything_but_identity(shared, method, path, body):
    shared.names.add("listed-everywhere")
    client = shared.server.declared("listed-everywhere")
    assert_error(client.request(method, path, json=body), 403, LISTED.format("listed-everywhere"))
    nobody = shared.server.client(None, listener="plain").request(method, path, json=body)
    assert_error(nobody, 401, "No authorization header has been provided")


def test_the_lookup_of_the_identity_service_passes(shared):
    shared.names.add("listed-but-looking")
    client = shared.server.client("listed-but-looking")
    for body in ({"serviceDefinitionNames": ["identity"]},
                 {"serviceDefinitionNames": ["identity"], "versions": ["1"]}):
        answer = client.post(LOOKUP, json=body)
        assert (answer.status_code, answer.json()) == (200, {"entries": [], "count": 0})


@pytest.mark.parametrize("answer", [
    (200, "maybe"), (200, "yes, it is"), (200, {"listed": False}), (200, 0), (200, ""), (204, ""),
    (404, False), (500, False), (302, False),
    (403, {"errorMessage": "no", "errorCode": 403, "exceptionType": "FORBIDDEN"}),
    (200, "[" + "1," * 40000 + "1]"),
])
def test_an_answer_that_is_none_refuses(shared, answer):
    shared.odd["odd-system"] = answer
    assert_error(shared.server.declared("odd-system").get(ECHO), 403, UNAVAILABLE)
    shared.odd.clear()
    assert shared.server.declared("odd-system").get(ECHO).status_code == 200, "failures are not kept"


def test_a_name_stays_one_part_of_the_path(shared):
    asked = len(shared.stand_in.seen)
    for name in ("..", "a/b", "a?b", "é"):
        client = shared.server.client(None, listener="plain",
                                      headers={"Authorization": f"Bearer SYSTEM//{name}".encode()})
        assert client.get(ECHO).status_code == 200
    assert shared.stand_in.seen[asked:] == [CHECK + name for name in ("..", "a%2Fb", "a%3Fb", "%C3%A9")]


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
def test_while_it_is_away_everybody_is_refused(quiver, blacklist, dialect):
    server = quiver.start(dialect=dialect, identity=settings(blacklist))
    client = server.client("consumer")
    assert client.get(ECHO).status_code == 200
    blacklist.stand_in.close()
    assert_error(client.get(ECHO), 403, WORDS[dialect][1])
    assert server.client("operator", "operator").get(ECHO).status_code == 200


def test_no_answer_in_time_refuses(quiver, blacklist):
    blacklist.gate.clear()
    server = quiver.start(identity=settings(blacklist, timeout="500ms"), limits={"workers": 1})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(server.client("consumer").get, ECHO)
        wait_until(lambda: blacklist.asked("consumer"), "the question")
        assert server.client("operator", "operator").get(ECHO).status_code == 200
        assert_error(waiting.result(), 403, UNAVAILABLE)


def test_a_server_that_nobody_vouches_for_is_not_believed(quiver, new_pki):
    impostor = Blacklist(new_pki("othercloud").issue("blacklist", san=["IP:127.0.0.1"]))
    try:
        server = quiver.start(identity=settings(impostor))
        assert_error(server.client("consumer").get(ECHO), 403, UNAVAILABLE)
        assert impostor.stand_in.seen == []
    finally:
        impostor.close()


def test_an_answer_is_kept_for_a_while(quiver, blacklist):
    server = quiver.start(identity=settings(blacklist, keep="1m"))
    for _ in range(5):
        assert server.client("consumer").get(ECHO).status_code == 200
    assert blacklist.asked("consumer") == 1
    blacklist.names.update(("consumer", "other"))
    assert server.client("consumer").get(ECHO).status_code == 200, "kept as configured"
    assert_error(server.client("other").get(ECHO), 403, LISTED.format("other"))


@pytest.mark.concurrent
def test_many_requests_of_one_system_ask_once(quiver, blacklist):
    blacklist.gate.clear()
    server = quiver.start(identity=settings(blacklist, keep="1m", timeout="20s"))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(server.client("consumer").get, ECHO) for _ in range(20)]
        wait_until(lambda: blacklist.asked("consumer"), "the question")
        blacklist.gate.set()
        assert {answer.result().status_code for answer in answers} == {200}
    assert blacklist.asked("consumer") == 1


# ---- found in the registry itself ----


def discovery(blacklist, template="generic-https", **changes):
    properties = {"accessAddresses": ["127.0.0.1"], "accessPort": blacklist.stand_in.port,
                  "basePath": "/blacklist", "operations": {"check": {"path": "/check", "method": "GET"}},
                  **changes}
    return {"interfaces": [{"templateName": template, "policy": "NONE",
                            "properties": {k: v for k, v in properties.items() if v is not None}}]}


def test_without_an_entry_everybody_is_refused(quiver):
    server = quiver.start(identity={"blacklist": {"mode": "required"}})
    assert_error(server.client("consumer").get(ECHO), 403, UNAVAILABLE)


@pytest.mark.parametrize("dialect", ["5.0", "5.2"])
def test_the_blacklist_registers_itself(quiver, blacklist, pki, dialect):
    """Its system is not looked up, so that it can register; from then on it is asked."""
    server = quiver.start(dialect=dialect, identity={"blacklist": {"mode": "required", "keep": "0s"}})
    consumer = server.client("consumer")
    assert_error(consumer.get(ECHO), 403, WORDS[dialect][1])
    old = dialect == "5.0"
    service = discovery(blacklist, "generic-https" if old else "generic_https")
    certificate = pki.craft("blacklist", file="blacklist-client")
    register(server.client(certificate), "blacklist-discovery", **service)
    assert consumer.get(ECHO).status_code == 200
    blacklist.names.add("consumer" if old else "Consumer")
    assert_error(consumer.get(ECHO), 403, WORDS[dialect][0].format("consumer" if old else "Consumer"))


def test_anybody_elses_blacklist_is_not_asked(quiver, blacklist):
    server = quiver.start(identity={"blacklist": {"mode": "required", "keep": "0s",
                                                  "exempt": ["false-blacklist"]}})
    register(server.client("false-blacklist"), "blacklist-discovery", **discovery(blacklist))
    assert_error(server.client("consumer").get(ECHO), 403, UNAVAILABLE)
    assert blacklist.stand_in.seen == []


@pytest.mark.parametrize("service", [
    {"template": "generic-http"},
    {"operations": None},
    {"operations": {"verify": {"path": "/check", "method": "GET"}}},
    {"basePath": 5, "operations": {"check": {"path": "/a b", "method": "GET"}}},
])
def test_an_entry_that_cannot_be_asked(quiver, blacklist, pki, service):
    server = quiver.start(identity={"blacklist": {"mode": "required", "keep": "0s"}})
    certificate = pki.craft("blacklist", file="blacklist-client")
    register(server.client(certificate), "blacklist-discovery", **discovery(blacklist, **service))
    assert_error(server.client("consumer").get(ECHO), 403, UNAVAILABLE)
    assert blacklist.stand_in.seen == []


def test_a_registration_needs_no_blacklist_where_it_is_off(quiver, blacklist):
    server = quiver.start(identity={"blacklist": {"mode": "off", "url": blacklist.url}})
    blacklist.names.add("provider")
    answer = server.client("provider").post(REGISTER, json=registration(fresh()))
    assert answer.status_code == 201 and blacklist.stand_in.seen == []

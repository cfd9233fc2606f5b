"""Outsourced identity (spec 1.5, 1.7, 11.15): a token that the Authentication system verifies over
HTTPS, or a key that is proven with a shared secret.

A small HTTPS server stands in for the Authentication system. It is asked off the event loops, once
for many who wait for the same, and no more than a bounded number of times at once.
"""

import concurrent.futures
import datetime
import hashlib
import hmac
import threading
import time

import pytest

from harness.bodies import LOOKUP
from harness.process import wait_until
from harness.pki import Pki
from harness.requests import ECHO, REGISTER, assert_error, fresh, lookup_ids, register, registration
from harness.server import OPS, SECURE, Quiver
from harness.stalls import within
from harness.standin import StandIn

MISSING = "No authorization header has been provided"
INVALID = "Invalid authorization header"
MGMT = "/serviceregistry/mgmt/systems"
VERIFY = "/authentication/identity/verify/"
OUTSOURCED = {"name": "outsourced", "address": "127.0.0.1", "port": 0, "tls": "server",
              "serve": ["arrowhead"], "authentication": "outsourced"}
PLAIN = {**OUTSOURCED, "name": "plain", "tls": "off"}
FETCHES_MAX = 64  # QV_FETCHES_MAX


def at(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def verified(name, sysop=False, expires=3600):
    return 200, {"verified": True, "systemName": name, "sysop": sysop, "loginTime": at(-60),
                 "expirationTime": at(expires)}


class Authentication:
    """The stand-in: `tokens` says what is answered, by token; unknown ones are not verified."""

    def __init__(self, certificate, clients=None):
        self.tokens = {}
        self.gate = threading.Event()
        self.gate.set()
        self.stand_in = StandIn(certificate, self._answer, clients)
        self.url = self.stand_in.url("/authentication/identity")

    def _answer(self, path):
        self.gate.wait(30)
        return self.tokens.get(path.removeprefix(VERIFY), (200, {"verified": False}))

    @property
    def seen(self):
        return self.stand_in.seen

    def asked(self, token):
        return self.seen.count(VERIFY + token)


@pytest.fixture
def authentication(pki):
    certificate = pki.issue("authentication", san=["IP:127.0.0.1"])
    system = Authentication(certificate)
    yield system
    system.gate.set()
    system.stand_in.close()


class Shared:
    """One server and its Authentication system, for tests that change nothing but `tokens`."""

    def __init__(self, quiver, authentication):
        self.authentication = authentication
        self.server = start(quiver, authentication, SECRETS, keep="0s")


@pytest.fixture(scope="module")
def shared(pki):
    factory = Quiver(pki)
    system = Authentication(pki.issue("authentication", san=["IP:127.0.0.1"]))
    yield Shared(factory, system)
    factory.close()
    system.stand_in.close()


SECRETS = "# systems that the Authentication system knows\n\nkey-system: hunter2 is secret\nOther-System:x\n"


def start(quiver, authentication, secrets=None, *, listeners=None, dialect=None, **settings):
    server = quiver.prepare(
        listeners=listeners or [SECURE, OUTSOURCED, PLAIN, OPS], dialect=dialect,
        identity={"authentication_system": {"url": authentication.url, "timeout": "20s", **settings}})
    if secrets is not None:
        path = server.directory / "secrets"
        path.touch(mode=0o600)
        path.write_text(secrets)
        server.write_config(identity={"authentication_system": {"secrets_file": "secrets"}})
    return server.start()


def caller(server, header=None, listener="outsourced", **options):
    headers = {} if header is None else {"Authorization": header}
    return server.client(None, listener=listener, headers=headers, **options)


def token_caller(server, token, listener="outsourced", **options):
    return caller(server, f"Bearer IDENTITY-TOKEN//{token}", listener, **options)


def key_of(name, secret):
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()
    return f"Bearer AUTHENTICATOR-KEY//{name}//{digest}"


# ---- tokens ----


@pytest.mark.parametrize("listener", ["outsourced", "plain"])
def test_a_verified_token_is_its_systems(quiver, authentication, listener):
    authentication.tokens["good"] = verified("Token-System")
    server = start(quiver, authentication)
    client = token_caller(server, "good", listener)
    name = fresh()
    assert register(client, name)["provider"]["name"] == "token-system"
    assert lookup_ids(client, serviceDefinitionNames=[name]) == [f"token-system::{name}::1.0.0"]
    assert client.get(MGMT).status_code == 403
    assert authentication.stand_in.callers == ["serviceregistry." + server.pki.suffix], \
        "the registry shows its own certificate, and asks once"


def test_a_sysops_token_is_an_operators(quiver, authentication):
    authentication.tokens["op"] = verified("whoever", sysop=True)
    assert token_caller(start(quiver, authentication), "op").get(MGMT).status_code == 404


def test_a_token_that_is_not_verified(shared):
    client = token_caller(shared.server, "unknown")
    assert_error(client.get(ECHO), 401, INVALID)
    assert client.get(ECHO).headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header, words", [
    (None, MISSING),
    ("Basic eA==", INVALID),
    ("bearer IDENTITY-TOKEN//good", INVALID),
    ("Bearer IDENTITY-TOKEN//", INVALID),
    ("Bearer IDENTITY-TOKEN//good//more", INVALID),
    ("Bearer identity-token//good", INVALID),
    ("Bearer SYSTEM//good", INVALID),
    ("Bearer good", INVALID),
    ("Bearer IDENTITY-TOKEN//" + "x" * 4097, INVALID),
])
def test_headers_that_are_no_token(shared, header, words):
    shared.authentication.tokens["good"] = verified("somebody")
    asked = len(shared.authentication.seen)
    assert_error(caller(shared.server, header).get(ECHO), 401, words)
    assert len(shared.authentication.seen) == asked, "nobody is to be asked about that"


def test_a_token_stays_one_part_of_the_path(shared):
    asked = len(shared.authentication.seen)
    for token in ("..", "a/b", "a%2Fb", "?x=1", "#", "a;b"):
        assert_error(token_caller(shared.server, token).get(ECHO), 401, INVALID)
    assert shared.authentication.seen[asked:] == [VERIFY + t for t in
                                   ("..", "a%2Fb", "a%252Fb", "%3Fx%3D1", "%23", "a%3Bb")]


def test_a_certificate_outranks_the_token(quiver, authentication):
    authentication.tokens["op"] = verified("somebody", sysop=True)
    server = start(quiver, authentication)
    client = server.client("cert-caller", listener="outsourced",
                           headers={"Authorization": "Bearer IDENTITY-TOKEN//op"})
    assert register(client, fresh())["provider"]["name"] == "cert-caller"
    assert client.get(MGMT).status_code == 403
    assert authentication.seen == []


def test_identity_comes_before_everything_else(shared):
    client = token_caller(shared.server, "bad")
    for method, path, content in (("GET", "/nothing", None), ("POST", REGISTER, b"{"), ("GET", MGMT, None),
                                  ("OPTIONS", REGISTER, None), ("PUT", REGISTER, None)):
        assert_error(client.request(method, path, content=content), 401, INVALID)


# ---- errors ----


@pytest.mark.parametrize("answer, status, kind, words", [
    ((401, {"errorMessage": "Who are you", "errorCode": 401, "exceptionType": "AUTH", "origin": "x"}),
     401, "AUTH", "Who are you"),
    ((400, {"errorMessage": "Bad token", "errorCode": 400, "exceptionType": "INVALID_PARAMETER"}),
     400, "INVALID_PARAMETER", "Bad token"),
    ((403, {"errorMessage": "No", "errorCode": 403, "exceptionType": "FORBIDDEN"}), 403, "FORBIDDEN", "No"),
    ((404, {"errorMessage": "?", "errorCode": 404, "exceptionType": "DATA_NOT_FOUND"}), 404,
     "DATA_NOT_FOUND", "?"),
    ((500, {"errorMessage": "Database operation error", "errorCode": 500,
            "exceptionType": "INTERNAL_SERVER_ERROR"}), 500, "INTERNAL_SERVER_ERROR",
     "Database operation error"),
    ((503, {"errorMessage": "Later", "errorCode": 503, "exceptionType": "EXTERNAL_SERVER_ERROR"}), 503,
     "EXTERNAL_SERVER_ERROR", "Later"),
    ((502, "<h1>Bad gateway</h1>"), 500, "ARROWHEAD", "<h1>Bad gateway</h1>, status code: 502"),
    ((302, ""), 500, "ARROWHEAD", ", status code: 302"),
    ((200, "not json"), 500, "ARROWHEAD", "not json, status code: 200"),
    ((200, {"verified": "yes"}), 500, "ARROWHEAD", '{"verified": "yes"}, status code: 200'),
    ((200, {"verified": True}), 500, "ARROWHEAD", '{"verified": true}, status code: 200'),
    ((200, {"verified": True, "systemName": " "}), 500, "ARROWHEAD",
     '{"verified": true, "systemName": " "}, status code: 200'),
    ((500, "é" * 400), 500, "ARROWHEAD", "é" * 150 + ", status code: 500"),
])
def test_what_the_authentication_system_says_instead(shared, answer, status, kind, words):
    shared.authentication.tokens["odd"] = answer
    assert_error(token_caller(shared.server, "odd").get(ECHO), status, words, kind=kind)


def test_nobody_there(quiver, authentication):
    server = start(quiver, authentication)
    authentication.stand_in.close()
    answer = token_caller(server, "secret-token").get(ECHO)
    assert_error(answer, 503, f"Could not get any response from: {authentication.url}/verify")
    assert answer.headers["retry-after"] == "1"


def test_no_answer_in_time(quiver, authentication):
    """The request is answered in time, and meanwhile its worker serves others."""
    authentication.gate.clear()
    server = start(quiver, authentication, timeout="700ms")
    server.restart(limits={"workers": 1})
    with within(5), concurrent.futures.ThreadPoolExecutor() as pool:
        began = time.monotonic()
        waiting = pool.submit(token_caller(server, "slow").get, ECHO)
        wait_until(lambda: authentication.asked("slow"), "the question")
        assert server.client("consumer").get(ECHO).status_code == 200
        assert not waiting.done(), "the other request was not answered meanwhile"
        assert_error(waiting.result(), 503, f"Could not get any response from: {authentication.url}/verify")
        assert time.monotonic() - began >= 0.7


def test_a_server_that_nobody_vouches_for_is_not_believed(quiver, pki, new_pki):
    other = new_pki("othercloud")
    impostor = Authentication(other.issue("authentication", san=["IP:127.0.0.1"]), clients=pki.ca)
    impostor.tokens["good"] = verified("somebody")
    try:
        server = start(quiver, impostor)
        assert token_caller(server, "good").get(ECHO).status_code == 503
        assert impostor.seen == [], "the token was told to a stranger"
        # its CA named, it is believed
        server.restart(identity={"authentication_system": {"ca": str(other.ca)}})
        assert token_caller(server, "good").get(ECHO).status_code == 200
    finally:
        impostor.stand_in.close()


def test_a_server_of_another_name_is_not_believed(quiver, pki):
    impostor = Authentication(pki.issue("not-the-authentication", san=["DNS:elsewhere.example"]))
    impostor.tokens["good"] = verified("somebody")
    try:
        assert token_caller(start(quiver, impostor), "good").get(ECHO).status_code == 503
        assert impostor.seen == []
    finally:
        impostor.stand_in.close()


def test_no_proxy_of_the_environment_is_used(quiver, authentication, free_port):
    authentication.tokens["good"] = verified("somebody")
    proxy = f"http://127.0.0.1:{free_port()}"
    server = quiver.start(
        listeners=[OUTSOURCED, OPS], env={"https_proxy": proxy, "ALL_PROXY": proxy},
        identity={"authentication_system": {"url": authentication.url}})
    assert token_caller(server, "good").get(ECHO).status_code == 200


# ---- what is kept ----


def test_a_verified_token_is_asked_about_once(quiver, authentication):
    authentication.tokens["good"] = verified("somebody")
    server = start(quiver, authentication, keep="5m")
    for _ in range(5):
        assert token_caller(server, "good").get(ECHO).status_code == 200
    assert authentication.asked("good") == 1


def test_nothing_is_kept_where_that_is_configured(quiver, authentication):
    authentication.tokens["good"] = verified("somebody")
    client = token_caller(start(quiver, authentication, keep="0s"), "good")
    for asked in (1, 2, 3):
        assert client.get(ECHO).status_code == 200
        assert authentication.asked("good") == asked
    authentication.tokens.clear()
    assert_error(client.get(ECHO), 401, INVALID)


@pytest.mark.parametrize("answer", [verified("somebody", expires=-5),
                                    (200, {"verified": True, "systemName": "somebody"}),
                                    (200, {"verified": True, "systemName": "somebody",
                                           "expirationTime": "tomorrow"})])
def test_a_token_without_a_time_to_come_is_not_kept(quiver, authentication, answer):
    authentication.tokens["good"] = answer
    client = token_caller(start(quiver, authentication, keep="5m"), "good")
    for asked in (1, 2):
        assert client.get(ECHO).status_code == 200
        assert authentication.asked("good") == asked


def test_a_token_is_kept_no_longer_than_it_lives(quiver, authentication):
    authentication.tokens["short"] = verified("somebody", expires=3)
    client = token_caller(start(quiver, authentication, keep="5m"), "short")
    assert client.get(ECHO).status_code == 200
    authentication.tokens.clear()
    wait_until(lambda: client.get(ECHO).status_code == 401, "the end of the token")


def test_a_refused_token_may_be_good_a_moment_later(quiver, authentication):
    server = start(quiver, authentication, keep="5m")
    client = token_caller(server, "late")
    assert_error(client.get(ECHO), 401, INVALID)
    authentication.tokens["late"] = verified("somebody")
    wait_until(lambda: client.get(ECHO).status_code == 200, "the token to be taken")


def test_failures_are_not_kept(quiver, authentication):
    authentication.tokens["good"] = (502, "oops")
    client = token_caller(start(quiver, authentication, keep="5m"), "good")
    assert client.get(ECHO).status_code == 500
    authentication.tokens["good"] = verified("somebody")
    assert client.get(ECHO).status_code == 200


# ---- many at once ----


@pytest.mark.concurrent
def test_many_wait_for_one_answer(quiver, authentication):
    authentication.gate.clear()
    authentication.tokens["shared"] = verified("somebody")
    server = start(quiver, authentication, timeout="20s")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(token_caller(server, "shared").get, ECHO) for _ in range(20)]
        wait_until(lambda: authentication.asked("shared"), "the question")
        authentication.gate.set()
        assert {answer.result().status_code for answer in answers} == {200}
    assert authentication.asked("shared") <= 2, "who came after the answer finds it kept"


@pytest.mark.concurrent
def test_too_many_questions_are_refused_at_once(quiver, authentication):
    authentication.gate.clear()
    server = start(quiver, authentication, timeout="20s")
    clients = [token_caller(server, f"token-{n}", timeout=30) for n in range(FETCHES_MAX)]
    with concurrent.futures.ThreadPoolExecutor(FETCHES_MAX) as pool:
        waiting = [pool.submit(client.get, ECHO) for client in clients]
        wait_until(lambda: len(authentication.seen) == FETCHES_MAX, "all questions")
        assert_error(token_caller(server, "one-more").get(ECHO), 503, "Too many callers wait to be verified")
        assert server.client("consumer").get(ECHO).status_code == 200
        authentication.gate.set()
        assert {answer.result().status_code for answer in waiting} == {401}
    assert_error(token_caller(server, "one-more").get(ECHO), 401, INVALID)


def test_it_ends_in_order_while_somebody_waits(quiver, authentication):
    authentication.gate.clear()
    server = start(quiver, authentication, timeout="1s")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(token_caller(server, "slow").get, ECHO)
        wait_until(lambda: authentication.asked("slow"), "the question")
        server.stop()
        assert waiting.result().status_code == 503


def test_who_goes_away_while_waiting_leaves_nothing(quiver, authentication):
    authentication.gate.clear()
    server = start(quiver, authentication, timeout="1s", listeners=[SECURE, PLAIN, OPS])
    for n in range(5):
        with server.connect(None, listener="plain") as connection:
            connection.send(f"GET {ECHO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer IDENTITY-TOKEN//t{n}\r\n\r\n"
                            .encode())
            wait_until(lambda n=n: authentication.asked(f"t{n}"), "the question")
    authentication.gate.set()
    assert server.client("consumer").get(ECHO).status_code == 200


# ---- keys ----


def test_a_key_proves_its_system(quiver, authentication):
    server = start(quiver, authentication, SECRETS)
    client = caller(server, key_of("key-system", "hunter2 is secret"))
    assert register(client, fresh())["provider"]["name"] == "key-system"
    assert client.get(MGMT).status_code == 403, "a key makes no operator"
    assert caller(server, key_of("other-system", "x")).get(ECHO).status_code == 200
    assert authentication.seen == []
    assert "hunter2" not in server.process.text


@pytest.mark.parametrize("header", [
    key_of("key-system", "wrong"),
    key_of("unknown-system", "hunter2 is secret"),
    key_of("key-system", "hunter2 is secret").upper().replace("BEARER", "Bearer"),
    key_of("key-system", "hunter2 is secret")[:-1],
    key_of("key-system", "hunter2 is secret") + "0",
    "Bearer AUTHENTICATOR-KEY//key-system",
    "Bearer AUTHENTICATOR-KEY//key-system//",
    "Bearer AUTHENTICATOR-KEY////" + "0" * 64,
    key_of("key-system", "hunter2 is secret") + "//x",
])
def test_keys_that_prove_nothing(shared, header):
    assert_error(caller(shared.server, header).get(ECHO), 401, INVALID)


def test_the_name_in_a_key_may_be_spelled_otherwise(shared):
    """It is normalized before it is looked up and signed (spec 1.5)."""
    digest = key_of("key-system", "hunter2 is secret").rpartition("//")[2]
    client = caller(shared.server, f"Bearer AUTHENTICATOR-KEY//KEY-System//{digest}")
    assert register(client, fresh())["provider"]["name"] == "key-system"


def test_a_key_in_dialect_5_2(quiver, authentication):
    server = start(quiver, authentication, SECRETS, dialect="5.2")
    digest = key_of("KeySystem", "hunter2 is secret").rpartition("//")[2]
    for name in ("key-system", "KeySystem"):
        client = caller(server, f"Bearer AUTHENTICATOR-KEY//{name}//{digest}")
        assert client.get(ECHO).status_code == 200


def test_without_secrets_no_key_proves_anything(quiver, authentication):
    assert_error(caller(start(quiver, authentication), key_of("key-system", "x")).get(ECHO), 401, INVALID)


# ---- the one lookup that needs nobody ----


@pytest.fixture(scope="module")
def shared_5_2(pki):
    factory = Quiver(pki)
    system = Authentication(pki.issue("authentication", san=["IP:127.0.0.1"]))
    server = start(factory, system, dialect="5.2")
    body = registration("identity")
    body["interfaces"][0]["templateName"] = "generic_http"
    assert server.client("authentication-x").post(REGISTER, json=body).status_code == 201
    yield server
    factory.close()
    system.stand_in.close()


@pytest.mark.parametrize("header", [None, "Bearer IDENTITY-TOKEN//stale", "nonsense"])
def test_the_authentication_system_is_found_without_identity(shared_5_2, header):
    """By this lookup a system that has no token yet finds where to get one (11.15)."""
    client = caller(shared_5_2, header)
    for query in ({}, {"versions": ["1.0.0"], "alivesAt": None}):
        answer = client.post(LOOKUP, json={"serviceDefinitionNames": ["identity"], **query})
        assert (answer.status_code, answer.json()["count"]) == (200, 1)


def test_in_dialect_5_0_nothing_goes_without_identity(shared):
    answer = caller(shared.server).post(LOOKUP, json={"serviceDefinitionNames": ["identity"]})
    assert_error(answer, 401, MISSING)


@pytest.mark.parametrize("method, path, body", [
    ("POST", LOOKUP, {"serviceDefinitionNames": ["identity", "other"]}),
    ("POST", LOOKUP, {"serviceDefinitionNames": ["Identity"]}),
    ("POST", LOOKUP, {"serviceDefinitionNames": [" identity"]}),
    ("POST", LOOKUP, {"serviceDefinitionNames": ["other"]}),
    ("POST", LOOKUP, {"serviceDefinitionNames": "identity"}),
    ("POST", LOOKUP, {"serviceDefinitionNames": ["identity"], "unknownMember": 1}),
    ("POST", LOOKUP, {}),
    ("POST", LOOKUP, ["identity"]),
    ("PUT", LOOKUP, {"serviceDefinitionNames": ["identity"]}),
    ("POST", LOOKUP + "/", {"serviceDefinitionNames": ["identity"]}),
    ("POST", LOOKUP.replace("lookup", "look%75p"), {"serviceDefinitionNames": ["identity"]}),
    ("POST", "/serviceregistry/system-discovery/lookup", {"serviceDefinitionNames": ["identity"]}),
    ("POST", "/serviceregistry/device-discovery/lookup", {"serviceDefinitionNames": ["identity"]}),
    ("POST", REGISTER, {"serviceDefinitionNames": ["identity"]}),
])
def test_nothing_else_goes_without_identity(shared_5_2, method, path, body):
    assert_error(caller(shared_5_2).request(method, path, json=body), 401, MISSING)


def test_a_declared_listener_has_no_such_lookup(quiver):
    server = quiver.start(plain=True)
    answer = caller(server, listener="plain").post(LOOKUP, json={"serviceDefinitionNames": ["identity"]})
    assert_error(answer, 401, MISSING)


# ---- start and log ----


def test_no_token_in_the_log(quiver, authentication):
    server = quiver.start(listeners=[OUTSOURCED, OPS], log={"level": "debug"},
                          identity={"authentication_system": {"url": authentication.url}})
    authentication.tokens["s3cr3t-t0k3n"] = (502, "oops")
    assert token_caller(server, "s3cr3t-t0k3n").get(ECHO).status_code == 500
    server.wait_log("identity not verified", status=502)
    assert "s3cr3t-t0k3n" not in server.process.text


@pytest.mark.parametrize("text, mode, words", [
    ("a: b\n", 0o640, "open to group or others (mode 0640); run: chmod 600"),
    ("a: b\nnonsense\n", 0o600, "secrets:2: must be `name: secret`"),
    ("a: b\n\na:\n", 0o600, "secrets:3: must be `name: secret`, neither of them empty"),
    ("a: b\nA: s3cr3t\n", 0o600, "secrets:2: this system has a secret already"),
])
def test_a_bad_secrets_file_is_refused(quiver, authentication, tmp_path, text, mode, words):
    path = tmp_path / "secrets"
    path.write_text(text)
    path.chmod(mode)
    settings = {"authentication_system": {"url": authentication.url, "secrets_file": str(path)}}
    refused = quiver.refused(listeners=[OUTSOURCED, OPS], identity=settings)
    assert words in refused.output and "s3cr3t" not in refused.output
    checked = quiver.command("check", "--config", quiver.servers[-1].config_path)
    assert checked.status == 1 and words in checked.output and "s3cr3t" not in checked.output


def test_a_ca_file_that_is_none_is_refused(quiver, authentication, tmp_path, pki: Pki):
    settings = {"authentication_system": {"url": authentication.url, "ca": str(pki.registry.key)}}
    refused = quiver.refused(listeners=[OUTSOURCED, OPS], identity=settings)
    assert f"{pki.registry.key}: there is no certificate (PEM or DER) in it" in refused.output

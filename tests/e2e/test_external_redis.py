"""A running Redis instead of the embedded one: redis:// and unix://, passwords, databases, and what
Quiver asks of it.

Where Redis could lose what it acknowledges (no append-only file, eviction, a replica) no change is
accepted and readiness says why; a password is in no log, answer or process list (design 5).
"""

import json
import socketserver
import subprocess
import threading
from pathlib import Path

import pytest

from harness.shared import store_key
from harness.process import wait_until
from harness.requests import REGISTER, assert_error, lookup_ids, register, registration, revoke

PROVIDER = "temperature-provider2"
PASSWORD = "very-secret-pass%word"


def ready(server):
    answer = server.ops.get("/health/ready")
    return answer.status_code, answer.json()


def wait_degraded(server, *words):
    """Until readiness says that not all is well, with these words; gives all that it says."""

    def said():
        answer = server.ops.get("/health/ready")
        well = answer.status_code == 200 and answer.json()["status"] == "ready"
        return not well and all(word in answer.text for word in words) and answer.text

    return wait_until(said, f"readiness speaking of {words}")


def assert_no_change(server, name="never"):
    answer = server.client(PROVIDER).post(REGISTER, json=registration(name))
    assert_error(answer, 503, None, "POST " + REGISTER)
    assert "unknown" not in answer.json()["errorMessage"]
    assert int(answer.headers["retry-after"]) >= 1


def wait_change(server, name="heals"):
    wait_until(
        lambda: server.client(PROVIDER).post(REGISTER, json=registration(name)).status_code == 201,
        "a change being taken",
    )


@pytest.mark.parametrize("way", ["unix", "tcp"])
def test_works(quiver, redis_server, free_port, way):
    redis = redis_server(port=free_port() if way == "tcp" else 0)
    server = quiver.start(redis=redis)
    instance = register(server.client(PROVIDER), "kept")["instanceId"]
    assert redis.client().exists(store_key(server.pki, f"instance:{instance}"))
    server.restart()
    assert lookup_ids(server.client("consumer"), instanceIds=[instance]) == [instance]
    assert revoke(server.client(PROVIDER), instance) == 200
    assert not server.redis_socket.exists(), "no embedded Redis beside it"
    assert ready(server) == (200, {"status": "ready", "reasons": []})


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_host_names(quiver, redis_server, free_port, name):
    redis = redis_server(port=free_port())
    server = quiver.start(redis=f"redis://{name}:{redis.port}")
    register(server.client(PROVIDER), "kept")


@pytest.mark.parametrize("way", ["unix", "tcp"])
def test_database(quiver, redis_server, free_port, way):
    redis = redis_server(port=free_port() if way == "tcp" else 0)
    url = f"{redis.url}?db=3" if way == "unix" else f"redis://127.0.0.1:{redis.port}/3"
    server = quiver.start(redis=url)
    register(server.client(PROVIDER), "kept")
    assert redis.client().dbsize() == 0
    assert redis.client(db=3).exists(store_key(server.pki, "head"))


def test_password(quiver, redis_server, free_port):
    redis = redis_server(port=free_port(), requirepass=PASSWORD)
    quoted = PASSWORD.replace("%", "%25")
    server = quiver.start(redis=f"redis://:{quoted}@127.0.0.1:{redis.port}/0")
    register(server.client(PROVIDER), "kept")
    assert ready(server)[1]["status"] == "ready"
    redis.kill()
    server.wait_log("store lost")
    said = server.ops.get("/health/ready").text
    said += server.client(PROVIDER).post(REGISTER, json=registration("x")).text
    redis.start()
    wait_change(server)
    arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
    for text in (said, arguments, server.process.text):
        assert PASSWORD not in text and quoted not in text


def test_user_and_password(quiver, redis_server, free_port):
    redis = redis_server(port=free_port())
    redis.client().acl_setuser(
        "registry",
        enabled=True,
        passwords=["+" + PASSWORD],
        keys=["*"],
        channels=["*"],
        commands=["+@all"],
    )
    quoted = PASSWORD.replace("%", "%25")
    server = quiver.start(redis=f"redis://registry:{quoted}@127.0.0.1:{redis.port}/0")
    register(server.client(PROVIDER), "kept")


@pytest.mark.parametrize("user", [":wrong-secret@", "", "nobody:wrong-secret@"])
def test_wrong_password(quiver, redis_server, free_port, user):
    """Not ready, with a reason that does not tell the password; the right one heals it."""
    redis = redis_server(port=free_port(), requirepass=PASSWORD)
    server = quiver.start(redis=f"redis://{user}127.0.0.1:{redis.port}/0", wait=False)
    said = wait_until(
        lambda: (answer := server.ops.get("/health/ready")).status_code == 503
        and any(word in answer.text for word in ("NOAUTH", "WRONGPASS", "password", "uthenticat"))
        and answer.text,
        "a reason that speaks of authentication",
    )
    assert_no_change(server)
    for text in (said, server.process.text):
        assert "wrong-secret" not in text
    right = "wrong-secret" if user else ""
    redis.client(password=PASSWORD).config_set("requirepass", right)
    if user != "nobody:wrong-secret@":
        server.wait_log("ready")
        wait_change(server)


UNSAFE = {
    "appendonly": ("no", "yes", "append"),
    "maxmemory-policy": ("allkeys-lru", "noeviction", "maxmemory-policy"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_a_redis_that_may_forget(quiver, redis_server, name):
    """No change is accepted, whether it was so from the start or became so while Quiver was away."""
    bad, good, word = UNSAFE[name]
    redis = redis_server()
    server = quiver.start(redis=redis)
    kept = register(server.client(PROVIDER), "kept")["instanceId"]
    redis.client().config_set(name, bad)
    server.restart(wait=False)
    wait_degraded(server, word)
    assert_no_change(server)
    wait_until(lambda: ready(server)[0] == 200, "the view being loaded")
    assert lookup_ids(server.client("consumer"), providerNames=[PROVIDER]) == [kept]
    redis.client().config_set(name, good)
    redis.client().client_kill_filter(_type="normal")
    wait_change(server)
    wait_until(lambda: ready(server) == (200, {"status": "ready", "reasons": []}), "ready")
    server.restart()
    assert len(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == 2


def test_an_empty_redis_that_may_forget(quiver, redis_server):
    redis = redis_server(appendonly="no")
    server = quiver.start(redis=redis, wait=False)
    wait_degraded(server, "append")
    assert_no_change(server)
    assert redis.client().keys("*instance*") == []


def test_a_replica(quiver, redis_server, free_port):
    """Reads are answered from it, changes are refused; once it is a master all goes on."""
    master = redis_server(port=free_port())
    first = quiver.start(redis=master)
    kept = register(first.client(PROVIDER), "kept")["instanceId"]
    replica = redis_server(port=free_port(), replicaof=f"127.0.0.1 {master.port}")
    wait_until(lambda: replica.client().dbsize() == master.client().dbsize(), "replication")
    second = quiver.start(redis=replica, wait=False)
    wait_degraded(second, "replica")
    assert_no_change(second)
    wait_until(lambda: ready(second)[0] == 200, "the view being loaded")
    assert lookup_ids(second.client("consumer"), providerNames=[PROVIDER]) == [kept]
    replica.client().replicaof("NO", "ONE")
    wait_change(second)


def test_a_master_that_becomes_a_replica(quiver, redis_server, free_port):
    """READONLY while connected: 503, reads go on, and it heals when it is a master again."""
    redis, other = redis_server(port=free_port()), redis_server(port=free_port())
    server = quiver.start(redis=redis)
    kept = register(server.client(PROVIDER), "kept")["instanceId"]
    # A replica of nobody: it keeps what it has, because its master never answers.
    other.suspend()
    redis.client().replicaof("127.0.0.1", other.port)
    assert_no_change(server)
    assert lookup_ids(server.client("consumer"), providerNames=[PROVIDER]) == [kept]
    redis.client().replicaof("NO", "ONE")
    other.resume()
    wait_change(server)
    assert lookup_ids(server.client("consumer"), instanceIds=[kept]) == [kept]


def test_out_of_memory(quiver, redis_server):
    redis = redis_server()
    server = quiver.start(redis=redis)
    kept = register(server.client(PROVIDER), "kept")["instanceId"]
    redis.client().config_set("maxmemory", "1mb")
    assert_no_change(server)
    assert lookup_ids(server.client("consumer"), providerNames=[PROVIDER]) == [kept]
    redis.client().config_set("maxmemory", "0")
    wait_change(server)


def fill_up(redis):
    """While it loads, Redis looks at its clients once in 1,024 commands: somebody else's many keys."""
    with redis.client().pipeline(transaction=False) as pipe:
        for number in range(6000):
            pipe.set(f"somebody-elses-{number}", "x")
        pipe.execute()


def slow_start(redis):
    """Starts a Redis that takes seconds to load what it holds; gives the thread that waits."""
    redis.options["key-load-delay"] = "400"
    starting = threading.Thread(target=redis.start)
    starting.start()
    return starting


def test_loading(quiver, redis_server):
    """A Redis that comes back is still loading: 503 that says so, and reads go on."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    for number in range(5):
        register(server.client(PROVIDER), f"kept-{number}")
    fill_up(redis)
    redis.stop()
    starting = slow_start(redis)
    wait_degraded(server, "loading")
    assert_no_change(server)
    assert len(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == 5
    starting.join(30)
    wait_change(server)
    wait_until(lambda: ready(server) == (200, {"status": "ready", "reasons": []}), "ready")
    assert len(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == 6


def test_start_while_loading(quiver, redis_server):
    """Ready is said when it is: the first change after it is taken."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    for number in range(5):
        register(server.client(PROVIDER), f"kept-{number}")
    fill_up(redis)
    server.stop()
    redis.stop()
    starting = slow_start(redis)
    wait_until(redis.socket.exists, "Redis listening")
    server.start()
    register(server.client(PROVIDER), "first")
    starting.join(30)
    assert len(lookup_ids(server.client("consumer"), providerNames=[PROVIDER])) == 6


def test_scripts_forgotten(quiver, redis_server):
    """NOSCRIPT is nobody's business but ours."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    for number in range(3):
        redis.client().script_flush()
        register(server.client(PROVIDER), f"kept-{number}")
    redis.client().script_flush()
    assert revoke(server.client(PROVIDER), f"{PROVIDER}::kept-0::1.0.0") == 200


def test_a_key_of_another_type(quiver, redis_server):
    """Something else stands where the instance should: refused, and nothing half done."""
    redis = redis_server()
    server = quiver.start(redis=redis)
    register(server.client(PROVIDER), "kept")
    key = store_key(server.pki, f"instance:{PROVIDER}::damaged::1.0.0")
    client = redis.client()
    client.lpush(key, "x")
    before = client.hget(store_key(server.pki, "head"), "revision")
    answer = server.client(PROVIDER).post(REGISTER, json=registration("damaged"))
    assert_error(answer, 500, None, "POST " + REGISTER, kind="INTERNAL_SERVER_ERROR")
    assert client.hget(store_key(server.pki, "head"), "revision") == before
    assert not client.exists(store_key(server.pki, "definition:damaged"))
    assert client.lrange(key, 0, -1) == ["x"]
    client.delete(key)
    register(server.client(PROVIDER), "damaged")


def test_two_quivers_on_one_redis(quiver, redis_server):
    """What one accepts the other shows, in the same order of changes."""
    redis = redis_server()
    one, two = quiver.start(redis=redis), quiver.start(redis=redis)
    for number in range(10):
        here, there = (one, two) if number % 2 else (two, one)
        instance = register(here.client(PROVIDER), f"shared-{number}")["instanceId"]
        wait_until(
            lambda: lookup_ids(there.client("consumer"), instanceIds=[instance]) == [instance],
            "the other node showing it",
        )
        assert revoke(there.client(PROVIDER), instance) == 200
        wait_until(
            lambda: lookup_ids(here.client("consumer"), instanceIds=[instance]) == [],
            "the other node forgetting it",
        )


def test_other_keys_in_the_same_redis(quiver, redis_server):
    """Another cloud's registry, or anybody's keys, live side by side."""
    redis = redis_server()
    client = redis.client()
    client.set("somebody", "else")
    client.set("quiver:{othercloud.company}:instance:a::b::1.0.0", "not json")
    server = quiver.start(redis=redis)
    register(server.client(PROVIDER), "kept")
    assert client.get("somebody") == "else"
    assert client.get("quiver:{othercloud.company}:instance:a::b::1.0.0") == "not json"
    assert ready(server)[1] == {"status": "ready", "reasons": []}


def test_data_of_another_dialect_is_refused(quiver, redis_server):
    redis = redis_server()
    server = quiver.start(redis=redis)
    register(server.client(PROVIDER), "kept")
    server.stop()
    redis.client().hset(store_key(server.pki, "head"), "dialect", "5.2")
    server.start(wait=False)
    said = wait_degraded(server, "5.2")
    assert "5.0" in said
    assert_no_change(server)


def test_a_redis_that_is_none(quiver, free_port):
    """Whatever else answers on that port: not ready, no crash."""

    class Nonsense(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(100)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Nonsense) as impostor:
        threading.Thread(target=impostor.serve_forever, daemon=True).start()
        server = quiver.start(redis=f"redis://127.0.0.1:{impostor.server_address[1]}", wait=False)
        wait_until(lambda: server.ops.get("/health/ready").status_code == 503, "not ready")
        assert_no_change(server)
        server.stop()
        impostor.shutdown()


def test_what_is_stored_can_be_read_with_redis_cli(quiver):
    """Values are JSON under the keys of the data model."""
    server = quiver.start()
    instance = register(server.client(PROVIDER), "kept", metadata={"a": 1})["instanceId"]
    done = subprocess.run(
        [
            "redis-cli",
            "-s",
            server.redis_socket,
            "get",
            store_key(server.pki, f"instance:{instance}"),
        ],
        text=True,
        capture_output=True,
        timeout=10,
    )
    envelope = json.loads(done.stdout)
    assert {"v", "rev", "created", "updated", "by", "doc"} <= set(envelope)
    assert envelope["by"]["system"] == PROVIDER
    assert {"x5t#S256", "issuer", "serial", "notAfter"} <= set(envelope["by"])
    assert envelope["doc"]["instanceId"] == instance
    keys = {key.rpartition("}")[2] for key in server.redis().keys("*")}
    assert {
        ":head",
        ":journal",
        f":system:{PROVIDER}",
        ":definition:kept",
        f":instances-of:{PROVIDER}",
        ":template:generic-http",
        ":template:generic-mqtts",
    } <= keys
    head = server.redis().hgetall(store_key(server.pki, "head"))
    assert {"revision", "token", "format", "dialect"} <= set(head)
    assert server.redis().ttl(store_key(server.pki, f"instance:{instance}")) == -1, "no TTL, ever"

"""CHAP services that ping: what keeping them alive costs, and whether anything grows by it.

Each of `services` registers once and then pings every ten seconds, all spread evenly, over TLS and
without a client certificate as the real clients do: on a connection that is kept, and with a new one
(a full handshake) for each ping. What counts is Quiver's CPU time as a share of one core. New
connections are measured with two fifths of the services, for not every machine's core makes so many
handshakes, and counted for all of them. For comparison as many reads of one service, on kept
connections: that is what TLS and HTTP cost alone. Memory, the journal and the append-only file are
looked at all along: the journal is trimmed and the file written anew while it runs.
"""
import concurrent.futures
import json
import os
import threading

from .cloud import MARKER
from .machine import Failed, memory_kib
from .measures import spread
from .renewal import SPARE, want_open_files

EVERY = 10                  # seconds between two pings of one service
JOURNAL_MAX = 20_000        # entries; but what is younger than a minute stays
JOURNAL_KEPT = 60           # seconds
LOOK_EVERY = 2              # seconds
KEY = "bench-service-key"
DATA = "chap"
LISTENER = "  - {name: chap, address: 127.0.0.1, port: 0, tls: server, serve: [chap]}\n"
MORE = "chap: {ttl: 10m, keys: {file: service-keys}}\n"
NEW_PART = 0.4              # of the services: so many ping on new connections


def head(method, path, more=b""):
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Service-Key: {KEY}\r\n"
            .encode() + more)


def registration():
    """A service of usual size, numbered."""
    body = json.dumps({"url": f"http://model{MARKER}.example:8080", "info": {
        "id": f"model{MARKER}", "display_name": "A model", "version": "1.0.0",
        "description": "Forecasts by what fell as rain", "period_type": "monthly",
        "model_metadata": {"author": "Somebody", "organization": "Somewhere"},
        "required_covariates": ["rainfall", "mean_temperature"]}}, separators=(",", ":")).encode()
    return head("POST", "/v2/services/$register", b"Content-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)) + body


def ping():
    return head("PUT", f"/v2/services/model{MARKER}/$ping", b"Content-Length: 0\r\n\r\n")


def read():
    return head("GET", f"/v2/services/model{MARKER}", b"\r\n")


WAYS = {   # name: what is sent, words for the load generator, which part of the services sends it
    "read": (read, [], 1), "kept": (ping, [], 1), "new": (ping, ["--new"], NEW_PART)}


def write_key(cloud):
    path = cloud.path("service-keys")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="ascii") as file:
        file.write(f"{KEY}\n")


def file_bytes(folder):
    """Of everything that a folder holds; what is being replaced meanwhile counts as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(parent, name))
            except FileNotFoundError:
                pass
    return total


class Sizes:
    """Looks at what could grow, again and again until it is stopped."""

    def __init__(self, bench, quiver):
        self.bench, self.quiver = bench, quiver
        self.seen, self.stop = [], threading.Event()

    def look(self, redis, journal):
        self.seen.append({"own_kib": memory_kib(self.quiver.pid)["anonymous"],
                          "journal": int(redis.call("XLEN", journal)),
                          "file_bytes": file_bytes(self.bench.cloud.path(DATA))})

    def watch(self):
        with self.bench.redis(DATA) as redis:
            (journal,) = redis.keys("quiver:*:journal")
            self.look(redis, journal)
            while not self.stop.wait(LOOK_EVERY):
                self.look(redis, journal)
            self.look(redis, journal)

    def most(self):
        """The most in the first half and in the second: what grows without end grows in both."""
        half = len(self.seen) // 2 or 1
        return {name: [max(entry[name] for entry in part)
                       for part in (self.seen[:half], self.seen[half:] or self.seen)]
                for name in self.seen[0]}


def keep_on(bench, quiver, redis_pid, message, words, part):
    """Asks for a while: what it cost all services, and what grew."""
    count, seconds = round(bench.options.services * part), bench.options.chap_seconds
    sizes = Sizes(bench, quiver)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        watching = pool.submit(sizes.watch)
        try:
            run = bench.load.run(quiver, None, message, "--connections", count, "--every", EVERY,
                                 "--seconds", seconds, "--number", 0, "--range", count, *words,
                                 pids=[quiver.pid, redis_pid], port=quiver.ports["chap"])
        finally:
            sizes.stop.set()
        watching.result()
    wanted = count * seconds / EVERY
    if run["good"] < 0.98 * wanted:
        raise Failed(f"only {run['good']} of {wanted:.0f} requests were answered in time")
    quivers, rediss = (entry["us"] / 1e6 / run["seconds"] / part for entry in run["cpu"])
    return {"services": count, "per_second": run["per_second"], "core": quivers, "redis_core": rediss,
            "p50_us": run["latency_us"]["p50"], "p99_us": run["latency_us"]["p99"],
            "late": run["late"], "load_core": run["load_cpu_share"], "most": sizes.most()}


def pings(bench):
    """`services` that ping, in both ways, for `chap_seconds` each."""
    count = bench.options.services
    want_open_files(count + SPARE)
    write_key(bench.cloud)
    limits = f"workers: 1, connections: {count + SPARE // 2}, " \
             f"connections_per_peer: {count + SPARE // 2}, request_timeout: 1h"
    result = {"services": count, "every_s": EVERY, "journal_max": JOURNAL_MAX}
    with bench.quiver(bench.fresh(DATA), bench.core, limits=limits, listener=LISTENER, more=MORE,
                      journal_max=JOURNAL_MAX) as quiver:
        bench.say(f"registering {count} CHAP services")
        made = bench.load.run(quiver, None, registration(), "--number", 0, "--requests", count,
                              "--connections", 64, "--seconds", 300, core=None,
                              port=quiver.ports["chap"])
        result["registered"] = spread([made["per_second"]])
        with bench.redis(DATA) as redis:
            redis_pid = int(redis.info("server", "process_id"))
        for way, (message, words, part) in WAYS.items():
            bench.say(f"{count * part:.0f} services every {EVERY} s: {way}")
            result[way] = keep_on(bench, quiver, redis_pid, message(), words, part)
    return result

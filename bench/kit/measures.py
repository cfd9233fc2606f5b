"""The measurements. Each compares what Quiver does with the same thing done barely, in turns: one
round is a run of the one and directly after it a run of the other, so that what else the machine
does weighs on both. A ratio is made within its round; of all rounds the least and the median are
given."""
import hashlib
import os
import shutil
import statistics
import subprocess

from .cloud import (CONSUMER, DIALECTS, FIRST_DIALECT, PROVIDERS, ROOT, WRITER, lookup_of_one,
                    lookup_of_ten, registration)
from .machine import Failed, Watch, memory_kib
from .processes import Quiver, RedisCopy, Yardstick, exchange
from .resp import Redis, next_script_call

DATA = ["start", "one", "write", "copy", "many", "crl", "without", "live", "chap"]   # the cloud's folders
SCRIPTS = ["common.lua", "register_service.lua"]   # src/store; how CMake joins them
SETTINGS = ["appendonly", "appendfsync", "save", "maxmemory-policy", "appendfilename", "hz",
            "appenddirname", "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size",
            "no-appendfsync-on-rewrite", "aof-use-rdb-preamble", "databases", "io-threads"]
QUIET = 0.15      # cores that others may keep busy during a round
ATTEMPTS = 2      # times the rounds wanted, until disturbed ones are taken, too
FIRST_WRITTEN = 500_000_000_000   # numbers of the registrations that are measured


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values),
            "rounds": len(values)}


def both(rounds, ratio):
    """Rounds of (Quiver's, the yardstick's) results as spreads by name."""
    ours, theirs = zip(*rounds)
    result = {"ratio": spread([ratio(*pair) for pair in rounds])}
    for name, runs in (("quiver", ours), ("yardstick", theirs)):
        result[name] = {
            "per_second": spread([run["per_second"] for run in runs]),
            "p50_us": spread([run["latency_us"]["p50"] for run in runs]),
            "p99_us": spread([run["latency_us"]["p99"] for run in runs]),
            "load_cpu_share": spread([run["load_cpu_share"] for run in runs]),
        }
        if "cpu" in runs[0]:
            result[name]["cpu_us"] = spread([run["cpu"][0]["us_per_request"] for run in runs])
    result["p50_ratio"] = spread([a["latency_us"]["p50"] / b["latency_us"]["p50"]
                                  for a, b in rounds])
    if "cpu" in ours[0] and "cpu" in theirs[0]:
        result["cpu_ratio"] = spread([a["cpu"][0]["us_per_request"] /
                                      b["cpu"][0]["us_per_request"] for a, b in rounds])
    return result


def faster(ours, theirs):
    return ours["per_second"] / theirs["per_second"]


def undisturbed(wanted, pids, play):
    """Plays rounds until as many as wanted were not disturbed by other programs; where the machine
    does not become quiet, the least disturbed count. Gives them and by how much they were."""
    rounds = []
    for _ in range(wanted * ATTEMPTS):
        watch = Watch(pids)
        pair = play()
        rounds.append((watch.cores(), pair))
        if sum(cores <= QUIET for cores, _ in rounds) == wanted:
            break
    rounds = sorted(rounds, key=lambda entry: entry[0])[:wanted]
    return [pair for _, pair in rounds], {"cores_of_others": spread([cores for cores, _ in rounds])}


class Bench:
    """What all measurements share: programs, the cloud, how long and how often."""

    def __init__(self, options, programs, cloud, load, say):
        self.options, self.programs, self.cloud = options, programs, cloud
        self.load, self.say = load, say
        self.core = 0 if os.cpu_count() > 1 else None
        self.log = cloud.path("log.txt")
        self.written = 0

    def quiver(self, data, core=None, dialect=FIRST_DIALECT, **settings):
        return Quiver(self.programs["quiver"], self.cloud.configure(data, dialect, **settings),
                      self.log, core)

    def fresh(self, data):
        shutil.rmtree(self.cloud.path(data), ignore_errors=True)
        return data

    def clean(self):
        """Throws away what was stored; certificates and the log stay for the next run."""
        for data in DATA:
            shutil.rmtree(self.cloud.path(data), ignore_errors=True)

    def redis(self, data):
        return Redis(self.cloud.path(data, "redis.sock"))

    # ---- start and memory -----------------------------------------------------------------------

    def start(self):
        """Time to ready: with an empty data folder, and with what the first start left there."""
        first, again, memory = [], [], []
        for _ in range(self.options.starts):
            data = self.fresh("start")
            for times in (first, again):
                with self.quiver(data) as quiver:
                    if quiver.ready_status() != 200:
                        raise Failed("Quiver says that it is ready, but /health/ready does not")
                    times.append(quiver.ready_after)
                    memory.append(memory_kib(quiver.pid))
        return {"first_s": spread(first), "again_s": spread(again),
                "empty_resident_kib": spread([entry["resident"] for entry in memory]),
                "empty_anonymous_kib": spread([entry["anonymous"] for entry in memory])}

    # ---- against the yardstick ------------------------------------------------------------------

    def against_yardstick(self, quiver, message, *words):
        """Rounds of the same load on Quiver and on the yardstick that gives the same answer."""
        sample = message.replace(b"#" * 12, b"%012d" % 1)
        answer = exchange(self.cloud, CONSUMER, quiver.port, sample)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Failed(f"lookup was answered: {answer[:300].decode(errors='replace')}")
        with Yardstick(self.programs["yardstick"], self.cloud, answer, self.log,
                       self.core) as yardstick:
            for target in (quiver, yardstick):
                self.load.run(target, CONSUMER, message, *words, "--seconds", 0.5)
            rounds, noise = undisturbed(
                self.options.rounds, [quiver.pid, yardstick.pid],
                lambda: [self.load.run(target, CONSUMER, message, *words, "--seconds",
                                       self.options.seconds) for target in (quiver, yardstick)])
        self.same_size(rounds)
        result = both(rounds, faster) | noise
        result["answer_bytes"] = rounds[0][0]["answer_bytes"]["max"]
        return result

    @staticmethod
    def same_size(rounds):
        """A yardstick of another length would measure nothing."""
        for ours, theirs in rounds:
            most, least = ours["answer_bytes"]["max"], ours["answer_bytes"]["min"]
            bare = theirs["answer_bytes"]["max"]
            if not least * 0.98 <= bare <= most * 1.02:
                raise Failed(f"answers differ in size: Quiver {least} to {most}, yardstick {bare}")

    def kept_alive(self, quiver, message, *words):
        return self.against_yardstick(quiver, message, "--connections", self.options.connections,
                                      *words)

    def lookups_of_one(self):
        """One instance, and nothing else registered, in each dialect; and full handshakes."""
        result = {f"lookup_one_{name}": self.lookup_of_one_in(dialect)
                  for name, dialect in DIALECTS.items()}
        return result | self.handshakes()

    def lookup_of_one_in(self, dialect):
        with self.quiver(self.fresh("one"), self.core, dialect) as quiver:
            self.register(quiver, PROVIDERS[0], 1, dialect)
            self.say(f"lookup of one instance, kept alive, dialect {dialect.name}")
            return self.kept_alive(quiver, lookup_of_one("%012d" % 1, dialect=dialect))

    def handshakes(self):
        result = {}
        with self.quiver(self.fresh("one"), self.core) as quiver:
            self.register(quiver, PROVIDERS[0], 1)
            message = lookup_of_one("%012d" % 1)
            for version in ("1.3", "1.2"):
                self.say(f"full handshakes, TLS {version}")
                result[f"handshake_tls{version}"] = self.against_yardstick(
                    quiver, message, "--connections", 16, "--new", "--tls", version)
        return result

    def lookups_among_many(self):
        """Ten of many, one of many at random, and what many weigh."""
        data, count = self.fresh("many"), self.options.instances
        share = count // len(PROVIDERS)
        result = {"instances": share * len(PROVIDERS)}
        with self.quiver(data) as quiver:
            before = memory_kib(quiver.pid)
            self.say(f"registering {count} instances")
            result["fill"] = spread([self.register(quiver, name, share)["per_second"]
                                     for name in PROVIDERS])
            result["filled"] = self.weight(quiver, data, before)
        with self.quiver(data, self.core) as quiver:
            result["ready_s"] = quiver.ready_after
            result["loaded"] = self.weight(quiver, data, before)
            self.say(f"lookups among {count}")
            random = ["--number", 0, "--range", share, "--random"]
            result["lookup_random"] = self.kept_alive(quiver, lookup_of_one(), *random)
            result["lookup_ten"] = self.kept_alive(quiver, lookup_of_ten("%012d" % 1))
        return result

    def register(self, quiver, name, count, dialect=FIRST_DIALECT):
        return self.load.run(quiver, name, registration(dialect=dialect), "--number", 0 if count > 1 else 1,
                             "--requests", count, "--expect", 201, "--connections",
                             min(count, 64), "--seconds", 600, core=None)

    def weight(self, quiver, data, before):
        """Memory of Quiver's own beyond what it had empty, and the JSON that is stored."""
        now = memory_kib(quiver.pid)
        with self.redis(data) as redis:
            keys = [key for key in redis.keys("quiver:*") if self.is_document(key)]
            stored = sum(sum(redis.pipeline([("STRLEN", key) for key in keys[at:at + 1000]]))
                         for at in range(0, len(keys), 1000))
        grown = {name: (now[name] - before[name]) * 1024 for name in now}
        return {"resident_bytes": grown["resident"], "anonymous_bytes": grown["anonymous"],
                "stored_json_bytes": stored, "ratio": grown["resident"] / stored}

    @staticmethod
    def is_document(key):
        kind = key.split(b"}:", 1)[-1].split(b":", 1)[0]
        return kind in (b"instance", b"system", b"device", b"definition", b"template")

    # ---- registrations --------------------------------------------------------------------------

    def registrations(self):
        """Against redis-benchmark calling the same script with the same arguments on a Redis with
        the same settings and data. Neither is pinned: a registration keeps three programs busy."""
        data = self.fresh("write")
        with self.quiver(data) as quiver:
            call, settings, folder = self.watch(quiver, data)
        copy = self.cloud.path("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock", "*.conf", "*.log"))
        path = self.cloud.path("copy.sock")
        with self.quiver(data) as quiver, RedisCopy(copy, path, settings, self.log) as bare:
            with self.redis(data) as redis:
                redis_pid = int(redis.info("server", "process_id"))
            self.load_script(path, call[1])

            def play():
                return self.write(quiver, redis_pid), self.bare_write(path, call)
            play()   # warms up and does not count
            rounds, noise = undisturbed(self.options.rounds, [quiver.pid, redis_pid, bare.pid],
                                        play)
        result = both(rounds, faster) | noise
        result["redis_cpu_us"] = spread([ours["cpu"][1]["us_per_request"] for ours, _ in rounds])
        result["appendfsync"] = settings["appendfsync"]
        result["connections"] = self.options.writers
        return result

    def watch(self, quiver, data):
        """Registers once and notes what Quiver said to Redis: the call of the script."""
        with self.redis(data) as redis, self.redis(data) as monitor:
            settings = {name: redis.setting(name) for name in SETTINGS}
            folder = redis.setting("dir")
            monitor.call("MONITOR")
            answer = exchange(self.cloud, WRITER, quiver.port, registration("9" * 12))
            if not answer.startswith(b"HTTP/1.1 201 "):
                raise Failed(f"registration was answered: {answer[:300].decode(errors='replace')}")
            sha = hashlib.sha1(self.script()).hexdigest().encode()
            return next_script_call(monitor, sha), settings, folder

    @staticmethod
    def script():
        folder = os.path.join(ROOT, "src", "store")
        parts = []
        for name in SCRIPTS:
            with open(os.path.join(folder, name), "rb") as file:
                parts.append(file.read())
        return b"\n".join(parts)

    def load_script(self, path, sha):
        with Redis(path) as redis:
            if redis.call("SCRIPT", "LOAD", self.script()) != sha:
                raise Failed("the script in src/store is not the one that Quiver runs")

    def write(self, quiver, redis_pid):
        count = self.options.registrations
        self.written += count
        return self.load.run(quiver, WRITER, registration(), "--number",
                             FIRST_WRITTEN + self.written, "--requests", count, "--expect", 201,
                             "--connections", self.options.writers, "--seconds", 120, core=None,
                             pids=[quiver.pid, redis_pid])

    def bare_write(self, path, call):
        """One run of redis-benchmark; void unless each call has made its change."""
        count = self.options.registrations
        words = [word.replace(b"9" * 12, b"__rand_int__") for word in call]
        words[4] = b"0"   # no deadline
        with Redis(path) as redis:
            head = call[3] + b":head"
            before = int(redis.call("HGET", head, "revision"))
            done = subprocess.run(
                ["redis-benchmark", "-s", path, "-n", str(count), "-c", str(self.options.writers),
                 "-r", "1000000000", "--csv", *words], capture_output=True, timeout=600,
                check=False)
            made = int(redis.call("HGET", head, "revision")) - before
        if done.returncode != 0 or made != count:
            raise Failed(f"redis-benchmark made {made} of {count} changes: {done.stderr[-300:]}")
        figures = [float(word.strip(b'"')) for word in
                   done.stdout.strip().splitlines()[-1].rsplit(b",", 7)[1:]]
        return {"per_second": figures[0], "latency_us": {"p50": figures[3] * 1000, "p99": figures[5] * 1000},
                "load_cpu_share": 0.0}



"""Trust that changes while Quiver runs: judging live connections again, and long CRLs, each with
requests beside that must not wait for it."""
import concurrent.futures
import os
import resource
import ssl
import time

from .cloud import CONSUMER, FIRST_DIALECT, PROVIDERS, lookup_of_one
from .crl import Crl, foreign_serials
from .machine import Failed, forget_peak, output, peak_kib
from .measures import spread, undisturbed
from .processes import Held, exchange

SHARES = 100                                        # connections that each identity has: live / 100
LIVE = [f"bench-live-{index}" for index in range(SHARES + 1)]   # the first is revoked
REVOKED = LIVE[0]
RELOADS = 3                                         # in a round
BESIDE = ["--connections", 4]                       # requests beside
SPARE = 1000                                        # connections and open files for other things
MESSAGE = lookup_of_one("%012d" % 1)


def requests_beside(bench, quiver, work):
    """Sends requests while `work` is done in another thread, and for one run at least: what the
    work gave, and the longest request in ms."""
    longest = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        while not longest or not done.done():
            run = bench.load.run(quiver, CONSUMER, MESSAGE, *BESIDE, "--seconds",
                                 bench.options.seconds)
            longest.append(run["latency_us"]["max"] / 1000)
    return done.result(), max(longest)


def nothing():
    return None


# ---- live connections ---------------------------------------------------------------------------

class Sweeps:
    """Reloads after a changed CRL while connections are held; the first revokes one identity."""

    def __init__(self, quiver, crl, path, live):
        self.quiver, self.crl, self.path, self.live = quiver, crl, path, live
        self.changed_at, self.ended = None, 0

    def one(self):
        self.crl.write(self.path, [REVOKED])
        self.changed_at = self.changed_at or time.monotonic()
        took, outcome = self.quiver.reload()
        self.ended += outcome["connections"]["ended"]
        if outcome["connections"]["kept"] < self.live:
            raise Failed(f"only {outcome['connections']['kept']} connections were judged again")
        return took

    def some(self):
        return [self.one() for _ in range(RELOADS)]


def want_open_files(count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Failed(f"{count} open files are needed, and `ulimit -Hn` allows {hard}")


def rounds_of(bench, quiver, held, sweeps):
    first = sweeps.one()   # revokes; it is measured by itself
    rounds, noise = undisturbed(
        bench.options.rounds, [quiver.pid, held.pid],
        lambda: (requests_beside(bench, quiver, nothing),
                 requests_beside(bench, quiver, sweeps.some)))
    times = [took for _, (reloads, _) in rounds for took in reloads]
    return {"reload_s": spread([first, *times]),
            "without_ms": spread([longest for (_, longest), _ in rounds]),
            "beside_ms": spread([longest for _, (_, longest) in rounds])} | noise


def sweep(bench):
    """`live` connections of a hundred identities, judged again after each reload."""
    live, each = bench.options.live, bench.options.live // SHARES
    want_open_files(live + each + SPARE)
    bench.cloud.issue(LIVE)
    crl = Crl(bench.cloud)
    path = crl.write(bench.cloud.path("live.crl"))
    limits = f"workers: 1, connections: {live + each + SPARE // 2}, " \
             f"connections_per_peer: {live + each + SPARE // 2}, request_timeout: 1h"
    with bench.quiver(bench.fresh("live"), bench.core, crl="live.crl", limits=limits) as quiver:
        bench.register(quiver, PROVIDERS[0], 1)
        bench.say(f"connecting {live + each} times")
        with Held(bench.load, quiver, LIVE, live + each, MESSAGE, bench.log) as held:
            bench.say(f"judging {live} connections again")
            sweeps = Sweeps(quiver, crl, path, live)
            result = rounds_of(bench, quiver, held, sweeps)
            ended = held.release()
    if ended["ended"] != each or sweeps.ended > each:
        raise Failed(f"{ended['ended']} connections were ended where {each} were revoked")
    return result | {"live": live, "revoked": each,
                     "cut_s": ended["last_us"] / 1e6 - sweeps.changed_at}


# ---- a long CRL ---------------------------------------------------------------------------------

def check(bench):
    """`quiver check`: seconds."""
    config = bench.cloud.configure("crl", FIRST_DIALECT, crl="long.crl")
    began = time.monotonic()
    output(bench.programs["quiver"], "check", "--config", config)
    return time.monotonic() - began


def want_refused(bench, quiver):
    """Who is on the CRL gets no answer; else the measurement would be of nothing."""
    try:
        exchange(bench.cloud, REVOKED, quiver.port, MESSAGE)
    except (ssl.SSLError, OSError, Failed):
        return
    raise Failed("the long CRL is not enforced")


def reload_with(quiver, new, path):
    """Puts a CRL in place and has it taken over: seconds, and the peak memory meanwhile."""
    forget_peak(quiver.pid)
    os.replace(new, path)
    took, _ = quiver.reload()
    return {"s": took, "peak_kib": peak_kib(quiver.pid)}


def long_crl(bench):
    """A CRL of `serials` entries: checked; taken over by itself; and once more, in place of such a
    one, with requests beside."""
    bench.cloud.issue([REVOKED])
    crl, count = Crl(bench.cloud), bench.options.serials
    path = crl.write(bench.cloud.path("long.crl"))
    short_check = check(bench)
    bench.say(f"writing CRLs of {count} serials")
    foreign = foreign_serials(count - 1)
    news = [crl.write(bench.cloud.path(f"long-{place}.crl"), [REVOKED], foreign)
            for place in range(2)]
    size = os.path.getsize(news[0])
    with bench.quiver(bench.fresh("crl"), crl="long.crl") as quiver:
        bench.register(quiver, PROVIDERS[0], 1)
        exchange(bench.cloud, REVOKED, quiver.port, MESSAGE)
        bench.say("loading them")
        _, without = requests_beside(bench, quiver, nothing)
        first = reload_with(quiver, news[0], path)
        want_refused(bench, quiver)
        second, beside = requests_beside(bench, quiver, lambda: reload_with(quiver, news[1], path))
        want_refused(bench, quiver)
    checked = check(bench)
    os.unlink(path)
    return {"serials": count, "file_bytes": size, "check_s": checked, "short_check_s": short_check,
            "first": first, "again": second, "without_ms": without, "beside_ms": beside}

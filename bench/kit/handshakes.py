"""Full mutual handshakes with CRLs: against Quiver's own without CRLs, and against nginx with the
same certificates, CAs and CRLs; all on one core, in turns. What counts is the servers' CPU time.

The client opens a connection for each request and sends its leaf and the CAs below the root. Trust
is the whole chain, with a CRL of each CA, for that is what nginx needs to check any. For
information: the leaf and the cloud CA alone, as certs/pki issues them, and resumed sessions."""
from .cloud import CONSUMER, PROVIDERS, lookup_of_one
from .machine import Failed
from .measures import both, faster, undisturbed
from .nginx import Nginx, join
from .processes import exchange

AUTHORITIES = ("pki/cloud-ca", "pki/ca/organization", "pki/ca/master")
TRUST = [f"{name}.crt" for name in AUTHORITIES]
CRLS = [f"{name}.crl" for name in AUTHORITIES]
CONNECTIONS = 16
RESUMED_AT_LEAST = 0.9   # the first handshake of each connection is a full one
KINDS = {                # name: words for the load generator, does the client send all CAs
    "full_1.3": (["--new", "--tls", "1.3"], True),
    "full_1.2": (["--new", "--tls", "1.2"], True),
    "short_1.3": (["--new", "--tls", "1.3"], False),
    "resumed_1.3": (["--resume", "--tls", "1.3"], True),
    "resumed_1.2": (["--resume", "--tls", "1.2"], True),
}


def body_length(cloud, target, message):
    head, body = exchange(cloud, CONSUMER, target.port, message).split(b"\r\n\r\n", 1)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise Failed(f"a lookup was answered: {head[:300].decode(errors='replace')}")
    return len(body)


def compare(bench, targets, message, words, chain):
    """Rounds of the same handshakes on all targets: the first against each other, by name."""
    def play(seconds):
        return [bench.load.run(target, CONSUMER, message, "--connections", CONNECTIONS, *words,
                               "--seconds", seconds, chain=chain) for target in targets.values()]
    play(0.5)   # warms up and does not count
    rounds, noise = undisturbed(bench.options.rounds, [target.pid for target in targets.values()],
                                lambda: play(bench.options.seconds))
    least = RESUMED_AT_LEAST if "--resume" in words else 0
    for results in rounds:
        for name, result in zip(targets, results):
            if not least <= result["resumed"] / result["good"] <= (1 if least else 0):
                raise Failed(f"{name}: {result['resumed']} of {result['good']} were resumed")
    return {name: both([(results[0], results[place]) for results in rounds], faster) | noise
            for place, name in enumerate(targets) if place > 0}


def against_nginx(bench):
    cloud, message, result = bench.cloud, lookup_of_one("%012d" % 1), {}
    chain = join(cloud, [f"pki/{CONSUMER}.crt", "pki/ca/organization.crt"], cloud.path("chain.crt"))
    trust, crl = ", ".join(TRUST), ", ".join(CRLS)
    with bench.quiver(bench.fresh("crl"), bench.core, trust=trust, crl=crl) as checked, \
            bench.quiver(bench.fresh("without"), bench.core, trust=trust, crl="") as unchecked:
        for quiver in (checked, unchecked):
            bench.register(quiver, PROVIDERS[0], 1)
        length = body_length(cloud, checked, message)
        with Nginx(cloud, TRUST, CRLS, length, bench.log, bench.core) as nginx:
            if body_length(cloud, nginx, message) != length:
                raise Failed("nginx' answer is not of the same length")
            targets = {"quiver": checked, "without": unchecked, "nginx": nginx}
            for name, (words, whole) in KINDS.items():
                bench.say(f"handshakes {name.replace('_', ', TLS ')}")
                result[name] = compare(bench, targets, message, words, chain if whole else None)
    return result

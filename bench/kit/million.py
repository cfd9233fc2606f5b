"""Lookups among a million instances and among a thousand: what finding costs must follow what is
found, not what is stored.

Registering a million would take longer than measuring them. One registration is made for real, and
what Quiver stored for it is the pattern from which all others are written into its Redis, as its
scripts would have left them: envelopes, sets, head, and the journal's last entry (older ones are
trimmed away). Quiver then starts on that data as on any other.

The instances are laid out so that one number makes a query, whatever the size:
  * ten instances for each provider, nine of definitions that ten providers share ("bench") and one
    of a definition that a hundred share ("bench-wide");
  * each number below the count of shared definitions is a provider that offers the definition of
    the same number, so that ids can be asked for at random;
  * the metadata of a wide definition's instances differ in one member that has ten values.
"""
import secrets

from .cloud import CONSUMER, MARKER, PROVIDERS, FIRST_DIALECT, lookup, registration
from .machine import Failed, memory_kib
from .measures import SETTINGS, both, faster, undisturbed
from .processes import RedisCopy, exchange
from .resp import Redis

SMALL = 1000
PER_PROVIDER = 10
FLOORS = 10          # values of the member that the metadata requirement asks for
FLOOR_ASKED = 3
SAMPLE, SAMPLE_FLOOR = "9" * 12, 777   # what the pattern's own instance is called
PATTERN_PROVIDER = PROVIDERS[0]
BATCH = 100          # providers whose commands go in one piece
KINDS = {            # as which key each document of the pattern is stored, behind the prefix
    "instance": f"instance:{FIRST_DIALECT.instance(PATTERN_PROVIDER, f'bench-{SAMPLE}')}",
    "system": f"system:{PATTERN_PROVIDER}",
    "definition": f"definition:bench-{SAMPLE}",
}


class Layout:
    """Who offers what, where there are `count` instances (a multiple of a thousand)."""

    def __init__(self, count):
        self.count = count
        self.providers = count // PER_PROVIDER
        self.rows = count // 100     # definitions of ten for each of a provider's nine places
        self.shared = 9 * self.rows
        self.wide = count // 1000

    def offers(self, provider):
        """The definition and floor of each of a provider's instances."""
        column, rank = provider % self.rows, provider // self.wide
        for place in range(PER_PROVIDER - 1):
            yield f"bench-{place * self.rows + column:012d}", rank % FLOORS
        yield f"bench-wide-{provider % self.wide:012d}", rank % FLOORS

    def definitions(self):
        yield from (f"bench-{number:012d}" for number in range(self.shared))
        yield from (f"bench-wide-{number:012d}" for number in range(self.wide))


def queries(layout):
    """By name: the request, and how many numbers it may be asked with."""
    provider, definition = f"bench-provider-{MARKER}", f"bench-{MARKER}"
    return {
        "by_id": (lookup({"instanceIds": [FIRST_DIALECT.instance(provider, definition)]}),
                  layout.shared),
        "by_provider": (lookup({"providerNames": [provider]}), layout.providers),
        "by_definition": (lookup({"serviceDefinitionNames": [definition]}), layout.shared),
        "by_metadata": (lookup({"serviceDefinitionNames": [f"bench-wide-{MARKER}"],
                                "metadataRequirementsList": [{"location.floor": FLOOR_ASKED}]}),
                        layout.wide),
    }


# ---- filling ----------------------------------------------------------------------------------

class Pattern:
    """The documents of one real registration, with the places of what differs marked."""

    def __init__(self, redis):
        head = next(key for key in redis.keys("quiver:*") if key.endswith(b":head"))
        self.prefix = head[:-len("head")]
        self.head = head
        self.revision = int(redis.call("HGET", head, "revision"))
        self.token = redis.call("HGET", head, "token")
        self.settings = {name: redis.setting(name) for name in SETTINGS}
        self.folder = redis.setting("dir")
        self.forms = {kind: self.form(redis, self.prefix + name.encode())
                      for kind, name in KINDS.items()}

    def form(self, redis, key):
        text = redis.call("GET", key)
        if text is None:
            raise Failed(f"the registration left no {key.decode()}")
        places = [(b'"rev":%d,' % self.revision, b'"rev":%(rev)d,'),
                  (PATTERN_PROVIDER.encode(), b"%(provider)s"),
                  (f"bench-{SAMPLE}".encode(), b"%(definition)s"),
                  (b'"floor":%d' % SAMPLE_FLOOR, b'"floor":%(floor)d')]
        text = text.replace(b"%", b"%%")
        for found, place in places:
            text = text.replace(found, place)
        if SAMPLE.encode() in text or b"%d" % SAMPLE_FLOOR in text.split(b'"doc":', 1)[-1]:
            raise Failed(f"{key.decode()} is not as expected: {text.decode()}")
        return text

    def write(self, kind, rev, provider="", definition="", floor=0):
        return self.forms[kind] % {b"rev": rev, b"provider": provider.encode(),
                                   b"definition": definition.encode(), b"floor": floor}

    def set(self, kind, name, rev, **names):
        return ("SET", self.prefix + f"{kind}:{name}".encode(),
                self.write(kind, rev, **names))


def provider_commands(pattern, layout, number, first):
    """All that is stored for a provider; its instances have the revisions from `first` on."""
    provider, ids = f"bench-provider-{number:012d}", []
    yield pattern.set("system", provider, first, provider=provider)
    for place, (definition, floor) in enumerate(layout.offers(number)):
        ids.append(FIRST_DIALECT.instance(provider, definition))
        yield pattern.set("instance", ids[-1], first + place, provider=provider,
                          definition=definition, floor=floor)
    yield ("SADD", pattern.prefix + b"instances-of:" + provider.encode(), *ids)


def end_commands(pattern, layout, last):
    """The journal's last entry and the head, which name each other."""
    commands = provider_commands(pattern, layout, layout.providers - 1, last - PER_PROVIDER + 1)
    _, key, document = [command for command in commands if command[0] == "SET"][-1]
    token = secrets.token_hex(len(pattern.token) // 2)
    yield ("XADD", pattern.prefix + b"journal", f"{last}-0", "prev", pattern.token, "token", token,
           "at", 0, "kind", "register-service", b"put:" + key[len(pattern.prefix):], document)
    yield "HSET", pattern.head, "revision", last, "token", token


def fill(redis, pattern, layout):
    first = pattern.revision + 1
    for at in range(0, layout.providers, BATCH):
        redis.pipeline([command for number in range(at, min(at + BATCH, layout.providers))
                        for command in provider_commands(pattern, layout, number,
                                                         first + number * PER_PROVIDER)])
    definitions = list(layout.definitions())
    for at in range(0, len(definitions), BATCH * PER_PROVIDER):
        redis.pipeline([pattern.set("definition", name, first, definition=name)
                        for name in definitions[at:at + BATCH * PER_PROVIDER]])
    redis.pipeline(list(end_commands(pattern, layout, first + layout.count - 1)))


def register(bench, quiver, message):
    answer = exchange(bench.cloud, PATTERN_PROVIDER, quiver.port, message)
    if not answer.startswith(b"HTTP/1.1 201 "):
        raise Failed(f"registration was answered: {answer[:300].decode(errors='replace')}")


def prepare(bench, data, layout):
    """A data folder with that many instances; gives the memory of Quiver when it had none."""
    with bench.quiver(bench.fresh(data)) as quiver:
        empty = memory_kib(quiver.pid)
        register(bench, quiver, registration(SAMPLE, floor=SAMPLE_FLOOR))
        with bench.redis(data) as redis:
            pattern = Pattern(redis)
    bench.say(f"writing {layout.count} instances")
    path = bench.cloud.path("fill.sock")
    settings = pattern.settings | {"appendfsync": "no", "auto-aof-rewrite-percentage": "0"}
    with RedisCopy(pattern.folder, path, settings, bench.log), Redis(path) as redis:
        fill(redis, pattern, layout)
    return empty


# ---- comparing ----------------------------------------------------------------------------------

def compare(bench, large, small, name, layouts):
    """Rounds of the same query on both; their answers must have one size."""
    targets = []
    for quiver, layout in ((large, layouts[0]), (small, layouts[1])):
        message, numbers = queries(layout)[name]
        targets.append((quiver, message, ["--number", 0, "--range", numbers, "--random",
                                          "--connections", bench.options.connections]))

    def play(seconds):
        return [bench.load.run(quiver, CONSUMER, message, *words, "--seconds", seconds)
                for quiver, message, words in targets]
    play(0.5)   # warms up and does not count
    rounds, noise = undisturbed(bench.options.rounds, [large.pid, small.pid],
                                lambda: play(bench.options.seconds))
    bench.same_size(rounds)
    result = both(rounds, faster) | noise
    result["answer_bytes"] = rounds[0][0]["answer_bytes"]["max"]
    return result


def lookups_among_a_million(bench):
    """Each kind of lookup among `million` instances against the same among a thousand."""
    layouts = Layout(bench.options.million), Layout(SMALL)
    empty = prepare(bench, "million", layouts[0])
    prepare(bench, "thousand", layouts[1])
    with bench.quiver("million", bench.core) as large, \
            bench.quiver("thousand", bench.core) as small:
        result = {"instances": layouts[0].count, "few": SMALL, "ready_s": large.ready_after,
                  "loaded": bench.weight(large, "million", empty)}
        for name in queries(layouts[0]):
            bench.say(f"lookups {name.replace('_', ' ')} among {layouts[0].count}")
            result[name] = compare(bench, large, small, name, layouts)
        register(bench, large, registration("8" * 12))   # changes are accepted on what was written
    bench.fresh("million")   # a gigabyte
    return result

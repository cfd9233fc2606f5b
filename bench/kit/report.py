"""The figures as a table with the goals, as JSON, and in docs/performance.md."""
import json
import os

from . import decisions
from .machine import Failed

BEGIN, END = "<!-- written by bench/run --publish -->\n", "<!-- end of what it wrote -->\n"
MIB = 1024 * 1024


def ratio(result):
    return f"{result['min']:.2f} / {result['median']:.2f}"


def compared(title, result, unit, goal=None, bare="yardstick"):
    """A row: what Quiver does, what is done barely, least and median ratio, CPU, the goal."""
    ours, theirs = result["quiver"], result["yardstick"]
    cpu = "-"
    if "cpu_us" in ours:
        cpu = f"{ours['cpu_us']['median']:.1f}"
        if "cpu_us" in theirs:
            bare_cpu = theirs["cpu_us"]["median"]
            cpu += f" / {bare_cpu:.1f} = {1 / result['cpu_ratio']['median']:.2f}"
    return {"title": title, "ours": f"{ours['per_second']['median']:,.0f} {unit}/s",
            "bare": f"{theirs['per_second']['median']:,.0f} {unit}/s ({bare})",
            "ratio": ratio(result["ratio"]), "cpu": cpu,
            "others": f"{result['cores_of_others']['max']:.2f}",
            "goal": goal, "reached": None if goal is None else result["ratio"]["median"] >= goal,
            "words": None if goal is None else f">= {goal}"}


def found_as_fast(title, result, few):
    """A row: lookups among many against the same lookups among few. The goal is of the time."""
    row = compared(title, result, "req", bare=f"among {few:,}")
    cpu, p50 = result["cpu_ratio"]["median"], result["p50_ratio"]["median"]
    return row | {"goal": 1.2, "reached": max(cpu, p50) <= 1.2,
                  "words": f"time <= 1.2 (CPU {cpu:.2f}, median latency {p50:.2f})"}


def measured(title, value, text, limit=None, limit_text=None):
    return {"title": title, "ours": text, "bare": "-", "ratio": "-", "cpu": "-", "goal": limit,
            "reached": None if limit is None else value <= limit, "words": limit_text}


def start_rows(found):
    first, again = found["first_s"]["median"], found["again_s"]["median"]
    empty = found["empty_resident_kib"]["median"] / 1024
    own = found["empty_anonymous_kib"]["median"] / 1024
    return [measured("ready, empty data folder", first, f"{first:.3f} s", 0.3, "<= 0.3 s"),
            measured("ready, data folder of before", again, f"{again:.3f} s", 0.3, "<= 0.3 s"),
            measured("resident memory, empty", empty,
                     f"{empty:.1f} MiB ({own:.1f} MiB of it anonymous)", 20e6 / MIB, "<= 20 MB")]


def memory_row(title, entry, limit=None):
    return measured(title, entry["ratio"],
                    f"{entry['resident_bytes'] / MIB:.0f} MiB = {entry['ratio']:.2f} x the "
                    f"{entry['stored_json_bytes'] / MIB:.0f} MiB of JSON stored",
                    limit, None if limit is None else f"<= {limit:.0f} x")


def many_rows(found):
    count = f"{found['instances']:,}"
    rows = [compared(f"lookup of ten among {count}", found["lookup_ten"], "req"),
            compared(f"lookup of one at random among {count}", found["lookup_random"], "req")]
    for title, part in (("registered one by one", "filled"), ("loaded at a start", "loaded")):
        rows.append(memory_row(f"memory of {count} instances, {title}", found[part]))
    rows.append(measured(f"ready with {count} instances", found["ready_s"],
                         f"{found['ready_s']:.2f} s"))
    return rows


LOOKUPS = {   # of million.py: what each finds
    "by_id": "one by id", "by_provider": "ten by provider", "by_definition": "ten by definition",
    "by_metadata": "ten by metadata of a definition's hundred"}


def million_rows(found):
    count, few = f"{found['instances']:,}", found["few"]
    rows = [found_as_fast(f"lookup of {title}, at random among {count}", found[name], few)
            for name, title in LOOKUPS.items()]
    return [*rows, memory_row(f"memory of {count} instances, loaded at a start", found["loaded"],
                              3.0),
            measured(f"ready with {count} instances, on one core", found["ready_s"],
                     f"{found['ready_s']:.1f} s")]


def cheaper(title, result, bare, limit):
    """A row whose goal is the share of the other's CPU time."""
    row, cpu = compared(title, result, "conn", bare=bare), result["cpu_ratio"]["median"]
    if limit is None:
        return row
    return row | {"goal": limit, "reached": cpu <= limit, "words": f"CPU <= {limit} ({cpu:.2f})"}


HANDSHAKES = {   # of handshakes.py
    "full_1.3": ("full handshake with CRLs, TLS 1.3", {"without": 1.05, "nginx": 0.65}),
    "full_1.2": ("full handshake with CRLs, TLS 1.2", {"without": 1.05, "nginx": 0.65}),
    "short_1.3": ("the same, TLS 1.3, client sends one CA", {"without": None, "nginx": None}),
    "resumed_1.3": ("resumed handshake with CRLs, TLS 1.3", {"nginx": None}),
    "resumed_1.2": ("resumed handshake with CRLs, TLS 1.2", {"nginx": None})}


def handshake_rows(found):
    names = {"without": "without CRL", "nginx": "nginx"}
    return [cheaper(title, found[kind][bare], names[bare], limit)
            for kind, (title, limits) in HANDSHAKES.items() for bare, limit in limits.items()]


def waiting(title, beside, without, limit=None):
    """A row: the longest request while something went on, and while nothing did."""
    row = measured(title, beside - without, f"{beside:.1f} ms", limit,
                   None if limit is None else f"<= {limit} ms more")
    return row | {"bare": f"{without:.1f} ms (while nothing happens)"}


def sweep_rows(found):
    live, longest = f"{found['live']:,}", found["reload_s"]["max"]
    rows = [measured(f"reload that judges {live} live connections again, longest of "
                     f"{found['reload_s']['rounds']}", longest, f"{longest:.3f} s", 1, "< 1 s"),
            measured(f"{found['revoked']} of them revoked: cut after the CRL changed",
                     found["cut_s"], f"{found['cut_s']:.3f} s", 1, "< 1 s"),
            waiting("longest request during these reloads", found["beside_ms"]["max"],
                    found["without_ms"]["max"], 20)]
    return [row | {"others": f"{found['cores_of_others']['max']:.2f}"} for row in rows]


def crl_rows(found):
    name, first, again = f"CRL of {found['serials']:,} serials", found["first"], found["again"]
    peak = max(first["peak_kib"], again["peak_kib"]) * 1024
    return [measured(f"reload with a {name}", first["s"], f"{first['s']:.2f} s", 3, "< 3 s"),
            measured(f"peak memory of a reload with a {name} in place of another", peak,
                     f"{peak / 1e6:.0f} MB ({first['peak_kib'] * 1024 / 1e6:.0f} MB in place of a "
                     "short one)", 300e6, "< 300 MB"),
            waiting("longest request meanwhile", found["beside_ms"], found["without_ms"]),
            measured(f"quiver check with a {name}", found["check_s"],
                     f"{found['check_s']:.2f} s (empty CRL: {found['short_check_s']:.2f} s)")]


CHAP_WAYS = {   # of chap.py: in what way, and the share of a core that is the goal
    "kept": ("on kept connections", 0.10), "new": ("each on a new connection", 0.60)}


def chap_share(title, part, found, goal=None):
    """A row: the share of a core that all services cost."""
    rate = found["services"] / found["every_s"]
    few = f", measured with {part['services']:,}" if part["services"] < found["services"] else ""
    return measured(title, part["core"],
                    f"{part['core']:.1%} of a core at {rate:,.0f}/s{few} (Redis "
                    f"{part['redis_core']:.1%}; median {part['p50_us'] / 1000:.1f} ms)",
                    goal, None if goal is None else f"< {goal:.0%}")


def bounded_row(title, most, value, limit, words):
    """A row about what must not grow: the most in either half of a run."""
    return measured(title, most[1], " then ".join(value(part) for part in most), limit, words)


def chap_rows(found):
    name = f"{found['services']:,} CHAP services"
    rows = [chap_share(f"{name} read every {found['every_s']} s, on kept connections",
                       found["read"], found)]
    rate = found["services"] / found["every_s"]
    journal = max(found["journal_max"], 60 * rate) * 1.1 + 1000
    for way, (title, goal) in CHAP_WAYS.items():
        part = found[way]
        most = part["most"]
        rows.append(chap_share(f"{name} pinging every {found['every_s']} s, {title}", part, found,
                               goal))
        rows.append(bounded_row(f"{title}: most memory, first half and second", most["own_kib"],
                                lambda kib: f"{kib / 1024:.1f} MiB", most["own_kib"][0] * 1.1 + 2048,
                                "second <= 1.1 x first + 2 MiB"))
        rows.append(bounded_row(f"{title}: most journal entries", most["journal"],
                                lambda count: f"{count:,}", journal, f"<= {journal:,.0f}"))
        rows.append(bounded_row(f"{title}: most in the data folder", most["file_bytes"],
                                lambda size: f"{size / 1e6:.0f} MB", 400e6, "<= 400 MB"))
    return rows


FURTHER = {"handshake": handshake_rows, "sweep": sweep_rows, "crl": crl_rows,
           "chap": chap_rows}


def rows_of(results):
    rows = []
    if "one" in results:
        one = results["one"]
        for dialect in ("5.0", "5.2"):
            rows.append(compared(f"lookup of one, kept alive, dialect {dialect}",
                                 one[f"lookup_one_{dialect}"], "req", 0.6))
        for version in ("1.3", "1.2"):
            rows.append(compared(f"full handshake and one lookup, TLS {version}",
                                 one[f"handshake_tls{version}"], "conn"))
    for name, make in FURTHER.items():
        if name in results:
            rows += make(results[name])
    if "many" in results:
        rows += many_rows(results["many"])
    if "million" in results:
        rows += million_rows(results["million"])
    if "write" in results:
        write = results["write"]
        rows.append(compared(f"registration, appendfsync {write['appendfsync']}, "
                             f"{write['connections']} connections", write, "reg", 0.5,
                             "redis-benchmark"))
    if "start" in results:
        rows += start_rows(results["start"])
    return rows


def table(rows):
    lines = ["| what | Quiver | bare | ratio, min / median | "
             "CPU us a piece, Quiver / bare = inverse ratio | goal | others |",
             "|---|---|---|---|---|---|---|"]
    for row in rows:
        goal = "-" if row["words"] is None else \
            f"{row['words']}: {'reached' if row['reached'] else 'MISSED'}"
        lines.append(f"| {row['title']} | {row['ours']} | {row['bare']} | {row['ratio']} | "
                     f"{row['cpu']} | {goal} | {row.get('others', '-')} |")
    return "\n".join(lines)


def machine_lines(machine):
    return "\n".join(f"- {name}: {value}" for name, value in machine.items())


def publish(path, text, begin=BEGIN, end=END):
    """Puts the figures into a document, between its two marks; all else in it stays."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    if document.count(begin) != 1 or document.count(end) != 1:
        raise Failed(f"{path}: the marks between which the figures go are not there once each")
    before, rest = document.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}{text}{end}{rest.split(end)[1]}")


def tables(results):
    """All tables of what was measured."""
    rows = rows_of(results)
    parts = [table(rows)] if rows else []
    if "decisions" in results:
        parts.append(decisions.table(results["decisions"]))
    return "\n\n".join(parts)


def missed(results):
    """The titles of what did not reach its goal."""
    titles = [row["title"] for row in rows_of(results) if row["reached"] is False]
    return titles + (decisions.missed(results["decisions"]) if "decisions" in results else [])


def publish_all(path, machine, results):
    """Each table between its own marks; those of what was not measured stay as they are."""
    rows = rows_of(results)
    if rows:
        publish(path, f"{machine_lines(machine)}\n\n{table(rows)}\n")
    if "decisions" in results:
        publish(path, decisions.published(results["decisions"], machine), decisions.BEGIN,
                decisions.END)


def write(folder, machine, settings, results, document):
    """results.json and results.md in `folder`, and in `document` if there is one."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "settings": settings, "results": results}, file, indent=2)
        file.write("\n")
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(f"{machine_lines(machine)}\n\n{tables(results)}\n")
    if document is not None:
        publish_all(document, machine, results)

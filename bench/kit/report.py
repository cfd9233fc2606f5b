"""The figures as a table with the goals, and as JSON."""
import json
import os

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
            cpu += f" / {theirs['cpu_us']['median']:.1f}"
    return {"title": title, "ours": f"{ours['per_second']['median']:,.0f} {unit}/s",
            "bare": f"{theirs['per_second']['median']:,.0f} {unit}/s ({bare})",
            "ratio": ratio(result["ratio"]), "cpu": cpu,
            "others": f"{result['cores_of_others']['max']:.2f}",
            "goal": goal, "reached": None if goal is None else result["ratio"]["median"] >= goal,
            "words": None if goal is None else f">= {goal}"}


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


def many_rows(found):
    count = f"{found['instances']:,}"
    rows = [compared(f"lookup of ten among {count}", found["lookup_ten"], "req"),
            compared(f"lookup of one at random among {count}", found["lookup_random"], "req")]
    for title, part in (("registered one by one", "filled"), ("loaded at a start", "loaded")):
        entry = found[part]
        rows.append(measured(
            f"memory of {count} instances, {title}", entry["ratio"],
            f"{entry['resident_bytes'] / MIB:.0f} MiB = {entry['ratio']:.2f} x the "
            f"{entry['stored_json_bytes'] / MIB:.0f} MiB of JSON stored"))
    rows.append(measured(f"ready with {count} instances", found["ready_s"],
                         f"{found['ready_s']:.2f} s"))
    return rows


def rows_of(results):
    rows = []
    if "one" in results:
        one = results["one"]
        rows.append(compared("lookup of one, kept alive", one["lookup_one"], "req", 0.6))
        for version in ("1.3", "1.2"):
            rows.append(compared(f"full handshake and one lookup, TLS {version}",
                                 one[f"handshake_tls{version}"], "conn"))
    if "many" in results:
        rows += many_rows(results["many"])
    if "write" in results:
        write = results["write"]
        rows.append(compared(f"registration, appendfsync {write['appendfsync']}, "
                             f"{write['connections']} connections", write, "reg", 0.5,
                             "redis-benchmark"))
    if "start" in results:
        rows += start_rows(results["start"])
    return rows


def table(rows):
    lines = ["| what | Quiver | bare | ratio, min / median | CPU us, Quiver / bare | goal | "
             "others |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        goal = "-" if row["words"] is None else \
            f"{row['words']}: {'reached' if row['reached'] else 'MISSED'}"
        lines.append(f"| {row['title']} | {row['ours']} | {row['bare']} | {row['ratio']} | "
                     f"{row['cpu']} | {goal} | {row.get('others', '-')} |")
    return "\n".join(lines)


def machine_lines(machine):
    return "\n".join(f"- {name}: {value}" for name, value in machine.items())


def write(folder, machine, settings, results):
    """results.json and results.md in `folder`; gives the rows."""
    rows = rows_of(results)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "settings": settings, "results": results}, file, indent=2)
        file.write("\n")
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(f"{machine_lines(machine)}\n\n{table(rows)}\n")
    return rows

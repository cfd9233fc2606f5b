"""Decisions of the policy: figures of bench/decisions.c, which measures Quiver's own functions in a
process of its own. No server takes part; each figure is the median of as many runs as there are
rounds, and a run tells the best of several."""
import json
import os
import statistics
import subprocess

from .machine import Failed
from .measures import undisturbed

BEGIN = "<!-- decisions, written by bench/run --publish -->\n"
END = "<!-- end of decisions -->\n"
MACHINE = ("processor", "cores", "kernel", "virtual", "quiver")   # what figures depend on


def run(program):
    done = subprocess.run([program, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{os.path.basename(program)} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def medians(runs, part):
    """The entries of a part, each number the median of all runs."""
    result = []
    for entries in zip(*(found[part] for found in runs)):
        entry = dict(entries[0])
        for name in entry:
            if name.endswith("_ns") or name == "ns":
                entry[name] = statistics.median(other[name] for other in entries)
        result.append(entry)
    return result


def decisions(bench):
    runs, noise = undisturbed(bench.options.rounds, [],
                              lambda: run(bench.programs["decisions"]))
    return {**{name: runs[0][name] for name in ("rules", "few_rules", "goal_ns")}, **noise,
            **{part: medians(runs, part) for part in ("decisions", "rights")}}


def missed(found):
    return [entry["name"] for entry in found["decisions"]
            if entry["has_goal"] and entry["ns"] >= found["goal_ns"]]


def table(found):
    goal = f"< {found['goal_ns'] / 1000:.0f} us"
    late = missed(found)
    lines = [f"| rules | a decision among {found['rules']:,}, us | among {found['few_rules']}, us | "
             "goal |", "|---|---|---|---|"]
    for entry in found["decisions"]:
        word = "MISSED" if entry["name"] in late else "reached"
        lines.append(f"| {entry['name']} | {entry['ns'] / 1000:.2f} | {entry['few_ns'] / 1000:.2f} "
                     f"| {f'{goal}: {word}' if entry['has_goal'] else '-'} |")
    lines += ["", f"| the rights of a caller among {found['rules']:,} rules | the first time, us | "
              "kept, us |", "|---|---|---|"]
    lines += [f"| {entry['name']} | {entry['first_ns'] / 1000:.2f} | {entry['kept_ns'] / 1000:.2f} |"
              for entry in found["rights"]]
    return "\n".join(lines)


def published(found, machine):
    """What goes into a document."""
    about = ", ".join(f"{name}: {machine[name]}" for name in MACHINE)
    return (f"{about}; cores that others kept busy: {found['cores_of_others']['max']:.2f}\n\n"
            f"{table(found)}\n")

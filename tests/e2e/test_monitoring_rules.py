"""docs/monitoring: rules and dashboard are what Prometheus understands, and ask for metrics that exist.

promtool (Debian's package prometheus) checks and tests the rules; without it these tests are skipped.
"""

import json
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest
import yaml

from harness import ROOT

FOLDER = ROOT / "docs/monitoring"
FAMILY = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \|", re.M)
NAME = re.compile(r"\b(?:quiver|process)_\w+")
promtool = pytest.mark.skipif(shutil.which("promtool") is None,
                              reason="promtool is missing: apt-get install prometheus")


def run(*words):
    done = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def series_of(page: str) -> set[str]:
    """All names that a query may have."""
    found = set()
    for name, kind, _ in FAMILY.findall(page):
        found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return found


@pytest.fixture(scope="module")
def names():
    found = series_of((FOLDER / "README.md").read_text())
    assert len(found) > 25
    return found


@promtool
def test_rules_are_valid():
    assert "SUCCESS: " in run("check", "rules", "rules.yaml")


@promtool
def test_rules_do_what_they_say():
    assert "SUCCESS" in run("test", "rules", "rules_test.yaml")


def test_each_rule_has_a_test():
    alerts = re.findall(r"^ *- alert: (\w+)", (FOLDER / "rules.yaml").read_text(), re.M)
    tests = (FOLDER / "rules_test.yaml").read_text()
    assert len(alerts) == len(set(alerts)) >= 10
    for alert in alerts:
        fires = re.search(rf"alertname: {alert}\n *exp_alerts:\n *- exp_labels", tests)
        assert fires, f"no test lets {alert} fire"


def test_rules_ask_for_what_exists(names):
    asked = set(NAME.findall((FOLDER / "rules.yaml").read_text()))
    assert asked and asked <= names


def test_the_dashboard_asks_for_what_exists(names):
    board = json.loads((FOLDER / "dashboard.json").read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    asked = {name for query in queries for name in NAME.findall(query)}
    assert len(queries) > 20 and asked <= names
    variables = {entry["name"] for entry in board["templating"]["list"]} | {"__rate_interval"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    assert used <= variables


class Selector(NamedTuple):
    """What a query asks of one metric: label, operator and value of each matcher."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


SELECTOR = re.compile(r"\b((?:quiver|process)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
OF_PROMETHEUS = {"instance", "job"}  # which a scrape adds


def selectors(query: str) -> set[Selector]:
    return {Selector(name, tuple(matcher for matcher in MATCHER.findall(inside)
                                 if matcher[0] not in OF_PROMETHEUS))
            for name, inside in SELECTOR.findall(query)}


def fits(labels: dict[str, str], matcher: tuple[str, str, str]) -> bool:
    label, operator, value = matcher
    if operator.endswith("~"):
        return bool(re.fullmatch(value, labels.get(label, ""))) == (operator == "=~")
    return (labels.get(label) == value) == (operator == "=")


def misses(selector: Selector, series: list[dict[str, str]]) -> list[str]:
    """What of it no series answers to: as a whole, and each value by itself. Of an alternation each
    branch, for a misspelt one is never missed by a query; of a negation what it takes away."""
    wrong = []
    if not any(all(fits(labels, matcher) for matcher in selector.matchers) for labels in series):
        wrong.append(f"{selector}: no series")
    for label, operator, value in selector.matchers:
        branches = value.split("|") if operator.endswith("~") else [value]
        wanted = "=~" if operator.endswith("~") else "="
        wrong += [f"{selector}: nothing is {label}={branch}" for branch in branches
                  if not any(label in labels and fits(labels, (label, wanted, branch)) for labels in series)]
    return wrong


def test_each_matcher_finds_a_series(quiver, tmp_path):
    """Of the rules and the dashboard, at a server that does all that there are metrics of."""
    server = quiver.start(audit={"file": str(tmp_path / "audit.log")})
    found = {}
    for line in server.ops.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, inside = line.rpartition(" ")[0].partition("{")
            found.setdefault(name, []).append({label: value for label, _, value in MATCHER.findall(inside)})
    rules = yaml.safe_load((FOLDER / "rules.yaml").read_text())
    board = json.loads((FOLDER / "dashboard.json").read_text())
    queries = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    queries += [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    asked = {selector for query in queries for selector in selectors(query)}
    assert len(asked) > 25 and sum(len(selector.matchers) for selector in asked) >= 8
    assert [miss for selector in sorted(asked) for miss in misses(selector, found.get(selector.name, []))] == []


@promtool
def test_the_dashboards_queries_parse(tmp_path):
    """As recording rules: promtool has no other way to have a query checked."""
    board = json.loads((FOLDER / "dashboard.json").read_text())
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    rules = [{"record": f"panel:{i}", "expr": query.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for i, query in enumerate(queries)]
    file = tmp_path / "queries.json"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run("check", "rules", str(file))

"""docs/monitoring: rules and dashboard are what Prometheus understands, and ask for metrics that exist.

promtool (Debian's package prometheus) checks and tests the rules; without it these tests are skipped.
"""

import json
import re
import shutil
import subprocess

import pytest

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

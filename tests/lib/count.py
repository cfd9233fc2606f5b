"""Prints how many tests of a report in JUnit's format passed and how many failed."""

import sys
import xml.etree.ElementTree as tree


def figures(root):
    """(passed, failed); what was skipped is neither. ctest writes one suite, pytest a list."""
    passed = failed = 0
    for suite in [root] if root.tag == "testsuite" else root.iter("testsuite"):
        total, skipped, bad = (int(suite.get(name, 0)) for name in ("tests", "skipped", "failures"))
        bad += int(suite.get("errors", 0))
        skipped += int(suite.get("disabled", 0))
        passed += total - skipped - bad
        failed += bad
    return passed, failed


if __name__ == "__main__":
    print(*figures(tree.parse(sys.argv[1]).getroot()))

"""count.py REPORT [--no-skips]: how many tests of a report in JUnit's format passed, failed and were
skipped. With --no-skips a skipped test counts as failed and is told, unless the machine decides that."""

import re
import sys
import xml.etree.ElementTree as tree

# What the machine decides, and no package of tests/lib/packages.sh: Python 3.13, containers, mounting,
# addresses, huge pages, being root.
MAY_BE_SKIPPED = re.compile(r"no Python 3\.13|the real clients (need|could not)|buildah cannot run anything here"
                            r"|no fresh Debian can be made here|a Debian root is made as root"
                            r"|namespaces are not allowed here|no file system can be mounted here"
                            r"|this machine has no address but loopback's|this kernel gives no large pages"
                            r"|only root may|not root")
LACKS_A_PACKAGE = re.compile(r"is not installed|is missing")


def figures(root):
    """(passed, failed, skipped). ctest writes one suite, pytest a list."""
    passed = failed = left_out = 0
    for suite in [root] if root.tag == "testsuite" else root.iter("testsuite"):
        total, skipped, bad = (int(suite.get(name, 0)) for name in ("tests", "skipped", "failures"))
        bad += int(suite.get("errors", 0))
        skipped += int(suite.get("disabled", 0))
        passed += total - skipped - bad
        failed += bad
        left_out += skipped
    return passed, failed, left_out


def unwanted(root):
    """[(test, reason)] of those skipped for another reason than the machine."""
    found = []
    for case in root.iter("testcase"):
        for skip in case.iter("skipped"):
            reason = skip.get("message") or skip.text or ""
            if LACKS_A_PACKAGE.search(reason) or not MAY_BE_SKIPPED.search(reason):
                found.append((case.get("name"), reason))
    return found


if __name__ == "__main__":
    report = tree.parse(sys.argv[1]).getroot()
    skips = unwanted(report) if "--no-skips" in sys.argv[2:] else []
    for test, reason in skips:
        print(f"test.sh: {test} was skipped, which counts as failed: {reason}", file=sys.stderr)
    good, bad, left_out = figures(report)
    print(good, bad + len(skips), left_out - len(skips))

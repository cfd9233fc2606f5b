"""What the checks share: the project's files, and how findings are reported.

A check is a function (root) -> findings, each "path:line: what is wrong". Every check proves with
--self-check that it can fail: it is given a small wrong tree and must find what is wrong there.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".git", "build", "data", ".venv", "__pycache__", ".pytest_cache", ".hypothesis", "certs/local"}


def files(root, suffixes=None):
    """The project's text files below `root`, relative to it, sorted; not what is built or private."""
    found = []
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(d for d in folders if d not in SKIPPED and str(here / d) not in SKIPPED)
        found += [here / n for n in sorted(names)
                  if n != ".git" and (suffixes is None or Path(n).suffix in suffixes)]  # .git may be a file
    return found


def lines(root, path):
    """(number, text) of each line; nothing for what is no text."""
    data = (root / path).read_bytes()
    if b"\0" in data:
        return []
    return list(enumerate(data.decode("utf-8", "replace").splitlines(), 1))


def self_check(check, cases):
    """`cases`: name -> (files of a tree, how many findings there must be)."""
    faults = []
    for name, (tree, expected) in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            for path, text in tree.items():
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            found = check(Path(folder))
            if len(found) != expected:
                faults.append(f"self-check '{name}': expected {expected} findings, got {found}")
    return faults


def main(check, cases):
    findings = self_check(check, cases) or ([] if "--self-check" in sys.argv else check(ROOT))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)

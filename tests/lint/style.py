#!/usr/bin/env python3
"""C is formatted as .clang-format says, shell scripts pass shellcheck."""

import re
import subprocess

from common import ROOT, files, main


def c_files(root):
    return [p for p in files(root, {".c", ".h"}) if p.parts[0] in ("src", "include", "tests", "bench")]


def shell_files(root):
    found = []
    for path in files(root):
        if path.suffix == ".sh":
            found.append(path)
        elif not path.suffix:
            first = (root / path).read_bytes()[:40].split(b"\n")[0]
            if first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash")):
                found.append(path)
    return found


def run(root, command, paths):
    """The tool's complaints about `paths`, one per line."""
    if not paths:
        return []
    done = subprocess.run([*command, *map(str, paths)], cwd=root, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return []
    complaints = re.findall(r"^\S+:\d+:\d+: .*", done.stdout + done.stderr, re.M)
    return complaints or [f"{command[0]} ended with status {done.returncode}: {done.stderr[:500]}"]


def check(root):
    style = f"--style=file:{ROOT}/.clang-format"
    findings = run(root, ["clang-format", "--dry-run", "-Werror", style], c_files(root))
    return findings + run(root, ["shellcheck", "-x", "--format=gcc"], shell_files(root))


CASES = {
    "well formed": ({"src/a.c": "int a;\n", "b.sh": "#!/bin/sh\necho \"$1\"\n"}, 0),
    "badly indented": ({"src/a.c": "int f(void)\n{\nreturn  1;\n}\n"}, 2),
    "unquoted": ({"bin/b": "#!/bin/bash\necho $1\n"}, 1),
    "too wide": ({"src/a.c": "/* " + "x" * 120 + " */\n"}, 1),
    "not ours to format": ({"build/a.c": "int   a;\n", "notes": "#!/usr/bin/env python3\n"}, 0),
}

if __name__ == "__main__":
    main(check, CASES)

#!/usr/bin/env python3
"""What must stand in no file: unfinished work, private keys, paths of one machine."""

import re

from common import files, lines, main

# The words are put together here, so that this file does not find itself.
RULES = [
    (re.compile(r"\b(" + "TO" + "DO|FIX" + "ME|XX" + "X)\\b"), "unfinished work belongs into an issue"),
    (re.compile("-----BEGIN " + r"([A-Z0-9]+ )*PRIVATE KEY-----"), "a private key must not be committed"),
    (re.compile(r"(?<![\w.$}~/-])/(wo" + "rk|ho" + "me|ro" + r"ot)/\w"), "a path of one machine"),
    (re.compile(r"/opt/" + "wheels|" + "find-" + "links"), "a package source of one machine"),
]
# A recorded document may hold anything.
EXEMPT = ("tests/e2e/conformance/", "tests/fuzz/corpus/")


def check(root):
    findings = []
    for path in files(root):
        if str(path).startswith(EXEMPT):
            continue
        for number, text in lines(root, path):
            findings += [f"{path}:{number}: {why}" for pattern, why in RULES if pattern.search(text)]
    return findings


CASES = {
    "clean": ({"src/a.c": "int a; /* done */\n", "README.md": "see https://x.example/home/a\n"}, 0),
    "unfinished": ({"src/a.c": "/* TO" + "DO: later */\n// FIX" + "ME\n"}, 2),
    "private key": ({"a.pem": "-----BEGIN EC PRIV" + "ATE KEY-----\n"}, 1),
    "machine path": ({"a.sh": "cd /wo" + "rk/main\n", "b.py": "open('/ho" + "me/me/x')\n"}, 2),
    "built files do not count": ({"build/a.c": "// TO" + "DO\n", "certs/local/a.key":
                                  "-----BEGIN PRIV" + "ATE KEY-----\n"}, 0),
}

if __name__ == "__main__":
    main(check, CASES)

#!/usr/bin/env python3
"""Where keys and secrets are kept, bytes are compared by CRYPTO_memcmp alone: its time tells nothing of
them. A comparison of names says `name`."""

import re

from common import files, lines, main

HOMES = ("src/identity/service_keys.c", "src/identity/secrets.c")
EARLY = re.compile(r"\b(?:memcmp|bcmp|memmem|str(?:n|case|ncase)?cmp|strstr)\s*\(")
TEXTS = re.compile(r"\bqv_str_(?:equal|compare)\w*\s*\(")


def check(root):
    findings = []
    for path in files(root, {".c"}):
        if str(path) not in HOMES:
            continue
        for number, text in lines(root, path):
            if EARLY.search(text) or (TEXTS.search(text) and "name" not in text):
                findings.append(f"{path}:{number}: compare secrets with CRYPTO_memcmp")
    return findings


CASES = {
    "in constant time": ({HOMES[0]: "if (CRYPTO_memcmp(at, digest, SIZE) == 0)\n"}, 0),
    "names": ({HOMES[1]: "if (qv_str_equal(qv_str_from(secrets->at[i].name), name))\n"}, 0),
    "elsewhere": ({"src/identity/names.c": "memcmp(a, b, 3);\n"}, 0),
    "bytes": ({HOMES[0]: "if (memcmp(at, digest, SIZE) == 0)\n"}, 1),
    "texts": ({HOMES[1]: "return strcmp(one, other) == 0;\nreturn qv_str_equal(hash, wanted);\n"}, 2),
}

if __name__ == "__main__":
    main(check, CASES)

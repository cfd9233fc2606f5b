#!/usr/bin/env python3
"""Verdicts come from the policy: nobody else fills, alters or reads a permit or a grant
(include/quiver/policy/policy.h). The compiler keeps them from being left out, this from being forged."""

import re

from common import files, lines, main

TYPES = r"\bstruct\s+qv_(?:grant|permit)\b"
RULES = [
    (re.compile(r"\b(rights_|by_policy_|operation_)\b"), "only src/policy looks into a permit or a grant"),
    (re.compile(TYPES + r"\s*\)?\s*\w*\s*=?\s*\{(?!\s*0?\s*\})"), "only src/policy makes a permit or a grant"),
]
HOME = ("src/policy/", "include/quiver/policy/")


def check(root):
    findings = []
    for path in files(root, {".c", ".h"}):
        if not str(path).startswith(("src/", "include/")) or str(path).startswith(HOME):
            continue
        for number, text in lines(root, path):
            findings += [f"{path}:{number}: {why}" for pattern, why in RULES if pattern.search(text)]
    return findings


CASES = {
    "handed on": ({"src/api/a.c": "struct qv_grant grant;\nstruct qv_permit none = {0};\n"
                                  "job->grant = *grant;\nint rights_of(void);\n"}, 0),
    "made by the policy": ({"src/policy/a.c": "*ret = (struct qv_grant){.by_policy_ = policy};\n"}, 0),
    "forged": ({"src/api/a.c": "struct qv_grant grant = {.by_policy_ = policy};\n"}, 2),
    "forged in order": ({"src/api/a.c": "*ret = (struct qv_grant){policy, QV_OP_SYSTEM_REVOKE};\n"}, 1),
    "altered": ({"src/store/a.c": "grant.operation_ = change->operation;\n"}, 1),
}

if __name__ == "__main__":
    main(check, CASES)

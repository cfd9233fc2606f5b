"""Runs a program under the seccomp filters that a systemd unit describes, where there is no systemd.

    python confine.py UNIT PROGRAM [ARGUMENT]...

Of the unit's confinement: SystemCallFilter, RestrictAddressFamilies, RestrictNamespaces,
MemoryDenyWriteExecute, NoNewPrivileges and LimitNOFILE. What SystemCallFilter refuses ends the
program at once (SIGSYS) instead of the unit's SystemCallErrorNumber, so that a test sees a call that
would merely have failed. The sets (@system-service) are those of the installed systemd.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

# By its place, for a test may start the program with another PATH.
ANALYZE = shutil.which("systemd-analyze") or "/usr/bin/systemd-analyze"
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EQUAL, GREATER, MASKED_EQUAL = 4, 6, 7
NO_NEW_PRIVILEGES = 38
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
LAST_FAMILY = 45
NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
SHM_EXEC = 0o100000


class Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings(unit: Path) -> dict[str, list[str]]:
    """The unit's settings, each with all its values in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def expand(names: list[str]) -> set[str]:
    """System calls, sets resolved down to their last."""
    calls: set[str] = set()
    pending, seen = list(names), set()
    while pending:
        name = pending.pop()
        if not name.startswith("@"):
            calls.add(name)
        elif name not in seen:
            seen.add(name)
            text = subprocess.run([ANALYZE, "--no-pager", "syscall-filter", name], text=True,
                                  check=True, capture_output=True, timeout=30).stdout
            pending += [word for word in map(str.strip, text.splitlines()[1:])
                        if word and not word.startswith("#")]
    return calls


def allowed_calls(lines: list[str]) -> set[str]:
    """What a list of SystemCallFilter= lines allows, the first of which allows and does not deny."""
    allowed = expand(["@default"])
    assert lines and not lines[0].startswith("~"), "a list of what is allowed comes first"
    for line in lines:
        if line.startswith("~"):
            allowed -= expand(line[1:].split())
        else:
            allowed |= expand(line.split())
    return allowed


class Filter:
    """A seccomp filter of libseccomp's."""

    def __init__(self, otherwise: int):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(otherwise)))
        assert self.context, "seccomp_init"

    def number(self, call: str) -> int:
        """Negative: this machine has no such call."""
        return self.library.seccomp_syscall_resolve_name(call.encode())

    def add(self, action: int, call: str, *conditions: tuple[int, int, int, int]) -> None:
        number = self.number(call)
        if number < 0:
            return
        array = (Comparison * max(1, len(conditions)))(*[Comparison(*c) for c in conditions])
        fault = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number,
                                                    len(conditions), array)
        assert fault == 0, f"{call}: {os.strerror(-fault)}"

    def load(self) -> None:
        fault = self.library.seccomp_load(self.context)
        assert fault == 0, f"seccomp_load: {os.strerror(-fault)}"


def restrict_calls(lines: list[str]) -> Filter:
    rules = Filter(KILL_PROCESS)
    for call in sorted(allowed_calls(lines)):
        rules.add(ALLOW, call)
    return rules


def restrict_rest(unit: dict[str, list[str]]) -> Filter:
    """Everything but SystemCallFilter, with the errors that systemd gives."""
    rules = Filter(ALLOW)
    wanted = {FAMILIES[name] for line in unit["RestrictAddressFamilies"] for name in line.split()}
    for family in set(range(LAST_FAMILY + 1)) - wanted:
        rules.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, EQUAL, family, 0))
    rules.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, GREATER, LAST_FAMILY, 0))
    assert unit["RestrictNamespaces"] == unit["MemoryDenyWriteExecute"] == ["yes"]
    for flag in NEW_NAMESPACES:
        rules.add(ERRNO | errno.EPERM, "clone", (0, MASKED_EQUAL, flag, flag))
        rules.add(ERRNO | errno.EPERM, "unshare", (0, MASKED_EQUAL, flag, flag))
    rules.add(ERRNO | errno.EPERM, "setns")
    rules.add(ERRNO | errno.ENOSYS, "clone3")
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    rules.add(ERRNO | errno.EPERM, "mmap", (2, MASKED_EQUAL, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        rules.add(ERRNO | errno.EPERM, call, (2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC))
    rules.add(ERRNO | errno.EPERM, "shmat", (2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    return rules


def main() -> None:
    unit = settings(Path(sys.argv[1]))
    files = min(int(unit["LimitNOFILE"][-1]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    filters = [restrict_rest(unit), restrict_calls(unit["SystemCallFilter"])]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0, "no_new_privs"
    for rules in filters:
        # The second is loaded under the first, and allows seccomp(2) as little as the unit does:
        # so the list of calls comes last.
        rules.load()
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

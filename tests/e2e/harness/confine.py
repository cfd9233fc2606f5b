"""Runs a program under the seccomp filters that a systemd unit describes, where there is no systemd.

    python confine.py [--service] UNIT PROGRAM [ARGUMENT]...

With --service only `PROGRAM serve` is confined: what else a test calls an operator calls in a shell.
What SystemCallFilter refuses ends the program at once (SIGSYS) instead of the unit's
SystemCallErrorNumber, so that a test sees a call that would merely have failed; the other filters
give the errors that systemd gives. The sets (@system-service) are those of the installed systemd.
libseccomp ends whoever calls by another architecture's table: SystemCallArchitectures=native.

In force are RESTRICTIONS, SystemCallFilter, NoNewPrivileges, UMask and the limits. LEFT_OUT are the
settings that need mounts, user namespaces, capabilities or cgroups, for which tests would need more than
a program has that is about to start another one: of the Protect... and Private... settings only what
seccomp does is here, not what they hide or write-protect.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import mmap
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

# By its place, for a test may start the program with another PATH.
ANALYZE = shutil.which("systemd-analyze") or "/usr/bin/systemd-analyze"
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
DIFFERENT, EQUAL, GREATER, MASKED_EQUAL = 1, 4, 6, 7
NO_NEW_PRIVILEGES = 38
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
LAST_FAMILY = 45
NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
SHM_EXEC = 0o100000
# Calls that take a mode, and which argument that is.
MODE_OF = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "mkdir": 1, "mkdirat": 2, "mknod": 1,
           "mknodat": 2, "creat": 1}
# Calls that take a mode where a flag says that they make a file: arguments of flags and mode.
CREATE_OF = {"open": (1, 2), "openat": (2, 3)}
# What a setting that is `yes` refuses altogether.
REFUSED = {
    "ProtectClock": ["@clock"],
    "ProtectHostname": ["sethostname", "setdomainname"],
    "ProtectKernelLogs": ["syslog"],
    "ProtectKernelModules": ["@module"],
    "ProtectKernelTunables": ["_sysctl"],
    "PrivateDevices": ["@raw-io"],
}
LEFT_OUT = {
    "CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers", "RemoveIPC", "KeyringMode",
    "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateMounts", "DevicePolicy", "ProtectControlGroups",
    "ProtectProc", "ProcSubset", "InaccessiblePaths",
}


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


@functools.cache
def sets() -> dict[str, list[str]]:
    """The sets of systemd, told all at once: a test's program is not to start late."""
    text = subprocess.run([ANALYZE, "--no-pager", "syscall-filter"], text=True, check=True,
                          capture_output=True, timeout=30).stdout
    found: dict[str, list[str]] = {}
    members: list[str] = []
    for line in text.splitlines():
        word = line.strip()
        if line.startswith("@"):
            members = found.setdefault(word, [])
        elif line.startswith(" ") and not word.startswith("#"):
            members.append(word)
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
            pending += sets()[name]
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


def restrict_families(rules: Filter, lines: list[str]) -> None:
    wanted = {FAMILIES[name] for line in lines for name in line.split()}
    for family in set(range(LAST_FAMILY + 1)) - wanted:
        rules.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, EQUAL, family, 0))
    rules.add(ERRNO | errno.EAFNOSUPPORT, "socket", (0, GREATER, LAST_FAMILY, 0))


def restrict_namespaces(rules: Filter, _lines: list[str]) -> None:
    for flag in NEW_NAMESPACES:
        rules.add(ERRNO | errno.EPERM, "clone", (0, MASKED_EQUAL, flag, flag))
        rules.add(ERRNO | errno.EPERM, "unshare", (0, MASKED_EQUAL, flag, flag))
    rules.add(ERRNO | errno.EPERM, "setns")
    rules.add(ERRNO | errno.ENOSYS, "clone3")


def deny_write_execute(rules: Filter, _lines: list[str]) -> None:
    both = mmap.PROT_WRITE | mmap.PROT_EXEC
    rules.add(ERRNO | errno.EPERM, "mmap", (2, MASKED_EQUAL, both, both))
    for call in ("mprotect", "pkey_mprotect"):
        rules.add(ERRNO | errno.EPERM, call, (2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC))
    rules.add(ERRNO | errno.EPERM, "shmat", (2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))


def restrict_realtime(rules: Filter, _lines: list[str]) -> None:
    ordinary = {os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE}
    for policy in set(range(max(ordinary))) - ordinary:
        rules.add(ERRNO | errno.EPERM, "sched_setscheduler", (1, EQUAL, policy, 0))
    rules.add(ERRNO | errno.EPERM, "sched_setscheduler", (1, GREATER, max(ordinary), 0))


def restrict_set_id(rules: Filter, _lines: list[str]) -> None:
    for bit in (stat.S_ISUID, stat.S_ISGID):
        for call, mode in MODE_OF.items():
            rules.add(ERRNO | errno.EPERM, call, (mode, MASKED_EQUAL, bit, bit))
        for call, (flags, mode) in CREATE_OF.items():
            rules.add(ERRNO | errno.EPERM, call, (flags, MASKED_EQUAL, os.O_CREAT, os.O_CREAT),
                      (mode, MASKED_EQUAL, bit, bit))
    rules.add(ERRNO | errno.ENOSYS, "openat2")  # its mode is out of a filter's sight


def lock_personality(rules: Filter, _lines: list[str]) -> None:
    present = ctypes.CDLL(None).personality(ctypes.c_ulong(0xFFFFFFFF))
    rules.add(ERRNO | errno.EPERM, "personality", (0, DIFFERENT, present, 0))


RESTRICTIONS = {
    "RestrictAddressFamilies": restrict_families,
    "RestrictNamespaces": restrict_namespaces,
    "MemoryDenyWriteExecute": deny_write_execute,
    "RestrictRealtime": restrict_realtime,
    "RestrictSUIDSGID": restrict_set_id,
    "LockPersonality": lock_personality,
}


def restrict_rest(unit: dict[str, list[str]]) -> Filter:
    """Everything but SystemCallFilter, as far as the unit has it."""
    rules = Filter(ALLOW)
    for name in RESTRICTIONS.keys() & unit.keys():
        assert name == "RestrictAddressFamilies" or unit[name] == ["yes"], f"{name}={unit[name]}"
        RESTRICTIONS[name](rules, unit[name])
    for name in REFUSED.keys() & unit.keys():
        assert unit[name] == ["yes"], f"{name}={unit[name]}"
        for call in expand(REFUSED[name]):
            rules.add(ERRNO | errno.EPERM, call)
    return rules


def set_limits(unit: dict[str, list[str]]) -> None:
    for name, which in (("LimitNOFILE", resource.RLIMIT_NOFILE), ("LimitCORE", resource.RLIMIT_CORE)):
        if name in unit:
            most = resource.getrlimit(which)[1]
            wanted = int(unit[name][-1])
            bound = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
            resource.setrlimit(which, (bound, bound))
    if "UMask" in unit:
        os.umask(int(unit["UMask"][-1], 8))


def main() -> None:
    if sys.argv[1] == "--service":
        del sys.argv[1]
        if sys.argv[3:4] != ["serve"]:
            os.execvp(sys.argv[2], sys.argv[2:])
    unit = settings(Path(sys.argv[1]))
    set_limits(unit)
    filters = [restrict_rest(unit)]
    if "SystemCallFilter" in unit:
        # Loaded under the first, and allows seccomp(2) as little as the unit does: so it comes last.
        filters.append(restrict_calls(unit["SystemCallFilter"]))
    # Implied by the filters, as by systemd where the service has a user of its own.
    assert unit.get("NoNewPrivileges", ["yes"]) == ["yes"]
    assert ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0, "no_new_privs"
    for rules in filters:
        rules.load()
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

"""The machine and its programs, and what /proc says of a process."""
import os
import re
import resource
import subprocess
import time


class Failed(Exception):
    """A measurement could not be made; the message says why, for the one who started it."""


def output(*words):
    """Standard output of a program that must succeed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{os.path.basename(words[0])} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def field(path, name):
    """The value behind `name:` in a file of lines `name: value`; None where there is none."""
    with open(path, encoding="utf-8") as file:
        found = re.search(rf"^{re.escape(name)}\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found[1].strip() if found else None


def package(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True,
                          text=True, check=False)
    return done.stdout if done.returncode == 0 else "unknown"


def describe(quiver):
    """What the figures were measured on, as text by name."""
    return {
        "processor": field("/proc/cpuinfo", "model name") or "unknown",
        "cores": str(os.cpu_count()),
        "memory": f"{int(field('/proc/meminfo', 'MemTotal').split()[0]) // 1024} MiB",
        "kernel": os.uname().release,
        "virtual": "yes" if "hypervisor" in (field("/proc/cpuinfo", "flags") or "") else "no",
        "quiver": output(quiver, "--version"),
        "openssl": output("openssl", "version"),
        "libh2o-evloop": package("libh2o-evloop0.13"),
        "nginx": package("nginx-light"),
        "redis": output("redis-server", "--version").split(" sha=")[0],
    }


def memory_kib(pid):
    """Resident memory of a process in KiB: in all, and the part that is its own (anonymous)."""
    def number(name):
        return int(field(f"/proc/{pid}/status", name).split()[0])
    return {"resident": number("VmRSS"), "anonymous": number("RssAnon")}


def forget_peak(pid):
    """From here on peak_kib counts anew."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak_kib(pid):
    return int(field(f"/proc/{pid}/status", "VmHWM").split()[0])


TICK = os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """CPU time of all cores so far that was neither idle nor waiting for a disk."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(word) for word in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Watch:
    """How many cores programs that are no part of a measurement keep busy meanwhile."""

    def __init__(self, pids):
        self.pids, self.at, self.before = pids, time.monotonic(), self.others(pids)

    @staticmethod
    def others(pids):
        return busy_seconds() - children_seconds() - sum(cpu_seconds(pid) for pid in pids)

    def cores(self):
        passed = time.monotonic() - self.at
        return max(0.0, (self.others(self.pids) - self.before) / passed)

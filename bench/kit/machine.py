"""The machine and its programs, and what /proc says of a process."""
import os
import re
import subprocess


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
        "redis": output("redis-server", "--version").split(" sha=")[0],
    }


def memory_kib(pid):
    """Resident memory of a process in KiB: in all, and the part that is its own (anonymous)."""
    def number(name):
        return int(field(f"/proc/{pid}/status", name).split()[0])
    return {"resident": number("VmRSS"), "anonymous": number("RssAnon")}


def load_average():
    return os.getloadavg()[0]

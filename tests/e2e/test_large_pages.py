"""The heap asks the kernel for large pages, unless the operator has settings of their own."""
import pathlib

import pytest

pytestmark = pytest.mark.release   # sanitizers bring a heap of their own

THP = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")


def heap_flags(pid):
    """VmFlags of the mapping [heap]; `hg` is what madvise(MADV_HUGEPAGE) leaves."""
    inside = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if line.endswith("[heap]"):
            inside = True
        elif inside and line.startswith("VmFlags:"):
            return line.split()[1:]
    return []


@pytest.mark.skipif(not THP.exists() or "[never]" in THP.read_text(),
                    reason="this kernel gives no large pages")
def test_heap_asks_for_large_pages(quiver):
    server = quiver.start()
    assert "hg" in heap_flags(server.pid)
    name = pathlib.Path(f"/proc/{server.pid}/comm").read_text().strip()
    assert name == "quiver"


def test_own_tunables_are_left_alone(quiver):
    server = quiver.start(env={"GLIBC_TUNABLES": "glibc.malloc.check=0"})
    assert "hg" not in heap_flags(server.pid)
    assert server.client("some-consumer").get("/serviceregistry/monitor/echo").status_code == 200

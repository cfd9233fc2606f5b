"""docs/chap.md, the page for those who run chapkit services: its commands are taken from it and run as they
stand there. harness/handbook.py has how that is done.
"""

import json
import subprocess
from pathlib import Path

import pytest

from harness import ROOT
from harness.chap import key_environment
from harness.handbook import Page, Stage, tried_in
from harness.realclients import find_python

PAGE = Page(ROOT / "docs/chap.md")


@pytest.fixture
def here(quiver, tmp_path):
    """A registry as the page makes it, running."""
    stage = Stage(quiver.prepare(env=key_environment(None)), tmp_path, PAGE)
    stage.run("first-keys")
    stage.edit("first-start")
    assert "is fine" in stage.run("check")
    stage.server.start()
    return stage


def answers(output: str) -> list[dict]:
    """The JSON documents in what curl wrote, its progress apart."""
    decoder, found, at = json.JSONDecoder(), [], output.find("{")
    while at >= 0:
        document, end = decoder.raw_decode(output, at)
        found.append(document)
        at = output.find("{", end)
    return found


def test_by_hand(here):
    """What a service does by itself, and what others read."""
    registered, pinged = answers(here.run("register"))
    port = here.server.listeners["chap"][1]
    assert registered["ping_url"] == f"https://localhost:{port}/v2/services/dengue-model/$ping"
    assert pinged["expires_at"]
    everyone, one = answers(here.run("read"))
    assert [entry["id"] for entry in everyone["services"]] == ["dengue-model"] == [one["id"]]
    assert one["url"] == "http://10.0.0.7:8000"
    here.run("delete")
    everyone, gone = answers(here.run("read"))
    assert everyone["services"] == [] and "detail" in gone


def test_strict_python(here):
    python = find_python()
    if python is None:
        pytest.skip("there is no Python 3.13 (python3.13, pyenv)")
    here.command("python3.13", f'exec {python} "$@"')
    assert here.run("strict-python").strip() == "TLSv1.3"


def test_the_sidecars_files(here):
    """The chain goes up to the root: nginx believes no other."""
    here.run("sidecar")
    done = subprocess.run(["openssl", "verify", "-CAfile", "pki/chain.crt", "pki/registry.crt", "pki/dengue-model.crt"],
                          cwd=here.server.directory, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 2), done.stderr


def test_each_block_is_tried():
    assert tried_in(Path(__file__)) == set(PAGE.blocks)

"""Writes sizes and times into quiver.yaml as YAML's plain words: 2s, not "2s".

The configuration is written as JSON, which has quotes around every text; Quiver takes numbers, sizes
and times only without. Importing this module makes every server of the harness write them so.
"""

from __future__ import annotations

import re

from .server import Server

QUANTITY = re.compile(r'"(\d+(?:ms|s|m|h|KiB|MiB))"')
_write = Server.write_config


def write_config(self: Server, **changes) -> None:
    _write(self, **changes)
    self.config_path.write_text(QUANTITY.sub(r"\1", self.config_path.read_text()))


Server.write_config = write_config

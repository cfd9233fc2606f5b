"""Everything the end-to-end tests share: a cloud's certificates, servers, Redis, clients.

pki.py           certificates by certs/pki, and odd ones that only a test wants
process.py       a child process whose lines can be waited for, and which never outlives the test
server.py        Quiver: configuration, start, stop, log, clients of its listeners
redis_server.py  a redis-server of the test's own
wire.py          TLS contexts, bytes on the wire, HTTP answers
forge.py         certificates written piece by piece, so that each piece may be wrong
testpki.py       a cloud of such certificates, with CRLs; tls_cases.py and its neighbours use it
livecloud.py     a cloud whose files change while a server runs, and clients that keep their tickets
misbehave.py     a TLS client that sends whatever it is told as its certificate
native.py        small C libraries: a slow disk, a clock that can be moved
bodies.py        request bodies of the Arrowhead services

Nothing here sleeps: whatever happens is waited for, with a limit in seconds.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def quiver_binary() -> Path:
    """The program under test: $QUIVER_BIN, else the asan build."""
    return Path(os.environ.get("QUIVER_BIN", ROOT / "build/asan/quiver"))

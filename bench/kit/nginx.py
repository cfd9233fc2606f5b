"""nginx as a yardstick of handshakes: in front of nothing, with the certificates, CAs, CRLs and TLS
settings that Quiver has. It is installed where it is missing, started by hand in a folder of its
own with one worker, and never as a service."""
import os
import re
import shutil
import socket
import subprocess

from .cloud import ROOT
from .machine import Failed
from .processes import Process, pinned

INSTALL = """source tests/lib/packages.sh
had=$(dpkg-query -W -f '${db:Status-Status}' nginx-common 2>/dev/null || true)
ensure_packages nginx-light || exit
if [[ $had != installed ]] && command -v systemctl >/dev/null; then
    as_root systemctl disable nginx || true
fi
"""
CONFIG = """daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} ssl backlog=1024;
    ssl_certificate {pki}/registry.crt;
    ssl_certificate_key {pki}/registry.key;
    ssl_client_certificate {folder}/trust.pem;
    ssl_crl {folder}/crl.pem;
    ssl_verify_client on;
    ssl_verify_depth 5;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK;
    ssl_prefer_server_ciphers on;
    ssl_ecdh_curve X25519:P-256:X448:P-384:P-521;
    location / {{ return 200 "{body}"; }}
  }}
}}
"""
BODY_MAX = 4000   # nginx reads no longer word
PROGRAM = "/usr/sbin/nginx"


def ensure():
    if os.access(PROGRAM, os.X_OK):
        return
    done = subprocess.run(["bash", "-c", INSTALL], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0 or not os.access(PROGRAM, os.X_OK):
        raise Failed(f"nginx could not be installed: {done.stderr.strip()[-500:]}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def join(cloud, files, path):
    text = b""
    for name in files:
        with open(cloud.path(name), "rb") as file:
            text += file.read()
    return cloud.write(path, text)


class Nginx(Process):
    """A running nginx whose every answer has a body of `length` bytes; `pid` is its worker's."""

    def __init__(self, cloud, trust, crls, length, log, core=None):
        if length > BODY_MAX:
            raise Failed(f"nginx cannot be told an answer of {length} bytes")
        ensure()
        folder = cloud.path("nginx")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        join(cloud, trust, os.path.join(folder, "trust.pem"))
        join(cloud, crls, os.path.join(folder, "crl.pem"))
        self.port = free_port()
        text = CONFIG.format(folder=folder, port=self.port, pki=cloud.path("pki"),
                             body="x" * length)
        path = cloud.write(os.path.join(folder, "nginx.conf"), text.encode())
        super().__init__([*pinned(core), "setpriv", "--pdeathsig", "TERM", PROGRAM, "-e", "stderr",
                          "-p", folder, "-c", path], "stderr", log)
        # it listens before it starts its worker
        found, _ = self.wait_line(lambda line: re.search(r"start worker process (\d+)$", line))
        self.pid = int(found[1])

"""The programs that are measured: started, waited for by what they say, ended by their own id."""
import json
import os
import queue
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from .machine import Failed

PATIENCE = 120   # seconds until a program that should say something is given up


def pinned(core):
    """The words before a program that is to run on one core; None: on all."""
    return [] if core is None else ["taskset", "-c", str(core)]


class Process:
    """A child whose lines (standard output or error) can be waited for."""

    def __init__(self, words, stream, log, stdin=subprocess.DEVNULL):
        self.words, self.seen, self.lines = words, [], queue.Queue()
        streams = {"stdout": subprocess.DEVNULL, "stderr": None, stream: subprocess.PIPE}
        self.started = time.monotonic()
        self.child = subprocess.Popen(words, text=True, stdin=stdin, **streams)
        self.pid = self.child.pid
        self.reader = threading.Thread(target=self.read, daemon=True,
                                       args=(getattr(self.child, stream), log))
        self.reader.start()

    def read(self, source, log):
        with open(log, "a", encoding="utf-8") as file:
            for line in source:
                self.lines.put((time.monotonic(), line))
                file.write(line)
        self.lines.put((time.monotonic(), None))

    def wait_line(self, wanted):
        """The first line for which `wanted` gives something true: that, and when it came."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                at, line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.words[-1]}: silent for {PATIENCE} s") from None
            if line is None:
                raise Failed(f"{' '.join(self.words)} ended: {''.join(self.seen[-5:]).strip()}")
            self.seen = [*self.seen[-20:], line]
            if (found := wanted(line)):
                return found, at

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            status = self.child.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Failed(f"{self.words[-1]} does not end") from None
        self.reader.join(timeout=PATIENCE)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def event(line):
    """A log line as a dictionary; empty where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Quiver(Process):
    """A running Quiver that is ready."""

    def __init__(self, program, config, log, core=None):
        super().__init__([*pinned(core), program, "serve", "--config", config], "stderr", log)
        self.program, self.config = program, config
        self.ports, self.ready_after = {}, None
        try:
            self.wait_ready()
        except BaseException:
            self.child.kill()
            self.child.wait()
            raise

    def wait_ready(self):
        """Ready is who has loaded the view and listens everywhere, in whichever order."""
        missing = {"ready", "secure", "ops"}

        def noted(line):
            entry = event(line)
            if entry.get("event") == "listening":
                self.ports[entry["listener"]] = int(entry["port"])
                missing.discard(entry["listener"])
            elif entry.get("event") == "ready":
                missing.discard("ready")
            return not missing
        _, at = self.wait_line(noted)
        self.ready_after = at - self.started
        self.port = self.ports["secure"]

    def reload(self):
        """`quiver reload`, which must be good: how long it took, and the outcome."""
        began = time.monotonic()
        done = subprocess.run([self.program, "reload", "--config", self.config, "--json"],
                              capture_output=True, text=True, check=False)
        took = time.monotonic() - began
        if done.returncode != 0:
            raise Failed(f"quiver reload: {(done.stdout + done.stderr).strip()}")
        return took, json.loads(done.stdout)

    def ready_status(self):
        """The status that the ops listener gives for readiness now."""
        with socket.create_connection(("127.0.0.1", self.ports["ops"]), timeout=10) as peer:
            peer.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n"
                         b"Connection: close\r\n\r\n")
            return int(peer.makefile("rb").readline().split()[1])

    def stop(self):
        status = super().stop()
        if status != 0:
            raise Failed(f"Quiver ended with status {status}: {''.join(self.seen[-3:])}")


class Yardstick(Process):
    """A running yardstick that answers with the bytes of one Quiver's answer."""

    def __init__(self, program, cloud, answer, log, core=None):
        head, body = answer.split(b"\r\n\r\n", 1)
        path = cloud.write(cloud.path("answer"), body)
        words = [*pinned(core), program, *cloud.credentials("registry"), "--answer", path]
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, value = line.split(":", 1)
            if name.lower() == "server":
                words += ["--server-name", value.strip()]
            elif name.lower() not in ("content-length", "date", "connection"):
                words += ["--header", f"{name.lower()}: {value.strip()}"]
        super().__init__(words, "stdout", log)
        found, _ = self.wait_line(lambda line: re.fullmatch(r"listening (\d+)\n", line))
        self.port = int(found[1])


class Held(Process):
    """Idle connections that the load generator keeps, each answered once before; of several
    identities in turns."""

    def __init__(self, load, target, names, count, message, log):
        path = load.cloud.write(load.cloud.path("hold"), message)
        identities = [word for name in names for word in load.cloud.identity(name)]
        super().__init__([*pinned(load.core), load.program, "--port", str(target.port),
                          *identities, *load.cloud.authority(), "--request", path,
                          "--connections", str(count), "--hold"], "stdout", log, subprocess.PIPE)
        self.wait_line(lambda line: event(line).get("holding") == count)

    def release(self):
        """Ends them; tells how many the server had ended before, and when."""
        self.child.stdin.close()
        found, _ = self.wait_line(lambda line: event(line).get("held"))
        return found


class RedisCopy(Process):
    """A Redis of our own on a copy of the embedded one's data, with the same settings."""

    def __init__(self, folder, socket_path, settings, log):
        words = ["redis-server", "--port", "0", "--unixsocket", socket_path, "--dir", folder,
                 "--logfile", "", "--daemonize", "no"]
        for name, value in settings.items():
            words += [f"--{name}", value]
        super().__init__(words, "stdout", log)
        self.socket = socket_path
        self.wait_line(lambda line: "eady to accept connections" in line)


def exchange(cloud, name, port, message):
    """Sends one request as a system; gives the whole answer's bytes."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(cloud.path("pki", "cloud-ca.crt"))
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    tls.load_cert_chain(cloud.path("pki", f"{name}.crt"), cloud.path("pki", f"{name}.key"))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer, \
            tls.wrap_socket(peer, server_hostname="localhost") as stream:
        stream.sendall(message)
        data = b""
        while b"\r\n\r\n" not in data:
            data += receive(stream)
        head = data.split(b"\r\n\r\n", 1)[0]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length is None:
            raise Failed("Quiver answered without Content-Length")
        while len(data) < len(head) + 4 + int(length[1]):
            data += receive(stream)
    return data


def receive(stream):
    data = stream.recv(65536)
    if not data:
        raise Failed("Quiver ended the connection in the middle of an answer")
    return data


class Load:
    """The load generator."""

    def __init__(self, program, cloud, core):
        self.program, self.cloud, self.core = program, cloud, core

    def run(self, target, name, message, *words, core="own", pids=None, chain=None, port=None):
        """Drives a server (anything with pid and port) as a system (None: as nobody); gives the
        result. An answer that is not the expected one makes the measurement void."""
        identity = [] if name is None else self.cloud.identity(name, chain)
        path = self.cloud.write(self.cloud.path("request"), message)
        command = [*pinned(self.core if core == "own" else core), self.program,
                   "--port", str(port or target.port), *identity, *self.cloud.authority(),
                   "--request", path, *map(str, words)]
        for pid in pids or [target.pid]:
            command += ["--cpu", str(pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            said = done.stderr.strip() or event(done.stdout).get("first_error", "")
            raise Failed(f"the load was not answered as it should be: {said}")
        return json.loads(done.stdout)

"""A local cloud to measure in: certificates, a configuration, and the requests that are sent."""
import json
import os
import subprocess

from .machine import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARKER = "#" * 12   # becomes a number of twelve digits in the load generator
PROVIDERS = [f"bench-provider-{index}" for index in range(10)]
WRITER, CONSUMER = "bench-writer", "bench-consumer"
NAMES = [*PROVIDERS, WRITER, CONSUMER]


class Dialect:
    """What a request has to know of a dialect. Certificates fit all: their names are in kebab case,
    and each dialect makes its own of them."""

    def __init__(self, name, separator, http_template, plain):
        self.name, self.separator, self.http_template = name, separator, http_template
        self.plain = plain   # names keep their hyphens

    def system(self, name):
        return name if self.plain else "".join(word.capitalize() for word in name.split("-"))

    def definition(self, *words):
        """Words in lower case or numbers, joined as a service definition's name."""
        if self.plain:
            return "-".join(words)
        return words[0] + "".join(word.capitalize() for word in words[1:])

    def instance(self, provider, definition):
        return self.separator.join((self.system(provider), definition, "1.0.0"))


DIALECTS = {dialect.name: dialect for dialect in (
    Dialect("5.0", "::", "generic-http", True), Dialect("5.2", "|", "generic_http", False))}
FIRST_DIALECT = DIALECTS["5.0"]   # what is measured where nothing else is said
DISCOVERY = "/serviceregistry/service-discovery"

CONFIG = """\
cloud:
  dialect: "{dialect}"
listeners:
{listener}  - {{name: secure, address: 127.0.0.1, port: 0, tls: mutual, serve: [arrowhead]}}
  - {{name: ops, address: 127.0.0.1, port: 0, tls: off, serve: [ops]}}
tls:
  certificate: pki/registry.crt
  private_key: pki/registry.key
  trust: [{trust}]
  crl: [{crl}]
store:
  redis: embedded
  data_directory: {data}
  timeout: 10s
  journal_max: {journal_max}
limits: {{{limits}}}
{more}log: {{level: info, format: json}}
"""
SETTINGS = {"trust": "pki/cloud-ca.crt", "crl": "pki/cloud-ca.crl", "limits": "workers: 1",
            "journal_max": 100_000, "listener": "", "more": ""}   # the last two: whole lines


class Cloud:
    """The folder with everything that a run needs; `path` joins names to it."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make(self):
        os.makedirs(self.folder, exist_ok=True)
        self.pki("init", self.path("pki"), "--cloud", "testcloud", "--organization", "company")
        self.issue(NAMES)

    def issue(self, names):
        """Certificates of systems; who has one keeps it."""
        for name in names:
            if not os.path.exists(self.path("pki", f"{name}.crt")):
                self.pki("issue", self.path("pki"), "system", name)

    def pki(self, *words):
        done = subprocess.run([os.path.join(ROOT, "certs", "pki"), *words], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"certs/pki {words[0]}: {done.stderr.strip()}")

    def identity(self, name, chain=None):
        """Words that name a system's certificate and key; `chain`: another file with both it and
        its chain."""
        return ["--certificate", chain or self.path("pki", f"{name}.crt"),
                "--key", self.path("pki", f"{name}.key")]

    def authority(self):
        return ["--ca", self.path("pki", "cloud-ca.crt")]

    def credentials(self, name, chain=None):
        """What the load generator and the yardstick want to know of one identity."""
        return [*self.identity(name, chain), *self.authority()]

    def configure(self, data, dialect, **settings):
        """Writes a configuration whose data are in the folder `data`; gives its path. `settings`
        differ from SETTINGS."""
        path = self.path(f"{data}.yaml")
        text = CONFIG.format(data=data, dialect=dialect.name, **(SETTINGS | settings))
        return self.write(path, text.encode())

    @staticmethod
    def write(path, data):
        with open(path, "wb") as file:
            file.write(data)
        return path


def request(operation, document):
    body = json.dumps(document, separators=(",", ":")).encode()
    head = (f"POST {DISCOVERY}/{operation} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def registration(number=MARKER, dialect=FIRST_DIALECT, floor=2):
    """A service of usual size: the kind of document that the reference's examples show."""
    return request("register", {
        "serviceDefinitionName": dialect.definition("bench", number),
        "version": "1.0.0",
        "expiresAt": "",
        "metadata": {"unit": "celsius", "margin-of-error": 0.5,
                     "location": {"building": "A", "floor": floor}},
        "interfaces": [{
            "templateName": dialect.http_template,
            "protocol": "http",
            "policy": "NONE",
            "properties": {
                "accessAddresses": ["192.168.56.116", "tp2.greenhouse.com"],
                "accessPort": 8080,
                "operations": {"query-temperature": {"path": "/query", "method": "GET"},
                               "subscribe": {"path": "/subscribe", "method": "POST"}},
                "basePath": "/measure"}}]})


def lookup(query):
    return request("lookup?verbose=true", query)


def lookup_of_one(number=MARKER, provider=PROVIDERS[0], dialect=FIRST_DIALECT):
    return lookup({"instanceIds": [
        dialect.instance(provider, dialect.definition("bench", number))]})


def lookup_of_ten(number=MARKER):
    return lookup({"serviceDefinitionNames": [f"bench-{number}"]})

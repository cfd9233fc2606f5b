#!/usr/bin/env python3
"""Modules know only those before them, and foreign libraries are known in few places (docs/architecture.md)."""

import re

from common import files, lines, main

MODULES = ["base", "config", "domain", "identity", "trust", "registry", "policy", "observe", "store",
           "api", "server", "cli", "main"]
# Library -> what its headers look like, and where they may be included: modules or single files.
LIBRARIES = {
    "libh2o": (re.compile(r"h2o(\.h|/)"), {"server", "src/store/dial.c", "src/store/link.c",
                                               "src/store/loop.c"}),
    "OpenSSL": (re.compile(r"openssl/"),
                {"identity", "trust", "server", "src/base/hash.c"}),
    "libcurl": (re.compile(r"curl/"), {"src/identity/fetch.c"}),
    "PCRE2": (re.compile(r"pcre2\.h"), {"src/domain/pattern.c"}),
    "libsystemd": (re.compile(r"systemd/"), {"src/server/inherited.c", "src/cli/service_manager.c"}),
    "hiredis": (re.compile(r"hiredis/"), {"src/store/link.c", "src/store/reply_reader.c"}),
    "libyaml": (re.compile(r"yaml\.h"), {"base", "config"}),
    "libyaml's document (base/yaml.h)": (re.compile(r"quiver/base/yaml\.h"), {"base", "config", "policy", "cli"}),
}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(path):
    """The module that a file belongs to, by its place; None for tests, tools and the like."""
    parts = path.parts
    if parts == ("src", "main.c"):
        return "main"
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("include", "quiver") and len(parts) > 3:
        return parts[2]
    return None


def judge(path, module, quote, target):
    """What is wrong with one #include, or None."""
    for library, (pattern, allowed) in LIBRARIES.items():
        if quote == "<" and pattern.match(target) and not {module, str(path)} & allowed:
            return f"{library} is known only to {', '.join(sorted(allowed))}"
    if target.startswith("quiver/"):
        other = target.split("/")[1]
        if other not in MODULES:
            return f"'{other}' is no module"
        if MODULES.index(other) > MODULES.index(module):
            return f"module '{module}' must not know '{other}', which comes after it"
    elif quote == '"' and "/" in target:
        return f"a private header of another folder: {target}"
    return None


def check(root):
    findings = []
    for path in files(root, {".c", ".h"}):
        module = module_of(path)
        if module is None:
            continue
        if module not in MODULES:
            findings.append(f"{path}:1: '{module}' is no module")
            continue
        for number, text in lines(root, path):
            match = INCLUDE.match(text)
            fault = match and judge(path, module, *match.groups())
            if fault:
                findings.append(f"{path}:{number}: {fault}")
    return findings


CASES = {
    "downwards": ({"src/store/a.c": "#include <quiver/base/str.h>\n#include <stdio.h>\n"}, 0),
    "upwards": ({"src/base/a.c": "#include <quiver/store/store.h>\n"}, 1),
    "upwards in a header": ({"include/quiver/domain/a.h": "# include <quiver/api/api.h>\n"}, 1),
    "h2o in api": ({"src/api/a.c": "#include <h2o.h>\n"}, 1),
    "h2o in server and link": ({"src/server/a.c": "#include <h2o.h>\n",
                                "src/store/link.c": "#include <h2o.h>\n#include <hiredis/hiredis.h>\n"}, 0),
    "hiredis beside link": ({"src/store/scripts.c": "#include <hiredis/read.h>\n"}, 1),
    "openssl in base/hash.c alone": ({"src/base/hash.c": "#include <openssl/evp.h>\n",
                                      "src/base/str.c": "#include <openssl/evp.h>\n"}, 1),
    "curl in identity/fetch.c alone": ({"src/identity/fetch.c": "#include <curl/curl.h>\n",
                                        "src/identity/a.c": "#include <curl/curl.h>\n"}, 1),
    "libsystemd in two files": ({"src/server/inherited.c": "#include <systemd/sd-daemon.h>\n",
                                 "src/cli/service_manager.c": "#include <systemd/sd-daemon.h>\n",
                                 "src/cli/serve.c": "#include <systemd/sd-daemon.h>\n"}, 1),
    "pcre2 in domain/pattern.c alone": ({"src/domain/pattern.c": "#include <pcre2.h>\n",
                                         "src/domain/a.c": "#include <pcre2.h>\n"}, 1),
    "libyaml where files are read": ({"src/config/a.h": "#include <yaml.h>\n",
                                     "src/policy/a.c": "#include <quiver/base/yaml.h>\n"}, 0),
    "libyaml elsewhere": ({"src/policy/a.c": "#include <yaml.h>\n",
                           "src/server/a.c": "#include <quiver/base/yaml.h>\n"}, 2),
    "another module's private header": ({"src/api/a.c": '#include "../store/link.h"\n'}, 1),
    "unknown module": ({"src/misc/a.c": "\n"}, 1),
    "main knows all": ({"src/main.c": "#include <quiver/cli/cli.h>\n"}, 0),
}

if __name__ == "__main__":
    main(check, CASES)

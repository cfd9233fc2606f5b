#!/usr/bin/env python3
"""The table of log events in docs/operations.md names those that the sources write, each with its fields.

An event and its fields are promised to whoever reads the log by machine. They are read here from the calls
of qv_log and qv_log_write: texts in the place of the event, or, where that is a variable, what the same
module puts into it; fields by the QV_LOG_... words of the call (of qv_log_write: of its file).
"""

import re

from common import files, main

PAGE = "docs/operations.md"
COUNTED = "src/observe/handshakes.c"
CODE = re.compile(r"`([a-z-]+)`")
BEGIN, END = "<!-- log events -->", "<!-- end of log events -->"
CALL = re.compile(r"\bqv_log(_write)?\(")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r"QV_LOG_(?:STR|CSTR|INT)\(")
ROW = re.compile(r"^\| `([^`]+)` \|([^|]*)\|")
WORD = re.compile(r"`([^`]+)`")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def arguments(text, at):
    """The arguments of the call whose parenthesis is just before `at`."""
    depth, quoted, found, begin = 1, False, [], at
    while depth > 0:
        c = text[at]
        if quoted:
            at += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 1:
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    return [part.strip() for part in [*found, text[begin:at - 1]]]


def texts(part):
    """The text that an argument is, pieces that follow each other joined; two of `a ? "x" : "y"`."""
    return ["".join(TEXT.findall(piece)) for piece in re.split(r"[?:](?=\s*\")", part) if TEXT.search(piece)]


def values_of(variable, text, module):
    """What is put into the variable of an event: by callers of the function that it is a parameter of, in
    the same file, or into the member of its name, in the same module."""
    name = re.split(r"->|\.", variable)[-1]
    if name == variable:
        function = re.compile(r"(\w+)\([^;{}()]*\bconst char \*" + name + r"\b[^;{}()]*\)\s*\{").search(text)
        calls = re.finditer(r"\b" + function[1] + r"\(", text) if function else ()
        return {value for call in calls for part in arguments(text, call.end()) for value in texts(part)[:1]}
    found = set()
    for other in module:
        defined = dict(re.findall(r'#define (\w+)\s+"([^"]*)"', other))
        for value in re.findall(r"\." + name + r"\s*=\s*(\w+|\"[^\"]*\")", other):
            found |= {value.strip('"')} if value.startswith('"') else {defined.get(value)} - {None}
    return found


def fields(call_text):
    return {name for place in FIELD.finditer(call_text)
            for name in texts(arguments(call_text, place.end())[0])}


def written(root):
    """event -> fields, and what could not be read."""
    sources = {path: without_comments((root / path).read_text()) for path in files(root, {".c", ".h"})
               if path.parts[0] == "src" and path.parts[1] != "base"}
    events, faults = {}, []
    for path, text in sources.items():
        module = [other for where, other in sources.items() if where.parent == path.parent]
        for call in CALL.finditer(text):
            parts = arguments(text, call.end())
            names = texts(parts[1]) or values_of(parts[1], text, module)
            if not names:
                faults.append(f"{path}:1: the event '{parts[1]}' is not understood here")
            for name in names:
                events.setdefault(name, set()).update(fields(text if call[1] else ", ".join(parts[2:])))
    return events, faults


def told(root):
    """event -> (line, fields) of the table; None where there is none."""
    page = root / PAGE
    rows = page.read_text().splitlines() if page.exists() else []
    if BEGIN not in rows or END not in rows:
        return None
    found = {}
    for number in range(rows.index(BEGIN), rows.index(END)):
        match = ROW.match(rows[number])
        if match:
            found[match[1]] = (number + 1, set(WORD.findall(match[2])))
    return found


def check(root):
    events, findings = written(root)
    findings += codes_faults(root)
    table = told(root)
    if table is None:
        return [*findings, f"{PAGE}:1: the table of log events is missing"]
    for name in sorted(events.keys() - table.keys()):
        findings.append(f"{PAGE}:1: the event '{name}' is not in the table; its fields: {sorted(events[name])}")
    for name, (number, known) in sorted(table.items()):
        if name not in events:
            findings.append(f"{PAGE}:{number}: the event '{name}' is written nowhere")
        elif events[name] != known:
            findings.append(f"{PAGE}:{number}: the fields of '{name}' are {sorted(events[name])}")
    return findings


def codes_faults(root):
    """Codes of refused handshakes: those that are counted, and those that the page lists."""
    source, page = root / COUNTED, root / PAGE
    if not source.exists() or not page.exists():
        return []
    table = re.search(r"codes\[\] = \{(.*?)\};", source.read_text(), re.S)
    listed = re.search(r"The codes: (.*?)\.\n", page.read_text(), re.S)
    counted = set(re.findall(r'"([^"]*)"', table[1])) - {""} if table else set()
    shown = set(CODE.findall(listed[1])) if listed else set()
    return [f"{PAGE}:1: the code '{code}' of refused handshakes is not listed" for code in sorted(counted - shown)] \
        + [f"{PAGE}:1: the code '{code}' is counted nowhere" for code in sorted(shown - counted)]


def tree(source, *rows):
    return {"src/cli/a.c": source, PAGE: "\n".join([BEGIN, *rows, END, ""])}


def with_codes(listed):
    page = tree("")[PAGE]
    return {COUNTED: 'static const char *const codes[] = {\n    "",\n    "expired",\n    "other",\n};\n',
            PAGE: f"The codes: {listed}.\n{page}"}


CASES = {
    "codes alike": (with_codes("`expired`; and `other` (see `it ended`)"), 0),
    "codes not alike": (with_codes("`expired`, `gone`"), 2),
    "alike": (tree('f() { qv_log(QV_LOG_INFO, "it (1)", QV_LOG_INT("n", x(1, 2)), QV_LOG_CSTR("why", "a, b")); }',
                   "| `it (1)` | `n`, `why` | |"), 0),
    "none": (tree('f() { qv_log(QV_LOG_INFO, "ended"); }', "| `ended` | | |"), 0),
    "not told": (tree('f() { qv_log(QV_LOG_INFO, "one"); }'), 1),
    "not written": (tree("", "| `one` | | |"), 1),
    "other fields": (tree('f() { qv_log(QV_LOG_INFO, "one", QV_LOG_INT("n", 1)); }', "| `one` | `m` | |"), 1),
    "one of two": (tree('f() { qv_log(QV_LOG_INFO, x ? "one" : "two", QV_LOG_INT(y ? "a" : "b", 1)); }',
                        "| `one` | `a`, `b` | |", "| `two` | `a`, `b` | |"), 0),
    "by a parameter": (tree('void f(const char *event)\n{ qv_log(QV_LOG_INFO, event); }\ng() { f("one"); f("two"); }',
                            "| `one` | | |", "| `two` | | |"), 0),
    "by a member": (tree('#define ONE "one"\nf() { r.event = ONE; t = {.event = "two"};\n'
                         'fields = QV_LOG_INT("n", 1); qv_log_write(QV_LOG_INFO, r->event, fields); }',
                         "| `one` | `n` | |", "| `two` | `n` | |"), 0),
    "not understood": (tree("f() { qv_log(QV_LOG_INFO, x); }"), 1),
    "no table": ({"src/cli/a.c": "\n"}, 1),
}

if __name__ == "__main__":
    main(check, CASES)

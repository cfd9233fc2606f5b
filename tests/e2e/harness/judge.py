"""Compares an answer with what a scenario expects of it (conformance/README.md).

`faults` lists everything that differs, each with the JSON pointer where; an empty list means that the
answer is as it should be. Numbers compare with their kind, members that nobody listed are faults, and
texts such as "<time>" stand for whatever has that form. Pure: no server, no clock.
"""

from __future__ import annotations

import datetime
import json
import re

MASKS = {
    "<time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "<instant>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"),
    "<chap-time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00"),
    "<uuid>": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
ANYTHING = "<any>"
NEAR = 0.5  # seconds by which `times` may be missed
ABSENT = object()


def parse(text: bytes):
    """JSON in UTF-8 whose members are each given once; anything else is a ValueError."""
    def members(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise ValueError(f"a member is given twice: {names}")
        return dict(pairs)
    return json.loads(text.decode(), object_pairs_hook=members)


def at(value, pointer: str):
    """What a JSON pointer names, or ABSENT."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return ABSENT
    return value


def short(value, limit: int = 300) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def faults(wanted, found, unordered=(), where: str = "") -> list[str]:
    """What differs between two JSON values, the first of which may hold masks."""
    if wanted == ANYTHING:
        return []
    if isinstance(wanted, str) and wanted in MASKS:
        fits = isinstance(found, str) and MASKS[wanted].fullmatch(found)
        return [] if fits else [f"{where}: {wanted} expected, got {short(found)}"]
    if type(wanted) is not type(found):
        return [f"{where}: expected {short(wanted)}, got {short(found)}"]
    if isinstance(wanted, dict):
        return faults_of_members(wanted, found, unordered, where)
    if isinstance(wanted, list):
        compare = faults_of_set if where in unordered else faults_of_list
        return compare(wanted, found, unordered, where)
    return [] if wanted == found else [f"{where}: expected {short(wanted)}, got {short(found)}"]


def faults_of_members(wanted: dict, found: dict, unordered, where: str) -> list[str]:
    result = [f"{where}/{name}: missing, expected {short(wanted[name])}"
              for name in wanted if name not in found]
    result += [f"{where}/{name}: not expected, got {short(found[name])}"
               for name in found if name not in wanted]
    for name in wanted:
        if name in found:
            result += faults(wanted[name], found[name], unordered, f"{where}/{name}")
    return result


def faults_of_list(wanted: list, found: list, unordered, where: str) -> list[str]:
    if len(wanted) != len(found):
        return [f"{where}: {len(wanted)} elements expected, got {len(found)}: {short(found)}"]
    result = []
    for place, (one, other) in enumerate(zip(wanted, found)):
        result += faults(one, other, unordered, f"{where}/{place}")
    return result


def faults_of_set(wanted: list, found: list, unordered, where: str) -> list[str]:
    """As a list, but each element may stand anywhere."""
    left = list(found)
    result = []
    for element in wanted:
        fits = next((x for x in left if not faults(element, x, unordered, where)), ABSENT)
        if fits is ABSENT:
            result.append(f"{where}: no element is {short(element)}")
        else:
            left = [x for x in left if x is not fits]
    return result + [f"{where}: not expected: {short(x)}" for x in left]


def objects(value, where: str = "") -> list[str]:
    """The pointers of all objects in `value`."""
    result = [where] if isinstance(value, dict) else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        result += objects(item, f"{where}/{name}")
    return result


def order_faults(wanted, found, order) -> list[str]:
    """Objects, named by `order` (True: all), whose members come in another order."""
    result = []
    for pointer in objects(wanted) if order is True else order:
        one, other = at(wanted, pointer), at(found, pointer)
        if isinstance(one, dict) and isinstance(other, dict) and list(one) != list(other):
            result.append(f"{pointer}: members {list(other)}, expected in the order {list(one)}")
    return result


def words(value: str) -> set[str]:
    return {word.strip() for word in value.split(",")}


def header_faults(wanted: dict, response) -> list[str]:
    """Headers that are not there, differ (lists as sets), or are there and must not (None)."""
    result = []
    for name, value in wanted.items():
        values = [text for key, text in response.headers if key == name.lower()]
        if value is None and values:
            result.append(f"header {name}: must not be there, is {values}")
        elif value == ANYTHING and values:
            continue
        elif value is not None and (not values or words(",".join(values)) != words(value)):
            result.append(f"header {name}: expected {value}, got {values}")
    return result


def moment(value) -> datetime.datetime | None:
    """The time that a text is, None where it is none."""
    try:
        return datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def time_faults(wanted: dict, answer) -> list[str]:
    """`times`: the second is so many seconds after the first. `after`: later than a kept one."""
    result = []
    for first, second, seconds in wanted.get("times", ()):
        begin, end = moment(at(answer, first)), moment(at(answer, second))
        if begin is None or end is None:
            result.append(f"{first}, {second}: no times")
        elif abs((end - begin).total_seconds() - seconds) > NEAR:
            result.append(f"{second}: {seconds} s after {first} expected, got {end - begin}")
    for pointer, earlier in wanted.get("after", {}).items():
        found = at(answer, pointer)
        if found is ABSENT or found <= earlier:
            result.append(f"{pointer}: must be later than {earlier}, is {found}")
    return result


def media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def body_faults(wanted: dict, response, unordered=(), order=()) -> list[str]:
    """`wanted` has `answer` (None: no body), or `answer_text`, or says nothing about the body."""
    if "answer_text" in wanted:
        text = response.body.decode(errors="replace")
        same = text == wanted["answer_text"]
        return [] if same else [f"body: expected {short(wanted['answer_text'])}, got {short(text)}"]
    if "answer" not in wanted:
        return []
    if wanted["answer"] is None:
        return [f"body: none expected, got {response.body[:300]!r}"] if response.body else []
    try:
        found = parse(response.body)
    except ValueError as error:
        return [f"body: {error}: {response.body[:300]!r}"]
    result = faults(wanted["answer"], found, unordered)
    return result or order_faults(wanted["answer"], found, order)


def answer_faults(wanted: dict, response, unordered=(), order=()) -> list[str]:
    """Everything in which an answer (wire.Response) is not as `wanted`, in the step's own words."""
    statuses = wanted["status"] if isinstance(wanted["status"], list) else [wanted["status"]]
    result = []
    if response.status not in statuses:
        result.append(f"status {wanted['status']} expected, got {response.status}: "
                      f"{response.body[:400].decode(errors='replace')}")
        return result
    if "type" in wanted and media_type(response.header("content-type")) != media_type(wanted["type"]):
        result.append(f"type {wanted['type']} expected, got {response.header('content-type')}")
    result += header_faults(wanted.get("answer_headers", {}), response)
    return result + body_faults(wanted, response, unordered, order)

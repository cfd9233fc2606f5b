"""Bodies: one JSON text in UTF-8 as section 11.3 has it, of at most `limits.body` bytes.

What is not one is 400 with the place or name of the fault; what is larger is 413, to the byte, with
Content-Length and in chunks. Nothing is registered, and the server lives.
"""

import codecs
import json

import pytest

from harness.shared import assert_nothing_changes, registry, start_shared  # noqa: F401
from harness.requests import LOOKUP, REGISTER, assert_error, lookup_ids, registration

LIMIT = 256 * 1024
JSON = {"Content-Type": "application/json"}
TEXT = json.dumps(registration("body-test"))
LOOKUP_TEXT = '{"providerNames":["nobody"]}'
NOTHING = b'{"entries":[],"count":0}'


def post(registry, path, body, **headers):
    return registry.client("consumer").post(path, content=body, headers={**JSON, **headers})


def chunks(body, size=65536):
    for start in range(0, len(body), size):
        yield body[start : start + size]


MALFORMED = {
    "missing": b"",
    "blanks": b" \r\n\t",
    "null": b"null",
    "open": b"{",
    "half": TEXT[: len(TEXT) // 2].encode(),
    "trailing-text": TEXT.encode() + b" xyz",
    "two-texts": TEXT.encode() + TEXT.encode(),
    "trailing-nul": TEXT.encode() + b"\0",
    "trailing-comma": TEXT[:-1].encode() + b",}",
    "comment": b"/* x */" + TEXT.encode(),
    "line-comment": b"// x\n" + TEXT.encode(),
    "single-quotes": TEXT.replace('"', "'").encode(),
    "no-quotes": TEXT.replace('"version"', "version").encode()[:-1] + b",x:1}",
    "nan": TEXT[:-1].encode() + b',"x":NaN}',
    "infinity": TEXT[:-1].encode() + b',"x":-Infinity}',
    "leading-zero": TEXT[:-1].encode() + b',"x":01}',
    "no-fraction": TEXT[:-1].encode() + b',"x":1.}',
    "plus": TEXT[:-1].encode() + b',"x":+1}',
    "control": TEXT[:-1].encode() + b',"x":"a\nb"}',
    "bad-escape": TEXT[:-1].encode() + b',"x":"\\x41"}',
    "short-escape": TEXT[:-1].encode() + b',"x":"\\u12"}',
    "latin-1": TEXT[:-1].encode() + b',"x":"\xe9"}',
    "overlong": TEXT[:-1].encode() + b',"x":"\xc0\xaf"}',
    "surrogate-bytes": TEXT[:-1].encode() + b',"x":"\xed\xa0\x80"}',
    "beyond-unicode": TEXT[:-1].encode() + b',"x":"\xf4\x90\x80\x80"}',
    "lone-surrogate": TEXT[:-1].encode() + b',"x":"a\\ud800b"}',
    "lone-low-surrogate": TEXT[:-1].encode() + b',"x":"\\udc00"}',
    "nul": TEXT[:-1].encode() + b',"x":"a\\u0000b"}',
    "nul-in-name": TEXT[:-1].encode() + b',"x\\u0000":1}',
    "twice-known": TEXT[:-1].encode() + b',"metadata":{}}',
    "twice-unknown": TEXT[:-1].encode() + b',"zzz":1,"zzz":1}',
    "twice-by-escape": TEXT[:-1].encode() + b',"zzz":1,"\\u007azz":1}',
    "utf-16": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "utf-16-be": TEXT.encode("utf-16-be"),
    "utf-32": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "two-boms": codecs.BOM_UTF8 * 2 + TEXT.encode(),
    "gzip": bytes.fromhex("1f8b0800000000000203abae050043bfa6a302000000"),
    "brackets": b"[" * 100000,
    "closers": b"}" * 100000,
    "random": bytes(range(256)),
    "twice-in-metadata": b'{"serviceDefinitionName":"body-test","metadata":{"a":1,"a":2},"interfaces":[]}',
    "twice-in-interface": b'{"serviceDefinitionName":"body-test","interfaces":[{"policy":"NONE","policy":"NONE"}]}',
}


@pytest.mark.parametrize("path", [REGISTER, LOOKUP])
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(registry, path, name):
    with assert_nothing_changes(registry):
        assert_error(post(registry, path, MALFORMED[name]), 400, None, f"POST {path}")


def test_an_unknown_encoding_is_not_guessed_at(registry):
    """A compressed body is no JSON, whatever Content-Encoding says."""
    body = MALFORMED["gzip"]
    answer = post(registry, LOOKUP, body, **{"Content-Encoding": "gzip"})
    assert_error(answer, 400, None, f"POST {LOOKUP}")


def test_a_byte_order_mark_is_ignored(registry):
    answer = post(registry, LOOKUP, codecs.BOM_UTF8 + LOOKUP_TEXT.encode())
    assert (answer.status_code, answer.content) == (200, NOTHING)


def test_white_space_around(registry):
    answer = post(registry, LOOKUP, b" \r\n\t" + LOOKUP_TEXT.encode() + b"\n\n")
    assert (answer.status_code, answer.content) == (200, NOTHING)


def test_escapes_in_names_and_values(registry):
    text = r'{"provider\u004eames":["\u006eobody"]}'
    answer = post(registry, LOOKUP, text.encode())
    assert (answer.status_code, answer.content) == (200, NOTHING)


def nested(levels):
    """A register request that is `levels` deep: object, metadata, then lists."""
    lists = levels - 2
    body = registration("body-deep", metadata={"x": "HERE"})
    return json.dumps(body).replace('"HERE"', "[" * lists + "]" * lists)


@pytest.mark.parametrize(
    "levels, status", [(127, 201), (128, 201), (129, 400), (5000, 400), (100000, 400)]
)
def test_depth(registry, levels, status):
    """`limits.json_depth` is 128 by default, counted from the body's top; an answer is not shorter
    for who asked with more."""
    answer = post(registry, REGISTER, nested(levels).encode())
    assert answer.status_code == status, answer.text
    if status == 201:
        found = registry.client("temperature-provider1").post(
            LOOKUP, json={"serviceDefinitionNames": ["body-deep"]}
        )
        assert found.status_code == 200 and found.json()["count"] == 1
    else:
        assert_error(answer, 400, None, f"POST {REGISTER}")


def test_brackets_in_text_have_no_depth(registry):
    text = '{"providerNames":["%s"]}' % ("[{" * 500)
    answer = post(registry, LOOKUP, text.encode())
    assert (answer.status_code, answer.content) == (200, NOTHING)


def padded(size):
    """A lookup of exactly `size` bytes."""
    return LOOKUP_TEXT.encode() + b" " * (size - len(LOOKUP_TEXT))


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT])
def test_up_to_the_limit(registry, size, chunked):
    body = padded(size)
    answer = post(registry, LOOKUP, chunks(body) if chunked else body)
    assert (answer.status_code, answer.content) == (200, NOTHING)


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_one_byte_too_many(registry, chunked):
    body = padded(LIMIT + 1)
    answer = post(registry, LOOKUP, chunks(body) if chunked else body)
    assert_error(answer, 413, None, f"POST {LOOKUP}")


@pytest.mark.parametrize("claimed", [2 * LIMIT, 10**9, 2**31, 2**63 - 1])
def test_too_large_is_told_before_it_is_sent(registry, claimed):
    """Who announces too much hears so at once; nothing is buffered for it."""
    request = (
        f"POST {LOOKUP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {claimed}\r\n\r\n"
    )
    with registry.connect("consumer") as connection:
        connection.send(request.encode())
        assert_error(connection.read_response(), 413, None, f"POST {LOOKUP}")
        assert connection.closed()


def test_expect_continue(registry):
    """100 comes before the body is sent; where the body would be too large, 413 comes instead."""
    head = f"POST {LOOKUP} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    with registry.connect("consumer") as connection:
        connection.send(f"{head}Content-Length: {len(LOOKUP_TEXT)}\r\n\r\n".encode())
        connection.send(LOOKUP_TEXT.encode())
        assert connection.read_response().body == NOTHING
    with registry.connect("consumer") as connection:
        connection.send(f"{head}Content-Length: {2 * LIMIT}\r\n\r\n".encode())
        assert_error(connection.read_response(), 413, None, f"POST {LOOKUP}")


def test_another_limit(start_shared):
    server = start_shared(limits={"body": "1KiB", "json_depth": 8})
    assert post(server, LOOKUP, padded(1024)).status_code == 200
    assert_error(post(server, LOOKUP, padded(1025)), 413, None, f"POST {LOOKUP}")
    assert_error(post(server, REGISTER, nested(9).encode()), 400, None, f"POST {REGISTER}")
    assert lookup_ids(server.client("consumer"), providerNames=["consumer"]) == []

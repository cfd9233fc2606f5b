"""As much of the Redis protocol as the measurements need: commands, pipelines, and MONITOR."""
import re
import socket

from .machine import Failed

ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b"}


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Redis:
    """One connection to a Unix socket; replies as bytes, int, list or None."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Failed("Redis ended the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Failed(f"Redis refused: {rest.decode(errors='replace')}")
        if kind in b":":
            return int(rest)
        if kind == b"+":
            return rest
        length = int(rest)
        if length < 0:
            return None
        if kind == b"*":
            return [self.reply() for _ in range(length)]
        return self.file.read(length + 2)[:-2]

    def call(self, *words):
        self.socket.sendall(encode(words))
        return self.reply()

    def pipeline(self, commands):
        self.socket.sendall(b"".join(encode(words) for words in commands))
        return [self.reply() for _ in commands]

    def setting(self, name):
        return self.call("CONFIG", "GET", name)[1].decode()

    def info(self, section, name):
        text = self.call("INFO", section).decode()
        return re.search(rf"(?m)^{name}:(.*?)\r?$", text)[1]

    def keys(self, pattern):
        cursor = b"0"
        while True:
            cursor, found = self.call("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
            yield from found
            if cursor == b"0":
                return


def unquote(text):
    """A word as MONITOR writes it, without its quotes, as bytes."""
    def plain(found):
        code = found[1]
        if code[0] == "x" and len(code) == 3:
            return chr(int(code[1:], 16))
        return ESCAPES.get(code, code.encode()).decode("latin-1")
    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", plain, text).encode("latin-1")


def monitored_words(line):
    """The words of one line of MONITOR."""
    return [unquote(word) for word in re.findall(r'"((?:[^"\\]|\\.)*)"', line.decode("latin-1"))]


def next_script_call(monitor, sha):
    """The words of the next EVALSHA of a script in MONITOR; what scripts call is left out."""
    for _ in range(10000):
        line = monitor.reply()
        words = monitored_words(line)
        if b" lua]" not in line and len(words) > 2 and words[0].lower() == b"evalsha" \
                and words[1].lower() == sha:
            return words
    raise Failed("no call of the registration script was seen among 10,000 commands")

"""The row `stall`: how long one odd request holds up another client, which asks `/-/health` back to back.

Run as `python -m bench.stall PORT` it is the upstream: blocking sockets, a thread for each connection; a target with
`?tiny` gets a million chunks of a byte.
"""

import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import BinaryIO

from bench.frames import LAST_CHUNK
from bench.latency import Caller, WrongReplyError
from bench.processes import Running, free_port, running, sidestep
from bench.results import Result
from bench.shapes import SHAPES, Shape, title
from bench.traffic import conversation, request
from bench.upstream import reply

LIMIT = 50.0
"""Milliseconds."""
SIZE = 8 * 1024 * 1024
"""`rules.max_body`."""

_MILLION = 1_000_000
_TINY_CHUNK = b"1\r\na\r\n"
_BODIES = (
    *("title: reminders", "title: Chinese", "title: escaped quotes", "command prefix: letters", "topic: escaped emoji"),
    *("last content: many objects", "last content: deep lists", "a block: deep objects", "messages: many lists"),
    *("file paths, output: letters", "metadata: many objects", "system: many objects", "tools: many objects"),
    *("quota probe: deep lists", "suggestion: many lists", "suggestion, older text: escaped emoji"),
    *("the whole: many objects", "keys: tools, with one", "unknown field: blanks", "odd: tiny messages"),
)
"""The dearest of every kind, out of those that `shapes` has."""


def stall(folder: Path, rounds: int) -> Iterator[Result]:
    """The worst wait of the other client over all odd requests, and which it was, beside a plain conversation's."""
    with _upstream() as upstream, sidestep(upstream.port, folder) as ours:
        usual = median(_longest(ours.port, plain(ours.port)) for _ in range(rounds))
        waits = {name: median(_longest(ours.port, data) for _ in range(3)) for name, data in odd(ours.port)}
    worst = max(waits, key=waits.__getitem__)
    yield Result("stall", "another's wait, 8 MiB of conversation", "ms", usual, bound=LIMIT)
    yield Result("stall", "another's wait, worst odd request", "ms", waits[worst], bound=LIMIT, note=worst)


def plain(port: int) -> bytes:
    return request(port, conversation(SIZE))


def odd(port: int) -> Iterator[tuple[str, bytes]]:
    """Each odd request by its name, made when it is asked for."""
    for name in _BODIES:
        yield name, _sent(port, SHAPES[name](SIZE))
    yield "a schema that doubles", _sent(port, title("fix the parser", _doubling(40)))
    yield "a reply in a million chunks", request(port, b"{}", "/v1/messages?tiny")
    head = f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: claude-cli/2.1.330\r\n"
    chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()
    yield "an upload in a million chunks", chunked + _TINY_CHUNK * _MILLION + LAST_CHUNK


def _sent(port: int, shape: Shape) -> bytes:
    head, body = shape
    return request(port, body, head.path, {"User-Agent": head.headers["user-agent"]})


def _doubling(depth: int) -> Mapping[str, object]:
    steps = {f"a{step}": {"allOf": [{"$ref": f"#/$defs/a{step + 1}"}] * 2} for step in range(depth)}
    return {"type": "object", "properties": {"title": {"$ref": "#/$defs/a0"}}, "$defs": {**steps, f"a{depth}": {}}}


def _longest(port: int, data: bytes) -> float:
    """The longest that the other client waits while `data` is served, in milliseconds."""
    done, faults = threading.Event(), list[Exception]()
    asking = f"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    longest = 0

    def send() -> None:
        try:
            with Caller(port) as sender:
                sender.send(data)
        except (OSError, WrongReplyError) as error:
            faults.append(error)
        finally:
            done.set()

    with Caller(port) as caller:
        caller.call(asking)
        thread = threading.Thread(target=send)
        thread.start()
        while not done.is_set():
            longest = max(longest, caller.call(asking)[0])
        thread.join()
    if faults:
        raise WrongReplyError(f"{type(faults[0]).__name__}: {faults[0]}")
    return longest / 1e6


@contextmanager
def _upstream() -> Iterator[Running]:
    port = free_port()
    with running("upstream", [sys.executable, "-m", "bench.stall", str(port)], port) as started:
        yield started


def serve(port: int) -> None:
    """Serve until the process ends."""
    with socket.create_server(("127.0.0.1", port), backlog=64) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_converse, args=(connection,), daemon=True).start()


def _converse(connection: socket.socket) -> None:
    short = reply()
    head, _, _ = short.partition(b"\r\n\r\n")
    tiny = head + b"\r\n\r\n" + _TINY_CHUNK * _MILLION + LAST_CHUNK
    with connection, suppress(OSError), connection.makefile("rb") as reader:
        while line := reader.readline():
            _read_body(reader)
            connection.sendall(tiny if b"?tiny" in line else short)


def _read_body(reader: BinaryIO) -> None:
    """Read the rest of a head, and the body that it announces."""
    fields = {}
    while line := reader.readline().strip():
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    left = int(fields.get(b"content-length", b"0"))
    while left:
        left -= len(reader.read(min(left, 65536)))
    if b"transfer-encoding" in fields:
        while size := int(reader.readline(), 16):
            reader.read(size + 2)
        reader.readline()


if __name__ == "__main__":
    serve(int(sys.argv[1]))

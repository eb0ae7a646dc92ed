"""How long one request takes: a closed loop of one blocking connection, the three ways in turn.

wrk rounds to its own clock and to histogram bins; a plain socket and `perf_counter_ns` are exact to the microsecond.
"""

import gc
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from statistics import median
from typing import Self

from bench.figures import Rounds
from bench.frames import LAST_CHUNK
from bench.processes import Running
from bench.traffic import request

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_MARK = b"x-sidestep-rule:"
_TIMEOUT = 20.0
_WARM_UP = 20
_TURNS = 6
"""Times that the ways take turns within a round, so that a slow moment of the machine falls on all of them."""


class WrongReplyError(Exception):
    """A reply that the row is not about: an error, an answer where the upstream's was due, or the other way round."""


class Caller:
    """One kept connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def call(self, data: bytes) -> tuple[int, bytes]:
        """Send a request; nanoseconds until its reply was complete, and the reply."""
        begun = time.perf_counter_ns()
        self._socket.sendall(data)
        reply = self._socket.recv(65536)
        while not complete(reply):
            more = self._socket.recv(65536)
            if not more:
                raise WrongReplyError("the connection ended within a reply")
            reply += more
        return time.perf_counter_ns() - begun, reply

    def send(self, data: bytes) -> None:
        """Send a request and read its reply, of any length, without a look at it but for its status and its end."""
        self._socket.sendall(data)
        reply = self._socket.recv(65536)
        if not reply.startswith(b"HTTP/1.1 200 "):
            raise WrongReplyError(reply.split(b"\r\n")[0].decode("latin-1"))
        ending = reply
        while not complete(reply) and not ending.endswith(b"\r\n" + LAST_CHUNK):
            more = self._socket.recv(65536)
            if not more:
                raise WrongReplyError("the connection ended within a reply")
            reply, ending = (reply + more)[:65536], (ending + more)[-16:]


def complete(reply: bytes) -> bool:
    """Whether these bytes are a whole reply, chunked or with a length."""
    end = reply.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(reply, 0, end)
    return len(reply) >= end + 4 + int(length[1]) if length else reply.endswith(b"\r\n" + LAST_CHUNK)


def check(reply: bytes, *, answered: bool) -> None:
    """Raise WrongReplyError unless it is a 200 that came from a rule (`answered`), or from the upstream untouched."""
    head, _, _ = reply.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise WrongReplyError(head.split(b"\r\n")[0].decode("latin-1"))
    if (_MARK in head.lower()) != answered:
        raise WrongReplyError("answered by a rule" if not answered else "not answered by a rule")


def latencies(
    found: Rounds, ways: Mapping[str, Running], bodies: Sequence[bytes], *, count: int, answered: bool = False
) -> None:
    """One round: median milliseconds of each way, out of about `count` requests; `answered` is about ours alone.

    The bodies take turns.
    """
    with ExitStack() as stack:
        callers = {way: stack.enter_context(Caller(running.port)) for way, running in ways.items()}
        requests = {way: cycle([request(running.port, body) for body in bodies]) for way, running in ways.items()}
        for way, caller in callers.items():
            for _ in range(_WARM_UP):
                _call(caller, next(requests[way]), answered=answered and way == "ours")
        taken: dict[str, list[int]] = {way: [] for way in ways}
        with no_collection():
            for _ in range(_TURNS):
                for way, caller in callers.items():
                    ours = answered and way == "ours"
                    turn = islice(requests[way], count // _TURNS)
                    taken[way] += [_call(caller, data, answered=ours) for data in turn]
    for way, values in taken.items():
        found.add(way, median(values) / 1e6)


def _call(caller: Caller, data: bytes, *, answered: bool) -> int:
    taken, reply = caller.call(data)
    check(reply, answered=answered)
    return taken


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector of this process, which is not what is measured, out of the measure."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""The row `stall`: its upstream reads and sends what the row needs, and a wait that is long is seen."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bench import stall
from bench.latency import Caller
from bench.shapes import SHAPES
from bench.traffic import request


@pytest.fixture
def port() -> Iterator[int]:
    """The upstream of the row, for three connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):  # the test is over
                for _ in range(3):
                    stall._converse(server.accept()[0])

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_bodies_of_either_framing_are_read_to_their_end(port: int) -> None:
    upload = dict(stall.odd(port))["an upload in a million chunks"]
    head, _, _ = upload.partition(b"\r\n\r\n")
    with Caller(port) as caller:
        caller.send(head + b"\r\n\r\n" + b"1\r\na\r\n" * 1000 + b"0\r\n\r\n")
        caller.send(stall.plain(port))
        caller.send(request(port, b"{}"))


def test_a_reply_of_a_million_chunks_is_read_to_its_end(port: int) -> None:
    with Caller(port) as caller:
        caller.send(request(port, b"{}", "/v1/messages?tiny"))
        caller.send(request(port, b"{}"))


def test_every_shape_that_the_row_names_is_there() -> None:
    assert set(stall._BODIES) <= SHAPES.keys()


def test_the_longest_wait_is_the_other_clients() -> None:
    """A server of one thread that takes a tenth of a second over the odd request: who asks meanwhile, waits."""
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            asking, _ = server.accept()
            with asking:
                asking.recv(65536)
                asking.sendall(ok)
                sender, _ = server.accept()
                with sender:
                    sender.recv(65536)
                    time.sleep(0.1)
                    sender.sendall(ok)
                while asking.recv(65536):
                    asking.sendall(ok)

        serving = threading.Thread(target=serve)
        serving.start()
        assert stall._longest(server.getsockname()[1], b"x") >= 90
        serving.join()

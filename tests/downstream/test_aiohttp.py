"""What Sidestep relies on of aiohttp's server side without its documentation: each thing by its name.

None of it is private. A release that changes one of these fails here, before it fails as something else.
"""

import ast
import asyncio
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import aiohttp_sse
import pytest
from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from proxy.downstream import relayed, replies
from proxy.downstream.inbound import OPTIONS, Inbound
from proxy.live import pages
from tests.cases import every

ROOT = Path(__file__).parent.parent.parent / "proxy"
MENTION = [path for path in sorted(ROOT.rglob("*.py")) if "aiohttp" in path.read_text()]
"""Modules that name it."""
OURS: list[type] = [
    Inbound,
    replies.RawResponse,
    relayed.RelayedResponse,
    replies.FullResponse,
    replies.EventsResponse,
    pages._Stream,
]
"""Every class that has one of aiohttp's above it."""

# Names and parameters: of what is called, and of what is put in place of aiohttp's own.
SIGNATURES: dict[str, tuple[Callable[..., object], list[str]]] = {
    "RequestHandler.connection_made": (web.RequestHandler.connection_made, ["transport"]),
    "RequestHandler.connection_lost": (web.RequestHandler.connection_lost, ["exc"]),
    "RequestHandler.data_received": (web.RequestHandler.data_received, ["data"]),
    "RequestHandler.pause_reading": (web.RequestHandler.pause_reading, []),
    "RequestHandler.resume_reading": (web.RequestHandler.resume_reading, ["resume_parser"]),
    "RequestHandler.close": (web.RequestHandler.close, []),
    "RequestHandler.force_close": (web.RequestHandler.force_close, []),
    "RequestHandler.start": (web.RequestHandler.start, []),
    "RequestHandler.shutdown": (web.RequestHandler.shutdown, ["timeout"]),
    "RequestHandler.handle_error": (web.RequestHandler.handle_error, ["request", "status", "exc", "message"]),
    "RequestHandler.log_exception": (web.RequestHandler.log_exception, ["args", "kw"]),
    "StreamReader.set_exception": (StreamReader.set_exception, ["exc"]),
    "StreamReader.read_nowait": (StreamReader.read_nowait, ["n"]),
    "StreamReader.readany": (StreamReader.readany, []),
    "StreamReader.at_eof": (StreamReader.at_eof, []),
    "StreamWriter.write": (StreamWriter.write, ["chunk"]),
    "StreamWriter.drain": (StreamWriter.drain, []),
    "StreamResponse.prepare": (web.StreamResponse.prepare, ["request"]),
    "StreamResponse.write_eof": (web.StreamResponse.write_eof, ["data"]),
}

PROPERTIES: dict[str, tuple[type, str]] = {
    "RequestHandler.sockname": (web.RequestHandler, "sockname"),
    "RequestHandler.writing_paused": (web.RequestHandler, "writing_paused"),
    "BaseRequest.protocol": (web.BaseRequest, "protocol"),
    "BaseRequest.transport": (web.BaseRequest, "transport"),
    "BaseRequest.writer": (web.BaseRequest, "writer"),
    "BaseRequest.raw_headers": (web.BaseRequest, "raw_headers"),
    "BaseRequest.raw_path": (web.BaseRequest, "raw_path"),
    "Server.connections": (web.Server, "connections"),
    "AppRunner.server": (web.AppRunner, "server"),
    "StreamResponse.prepared": (web.StreamResponse, "prepared"),
    "StreamResponse.keep_alive": (web.StreamResponse, "keep_alive"),
    "StreamWriter.output_size": (AbstractStreamWriter, "output_size"),
}


@every("name", SIGNATURES)
def test_a_method_is_called_as_it_was(name: str) -> None:
    """What it may have beside that has a default."""
    method, expected = SIGNATURES[name]
    found = {key: value for key, value in inspect.signature(method).parameters.items() if key != "self"}
    assert [key for key in found if key in expected] == expected
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [key for key, value in found.items() if value.default is value.empty and value.kind not in optional]
    assert {*needed} <= {*expected}


@every("name", PROPERTIES)
def test_an_attribute_is_there(name: str) -> None:
    owner, attribute = PROPERTIES[name]
    assert hasattr(owner, attribute)


def test_a_server_asks_of_a_reply_nothing_that_ours_leave_out() -> None:
    """`replies.RawResponse` does without what `web.StreamResponse.__init__` makes."""
    nodes = ast.walk(ast.parse(inspect.getsource(web.RequestHandler)))
    asked = {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "resp"}
    assert asked <= {"force_close", "keep_alive", "prepare", "write_eof"}


@every("option", [*OPTIONS, "keepalive_timeout", "loop"])
def test_an_option_of_a_connection_is_known(option: str) -> None:
    assert option in inspect.signature(web.RequestHandler).parameters


def test_a_server_makes_its_connections_as_we_do() -> None:
    """`web.Server` is called for each; `listening` makes an `Inbound` in its place."""
    assert next(iter(inspect.signature(web.RequestHandler).parameters)) == "manager"
    assert "RequestHandler(self, loop=self._loop, **self._kwargs)" in inspect.getsource(web.Server.__call__)


async def test_a_server_has_its_requests_served_by_its_request_handler() -> None:
    """`listening` puts another in its place, before there is any connection."""
    server = web.Server(cast(Any, abs))
    assert server.request_handler is abs
    assert "self._request_handler: _RequestHandler | None = manager.request_handler" in inspect.getsource(
        web.RequestHandler.__init__
    )


async def test_output_size_counts_what_a_reply_has_sent() -> None:
    """By this, `handle_error` knows whether a reply has been begun."""
    transport = mock.Mock(is_closing=lambda: False)
    writer = StreamWriter(cast(Any, SimpleNamespace(transport=transport, _paused=False)), asyncio.get_running_loop())
    assert writer.output_size == 0
    await writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert writer.output_size == 19


async def test_a_body_that_is_not_read_pauses_its_connection_and_reading_it_resumes() -> None:
    """`Inbound` hears of both."""
    connection = mock.Mock(_reading_paused=False)
    content = StreamReader(connection, 1000, loop=asyncio.get_running_loop())
    content.feed_data(b"x" * 2001)
    connection.pause_reading.assert_called_once_with()
    connection.resume_reading.assert_not_called()
    content.read_nowait()
    connection.resume_reading.assert_called_once_with()


def _attributes(source: str) -> Iterator[tuple[str, str]]:
    """Every `name._attribute` in it that is not a dunder, as its two parts; "" for what stands on something else."""
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            yield (node.value.id if isinstance(node.value, ast.Name) else ""), node.attr


def _own(source: str) -> set[str]:
    return {attribute for name, attribute in _attributes(source) if name == "self"}


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_no_class_of_ours_shares_a_private_name_with_those_above_it(ours: type) -> None:
    """Neither used nor overwritten: such a name can change its meaning in any release."""
    above = [base for base in ours.__mro__ if base.__module__.startswith(("aiohttp", "aiohttp_sse"))]
    assert above
    theirs = {name for base in above for name in {*vars(base), *getattr(base, "__slots__", ())}}
    theirs |= {name for base in above for name in _own(inspect.getsource(base))}
    mine = _own(inspect.getsource(ours)) | {name for name in vars(ours) if not name.endswith("__")}
    assert not {name for name in mine & theirs if name.startswith("_")} - {"_abc_impl"}


def test_all_classes_of_ours_are_looked_at() -> None:
    bases = (web.RequestHandler, web.StreamResponse, aiohttp_sse.EventSourceResponse)
    found = {each for base in bases for each in _below(base) if each.__module__.startswith("proxy.")}
    assert found == {*OURS}


def _below(base: type) -> Iterator[type]:
    each: type
    for each in base.__subclasses__():
        yield each
        yield from _below(each)


@every("path", MENTION, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_reaches_into_what_is_not_its_own(path: Path) -> None:
    """A private attribute is one of `self`, of `cls`, or of a class or module of the same room."""
    source = path.read_text()
    here = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)}
    foreign = {(name, attribute) for name, attribute in _attributes(source) if name not in {"self", "cls", *here}}
    assert foreign <= {("yarl", "_url")}  # `preload`: of a yarl without it, nothing is asked

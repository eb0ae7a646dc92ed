"""One request never hurts another: bodies that are built to be dear to decide on, and a client that asks for health.

The figures are the longest time that the proxy worked while this client waited, and the memory that is left. The row
`stall` of `make bench` holds the times on the clock to 50 ms.
"""

import asyncio

import pytest

from bench.shapes import SHAPES, Shape, title
from tests.rules.test_structured import doubling
from tests.sockets.bystander import bystander
from tests.sockets.given import MEBIBYTE, Wire, receive
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIZE = 8 * MEBIBYTE
"""`rules.max_body`."""
WORST = (
    "conversation",
    "title: reminders",
    "title: Chinese",
    "command prefix: letters",
    "last content: many objects",
    "last content: deep lists",
    "metadata: many objects",
    "system: many objects",
    "tools: many objects",
    "messages: many objects",
    "messages: many lists",
    "quota probe: many lists",
    "suggestion: many lists",
    "the whole: many objects",
    "odd: tiny messages behind the user's",
    "odd: system blocks",
)
"""Of each kind of cost the dearest: what took 0.2 s or more before sizes were looked at."""
LIMIT = 0.1
"""Seconds of work: twice what a quiet machine is held to, since a shared processor takes longer over the same work."""


def sent(wire: Wire, shape: Shape) -> bytes:
    head, body = shape
    fields = [b"%s: %s" % (name.encode(), value.encode()) for name, value in head.headers.items()]
    return wire.head(b"POST /v1/messages HTTP/1.1", *fields, b"Content-Length: %d" % len(body)) + body


async def longest_wait(wire: Wire, data: bytes) -> float:
    """The longest that another client waits while `data` is served: the proxy's own work, in seconds."""
    async with asyncio.timeout(PATIENCE), bystander(wire.process, wire.port) as other, wire.client() as client:
        await client.send(data)
        assert (await receive(client)).status == 200
        count = len(other.waits)
        await until(lambda: len(other.waits) > count)
    return other.longest


@pytest.mark.parametrize("name", WORST)
async def test_no_body_holds_up_others_for_long(wire: Wire, name: str) -> None:
    assert await longest_wait(wire, sent(wire, SHAPES[name](SIZE))) < LIMIT


async def test_a_schema_that_doubles_with_every_step_holds_up_nobody(wire: Wire) -> None:
    """A title question of 3.5 KB: with 28 steps it took 3.6 s, with 40 nobody waited for the end of it."""
    shape = title("fix the parser", schema=doubling(40))
    assert await longest_wait(wire, sent(wire, shape)) < LIMIT


async def test_a_request_that_is_declined_leaves_nothing_behind(wire: Wire) -> None:
    """Each held its body, of 8 MiB, until a full collection."""
    shape = title("<system-reminder>" * (SIZE // 20))
    before = 0
    for count in range(24):
        if count == 4:  # what the allocator keeps for the next body of this size
            before = wire.process.memory()
        assert (await wire.ask(sent(wire, shape))).status == 200
    assert wire.process.memory() - before < 4 * SIZE

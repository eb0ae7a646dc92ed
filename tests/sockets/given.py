"""What the raw-socket tests share: a message as it came, and one proxy process before one scripted upstream."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.process import Process
from tests.raw import Peer, RawUpstream, raw_client, reply
from tests.waiting import PATIENCE

OK = reply(b'{"ok":true}')
CLAUDE = b"User-Agent: claude-cli/2.0.64 (external, cli)"
"""With this and the path /v1/messages, the body is looked into."""
CHUNKED = b"Transfer-Encoding: chunked"
MEBIBYTE = 1024 * 1024

# RFC 9110, section 7.6.1, and what RFC 2616, section 13.5.1, named beside it.
HOP_BY_HOP = (
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection "
    b"te trailer transfer-encoding upgrade"
).split()

Fields = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Message:
    """A request or a reply as it came over the wire."""

    head: bytes
    body: bytes = b""

    @property
    def line(self) -> bytes:
        """The request line or the status line."""
        return self.head.partition(b"\r\n")[0]

    @property
    def status(self) -> int:
        return int(self.line.split(b" ")[1])

    @property
    def fields(self) -> Fields:
        """Names and values in the order in which they came, without the blanks around a value."""
        pairs = [line.partition(b":") for line in self.head.split(b"\r\n")[1:-2]]
        return [(name, value.strip(b" \t")) for name, _, value in pairs]

    @property
    def forwarded(self) -> Fields:
        """The fields without those that are a proxy's to change."""
        return [(name, value) for name, value in self.fields if name.lower() not in [b"host", *HOP_BY_HOP]]

    def values(self, name: bytes) -> list[bytes]:
        """Every value of the fields of this name, in any case."""
        return [value for found, value in self.fields if found.lower() == name]

    @property
    def error(self) -> dict[str, str]:
        """The error of a reply made here, which has the API's shape."""
        answer = json.loads(self.body)
        assert answer["type"] == "error"
        assert set(answer) == {"type", "error", "request_id"}
        assert set(answer["error"]) == {"type", "message"}
        assert self.values(b"request-id") == [answer["request_id"].encode()]
        assert self.values(b"content-type")[0].startswith(b"application/json")
        return dict(answer["error"])


async def receive(peer: Peer, *, bodiless: bool = False) -> Message:
    """The next request or final reply, whole; `bodiless` tells that it is the reply to HEAD.

    Raises IncompleteReadError or ConnectionError when it ends before its framing says so.
    """
    message = Message(await peer.head())
    while message.line.startswith(b"HTTP/1.1 1") and message.status != 101:
        message = Message(await peer.head())
    is_reply = message.line.startswith(b"HTTP/")
    if bodiless or (is_reply and message.status in (101, 204, 304)):
        return message
    if message.values(b"transfer-encoding"):
        assert [value.lower() for value in message.values(b"transfer-encoding")] == [b"chunked"]
        assert not message.values(b"content-length")
        message.body = b"".join(await peer.chunks())
    elif message.values(b"content-length"):
        message.body = await peer.sized(message.head)
    elif is_reply:
        message.body = await peer.reader.read()
    return message


def head(port: int, line: bytes, *fields: bytes) -> bytes:
    """A request's head: the request line, a Host that is served, then `fields`."""
    return b"\r\n".join([line, b"Host: 127.0.0.1:%d" % port, *fields, b"", b""])


async def ask(port: int, sent: bytes) -> Message:
    """The reply to one request on a connection of its own."""
    async with asyncio.timeout(PATIENCE), raw_client(port) as client:
        await client.send(sent)
        return await receive(client, bodiless=sent.startswith(b"HEAD "))


async def answers(peer: Peer) -> None:
    """The script of an upstream that answers whatever comes."""
    while True:
        await receive(peer)
        await peer.send(OK)


@dataclass(slots=True)
class Wire:
    """One proxy process before one upstream; a test gives the upstream a script of its own."""

    process: Process
    port: int
    upstream: RawUpstream
    arrived: list[Message] = field(default_factory=list)
    """The requests that `carry` had answered, with `answer`."""
    answer: bytes = OK

    def client(self) -> AbstractAsyncContextManager[Peer]:
        return raw_client(self.port)

    def head(self, line: bytes, *fields: bytes) -> bytes:
        return head(self.port, line, *fields)

    async def carry(self, sent: bytes, answer: bytes = OK) -> tuple[Message, Message]:
        """Send one request and have it given one reply: the request as it arrived, and the reply as it came back."""
        self.arrived, self.answer, self.upstream.script = [], answer, self._replies
        came = await self.ask(sent)
        assert len(self.arrived) == 1, came
        return self.arrived[0], came

    async def _replies(self, peer: Peer) -> None:
        """The script of `carry`; a connection that is kept alive follows what is said to be the answer by then."""
        while True:
            arrived = await receive(peer)
            self.arrived.append(arrived)
            await peer.send(self.answer)
            if not ends_by_itself(self.answer):
                return

    async def ask(self, sent: bytes) -> Message:
        return await ask(self.port, sent)


def ends_by_itself(answer: bytes) -> bool:
    """Whether a reply's end can be told without the end of its connection."""
    head = answer.lower()
    return b"content-length:" in head or b"chunked" in head


def chunk(data: bytes) -> bytes:
    """One chunk; of nothing, the end of the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(*pieces: bytes) -> bytes:
    """A whole body in these chunks."""
    return b"".join(map(chunk, [*pieces, b""]))


async def broken_off(peer: Peer) -> bytes:
    """What still comes before the other side ends or resets the connection, which it must."""
    came = bytearray()
    with suppress(ConnectionError):
        while data := await peer.reader.read(65536):
            came += data
    return bytes(came)


def peak_from_now(process: Process) -> int:
    """Start to measure the most memory anew; bytes in use now."""
    Path(f"/proc/{process.process.pid}/clear_refs").write_text("5")
    return process.memory()

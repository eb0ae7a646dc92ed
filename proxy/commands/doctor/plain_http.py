"""Minimal HTTP/1.1 over bare streams, to check every byte: a library could correct them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

TIMEOUT = 5.0
"""Seconds for any one step on loopback."""


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A request or a reply: first line, header lines as they came, and the body with its chunks joined."""

    first: bytes
    lines: tuple[bytes, ...]
    body: bytes

    @property
    def status(self) -> int:
        """The status of a reply; 0 if its first line has none."""
        number = self.first.split(b" ")[1:2]
        return int(number[0]) if number and number[0].isdigit() else 0

    def header(self, name: str) -> str:
        """The first header of that name, or ""."""
        return _value(self.lines, name.encode())


async def read_head(reader: asyncio.StreamReader) -> tuple[bytes, tuple[bytes, ...]]:
    """A first line and the header lines after it. Raises EOFError if the connection ends before."""
    try:
        first, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
    except asyncio.IncompleteReadError as error:
        raise EOFError("the connection ended within a head") from error
    return first, tuple(lines)


async def read_message(reader: asyncio.StreamReader, *, until_end: bool = False, bodiless: bool = False) -> HttpMessage:
    """A whole message; `until_end`: without a length, its body goes on until the connection ends (RFC 9112, 6.3).

    `bodiless`: it is the reply to a HEAD.
    """
    first, lines = await read_head(reader)
    length = _value(lines, b"content-length")
    if bodiless or first.split(b" ")[1:2] in ([b"204"], [b"304"]):
        body = b""
    elif _value(lines, b"transfer-encoding"):
        body = b"".join([chunk async for chunk in _chunks(reader)])
    elif length:
        body = await reader.readexactly(int(length))
    else:
        body = await reader.read() if until_end else b""
    return HttpMessage(first, lines, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")


def _value(lines: Sequence[bytes], wanted: bytes) -> str:
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            return value.strip().decode("utf-8", "replace")
    return ""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a Sidestep."""

    host: str
    port: int
    token: str = ""
    """Its local token, if it wants one."""
    name: str = ""
    """The value of `Host`, if it is not the address."""

    @property
    def authority(self) -> str:
        if self.name:
            return self.name
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def request(self, line: str, headers: Sequence[str] = (), body: bytes = b"", *, host: str = "") -> bytes:
        """The bytes of a request with a length."""
        lines = [f"{line} HTTP/1.1", f"Host: {host or self.authority}"]
        lines += [f"x-sidestep-token: {self.token}"] if self.token else []
        lines += [*headers, f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection, which is closed at the end in any state. Raises OSError and TimeoutError."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection(address.host, address.port), TIMEOUT)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(address: Address, request: bytes) -> HttpMessage:
    """One request on a connection of its own. Raises OSError, EOFError and TimeoutError."""
    async with asyncio.timeout(TIMEOUT), connected(address) as (reader, writer):
        writer.write(request)
        return await read_message(reader, until_end=True, bodiless=request.startswith(b"HEAD "))

"""The text of the model's reply, read in a thread: decompressing it can take long."""

import asyncio
from contextlib import suppress

from proxy.decision.shadow import text_of
from proxy.headers import RawHeaders, text_pairs

_SMALL = 32 * 1024
"""Bytes of an uncompressed reply that are read in a millisecond; in four, if they are crafted to be slow."""


async def model_text(pairs: RawHeaders, body: bytes | None) -> str | None:
    """The text of a reply sent completely; None if it has none. A cancellation (the client left) does not stop it."""
    if body is None:
        return None
    headers = {name.lower(): value for name, value in text_pairs(pairs)}
    if len(body) <= _SMALL and not headers.get("content-encoding"):
        return text_of(body, headers)
    reading = asyncio.ensure_future(asyncio.to_thread(text_of, body, headers))
    while not reading.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(reading)
    return reading.result()

"""The text of the model's reply, read off the event loop: a packed one can take long to unpack."""

import asyncio
from contextlib import suppress

from proxy.decision.shadow import text_of
from proxy.headers import RawHeaders, text_pairs

_SMALL = 32 * 1024
"""Bytes of a plain reply that are read in a millisecond, or in four if they are made for it."""


async def model_text(pairs: RawHeaders, body: bytes | None) -> str | None:
    """The text of a reply that is all out, None if it has none: a client that leaves meanwhile cuts nothing short."""
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

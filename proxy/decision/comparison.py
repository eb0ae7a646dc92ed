"""The text of the model's reply, read beside the event loop: a packed one can take long to unpack."""

import asyncio
from contextlib import suppress

from proxy.decision.shadow import text_of
from proxy.headers import RawHeaders, text_pairs


async def model_text(pairs: RawHeaders, body: bytes | None) -> str | None:
    """The text of a reply that is all out, None if it has none: a client that leaves meanwhile cuts nothing short."""
    if body is None:
        return None
    headers = {name.lower(): value for name, value in text_pairs(pairs)}
    reading = asyncio.ensure_future(asyncio.to_thread(text_of, body, headers))
    while not reading.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(reading)
    return reading.result()

"""The received part of a request's body."""

from collections.abc import AsyncIterator


class ReceivedBody:
    """The received part of a request's body: `size` bytes in all, and the `chunks` that are still held."""

    whole = True
    """Whether everything received is still held."""

    def __init__(self, *, complete: bool = True, keep: bool = False) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.complete = complete
        """Whether the whole body was received."""
        self.keep = keep
        """Whether it must be held after it has been sent, for capture."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The rest of the body: here, nothing."""
        return
        yield b""

    async def collect(self, most: int) -> bool:
        """Wait for all of it; False as soon as it is larger than `most` bytes."""
        return self.size <= most

    def passed(self, size: int) -> None:
        """Count bytes that were received and forwarded at once, and are not held."""
        self.size += size

    def release(self) -> None:
        """Release the held chunks."""
        self.chunks = []

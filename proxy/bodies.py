"""What has come of a request's body."""

from collections.abc import AsyncIterator


class Body:
    """What has come of a request's body: `size` bytes in all, and `chunks` as they came while they are held."""

    whole = True
    """Whether all that has come is held."""

    def __init__(self, *, complete: bool = True, keep: bool = False) -> None:
        self.chunks: list[bytes] = []
        self.size = 0
        self.complete = complete
        """Whether all of it has come."""
        self.keep = keep
        """Whether it is still wanted when it has been sent; a long reply need not hold on to it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What is still to come of it: here, nothing."""
        return
        yield b""

    async def collect(self, most: int) -> bool:
        """Wait for all of it; False as soon as it is larger than `most` bytes."""
        return self.size <= most

    def passed(self, size: int) -> None:
        """So many more bytes came, and went on at once: none of them is held."""
        self.size += size

    def release(self) -> None:
        """Hold it no longer."""
        self.chunks = []

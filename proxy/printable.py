"""Text made fit for a terminal: whatever stands in a file, or names one, it moves no cursor and hides nothing."""

from typing import Any, TextIO, cast

# Controls but for line end and tab (Unicode's C0, DEL and C1), line and paragraph separators, signs that turn the
# direction of text around, and the lone surrogates that bytes become which are no UTF-8.
_ODD = (
    *(code for code in range(0x20) if chr(code) not in "\n\t"),
    *range(0x7F, 0xA0),
    *(0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),
    *range(0xD800, 0xE000),
)
_ESCAPED = {code: f"\\u{code:04x}" for code in _ODD}


def printable(text: str) -> str:
    """`text` with every such sign as `\\u001b`, which is the same JSON where it is part of some."""
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPED)


def shown(stream: TextIO) -> TextIO:
    """A stream that writes text so, and is else `stream`."""
    return cast(TextIO, _Printable(stream))


class _Printable:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

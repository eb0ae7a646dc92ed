"""`--since`: how far back to look."""

import re
from datetime import datetime

_SPAN = re.compile(r"([1-9][0-9]{0,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}

EXPECTED = 'expected hours, days or weeks such as "12h", "7d" or "4w", a date such as "2026-03-31", or "all"'


def since(text: str, now: float) -> float:
    """The beginning in seconds since the epoch; a date is one of the local time zone. Raises ValueError."""
    if text == "all":
        return 0.0
    if span := _SPAN.fullmatch(text):
        return max(0.0, now - int(span[1]) * _HOURS[span[2]] * 3600)
    try:
        return max(0.0, datetime.strptime(text, "%Y-%m-%d").timestamp())
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"found {text!r}, {EXPECTED}") from None

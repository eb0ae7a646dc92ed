"""Numbers as people read them, and bars of text."""

_EIGHTHS = "▏▎▍▌▋▊▉█"


def bar(part: float, whole: float, width: int, *, ascii_only: bool) -> str:
    """A bar of at most `width` characters for `part` of `whole`; not empty if `part` is more than 0."""
    if part <= 0 or whole <= 0:
        return ""
    share = min(1.0, part / whole)
    if ascii_only:
        return "#" * max(1, round(share * width))
    eighths = max(1, round(share * width * 8))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest - 1] if rest else "")


def number(value: float) -> str:
    """`987`, `12.3k`, `4.56M`: three digits and a unit."""
    for unit, factor in (("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9)):
        scaled = value / factor
        if scaled < 999.5 or unit == "G":
            digits = 0 if not unit or scaled >= 99.95 else 1 if scaled >= 9.995 else 2
            return f"{scaled:,.{digits}f}{unit}"
    raise AssertionError


def lasting(milliseconds: float) -> str:
    """`0.31 ms`, `1.5 s`, `12 min 5 s`, `3 h 20 min`; negative with a minus."""
    sign, left = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    if left < 10:
        return f"{sign}{left:.2f} ms"
    if left < 999.5:
        return f"{sign}{left:.0f} ms"
    if left < 59_950:
        return f"{sign}{left / 1000:.1f} s"
    seconds = round(left / 1000)
    if seconds < 3600:
        return f"{sign}{seconds // 60} min {seconds % 60} s"
    minutes = round(seconds / 60)
    return f"{sign}{minutes // 60} h {minutes % 60} min"


def percent(part: float, whole: float) -> str:
    """`87 %`, or "" of nothing; neither all nor nothing where it is not."""
    if not whole:
        return ""
    share = 100 * part / whole
    return "<1 %" if 0 < share < 1 else ">99 %" if 99 < share < 100 else f"{share:.0f} %"

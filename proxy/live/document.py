"""The page as one document: its style and scripts are inline, and it may load nothing else."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).parent
_SCRIPTS = ("elements.js", "charts.js", "filters.js", "detail.js", "requests.js", "sections.js", "page.js")
"""In order: each script uses those before it."""

_STYLE_HERE, _SCRIPT_HERE = '<link rel="stylesheet" href="page.css">', '<script src="page.js"></script>'


@dataclass(frozen=True, slots=True)
class Page:
    """The HTML, and the policy that allows exactly its parts (W3C, "Content Security Policy Level 3")."""

    html: bytes
    policy: str


@lru_cache(1)
def document() -> Page:
    """Built once, at the first request."""
    style = _read("page.css")
    script = "\n".join(map(_read, _SCRIPTS))
    html = _read("page.html")
    for place, tag, text in ((_STYLE_HERE, "style", style), (_SCRIPT_HERE, "script", script)):
        assert html.count(place) == 1
        html = html.replace(place, f"<{tag}>{text}</{tag}>")
    policy = {
        "default-src": "'none'",
        "script-src": _hashed(script),
        "style-src": _hashed(style),
        "img-src": "data:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return Page(html.encode(), "; ".join(f"{name} {value}" for name, value in policy.items()))


def _read(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

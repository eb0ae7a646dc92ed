"""The page in one piece, and a policy that fits it."""

import base64
import hashlib
import re

from proxy.live.document import document


def test_its_policy_names_the_very_style_and_script_that_stand_in_it() -> None:
    html, policy = document().html.decode(), document().policy
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "connect-src 'self'"} < set(
        policy.split("; ")
    )
    assert "unsafe" not in policy


def test_it_loads_nothing_from_anywhere() -> None:
    html = document().html.decode()
    assert re.findall(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?!data:)", html) == []
    assert "@import" not in html
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}


def test_no_script_writes_markup() -> None:
    html = document().html.decode()
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in html


def test_it_is_put_together_once() -> None:
    assert document() is document()

"""What anchored patterns begin with: certain, or not told; held against RE2 itself."""

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.rules.prefixes import Beginnings, beginnings

PARTS = st.sampled_from(
    [
        *("a", "ab", "b ", r"\(", r"\)", r"\.", r"\n", r"\s", r"\d", r"\z", r"\|"),
        *("(?:a|b)", "(a)", "(?:ab|ba)", "(?P<x>a*)", "[ab]", "[^|]", "[(]"),
        *("?", "*", "+", "{2}", "{0}", "|", ".", "$"),
    ]
)
PATTERNS = st.builds(
    lambda flags, anchor, parts: flags + anchor + "".join(parts),
    st.sampled_from(["", "(?s)", "(?i)", "(?m)", "(?sU)"]),
    st.sampled_from([r"\A", r"\A", r"\A\s*", "", "^"]),
    st.lists(PARTS, max_size=6),
)
TEXTS = st.text("ab|(). \n1?*", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"\Aabc", Beginnings(("abc",), False, True)),
        (r"\Aab\(c\) d", Beginnings(("ab(c) d",), False, True)),
        (r"(?s)\A<session>\n(?P<text>.*)", Beginnings(("<session>\n",), False, False)),
        (r"\A\s*You are (?:a|b)", Beginnings(("You are a", "You are b"), True, False)),
        (r"\Ax(?:a|b)", Beginnings(("xa", "xb"), False, True)),
        (r"\Ax(?:a|b)c", Beginnings(("xa", "xb"), False, False)),
        (r"\Ax(?:a|b)?", Beginnings(("x",), False, False)),
        (r"\A(?:a \(b\)|c)", Beginnings(("a (b)", "c"), False, True)),
        (r"\A\s*\nx", None),
        (r"\A(?:one|two)", Beginnings(("one", "two"), False, True)),
        (r"\A(?:one|two) more", Beginnings(("one", "two"), False, False)),
        (r"\A(?:one|t.o)", Beginnings(("one", "t"), False, False)),
        (r"\Aabc?", Beginnings(("ab",), False, False)),
        (r"\Aa|b", None),
        (r"\A(?:one|two)?", None),
        (r"\A(?:one|(two))", None),
        (r"\A[ab]c", None),
        (r"\Aa*", None),
        (r"(?i)\Aabc", None),
        ("abc", None),
        ("^abc", None),
        ("", None),
    ],
)
def test_a_beginning_is_told_where_it_is_certain(pattern: str, found: Beginnings | None) -> None:
    assert beginnings(pattern) == found


@settings(deadline=None, max_examples=400)
@given(PATTERNS, TEXTS)
@example(r"\A\s*a", "\x1fa")
@example(r"\A\s*a", "\xa0a")
@example(r"\A\s*\n", "\n")
@example(r"\A\s*(?:a| b)", " b")
def test_every_text_that_matches_begins_so(pattern: str, text: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return
    told = beginnings(pattern)
    if told is None:
        return
    begins = (text.lstrip() if told.behind_blanks else text).startswith(told.literals)
    matches = compiled.search(text) is not None
    assert begins or not matches
    assert matches or not (begins and told.enough)

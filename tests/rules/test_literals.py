"""What stands in every text that matches a pattern: certain, or not told; held against RE2 itself."""

import re2
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.rules.literals import literals
from tests.cases import every

PARTS = st.sampled_from(
    [
        *("a", "ab", "b ", r"\(", r"\)", r"\.", r"\n", r"\s", r"\d", r"\z", r"\|"),
        *("(?:a|b)", "(a)", "(?:ab|ba)", "(?P<x>a*)", "[ab]", "[^|]", "[(]"),
        *("[](]", "[^](]", "[[:alpha:](]", r"\Q(\E", "(?s)"),
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


@every(
    ("pattern", "found"),
    [
        (r"\Aabc", ("abc",)),
        ("^abc", ("abc",)),
        ("abc", ("abc",)),
        (r"abc\s+\d", ("abc",)),
        (r"\Aab\(c\) d", ("ab(c) d",)),
        (r"(?s)\A<session>\n(?P<text>.*)", ("<session>\n",)),
        (r"\A\s*You are (?:a|b)", ("You are a", "You are b")),
        (r"\Ax(?:a|b)", ("xa", "xb")),
        (r"\Ax(?:a|b)c", ("xa", "xb")),
        (r"\Ax(?:a|b)?", ("x",)),
        (r"\A(?:a \(b\)|c)", ("a (b)", "c")),
        (r"\A\s*\nx", ("\nx",)),
        (r"\A(?:one|two) more", ("one", "two")),
        (r"\A(?:one|t.o)", ("one", "t")),
        (r"\Aabc?", ("ab",)),
        (r"\Aa|b", None),
        (r"\A(?:one|two)?", None),
        (r"\A(?:one|(two))", None),
        (r"\A[ab]c", None),
        (r"\Aa*", None),
        ("abc(?s)?", None),
        (r"(?:abc|de)(?s)*", None),
        (r"abc[](]|d", None),
        (r"abc[^](]|d", None),
        (r"abc[[:alpha:](]|d", None),
        (r"abc\Q(\E|d", None),
        (r"(?i)\Aabc", None),
        ("", None),
    ],
)
def test_a_literal_is_told_where_it_is_certain(pattern: str, found: tuple[str, ...] | None) -> None:
    assert literals(pattern) == found


@given(PATTERNS, TEXTS)
@example(r"\A\s*a", "\x1fa")
@example(r"\A\s*\n", "\n")
@example(r"\A\s*(?:a| b)", " b")
def test_one_of_them_stands_in_every_text_that_matches(pattern: str, text: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return
    told = literals(pattern)
    if told is not None and compiled.search(text) is not None:
        assert any(literal in text for literal in told)

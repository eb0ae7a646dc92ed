"""Searches in texts: the same as Python's own would find, whatever the text is made of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.rules.searches import any_of, pattern

TEXT = st.text("ab<>é字😀 \n", max_size=40)


@pytest.mark.parametrize("padding", ["", "-" * 3000], ids=["short", "long"])
@given(text=TEXT, wanted=st.lists(st.text("ab.é字😀", min_size=1, max_size=3), min_size=1, max_size=4))
def test_one_of_several_texts_is_found_wherever_it_stands(padding: str, text: str, wanted: list[str]) -> None:
    search, value = any_of(wanted), padding + text
    for _ in range(2):  # the second time from memory, where it is long
        assert search(value) is any(one in value for one in wanted)


def test_of_many_long_texts_each_gets_its_own_result() -> None:
    search = any_of(["needle"])
    texts = ["x" * 2000 + ("needle" if number % 3 == 0 else "nothing") + str(number) for number in range(500)]
    for _ in range(2):
        assert [search(text) for text in texts] == ["needle" in text for text in texts]


PATTERNS = (
    r"(?s)<(?P<name>[^>]*)>(?P<rest>.*)",
    r"(?P<one>é+)|(?P<other>b+)",
    r"\A\s*<(?P<name>a?)(?P<deep>(?P<letter>字)b)?",
    r"😀",
)


@given(text=TEXT, wanted=st.sampled_from(PATTERNS))
def test_groups_are_the_texts_that_they_matched(text: str, wanted: str) -> None:
    search, names = pattern(wanted)
    found = re.search(wanted, text)
    captured = {name: part for name, part in found.groupdict().items() if part is not None} if found else False
    assert search(text) == (captured if captured != {} else True)
    assert names == set(re.compile(wanted).groupindex)


@pytest.mark.parametrize("value", ["\udc80", "a\udcff" + "b" * 2000])
def test_in_what_is_not_utf_8_nothing_is_found(value: str) -> None:
    assert not pattern("b?")[0](value)
    assert not any_of(["c"])(value)


@pytest.mark.parametrize(("text", "said"), [("(", "missing"), (r"(?=a)", "invalid perl operator"), (r"\1", "escape")])
def test_what_is_no_pattern_is_said_with_its_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^not a pattern: .*{said}"):
        pattern(text)

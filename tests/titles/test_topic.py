"""Whether one message begins a new topic, and the topic's two or three words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.titles.topic import topic
from tests.cases import every


@every(
    "text",
    """yes|Yes please!|ok go on|continue|Continue.|thanks|Thank you!|no, the other one|1|2.|option 2|do it|
try again|y|go ahead|that works, thanks|still failing|commit this|undo that|lgtm|sounds good|hi|ok|
<system-reminder>x</system-reminder>yes""".replace("\n", "").split("|"),
)
def test_continuations_are_no_new_topic(text: str) -> None:
    assert topic(text) == {"isNewTopic": False, "title": None}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Fix the login button on mobile", "Mobile login button"),
        ("please explain the sorting in src/app.py", "Sorting in app.py"),
        ("yes, but also fix the sidebar layout", None),
        ("issue #4711: parse_config drops the last line", "Issue 4711"),
        ("https://github.com/acme/widgets/issues/17", "widgets issue 17"),
        ("refactor auth", "Auth refactoring"),
        ("whats the difference between Session and SessionHandle", None),
        ("increase the timeout of the payment client to 30 seconds", "Payment client timeout"),
    ],
)
def test_new_topics_have_two_or_three_words_or_none(text: str, title: str | None) -> None:
    try:
        answer = topic(text)
    except Decline:
        answer = {"isNewTopic": True, "title": None}
    assert answer == {"isNewTopic": True, "title": title}


@pytest.mark.parametrize("text", ["update the header but not on the login page", "- fix the header\n- add a footer"])
def test_that_a_topic_is_new_is_known_without_a_title(text: str) -> None:
    with pytest.raises(Decline):
        topic(text)
    assert topic(text, untitled=True) == {"isNewTopic": True, "title": None}


@pytest.mark.parametrize("text", ["", "...", "authentication", "weiter so", "it still fails on mobile", "x" * 30_000])
def test_what_may_carry_on_is_declined_even_without_a_title(text: str) -> None:
    with pytest.raises(Decline):
        topic(text, untitled=True)


@given(
    st.one_of(
        st.text(max_size=100),
        st.lists(st.sampled_from(["fix", "the", "login", "bug", "in", "app.py", "yes", "go", "on", "1", "好"])).map(
            " ".join
        ),
    ),
    st.booleans(),
)
def test_every_answer_has_the_shape(text: str, untitled: bool) -> None:
    try:
        answer = topic(text, untitled=untitled)
    except Decline:
        return
    title = answer["title"]
    assert set(answer) == {"isNewTopic", "title"}
    assert answer["isNewTopic"] or title is None
    assert title is not None or untitled or not answer["isNewTopic"]
    assert title is None or (isinstance(title, str) and 2 <= len(title.split()) <= 3)

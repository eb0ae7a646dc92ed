"""Whether one message begins a new topic, and the topic's two or three words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.titles.topic import topic


@pytest.mark.parametrize(
    "text",
    """yes|Yes please!|ok go on|continue|Continue.|thanks|Thank you!|no, the other one|1|2.|option 2|do it|
try again|y|go ahead|that works, thanks|still failing|commit this|undo that|lgtm|sounds good|hi|ok|
<system-reminder>x</system-reminder>yes|ja|ja, mach weiter|nochmal bitte|oui|merci|vas-y|sí|gracias|
continúa|sim|obrigado|sì|grazie|да|продолжай|спасибо, дальше|ga door|tak|devam et|继续|好的|好的，继续。|
はい|続けてください|네|계속해 주세요|نعم|כן|हाँ|ต่อเลย""".replace("\n", "").split("|"),
)
def test_continuations_are_no_new_topic(text: str) -> None:
    assert topic(text) == {"isNewTopic": False, "title": None}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("please explain how sorting works in src/app.py", "Sorting in app.py"),
        ("Fix the login button on mobile", "Login button"),
        ("Add OAuth authentication to the API client", "OAuth authentication"),
        ("refactor auth", "Refactor auth"),
        ("continue with the database migration to Postgres 16", "Database migration"),
        ("yes, but also fix the sidebar layout", "Sidebar layout"),
        ("What is the difference between let and const?", "Difference let const"),
        ("Why does the login page return a 500 error?", "Login page returns"),
        ("issue #4711: parse_config drops the last line", "#4711: parse_config drops"),
        ("Add support for Python 3.13", "Support Python 3.13"),
        ("https://github.com/acme/widgets/issues/17", "acme/widgets issue 17"),
        ("Bitte schreibe Tests für die Zahlungslogik", "Tests Zahlungslogik"),
        ("Peux-tu corriger l'erreur de connexion ?", "Erreur de connexion"),
        ("¿Puedes arreglar el botón de inicio?", "Botón de inicio"),
        ("Добавь тёмную тему в настройки", "Тёмную тему"),
        ("ログイン画面のバグを修正して", "ログイン画面のバグ"),
        ("请帮我修复登录页面的样式问题", "登录页面的样式问题"),
        ("로그인 버튼을 수정해 주세요", "로그인 버튼"),
        ("帮我写一个Python脚本", "Python脚本"),
    ],
)
def test_new_topics_have_two_or_three_words(text: str, title: str) -> None:
    assert topic(text) == {"isNewTopic": True, "title": title}


@pytest.mark.parametrize("text", ["", "...", "authentication", "<system-reminder>fix the bug</system-reminder>"])
def test_declines_without_a_title(text: str) -> None:
    with pytest.raises(Decline) as caught:
        topic(text)
    assert caught.value.reason == "too little text"


@given(
    st.one_of(
        st.text(max_size=100),
        st.lists(st.sampled_from(["fix", "the", "login", "bug", "in", "app.py", "yes", "go", "on", "1", "好"])).map(
            " ".join
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_every_answer_has_the_shape(text: str) -> None:
    try:
        answer = topic(text)
    except Decline:
        return
    title = answer["title"]
    assert set(answer) == {"isNewTopic", "title"}
    assert answer["isNewTopic"] is (title is not None)
    assert title is None or (isinstance(title, str) and len(title) <= 80 and len(title.split()) <= 4)
    assert topic(text) == answer


def test_a_long_message_is_a_topic() -> None:
    with pytest.raises(Decline):
        topic("")
    assert topic("fix the login button " + "yes " * 250_000)["isNewTopic"] is True

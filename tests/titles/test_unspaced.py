"""Titles in scripts without spaces between words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.titles.unspaced import is_unspaced, unspaced_title


@pytest.mark.parametrize("text", ["请帮我修复登录页面", "ログイン画面", "ช่วยแก้บั๊ก", "src/app.pyのソート"])
def test_scripts_without_spaces_are_known(text: str) -> None:
    assert is_unspaced(text)


@pytest.mark.parametrize("text", ["", "fix the login page", "로그인 버튼", "what does 好 mean in this long sentence?"])
def test_scripts_with_spaces_are_known(text: str) -> None:
    assert not is_unspaced(text)


@pytest.mark.parametrize(
    ("prose", "title"),
    [
        ("请帮我修复登录页面的样式问题", "登录页面的样式问题"),
        ("お疲れ様です. ログイン画面のバグを修正してください", "ログイン画面のバグ"),
        ("ช่วยแก้บั๊กในหน้าเข้าสู่ระบบหน่อยครับ", "บั๊กในหน้าเข้าสู่ระบบ"),
        ("看看 src/lib/app.py 的问题(重要", "app.py 的问题 重要"),
    ],
)
def test_a_request_is_peeled_off(prose: str, title: str) -> None:
    assert unspaced_title(prose, 7) == title


def test_a_long_sentence_is_cut_at_a_pause() -> None:
    prose = "登录页面在用户输入错误的密码之后,不会显示任何提示信息也不会跳转到其他的页面"
    assert unspaced_title(prose, 7) == "登录页面在用户输入错误的密码之后"


@given(st.text(alphabet="请修复のをして登录()[] ,.abA1แก้", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_short_line(prose: str) -> None:
    title = unspaced_title(prose, 7)
    assert len(title) <= 81
    assert title.count("(") == title.count(")")

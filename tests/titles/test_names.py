"""How names are shown: paths by their last part, secrets never."""

import pytest

from proxy.filters.titles.english import names
from tests.cases import every


@every(
    ("word", "shown"),
    [
        ("src/app.py", "app.py"),
        ("@src/app.py", "app.py"),
        ("src/app.py:42:7", "app.py"),
        ("/home/bob/project", "project"),
        ("/home/bob/project/", "project"),
        ("~/.zshrc", ".zshrc"),
        ("~/work/app", "app"),
        ("../../other", "other"),
        ("src/utils/", "src/utils"),
        ("a/b/c/d", "d"),
        ("CI/CD", "CI/CD"),
        ("acme/widgets", "acme/widgets"),
        ("/users/:id", "/users/:id"),
        ("/api/users", "/api/users"),
        ("getUser()", "getUser()"),
        ("cd /home/bob", ""),
        ("a=b", ""),
        ("me@host", ""),
        (r"C:\Users\bob\app.cs", ""),
        ("x" * 49, ""),
    ],
)
def test_a_path_is_its_last_part_and_what_may_leak_is_nothing(word: str, shown: str) -> None:
    assert names.displayed(word) == shown


@pytest.mark.parametrize(
    "word",
    [
        "test_user_can_login_with_oauth2_token",
        "convertUtf8ToUtf16String",
        "AbstractSingletonProxyFactoryBean",
        "4.17.21",
    ],
)
def test_long_names_are_no_secrets(word: str) -> None:
    assert not names.is_secret(word)


@pytest.mark.parametrize(
    "word",
    [
        "sk-ant-REDACTED",
        "AKIAIOSFODNN7EXAMPLE",
        "deadbeefdeadbeef",
        "Zk3xQ9vTr7LmPw2YbN8sHd4K",
        "4111111111111111",
        "0x7f1d2c0b9e40",
        "password=hunter2",
        "token:abc",
    ],
)
def test_keys_are_secrets(word: str) -> None:
    assert names.is_secret(word)

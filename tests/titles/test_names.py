"""What one run of signs is called: paths, names from code, secrets, URLs."""

import pytest

from proxy.filters.titles import names


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("src/app.py", "app.py"),
        ("@src/app.py", "app.py"),
        ("src/app.py:42:7", "app.py"),
        ("/home/bob/project", "project"),
        (r"C:\Users\bob\app.cs", "app.cs"),
        ("~/.zshrc", ".zshrc"),
        ("src/utils/", "utils"),
        ("CI/CD", "CI/CD"),
        ("acme/widgets", "acme/widgets"),
        ("@angular/core", "@angular/core"),
        ("/init", "/init"),
        ("/users/:id", "/users/:id"),
        ("/api/users", "/api/users"),
        ("and/or", "and/or"),
    ],
)
def test_paths_become_their_last_part(word: str, name: str) -> None:
    assert names.shortened(word) == name


@pytest.mark.parametrize(
    "word", ["app.py", "getUser", "parse_config", "/init", "--flag", "#123", "PROJ-42", "v1.2", "GitHub"]
)
def test_names_from_code_are_known(word: str) -> None:
    assert names.is_code(word)


@pytest.mark.parametrize("word", ["login", "Login", "API", "don't", "well-known", "500", "ошибка", "Ärger"])
def test_plain_words_are_no_code(word: str) -> None:
    assert not names.is_code(word)


@pytest.mark.parametrize(
    "word",
    [
        "test_user_can_login_with_oauth2_token",
        "convertUtf8ToUtf16String",
        "AbstractSingletonProxyFactoryBean",
        "4.17.21",
        "a1b2c3d",
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
        "x" * 49,
        "4111111111111111",
    ],
)
def test_keys_are_secrets(word: str) -> None:
    assert names.is_secret(word)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/widgets/pull/42", ["acme/widgets", "pull", "request", "42"]),
        ("https://github.com/acme/widgets", ["acme/widgets", "repository"]),
        ("https://www.example.com/", ["example.com"]),
        ("https://user:pw@example.com:8080/a/guide?key=1#x", ["example.com", "guide"]),
        ("https://example.com/d/3f2504e0-4f89-11d3-9a0c-0305e82c3301", ["example.com"]),
        ("https://example.com/questions/11227809/why-so-fast", ["example.com", "why-so-fast"]),
    ],
)
def test_urls_name_what_they_point_at(url: str, name: list[str]) -> None:
    assert names.named(url) == name

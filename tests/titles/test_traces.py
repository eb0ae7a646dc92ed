"""Titles from what was pasted."""

import pytest

from proxy.filters.titles.traces import pasted_title


@pytest.mark.parametrize(
    ("pasted", "title"),
    [
        ('Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\nKeyError: 1', "KeyError in b.py"),
        ("TypeError: x\n    at f (/w/node_modules/q.js:1:1)\n    at g (/w/src/List.jsx:2:2)", "TypeError in List.jsx"),
        ("TypeError: no map\n    at f (/w/node_modules/q.js:1:1)", "TypeError: no map"),
        ("ModuleNotFoundError: No module named requests", "ModuleNotFoundError: No module named requests"),
        ("12:00:01 ERROR [db] connection refused to server", "connection refused to server"),
        ("def parse_config(path):\n    return 1", "parse_config function"),
        ("const limits = {};", "limits code"),
        ("CREATE TABLE users (id int)", "users table"),
        ("some words", ""),
        ("", ""),
    ],
)
def test_an_error_or_a_definition_names_a_paste(pasted: str, title: str) -> None:
    assert " ".join(word.text for word in pasted_title(pasted, 7)) == title

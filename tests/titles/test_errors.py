"""One pasted error: what was raised, and where."""

import pytest

from proxy.filters.titles.errors import error_title
from proxy.filters.titles.prose import read

PYTHON = """Traceback (most recent call last):
  File "/srv/app/main.py", line 10, in <module>
    run()
  File "/srv/app/session.py", line 42, in load
    return data['user_id']
  File "/usr/lib/python3.11/json/decoder.py", line 3, in decode
    x
KeyError: 'user_id'"""
NODE = """TypeError: Cannot read properties of undefined (reading 'map')
    at renderWithHooks (/home/me/web/node_modules/react-dom/index.js:1:1)
    at UserList (/home/me/web/src/UserList.jsx:12:20)"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: x
\tat java.util.Objects.check(Objects.java:1)
\tat com.acme.Users.save(Users.java:42)"""


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (PYTHON, "KeyError in session.py"),
        (f"why??\n\n{PYTHON}", "KeyError in session.py"),
        (f"warum nicht für mich\n\n{PYTHON}", "session.py KeyError"),
        (
            f"java.util.concurrent.CompletionException: x\n\tat a.B.c(B.java:1)\nCaused by: {JAVA[29:]}",
            "IllegalStateException in Users.java",
        ),
        (NODE, "TypeError in UserList.jsx"),
        (JAVA, "IllegalStateException in Users.java"),
        ("src/index.ts(3,5): error TS2322: Type 'string' is not assignable.", "TS2322 in index.ts"),
        ("error[E0502]: cannot borrow `self.q` as mutable\n  --> src/queue.rs:74:9", "E0502 in queue.rs"),
        ("panic: nil map\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/app/queue.go:88 +0x1", "Panic in queue.go"),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2 GiB", "RuntimeError: CUDA out of memory"),
        ("ModuleNotFoundError: No module named 'requests'", "ModuleNotFoundError: No module named requests"),
        ("FAILED tests/test_a.py::test_renew - assert 1 == 2", "test_renew failure"),
        ("--- FAIL: TestMerge (0.00s)", "TestMerge failure"),
        ("=== Failed\n=== FAIL: internal/store TestCompact (1.42s)", "TestCompact failure"),
        ("test codec::empty ... ok\ntest codec::roundtrip_utf8 ... FAILED", "roundtrip_utf8 failure"),
        # A frame's method is no error, and an error's name alone says nothing.
        ("at Harbor.Gate.ThrowTideException(Gate.cs)\n   at Harbor.Gate.RaiseTideException()", ""),
        ("npm ERR! code ERESOLVE\nnpm ERR! could not resolve", ""),
        ("BerthTakenException: the berth that was asked for has been taken by another vessel", ""),
        # What is not one error of the user's own, or leaks.
        (f"{'so much was said besides ' * 20}\n\n{PYTHON}", ""),
        ("FAILED a.py::test_b - x\nFAILED c.py::test_d - y\nLeaseStateError: x", ""),
        ("IOError: /home/me/secret is gone", ""),
        ("error[E0502]: a\n --> a.rs:1:1\nerror[E0303]: b\n --> b.rs:1:1", ""),
        ("2024-05-01 12:00:01 INFO all is well", ""),
    ],
)
def test_an_error_is_named_with_its_file(text: str, title: str) -> None:
    assert (
        " ".join(token.text for token in error_title(read(text), 5, is_english=not text.startswith("warum"))) == title
    )

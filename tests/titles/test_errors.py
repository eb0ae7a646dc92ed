"""One pasted error: what was raised, and where."""

from proxy.filters.titles.errors import error_title
from proxy.filters.titles.text.prose import read
from tests.cases import every

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


@every(
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
        (
            "Program received signal SIGABRT, Aborted.\n0x00007ffff7c8b000 in hoist (n=3) at src/winch.c:40\n"
            "40\t  abort();\n(gdb) bt\n#0  hoist (n=3) at src/winch.c:40",
            "SIGABRT in winch.c",
        ),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2 GiB", "RuntimeError: CUDA out of memory"),
        ("ModuleNotFoundError: No module named 'requests'", "Missing module requests"),
        ("FAILED tests/test_a.py::test_renew - assert 1 == 2", "test_renew failure"),
        ("--- FAIL: TestMerge (0.00s)", "TestMerge failure"),
        ("=== Failed\n=== FAIL: internal/store TestCompact (1.42s)", "TestCompact failure"),
        ("test codec::empty ... ok\ntest codec::roundtrip_utf8 ... FAILED", "roundtrip_utf8 failure"),
        # What tools say in words of their own, and what a test run says of its files.
        ("FAILED tests/test_a.py::test_b - x\nFAILED tests/test_a.py::test_c - y", "test_a.py failures"),
        (" FAIL  src/money/format.spec.ts > format > uses a space", "format.spec.ts failure"),
        ("___________________ test_rotate[90] ___________________", "test_rotate failure"),
        ('django.db.utils.ProgrammingError: relation "kiln" does not exist', "Missing relation kiln"),
        ("Fatal error: Call to undefined function mb_strlen() in /srv/lib/menu.php:7", "Undefined mb_strlen()"),
        ('nginx: [emerg] unknown directive "brotli" in /etc/nginx/nginx.conf:3', "Unknown directive brotli"),
        ("Error: listen EADDRINUSE: address already in use :::3000", "Port 3000 conflict"),
        ("NAME  READY\nworker-7f5c9d4bb-hq8zt   0/1     CrashLoopBackOff   41", "worker CrashLoopBackOff"),
        ('avrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission denied', "avrdude permission denied"),
        ("10:01:09 ERROR [pool] timed out waiting for connection (max=10)", "timed out waiting for connection"),
        (
            "==1==ERROR: AddressSanitizer: heap-use-after-free on 0x6\n    #0 in f /src/mix.c:3:1",
            "heap-use-after-free in mix.c",
        ),
        ("Boat::Sunk: x\napp/models/boat.rb:24:in `sink'", "Boat::Sunk in boat.rb"),
        (
            "** (Ecto.StaleEntryError) x\n    (ferry 0.9.0) lib/ferry/book.ex:97: Ferry",
            "Ecto.StaleEntryError in book.ex",
        ),
        (
            "System.InvalidOperationException: x\n   at A.B(String n) in D:\\w\\Look.cs:line 74",
            "InvalidOperationException in Look.cs",
        ),
        (
            "sqlalchemy.orm.exc.StaleDataError: UPDATE statement on table expected to update 1 row(s)",
            "sqlalchemy StaleDataError",
        ),
        (
            "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            "SSH permission denied",
        ),
        ("OSError: [Errno 28] No space left on device", "no space left on device"),
        ("panic: close of closed channel", "close of closed channel"),
        ("error: failed to run custom build command for `openssl-sys v0.9`", "openssl-sys build failure"),
        ("sh: 1: tsc: not found", "tsc command not found"),
        # What must not be shown, or is the same for every error.
        ("Error: Cannot find module '/home/bob/acme/app.js'", "Missing module app.js"),
        ("E: Unable to locate package libfoo-dev", "Missing package libfoo-dev"),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "ECONNREFUSED on port 5432"),
        ("Error: Cannot find module 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'", ""),
        ("docker: Error response from daemon: Conflict.", ""),
        # A process that ended says nothing of why.
        ("Error: Process completed with exit code 1.", ""),
        # A frame's method is no error, and an error's name alone says nothing.
        ("at Harbor.Gate.ThrowTideException(Gate.cs)\n   at Harbor.Gate.RaiseTideException()", ""),
        ("npm ERR! code ERESOLVE\nnpm ERR! could not resolve", "npm ERESOLVE error"),
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

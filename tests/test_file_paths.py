"""The files whose contents a command displayed: which commands show which, and when that is not certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.file_paths import MAX_LENGTH, file_paths

NOTHING = "<is_displaying_contents>\nfalse\n</is_displaying_contents>\n\n<filepaths>\n</filepaths>"
PATCH = "diff --git a/{0} b/{0}\nindex 1234567..89abcde 100644\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-old\n+new\n"
COMMIT = "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@example.com>\n\n    Message\n\n"


def reply(*paths: str) -> str:
    listed = "\n".join(paths)
    return f"<is_displaying_contents>\ntrue\n</is_displaying_contents>\n\n<filepaths>\n{listed}\n</filepaths>"


def declines(command: str, output: str = "text") -> bool:
    try:
        file_paths(command, output)
    except Decline:
        return True
    return False


def test_reply_has_exactly_the_prescribed_form() -> None:
    assert file_paths("cat notes.txt src/a.py", "x") == (
        "<is_displaying_contents>\ntrue\n</is_displaying_contents>\n\n<filepaths>\nnotes.txt\nsrc/a.py\n</filepaths>"
    )


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("cat a.txt", ["a.txt"]),
        ("cat a.txt\n", ["a.txt"]),
        ("cat -n -A a b a", ["a", "b"]),
        ("cat --number a", ["a"]),
        ("cat - a", ["a"]),
        ("cat -- a", ["a"]),
        ("cat -- -n", ["-n"]),
        ("cat 'my notes.txt' \"b c\"", ["my notes.txt", "b c"]),
        ("cat '~/a'", ["~/a"]),
        ("cat /etc/hosts ../x", ["/etc/hosts", "../x"]),
        *[(f"head {count} a", ["a"]) for count in ("-n 5", "-n5", "-5", "-c 10", "-c10", "-n -5", "-qn5", "-v")],
        *[(f"tail {count} a", ["a"]) for count in ("--lines=5", "--lines 5", "--bytes=1", "-n +5", "-n 5 --")],
        ("nl -ba -w 3 a", ["a"]),
        ("tac -s x a", ["a"]),
        ("cat a | head", ["a"]),
        ("cat a | head -20 | tail -n 3", ["a"]),
        ("tail -n 20 a | head -5", ["a"]),
        ("cat a; cat b", ["a", "b"]),
        ("cat a\ncat b", ["a", "b"]),
        ("cat a && cat b", ["a", "b"]),
        ("cat a && echo --- && cat b", ["a", "b"]),
        ("echo start; head -3 a; pwd", ["a"]),
        ("cat a; cd src; cat /b", ["a", "/b"]),
        ("mkdir x; ls x 2>/dev/null; cat a", ["a"]),
    ],
)
def test_operands_of_displaying_commands_are_listed(command: str, paths: list[str]) -> None:
    assert file_paths(command, "text\n") == reply(*paths)


@pytest.mark.parametrize(
    "command",
    [
        *[
            "ls",
            "ls -la src",
            "ls *.py",
            "pwd",
            "cd src",
            "cd src && ls",
            "echo hello",
            "mkdir -p a",
            "touch a",
            "rm -rf a",
        ],
        *["cp a b", "mv a b", "chmod +x a", "wc -l a", "which ls", "date", "sleep 1", "du -sh .", "stat a"],
        *["find . -name '*.py'", "find . -name '*.py' | head -5", "ls | wc -l", "ls 2>/dev/null", "ls >/dev/null 2>&1"],
        *[
            "git status",
            "git push origin main",
            "git pull",
            "git fetch",
            "git add .",
            "git commit -m 'x'",
            "git branch -a",
        ],
        *[
            "git checkout -b x",
            "git log --oneline -5",
            "git log -n 3 | head -2",
            "git add . && git commit -am x && git push",
        ],
        *["go test ./...", "npm install", "pip list", "ls a || echo none", "git diff", "git diff --staged -- a"],
    ],
)
def test_commands_that_display_no_content_list_nothing(command: str) -> None:
    assert file_paths(command, "" if "diff" in command else "text: No such file or directory") == NOTHING


@pytest.mark.parametrize(
    "command",
    [
        # The value is not in the command.
        *[
            "cat *.txt",
            "cat a?",
            "cat $FILE",
            'cat "$FILE"',
            "cat ~/a",
            "cat ~user/a",
            "cat a{b,c}",
            "echo $X",
            "cd $X",
        ],
        # Options that are not known, or that leave the display in doubt.
        *["cat -x a", "cat --foo a", "cat a -n", "head -n", "head -n x a", "head -n 0 a", "head -c 0 a", "head -0 a"],
        *[
            "head --lines a",
            "head --lines= a",
            "head -n 1k a",
            "tail -f a",
            "tail +5 a",
            "tail -F a",
            "nl --x a",
            "tac -x a",
        ],
        *["head a -n 5", "cat a --", "cat --number=1 a", "head -5q a"],
        # The command reads its input, or the pipeline hides what it reads.
        *[
            "cat",
            "cat -",
            "head -5",
            "cat | cat a",
            "cat a | cat b",
            "cat a b | head",
            "cat a | wc -l",
            "cat a | grep x",
        ],
        *["ls | cat a", "ls | xargs cat", "cat a | head b", "cat a | cat", "find . | head a", "cat a | tee b"],
        # It may not have run, or not here.
        *[
            "cat a || cat b",
            "ls a && cat b",
            "mkdir x && cat a",
            "cat a b && cat c",
            "cat a && cat b && cat c",
            "cd x && cat /a",
        ],
        *[
            "cd src && cat a",
            "cd src; cat a",
            "cat a; cd b; cat c",
            "ls a || echo x && cat b",
            "cd x | cat a",
            "cat a & cat b",
        ],
        # Redirections and assignments.
        *[
            "cat a >b",
            "cat a 2>/dev/null",
            "cat a >/dev/null",
            "cat <a",
            "echo x >a",
            "A=b cat a",
            "ls >x",
            "cat <<E\nx\nE",
        ],
        # Commands that are not known, or that run others.
        *[
            "sed -n 1,5p a",
            "less a",
            "grep x a",
            "python3 a.py",
            "make",
            "npm test",
            "cargo test",
            "/bin/cat a",
            "xxd a",
        ],
        *["env cat a", "sudo cat a", "bash -c 'cat a'", "find . -exec cat {} +", "find . '-exec' cat a", "find *"],
        # Hidden commands.
        *[
            "cat $(ls)",
            "cat `ls`",
            'echo "$(cat a)"',
            "echo '`cat a`'",
            "cat a # b",
            "cat <(ls)",
            "cat a\\\n b",
            "cat a\rcat b",
        ],
        # Paths that the reply cannot carry, or that are no files.
        *[
            "cat 'a\nb'",
            "cat '</filepaths>'",
            "cat ''",
            "cat ' a'",
            "cat 'a\u200bb'",
            "cat /dev/stdin",
            "cat /proc/1/environ",
        ],
        # Patches that are shown by other commands, or in other forms.
        *[
            "git log -p",
            "git log --patch",
            "git log -L1,2:a",
            "git add -p",
            "git status -v",
            "git commit -v",
            "git stash show",
        ],
        *[
            "git diff --stat",
            "git diff --name-only",
            "git diff --no-index a b",
            "git diff $X",
            "git diff *",
            "git -C x diff",
        ],
        *["git diff; ls", "cd x && git diff", "git diff | head", "git diff >/dev/null", "A=b git diff", "git blame a"],
    ],
)
def test_doubtful_command_declines(command: str) -> None:
    assert declines(command)


@pytest.mark.parametrize(
    "output",
    [
        "cat: b: No such file or directory",
        "zsh: permission denied: a",
        "cat: a: Is a directory",
        "bash: cat: command not found",
        "zsh: no matches found: a",
        "",
        " \n",
    ],
)
def test_output_that_does_not_prove_a_display_declines(output: str) -> None:
    assert declines("cat a b", output)
    assert declines("cat a b", "text\n" + output) == bool(output.strip())


@pytest.mark.parametrize("command", ["git diff", "git diff HEAD~1", "git diff --cached -U5 -- src", "git diff main..x"])
def test_diff_lists_the_paths_of_its_headers(command: str) -> None:
    output = PATCH.format("src/a.py") + PATCH.format("b c/d b/e.txt") + PATCH.format("src/a.py")
    assert file_paths(command, output) == reply("src/a.py", "b c/d b/e.txt")


@pytest.mark.parametrize(
    "command", ["git show", "git show HEAD", "git show HEAD~2^", "git show 0123456789", "git show -p @"]
)
def test_show_lists_the_paths_of_its_headers(command: str) -> None:
    assert file_paths(command, COMMIT + PATCH.format("a")) == reply("a")


@pytest.mark.parametrize(
    ("command", "output"),
    [
        # A blob, a tag, another format or another commit could spell a header.
        ("git show HEAD:a.patch", COMMIT + PATCH.format("a")),
        ("git show v1", COMMIT + PATCH.format("a")),
        ("git show HEAD", PATCH.format("a")),
        ("git show 89abcde", COMMIT + PATCH.format("a")),
        ("git show HEAD HEAD~1", COMMIT + PATCH.format("a")),
        ("git show --format=%B", COMMIT + PATCH.format("a")),
        ("git show HEAD", COMMIT),
        ("git show HEAD", ""),
        ("git diff", "fatal: not a git repository"),
        ("git diff", PATCH.format("a").replace("b/a", "b/c")),
        ("git diff", PATCH.format("a").replace("a/", "").replace("b/", "")),
        ("git diff", PATCH.format("a").replace("a/", "i/").replace("b/", "w/")),
        ("git diff", 'diff --git "a/\\303\\251" "b/\\303\\251"\n@@ -1 +1 @@\n'),
        ("git diff", "diff --cc a\n@@@ -1 -1 +1 @@@\n"),
        ("git diff", PATCH.format("a") + "diff --cc b\n@@@ -1 -1 +1 @@@\n"),
        ("git diff", "diff --git a/x b/x\nBinary files a/x and b/x differ\n"),
        ("git diff", "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n" + PATCH.format("a")),
        ("git diff", PATCH.format("a") + "... [12 lines truncated] ...\n" + PATCH.format("b")),
        ("git diff", PATCH.format("<a>")),
        ("git diff", PATCH.format("a\tb")),
    ],
)
def test_doubtful_patch_declines(command: str, output: str) -> None:
    assert declines(command, output)


def test_lines_inside_a_patch_are_no_headers() -> None:
    output = PATCH.format("a") + "+diff --git a/b b/b\n diff --git a/c b/c\n-diff --git a/d b/d\n"
    assert file_paths("git diff", output) == reply("a")


def test_too_much_text_declines() -> None:
    assert declines("cat a", "x" * (MAX_LENGTH + 1))
    assert declines("cat " + "a" * MAX_LENGTH)


def test_long_outputs_are_no_burden() -> None:
    """Work that grew faster than the text would stall the suite here."""
    for piece in ("x", " ", "\n", "diff --git a/", "diff --git a/x b/x\n", "@@ \n", "commit ", "no such "):
        output = (piece * MAX_LENGTH)[:MAX_LENGTH]
        for command in ("cat a", "git diff", "git show"):
            assert declines(command, output) or file_paths(command, output)


@given(
    st.sampled_from(["cat a", "git diff", "git show", "head -5 'a b'", "ls", "cat a; cat b"]),
    st.text(alphabet="ab \n|;&'\"$`<>*~-\u200b", max_size=12),
    st.text(max_size=20) | st.sampled_from([PATCH.format("a"), COMMIT, "text"]),
)
def test_any_text_gets_a_well_formed_reply_or_none(command: str, more: str, output: str) -> None:
    try:
        text = file_paths(command + more, output)
    except Decline:
        return
    if text != NOTHING:
        paths = text.split("<filepaths>\n")[1].removesuffix("\n</filepaths>").split("\n")
        assert text == reply(*paths)
        assert len(set(paths)) == len(paths)
        assert all(path.strip() == path != "" for path in paths)

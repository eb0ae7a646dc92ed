"""The files whose contents a command displayed: which commands show which, and when that is not certain."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.shell.evidence import MAX_LENGTH
from proxy.filters.shell.file_paths import file_paths
from tests.cases import every
from tests.waiting import PATIENCE

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


@every(
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
        *[(f"sed -n '{script}' a", ["a"]) for script in ("1,5p", "5p;9p", "/x/,/y/p", "$p", "10,20p;20q", "s/a/b/p")],
        *[(f"sed {words} a", ["a"]) for words in ("s/x/y/g", "5q", "-E 's/(a|b)+/x/'", "1d", "-n -e 1p -e 3p")],
        *[(f"awk {words} a", ["a"]) for words in ("'{print $1, $3}'", "NR==5", "'/x/ {print}'", "-F: '$2 > 5'")],
        *[
            (f"grep {words} a", ["a"])
            for words in ("x", "-n x", "-A3 -B 2 x", "-5 x", "-i -e x -e y", "-Ev 'x|y'", "-- -x")
        ],
        *[
            (f"{words} a", ["a"])
            for words in ("less", "jq .", "jq -r .a.b", "sort -u", "uniq -c", "cut -d, -f1", "git blame")
        ],
        ("cat a | cat", ["a"]),
        ("cat a | grep x | sort | uniq -c", ["a"]),
        ("cat a | awk '{print $1}' | sed 's/x/y/' | tr a b", ["a"]),
        ("cat a 2>/dev/null", ["a"]),
        ("cat a || true", ["a"]),
        ("cat a 2>/dev/null || echo none", ["a"]),
        ("touch b; grep x a", ["a"]),
        ("sed -n 5,9p a; sed -n 20,30p a", ["a"]),
        ("sed -n 1,5p a && sed -n 1,5p b", ["a", "b"]),
    ],
)
def test_operands_of_displaying_commands_are_listed(command: str, paths: list[str]) -> None:
    assert file_paths(command, "text\n") == reply(*paths)


@every(
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
        *[
            "echo $X",
            "cd $X",
            "cat a | wc -l",
            "cat a b | grep -c x",
            "cat a >b",
            "cat a b >/dev/null",
            "echo x >a",
            "ls >x",
        ],
        *[
            "cat > a",
            "grep x a > b",
            "git diff > a.patch",
            "cat a | sort > b",
            "echo x | tee a",
            "sed -i s/a/b/ a",
            "wc -l <a",
        ],
        *["grep -l x *", "grep -rc x .", "grep -qn x a", "grep -rLn x src", "rg --files", "rg -l x", "git grep -l x"],
        *[
            "grep -rn x src | wc -l",
            "git diff --stat | cat",
            "git diff --name-only HEAD",
            "git log -3 | cat",
            "cmp a b",
        ],
        *[
            "python3 a.py",
            "python -m pytest -x",
            "make",
            "make test",
            "npm test 2>&1 | tail -5",
            "cargo test",
            "npx tsc",
        ],
        *[
            "sudo apt-get install x",
            "time npm test",
            "timeout 60s pytest",
            "uv run pytest a",
            "CI=1 npm test",
            "bash a.sh",
        ],
        *["find . -name x -delete", "find . -exec ls -la {} +", "find . -exec wc -l {} \\;", "find . | xargs ls -la"],
        *[
            "source .venv/bin/activate && pytest",
            "docker compose logs web",
            "curl -s http://x | jq .",
            "git --no-pager log",
        ],
    ],
)
def test_commands_that_display_no_content_list_nothing(command: str) -> None:
    assert file_paths(command, "" if "diff" in command else "text: No such file or directory") == NOTHING


@every(
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
        ],
        *["ls | cat a", "ls | xargs cat", "cat a | head b", "find . | head a", "cat a | tee b"],
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
            "cat <a",
            "A=b cat a",
            "cat <<E\nx\nE",
        ],
        # Commands that are not known, or that run others.
        *[
            "/bin/cat a",
            "xxd a",
        ],
        *["env cat a", "sudo cat a", "bash -c 'cat a'", "find . -exec cat {} +", "find . '-exec' cat a", "find *"],
        # Scripts and options that may show something else, or nothing.
        *[
            f"sed {words} a"
            for words in ("-n 'w /dev/stdout'", "'1e id'", "-n '$='", "-f x", "-n d", "s/a/b/e", "'r b'")
        ],
        *[f"sed {words}" for words in ("-i 's/a/b/w /dev/stdout' a", "-n 1p", "-n 1p a -i", "-n 1p *", "-n '1e id' f")],
        *[
            f"awk '{script}' a"
            for script in ("END{print NR}", 'BEGIN{system("id")}', "{print NR}", '{print > "b"}', "{x++}")
        ],
        *[
            "awk -f x a",
            "awk -v x=1 1 a",
            "awk '{print}' x=1",
            "awk '{print}' a b",
            "awk '{print}'",
            "jq length a",
            "jq -n . a",
        ],
        *[
            "jq -f x a",
            "sort -o b a",
            "sort --files0-from=a",
            "uniq a b",
            "less a b",
            "less +F a",
            "comm a b",
            "diff -r a b",
        ],
        *["diff -q a b", "diff a", "diff a -", "diff . a", "diff a/ b", "git blame HEAD a", "git blame -S x a"],
        *[
            "sed -n 2,3p a b",
            "sed -n 1,3p a b",
            "sed 5q a b",
            "tail -n +9 a b",
            "sort a b",
            "grep -f a b",
            "grep -z x a",
            "grep -o x a",
            "grep $X a",
            "grep x* a",
            "grep -h x a b",
            "grep -rh x src",
            "grep x",
        ],
        *[
            "grep x *.py",
            "rg --pre id x a",
            "rg x",
            "rg --json x a",
            "rg -r y x a",
            "rg -h x a",
            "rg x ~/a",
            "git grep x HEAD",
        ],
        *[
            "grep x a; ls",
            "ls; grep x a",
            "grep x a && cat b",
            "grep x a; grep y b",
            "grep x a || cat b",
            "echo x; sed 1d a",
        ],
        *[
            "cat a 2>/dev/null; cat b",
            "cat a b 2>/dev/null",
            "cat a >/dev/tty",
            "cat a >&2",
            "cat a >b >c",
            "cat a >b | cat",
        ],
        *[
            "cat a | tee b",
            "cat a | python3 x.py",
            "diff a b | head",
            "cat a b | grep x",
            "cat a | xargs ls",
            "cat a b | sort",
        ],
        # Commands that print what they find, run or format.
        *[
            "find . | xargs cat",
            "find . -exec cat {} \\;",
            "find . -exec ls {} \\; -exec cat {} \\;",
            "xargs -I {} cat {}",
        ],
        *[
            "docker exec x cat a",
            "docker run x cat a",
            "kubectl exec x -- cat a",
            "gh pr diff 1",
            "ssh h cat a",
            "npx cat a",
        ],
        *[
            "make -n",
            "make -p",
            "tar -xOf a b",
            "unzip -p a b",
            "gzip -c a",
            "curl file:///a",
            "gcc -E a.c",
            "gofmt a.go",
        ],
        *[
            "prettier a.js",
            "black --diff a",
            "node -e 1",
            "python3 -c 1",
            "python3 -m json.tool a",
            "python3 -m x",
            "go doc x",
        ],
        *[
            "systemctl cat x",
            "brew cat x",
            "uv run cat a",
            "timeout 5 cat a",
            "source a",
            "PATH=x ls",
            "./a.sh",
            "git stash show",
        ],
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
            "git diff --no-index a b",
            "git diff $X",
            "git diff *",
            "git -C x diff",
        ],
        *["git diff; ls", "cd x && git diff", "A=b git diff"],
    ],
)
def test_doubtful_command_declines(command: str) -> None:
    assert declines(command)


@every(
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


@every("command", ["git show", "git show HEAD", "git show HEAD~2^", "git show 0123456789", "git show -p @"])
def test_show_lists_the_paths_of_its_headers(command: str) -> None:
    assert file_paths(command, COMMIT + PATCH.format("a")) == reply("a")


@every(
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


@every(
    ("command", "output", "paths"),
    [
        ("git diff | head -100", PATCH.format("a"), ["a"]),
        ("git --no-pager diff a", PATCH.format("a"), ["a"]),
        ("git add -A && git diff --cached", PATCH.format("a"), ["a"]),
        ("git status && git diff", "On branch x\n" + PATCH.format("a"), ["a"]),
        ("git log -p -2", COMMIT + PATCH.format("a") + "\n" + COMMIT + PATCH.format("b"), ["a", "b"]),
        ("git stash show -p", PATCH.format("a"), ["a"]),
        ("git diff | grep x", PATCH.format("a"), None),
        ("cat a.patch; git diff", PATCH.format("a"), None),
        ("git log -p --format=%B", PATCH.format("a"), None),
        ("git diff --output=x", PATCH.format("a"), None),
        ("git diff --stat $X", PATCH.format("a"), None),
        ("git diff --stat --output=/dev/stdout -p", PATCH.format("a"), None),
        ("echo 'diff --git a/x b/x'; git diff", PATCH.format("x"), None),
    ],
)
def test_patches_come_from_other_commands_too(command: str, output: str, paths: list[str] | None) -> None:
    assert declines(command, output) if paths is None else file_paths(command, output) == reply(*paths)


@every(
    ("command", "output", "paths"),
    [
        ("grep x a b", "b:x\nb:y:x", ["b"]),
        ("grep x a b", "c:x", None),
        ("grep -n x a b", "a:1:x\nb:2:x", ["a", "b"]),
        ("grep -C2 x a b", "a:x\na-y\n--\nb-z\nb:x", ["a", "b"]),
        ("grep -rn x src", "src/a:1:x\nsrc/b/c:2:x", ["src/a", "src/b/c"]),
        ("grep -rn x src", "lib/a:1:x", None),
        ("grep -rn -A1 x src", "src/a:1:x\nsrc/a-2-y:3:z\nsrc/a-3-z: q", ["src/a"]),
        ("grep -r x src/", "src/a:x", ["src/a"]),
        ("grep -rn x . --include=*.py", "./a.py:1:x", ["./a.py"]),
        ("grep -rn x", "a.py:1:x", ["a.py"]),
        ("grep -r x", "a.py:x", None),
        ("grep -n x *.py", "a.py:1:x\nb.py:2:x", ["a.py", "b.py"]),
        ("grep -n x *.py", "12:34:x", None),
        ("grep -n x *", "12:34:x", None),
        ("grep -rn x src | sort | head -5", "src/a:1:x", ["src/a"]),
        ("grep -rn x src | grep -v y", "src/a:1:x", ["src/a"]),
        ("grep -rn x src | cut -d: -f2", "src/a:1:x", None),
        ("grep -rn x src | cat -n", "     1\tsrc/a:1:x", None),
        ("grep -rn x src/a.py", "1:x", ["src/a.py"]),
        ("grep -rn x src", "1:x", None),
        ("grep -rn x src", "... [9 lines truncated] ...\nsrc/a:1:x", None),
        ("grep -rn x src", "", []),
        ("grep x a", "Binary file a matches", None),
        ("grep -rn x src", "grep: src: No such file or directory", None),
        ("ls; grep -rn x src", "src/a:1:x", None),
        ("cd y; grep -rn x src", "src/a:1:x", None),
        ("cd y && grep -rn x /src", "/src/a:1:x", ["/src/a"]),
        ("rg -n x", "src/a.py:1:x", ["src/a.py"]),
        ("rg x src/a.py", "x", ["src/a.py"]),
        ("rg x src", "src/a.py\n1:x", None),
        ("git grep -n x", "src/a.py:1:x", ["src/a.py"]),
        ("cat a | rg -c x", "3", []),
        ("grep x a || echo none", "none", []),
        ("grep x a || echo none", "x\nnone", None),
        ("mkdir b; grep x a", "mkdir: cannot create directory", None),
        ("diff a b", "Only in a: x", None),
        ("jq .x a", "null", None),
        ("jq . a", "parse error: Invalid numeric literal at line 1, column 8", None),
        ("grep x '</filepaths>' b", "</filepaths>:x", None),
    ],
)
def test_searches_list_the_files_that_their_lines_name(command: str, output: str, paths: list[str] | None) -> None:
    if paths is None:
        assert declines(command, output)
    else:
        assert file_paths(command, output) == (reply(*paths) if paths else NOTHING)


@every(
    "command",
    [
        *[
            f"cat a | {reader} < b"
            for reader in ("head", "grep x", "sort", "cat", "tail -n 2", "uniq", "sed -n 1p", "nl")
        ],
        *["cat a | cut -c1-9 <b", "cat a | awk '{print}' < b", "cat a | tail -n 2 < b | sort", "grep x a | head < b"],
        *["ls | head < b", "git status | cat < b"],
    ],
)
def test_a_filter_that_reads_a_file_instead_declines(command: str) -> None:
    assert declines(command)


def test_a_search_or_a_patch_behind_which_another_file_is_read_declines() -> None:
    assert declines("grep -rn x src | head < b", "src/a:1:x")
    assert declines("git diff | head < b", PATCH.format("a"))


@every(
    ("command", "output", "paths"),
    [
        ("cat a | python3 -m json.tool", '{\n    "x": 1\n}', ["a"]),
        ("cat a | python3 -m json.tool | head -5", "[\n    1\n]", ["a"]),
        ("cat a | python3 -m json.tool", "Expecting value: line 1 column 1 (char 0)", None),
        ("head -5 a | python3 -m json.tool | tail -3", "Extra data: line 1 column 8 (char 7)", None),
        ("cat b; cat a | python3 -m json.tool", '{"b": 1}\nAusdruck erwartet', None),
        ("diff a b", "1c1\n< x\n---\n> y", ["a", "b"]),
        ("diff -u a b", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y", ["a", "b"]),
        ("diff a b", "Binary files a and b differ", None),
        ("diff a b", "Binärdateien a und b sind verschieden.", None),
        ("diff a b", "Files a and b are identical", None),
        ("diff -y a b", "x  | y", None),
        ("cat c; diff a b", "< x", None),
        ("more a", "\n*** a: directory ***\n", None),
        ("more a", "\n******** a: Not a text file ********\n", None),
        ("head -v a 2>/dev/null", "==> a <==\n", None),
        ("tail -n +999 -v a", "==> a <==", None),
        ("head -1 a b", "==> a <==\nx\n\n==> b <==\ny", ["a", "b"]),
        ("awk '{print}' a", "nawk: can't open file a", None),
        ("awk '{print}' a", "original-awk: file a kann nicht gelesen werden", None),
        ("cat a", "/bin/cat: a: Keine Berechtigung", None),
        ("cat a", "/usr/bin/cat: a: Keine Berechtigung\nx", None),
        ("cat a", "gcat: a: x", None),
        ("cat a", "/nix/store/x/bin/coreutils-9: a: x", None),
        ("cat a", "bat: a", None),
        ("grep x a", "ugrep: warning: a: x", None),
        ("cat a", "sh: 1: cat: not found", None),
        ("cat a", "dash: 1: cat: nicht gefunden", None),
        ("cat a", "-bash: fork: Resource temporarily unavailable", None),
        ("cat a", "zsh: killed     cat a", None),
        ("cat a", "timeout: sending signal", None),
        ("cat a", "<error>Command was aborted before completion</error>", None),
        ("cat a", "[Request interrupted by user]", None),
        ("cat a", "(no content)", None),
        ("cat a; cat b", "x\nShell cwd was reset to /x", None),
        ("jq .x a", "null\nnull\n", None),
        ("cat a.yml", "timeout: 3\nenv:\n  x: y", ["a.yml"]),
        ("head -1 a.yml", "version: 2", ["a.yml"]),
    ],
)
def test_what_a_program_says_is_no_file(command: str, output: str, paths: list[str] | None) -> None:
    assert declines(command, output) if paths is None else file_paths(command, output) == reply(*paths)


SHELL = shutil.which("bash")
FILES = ["a.txt", "b.txt", "src/c.py", "src/d.py", "12"]
# Each line names its file, so that an output tells which files it shows; some look like the names of others.
LINES = "{0} one x\nb.txt:{0} two\n3:src/d.py:7:{0} x\n{0}: 12:5: x y\n- {0}\n"
OPERANDS = [*FILES, "src", ".", "*.txt", "missing", "src/*.py", "*"]
READERS = [
    "cat",
    "head -2",
    "tail -n +4",
    "tail -n 1",
    "sed -n 2,3p",
    "sed -n 40,50p",
    "sed 1d",
    "awk '{print $1, $2}'",
    "nl",
]
READERS += [
    "grep x",
    "grep -n x",
    "grep -rn x",
    "grep -r two",
    "grep -c x",
    "grep -l x",
    "grep -A1 -n one",
    "grep -h x",
]
READERS += [
    "grep -rn -C1 two",
    "sort",
    "uniq",
    "wc -l",
    "ls",
    "diff",
    "cut -c1-9",
    "sed -i s/q/r/",
    "grep -v x",
    "grep absent",
]
READERS += ["diff -u", "awk NR==2", "jq .", "find", "echo"]
FILTERS = [
    "head -1",
    "tail -1",
    "sort",
    "wc -l",
    "grep x",
    "grep -c x",
    "cut -d: -f2",
    "uniq",
    "grep -n x",
    "cat",
    "sed -n 9p",
]
SEGMENTS = st.tuples(
    st.sampled_from(READERS),
    st.lists(st.sampled_from(OPERANDS), min_size=1, max_size=3),
    st.sampled_from(["", "", "", " 2>/dev/null", " > out", " 2>&1"]),
    st.lists(st.sampled_from(FILTERS), max_size=2),
).map(lambda parts: " | ".join([f"{parts[0]} {' '.join(parts[1])}{parts[2]}", *parts[3]]))
JOINTS = st.sampled_from(["; ", " && ", " || "])
SCRIPTS = st.tuples(SEGMENTS, st.lists(st.tuples(JOINTS, SEGMENTS), max_size=1)).map(
    lambda parts: parts[0] + "".join(joint + segment for joint, segment in parts[1])
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def check_against_real_files(command: str, directory: Path, *, with_errors: bool) -> None:
    """Run a command on files whose lines tell where they come from: none may be listed that was not shown."""
    assert SHELL
    for name in FILES:
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(LINES.format(f"<{name}>"))
    (directory / "out").unlink(missing_ok=True)
    done = subprocess.run(
        [SHELL, "-c", command],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )
    output = done.stdout.decode()
    try:
        text = file_paths(command, output)
    except Decline:
        return
    for path in text.split("<filepaths>\n")[1].removesuffix("</filepaths>").splitlines():
        name = path.removeprefix("./")
        # The client finds nothing to read in a directory, nor where no file is; a column may be too short to tell.
        assert name not in FILES or f"<{name}>"[:4] in output or "cut" in command, (command, output, text)


needs_bash = pytest.mark.skipif(SHELL is None, reason="bash is not installed")


@needs_bash
@settings(max_examples=60, deadline=None)
@given(command=SCRIPTS, with_errors=st.booleans())
def test_no_file_is_listed_that_a_real_command_did_not_show(command: str, with_errors: bool, directory: Path) -> None:
    check_against_real_files(command, directory, with_errors=with_errors)


@needs_bash
@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(command=SCRIPTS, with_errors=st.booleans())
def test_no_file_is_listed_that_was_not_shown_in_the_long_profile(
    command: str, with_errors: bool, directory: Path
) -> None:
    check_against_real_files(command, directory, with_errors=with_errors)


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

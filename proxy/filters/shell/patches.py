"""The files of the patches that git prints: those of its headers (git-diff(1), "Generating patch text with -p")."""

import re
from collections.abc import Sequence

from proxy.filters.decline import Decline
from proxy.filters.shell.evidence import Output
from proxy.filters.shell.grammar import Word
from proxy.filters.shell.paths import usual

# Options that leave the headers of a patch as they are.
_OPTION = re.compile(r"--staged|--cached|-p|--patch|-U[0-9]+|-w|--no-color|--no-ext-diff|--")
_LOG_OPTION = re.compile(rf"{_OPTION.pattern}|--oneline|-[0-9]+|-n[0-9]+|--follow|--reverse|--no-merges|--stat")
_SUMMARY = re.compile(r"--(?:stat|name-only|name-status|shortstat|numstat|summary|dirstat)(?:=[0-9,]+)?|--quiet")
_IS_PATCH = frozenset({"-p", "--patch"})
_HEADER = "diff --git "
_COMBINED_HEADER = re.compile(r"^diff --(?:cc|combined) ", re.MULTILINE)
_COMMIT_LINE = re.compile(r"\s*commit ([0-9a-f]{40})(?=[ \n])")
_COMMIT_NAME = re.compile(r"(?:HEAD|@)(?:[~^][0-9]*)*|[0-9a-f]{7,40}")


def prints_patch(words: Sequence[Word]) -> bool:
    """Return whether a command prints patches, whose files `patch_paths` returns."""
    values = [word.value for word in words[:3]]
    if any(word.kind != "bare" for word in words[:2]) or values[:1] != ["git"] or len(values) < 2:
        return False
    options = {word.value for word in words[2:]}
    if values[1] in ("diff", "show"):
        return not (any(_SUMMARY.fullmatch(option) for option in options) and not options & _IS_PATCH)
    return (values[1] == "log" or values == ["git", "stash", "show"]) and bool(options & _IS_PATCH)


def prints_summary(words: Sequence[Word]) -> bool:
    """Return whether a command is `git diff` or `git show` that only names files."""
    values = [word.value for word in words]
    is_diff = all(word.kind == "bare" for word in words[:2]) and values[:2] in (["git", "diff"], ["git", "show"])
    options = [word for word in words[2:] if word.value.startswith("-")]
    if (
        any(word.kind == "expansion" for word in words)
        or not is_diff
        or not any(_SUMMARY.fullmatch(word.value) for word in options)
    ):
        return False
    return all(
        (_SUMMARY.fullmatch(word.value) or _OPTION.fullmatch(word.value))
        for word in options
        if word.value not in ("--format=", "--oneline", "--no-patch", "-s")
    ) and not _IS_PATCH.intersection(values)


def patch_paths(words: Sequence[Word], output: Output) -> list[str]:
    """Return the files whose lines a patch shows; `words` are those of a command that `prints_patch`."""
    output.spend(2 * len(output.text))
    if output.is_truncated:
        raise Decline("patch not certain")
    subcommand = words[1].value
    option = _LOG_OPTION if subcommand == "log" else _OPTION
    rest = words[3:] if subcommand == "stash" else words[2:]
    operands = [word for word in rest if not option.fullmatch(word.value)]
    if any(word.kind in ("expansion", "glob") or word.value.startswith("-") for word in operands):
        raise Decline("unknown option")
    if subcommand == "show":
        _check_shown_commit(operands, output.text)
    if not output.text.strip():
        return []
    paths = _header_paths(output.text)
    if not paths or _COMBINED_HEADER.search(output.text):
        raise Decline("patch not certain")
    return paths


def _check_shown_commit(operands: Sequence[Word], output: str) -> None:
    # A blob or a tag is shown unchanged, so it could contain lines that look like the headers of a patch.
    names = [word.value for word in operands] or ["HEAD"]
    line = _COMMIT_LINE.match(output)
    if not _COMMIT_NAME.fullmatch(names[0]) or len(names) > 1 or not line:
        raise Decline("no plain commit")
    if not names[0].startswith(("HEAD", "@")) and not line[1].startswith(names[0]):
        raise Decline("no plain commit")


def _header_paths(output: str) -> list[str]:
    """Return the path of each header; each must have a hunk, since a mode change or a binary file shows nothing."""
    paths: list[str] = []
    hunks_missing = False
    for line in output.split("\n"):
        if line.startswith(_HEADER):
            if hunks_missing:
                break
            paths.append(_header_path(line.removeprefix(_HEADER)))
            hunks_missing = True
        elif line.startswith("@@ "):
            hunks_missing = False
    if hunks_missing:
        raise Decline("patch without content")
    return paths


def _header_path(names: str) -> str:
    # The header does not quote blanks, so the first name ends in the middle only if both halves are equal.
    half = names[: (len(names) - 1) // 2]
    path = half.removeprefix("a/")
    if names != f"a/{path} b/{path}":
        raise Decline("renamed or quoted")
    return usual(path)

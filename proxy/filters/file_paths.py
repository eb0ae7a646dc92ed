"""The files whose contents a shell command displayed, which the client asks for after the command has run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.filters.commands import SHOWS_CONTENT, SHOWS_NO_CONTENT, Reader, check_arguments, prefix_key
from proxy.filters.decline import Decline
from proxy.filters.shell import Refusal, Script, SimpleCommand, Word, read

MAX_LENGTH = 256 * 1024

# The messages of bash, zsh, GNU and BSD tools after which it is uncertain which of the operands was shown.
_FAILURE = re.compile(
    r"no such file|permission denied|is a directory|not a directory|command not found|no matches found"
    r"|input/output error|operation not permitted|cannot open|(?:illegal|invalid|unrecognized) option"
    r"|command timed out",
    re.IGNORECASE,
)
_USUAL_PATH = re.compile(r"(?!\s)[^\x00-\x1f\x7f-\x9f<>]+(?<!\s)")
_SPECIAL_PATH = re.compile(r"/(?:dev|proc)(?:/|$)")
_COUNT = re.compile(r"[-+]?0*[1-9][0-9]*")
_SHORT_COUNT = re.compile(r"-0*[1-9][0-9]*")
_CANNOT_FAIL = frozenset({"echo", "pwd"})

_PATCH_KEYS = (("git", "diff"), ("git", "show"))
_PATCH_OPTION = re.compile(r"--staged|--cached|-p|--patch|-U[0-9]+|-w|--no-color|--no-ext-diff|--")
_PATCH_HEADER = "diff --git "
_COMBINED_HEADER = re.compile(r"^diff --(?:cc|combined) ", re.MULTILINE)
_COMMIT_LINE = re.compile(r"\s*commit ([0-9a-f]{40})(?=[ \n])")
_COMMIT_NAME = re.compile(r"(?:HEAD|@)(?:[~^][0-9]*)*|[0-9a-f]{7,40}")
_TRUNCATED = re.compile(r"(?:lines|characters) truncated|output truncated", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Pipeline:
    commands: tuple[SimpleCommand, ...]
    surely_ran: bool


def file_paths(command: str, output: str) -> str:
    """Return the reply in the form that the client's request prescribes: the displayed paths, or none.

    A path stands as in the command, without its quotes; that of a diff as in the header that `git diff` prints
    (git-diff(1), "Generating patch text with -p"). Raises Decline whenever it is not certain which files were
    displayed.
    """
    if len(command) > MAX_LENGTH or len(output) > MAX_LENGTH:
        raise Decline("too long")
    script = read(command)
    if isinstance(script, Refusal):
        raise Decline(script.reason)
    only = script.commands[0] if len(script.commands) == 1 else None
    if only and prefix_key(_PATCH_KEYS, only.words):
        return _reply(_patch_paths(only, output))
    return _reply(_script_paths(script, output))


def _reply(paths: list[str]) -> str:
    listed = "".join(f"{path}\n" for path in dict.fromkeys(paths))
    verdict = "true" if paths else "false"
    return f"<is_displaying_contents>\n{verdict}\n</is_displaying_contents>\n\n<filepaths>\n{listed}</filepaths>"


def _script_paths(script: Script, output: str) -> list[str]:
    paths: list[str] = []
    moved = False
    for pipeline in _pipelines(script):
        found = _pipeline_paths(pipeline.commands)
        if found and not pipeline.surely_ran:
            raise Decline("may not have run")
        if moved and any(not path.startswith("/") for path in found):
            raise Decline("relative path after cd")
        moved = moved or any(_name(command) == "cd" for command in pipeline.commands)
        paths += found
    if paths and (not output.strip() or _FAILURE.search(output)):
        raise Decline("display not certain")
    return paths


def _pipelines(script: Script) -> list[_Pipeline]:
    """Split the script into its pipelines, each with whether it surely ran if anything at all was displayed."""
    found = [_Pipeline(script.commands[:1], surely_ran=True)]
    for separator, command in zip(script.separators, script.commands[1:], strict=True):
        last = found[-1]
        if separator == "|":
            found[-1] = _Pipeline((*last.commands, command), last.surely_ran)
        elif separator == "&&":
            found.append(_Pipeline((command,), last.surely_ran and _succeeded(last, is_first=len(found) == 1)))
        else:
            found.append(_Pipeline((command,), separator != "||"))
    return found


def _succeeded(pipeline: _Pipeline, is_first: bool) -> bool:
    # The output may lack the messages of stderr, so only a first reader of one file shows its success by its output.
    command = pipeline.commands[-1]
    if _name(command) in _CANNOT_FAIL:
        return True
    return is_first and len(pipeline.commands) == 1 and len(_read_operands(command) or []) == 1


def _pipeline_paths(commands: Sequence[SimpleCommand]) -> list[str]:
    source, *filters = [_read_operands(command) for command in commands]
    if source == [] or any(filters):
        raise Decline("reads its input")
    if source is None:
        return []
    if not filters:
        return source
    if len(source) > 1 or any(_name(command) not in ("head", "tail") for command in commands[1:]):
        raise Decline("pipeline")
    return source


def _name(command: SimpleCommand) -> str:
    return command.words[0].value


def _read_operands(command: SimpleCommand) -> list[str] | None:
    """Return the files that the command displays, an empty list for its input, None if it displays no content."""
    if command.assignments or any(word.kind == "expansion" for word in command.words):
        raise Decline("value not known")
    name, arguments = command.words[0], command.words[1:]
    reader = SHOWS_CONTENT.get(name.value) if name.kind == "bare" else None
    if reader is None:
        _check_shows_nothing(command)
        return None
    if command.redirections:
        raise Decline("redirection")
    operands = arguments[_options_width(reader, arguments) :]
    return [_path(word, reader) for word in operands if word.value != "-"]


def _check_shows_nothing(command: SimpleCommand) -> None:
    key = prefix_key(SHOWS_NO_CONTENT, command.words)
    if key is None:
        raise Decline("unknown command")
    check_arguments(SHOWS_NO_CONTENT[key], command.words[len(key) :])


def _options_width(reader: Reader, words: Sequence[Word]) -> int:
    """Count the words up to the first operand; BSD reads no option after one, GNU does, so none may follow."""
    width = 0
    while width < len(words) and words[width].value.startswith("-") and words[width].value != "-":
        if words[width].value == "--":
            return width + 1
        width += _option_width(reader, words[width:])
    if any(word.value.startswith("-") and word.value != "-" for word in words[width:]):
        raise Decline("option after operand")
    return width


def _option_width(reader: Reader, words: Sequence[Word]) -> int:
    text = words[0].value
    name, equals, value = text.partition("=")
    if (text in reader.long_flags) or (reader.counts and _SHORT_COUNT.fullmatch(text)):
        return 1
    if name in reader.long_valued:
        return _value_width(reader, value if equals else None, words)
    letters = "" if text.startswith("--") else text[1:].lstrip(reader.flags)
    if letters and letters[0] in reader.valued:
        return _value_width(reader, letters[1:] or None, words)
    if letters or text.startswith("--"):
        raise Decline("unknown option")
    return 1


def _value_width(reader: Reader, attached: str | None, words: Sequence[Word]) -> int:
    value = attached if attached is not None else (words[1].value if len(words) > 1 else "")
    if not value or (reader.counts and not _COUNT.fullmatch(value)):
        raise Decline("unknown option")
    return 1 if attached is not None else 2


def _path(word: Word, reader: Reader) -> str:
    if word.kind == "glob" or word.text.startswith("~") or (reader.counts and word.value.startswith("+")):
        raise Decline("operand not literal")
    return _usual(word.value)


def _usual(path: str) -> str:
    if not _USUAL_PATH.fullmatch(path) or _SPECIAL_PATH.match(path):
        raise Decline("unusual path")
    return path


def _patch_paths(command: SimpleCommand, output: str) -> list[str]:
    if command.assignments or command.redirections or _TRUNCATED.search(output):
        raise Decline("patch not certain")
    operands = [word for word in command.words[2:] if not _PATCH_OPTION.fullmatch(word.value)]
    if any(word.kind in ("expansion", "glob") or word.value.startswith("-") for word in operands):
        raise Decline("unknown option")
    if command.words[1].value == "show":
        _check_shown_commit(operands, output)
    if not output.strip():
        return []
    paths = _header_paths(output)
    if not paths or _COMBINED_HEADER.search(output):
        raise Decline("patch not certain")
    return paths


def _check_shown_commit(operands: Sequence[Word], output: str) -> None:
    # A blob or a tag is shown as it stands, so it could hold lines that look like the headers of a patch.
    names = [word.value for word in operands] or ["HEAD"]
    line = _COMMIT_LINE.match(output)
    if len(names) > 1 or not _COMMIT_NAME.fullmatch(names[0]) or not line:
        raise Decline("no plain commit")
    if not names[0].startswith(("HEAD", "@")) and not line[1].startswith(names[0]):
        raise Decline("no plain commit")


def _header_paths(output: str) -> list[str]:
    """Return the path of each header; each must have a hunk, since a mode change or a binary file shows nothing."""
    paths: list[str] = []
    hunks_missing = False
    for line in output.split("\n"):
        if line.startswith(_PATCH_HEADER):
            if hunks_missing:
                break
            paths.append(_header_path(line.removeprefix(_PATCH_HEADER)))
            hunks_missing = True
        elif line.startswith("@@ "):
            hunks_missing = False
    if hunks_missing:
        raise Decline("patch without content")
    return paths


def _header_path(names: str) -> str:
    # The header has no quotes around blanks, so only two equal halves say where the first name ends.
    half = names[: (len(names) - 1) // 2]
    path = half.removeprefix("a/")
    if names != f"a/{path} b/{path}":
        raise Decline("renamed or quoted")
    return _usual(path)

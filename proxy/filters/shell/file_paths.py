"""The files whose contents a shell command displayed, which the client asks for after the command has run."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.filters.decline import Decline
from proxy.filters.shell.displays import Display, display, name
from proxy.filters.shell.evidence import MAX_LENGTH, Output
from proxy.filters.shell.grammar import CommandList, ParseFailure, SimpleCommand, read

_CANNOT_FAIL = frozenset({"echo", "pwd"})


@dataclass(frozen=True, slots=True)
class _Pipeline:
    commands: tuple[SimpleCommand, ...]
    surely_ran: bool


def file_paths(command: str, output: str) -> str:
    """Return the reply in the form that the client's request prescribes: the displayed paths, or none.

    A path stands as in the command, without its quotes; that of a diff as in the header that `git diff` prints, that
    of a search as in the output's line. Raises Decline whenever it is not certain which files were displayed.
    """
    if len(command) > MAX_LENGTH or len(output) > MAX_LENGTH:
        raise Decline("too long")
    script = read(command)
    if isinstance(script, ParseFailure):
        raise Decline(script.reason)
    return _reply(_script_paths(script, Output(output)))


def _reply(paths: list[str]) -> str:
    listed = "".join(f"{path}\n" for path in dict.fromkeys(paths))
    verdict = "true" if paths else "false"
    return f"<is_displaying_contents>\n{verdict}\n</is_displaying_contents>\n\n<filepaths>\n{listed}</filepaths>"


def _script_paths(script: CommandList, output: Output) -> list[str]:
    script, instead = _without_alternative(script)
    pipelines = _pipelines(script)
    displays = [display(pipeline.commands, output) for pipeline in pipelines]
    if not any(shown.paths for shown in displays):
        return []
    if instead is not None and output.text.strip().endswith(instead):
        if output.text.strip() == instead:
            return []
        raise Decline("display not certain")
    _check_ran(pipelines, displays)
    _check_places(pipelines, displays)
    _check_evidence(displays, output)
    return [path for shown in displays for path in shown.paths]


def _without_alternative(script: CommandList) -> tuple[CommandList, str | None]:
    """Split `... || echo "no such thing"` into the command and the text that is displayed if it fails."""
    last = script.commands[-1]
    if script.separators[-1:] != ("||",) or script.separators.count("||") > 1 or last.redirections:
        return script, None
    if any(separator != "|" for separator in script.separators[:-1]) or last.assignments:
        return script, None
    values = [word.value for word in last.words[1:]]
    is_literal = all(word.kind in ("bare", "quoted") and word.value[:1] not in ("-", "") for word in last.words[1:])
    if name(last) != "echo" or not values or not is_literal or "\\" in "".join(values):
        return script, None
    return CommandList(script.commands[:-1], script.separators[:-1]), " ".join(values).strip()


def _pipelines(script: CommandList) -> list[_Pipeline]:
    """Split the script into pipelines, each with whether it surely ran, given that there is any output."""
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
    # Standard error may be missing, so output proves success only for a first command that reads one file.
    command = pipeline.commands[-1]
    if name(command) in _CANNOT_FAIL and not command.redirections:
        return True
    if not is_first or len(pipeline.commands) > 1:
        return False
    shown = display(pipeline.commands, Output(""))
    return len(shown.paths) == 1 and shown.surely


def _check_ran(pipelines: Sequence[_Pipeline], displays: Sequence[Display]) -> None:
    """Raise Decline if a pipeline with paths may not have run."""
    shown_before: set[str] = set()
    for pipeline, shown in zip(pipelines, displays, strict=True):
        if not pipeline.surely_ran and not shown.in_output and not set(shown.paths) <= shown_before:
            raise Decline("may not have run")
        shown_before |= set(shown.paths)


def _check_places(pipelines: Sequence[_Pipeline], displays: Sequence[Display]) -> None:
    # The client may resolve a relative path before or after the `cd`, so it may be another file.
    moved = False
    for pipeline, shown in zip(pipelines, displays, strict=True):
        if moved and any(not path.startswith("/") for path in shown.paths):
            raise Decline("relative path after cd")
        moved = moved or any(name(command) in ("cd", "pushd", "popd") for command in pipeline.commands)


def _check_evidence(displays: Sequence[Display], output: Output) -> None:
    """Raise Decline unless the output can only come from the displays with paths."""
    shown = [one for one in displays if one.paths]
    is_patch = all(one.is_patch for one in shown)
    if not output.has_lines or (not is_patch and output.is_failure):
        raise Decline("display not certain")
    # With other output, the proof of one could be another's.
    if any(one.proof and (len(displays) > 1 or not one.proof.search(output.text)) for one in shown):
        raise Decline("display not certain")
    if all(one.surely for one in shown):
        return
    paths = {one.paths for one in shown}
    if len(displays) > 1 and not is_patch and output.is_complaint:
        raise Decline("display not certain")
    if len(paths) > 1 or any(one.speaks and not (is_patch and one.without_headers) for one in displays):
        raise Decline("display not certain")

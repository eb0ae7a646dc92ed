"""The command line: every command, its options and its help."""

import argparse
import sys
from pathlib import Path
from typing import Any, TypeAlias, get_args

from proxy.exchange import Version, parse_version
from proxy.settings.config import Level

_CONFIG = (
    "the settings (default: the clone's own; installed: those that `init` wrote for you, or else the ones carried)"
)
_LEVELS = "one of " + ", ".join(get_args(Level))


EXIT_CODES = (
    "Exit codes: 0 done, and nothing wrong; 1 something is wrong, or could not be done; 2 the command line or the "
    "settings cannot be used; 130 and 141 as shells count them: Ctrl-C, and a reader of the output that has gone."
)


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """`--config`, `--set` and `--log-level` are allowed before and after the command; those after it win."""
    whole = argparse.ArgumentParser(
        prog=_program(sys.argv[0]), description="A local proxy for Claude Code.", epilog=EXIT_CODES
    )
    whole.add_argument("--version", action="store_true", help="tell the versions of Sidestep, its rules and Python")
    whole.add_argument("--config", type=Path, default=None, help=_CONFIG)
    _add_settings(whole, "set")
    whole.set_defaults(command="serve", set_behind=[])
    commands = whole.add_subparsers(dest="command", metavar="command", help="default: serve")
    _about_rules(commands)
    _about_the_client(commands)
    _about_the_machine(commands)
    return whole


def _program(called: str) -> str:
    """The name of the program in the help."""
    return "sidestep" if Path(called).stem == "sidestep" else "python -m proxy"


def _about_the_client(commands: _Commands) -> None:
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument(
        "--project", action="store_true", help="those of the project in this folder (.claude/settings.json), not yours"
    )
    which.add_argument("--replace", action="store_true", help="even if its address is that of something else")
    which.add_argument("--dry-run", action="store_true", help="say what would be changed, and change nothing")
    commands.add_parser("connect", parents=[_behind(), which], help="have Claude Code come here, by its own settings")
    commands.add_parser("disconnect", parents=[_behind(), which], help="take that out of its settings again")


def _about_rules(commands: _Commands) -> None:
    behind, as_json = _behind(), _as_json()
    commands.add_parser("serve", parents=[behind], help="answer small questions, and pass all else on")
    commands.add_parser("demo", parents=[behind], help="show every side question answered, without key or network")
    commands.add_parser("check", parents=[behind, as_json], help="try every rule's examples on all rules together")
    _add_explain(commands)
    commands.add_parser("rules", parents=[behind, as_json], help="list the rules in the order in which they are asked")
    commands.add_parser("drift", parents=[behind, as_json], help="tell what shows that the client has changed")
    about = "show what rules and the model said to the same question, by a capture"
    compared = commands.add_parser("compare", parents=[behind, as_json], help=about)
    compared.add_argument("--rule", default="", metavar="NAME", help="of this rule alone")
    figures = commands.add_parser("stats", parents=[behind, as_json], help="tell what was answered, saved and added")
    figures.add_argument("--since", default="7d", metavar="SPAN", help='"12h", "7d", "4w", a date, "all" (default: 7d)')
    figures.add_argument("--by", choices=["rule", "model", "day", "client"], default="", help="a row for each of them")
    commands.add_parser("schema", parents=[behind, as_json], help="print the JSON Schema of a rule file, for editors")


def _add_explain(commands: _Commands) -> None:
    about = "tell what becomes of a request, and why"
    explained = commands.add_parser("explain", parents=[_behind(), _as_json()], help=about)
    files = 'a request body, or JSON Lines of a capture; "-": stdin'
    explained.add_argument("files", nargs="*", metavar="FILE", help=files)
    example = "the examples of a rule, or one by `about`"
    explained.add_argument("--example", action="append", default=[], metavar="FILE:NAME", help=example)
    version = "whose a bare body is (default: the newest tested)"
    explained.add_argument("--client-version", type=_version, metavar="V", help=version)


def _about_the_machine(commands: _Commands) -> None:
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="write below DIR, for packagers")
    root.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    service = argparse.ArgumentParser(add_help=False)
    service.add_argument("--user", action="store_true", help="your own service, in place of the machine's")
    written = commands.add_parser(
        "init", parents=[root], help="write settings and rules, and update those that you have not edited"
    )
    written.add_argument("--system", action="store_true", help="where the machine's service reads them")
    commands.add_parser("install-service", parents=[root, service], help="put a systemd or launchd service in place")
    commands.add_parser("uninstall-service", parents=[root, service], help="remove just that")
    commands.add_parser("reload", parents=[service], help="have the service load rules and settings anew, and tell")
    doctor = commands.add_parser("doctor", parents=[_behind(), _as_json()], help="find what is wrong, and what to do")
    doctor.add_argument("--ask", action="store_true", help="ask the upstream one question too, without any key")
    doctor.add_argument("--client", action="store_true", help="look at Claude Code's settings as well, at no key")


def _behind() -> argparse.ArgumentParser:
    behind = argparse.ArgumentParser(add_help=False)
    behind.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=_CONFIG)
    _add_settings(behind, "set_behind")
    return behind


def _add_settings(to: argparse.ArgumentParser, destination: str) -> None:
    """All options go into one list of settings, in order."""
    many: dict[str, Any] = {"action": "append", "default": [], "dest": destination}
    to.add_argument("--set", **many, metavar="KEY=VALUE", help="override a setting")
    level = f"log from this level on, {_LEVELS}: the same as --set log.level=LEVEL"
    to.add_argument("--log-level", **many, type=_log_level, metavar="LEVEL", help=level)


def _as_json() -> argparse.ArgumentParser:
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="one JSON document, for machines")
    return as_json


def _log_level(text: str) -> str:
    """A level as a setting."""
    if text not in get_args(Level):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {_LEVELS}")
    return f"log.level={text}"


def _version(text: str) -> Version:
    try:
        return parse_version(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'found {text!r}, expected a version such as "2.1.83"') from None

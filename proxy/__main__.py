"""Command line to a command: `python -m proxy --config config.toml` serves; the others are about the rules."""

import proxy.lean  # isort: skip  # noqa: F401 - before anything that imports aiohttp

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from proxy import agreements, config, service, toml
from proxy.exchange import Version, parse_version
from proxy.observe import logger, take_over_library_logs
from proxy.rules.load import Loaded, load

Result = TypeVar("Result")

USAGE_ERROR = 2
"""Exit code for a configuration or a command line that cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
    except toml.TomlError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    if options.command in (None, "serve"):
        return serve_command(options, settings)
    # Only here, since serving needs none of them and is to start at once.
    from proxy.commands import catalogue, check, demo, explain, rule_schema

    match options.command:
        case "demo":
            return _run(demo.run(settings))
        case "check":
            return check.run(_rules(settings), as_json=options.json)
        case "explain":
            limit, version = settings.rules.max_body, options.client_version
            return explain.run(_rules(settings), options.files, version, limit, as_json=options.json)
        case "rules":
            agreed = agreements.load(Path(settings.shadow.file))
            return catalogue.run(_rules(settings), agreed, as_json=options.json)
        case _:
            return rule_schema.run()


def serve_command(options: argparse.Namespace, settings: config.Config) -> int:
    log = logger(settings.log)
    take_over_library_logs(log)
    loaded = _rules(settings)
    service.report(loaded.problems, log)

    def again() -> tuple[config.Config, Loaded]:
        anew = _settings(options)
        return anew, _rules(anew)

    try:
        _run(service.serve(settings, loaded, log, again))
    except OSError as error:
        log.error("cannot listen", host=settings.listen.host, port=settings.listen.port, problem=error.strerror)
        return 1
    return 0


def _settings(options: argparse.Namespace) -> config.Config:
    return config.load(options.config, [*options.set, *options.set_behind])


def _rules(settings: config.Config) -> Loaded:
    return load(Path(settings.rules.directory))


def _run(main: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: Linux and macOS."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _parser() -> argparse.ArgumentParser:
    """`--config` and `--set` may stand before the command and behind it; what stands behind wins."""
    parser = argparse.ArgumentParser(prog="python -m proxy", description="A local proxy for Claude Code.")
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="the settings (default: config.toml)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    parser.set_defaults(command="serve", set_behind=[])
    behind = argparse.ArgumentParser(add_help=False)
    behind.add_argument("--config", type=Path, default=argparse.SUPPRESS, help="the settings (default: config.toml)")
    behind.add_argument(
        "--set", action="append", default=[], dest="set_behind", metavar="KEY=VALUE", help="override a setting"
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="one JSON document, for machines")
    commands = parser.add_subparsers(dest="command", metavar="command", help="default: serve")
    commands.add_parser("serve", parents=[behind], help="serve")
    commands.add_parser("demo", parents=[behind], help="show every side question answered, without key or network")
    commands.add_parser("check", parents=[behind, as_json], help="try every rule's examples on all rules together")
    told = commands.add_parser("explain", parents=[behind, as_json], help="tell what becomes of a request, and why")
    told.add_argument("files", nargs="+", metavar="FILE", help='a request body, or JSON Lines of a capture; "-": stdin')
    told.add_argument(
        "--client-version", type=_version, metavar="V", help="whose a bare body is (default: the newest tested)"
    )
    commands.add_parser("rules", parents=[behind, as_json], help="list the rules in the order in which they are asked")
    commands.add_parser("schema", parents=[behind, as_json], help="print the JSON Schema of a rule file, for editors")
    return parser


def _version(text: str) -> Version:
    try:
        return parse_version(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'found {text!r}, expected a version such as "2.1.83"') from None


if __name__ == "__main__":
    sys.exit(main())

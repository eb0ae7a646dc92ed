"""Command line to a command: `python -m proxy --config config.toml` serves; `demo` shows what it does."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from proxy import config, demo, service, toml
from proxy.observe import logger, take_over_library_logs
from proxy.rules import load as rules

Result = TypeVar("Result")

USAGE_ERROR = 2
"""Exit code for a configuration or a command line that cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = config.load(options.config, options.set)
    except toml.TomlError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    return demo_command(settings) if options.command == "demo" else serve_command(settings)


def serve_command(settings: config.Config) -> int:
    log = logger(settings.log)
    take_over_library_logs(log)
    loaded = rules.load(Path(settings.rules.directory))
    for problem in loaded.problems:
        log.error("rule left out", place=f"{problem.source}:{problem.line}", key=problem.key, problem=problem.message)
    try:
        _run(service.serve(settings, loaded.rules, log))
    except OSError as error:
        log.error("cannot listen", host=settings.listen.host, port=settings.listen.port, problem=error.strerror)
        return 1
    return 0


def demo_command(settings: config.Config) -> int:
    return _run(demo.run(settings))


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
    parser = argparse.ArgumentParser(prog="python -m proxy", description="A local proxy for Claude Code.")
    parser.add_argument("command", nargs="?", choices=["serve", "demo"], default="serve", help="default: serve")
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="the settings (default: config.toml)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Runs the command that the command line names; if it names none, it serves."""

import proxy.preload  # isort: skip  # noqa: F401 - before anything that imports aiohttp

import argparse
import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from proxy.commands.commandline import parser
from proxy.decision import agreements
from proxy.logs.journald import is_journal, marked
from proxy.logs.observe import logger, take_over_library_logs
from proxy.machine import systemd
from proxy.rules.load import Loaded, configured
from proxy.serving import service
from proxy.serving.reload import report
from proxy.settings import client_settings, config, places, toml

if TYPE_CHECKING:
    from proxy.commands import connect

Result = TypeVar("Result")

USAGE_ERROR = 2
"""Exit code for a configuration or a command line that cannot be used."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    options = parser().parse_args(arguments)
    if options.version:
        return version_command()
    if options.command in ABOUT_THE_MACHINE:
        return ABOUT_THE_MACHINE[options.command](options)
    try:
        settings = _settings(options)
    except toml.TomlError as error:
        told = marked(str(error), "error") if is_journal(sys.stderr) else str(error)
        print(told, file=sys.stderr)
        with contextlib.suppress(systemd.ManagerError):
            systemd.manager().send(systemd.line(str(error)))  # outlasts the process in what `status` shows
        return USAGE_ERROR
    if options.command in (None, "serve"):
        return serve_command(options, settings)
    return _with_settings(options, settings)


def _with_settings(options: argparse.Namespace, settings: config.Config) -> int:
    """Run a command that looks at settings, rules or what is kept; its exit code."""
    # Only here, since serving needs none of them and is to start at once.
    from proxy.commands import catalogue, check, compare, connect, demo, drift, rule_schema

    match options.command:
        case "demo":
            return _run(demo.run(settings))
        case "check":
            return check.run(_rules(settings), as_json=options.json)
        case "explain":
            return _explain(options, settings)
        case "rules":
            agreed = agreements.load(Path(settings.shadow.file))
            return catalogue.run(_rules(settings), agreed, as_json=options.json)
        case "connect":
            return connect.connect(_connection(options, settings.listen))
        case "drift":
            return drift.run(settings, as_json=options.json)
        case "stats":
            return _stats(options, settings)
        case "compare":
            return compare.run(settings.capture, options.rule, as_json=options.json)
        case "schema":
            return rule_schema.run()
    raise AssertionError(options.command)


def _explain(options: argparse.Namespace, settings: config.Config) -> int:
    from proxy.commands import explain

    limit, version, named = settings.rules.max_body, options.client_version, options.example
    if not (options.files or named):
        parser().error("explain: expected a FILE, or --example FILE:NAME")
    return explain.run(_rules(settings), options.files, named, version, limit, as_json=options.json)


def _stats(options: argparse.Namespace, settings: config.Config) -> int:
    from proxy.commands import stats  # here, since nothing else reads the journal

    return stats.run(settings.journal, options.since, options.by, as_json=options.json)


def version_command() -> int:
    from proxy.commands import version

    return version.run()


def serve_command(options: argparse.Namespace, settings: config.Config) -> int:
    log = logger(settings.log)
    take_over_library_logs(log)
    loaded = _rules(settings)
    report(loaded.problems, log)
    rules, faults = loaded.rules, [str(problem) for problem in loaded.problems]
    del loaded  # with the examples of the rules, half of what was loaded
    try:
        manager, held = _service_manager(settings.listen)
    except systemd.ManagerError as error:
        log.error("cannot serve", problem=str(error))
        return USAGE_ERROR

    def reread() -> tuple[config.Config, Loaded]:
        anew = _settings(options)
        return anew, _rules(anew)

    try:
        _run(service.serve(settings, rules, faults, log, reread, manager, held))
    except OSError as error:
        log.error(
            "cannot listen",
            host=settings.listen.host,
            port=settings.listen.port,
            problem=_why_not_listening(settings, error),
        )
        return 1
    return 0


def _service_manager(listen: config.ListenSettings) -> tuple[systemd.Manager, list[socket.socket]]:
    """The service manager, and the sockets that it passed. Raises `ManagerError`, also if they need a token."""
    manager, held = systemd.manager(), systemd.inherited_sockets()
    if not listen.token and (beyond := systemd.beyond_loopback(held)):
        raise systemd.ManagerError(f"a socket for other machines ({', '.join(beyond)}), and no listen.token")
    return manager, held


def _why_not_listening(settings: config.Config, error: OSError) -> str:
    """Why an address cannot be listened on, with the setting to change."""
    listen = settings.listen
    key, why = {
        errno.EADDRINUSE: ("port", f"{listen.port} is taken by another program: set another, or stop that one"),
        errno.EACCES: ("port", f"{listen.port} is for root alone: set one above 1023"),
        errno.EADDRNOTAVAIL: ("host", f"{listen.host} is no address of this machine"),
    }.get(error.errno or 0, ("host", str(error.strerror)))
    return str(settings.problem(("listen", key), why))


def init_command(options: argparse.Namespace) -> int:
    from proxy.commands import init

    where = places.for_system() if options.system else places.for_user()
    return init.run(init.Job(places.carried(), where, options.root, not options.system, options.dry_run))


def service_command(options: argparse.Namespace) -> int:
    from proxy.commands import install_service

    job = install_service.Job(options.user, options.root, options.dry_run, sys.platform)
    return (install_service.install if options.command == "install-service" else install_service.uninstall)(job)


def disconnect_command(options: argparse.Namespace) -> int:
    """Whatever is wrong with the settings, a person must be able to get away from them."""
    from proxy.commands import connect

    try:
        listen = _settings(options).listen
    except toml.TomlError:
        listen = config.ListenSettings()
    return connect.disconnect(_connection(options, listen))


def _connection(options: argparse.Namespace, listen: config.ListenSettings) -> "connect.Job":
    from proxy.commands import connect

    file = client_settings.project_file(Path.cwd()) if options.project else client_settings.user_file()
    return connect.Job(file, listen, options.replace, options.dry_run, options.project)


def reload_command(options: argparse.Namespace) -> int:
    from proxy.commands import reload

    return reload.run((places.for_user() if options.user else places.for_system()).runtime)


def doctor_command(options: argparse.Namespace) -> int:
    from proxy.commands.doctor import examination

    file, given = _given(options)
    return _run(examination.run(examination.Subject(file, given, options.client, options.ask), json=options.json))


ABOUT_THE_MACHINE: dict[str, Callable[[argparse.Namespace], int]] = {
    "disconnect": disconnect_command,
    "doctor": doctor_command,
    "init": init_command,
    "install-service": service_command,
    "reload": reload_command,
    "uninstall-service": service_command,
}
"""Commands that need no settings that can be used."""


def _settings(options: argparse.Namespace) -> config.Config:
    return config.load(*_given(options))


def _given(options: argparse.Namespace) -> tuple[Path, list[str]]:
    """The file of settings, and what else was set; what is said last wins."""
    file = options.config or places.config_in_use()
    return file, [*places.state_settings(file), *options.set, *options.set_behind]


def _rules(settings: config.Config) -> Loaded:
    return configured(settings)


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

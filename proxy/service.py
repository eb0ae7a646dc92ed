"""The process: the listening socket, signals, and an orderly end."""

import asyncio
import contextlib
import os
import signal
import sys

from aiohttp import web
from yarl import URL

from proxy.app import SERVER_OPTIONS, build
from proxy.config import Config
from proxy.observe import Logger
from proxy.rules.ruleset import RuleSet

BACKLOG = 2048
"""Connections that may wait to be accepted: with the usual 128, one in eight of 1,000 opened at once was reset."""


async def serve(config: Config, rules: RuleSet, log: Logger) -> None:
    """Serve until SIGTERM or SIGINT; then let running requests finish, for the drain time at most.

    Raises OSError when the address cannot be listened on.
    """
    _raise_file_limit()
    stop = _stop_signal(log)
    drain = config.stop.drain_timeout
    runner = web.AppRunner(build(config, rules, log), shutdown_timeout=drain, **SERVER_OPTIONS)
    await runner.setup()
    try:
        await web.TCPSite(runner, config.listen.host, config.listen.port, backlog=BACKLOG).start()
        log.info("listening", address=_address(runner), upstream=config.upstream.url, rules=len(rules.rules))
        await stop.wait()
        log.info("stopping", drain_timeout=drain)
    finally:
        await runner.cleanup()
    log.info("stopped")


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return str(URL.build(scheme="http", host=host, port=port))


def _stop_signal(log: Logger) -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            log.warning("stopped", reason="second signal")
            sys.stdout.flush()
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def _raise_file_limit() -> None:
    """Every request holds two sockets; the soft limit of 1,024 files is a habit, the hard one is the machine's."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

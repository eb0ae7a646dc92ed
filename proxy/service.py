"""The process: the listening socket, signals, and an orderly end."""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from yarl import URL

from proxy import notify
from proxy.app import LEDGER, build
from proxy.config import Config, origin
from proxy.decision import agreements
from proxy.decision.agreements import Agreements
from proxy.decision.desk import Desk, in_force
from proxy.decision.desk import desk as at_desk
from proxy.downstream.server import listening
from proxy.local.standing import status_line
from proxy.logs.observe import Logger
from proxy.logs.repeats import SPAN
from proxy.notify import Manager
from proxy.rules.load import Loaded
from proxy.telemetry.ledger import Ledger
from proxy.telemetry.tally import Tally
from proxy.toml import Problem, TomlError

Again = Callable[[], tuple[Config, Loaded]]
"""Reads configuration and rules anew; raises `TomlError` when the configuration cannot be used."""


_LARGE = 256 * 1024
"""Bytes of a block that is worth a mapping of its own: the event loop's reads are just below."""

_M_MMAP_THRESHOLD = -3  # malloc.h


async def serve(
    config: Config,
    loaded: Loaded,
    log: Logger,
    again: Again,
    manager: Manager = notify.NOBODY,
    held: Sequence[socket.socket] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; then let running requests finish, for the drain time at most.

    SIGHUP loads the rules, and the settings of `[rules]` and `[breaker]`, anew. Raises OSError when the address cannot
    be listened on.
    """
    _raise_file_limit()
    _spare_the_collector()
    _give_back_large_blocks()
    counted = Agreements(agreements.load(Path(config.shadow.file)))
    desk = at_desk(config, loaded.rules, secrets.token_bytes(32), counted)
    desk.faults = tuple(map(str, loaded.problems))
    app = build(config, desk, log)
    ledger = app[LEDGER]
    stop = _stop_signal(log, ledger)
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGHUP, lambda: reload(desk, ledger.tally, log, again, manager)
    )
    drain = config.stop.drain_timeout
    async with listening(app, config, log, drain, held) as (host, port):
        address = str(URL.build(scheme="http", host=host, port=port))
        upstream = origin(config.upstream.url)
        log.info("listening", address=address, upstream=upstream, rules=len(loaded.rules.rules))
        manager.tell(notify.READY)
        living = asyncio.create_task(manager.keep(lambda: status_line(desk, ledger.tally, time.time())))
        telling = asyncio.create_task(_tell_repeats(log))
        await stop.wait()
        desk.stopping = True
        manager.tell(notify.STOPPING)
        log.info("stopping", drain_timeout=drain)
    living.cancel()  # not before: the watchdog looks on while requests finish
    telling.cancel()
    log.tell_repeats(ending=True)
    log.info("stopped")


async def _tell_repeats(log: Logger) -> None:
    """Write what the log holds back as soon as its time is over, though nothing like it may come again."""
    while True:
        await asyncio.sleep(SPAN)
        log.tell_repeats()


def reload(desk: Desk, tally: Tally, log: Logger, again: Again, manager: Manager = notify.NOBODY) -> None:
    """Reload, and tell the service manager when it begins and ends."""
    manager.reloading()
    done = _reload(desk, log, again)
    tally.reloaded(time.time(), "done" if done else "refused")
    manager.tell(notify.READY)


def _reload(desk: Desk, log: Logger, again: Again) -> bool:
    """Put new rules in force, all of them or none: with any fault in them, those in force stay. Whether they are."""
    try:
        config, loaded = again()
        problems = list(loaded.problems)
    except TomlError as error:
        problems = error.problems
    report(problems, log)
    desk.faults = tuple(map(str, problems))
    if problems:
        log.error("not reloaded", problems=len(problems), rules=len(desk.now.rules.rules))
        return False
    desk.replace(in_force(config, loaded.rules))
    log.info("reloaded", rules=len(loaded.rules.rules))
    return True


def report(problems: Sequence[Problem], log: Logger) -> None:
    """One line for each thing that is wrong with rules or settings."""
    for problem in problems:
        log.error("problem", place=f"{problem.source}:{problem.line}", key=problem.key, problem=problem.message)


def _stop_signal(log: Logger, ledger: Ledger) -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            ledger.cut_short(time.perf_counter())
            log.tell_repeats(ending=True)
            log.warning("stopped", reason="second signal")
            sys.stdout.flush()
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def _spare_the_collector() -> None:
    """Rules, schemas and libraries stay for good: do not look through them again and again.

    A request leaves a few hundred objects behind, and nearly none of them in a circle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _give_back_large_blocks() -> None:
    """Have glibc map every large block by itself, and so give it back, however many bodies there were at once.

    It does so until the first one is freed, and from then on takes blocks of that size from its heap, where what a
    burst has needed stays resident (mallopt(3), `M_MMAP_THRESHOLD`).
    """
    with contextlib.suppress(ImportError, OSError, AttributeError, MemoryError):
        import ctypes

        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def _raise_file_limit() -> None:
    """Every request holds two sockets; the soft limit of 1,024 files is a habit, the hard one is the machine's."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

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
from collections.abc import Sequence
from pathlib import Path

from yarl import URL

from proxy import banner, notify
from proxy.app import CAPTURE, REQUEST_LOG, build
from proxy.config import Config, origin
from proxy.decision import agreements, sightings
from proxy.decision.agreements import Agreements
from proxy.decision.desk import Desk
from proxy.decision.desk import desk as at_desk
from proxy.downstream.server import listening
from proxy.local.status import status_line
from proxy.logs.observe import Logger
from proxy.logs.outlet import LOG_FILE, keep_small
from proxy.logs.repeats import SPAN
from proxy.notify import Manager
from proxy.reload import Again, Reload
from proxy.rules.ruleset import RuleSet
from proxy.surroundings import hints
from proxy.telemetry.request_log import RequestLog

_MAPPED, _KEPT = 256 * 1024, 4 * 1024 * 1024
"""Bytes of a block that has a mapping of its own (the event loop reads just less), and of free ones kept at hand."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


async def serve(
    config: Config,
    rules: RuleSet,
    faults: Sequence[str],
    log: Logger,
    again: Again,
    manager: Manager = notify.NOBODY,
    held: Sequence[socket.socket] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; then let running requests finish, for the drain time at most.

    `faults` are those of the rules, in words. SIGHUP loads rules and settings anew (`reload`). Raises OSError when the
    address cannot be listened on.
    """
    _raise_file_limit()
    _tune_garbage_collection()
    _tune_allocation()
    desk = _desk(config, rules, faults)
    app = build(config, desk, log)
    request_log = app[REQUEST_LOG]
    stop = _stop_signal(log, request_log)
    reload = Reload(config, desk, request_log.counters, app[CAPTURE], log, again, manager)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    async with listening(app, config, log, lambda: reload.drain_timeout, held) as (host, port):
        _tell_of_the_start(config, rules, log, host, port)
        manager.tell(notify.READY)
        living = asyncio.create_task(manager.keep(lambda: status_line(desk, request_log.counters, time.time())))
        telling = asyncio.create_task(_write_repeats(log))
        await stop.wait()
        desk.stopping = True
        manager.tell(notify.STOPPING)
        log.info("stopping", drain_timeout=reload.drain_timeout)
        if sys.stderr.isatty() and (told := banner.farewell(_at(config, port))):
            print(told, file=sys.stderr, flush=True)
    living.cancel()  # not before: the watchdog looks on while requests finish
    telling.cancel()
    log.write_repeats(ending=True)
    log.info("stopped")


def _desk(config: Config, rules: RuleSet, faults: Sequence[str]) -> Desk:
    """A desk that remembers what earlier processes have kept in files."""
    counted = Agreements(agreements.load(Path(config.shadow.file)))
    desk = at_desk(config, rules, secrets.token_bytes(32), counted)
    desk.sightings.seen |= sightings.load(sightings.file_of(config))
    desk.faults = tuple(faults)
    return desk


def _tell_of_the_start(config: Config, rules: RuleSet, log: Logger, host: str, port: int) -> None:
    """Where it listens, for a person at a terminal and for the log; and what of the environment does not count."""
    if sys.stderr.isatty():
        print(banner.greeting(_at(config, port), rules), file=sys.stderr, flush=True)
    address, upstream = str(URL.build(scheme="http", host=host, port=port)), origin(config.upstream.url)
    log.info("listening", address=address, upstream=upstream, rules=len(rules.rules), **_missed(rules))
    for key, problem, todo in hints(config.upstream):
        log.warning("hint", key=key, problem=f"{problem}: {todo}")


def _at(config: Config, port: int) -> Config:
    """The settings with the port that was taken, should any free one do."""
    return config.model_copy(update={"listen": config.listen.model_copy(update={"port": port})})


def _missed(rules: RuleSet) -> dict[str, str]:
    """What a person may miss, for the first line: what a rule answers with nothing, and the setting that keeps it."""
    silent = [rule for rule in rules.rules if rule.status == "on" and rule.answer and rule.answer.silent]
    told = [f'{rule.name}: nothing is shown; [rules.override.{rule.name}] status = "off" keeps it' for rule in silent]
    return {"note": ", ".join(told)} if told else {}


async def _write_repeats(log: Logger) -> None:
    """Write what the log holds back as soon as its time is over, though nothing like it may come again.

    What it is written to is kept within bounds, where nobody else does.
    """
    while True:
        await asyncio.sleep(SPAN)
        log.write_repeats()
        if LOG_FILE in os.environ:
            await asyncio.to_thread(keep_small, Path(os.environ[LOG_FILE]))


def _stop_signal(log: Logger, request_log: RequestLog) -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            request_log.cut_short(time.perf_counter())
            log.write_repeats(ending=True)
            log.warning("stopped", reason="second signal")
            sys.stdout.flush()
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop


def _tune_garbage_collection() -> None:
    """Rules, schemas and libraries stay for good: do not look through them again and again.

    A request leaves a few hundred objects behind, and nearly none of them in a circle.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tune_allocation() -> None:
    """Have glibc map every large block by itself, and keep a few MiB at hand for smaller ones (mallopt(3)).

    Left alone, it maps them until the first one is freed, and from then on takes blocks of that size from its heap,
    where what a burst has needed stays resident: 85 MiB after 48 requests of 1 MiB at once, and 71 with this. And what
    is free at the heap's end it gives back above 128 KiB, to have it again page by page: a request of 1 MiB took 1.2 ms
    longer, and one of 80 KiB 15 µs of processor time more. An idle process pays 0.3 MiB, for `ctypes`.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError, MemoryError):
        import ctypes

        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def _raise_file_limit() -> None:
    """Every request holds two sockets; the soft limit of 1,024 files is a habit, the hard one is the machine's."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

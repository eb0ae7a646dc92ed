"""The process: it listens, handles signals, and ends in order."""

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

from proxy.decision import agreements, sightings
from proxy.decision.agreements import Agreements
from proxy.decision.desk import Desk, new_desk
from proxy.decision.sightings import Sightings
from proxy.downstream.server import listening
from proxy.local.status import status_line
from proxy.logs.observe import Logger
from proxy.logs.outlet import LOG_FILE, keep_small
from proxy.logs.repeats import SPAN
from proxy.machine import systemd
from proxy.machine.systemd import Manager
from proxy.rules.ruleset import RuleSet
from proxy.serving import banner
from proxy.serving.app import CAPTURE, REQUEST_LOG, build
from proxy.serving.reload import Reload, Reread
from proxy.settings.config import Config, origin
from proxy.settings.surroundings import hints
from proxy.telemetry.request_log import RequestLog

_MAPPED, _KEPT = 256 * 1024, 4 * 1024 * 1024
"""Bytes from which glibc maps a block separately (the event loop reads just less), and free ones it keeps for reuse."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


async def serve(
    config: Config,
    rules: RuleSet,
    faults: Sequence[str],
    log: Logger,
    reread: Reread,
    manager: Manager = systemd.NOBODY,
    held: Sequence[socket.socket] = (),
) -> None:
    """Serve until SIGTERM or SIGINT; then let running requests finish, for the drain time at most.

    `faults` are what is wrong with the rules, in words. SIGHUP reloads rules and settings. Raises OSError if the
    address cannot be listened on.
    """
    _tune_process()
    desk = _desk(config, rules, faults)
    app = build(config, desk, log)
    request_log = app[REQUEST_LOG]
    stop = _stop_signal(log, request_log)
    reload = Reload(config, desk, request_log.counters, app[CAPTURE], log, reread, manager)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    async with listening(app, config, log, lambda: reload.drain_timeout, held) as (host, port):
        _announce_start(config, rules, log, host, port)
        manager.send(systemd.READY)
        heartbeat = asyncio.create_task(manager.keep(lambda: status_line(desk, request_log.counters, time.time())))
        repeats = asyncio.create_task(_write_repeats(log))
        await stop.wait()
        desk.stop()
        manager.send(systemd.STOPPING)
        _announce_stop(config, log, port, reload.drain_timeout)
    heartbeat.cancel()  # only now: the watchdog still expects it while requests finish
    repeats.cancel()
    log.write_repeats(ending=True)
    log.info("stopped")


def _desk(config: Config, rules: RuleSet, faults: Sequence[str]) -> Desk:
    """A desk that knows what earlier processes have saved in files."""
    counted = Agreements(agreements.load(Path(config.shadow.file)))
    seen = Sightings(sightings.load(sightings.file_of(config)))
    desk = new_desk(config, rules, secrets.token_bytes(32), counted, seen)
    desk.loaded(faults)
    return desk


def _announce_start(config: Config, rules: RuleSet, log: Logger, host: str, port: int) -> None:
    """Say where it listens, at a terminal and in the log; and which variables of the environment are ignored."""
    if sys.stderr.isatty():
        print(banner.greeting(_at(config, port), rules), file=sys.stderr, flush=True)
    address, upstream = str(URL.build(scheme="http", host=host, port=port)), origin(config.upstream.url)
    log.info("listening", address=address, upstream=upstream, rules=len(rules.rules), **_missed(rules))
    for key, problem, todo in hints(config.upstream):
        log.warning("hint", key=key, problem=f"{problem}: {todo}")


def _announce_stop(config: Config, log: Logger, port: int, drain_timeout: float) -> None:
    log.info("stopping", drain_timeout=drain_timeout)
    if sys.stderr.isatty() and (text := banner.farewell(_at(config, port))):
        print(text, file=sys.stderr, flush=True)


def _at(config: Config, port: int) -> Config:
    """The settings with the actual port: `listen.port` may be 0, for any free one."""
    return config.model_copy(update={"listen": config.listen.model_copy(update={"port": port})})


def _missed(rules: RuleSet) -> dict[str, str]:
    """What a person may miss: the rules that answer with nothing, and the setting that switches each off."""
    silent = [rule for rule in rules.rules if rule.status == "on" and rule.answer and rule.answer.silent]
    notes = [f'{rule.name}: nothing is shown; [rules.override.{rule.name}] status = "off" keeps it' for rule in silent]
    return {"note": ", ".join(notes)} if notes else {}


async def _write_repeats(log: Logger) -> None:
    """Write the repeated lines that the log holds back once their time is over, even if no other line comes.

    Also keep the log file small, if nobody else does.
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


def _tune_process() -> None:
    _raise_file_limit()
    _tune_garbage_collection()
    _tune_allocation()


def _tune_garbage_collection() -> None:
    """Exclude rules, schemas and libraries from garbage collection: they live as long as the process.

    A request leaves a few hundred objects behind, and almost none of them is in a cycle.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tune_allocation() -> None:
    """Have glibc map every large block separately, and keep a few MiB for smaller ones (mallopt(3)).

    By default, glibc stops mapping blocks of a size once one is freed, and takes them from the heap, where the memory
    of a burst stays resident: 85 MiB after 48 concurrent requests of 1 MiB, and 71 with this. Free memory at the end of
    the heap is returned above 128 KiB by default, and fetched again page by page: a request of 1 MiB took 1.2 ms
    longer, and one of 80 KiB 15 µs of processor time more. An idle process pays 0.3 MiB, for `ctypes`.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError, MemoryError):
        import ctypes

        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAPPED)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def _raise_file_limit() -> None:
    """Raise the soft limit of open files (often 1,024) to the hard one: every request needs two sockets."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

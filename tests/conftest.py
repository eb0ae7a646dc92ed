"""What many tests share: the shipped rules, and Sidestep running as its entry point would run it."""

import asyncio
import gc
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiohttp import web
from hypothesis import HealthCheck, settings

from proxy.decision.desk import Desk, new_desk
from proxy.downstream.server import listening
from proxy.logs.observe import logger
from proxy.rules.load import Loaded, load
from proxy.rules.ruleset import RuleSet
from proxy.scripted import ScriptedUpstream, scripted_upstream
from proxy.serving.app import REQUEST_LOG, build
from proxy.settings.config import Config, ShadowSettings

ROOT = Path(__file__).parent.parent

# A machine that is busy with something else is slow, and no fault of the code.
settings.register_profile("patient", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
# Every run makes up other examples; `make test-slow` looks at many times as many.
settings.register_profile("long", settings.get_profile("patient"), max_examples=1_000)
settings.load_profile("patient")

Loop = Callable[[], asyncio.AbstractEventLoop]


def pytest_configure() -> None:
    """Processes inherit that Ctrl-C is ignored, as it is where tests run in the background of a script."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Almost all that collecting makes stays until the end: there is no garbage to look for."""
    gc.disable()


def pytest_collection_finish() -> None:
    """And no later collection looks through it again."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: three for two cores, since every worker waits a good part of its time for clocks and processes."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) * 3 // 2


def pytest_asyncio_loop_factories() -> Mapping[str, Loop]:
    """The loop that serves, wherever it can be installed; folders that stand on transports add asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def shipped() -> Loaded:
    """The rules as shipped."""
    return load(ROOT / "rules")


@dataclass(slots=True)
class Running:
    """A running Sidestep: its port, and what it logs."""

    port: int
    agreement: Path
    """The file in which agreement in shadow is kept."""
    journal: Path
    app: web.Application
    _log: io.StringIO

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """Everything logged so far."""
        self.app[REQUEST_LOG].flush()
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def logged(self) -> list[dict[str, Any]]:
        """The lines about requests so far."""
        return [line for line in self.lines() if line["event"] == "request"]


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(shipped: Loaded, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Start]:
    """Starts Sidestep before an upstream; keyword arguments are tables of the configuration.

    `using` are rules in place of the shipped ones, `at` a desk in place of a fresh one.
    """
    async with AsyncExitStack() as stack:

        async def starter(
            url: str, *, using: RuleSet | None = None, at: Desk | None = None, **tables: dict[str, Any]
        ) -> Running:
            listen = {"port": 0, **tables.get("listen", {})}
            upstream = {"url": url, **tables.get("upstream", {})}
            config = Config.model_validate({**tables, "listen": listen, "upstream": upstream})
            stream = io.StringIO()
            agreement = tmp_path_factory.mktemp("state") / "agreement.json"
            journal = config.journal.model_copy(update={"path": str(agreement.with_name("journal.sqlite"))})
            config = config.model_copy(update={"shadow": ShadowSettings(file=str(agreement)), "journal": journal})
            log = logger(config.log, stream)
            app = build(config, at or new_desk(config, using or shipped.rules, b"key"), log)
            _, port = await stack.enter_async_context(listening(app, config, log, lambda: 1))
            return Running(port, agreement, Path(journal.path), app, stream)

        yield starter


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedUpstream]:
    """A scripted upstream that says the same thing to everybody, with rate limits in its headers."""
    headers = {"anthropic-ratelimit-unified-status": "allowed"}
    async with scripted_upstream(
        lambda _body: [{"type": "text", "text": "from the upstream"}], headers=headers
    ) as upstream:
        yield upstream

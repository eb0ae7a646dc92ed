"""All checks in order: the surroundings, then the self-test."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.commands.doctor import configuration, local, manager, network
from proxy.commands.doctor.bench import Bench, NotStartedError, scripted, second
from proxy.commands.doctor.client import client, left_behind
from proxy.commands.doctor.files import permissions
from proxy.commands.doctor.findings import Finding, as_json, as_text, exit_code, fault, warning
from proxy.commands.doctor.probes import PROBES, probe
from proxy.commands.doctor.shortcuts import shortcuts, to_repeat
from proxy.machine.terminal import columns
from proxy.rules.load import Loaded, configured
from proxy.settings.config import Config


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: a settings file with more settings, and whether to check the client."""

    file: Path
    given: Sequence[str]
    client: bool
    ask: bool = False
    """Whether to send the upstream a request, without a key."""


async def run(subject: Subject, *, json: bool) -> int:
    """Print all findings; 1 if there is a fault, else 0."""
    findings = [finding async for finding in examine(subject)]
    print(as_json(findings) if json else as_text(findings, columns()))
    return exit_code(findings)


async def examine(subject: Subject) -> AsyncIterator[Finding]:
    config, found = configuration.settings(subject.file, subject.given)
    for finding in found:
        yield finding
    if config is None:
        yield network.clock()
        yield warning("self-test", "not run: it needs settings that can be used", "mend them first")
        return
    loaded = configured(config)
    for finding in configuration.rules(loaded):
        yield finding
    async for finding in _surroundings(subject, config):
        yield finding
    async for finding in _self_test(subject, config, loaded):
        yield finding


async def _surroundings(subject: Subject, config: Config) -> AsyncIterator[Finding]:
    for finding in permissions(subject.file, config):
        yield finding
    here = await local.port(subject.file, config.listen)
    for finding in here:
        yield finding
    way = [finding async for finding in network.upstream(config)]
    for finding in way:
        yield finding
    if subject.ask:
        yield network.not_asked() if exit_code(way) else await network.answer(config.upstream)
    yield network.clock()
    for finding in await manager.service(subject.file, config.listen):
        yield finding
    running = any(each.verdict == "ok" for each in here)
    if subject.client:
        for finding in client(config.listen, running=running):
            yield finding
    elif not running:
        for finding in left_behind(config.listen):
            yield finding


async def _self_test(subject: Subject, config: Config, loaded: Loaded) -> AsyncIterator[Finding]:
    """Test a second process with the same settings and rules, in front of an upstream on loopback."""
    async with scripted(to_repeat(loaded.rules)) as (script, port):
        try:
            async with second(subject.file, subject.given, config, port) as sidestep:
                bench = Bench(sidestep, script)
                for name, run_probe in PROBES.items():
                    yield await probe(name, run_probe, bench)
                for finding in await shortcuts(loaded.entries, bench):
                    yield finding
        except NotStartedError as error:
            yield fault("self-test", f"a second Sidestep did not start: {error}", "run `serve` to see all that it says")

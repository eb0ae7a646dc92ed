"""The balancers of docs/deploy.md, for real, before two instances: streams stay whole, and one instance can go."""

import asyncio
import os
import random
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from proxy.commands.doctor.bench import REPLY_BODY, Bench, scripted
from proxy.commands.doctor.plain_http import Address, ask
from proxy.commands.doctor.probes import PROBES, probe
from tests.children import Child, start
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
INSTANCES = ("127.0.0.1", "127.0.0.2")
STREAMING = ("first byte", "frames", "cancellation", "host refusal")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is there without asking on Linux alone")


def _free_port() -> int:
    """One that no connection is given meanwhile: Linux takes those from 32,768 on."""
    while True:
        with suppress(OSError), closing(socket.create_server(("", port := random.randrange(20_000, 32_000)))):
            return port


def _nginx(folder: Path, port: int, instances: int) -> list[str]:
    text = (ROOT / "docs/deploy/nginx.conf").read_text().replace("8787", str(instances))
    text = re.sub(r"^ *ssl_.*\n", "", text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};"), flags=re.MULTILINE)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder / 'pid'};\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{paths}{text}}}\n"
    )
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(file)]


def _haproxy(folder: Path, port: int, instances: int) -> list[str]:
    text = (ROOT / "docs/deploy/haproxy.cfg").read_text().replace("8787", str(instances))
    file = folder / "haproxy.cfg"
    file.write_text(re.sub(r"bind :443 .*", f"bind 127.0.0.1:{port}", text))
    return ["haproxy", "-db", "-f", str(file)]


Balancer = Callable[[Path, int, int], list[str]]
"""A folder of its own, the port to listen on, and that of both instances, to a command."""

BALANCERS = [
    pytest.param(
        make, id=name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed here")
    )
    for name, make in [("nginx", _nginx), ("haproxy", _haproxy)]
]


@asynccontextmanager
async def _process(*command: str) -> AsyncIterator[None]:
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        await child.wait()
        child._transport.close()  # type: ignore[attr-defined] # else Python 3.11 warns of it at shutdown


@asynccontextmanager
async def _instance(host: str, port: int, upstream: int, state: Path) -> AsyncIterator[Child]:
    settings = [f"listen.host={host}", f"listen.port={port}", f"upstream.url=http://127.0.0.1:{upstream}"]
    settings += [f"shadow.file={state / host}", f"journal.path={state / host}.sqlite"]
    options = [part for setting in settings for part in ("--set", setting)]
    unread = os.open(os.devnull, os.O_WRONLY)
    child, _, err = await start(["--config", "config.toml", *options], os.environ, stdout=unread)
    os.close(unread)
    try:
        yield child
    finally:
        child.kill()
        await child.wait()
        err.close()


async def _answers(address: Address, path: str) -> None:
    """Wait until a GET is answered with 200."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await ask(address, address.request(f"GET {path}"))).status == 200:
                    return
            except (OSError, EOFError):
                pass
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("balancer", BALANCERS)
@pytest.mark.parametrize("goes", [0, 1])
async def test_streams_stay_whole_behind_a_balancer_and_either_instance_can_go(
    balancer: Balancer, goes: int, tmp_path: Path
) -> None:
    port, instances = _free_port(), _free_port()
    async with scripted({}) as (script, upstream):
        one, two = (_instance(host, instances, upstream, tmp_path) for host in INSTANCES)
        async with one as first, two as second:
            for host in INSTANCES:
                await _answers(Address(host, instances), "/-/ready")
            # Only now: a balancer that finds an instance down asks again only seconds later.
            async with _process(*balancer(tmp_path, port, instances)):
                through = Bench(Address("127.0.0.1", port, name=f"127.0.0.1:{instances}"), script)
                await _answers(through.sidestep, "/v1/models")
                found = [await probe(name, PROBES[name], through) for name in STREAMING]
                assert [finding for finding in found if finding.verdict == "fault"] == []
                assert (await _body(through), await _local(through)) == (REPLY_BODY, 403)
                leaving = (first, second)[goes]
                leaving.send_signal(signal.SIGTERM)
                await asyncio.wait_for(leaving.wait(), PATIENCE)
                assert await _body(through) == REPLY_BODY


async def _body(through: Bench) -> bytes:
    return (await ask(through.sidestep, through.sidestep.request("POST /doctor/bytes", body=bytes(range(256))))).body


async def _local(through: Bench) -> int:
    """The status of Sidestep's own pages from outside."""
    return (await ask(through.sidestep, through.sidestep.request("GET /-/ready"))).status

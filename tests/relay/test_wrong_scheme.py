"""A TLS port that is spoken to in http, and the other way round: the client is told so in words."""

import asyncio
import json

import pytest

from proxy.serving.app import REQUEST_LOG
from tests.certificates import Certificate, certificate
from tests.conftest import Start
from tests.raw import Peer, raw_client, raw_upstream, reply, request
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "own", alternative="IP:127.0.0.1")


async def told(start: Start, url: str, **upstream: float) -> tuple[int, str, str]:
    """Status and message for the client, and the kind of fault that is counted."""
    sidestep = await start(url, upstream=upstream)
    async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
        await client.send(request(sidestep.port, body=b"{}"))
        head = await client.head()
        error = json.loads(await client.sized(head))["error"]
    (line,) = sidestep.logged()
    assert line["error"] in error["message"].replace("Sidestep: the upstream 127.0.0.1", "the upstream")
    (fault,) = sidestep.app[REQUEST_LOG].counters.faults
    return int(head.split()[1]), error["message"], fault


async def test_a_tls_port_that_closes_at_the_sight_of_http_is_named(start: Start, own: Certificate) -> None:
    """As OpenSSL's servers do: they say nothing."""

    async def script(_peer: Peer) -> None:
        raise AssertionError("no handshake can end well")

    async with raw_upstream(script, tls=own.server()) as upstream:
        status, text, fault = await told(start, upstream.url.replace("https:", "http:"))
    assert (status, fault) == (502, "lost")
    assert "if it speaks TLS, upstream.url begins with https://" in text


@pytest.mark.parametrize("said", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15", b"\x16\x03\x01\x00\x02"])
async def test_a_tls_port_that_answers_http_in_tls_is_named(start: Start, said: bytes) -> None:
    """As others do: they send an alert (RFC 8446, section 6)."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(said)
        await peer.gone()

    async with raw_upstream(script) as upstream:
        status, text, fault = await told(start, upstream.url)
    assert (status, fault) == (502, "bad reply")
    assert "speaks TLS there: upstream.url should begin with https://" in text


async def test_an_upstream_that_once_replied_and_then_closes_is_not_taken_for_a_tls_port(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(reply(b"{}", headers="Connection: close"))

    async with raw_upstream(script) as upstream:
        sidestep = await start(upstream.url)
        async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
            await client.send(request(sidestep.port, method="GET"))
            await client.sized(await client.head())

            async def closes(peer: Peer) -> None:
                await peer.head()

            upstream.script = closes
            await client.send(request(sidestep.port, method="GET"))
            text = json.loads(await client.sized(await client.head()))["error"]["message"]
    assert text.endswith("closed the connection without a reply")


async def test_a_plain_port_that_waits_for_the_rest_of_a_handshake_is_named(start: Start) -> None:
    """As Python's own server does: there is no end of a line in it."""

    async with raw_upstream(Peer.gone) as upstream:
        status, text, fault = await told(start, upstream.url.replace("http:", "https:"), connect_timeout=0.2)
    assert (status, fault) == (504, "connect timeout")
    assert (
        "accepted the connection and took too long to answer in TLS: if it is plain http, upstream.url begins" in text
    )


async def test_a_plain_port_that_answers_a_handshake_in_http_is_named(start: Start) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.send(reply(b"", status="400 Bad Request"))
        await peer.gone()

    async with raw_upstream(script) as upstream:
        status, text, fault = await told(start, upstream.url.replace("http:", "https:"))
    assert (status, fault) == (502, "tls")
    assert "does not speak TLS there: if it is plain http, upstream.url begins with http://" in text

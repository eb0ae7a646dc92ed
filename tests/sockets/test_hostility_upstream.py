"""An upstream that is hostile, or just unlucky: it costs no request but its own, and no half is taken for a whole."""

import asyncio

import pytest

from tests.below_tls import End, close, cut, serving
from tests.certificates import Certificate, certificate
from tests.process import PATIENCE, running
from tests.raw import raw_client
from tests.sockets.given import broken_off, head

pytestmark = pytest.mark.asyncio(loop_scope="session")

GET = b"GET /v1/models HTTP/1.1"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "ours", alternative="IP:127.0.0.1")


@pytest.mark.parametrize(("end", "whole"), [(close, True), (cut, False)])
async def test_a_reply_that_was_cut_below_tls_is_no_whole_one(ours: Certificate, end: End, whole: bool) -> None:
    """It has no length, and anybody on the way can send a FIN: only close_notify ends it (RFC 9112, section 9.8)."""
    with serving(ours, b"HTTP/1.1 200 OK\r\n\r\nhalf", end) as url:
        async with running(url, f"upstream.ca_file={ours.file}") as (process, port), raw_client(port) as client:
            async with asyncio.timeout(PATIENCE):
                await client.send(head(port, GET, *([b"Connection: close"] if whole else [])))
                assert b"chunked" in await client.head()
                assert await broken_off(client) == b"4\r\nhalf\r\n" + (b"0\r\n\r\n" if whole else b"")
                line = await process.line("request", path="/v1/models")
    assert line["outcome"] == ("forwarded" if whole else "failed")
    assert line.get("error", "") == ("" if whole else "the upstream broke off its reply")

"""An upstream that answers as HTTP/1.0, in each framing, before three clients: an SDK, node's fetch, a bare socket."""

import asyncio
import json
import shutil
from collections.abc import Iterator

import pytest

from tests import official
from tests.conftest import Start
from tests.raw import raw_client, request
from tests.relay.plain_server import FRAMINGS, MESSAGE, STREAM, plain_server
from tests.sdk.replies import CONVERSATION, HEADERS, KEY
from tests.waiting import PATIENCE

_FETCH = """
const [url, ...bodies] = process.argv.slice(1);
const seen = [];
for (const body of bodies) {
  const reply = await fetch(url + "/v1/messages", { method: "POST", body });
  seen.push([reply.status, await reply.text()]);
}
process.stdout.write(JSON.stringify(seen));
"""


@pytest.fixture(params=FRAMINGS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with plain_server(request.param) as url:
        yield url


@pytest.mark.parametrize("stream", [False, True])
async def test_a_bare_client_gets_the_whole_reply_and_keeps_its_connection(
    start: Start, url: str, stream: bool
) -> None:
    sidestep = await start(url)
    body = json.dumps({**CONVERSATION, "stream": stream}).encode()
    async with asyncio.timeout(PATIENCE), raw_client(sidestep.port) as client:
        for _ in range(2):
            await client.send(request(sidestep.port, body=body))
            head = await client.head()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            sized = b"content-length" in head.lower()
            got = await client.sized(head) if sized else b"".join(await client.chunks())
            assert got == (STREAM if stream else MESSAGE)
    assert [line["outcome"] for line in sidestep.logged()] == ["forwarded"] * 2


async def test_the_python_sdk_sees_what_it_sees_without_sidestep(start: Start, url: str) -> None:
    sidestep = await start(url)
    seen = []
    for base in (url, sidestep.url):
        async with official.client(base, HEADERS, key=KEY) as client:
            message = (await client.messages.create(**CONVERSATION)).model_dump()
            events = [event.model_dump() async for event in await client.messages.create(**CONVERSATION, stream=True)]
            seen.append((message, events))
    assert seen[0] == seen[1]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
async def test_fetch_gets_the_whole_reply(start: Start, url: str) -> None:
    sidestep = await start(url)
    bodies = [json.dumps({**CONVERSATION, "stream": stream}) for stream in (False, True)]
    node = await asyncio.create_subprocess_exec(
        "node", "--input-type=module", "-e", _FETCH, sidestep.url, *bodies, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(node.communicate(), PATIENCE)
    assert json.loads(out) == [[200, MESSAGE.decode()], [200, STREAM.decode()]]

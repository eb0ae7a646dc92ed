"""The official JavaScript SDK, with and without Sidestep before the same upstream: the same events, the same errors."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Start
from tests.npm import installed
from tests.raw import Peer, raw_upstream
from tests.sdk.replies import CONVERSATION, HEADERS, KEY, MESSAGES, STREAMS, answer

HERE = Path(__file__).parent
_RUN_SECONDS = 60

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")),
    reason="node and npm are not installed: the JavaScript SDK is not compared",
)


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The folder in which the SDK is."""
    return installed(HERE / "package.json", "sdk")


async def compare(folder: Path, *urls: str, retries: int = 0, **cases: list[str]) -> list[dict[str, list[Any]]]:
    """What the SDK sees of each case at each URL, in order."""
    given = {"messages": [], "streams": [], **cases, "urls": urls, "retries": retries}
    given |= {"conversation": CONVERSATION, "headers": HEADERS, "key": KEY}
    pipe = asyncio.subprocess.PIPE
    node = await asyncio.create_subprocess_exec(
        "node", str(HERE / "compare.mjs"), cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, err = await asyncio.wait_for(node.communicate(json.dumps(given).encode()), _RUN_SECONDS)
    except TimeoutError:
        node.kill()
        raise
    assert node.returncode == 0, err.decode()
    found: list[dict[str, list[Any]]] = json.loads(out)
    return found


async def test_messages_streams_and_errors_are_the_same_with_and_without_sidestep(start: Start, sdk: Path) -> None:
    async with raw_upstream(answer) as upstream:
        sidestep = await start(upstream.url)
        direct, through = await compare(sdk, upstream.url, sidestep.url, messages=MESSAGES, streams=STREAMS)
    # Before a reply's head there is something to say: an error that the SDK retries likewise.
    (no_reply,), (told,) = direct.pop("no-reply"), through.pop("no-reply")
    assert no_reply == {"class": "APIConnectionError"}
    assert (told["class"], told["status"]) == ("InternalServerError", 502)
    assert direct == through
    ended = {case for case, seen in direct.items() if "class" in seen[-1]}
    assert ended == {*MESSAGES, *STREAMS} - {"message", "stream", "no-reply"}
    assert all(
        (seen[-1]["status"], seen[-1]["request_id"]) == (int(case), f"req_{case}")
        for case, seen in direct.items()
        if case.isdigit()
    )
    assert [event["type"] for event in direct["stream"]].count("content_block_delta") == 4


async def test_a_refused_connection_is_retried_as_often_as_without_sidestep(start: Start, sdk: Path) -> None:
    """Directly it is a connection error, through Sidestep a 502 that says so: the SDK takes both for worth a retry."""
    async with raw_upstream(Peer.gone) as upstream:
        pass
    sidestep = await start(upstream.url)
    direct, through = await compare(sdk, upstream.url, sidestep.url, retries=1, messages=["message"])
    assert direct["message"] == [{"class": "APIConnectionError"}]
    assert (through["message"][0]["class"], through["message"][0]["status"]) == ("InternalServerError", 502)
    assert [line["status"] for line in sidestep.logged()] == [502, 502]

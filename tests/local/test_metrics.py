"""`/-/metrics` of the real process: what it tells agrees with the traffic that there was, and gives nothing away."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.process import ROOT, Process, running
from tests.raw import Peer, raw_client, raw_upstream, request
from tests.scraping import Scrape, scrape
from tests.sockets.given import CHUNKED, CLAUDE, OK, answers, broken_off, chunk, head, receive
from tests.waiting import PATIENCE

WARM_UP = (
    b'{"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Warmup"}],'
    b' "system": "You are a file search specialist for Claude Code"}'
)
MESSAGE = b'{"type": "message", "content": [{"type": "text", "text": "Hello."}]}'
HELLO = b'{"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}'
PROBE = (
    b'{"model": "claude-haiku-4-5", "max_tokens": 1, "messages": [{"role": "user", "content": "quota"}],'
    b' "metadata": {"user_id": "someone"}}'
)
NEW_CLAUDE = b"User-Agent: claude-cli/2.1.330 (external, cli)"


def _post(port: int, body: bytes, agent: bytes = CLAUDE) -> bytes:
    return request(port, body=body, more=agent.decode() + "\r\n")


async def _done(process: Process, port: int, sent: bytes, **fields: object) -> None:
    """Send a request, and wait until it has been entered into the log: the counts follow in the same step."""
    async with asyncio.timeout(PATIENCE), raw_client(port) as client:
        await client.send(sent.replace(b"Host:", b"Connection: close\r\nHost:", 1))
        await broken_off(client)
    await process.line("request", **fields)


async def _fails(peer: Peer) -> None:
    """An upstream that fails in the way that the target names."""
    while True:
        target = (await receive(peer)).line.split()[1]
        if target == b"/lost":
            return
        if target == b"/bad":
            await peer.send(b"HTTP/1.1 2x0 Odd\r\n\r\n")
        elif target == b"/half":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            return
        else:
            await peer.send(OK)


async def test_requests_are_counted_by_what_became_of_them() -> None:
    async with raw_upstream(_fails) as upstream, running(upstream.url, "breaker.window=0") as (process, port):
        for _ in range(2):
            await _done(process, port, _post(port, WARM_UP), outcome="answered")
        await _done(process, port, _post(port, HELLO), outcome="forwarded")
        await _done(process, port, head(port, b"GET /v1/models HTTP/1.1"), outcome="forwarded")
        foreign = head(port, b"GET / HTTP/1.1", b"Origin: https://evil.example")
        await _done(process, port, foreign, outcome="refused")
        for target in (b"/lost", b"/bad", b"/half", b"/half"):
            await _done(process, port, head(port, b"GET %s HTTP/1.1" % target), outcome="failed")
        await _done(process, port, b"NO HTTP\r\n\r\n", reason="malformed")
        await _done(process, port, head(port, b"GET / HTTP/1.1", b"X: " + b"x" * 300_000), reason="head too large")
        found = await scrape(port)
    requests = found.counts("sidestep_requests_total", "outcome", "rule", "status", "model")
    assert requests == {
        ("answered", "warm-up", "2xx", "haiku"): 2,
        ("forwarded", "", "2xx", "haiku"): 1,
        ("forwarded", "", "2xx", ""): 1,
        ("refused", "", "4xx", ""): 1,
        ("failed", "", "5xx", ""): 2,
        ("failed", "", "2xx", ""): 2,
    }
    assert found.counts("sidestep_forwards_total", "rule", "reason") == {
        ("", "no rule matched"): 1,
        ("", "nothing to answer"): 5,
    }
    assert found.counts("sidestep_refusals_total", "reason") == {("origin",): 1}
    assert found.counts("sidestep_unread_requests_total", "reason") == {("malformed",): 1, ("head too large",): 1}
    faults = found.counts("sidestep_upstream_faults_total", "kind")
    assert faults == {("lost",): 1, ("bad reply",): 1, ("broken off",): 2}
    assert found.value("sidestep_received_bytes_total") == 2 * len(WARM_UP) + len(HELLO)
    assert found.value("sidestep_running_requests") == 1
    _histograms_agree(found)


async def test_a_client_that_is_too_slow_with_its_head_is_counted() -> None:
    async with (
        raw_upstream(answers) as upstream,
        running(upstream.url, "limits.head_timeout=0.5") as (process, port),
        raw_client(port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\n")
        await process.line("connection closed", reason="no whole head in time")
        found = await scrape(port)
    assert found.counts("sidestep_unread_requests_total", "reason") == {("no whole head in time",): 1}


def _histograms_agree(found: Scrape) -> None:
    """Cumulative, complete, and as many as there were requests."""
    seen = {}
    for name, labels, buckets, count, total in found.histograms():
        counts = [buckets[bound] for bound in sorted(buckets)]
        assert counts == sorted(counts)
        assert (counts[-1], max(buckets)) == (count, float("inf"))
        below = [0.0, *sorted(buckets)]
        least = sum((high - low) * below[i] for i, (low, high) in enumerate(zip([0.0, *counts], counts, strict=False)))
        assert least <= total
        seen[name, labels.get("outcome")] = count
    ended: dict[str, float] = {}
    for labels, count in found.samples("sidestep_requests_total"):
        ended[labels["outcome"]] = ended.get(labels["outcome"], 0) + count
    assert {outcome: seen["sidestep_request_duration_seconds", outcome] for outcome in ended} == ended
    for outcome, count in ended.items():
        replied = seen.get(("sidestep_request_first_byte_seconds", outcome), 0)
        assert seen.get(("sidestep_own_time_seconds", outcome), 0) == replied <= count


@pytest.mark.parametrize(
    ("url", "settings", "kind"),
    [
        ("http://127.0.0.1:1", [], "unreachable"),
        ("http://no-such-host.invalid", [], "unresolved"),
        ("https://{address}", [], "tls"),
        ("http://{address}", ["upstream.idle_timeout=0.1"], "silent"),
        ("https://api.example", ["upstream.proxy=http://{address}"], "proxy"),
    ],
)
async def test_an_upstream_that_cannot_be_reached_is_counted_by_kind(url: str, settings: list[str], kind: str) -> None:
    async def script(peer: Peer) -> None:
        if kind != "silent":
            await peer.send(b"HTTP/1.1 407 No\r\n\r\n")
            return
        await peer.gone()

    async with raw_upstream(script) as upstream:
        options = [setting.format(address=upstream.address) for setting in settings]
        async with running(url.format(address=upstream.address), *options) as (process, port):
            await _done(process, port, head(port, b"GET / HTTP/1.1"), outcome="failed")
            found = await scrape(port)
    assert found.counts("sidestep_upstream_faults_total", "kind") == {(kind,): 1}
    assert found.samples("sidestep_upstream_last_reply_timestamp_seconds") == []
    failed = found.value("sidestep_upstream_last_fault_timestamp_seconds")
    assert failed > found.value("process_start_time_seconds") - 1


async def test_signs_of_drift_are_counted_by_kind() -> None:
    newer = b"User-Agent: claude-cli/2.9.999 (external, cli)"
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        for _ in range(2):
            await _done(process, port, _post(port, HELLO, newer), outcome="forwarded")
        found = await scrape(port)
    assert found.counts("sidestep_drift_signs_total", "sign") == {("unknown question",): 2}


async def test_what_answers_saved_is_estimated_by_what_the_upstream_told_of_others() -> None:
    talk = HELLO.replace(b"hello", b"hello " * 1000)
    told = b'{"type": "message", "usage": {"input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 5}}'

    async def script(peer: Peer) -> None:
        await receive(peer)
        await asyncio.sleep(0.1)
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        await peer.send(b"Content-Length: %d\r\n\r\n%s" % (len(told), told))

    async with raw_upstream(script) as upstream, running(upstream.url, "breaker.window=0") as (process, port):
        await _done(process, port, _post(port, talk), outcome="forwarded")
        for _ in range(2):
            await _done(process, port, _post(port, WARM_UP), outcome="answered")
        async with asyncio.timeout(PATIENCE):
            while (found := await scrape(port)).value("sidestep_saved_requests_total") < 2:
                pass
    assert found.value("sidestep_saved_bytes_total") == 2 * len(WARM_UP)
    tokens = found.counts("sidestep_saved_tokens_total", "kind")
    assert tokens == {("other",): pytest.approx(2 * len(WARM_UP) * 1000 / len(talk))}
    assert found.value("sidestep_saved_seconds_total") == 0, "none of its rule was forwarded"


async def test_a_rule_that_declines_is_counted_with_its_reason() -> None:
    async with raw_upstream(answers) as upstream, running(upstream.url) as (process, port):
        await _done(process, port, _post(port, PROBE, NEW_CLAUDE), rule="quota-probe")
        found = await scrape(port)
    assert found.counts("sidestep_declines_total", "rule", "reason") == {("quota-probe", "no headers to repeat"): 1}
    assert found.counts("sidestep_forwards_total", "rule", "reason") == {("quota-probe", "declined"): 1}


async def test_connections_are_counted_as_they_are_opened_reused_and_found_closed() -> None:
    """The third request takes the kept connection, which ends with it unread: it is sent again on a fresh one."""
    served: list[Peer] = []

    async def script(peer: Peer) -> None:
        served.append(peer)
        await receive(peer)
        await peer.send(OK)
        await receive(peer)
        peer.stop_reading()
        await peer.send(OK)
        await peer.close_unread()

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        for _ in range(3):
            await _done(process, port, head(port, b"GET / HTTP/1.1"), outcome="forwarded")
        found = await scrape(port)
    connections = found.counts("sidestep_upstream_connections_total", "state")
    assert connections == {("opened",): 2, ("reused",): 2}
    assert found.value("sidestep_upstream_retries_total") == 1
    assert found.value("sidestep_upstream_idle_connections") == 1
    assert found.counts("sidestep_upstream_faults_total", "kind") == {}


async def test_every_piece_of_a_stream_is_a_gap_behind_the_one_before() -> None:
    """Each piece is sent when the client has the one before; the end of the body is a piece too."""
    taken = asyncio.Event()
    pieces = [b"one", b"two", b"three"]

    async def script(peer: Peer) -> None:
        await receive(peer)
        await peer.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n")
        for piece in [*pieces, b""]:
            await taken.wait()
            taken.clear()
            await peer.send(chunk(piece))
        await peer.gone()

    async with raw_upstream(script) as upstream, running(upstream.url) as (process, port):
        async with asyncio.timeout(PATIENCE), raw_client(port) as client:
            await client.send(head(port, b"GET / HTTP/1.1"))
            await client.head()
            during = await scrape(port)
            for piece in pieces:
                taken.set()
                assert await client.chunk() == piece
            taken.set()
            assert await client.chunk() == b""
        await process.line("request", outcome="forwarded")
        after = await scrape(port)
    assert (during.value("sidestep_streams"), during.value("sidestep_running_requests")) == (1, 2)
    assert (after.value("sidestep_streams"), after.value("sidestep_running_requests")) == (0, 1)
    assert during.value("sidestep_chunk_gap_seconds_count") == 0
    assert after.value("sidestep_chunk_gap_seconds_count") == len(pieces) + 1
    own = len(during.reply.body)
    assert after.value("sidestep_sent_bytes_total") == len(b"".join(pieces)) + own


async def test_agreement_in_shadow_and_reloads_are_counted(tmp_path: Path) -> None:
    rule = (ROOT / "rules/70-warm-up.toml").read_text()
    file = tmp_path / "1.toml"
    file.write_text(rule.replace('action = "answer"', 'action = "answer"\nstatus = "shadow"'))
    replies = iter([MESSAGE, MESSAGE, b"{}"])

    async def script(peer: Peer) -> None:
        while True:
            await receive(peer)
            body = next(replies)
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    settings = (f"rules.directory={tmp_path}", f"shadow.file={tmp_path / 'a.json'}", "breaker.window=0")
    async with raw_upstream(script) as upstream, running(upstream.url, *settings) as (process, port):
        for _ in range(3):
            await _done(process, port, _post(port, WARM_UP), outcome="forwarded")
        before = await scrape(port)
        process.process.send_signal(signal.SIGHUP)
        await process.line("reloaded")
        file.write_text("[[rules]]\nname = 3\n")
        process.process.send_signal(signal.SIGHUP)
        await process.line("not reloaded")
        after = await scrape(port)
    assert before.counts("sidestep_shadow_comparisons_total", "rule", "verdict") == {
        ("warm-up", "not compared"): 2,
        ("warm-up", "upstream error"): 1,
    }
    assert before.counts("sidestep_forwards_total", "rule", "reason") == {("warm-up", "shadow"): 3}
    assert before.samples("sidestep_last_reload_timestamp_seconds") == []
    assert after.counts("sidestep_reloads_total", "result") == {("done",): 1, ("refused",): 1}
    assert after.value("sidestep_last_reload_timestamp_seconds") > before.value("process_start_time_seconds")
    assert (before.value("sidestep_rule_faults"), after.value("sidestep_rules")) == (0, 1)
    assert after.value("sidestep_rule_faults") > 0

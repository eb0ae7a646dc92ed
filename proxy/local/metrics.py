"""`/-/metrics`: the counters in Prometheus' formats. docs/metrics.md lists all metrics.

Imported at the first scrape: prometheus_client costs 16 ms and 1 MB, and most processes never need it.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from proxy import __version__
from proxy.decision.desk import Desk
from proxy.decision.drift import SIGNS
from proxy.downstream.inbound import UNREAD
from proxy.names import OTHER
from proxy.record import Outcome
from proxy.replies.errors import UPSTREAM_ERRORS
from proxy.telemetry.counters import BOUNDS, Counters, Histogram
from proxy.upstream.faults import NAMES

Numbers = dict[tuple[str, ...], float]
Counts = Iterable[tuple[tuple[str, ...], float]]
"""Values of the labels, in their order, and how many."""

_BUCKETS = [*map(floatToGoString, BOUNDS), "+Inf"]
_DECLINED = "declined: "
"""The reason of a rule that matched and was not certain of its answer begins like this."""

_SHOWN = 128
"""Rules whose agreement is exposed. The file of agreements keeps every rule there ever was."""

_process = ProcessCollector(registry=None)


def exposition(counters: Counters, desk: Desk, idle: int, accept: str) -> tuple[bytes, str]:
    """All metrics, and their content type: Prometheus' text or OpenMetrics, whichever `accept` asks for.

    `idle` is the number of open connections to the upstream that are not in use.
    """
    counts = _Counts(counters, desk, idle)
    try:
        encode, kind = choose_encoder(accept if accept.isascii() else "")
        return encode(counts), kind
    except (TypeError, ValueError):  # the library fails for malformed versions in the header
        encode, kind = choose_encoder("")
        return encode(counts), kind


class _Counts(Collector):
    """The present counts, as families of metrics."""

    def __init__(self, counters: Counters, desk: Desk, idle: int) -> None:
        self._counters, self._desk, self._idle = counters, desk, idle

    def collect(self) -> Iterator[Metric]:
        yield from _requests(self._counters)
        yield from _saved(self._counters)
        yield from _decisions(self._counters)
        yield from _traffic(self._counters)
        yield from _upstream(self._counters, self._idle)
        yield from _rules(self._counters, self._desk)
        labels = {"version": __version__, "python": platform.python_version()}
        yield _gauge("build_info", "What runs here; always 1", 1, labels)
        yield from _process.collect()


def _requests(counters: Counters) -> Iterator[Metric]:
    labels = ("outcome", "rule", "status", "model")
    yield _counter("requests", "Requests that have ended", labels, counters.requests.items())
    yield _by_outcome("request_duration_seconds", "Seconds until the reply was complete", counters.duration)
    yield _by_outcome("request_first_byte_seconds", "Seconds until the head of the reply was sent", counters.first_byte)
    about = "Of the seconds to the first byte, those spent in Sidestep itself"
    yield _by_outcome("own_time_seconds", about, counters.overhead)
    yield _gauge("running_requests", "Requests that are being served", counters.running)
    about = "What clients sent that was no request: no HTTP, or its head too large or too slow"
    yield _counter("unread_requests", about, ("reason",), (((one,), counters.unread[one]) for one in UNREAD))


def _saved(counters: Counters) -> Iterator[Metric]:
    saved = counters.saved
    tokens = [(("cached",), saved.cached), (("other",), saved.tokens - saved.cached)]
    yield _counter("saved_requests", "Requests that were answered here, and not sent", (), [((), saved.requests)])
    yield _counter("saved_bytes", "Bytes of the bodies of requests that were not sent", (), [((), saved.size)])
    yield _counter("saved_tokens", "Input tokens of requests that were not sent, estimated", ("kind",), tokens)
    about = "Seconds that the model takes for such requests, where some of their rule were forwarded"
    yield _counter("saved_seconds", about, (), [((), saved.time / 1000)])


def _decisions(counters: Counters) -> Iterator[Metric]:
    forwards: Numbers = {}
    declines: Numbers = {}
    refusals: Numbers = {}
    for (outcome, rule, reason), count in counters.reasons.items():
        if outcome == "refused":
            _add(refusals, (reason,), count)
            continue
        declined = reason.startswith(_DECLINED)
        _add(forwards, (rule, "declined" if declined else reason), count)
        if declined:
            _add(declines, (rule, reason.removeprefix(_DECLINED)), count)
    labels = ("rule", "reason")
    yield _counter("forwards", "Requests that no rule answered, and why", labels, forwards.items())
    yield _counter("declines", "Requests that a rule matched without being certain, and why", labels, declines.items())
    yield _counter("refusals", "Requests that were refused, and why", ("reason",), refusals.items())


def _traffic(counters: Counters) -> Iterator[Metric]:
    yield _counter("received_bytes", "Bytes of the bodies of requests", (), [((), counters.bytes_in)])
    yield _counter("sent_bytes", "Bytes of the bodies of replies", (), [((), counters.bytes_out)])
    yield _gauge("streams", "Replies of the upstream that are on their way", counters.streams)
    yield _histogram("chunk_gap_seconds", "Seconds between two pieces of a forwarded reply", (), [((), counters.gaps)])


def _upstream(counters: Counters, idle: int) -> Iterator[Metric]:
    faults = (((kind,), counters.faults[kind]) for kind in NAMES)
    yield _counter("upstream_faults", "Times that the upstream gave no whole reply", ("kind",), faults)
    errors = (((kind,), counters.upstream_errors[kind]) for kind in UPSTREAM_ERRORS)
    yield _counter("upstream_errors", "Errors that the upstream replied with", ("kind",), errors)
    connections = [(("opened",), counters.opened), (("reused",), counters.reused)]
    about = "Requests that a connection to the upstream was taken for"
    yield _counter("upstream_connections", about, ("state",), connections)
    about = "Requests sent again, unread on the kept connection they took, which was closed"
    yield _counter("upstream_retries", about, (), [((), counters.retried)])
    tokens = (((kind,), counters.tokens[kind]) for kind in ("input", "output", "cache_read", "cache_creation"))
    yield _counter("upstream_tokens", "Tokens of replies, as the upstream counted them", ("kind",), tokens)
    yield _gauge("upstream_idle_connections", "Connections to the upstream that are open and free", idle)
    about = "When the upstream last replied, in seconds since the epoch"
    yield _gauge("upstream_last_reply_timestamp_seconds", about, counters.last_reply)
    about = "When the upstream last failed or replied with an error, in seconds since the epoch"
    yield _gauge("upstream_last_fault_timestamp_seconds", about, counters.last_fault and counters.last_fault[0])


def _rules(counters: Counters, desk: Desk) -> Iterator[Metric]:
    yield _gauge("rules", "Rules in force", len(desk.now.rules.rules))
    yield _gauge("rule_faults", "Faults in the rules and settings that were read last", len(desk.faults))
    compared = _bounded(desk).items()
    about = "Answers of rules in shadow, held against the model's"
    yield _counter("shadow_comparisons", about, ("rule", "verdict"), compared)
    yield _audits(desk)
    signs = (((sign,), desk.signs[sign]) for sign in SIGNS)
    yield _counter("drift_signs", "Requests that showed a sign of drift", ("sign",), signs)
    reloads = (((result,), counters.reloads[result]) for result in ("done", "refused"))
    yield _counter("reloads", "Times that rules were to be loaded anew", ("result",), reloads)
    at = counters.last_reload and counters.last_reload[0]
    about = "When rules were last loaded anew, or that was refused, in seconds since the epoch"
    yield _gauge("last_reload_timestamp_seconds", about, at)


def _bounded(desk: Desk) -> Numbers:
    """Comparisons by rule and verdict: the first rules by name, all others together."""
    found: Numbers = {}
    for number, (rule, agreement) in enumerate(desk.agreements.counts.items()):
        for verdict, count in agreement.counts.items():
            _add(found, (rule if number < _SHOWN else OTHER, verdict), count)
    return found


def _audits(desk: Desk) -> Metric:
    """Audits of the same rules that `_bounded` names."""
    about = "Of the last 50 audits of a rule, those that agreed with the model, and those that did not"
    family = GaugeMetricFamily("sidestep_audits", about, labels=("rule", "verdict"))
    for rule, agreement in list(desk.agreements.counts.items())[:_SHOWN]:
        if agreement.audited:
            family.add_metric((rule, "same"), sum(agreement.audited))
            family.add_metric((rule, "different"), len(agreement.audited) - sum(agreement.audited))
    return family


def _add(counts: Numbers, labels: tuple[str, ...], count: float) -> None:
    counts[labels] = counts.get(labels, 0) + count


def _counter(name: str, about: str, labels: tuple[str, ...], counts: Counts) -> Metric:
    family = CounterMetricFamily(f"sidestep_{name}", about, labels=labels)
    for values, count in counts:
        family.add_metric(values, count)
    return family


def _gauge(name: str, about: str, value: float | None, labels: Mapping[str, str] | None = None) -> Metric:
    """Without a sample where there is no value yet."""
    labels = labels or {}
    family = GaugeMetricFamily(f"sidestep_{name}", about, labels=list(labels))
    if value is not None:
        family.add_metric(list(labels.values()), value)
    return family


def _histogram(
    name: str, about: str, labels: tuple[str, ...], histograms: Iterable[tuple[tuple[str, ...], Histogram]]
) -> Metric:
    family = HistogramMetricFamily(f"sidestep_{name}", about, labels=labels)
    for values, histogram in histograms:
        buckets = list(zip(_BUCKETS, accumulate(histogram.counts), strict=True))
        family.add_metric(values, buckets, histogram.total)
    return family


def _by_outcome(name: str, about: str, histograms: Mapping[Outcome, Histogram]) -> Metric:
    return _histogram(name, about, ("outcome",), (((outcome,), each) for outcome, each in histograms.items()))

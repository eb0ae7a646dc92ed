"""A scrape of `/-/metrics` over a raw socket, read by prometheus_client's own parsers."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from tests.sockets.given import Message, ask, head

OPENMETRICS = b"application/openmetrics-text;version=1.0.0"

Labels = dict[str, str]


@dataclass(slots=True)
class Scrape:
    """What one scrape told."""

    reply: Message
    families: list[Metric]

    def samples(self, name: str) -> list[tuple[Labels, float]]:
        """Every sample of that name."""
        every = (sample for family in self.families for sample in family.samples)
        return [(sample.labels, sample.value) for sample in every if sample.name == name]

    def counts(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The samples that are not zero, by the values of these labels, which are all that there are."""
        found: dict[tuple[str, ...], float] = {}
        for given, value in self.samples(name):
            assert given.keys() == set(labels), name
            key = tuple(given[label] for label in labels)
            assert key not in found
            if value:
                found[key] = value
        return found

    def value(self, name: str, **labels: str) -> float:
        """The one sample with these labels."""
        (found,) = [value for given, value in self.samples(name) if given == labels]
        return found

    def histograms(self) -> Iterator[tuple[str, Labels, dict[float, float], float, float]]:
        """Each histogram: name, labels, cumulative counts by bound, count and sum."""
        for family in self.families:
            if family.type != "histogram":
                continue
            for labels, count in self.samples(f"{family.name}_count"):
                found = self.samples(f"{family.name}_bucket")
                buckets = {
                    float(given["le"]): value for given, value in found if given == {**labels, "le": given["le"]}
                }
                yield family.name, labels, buckets, count, self.value(f"{family.name}_sum", **labels)


async def scrape(port: int, accept: bytes = b"", *fields: bytes) -> Scrape:
    """`accept` is the value of that header; without any, the text format comes."""
    wanted = [b"Accept: " + accept] if accept else []
    reply = await ask(port, head(port, b"GET /-/metrics HTTP/1.1", *wanted, *fields))
    assert reply.status == 200
    read = openmetrics if reply.values(b"content-type")[0].startswith(b"application/openmetrics-text") else text
    return Scrape(reply, list(read(reply.body.decode())))

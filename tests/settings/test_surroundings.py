"""What the environment and the settings say of a way out that Sidestep does not go by."""

import pytest

from proxy.settings.config import UpstreamSettings
from proxy.settings.surroundings import hints, proxy_variable
from tests.cases import every
from tests.process import running

SECRET = "planted"
PROXY = f"http://user:{SECRET}@proxy.example:3128"


def _keys(upstream: UpstreamSettings, **environ: str) -> list[str]:
    found = list(hints(upstream, environ))
    assert SECRET not in repr(found)
    return [key for key, _, _ in found]


@pytest.mark.parametrize("end", ["/v1", "/v1/", "/v1/messages", "/prefix/v1"])
def test_a_path_that_requests_bring_themselves_is_told(end: str) -> None:
    assert _keys(UpstreamSettings(url=f"https://api.example{end}")) == ["upstream.url"]


@every("end", ["", "/", "/prefix", "/v12", "/v1/prefix"])
def test_any_other_path_is_as_it_should_be(end: str) -> None:
    assert _keys(UpstreamSettings(url=f"https://api.example{end}")) == []


def test_a_proxy_of_the_environment_is_told_unless_one_is_set_or_the_host_needs_none() -> None:
    here = UpstreamSettings(url="https://api.example")
    assert _keys(here, HTTPS_PROXY=PROXY) == _keys(here, https_proxy=PROXY) == ["upstream.proxy"]
    assert _keys(here, HTTPS_PROXY="") == _keys(here, HTTPS_PROXY=PROXY, NO_PROXY="api.example") == []
    assert _keys(UpstreamSettings(url="https://api.example", proxy="http://p.example"), HTTPS_PROXY=PROXY) == []
    assert _keys(UpstreamSettings(url="http://127.0.0.1:9"), HTTPS_PROXY=PROXY) == []
    assert proxy_variable("api.example", {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY}) == "HTTPS_PROXY"


def test_the_clients_authorities_are_told_unless_a_file_is_set() -> None:
    assert _keys(UpstreamSettings(), NODE_EXTRA_CA_CERTS="/ca.pem") == ["upstream.ca_file"]
    assert _keys(UpstreamSettings(ca_file="/ca.pem"), NODE_EXTRA_CA_CERTS="/ca.pem") == []
    assert _keys(UpstreamSettings(url="http://127.0.0.1:9"), NODE_EXTRA_CA_CERTS="/ca.pem") == []


async def test_they_are_told_at_the_start() -> None:
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": ""}
    async with running("http://api.invalid/v1", environment=environment) as (process, _):
        told = [(line["level"], line["key"]) for line in [await process.line("hint"), await process.line("hint")]]
    assert told == [("warning", "upstream.url"), ("warning", "upstream.proxy")]
    assert SECRET.encode() not in b"".join(process.said)

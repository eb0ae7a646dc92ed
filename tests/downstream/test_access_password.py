"""The local token as a password: a browser may show it at Sidestep's own pages, and nobody anywhere else."""

import base64

import pytest

from proxy.downstream.access import Refusal
from tests.cases import every
from tests.downstream.test_access import GUARDED, HERE, refusal

TOKEN = "sixteen-or-more-x"


def basic(pair: str, scheme: str = "Basic") -> tuple[bytes, bytes]:
    return b"Authorization", f"{scheme} {base64.b64encode(pair.encode()).decode()}".encode()


def refused(*headers: tuple[bytes, bytes], target: str = "/-/", method: str = "GET") -> Refusal | None:
    return refusal(HERE, *headers, target=target, method=method, own=GUARDED)


@every("target", ["/-/", "/-/events", "/-/requests/req_1"])
@every("user", ["", "me", "üser"])
@every("scheme", ["Basic", "basic", "BASIC"])
def test_the_token_is_a_password_for_its_own_pages(target: str, user: str, scheme: str) -> None:
    assert refused(basic(f"{user}:{TOKEN}", scheme), target=target) is None


@every(
    "header",
    [
        basic(f"me:{TOKEN}x"),
        basic(f"me:{TOKEN[:-1]}"),
        basic(f"me:{TOKEN.upper()}"),
        basic(f"{TOKEN}:"),
        basic(TOKEN),
        basic(""),
        basic(f"me:x:{TOKEN}"),
        basic(f"me:{TOKEN}", "Bearer"),
        (b"Authorization", b""),
        (b"Authorization", b"Basic"),
        (b"Authorization", b"Basic !!!!"),
        (b"Authorization", b"Basic \xff\xfe"),
        (b"Authorization", f"Basic me:{TOKEN}".encode()),
    ],
)
def test_any_other_is_asked_for_it(header: tuple[bytes, bytes]) -> None:
    found = refused(header)
    assert found is not None
    assert (found.status, found.reason) == (401, "token")
    assert dict(found.headers)[b"WWW-Authenticate"].startswith(b'Basic realm="Sidestep"')


def test_of_two_passwords_neither_counts() -> None:
    right = basic(f"me:{TOKEN}")
    for pair in ((right, basic("me:wrong")), (basic("me:wrong"), right), (right, right)):
        assert refused(*pair) is not None


@every(
    ("method", "target"),
    [
        ("GET", "/v1/messages"),
        ("GET", "/-x"),
        ("POST", "/-"),
        ("GET", "/x/-/"),
        ("POST", "/-/"),
        ("POST", "/v1/messages"),
        ("GET", "/?/-/"),
    ],
)
def test_elsewhere_it_counts_for_nothing_and_is_not_asked_for(method: str, target: str) -> None:
    found = refused(basic(f"me:{TOKEN}"), target=target, method=method)
    assert found is not None
    assert (found.status, found.headers) == (401, ())


def test_it_opens_no_other_door() -> None:
    password = basic(f"me:{TOKEN}")
    foreign = refusal((b"Host", b"evil.example"), password, target="/-/", own=GUARDED)
    assert foreign is not None
    assert foreign.reason == "host"
    site = refused(password, (b"Sec-Fetch-Site", b"cross-site"))
    assert site is not None
    assert site.reason == "origin"


def test_it_is_compared_in_a_time_that_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr("hmac.compare_digest", lambda one, other: compared.append((one, other)) or True)
    assert refused(basic("me:any")) is None
    assert compared == [(b"any", TOKEN.encode())]

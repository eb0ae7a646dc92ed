"""What the tests of the service share."""

import pytest

from proxy.commands.doctor import plain_http
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def patient_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """doctor's client gives up after five seconds, which a start on a busy machine may take."""
    monkeypatch.setattr(plain_http, "TIMEOUT", PATIENCE)

"""Faults of values: what is found and what is expected, in words of our own."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from proxy.settings.wording import error_text


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    number: int
    table: dict[str, str] = {}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, ["missing", "required"]),
        ({"number": "5"}, ["'5' (string)", "integer"]),
        ({"number": True}, ["true (boolean)", "integer"]),
        ({"number": 1.5}, ["1.5 (float)", "integer"]),
        ({"number": [1]}, ["[1] (array)", "integer"]),
        ({"number": 1, "table": 3}, ["3 (integer)", "expected a table"]),
        ({"number": 1, "numbr": 2}, ["unknown key", "did you mean 'number'?", "number, table"]),
        ({"number": 1, "zzz": 2}, ["unknown key", "number, table"]),
    ],
)
def test_a_fault_is_explained_by_what_was_found_and_what_was_expected(values: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(ValidationError) as raised:
        Sample.model_validate(values)
    [detail] = raised.value.errors()
    explained = error_text(detail, list(Sample.model_fields))
    assert [part for part in said if part not in explained] == []


def test_a_long_value_is_cut_in_an_explanation() -> None:
    with pytest.raises(ValidationError) as raised:
        Sample.model_validate({"number": "x" * 10_000})
    assert len(error_text(raised.value.errors()[0])) < 200

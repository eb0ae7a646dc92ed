"""Ids of what Sidestep says itself."""

import re

from proxy.ids import message_id, request_id


def test_ids_are_recognised_by_their_beginning() -> None:
    assert re.fullmatch(r"req_sidestep_[0-9a-f]{24}", request_id())
    assert re.fullmatch(r"msg_sidestep_[0-9a-f]{24}", message_id())


def test_no_two_ids_are_alike() -> None:
    assert len({make() for make in (request_id, message_id) for _ in range(1000)}) == 2000

"""What becomes of each file: decided from bytes alone."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.commands.upkeep import FilePlan, Found, differences, digest, plan, read_record, record_text
from tests.cases import every
from tests.waiting import PATIENCE

NAME = "rules/20-topic.toml"
OLD, NEW, EDITED = b"a = 1\n", b"a = 2\n", b"a = 3\n"


def one(found: Found | None, recorded: bytes | None, *, carried: bytes | None = NEW, restore: bool = True) -> FilePlan:
    """The plan for one file."""
    plans = plan(
        {} if carried is None else {NAME: carried},
        {NAME: found} if found else {},
        {} if recorded is None else {NAME: digest(recorded)},
        restore=restore,
    )
    assert len(plans) == 1
    return plans[0]


def test_a_file_that_is_not_there_is_written() -> None:
    assert one(None, None) == FilePlan(NAME, "write", "", NEW, digest(NEW))


def test_a_file_that_nobody_has_edited_is_updated() -> None:
    assert one(Found(OLD), OLD) == FilePlan(NAME, "update", "", NEW, digest(NEW))


def test_a_file_as_it_is_carried_is_recorded_whoever_wrote_it() -> None:
    assert one(Found(NEW), None) == FilePlan(NAME, "leave", "up to date", record=digest(NEW))


@every(
    ("found", "recorded", "why"),
    [
        (Found(EDITED), NEW, "kept: changed by you, in a"),
        (Found(EDITED), OLD, "kept: changed by you, and Sidestep carries a new one; they differ in a"),
        (Found(OLD), None, "kept: yours, for all that is known; from the one that Sidestep carries it differs in a"),
        (Found(OLD, True), OLD, "kept: a link of yours; from the one that Sidestep carries it differs in a"),
        (Found(None), OLD, "kept: no file that can be read"),
    ],
)
def test_what_may_be_its_owners_is_kept_with_its_record(found: Found, recorded: bytes | None, why: str) -> None:
    assert one(found, recorded) == FilePlan(NAME, "leave", why, record=digest(recorded) if recorded else "")


@pytest.mark.parametrize(
    ("found", "deed", "why"),
    [
        (Found(OLD), "remove", "Sidestep carries it no longer"),
        (Found(EDITED), "leave", "kept: changed by you; Sidestep carries it no longer"),
        (Found(OLD, True), "leave", "kept: changed by you; Sidestep carries it no longer"),
    ],
)
def test_what_is_carried_no_longer_is_removed_unless_it_was_edited_and_then_forgotten(
    found: Found, deed: str, why: str
) -> None:
    made = one(found, OLD, carried=None)
    assert (made.action, made.why, made.record) == (deed, why, "")


def test_a_file_that_its_owner_removed_comes_back_when_that_is_asked_for_and_settings_always() -> None:
    left = one(None, OLD, restore=False)
    assert (left.action, left.record) == ("leave", digest(OLD))
    assert one(None, OLD, restore=True).action == "write"
    settings = plan({"config.toml": NEW}, {}, {"config.toml": digest(OLD)}, restore=False)
    assert [made.action for made in settings] == ["write"]


contents = st.sampled_from([OLD, NEW, EDITED])


@given(found=contents, recorded=st.none() | contents, carried=st.none() | contents, link=st.booleans())
def test_nothing_but_what_is_as_recorded_is_ever_written_over_or_removed(
    found: bytes, recorded: bytes | None, carried: bytes | None, link: bool
) -> None:
    known = {NAME: digest(recorded)} if recorded else {}
    for made in plan({NAME: carried} if carried else {}, {NAME: Found(found, link)}, known, restore=True):
        assert made.action == "leave" or (found == recorded and not link)


def test_a_record_is_read_as_it_was_written_and_names_no_file_of_others() -> None:
    recorded = {"config.toml": digest(OLD), NAME: digest(NEW)}
    text = record_text(recorded)
    foreign = "".join(
        f"{digest(OLD)}  {name}\n" for name in ("../x.toml", "rules/../../x.toml", "/etc/passwd", "rules/a")
    )
    assert read_record(f"{foreign}rubbish\n{text}") == recorded


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_a_record_is_one_for_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(OLD)
    (tmp_path / "record").write_text(record_text({"config.toml": digest(OLD)}))
    command = ["sha256sum", "--check", "record"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "config.toml: OK\n"


@every(
    ("one", "other", "told"),
    [
        ("[a]\nb = 1\nc = 2", "[a]\nb = 1\nc = 3", "a.c"),
        ("a = 1", "a = 1  # one", "comments or layout"),
        ("a = 1", "b = 1", "a, b"),
        ('[[rules]]\nname = "x"\nwhen.path = "/"', '[[rules]]\nname = "x"\nwhen.path = "/v1"', "rules[x].when.path"),
        ("a=1\nb=1\nc=1\nd=1\ne=1\nf=1", "", "a, b, c, d and 2 more"),
        ("a = [", "a = 1", "that it is not TOML"),
    ],
)
def test_what_differs_is_told_by_its_keys(one: str, other: str, told: str) -> None:
    assert differences(one.encode(), other.encode()) == told


def test_no_value_is_told_and_no_bytes_are_a_fault() -> None:
    assert "secret" not in differences(b'[listen]\ntoken = "secret"', b'[listen]\ntoken = ""')
    assert differences(b"\xff", b"") == "that it is not TOML"

"""What ends, prevents, refuses or undoes something is said in the title, and what is taken back has none."""

import pytest

from proxy.filters.decline import Decline
from proxy.filters.titles.session_title import session_title
from tests.cases import every

# A verb, its form in "-s" and in "-ing", and how a word begins that says it in a title.
TURNING = {
    "stop": ("stops", "stopping", "stop no"),
    "quit": ("quits", "quitting", "quit no"),
    "cease": ("ceases", "ceasing", "ceas no"),
    "avoid": ("avoids", "avoiding", "avoid no"),
    "prevent": ("prevents", "preventing", "prevent against no"),
    "reject": ("rejects", "rejecting", "reject"),
    "refuse": ("refuses", "refusing", "refus"),
    "deny": ("denies", "denying", "den"),
    "block": ("blocks", "blocking", "block"),
    "ignore": ("ignores", "ignoring", "ignor exclusion"),
    "skip": ("skips", "skipping", "skip"),
    "omit": ("omits", "omitting", "omi"),
    "drop": ("drops", "dropping", "drop removal"),
    "suppress": ("suppresses", "suppressing", "suppress"),
    "mute": ("mutes", "muting", "mut"),
    "silence": ("silences", "silencing", "silenc"),
    "cut": ("cuts", "cutting", "cut"),
    "waive": ("waives", "waiving", "waiv"),
    "lift": ("lifts", "lifting", "lift"),
    "revoke": ("revokes", "revoking", "revo"),
    "unset": ("unsets", "unsetting", "unset"),
    "unregister": ("unregisters", "unregistering", "unregister"),
    "unblock": ("unblocks", "unblocking", "unblock"),
    "deregister": ("deregisters", "deregistering", "deregister"),
    "deactivate": ("deactivates", "deactivating", "deactivat"),
    "disconnect": ("disconnects", "disconnecting", "disconnect"),
    "disable": ("disables", "disabling", "disabl"),
    "discard": ("discards", "discarding", "discard"),
    "remove": ("removes", "removing", "remov"),
    "hide": ("hides", "hiding", "hid"),
    "abort": ("aborts", "aborting", "abort"),
    "ban": ("bans", "banning", "ban"),
    "forbid": ("forbids", "forbidding", "forbid against"),
    "nullify": ("nullifies", "nullifying", "nullif"),
    "scrap": ("scraps", "scrapping", "scrap removal"),
    "get rid of": ("gets rid of", "getting rid of", "rid removal"),
}
FRAMES = [
    "{0} the tide alerts",
    "{0} the tide alerts in the harbour app",
    "please {0} the tide alerts for guests",
    "can you {0} the tide alerts",
    "how do I {0} the tide alerts",
    "we should {0} the tide alerts",
    "write a script that {1} tide alerts",
    "add a hook which {1} old tide alerts",
    "build a harbour service that {1} the tide alerts of guests",
    "write a script to {0} tide alerts",
    "add a flag to {0} the tide alerts",
    "add a button for {2} the tide alerts",
    "write a function for {2} tide alerts",
    "script that {1} tide alerts",
    "let guests {0} tide alerts",
    "make the harbour bot {0} tide alerts",
    "I want the harbour bot to {0} tide alerts",
    "the harbour bot {1} tide alerts",
    "the harbour bot {1} the tide alerts on weekends",
    "why does the harbour bot {0} tide alerts",
    "which rule {1} the tide alerts",
    "the harbour bot must {0} tide alerts",
]
STOPPED = ("sending", "logging", "showing", "storing", "rendering", "returning", "deleting", "charging", "blocking")
STOPS = [
    "stop {} receipts in till.py",
    "stop {} receipts",
    "stop {} receipts to new guests",
    "stop {} receipts on the landing page",
    "quit {} receipts",
    "write a job that stops {} receipts",
    "add a setting which prevents {} receipts",
    "create a hook that avoids {} receipts",
    "don't go on {} receipts",
    "we want to stop {} receipts at night",
    "can we stop {} receipts automatically",
]
GOING = [
    "the tide banner must go",
    "the tide banner has to go",
    "the tide banner needs to go",
    "the tide banner should go away",
    "the tide banner can go",
    "the tide banner must go from the landing page",
    "the tide banner is no longer needed",
    "the tide banner is not needed anymore",
    "the tide banner isn't needed",
    "we no longer need the tide banner",
    "do away with the tide banner",
]
ASKED = ["fix the login button", "delete the users table", "migrate to postgres", "remove redis from the stack"]
TAKEN_BACK = [
    "? no, keep it",
    ". No.",
    "? Nope.",
    ". Nah, leave it",
    "\nno wait, fix the footer",
    ". Actually, don't.",
    ". actually keep it",
    ". Scratch that, fix the footer.",
    ". Never mind, it works.",
    " - nvm",
    ". On second thought, stay on mysql.",
    ". Sorry, I meant the footer.",
    "; oops, the footer",
    ". I meant the footer",
    ". Correction: the footer",
    ". Or rather the footer.",
    ". Instead, fix the footer",
    "\nforget it, add a footer",
    ". Ignore that",
    ". Cancel that.",
    ". Don't!",
    ". Just kidding.",
    " — wait, the footer",
    ", actually the footer",
    ", i mean the footer",
    ". I changed my mind.",
    "." + " It is one of the oldest parts of the harbour site." * 9 + " Never mind.",
]
DECLINED = [
    "login page isn't broken, the logout page is",
    "the tests aren't flaky, the CI runner is",
    "the problem isn't the parser, it's the lexer",
    "don't delete the users table, rename it",
    "don't remove the cache; fix it",
    "don't delete the photos. Archive them.",
    "don't send tide alerts automatically",
    "stop creating backups at night",
    "list harbours other than Hamburg",
    "write a function that fails to parse",
    "write a script that stops the crane from moving",
    "review PR #237\nfix login button",
    "fix the login form. Fix the signup form.",
    "add a calendar view. remove the list view.",
    "waive shipping costs over 50 euros",
    "waive the rate limit for admins. Wait.",
    "turn off notifications by default",
    "which rule rejects the order",
    "why is the sluice gate blocked by the sensor",
]
TITLES = {
    "write a script that stops sending emails": "Script to stop sending emails",
    "create a lambda that rejects invalid tokens": "Lambda to reject invalid tokens",
    "add an eslint rule that forbids default exports": "ESLint rule against default exports",
    "stop logging passwords in auth.py": "No password logging in auth.py",
    "stop hiding the menu on tablets": "No menu hiding on tablets",
    "stop truncating long crew names in the roster": "No long crew name truncation",
    "cut the analytics from the landing page": "Analytics cut from landing page",
    "add a job that ends trials": "Job to end trials",
    "cut a new release": "New release cut",
    "waive the rate limit for admins": "Rate limit waiver for admins",
    "unset the default printer": "Default printer unsetting",
    # What goes on with the same request, and what is no retraction.
    "add a footer to the tide page. Make sure it works offline.": "Footer on tide page",
    "add a footer to the tide page. No new dependencies.": "Footer on tide page",
    "Sorry to bother you. Fix the tide chart rounding": "Tide chart rounding",
    "actually, fix the tide chart rounding": "Tide chart rounding",
    "fix the tide chart rounding. Add tests.": "Tide chart rounding",
}


def test_the_first_noun_of_a_name_is_no_request() -> None:
    assert "unlocking" not in title_or_none("unlock screen flickers")
    assert "blocking" not in title_or_none("block editor crashes on paste")


def title_or_none(text: str) -> str:
    try:
        return session_title(text).casefold()
    except Decline:
        return ""


@every("frame", FRAMES)
@every("verb", TURNING)
def test_a_word_that_takes_away_is_in_the_title_or_there_is_none(frame: str, verb: str) -> None:
    third, doing, said = TURNING[verb]
    text = frame.format(verb, third, doing)
    title = title_or_none(text)
    assert not title or any(word.startswith(tuple(said.split())) for word in title.split()), (text, title)


@every("frame", STOPS)
@every("doing", STOPPED)
def test_what_is_to_stop_is_never_named_as_if_it_went_on(frame: str, doing: str) -> None:
    text = frame.format(doing)
    title = title_or_none(text)
    assert not title or any(word.startswith(("no", "stop", "prevent", "avoid")) for word in title.split()), title
    assert not title or ("night" not in text and "automatically" not in text), title


@every("text", GOING)
def test_what_is_to_go_is_not_named_alone(text: str) -> None:
    title = title_or_none(text)
    assert not title or "removal" in title, title


@every("taken_back", TAKEN_BACK)
@every("asked", ASKED)
def test_a_request_that_is_taken_back_has_no_title(asked: str, taken_back: str) -> None:
    assert title_or_none(asked)
    with pytest.raises(Decline):
        session_title(asked + taken_back)


@every("text", DECLINED)
def test_half_of_what_is_asked_is_no_title(text: str) -> None:
    with pytest.raises(Decline):
        session_title(text)


@every(("text", "title"), TITLES.items())
def test_what_takes_away_is_said(text: str, title: str) -> None:
    assert session_title(text) == title


@every(
    "text",
    [
        "Should we drop redis? Probably not.",
        "Should we drop redis? I doubt it.",
        "Should we drop redis? I hope not.",
        "Should we drop redis? I don't think so.",
        "Can we drop redis? I'd rather keep it.",
        "Should we drop redis? The team says no.",
        "Should we remove analytics? I'd say no, but make it opt-in.",
        "Could we remove analytics? I think it should stay.",
        "drop all tables but users",
        "upgrade all packages but react",
        "run all tests but the slow ones",
        "delete all logs, keep today's",
        "delete old backups but the last three",
        "switch back to yarn",
        "move back to postgres",
        "switch back to the old login page",
        "turn back on the alerts",
        "roll node back to 18",
        "Increase the cache size. Scrap that: disable the cache.",
        "Upgrade Postgres to 16. Let's not.",
        "Upgrade Postgres to 16. Hold off on that, fix the backup first.",
        "Upgrade Postgres to 16. Done already, so fix the backup.",
        "Upgrade Postgres to 16. This is what we should not do.",
        "Remove the banner. We should keep it.",
        "Remove the banner. It should stay.",
        "Remove the banner. I'd like to keep it.",
        "Remove the banner. Let's keep it after all.",
        "Remove the banner. Stop, leave it.",
        "Fix the header. Hold that thought, fix the footer.",
        "Merge dev into main. I had that backwards: main into dev.",
        "cancel my last request, add a footer",
        "should the form validate emails or the api?",
        "should the client cache images or the cdn?",
        "does the api validate emails or the form?",
        "do users or admins approve orders?",
        "deploy the worker provided CI is green",
        "deploy the worker assuming QA agrees",
        "deploy the worker as long as staging is green",
        "delete the logs minus today's",
        "Disable the alerts, just the disk ones",
        "since removing redis sessions are lost",
        "since upgrading node tests hang",
        "while importing orders totals are wrong",
        "change the cron so it doesn't run on weekends",
        "configure nginx so it doesn't buffer responses",
        "the build passes when it should fail",
        "No such file or directory (os error 2)",
        "error: linker `cc` not found\n  |\n  = note: No such file or directory (os error 2)",
    ],
)
def test_what_is_not_all_of_it_or_not_wanted_after_all_has_no_title(text: str) -> None:
    with pytest.raises(Decline):
        session_title(text)


@every(
    ("text", "title"),
    [
        ("should I use zustand or redux for this?", "Zustand or redux"),
        ("undo the last migration but keep the data", "Last migration reversal"),
        ("dont touch the physics, just fix the camera jitter", "Camera jitter"),
        ("the slider jumps back to 0 on touch devices", "Slider jumping back to 0"),
        ("adjust the PID gains so the gimbal doesn't overshoot", "PID gain adjustment"),
    ],
)
def test_what_only_looks_like_it_keeps_its_title(text: str, title: str) -> None:
    assert session_title(text) == title

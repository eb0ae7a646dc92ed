"""What ends, prevents, refuses, undoes or withdraws: a title without its word would say the opposite."""

import re
from collections.abc import Iterator

from proxy.filters.titles.english import verbs
from proxy.filters.titles.english.tables import word_set

_STOPPING = word_set("stop quit cease halt avoid prevent refrain")
_TURNING = _STOPPING | word_set(
    """reject refuse deny block ignore skip omit forbid prohibit ban bar suppress silence cut waive lift abort cancel
    discard dismiss disregard discontinue disconnect veto annul rescind retract repeal nullify negate invalidate exempt
    bypass retire blacklist denylist scrap axe nix trash dump yank purge wipe quash squelch abolish banish expel dodge
    evade forgo shun abandon oppose unset unregister deregister unsubscribe unassign unpin unblock unban unlock unmute
    unhide unfreeze unarchive unmerge unwrap unfollow unfriend unlike unsend uninvite unload unbind unmap untag untrack
    unstage unselect unplug demote deprioritize disinvite withhold decline"""
)
FORBIDDING = word_set("forbid prohibit ban disallow prevent")
_ALONE = word_set("can bin junk chuck zap lop shed oust curb lose void end reverse invert pause break nerf pull relax")
"""What turns the meaning as the first word; elsewhere it is something else as often."""
_UNDOING = re.compile(r"(?:un|dis|de|anti|mis)-?[a-z]{3,}")
SHARED = word_set("block cut drop skip stop lift ban bar end lock dump mute purge wipe yank cancel silence abort halt")
"""Those that are nouns as often: what stands before one must show that it is a verb."""


_INSTEAD_OF = (
    dict.fromkeys(FORBIDDING, ("against",)) | dict.fromkeys(_STOPPING, ("no",)) | {"prevent": ("no", "against")}
)


def _forms(verb: str) -> Iterator[str]:
    doing = verbs.spelled(verb)
    yield from (verb, verbs.third(verb), doing, verb + "d" if verb.endswith("e") else doing[:-3] + "ed")
    if verb.endswith("y"):
        yield verb[:-1] + "ied"
    yield from (f"{verb}{verb[-1]}ing", f"{verb}{verb[-1]}ed")


def _said(verb: str) -> tuple[str, ...]:
    """How a word of a title begins that says the verb."""
    noun = verbs.VERBS.get(verb, "")
    return (verb.rstrip("ey"), *filter(None, [noun]), *_INSTEAD_OF.get(verb, ()))


_SINGLE = {verb for verb in verbs.TAKEN_AWAY if " " not in verb}
_PAST = {form: verb for form, verb in verbs.PAST.items() if verb in _SINGLE | _TURNING}
TURNS = {form: _said(verb) for verb in sorted(_TURNING | _SINGLE) for form in _forms(verb)}
TURNS |= {form: _said(verb) for form, verb in _PAST.items()}
"""Each form of a word that turns the meaning, and how words begin that say so in a title."""
TURNS["rid"] = ("rid", "removal")
BASES = _TURNING | _SINGLE


def may_turn(verb: str) -> bool:
    """Whether a first word that no table has may be one that takes something away: "waive", "unglue"."""
    return verb in TURNS or verb in _ALONE or _UNDOING.fullmatch(verb) is not None

"""Whether a message begins a new topic and what it is called, from that message alone."""

import re

from proxy.filters.decline import Decline
from proxy.filters.titles.clauses import SEVERAL, TURNED
from proxy.filters.titles.prose import read
from proxy.filters.titles.sentences import LOST
from proxy.filters.titles.session_title import LIMIT, session_title
from proxy.filters.titles.tables import matched, phrase_set
from proxy.filters.titles.titling import TOO_LONG

MOST_WORDS = 3
_LONGEST_CONTINUATION = 8
_LONGEST_LINE = 200
_KEY = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

# Messages made of nothing but these carry on with what was being done.
_PHRASES = phrase_set(
    """yes|yep|yeah|yup|sure|ok|okay|k|y|n|no|nope|nah|continue|go|go on|go ahead|keep going|carry on|
    proceed|next|more|done|thanks|thank you|thx|ty|great|good|nice|perfect|cool|awesome|excellent|
    right|correct|wrong|exactly|agreed|fine|lgtm|looks good|sounds good|good job|well done|do it|do that| do this|do
    so|do both|both|all of them|try again|again|retry|once more|try it|try that|redo|undo| undo that|revert|revert
    that|the other one|the first one|the second one|the last one|the first| the second|the latter|the former|this
    one|that one|option|number|stop|wait|hold on|never mind| nevermind|cancel|a|b|c|d|e|i agree|i see|got it|makes
    sense|why|why not|how so|what|really|and| then|now|it|that|this|please|just|but|so|also|well|hmm|oh|ah|hi|hello|yes
    please|no thanks| not yet|not that|not that one|still|still broken|still failing|still not working|same error|same|
    same problem|it works|works|that works|it worked|it doesn't work|doesn't work|didn't work| that didn't
    work|commit|commit it|commit this|commit that|push|push it|fix it|fix that|fix this| fix them|run it|run it
    again|ship it|show me|explain|finish|finish it"""
)
_NAMED = frozenset((TOO_LONG, LOST, TURNED, SEVERAL))
"""Reasons for which only the title is in doubt: something new was asked for."""


def topic(text: str, *, untitled: bool = False) -> dict[str, object]:
    """`{"isNewTopic": bool, "title": str | None}` of one user message, as old clients ask after every message.

    The title is two or three words. The prompt: "if this message indicates a new conversation topic; if it does,
    extract a 2-3 word title". A message that only carries on has `False` and no title. `untitled` tells that the client
    takes `None` for the title of a new topic, as those with a schema do.

    Raises `Decline` with what speaks against a title, if that is needed or if it is in doubt what the message asks for.
    """
    if len(text) <= LIMIT and _carries_on(read(text).prose):
        return {"isNewTopic": False, "title": None}
    try:
        return {"isNewTopic": True, "title": session_title(text, MOST_WORDS)}
    except Decline as decline:
        if untitled and decline.reason in _NAMED:
            return {"isNewTopic": True, "title": None}
        raise


def _carries_on(prose: str) -> bool:
    if not prose.isascii() or len(prose) > _LONGEST_LINE:
        return False
    keys = _KEY.findall(prose.casefold())
    return 0 < len(keys) <= _LONGEST_CONTINUATION and _is_made_of_phrases(keys)


def _is_made_of_phrases(keys: list[str]) -> bool:
    at = 0
    while at < len(keys):
        found = matched(keys, at, _PHRASES) or int(_is_choice(keys[at]))
        if not found:
            return False
        at += found
    return True


def _is_choice(key: str) -> bool:
    return key.isdecimal() and len(key) <= 3

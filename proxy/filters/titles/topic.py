"""Whether a message begins a new topic and what it is called, from that message alone."""

import re

from proxy.filters.decline import Decline
from proxy.filters.titles.english.tables import Phrases
from proxy.filters.titles.reasons import LOST, SEVERAL, TOO_LONG, TURNED
from proxy.filters.titles.session_title import LIMIT, session_title
from proxy.filters.titles.text.prose import read

MOST_WORDS = 3
_LONGEST_CONTINUATION = 8
_LONGEST_LINE = 200
_KEY = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

_CARRYING_ON = Phrases(
    """yes|yep|yeah|yup|sure|ok|okay|k|y|n|no|nope|nah|continue|go( on| ahead)?|keep going|carry on|proceed|next|more
    |done|thanks|thank you|thx|ty|great|good|nice|perfect|cool|awesome|excellent|right|correct|wrong|exactly
    |agreed|fine|lgtm|(looks|sounds) good|good job|well done|do (it|that|this|so|both)|both|all of them
    |(try )?again|retry|once more|(try|undo|revert|commit|push|fix|run|show|finish|ship) (it|that|this|them|me)
    |redo|undo|revert|the (other|first |second|last) one|the (first|second|latter|former)|(this|that) one|option
    |number|stop|wait|hold on|never mind|nevermind|cancel|[a-e]|i (agree|see)|got it|makes sense|why( not)?|how so
    |what|really|and|then|now|it|that|this|please|just|but|so|also|well|hmm|oh|ah|hi|hello|not (yet|that)
    |(not )?that one|still( broken| failing| not working)?|same( error | problem)?|(it |that )?(works|worked)
    |(it |that )?(doesn't|didn't) work|commit|push|explain|finish|\\d{1,3}"""
)
"""Messages made of nothing but these carry on with what was being done."""

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
    is_short = 0 < len(keys) <= _LONGEST_CONTINUATION
    return is_short and _CARRYING_ON.fullmatch(" ".join(keys) + " ") is not None

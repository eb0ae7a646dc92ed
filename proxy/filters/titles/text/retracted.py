"""What takes a request back, or puts another in its place, behind it: "no, keep it", "sorry, I meant the footer"."""

import re

_WELL = r"(?:(?:oh|ah|hm+|uh|um|ok(?:ay)?|well|but|or|and|so|please|edit|update|ps?)\b[,.:!]?\s+){0,3}"
_TAKEN_BACK = r"""
    nope\b | nah\b | no+(?=\s*[,.:;!?)–—-]|\s*$|\s+(?:wait|sorry|actually|i|we|it|that|this|the|don'?t|do|not|at|just
        |thanks|keep|leave|use|make|let|undo|stop|fix|add|delete|remove|rename|change|only|lets|let's|better|scratch)\b)
    | (?:i(?:'d|\ would)\ say\ |i\ (?:think|hope|guess|say)\ |probably\ |maybe\ |perhaps\ |rather\ )(?:not|no)\b
    | i\ (?:doubt|don'?t\ think|do\ not\ think)\b
    | i(?:'d|\ would)\ (?:rather|prefer\ to|like\ to)\ (?:not|keep|leave|stay)\b
    | let'?s\ (?:not|keep|leave)\b | scrap\ (?:that|this|it)\b | hold\ (?:off|that)\b | (?:already\ )?done\b
    | hold\ on\b | hang\ on\b | scratch\ (?:that|it|this|the)\b | strike\ (?:that|it)\b | never\s?mind\b | nvm\b
    | on\ (?:second\ thoughts?|reflection|the\ other\ hand)\b | second\ thoughts?\b
    | oops\b | whoops\b | my\ (?:bad|mistake)\b
    | (?:i\ )?(?:meant?|misspoke|take\ (?:it|that)\ back|was\ wrong|(?:have\ |just\ |'ve\ )?changed\ my\ mind)\b
    | correction\b | (?:or\ )?rather\b(?!\ than) | (?:or\ )?better(?:\ yet)?\s?[:,] | or\ (?:not|don'?t|maybe\ not)\b
    | forget\ (?:it|that|about)\b
    | (?:just\ )?kidding\b | jk\b | make\ that\b | false\ alarm\b | (?:that|this|it)(?:'s|\ is|\ was)\ wrong\b
    | not\ (?:that|really|anymore|yet|now)\b
    | (?:don'?t|do\ not)(?=\s*[.,!?;]|\s*$|\ (?:actually|do|bother|really|run|execute)\b)
"""
_KEPT = r"""
    [^.?!\n]{0,60}?\b(?:
        (?:keep|leave)\ (?:it|that|this|them|those)(?=\s*[.,;!?]|\s*$|\ (?:as|after|there|in|instead)\b)
        | should\ (?:stay|remain)\b | we\ should\ (?:keep|leave)\b | should(?:n'?t|\ not)\ do\b
        | says?\ no\b | backwards\b
    )
"""
_ENDED = r"(?:ignore|disregard|undo|revert|drop|skip|leave|keep|stop)\ (?:it|that|this|about|all|me|my|the\ above)\b"
_AFTER_STOP = (
    rf"{_TAKEN_BACK} | {_KEPT} | {_ENDED} | stop\b(?=\s*[,.;!]) | wait\b | actually\b | sorry\b | apologies\b"
    r"| instead\b | cancel\b | abort\b | typo\b"
)
_AFTER_COMMA = rf"{_TAKEN_BACK} | wait\b(?!\ (?:for|until|till|\d)) | actually\b | sorry\b"
_RETRACTED = re.compile(
    rf"(?:[.?!…;:]+[\"')]*\s+|\n\s*|\s[–—-]{{1,2}}\s+|—\s*|\(\s*){_WELL}(?:{_AFTER_STOP})"
    rf"|,\s+{_WELL}(?:{_AFTER_COMMA})",
    re.IGNORECASE | re.VERBOSE,
)


def is_retracted(prose: str, at: int) -> bool:
    """Whether what the prose asks for before `at` is taken back behind it."""
    return _RETRACTED.search(prose, at) is not None

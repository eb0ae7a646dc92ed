"""A message's words cut into clauses, each turned so that what it is about stands first.

A title is the beginning of a clause, so questions become statements, conditions move behind what they condition, and
an "it" gives way to the thing that was named just before.
"""

from dataclasses import replace

from proxy.filters.titles.languages import Language, telling
from proxy.filters.titles.phrases import ASKING, OPENERS
from proxy.filters.titles.requests import COPULAS, taken_apart, verb_size
from proxy.filters.titles.tables import matched, word_set
from proxy.filters.titles.words import Word

Clause = list[Word]

_QUESTION_WORDS = word_set("how why what when where")
_AUXILIARIES = word_set("does do did")
_PERSONS = word_set("i we you")
_PRONOUNS = word_set("it they")
_PLAIN_VERBS = word_set(
    """work fail crash return keep throw take happen hang show get use run need break render load start compile pass
    reject accept ignore do"""
)
_THIRD_PERSON = {verb: verb + ("es" if verb.endswith(("s", "sh", "o")) else "s") for verb in _PLAIN_VERBS}


def clauses_of(words: list[Word], language: Language) -> list[Clause]:
    """The clauses of a message, what it asks for before all others."""
    clauses = _turned(_cut(words, language), language)
    clauses = _with_antecedents([_declared(clause) for clause in clauses], language)
    return sorted(clauses, key=_rank)


def _rank(clause: Clause) -> int:
    """Requests first, and last what is not to be done ("please don't change anything yet")."""
    keys = [word.key for word in clause[:9]]
    asked = matched(keys, 0, ASKING)
    if keys[asked : asked + 1] == ["don't"] or keys[asked : asked + 2] == ["do", "not"]:
        return 2
    return 0 if asked else 1


def _cut(words: list[Word], language: Language) -> list[Clause]:
    """The clauses in order, cut behind punctuation, before a request, and between a file's name and a verb."""
    keys = [word.key for word in words]
    clauses: list[Clause] = []
    is_new = True
    for at, word in enumerate(words):
        asks = at > 0 and word.key in ASKING and matched(keys, at, ASKING) and not matched(keys, at - 1, OPENERS)
        if is_new or asks or (_is_lone_name(clauses[-1]) and verb_size(words, at, language)):
            clauses.append([])
        clauses[-1].append(word)
        is_new = bool(word.stop)
    return clauses


def _is_lone_name(clause: Clause) -> bool:
    return len(clause) == 1 and clause[0].code


def _turned(clauses: list[Clause], language: Language) -> list[Clause]:
    """ "When I save, it fails" as "it fails when I save"."""
    turned: list[Clause] = []
    for clause in clauses:
        if turned and _is_condition(turned[-1], language):
            first, *rest = turned.pop()
            last = [replace(word, stop=".") for word in rest[-1:]]
            turned.append([*clause, replace(first, text=first.key), *rest[:-1], *last])
        else:
            turned.append(clause)
    return turned


def _is_condition(clause: Clause, language: Language) -> bool:
    if len(clause) < 2 or clause[-1].stop != ",":
        return False
    return clause[0].key in language.breaks and clause[0].key != "so"


def _with_antecedents(clauses: list[Clause], language: Language) -> list[Clause]:
    """ "It keeps restarting" joined to the one or two words before that say what "it" is."""
    joined: list[Clause] = []
    for clause in clauses:
        if joined and clause[0].key in _PRONOUNS and telling(clause[1:], language):
            thing = taken_apart(joined[-1], language).body
            if 0 < len(thing) < 3:
                joined[-1] = [*thing, *clause[1:]]
                continue
        joined.append(clause)
    return joined


def _declared(clause: Clause) -> Clause:
    """An English question as a statement: "how does caching work" is "how caching works"."""
    keys = [word.key for word in clause]
    if keys[-1] in COPULAS and "what" in keys[:-2]:
        return [word for word in clause[:-1] if word.key != "what"]
    at = _auxiliary(keys)
    if not at:
        return clause
    said = clause[at + 1 :]
    return [*clause[:at], *(_in_third_person(said) if keys[at] == "does" else said)]


def _auxiliary(keys: list[str]) -> int:
    """Where "does" stands in "why does it fail"; 0 if nowhere, or if somebody asks what to do ("how do I …")."""
    asks = next((at for at in range(1, len(keys)) if keys[at] in _AUXILIARIES and keys[at - 1] in _QUESTION_WORDS), 0)
    return 0 if set(keys[asks + 1 : asks + 2]) & _PERSONS else asks


def _in_third_person(said: list[Word]) -> list[Word]:
    at = next((at for at, word in enumerate(said) if at and word.key in _THIRD_PERSON), 0)
    if not at:
        return said
    verb = replace(said[at], text=_THIRD_PERSON[said[at].key])
    # "What does the hook do in React" is about the hook in React.
    is_empty = verb.text == "does" and at + 1 < len(said)
    return [*said[:at], *([] if is_empty else [verb]), *said[at + 1 :]]

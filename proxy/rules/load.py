"""Rule files to a `RuleSet`. A rule with a fault is left out, and all its faults are reported; the others load."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from proxy.exchange import Replay, parse_version
from proxy.rules.conditions import When, compile_when
from proxy.rules.examples import failures
from proxy.rules.operators import Context
from proxy.rules.overrides import faults, overridden
from proxy.rules.responses import RespondPlan
from proxy.rules.responses import faults as misplaced
from proxy.rules.responses import plan as planned
from proxy.rules.ruleset import AnswerPlan, Rule, RuleSet
from proxy.rules.schema import RequestModel, RuleFile, RuleModel
from proxy.rules.templates import UnknownNameError, compile_template
from proxy.settings import toml
from proxy.settings.config import Config
from proxy.settings.wording import error_text, known_keys, place_of, unknown_key

Fault = tuple[toml.KeyPath, str]
"""A path below the rule or document, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule, the model of its table, and the base of its examples."""

    rule: Rule
    model: RuleModel
    base: RequestModel


@dataclass(frozen=True, slots=True)
class Loaded:
    """All rules that work, in the order in which they are asked, and the faults of all others."""

    entries: tuple[LoadedRule, ...]
    problems: tuple[toml.Problem, ...]
    left_out: frozenset[str] = frozenset()
    """The names of rules that do not work; "" for unknown ones, in a file that cannot be read."""

    def may_have(self, name: str) -> bool:
        """Whether a rule of that name may have been left out."""
        return bool({name, ""} & self.left_out)

    @property
    def rules(self) -> RuleSet:
        """The rules as a set; those that are switched off are not asked."""
        known = [entry.rule for entry in self.entries]
        return RuleSet(
            tuple(rule for rule in known if rule.status != "off"), tuple(rule for rule in known if rule.status == "off")
        )


def configured(config: Config) -> Loaded:
    """The rules in the configured folder, with the settings' overrides; a wrong override is left out."""
    loaded, overrides = load(Path(config.rules.directory)), config.rules.override
    known = {entry.rule.name: entry.rule for entry in loaded.entries}
    # An override of a rule that was left out is not a second fault.
    said = {name: override for name, override in overrides.items() if name in known or not loaded.may_have(name)}
    wrong = dict(faults(known, said))
    good = {name: override for name, override in overrides.items() if name not in wrong}
    entries = tuple(
        replace(entry, rule=overridden(entry.rule, good.get(entry.rule.name), config.upstream))
        for entry in loaded.entries
    )
    problems = tuple(config.problem(("rules", "override", name), message) for name, message in wrong.items())
    return Loaded(entries, (*loaded.problems, *problems))


def load(directory: Path) -> Loaded:
    """Read the `*.toml` files of `directory` in order of their names. Raises nothing: faults become problems."""
    try:
        files = sorted(directory.glob("*.toml")) if directory.is_dir() else []
    except OSError as error:  # no permission for a parent folder
        return Loaded((), (toml.Problem(str(directory), 0, "", f"cannot be read: {error.strerror}"),))
    if not files:
        return Loaded((), (toml.Problem(str(directory), 0, "", "no rule files (*.toml) here: nothing is answered"),))
    entries: list[LoadedRule] = []
    problems: list[toml.Problem] = []
    left_out: set[str] = set()
    for file in files:
        loaded = load_file(file)
        problems += loaded.problems
        left_out |= loaded.left_out
        for entry in loaded.entries:
            first = next((other for other in entries if other.rule.name == entry.rule.name), None)
            if first is None:
                entries.append(entry)
            else:
                message = f"left out: the name {entry.rule.name!r} is taken by {first.rule.source}:{first.rule.line}"
                problems.append(toml.Problem(entry.rule.source, entry.rule.line, "rules.name", message))
    guards_first = sorted(entries, key=lambda entry: not entry.rule.guards)
    return Loaded(tuple(guards_first), tuple(problems), frozenset(left_out))


def load_file(file: Path, *, hold: bool = True) -> Loaded:
    """`hold`: leave out rules that fail their own examples."""
    try:
        return compile_document(toml.read(file), hold=hold)
    except toml.TomlError as error:
        return Loaded((), tuple(error.problems), frozenset({""}))


def compile_document(document: toml.Document, *, hold: bool = True) -> Loaded:
    """The rules of one file that work, and the faults of the rest. `hold`: leave out rules that fail their examples.

    Faults that follow from others are not reported: with a faulty base, examples are not tried.
    """
    base, faults = _base(document)
    sound, tables = not faults, document.values.get("rules", [])
    if not isinstance(tables, list) or (not tables and sound):
        faults.append((("rules",), "expected at least one [[rules]] table"))
    entries, left_out = [], set[str]()
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        entry, found = _compile(table, base, document.source, document.line(("rules", index)))
        if entry and hold:
            found = list(failures(entry.rule, entry.model, base)) if sound else []
            entry = entry if sound and not found else None
        faults += [(("rules", index, *path), message) for path, message in found]
        if entry:
            entries.append(entry)
        else:
            left_out.add(str(table.get("name", "")) if isinstance(table, dict) else "")
    if not sound and not tables:
        left_out.add("")  # the rules may be below a misspelt key
    problems = (document.problem(path, message) for path, message in faults)
    return Loaded(tuple(entries), tuple(problems), frozenset(left_out))


def _base(document: toml.Document) -> tuple[RequestModel, list[Fault]]:
    known = list(RuleFile.model_fields)
    found: list[Fault] = [((key,), unknown_key(key, known)) for key in document.values if key not in known]
    try:
        return RequestModel.model_validate(document.values.get("base", {})), found
    except ValidationError as error:
        return RequestModel(), found + [(("base", *path), message) for path, message in _faults(error, RequestModel)]


def _compile(table: Any, base: RequestModel, source: str, line: int) -> tuple[LoadedRule | None, list[Fault]]:
    """The rule, or its faults if it does not compile."""
    try:
        model = RuleModel.model_validate(table)
    except ValidationError as error:
        return None, _faults(error, RuleModel)
    context = Context()
    when = compile_when(model.when, ("when",), context)
    plan, faults = _plan(model, context)
    respond, wrong = _responding(model, when)
    faults += [*wrong, *context.problems]
    if faults:
        return None, faults
    return LoadedRule(_rule(model, when, plan, respond, source, line), model, base), []


def _rule(
    model: RuleModel, when: When, plan: AnswerPlan | None, respond: RespondPlan | None, source: str, line: int
) -> Rule:
    return Rule(
        name=model.name,
        about=model.about,
        source=source,
        line=line,
        when=when,
        answer=plan,
        respond=respond,
        status=model.status,
        on_for=model.on_for or "",
        compare=model.compare,
        audit=model.audit,
        tested=(parse_version(model.tested.first), parse_version(model.tested.last)) if model.tested else None,
    )


def _plan(model: RuleModel, context: Context) -> tuple[AnswerPlan | None, list[Fault]]:
    answer = model.answer
    if model.action != "answer":
        does = f"a rule that {model.action}s"
        faults: list[Fault] = [(("answer",), f"{does} has no answer")] if answer else []
        if model.status == "shadow":
            faults.append((("status",), f"{does} has nothing to hold against the reply"))
        return None, faults
    if answer is None:
        return None, [(("action",), "a rule that answers needs a [rules.answer] table")]
    try:
        template = compile_template(answer.text, context.groups)
    except UnknownNameError as error:  # perhaps of a group that a faulty condition would have captured
        return None, [] if context.problems else [(("answer", "text"), str(error))]
    except ValueError as error:
        return None, [(("answer", "text"), str(error))]
    wanted = answer.replay
    replay = Replay(wanted.headers.lower(), wanted.max_age, wanted.without == "decline") if wanted else None
    return AnswerPlan(template, answer.stop_reason, answer.output_tokens, tuple(answer.headers.items()), replay), []


def _responding(model: RuleModel, when: When) -> tuple[RespondPlan | None, list[Fault]]:
    if model.action != "respond":
        return None, [(("respond",), f"a rule that {model.action}s has no [rules.respond]")] if model.respond else []
    if model.respond is None:
        return None, [(("action",), "a rule that responds needs a [rules.respond] table")]
    try:
        return planned(model.respond), list(misplaced(model.respond, when))
    except ValueError as error:
        return None, [(("respond", "body"), str(error))]


def _faults(error: ValidationError, model: type[RuleModel | RequestModel]) -> list[Fault]:
    details = error.errors(include_url=False)
    return [(place_of(each), error_text(each, known_keys(model, place_of(each)))) for each in details]

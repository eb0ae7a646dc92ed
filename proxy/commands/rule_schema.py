"""`schema`: the JSON Schema of a rule file, for editors, made from the models and the tables of facts and operators."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from proxy.commands.tables import json_text
from proxy.rules import schema as models
from proxy.rules.facts import FACTS, HEADER_PREFIX, FactKind, fact
from proxy.rules.operators import OPERATORS, Operand
from proxy.rules.schema import VERSION_PATTERN, RuleFile

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT, _INTEGER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}

OPERANDS: dict[Operand, Schema] = {
    "a string": _TEXT,
    "some text": {"type": "string", "minLength": 1},
    "an array of strings": {"type": "array", "items": _TEXT},
    "a pattern": _TEXT,
    "an integer": _INTEGER,
    "true or false": _FLAG,
    "a version": {"type": "string", "pattern": VERSION_PATTERN},
    "an integer, or a table of integer operators": {"anyOf": [_INTEGER, {"$ref": "#/$defs/integer"}]},
    "a string, or a table of text operators": {"anyOf": [_TEXT, {"$ref": "#/$defs/text"}]},
}

_NO_SHADOW: Schema = {"status": {"enum": ["on", "off"]}}

# What the models cannot express: which keys each action requires and forbids.
_ACTIONS: Schema = {
    "allOf": [
        {"if": {"properties": {"action": {"const": action}}}, "then": then}
        for action, then in (
            ("answer", {"required": ["answer"], "properties": {"respond": False}}),
            ("respond", {"required": ["respond"], "properties": {"answer": False, **_NO_SHADOW}}),
            ("forward", {"properties": {"answer": False, "respond": False, **_NO_SHADOW}}),
        )
    ]
}


def run() -> int:
    """Print the schema; 0."""
    print(json_text(rule_file()))
    return 0


def rule_file() -> Schema:
    """The whole schema. Other keys are allowed only in the bodies and headers of examples."""
    schema: Schema = _tidied(RuleFile.model_json_schema())
    definitions = schema["$defs"]
    texts = _texts()
    for name, definition in {**definitions, RuleFile.__name__: schema}.items():
        for above in getattr(models, name).__mro__:
            for field, text in texts.get(above.__name__, {}).items():
                definition["properties"][field].setdefault("description", text)
    definitions |= {kind: _operators(kind) for kind in OPERATORS} | {"when": _when()}
    rule = definitions["RuleModel"]
    rule["properties"]["when"] = {"$ref": "#/$defs/when", "description": rule["properties"]["when"]["description"]}
    definitions["RuleModel"] = rule | _ACTIONS
    return {"$schema": DIALECT, "title": "Rules of Sidestep", **schema}


def _texts() -> dict[str, dict[str, str]]:
    """The texts below the fields of the models, by model and field.

    pydantic would read them whenever the models are imported (`use_attribute_docstrings`): 18 ms of every start.
    """
    classes = [node for node in ast.parse(inspect.getsource(models)).body if isinstance(node, ast.ClassDef)]
    return {each.name: dict(_described(each)) for each in classes}


def _described(model: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, behind in pairwise(model.body):
        match field, behind:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                yield name, inspect.cleandoc(text)


def _when() -> Schema:
    """A table of conditions."""
    groups = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/when"}}
    headers = {"type": "object", "minProperties": 1, "additionalProperties": _conditions(HEADER_PREFIX)}
    return {
        "type": "object",
        "description": "Conditions, all of which must hold.",
        "minProperties": 1,
        "properties": {
            **{name: _conditions(name) for name in FACTS},
            "header": {**headers, "description": "request headers, by their names in any case"},
            "any": {**groups, "description": "holds when one of these groups holds as a whole"},
            "not": {"$ref": "#/$defs/when", "description": "holds when this group does not hold as a whole"},
        },
        "patternProperties": {r"^header\.": _conditions(HEADER_PREFIX)},
        "additionalProperties": False,
    }


def _conditions(name: str) -> Schema:
    """The conditions on a fact: a bare value, which means `is`, or a table of operators."""
    subject = fact(name)
    assert subject is not None
    bare = OPERANDS[OPERATORS[subject.kind]["is"].operand]
    return {"description": subject.meaning, "anyOf": [bare, {"$ref": f"#/$defs/{subject.kind}"}]}


def _operators(kind: FactKind) -> Schema:
    return {
        "type": "object",
        "description": f"What can be asked of a fact of kind {kind}; all of it must hold.",
        "minProperties": 1,
        "properties": {
            name: {**OPERANDS[operator.operand], "description": operator.meaning}
            for name, operator in OPERATORS[kind].items()
        },
        "additionalProperties": False,
    }


def _tidied(schema: Any, *, named: bool = False) -> Any:
    """The schema without pydantic's generated titles, and without null, which TOML does not have.

    `named`: the keys of `schema` are names of fields, so "title" and "default" must stay.
    """
    if isinstance(schema, list):
        return [_tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf", [])[1:] == [{"type": "null"}]:
        schema = {**schema["anyOf"][0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    tidy = {
        key: _tidied(value, named=key in ("properties", "$defs"))
        for key, value in schema.items()
        if named or not (key == "title" or (key == "default" and not isinstance(value, str | float | int)))
    }
    return tidy | {"additionalProperties": False} if "patternProperties" in tidy and not named else tidy

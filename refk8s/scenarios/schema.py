"""The JSON Schema of scenarios, made of the classes in spec.py and refk8s.users.arguments.

`scenario.schema.json` beside this module is its text; a test fails when the two differ. To write it anew: `make schema`.
"""

from __future__ import annotations

import ast
import inspect
import json
import types
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import attrs

from ..users.arguments import ARGUMENTS
from ..users.script import VERBS
from .spec import Document, OneVerb
from .structure import camel, hints

FILE: Final = Path(__file__).parent / "scenario.schema.json"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final[Mapping[Any, str]] = {str: "string", int: "integer", bool: "boolean", dict: "object", list: "array"}

Schema = dict[str, Any]


def text() -> str:
    """The schema as JSON text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The schema of a scenario."""
    definitions: Schema = {}
    body = _object(Document, definitions)
    return {
        "$schema": DIALECT,
        "$id": "https://refk8s.dev/scenario.schema.json",
        "title": "Scenario of refk8s",
        **body,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(kind: Any, definitions: Schema) -> Schema:
    """The schema of a type."""
    if kind is Any:
        return {}
    if attrs.has(kind):
        return _defined(camel_class(kind.__name__), lambda: _object(kind, definitions), definitions)
    origin = get_origin(kind)
    if origin is Annotated:
        return _formed(kind, definitions)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(one, definitions) for one in get_args(kind)]}
    if origin is Literal:
        return {"enum": list(get_args(kind))}
    if origin is list:
        return {"type": "array", "items": _of(get_args(kind)[0], definitions)}
    if origin is dict:
        key, item = get_args(kind)
        made: Schema = {"type": "object", "additionalProperties": _of(item, definitions)}
        if key is not str:
            made["propertyNames"] = _of(key, definitions)
        return made
    return {"type": "null" if kind is type(None) else _PLAIN[kind]}


def _formed(kind: Any, definitions: Schema) -> Schema:
    inner, form = get_args(kind)
    if isinstance(form, OneVerb):
        return _defined(form.name, lambda: _step(definitions), definitions)
    return _defined(form.name, lambda: {**_of(inner, definitions), **form.schema}, definitions)


def _defined(name: str, make: Any, definitions: Schema) -> Schema:
    """A reference to a definition, which is made if it is not there yet."""
    if name not in definitions:
        definitions[name] = {}  # so that what refers to itself ends
        definitions[name] = make()
    return {"$ref": f"#/$defs/{name}"}


def _step(definitions: Schema) -> Schema:
    """A step: a map with exactly one verb."""
    verbs = {}
    for verb, kind in ARGUMENTS.items():
        doc = inspect.getdoc(VERBS[verb]) or ""
        verbs[verb] = {
            "description": doc.split("\n\n", maxsplit=1)[0].split(":", maxsplit=1)[0].rstrip("."),
            **_of(kind, definitions),
        }
    return {
        "description": "One step of a user's script: a verb and its arguments.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": verbs,
    }


def _object(cls: Any, definitions: Schema) -> Schema:
    """The schema of a class."""
    docs = field_docs(cls)
    properties = {}
    for field in attrs.fields(cls):
        made = _of(hints(cls)[field.name], definitions)
        if field.name in docs:
            made = {"description": docs[field.name], **made}
        if isinstance(field.default, str | int | bool) and field.default != "":
            made = {**made, "default": field.default}
        properties[camel(field.name)] = made
    required = [camel(field.name) for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    return {
        "description": inspect.getdoc(cls) or "",
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": properties,
    }


def camel_class(name: str) -> str:
    """`NodeGroup` → `nodeGroup`."""
    return name[0].lower() + name[1:]


@lru_cache(maxsize=64)
def field_docs(cls: Any) -> Mapping[str, str]:
    """The texts under the fields of a class."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(doc))):
                found[name] = " ".join(doc.split())
    return found

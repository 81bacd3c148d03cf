"""Reading the JSON schema in a CustomResourceDefinition as Go reads JSONSchemaProps: types checked, unknown fields and empty values dropped.

Source: apiextensions-apiserver/pkg/apis/apiextensions/v1/{types_jsonschema,marshal}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

Read = Callable[[Any, tuple[str, ...]], Any]

STRUCT: Final = "JSONSchemaProps"
GO: Final = f"v1.{STRUCT}"


class BadSchema(Exception):
    """A value that does not fit: (what it is, the struct it is in, the path of its field in that, the Go type wanted)."""

    def __init__(self, value: Any, where: tuple[str, ...], go: str, struct: str = STRUCT) -> None:
        super().__init__(value, where, go)
        self.value, self.where, self.go, self.struct = value, where, go, struct


class NoSchema(Exception):
    """A decoder of its own says what is wrong."""


def read_schema(value: Any, where: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema in canonical form. Raises BadSchema and NoSchema."""
    if not isinstance(value, dict):
        raise BadSchema(value, where, GO)
    made: dict[str, Any] = {}
    for key, item in value.items():
        read = _FIELDS.get(key)
        if read is None or item is None:
            continue
        found = read(item, (*where, key))
        if found is not None:
            made[key] = found
    return made


def is_field(name: str) -> bool:
    """Whether a schema has a field of this name."""
    return name in _FIELDS


def schemas_below(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """(path, schema) of the schemas in a field which are read strictly: not those of fields with decoders of their own."""
    if key == "not":
        yield "", value
    elif key in _LISTS and isinstance(value, list):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    elif key in _MAPS and isinstance(value, dict):
        yield from ((f".{name}", item) for name, item in value.items())


def unknown_paths(value: Any, at: str) -> list[str]:
    """The paths of the fields that a schema does not have, in its order."""
    if not isinstance(value, dict):
        return []
    paths: list[str] = []
    for key, item in value.items():
        here = f"{at}.{key}"
        if key not in _FIELDS:
            paths.append(here)
        for below, inner in schemas_below(key, item):
            paths += unknown_paths(inner, here + below)
    return paths


def _of(kind: type, go: str, *, keep: bool = False) -> Read:
    """A scalar; empty ones go unless the field is a pointer (`keep`)."""

    def read(value: Any, where: tuple[str, ...]) -> Any:
        if value.__class__ is not kind:
            raise BadSchema(value, where, go)
        return value if value or keep else None

    return read


def _float(value: Any, where: tuple[str, ...]) -> Any:
    if value.__class__ is not int and value.__class__ is not float:
        raise BadSchema(value, where, "float64")
    return int(value) if value.__class__ is float and value.is_integer() and abs(value) < 1e21 else value


def _int64(value: Any, where: tuple[str, ...]) -> Any:
    if value.__class__ is not int or not -(2**63) <= value < 2**63:
        raise BadSchema(value, where, "int64")
    return value


def _anything(value: Any, where: tuple[str, ...]) -> Any:
    return value


def _list_of(read: Read, go: str, zero: Callable[[], Any]) -> Read:
    def read_list(value: Any, where: tuple[str, ...]) -> Any:
        if not isinstance(value, list):
            raise BadSchema(value, where, go)
        return [zero() if item is None else read(item, where) for item in value] or None

    return read_list


def _map_of(read: Read, go: str) -> Read:
    def read_map(value: Any, where: tuple[str, ...]) -> Any:
        if not isinstance(value, dict):
            raise BadSchema(value, where, go)
        return {key: {} if item is None else read(item, where) for key, item in value.items()} or None

    return read_map


def _or_bool(value: Any, where: tuple[str, ...]) -> Any:
    if isinstance(value, (dict, bool)):
        return value if isinstance(value, bool) else read_schema(value)
    raise NoSchema("boolean or JSON schema expected")


def _or_list(value: Any, where: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [{} if item is None else read_schema(item) for item in value]
    return read_schema(value) if isinstance(value, dict) else None


def _or_texts(value: Any, where: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        for item in value:
            if item is not None and not isinstance(item, str):
                raise BadSchema(item, (), "string", "")
        return [item or "" for item in value]
    return read_schema(value) if isinstance(value, dict) else None


def _struct(name: str, fields: dict[str, Read], always: tuple[str, ...] = ()) -> Read:
    def read(value: Any, where: tuple[str, ...]) -> Any:
        if not isinstance(value, dict):
            raise BadSchema(value, where, f"v1.{name}")
        made: dict[str, Any] = dict.fromkeys(always, "")
        for key, item in value.items():
            if key not in fields or item is None:
                continue
            try:
                found = fields[key](item, (*where, key))
            except BadSchema as bad:
                raise BadSchema(bad.value, bad.where, bad.go, name) from None
            if found is not None:
                made[key] = found
        return made

    return read


_text = _of(str, "string")
_flag = _of(bool, "bool")
_text_pointer = _of(str, "string", keep=True)
_flag_pointer = _of(bool, "bool", keep=True)
_texts = _list_of(_of(str, "string", keep=True), "[]string", str)
_schemas = _list_of(read_schema, f"[]{GO}", dict)
_named_schemas = _map_of(read_schema, f"map[string]{GO}")
_docs = _struct("ExternalDocumentation", {"description": _text, "url": _text})
_rule = _struct(
    "ValidationRule",
    {
        **dict.fromkeys(("rule", "message", "messageExpression", "fieldPath"), _text),
        "reason": _text_pointer,
        "optionalOldSelf": _flag_pointer,
    },
    ("rule",),
)

_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf"})
_MAPS: Final = frozenset({"properties", "patternProperties", "definitions"})
_FIELDS: Final[dict[str, Read]] = {
    **dict.fromkeys(("id", "$schema", "description", "type", "format", "title", "pattern"), _text),
    **dict.fromkeys(("$ref", "x-kubernetes-list-type", "x-kubernetes-map-type"), _text_pointer),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), _float),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), _int64),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable"), _flag),
    **dict.fromkeys(("x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"), _flag),
    **dict.fromkeys(("default", "example"), _anything),
    **dict.fromkeys(("required", "x-kubernetes-list-map-keys"), _texts),
    **dict.fromkeys(_LISTS, _schemas),
    **dict.fromkeys(_MAPS, _named_schemas),
    **dict.fromkeys(("additionalProperties", "additionalItems"), _or_bool),
    "x-kubernetes-preserve-unknown-fields": _flag_pointer,
    "enum": _list_of(_anything, "[]v1.JSON", lambda: None),
    "not": read_schema,
    "items": _or_list,
    "dependencies": _map_of(_or_texts, "v1.JSONSchemaDependencies"),
    "externalDocs": _docs,
    "x-kubernetes-validations": _list_of(_rule, "v1.ValidationRules", lambda: {"rule": ""}),
}

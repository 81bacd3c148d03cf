"""Strict decoding: fields that a type does not have, and fields that a body names twice.

`read_json` keeps what a parser usually loses, namely the repetitions; `strict_errors` then lists both kinds of mistake in
upstream's words and order, and `without_repetitions` gives the plain document. Bodies that were parsed elsewhere are plain
already and can only have unknown fields.
Source: sigs.k8s.io/json internal/golang/encoding/json/{decode,kubernetes_patch}.go; endpoints/handlers/patch.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from refk8s.api import json_schema, status
from refk8s.api.patch.errors import json_name
from refk8s.api.schema import Type, of_kind

MAX_ERRORS = 100
"""Upstream stops counting here."""


class Repeated(dict[str, Any]):
    """A JSON object in which a key occurs more than once; as a dict it has the last value of each."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def read_json(text: str | bytes) -> Any:
    """The JSON value; objects with repeated keys are `Repeated`, halves of surrogate pairs U+FFFD. Raises json.JSONDecodeError."""
    return read_json_telling(text)[0]


def read_json_telling(text: str | bytes) -> tuple[Any, bool]:
    """(the JSON value as `read_json` gives it, whether any of its objects has a repeated key). Raises json.JSONDecodeError."""
    if isinstance(text, str) and _SURROGATE.search(text):
        text = _ESCAPE.sub(_whole, text)
    repeated = False

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        result = dict(pairs)
        if len(result) == len(pairs):
            return result
        repeated = True
        return Repeated(pairs)

    return json.loads(text, object_pairs_hook=made), repeated


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[2] else escape[0]


def unknown_fields(kind: str, doc: Any) -> tuple[str, ...]:
    """What a strict request of this kind (`Pod`, or `autoscaling/v1/Scale`) is refused for, "" if nothing."""
    api_version, _, name = kind.rpartition("/")
    return strict_errors(of_kind(name, api_version), doc)


def strict_errors(of: Type | None, doc: Any) -> tuple[str, ...]:
    """`unknown field "spec.foo"`, `duplicate field "spec.bar"` …: in the order of the document, each once.

    Without a type, any field is known.
    """
    errors: dict[str, None] = {}
    for error in _errors(of, doc, ""):
        errors[error] = None
        if len(errors) == MAX_ERRORS:
            break
    return tuple(errors)


def strict_message(errors: tuple[str, ...]) -> str:
    """The text of the error that a request with fieldValidation=Strict gets."""
    return f"strict decoding error: {', '.join(errors)}"


def without_repetitions(of: Type | None, doc: Any) -> Any:
    """The document as upstream reads it: a later value of a struct or list is written over the earlier one, not put for it."""
    if isinstance(doc, Repeated):
        result: dict[str, Any] = {}
        for key, value in doc.pairs:
            inner = _inner(of, key)
            value = without_repetitions(inner, value)
            result[key] = _written_over(inner, result[key], value) if key in result else value
        return result
    if isinstance(doc, dict):
        return {key: without_repetitions(_inner(of, key), value) for key, value in doc.items()}
    if isinstance(doc, list):
        element = of.element if of else None
        return [without_repetitions(element, item) for item in doc]
    return doc


def patch_errors(patch_type: str, patch: Any) -> tuple[status.ApiError | None, tuple[str, ...]]:
    """(why the body of a patch is refused before it is applied, or None; its strict errors).

    Upstream looks at this only if fieldValidation is Warn, which it is by default, or Strict.
    """
    if patch_type == "json":
        return _json_patch_errors(patch)
    if patch is not None and not isinstance(patch, dict):
        message = f"json: cannot unmarshal {json_name(patch)} into Go value of type map[string]interface {{}}"
        return status.bad_request(message if patch_type == "strategic" else f"error decoding patch: {message}"), ()
    return None, strict_errors(None, patch)


_OPERATION = ("op", "path", "from", "value")


def _json_patch_errors(patch: Any) -> tuple[status.ApiError | None, tuple[str, ...]]:
    if patch is None:
        return None, ()
    if not isinstance(patch, list):
        return _undecodable(patch, "Go value of type []handlers.jsonPatchOp"), ()
    errors: list[str] = []
    for index, operation in enumerate(patch):
        if operation is None:
            continue
        if not isinstance(operation, dict):
            return _undecodable(operation, "Go value of type handlers.jsonPatchOp"), ()
        for name in ("op", "path", "from"):
            value = operation.get(name)
            if value is not None and not isinstance(value, str):
                return _undecodable(value, f"Go struct field jsonPatchOp.{name} of type string"), ()
        errors += _operation_errors(operation, f"[{index}]")
    return None, tuple(f"json patch {error}" for error in errors[:MAX_ERRORS])


def _operation_errors(operation: dict[str, Any], at: str) -> Iterator[str]:
    seen: set[str] = set()
    for key, value in _pairs(operation):
        here = f"{at}.{key}"
        if key not in _OPERATION:
            yield f"unknown field {status.go_quote(here)}"
            continue
        if key in seen:
            yield f"duplicate field {status.go_quote(here)}"
        seen.add(key)
        yield from _errors(None, value, here)


def _undecodable(value: Any, target: str) -> status.ApiError:
    return status.bad_request(f"error decoding patch: json: cannot unmarshal {json_name(value)} into {target}")


def _errors(of: Type | None, value: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        element = of.element if of else None
        for index, item in enumerate(value):
            yield from _errors(element, item, f"{at}[{index}]")
    elif isinstance(value, dict):
        if of is not None and of.go == json_schema.GO:
            yield from _schema_errors(value, at)
            return
        if of is not None and of.form == "untyped":
            return  # such fields have decoders of their own, which are not strict
        seen: set[str] = set()
        for key, item in _pairs(value):
            here = f"{at}.{key}" if at else key
            if of is not None and of.form == "struct" and key not in of.fields:
                yield f"unknown field {status.go_quote(here)}"
                continue
            if key in seen:
                yield f"duplicate field {status.go_quote(here)}"
            seen.add(key)
            yield from _errors(_inner(of, key), item, here)


def _schema_errors(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    seen: set[str] = set()
    for key, item in _pairs(value):
        here = f"{at}.{key}"
        if not json_schema.is_field(key):
            yield f"unknown field {status.go_quote(here)}"
            continue
        if key in seen:
            yield f"duplicate field {status.go_quote(here)}"
        seen.add(key)
        for below, schema in json_schema.schemas_below(key, item):
            yield from _schema_errors(schema, here + below)


def _inner(of: Type | None, key: str) -> Type | None:
    if of is None:
        return None
    return of.children.get(key) if of.form == "struct" else of.element


def _written_over(of: Type | None, first: Any, second: Any) -> Any:
    if of is None or second is None:
        return second
    if of.form == "struct" and isinstance(first, dict) and isinstance(second, dict):
        joined = dict(first)
        for key, value in second.items():
            joined[key] = _written_over(_inner(of, key), first[key], value) if key in first else value
        return joined
    if of.form == "map" and isinstance(first, dict) and isinstance(second, dict):
        return {**first, **second}
    if of.form == "list" and isinstance(first, list) and isinstance(second, list):
        pairs = zip(first, second, strict=False)
        return [_written_over(of.element, old, new) for old, new in pairs] + second[len(first) :]
    return second


def _pairs(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return value.pairs if isinstance(value, Repeated) else list(value.items())

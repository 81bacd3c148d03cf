"""Data into attrs classes, with errors that name the place: unknown fields, wrong types, missing ones, values out of form.

Keys are camelCase in the data, snake_case in the classes. Types: str, int, bool, Any, list, dict, X | None, Literal, attrs classes, and `Annotated` ones
with a form (refk8s.users.forms). Nothing is converted silently, but for YAML's numbers where a quantity is meant (`cpu: 4`).
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from ..core.errors import Refk8sError

T = TypeVar("T")
Path = tuple[str | int, ...]
WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    dict: "a map",
    list: "a list",
}


class Misfit(Refk8sError):
    """Data that does not fit. `path` leads to it; the text names the path."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{shown(path)}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def shown(path: Path) -> str:
    """A path as people write it: spec.users.ann[1].scale."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def structure(value: Any, kind: type[T], path: Path = ()) -> T:
    """`value` as `kind`. Raises Misfit."""
    made: T = _structure(value, kind, path)
    return made


def camel(name: str) -> str:
    """`api_servers` → `apiServers`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@lru_cache(maxsize=256)
def hints(cls: type[Any]) -> Mapping[str, Any]:
    """The types of a class's fields, forms included."""
    return get_type_hints(cls, include_extras=True)


def _structure(value: Any, kind: Any, path: Path) -> Any:
    if kind is Any:
        return value
    if attrs.has(kind):
        return _object(value, kind, path)
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *forms = get_args(kind)
        return _formed(value, inner, forms, path)
    if origin in (Union, types.UnionType):
        return _either(value, get_args(kind), path)
    if origin is Literal:
        allowed = get_args(kind)
        if value not in allowed or isinstance(value, bool):
            raise Misfit(path, f"expected one of {', '.join(repr(one) for one in allowed)}, got {_short(value)}")
        return value
    if origin is list:
        _must_be(value, list, path)
        return [_structure(item, get_args(kind)[0], (*path, n)) for n, item in enumerate(value)]
    if origin is dict:
        _must_be(value, dict, path)
        key_kind, item_kind = get_args(kind)
        return {_structure(k, key_kind, path): _structure(item, item_kind, (*path, k)) for k, item in value.items()}
    _must_be(value, kind, path)
    return value


def _must_be(value: Any, kind: type[Any], path: Path) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        mend = "; put it in quotes" if kind is str and isinstance(value, int | float) else ""
        raise Misfit(path, f"expected {WORDS[kind]}, got {_short(value)}{mend}")


def _formed(value: Any, kind: Any, forms: list[Any], path: Path) -> Any:
    for form in forms:
        if isinstance(value, int | float) and not isinstance(value, bool) and "number" in form.schema.get("type", ()):
            value = str(value)
    made = _structure(value, kind, path)
    for form in forms:
        if hasattr(form, "structure"):
            made = form.structure(made, path)
            continue
        try:
            form.check(made)
        except ValueError as error:
            raise Misfit(path, str(error)) from None
    return made


def _either(value: Any, kinds: tuple[Any, ...], path: Path) -> Any:
    problems = []
    for kind in kinds:
        if kind is type(None):
            if value is None:
                return None
            continue
        try:
            return _structure(value, kind, path)
        except Misfit as misfit:
            problems.append(misfit)
    if len(problems) == 1:
        raise problems[0]
    # The alternative that the data was meant as is the one that it fits further into.
    deepest = max(problems, key=lambda misfit: len(misfit.path))
    if len(deepest.path) > len(path):
        raise deepest
    words = " or ".join(WORDS[get_origin(kind) or kind] for kind in kinds if kind is not type(None))
    raise Misfit(path, f"expected {words}, got {_short(value)}")


def _object(value: Any, cls: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        raise Misfit(path, f"expected a map with {', '.join(map(camel, hints(cls)))}, got {_short(value)}")
    fields = {camel(field.name): field for field in attrs.fields(cls)}
    for key in value:
        if key not in fields:
            raise Misfit((*path, key), unknown(key, tuple(fields)))
    missing = [name for name, field in fields.items() if field.default is attrs.NOTHING and name not in value]
    if missing:
        raise Misfit(path, f"{missing[0]} is missing")
    made = {
        field.name: _structure(value[name], hints(cls)[field.name], (*path, name))
        for name, field in fields.items()
        if name in value and (value[name] is not None or field.default is attrs.NOTHING)
    }
    return cls(**made)


def unknown(key: Any, known: tuple[str, ...], what: str = "field") -> str:
    """What to say about a key that is not known."""
    near = get_close_matches(str(key), known, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown {what}{hint}; known are {', '.join(sorted(known))}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

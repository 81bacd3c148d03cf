"""Values with a type, as server-side apply sees them: are they well formed, which fields are there, merging, and taking fields away.

A value is a JSON tree, of which null is a wildcard. Trees are never changed; what comes out shares the parts that stay.
Source: sigs.k8s.io/structured-merge-diff/v6 typed/{validate,tofieldset,merge,remove}.go, fieldpath/set.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from refk8s.api.fieldset import EMPTY, SELF, FieldSet, Unkeyed, item_key, path_text
from refk8s.api.json_schema import GO as JSON_SCHEMA
from refk8s.api.json_schema import unknown_paths
from refk8s.api.patch.gotext import go_text
from refk8s.api.schema import Type, child, deduced
from refk8s.api.status import go_quote

ABSENT: Final = object()


def problems(of: Type, value: Any, at: str = "") -> list[str]:
    """What is wrong with a value that a client applies, in upstream's words and the order of the value; [] if nothing.

    DEVIATES: upstream walks maps in random order and stops at the first field that is not declared; here it is the value's order, because answers must repeat.
    """
    of = deduced(of, value)
    if value is None:
        return []
    if of.form in ("struct", "map", "untyped"):
        if not isinstance(value, dict):
            return [_said(at, f"expected map, got &{{{go_text(value)}}}")]
        if of.form == "untyped":
            unknown = unknown_paths(value, at) if of.go == JSON_SCHEMA else []
            return [_said(path, "field not declared in schema") for path in unknown[:1]]
        return _map_problems(of, value, at)
    if of.form == "list":
        if not isinstance(value, list):
            return [_said(at, f"expected list, got &{{{go_text(value)}}}")]
        return _list_problems(of, value, at)
    wrong = _scalar_problem(of, value)
    return [_said(at, wrong)] if wrong else []


def members(of: Type, value: Any) -> FieldSet:
    """The tree of the fields that an applied value has."""
    of = deduced(of, value)
    if of.leaf or not value:
        return EMPTY
    tree: FieldSet = {}
    if of.form == "list":
        _add_items(of, value, tree)
        return tree
    for key, item in value.items():
        inner = child(of, key)
        below = members(inner, item)
        if item is None or (isinstance(item, dict) and not item) or deduced(inner, item).leaf:
            tree["f:" + key] = EMPTY
        elif key not in of.children:
            tree["f:" + key] = {SELF: EMPTY, **below} if below else EMPTY
        elif below:
            tree["f:" + key] = below
    return tree


def with_named(of: Type, fields: FieldSet) -> FieldSet:
    """The set with every field of a struct that leads to a member a member itself."""
    result: FieldSet = {}
    for element, below in fields.items():
        if not below or element == SELF:
            result[element] = below
            continue
        inner = _below(of, element)
        named = with_named(inner, below) if inner is not None else below
        if element.startswith("f:") and element[2:] in of.children and SELF not in named:
            named = {SELF: EMPTY, **named}
        result[element] = named
    return result


def merged(of: Type, live: Any, config: Any) -> Any:
    """The live value with what is configured put over it; list elements keep the order of the live list, new ones that of the configuration."""
    of, was = deduced(of, config), deduced(of, live)
    if of is not was and live is not None and config is not None:
        return config
    of = of if config is not None else was
    if of.leaf or not (live or config):
        return config
    if of.form == "list":
        if not (isinstance(live, list | None) and isinstance(config, list | None)):
            return config
        return _merged_list(of, live or [], config or []) or None
    if not isinstance(live, dict | None):
        return config
    out = dict(live or EMPTY)
    for key, value in (config or EMPTY).items():
        out[key] = merged(child(of, key), out[key], value) if key in out else value
    return out


def removed(of: Type, value: Any, fields: FieldSet) -> Any:
    """The value without the fields that are members; None if nothing is left of it."""
    of = deduced(of, value)
    if of.form in ("struct", "map"):
        if of.leaf or not isinstance(value, dict) or not value:
            return None
        return _removed_from_map(of, value, fields)
    if of.form == "list":
        if of.leaf or not isinstance(value, list) or not value:
            return None
        return _removed_from_list(of, value, fields)
    return value


def _said(at: str, text: str) -> str:
    return f"{at}: {text}" if at else text


def _map_problems(of: Type, value: dict[str, Any], at: str) -> list[str]:
    found: list[str] = []
    for key, item in value.items():
        here = f"{at}.{key}"
        if of.form == "struct" and key not in of.children and of.element is None:
            return [*found, _said(here, "field not declared in schema")]
        found += problems(child(of, key), item, here)
    return found


def _list_problems(of: Type, value: list[Any], at: str) -> list[str]:
    assert of.element is not None
    found: list[str] = []
    seen: set[str] = set()
    for index, item in enumerate(value):
        if of.atomic:
            found += problems(of.element, item, f"{at}[{index}]")
            continue
        wrong = _unkeyed(of, item)
        if wrong:
            return [*found, _said(at, f"element {index}: {wrong}")]
        element = item_key(of)(item)
        text = path_text((element,))
        if element in seen:
            found.append(_said(at, f"duplicate entries for key {text}"))
        seen.add(element)
        found += problems(of.element, item, at + text)
    return found


def _unkeyed(of: Type, item: Any) -> str:
    """Why an element of an associative list has no place in it, or "". Source: typed/helpers.go."""
    if not of.keys:
        if isinstance(item, dict):
            return "associative list without keys has an element that's a map type"
        if isinstance(item, list):
            return "not supported: associative list with lists as elements"
        return "associative list without keys has an element that's an explicit null" if item is None else ""
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    if any(item.get(name, default) is not None for name, default in of.keys):
        return ""
    names = " ".join(f'"{name}"' for name, _ in of.keys)
    return (
        f"associative list with keys has an element that omits all key fields [{names}]"
        " (and doesn't have default values for any key fields)"
    )


_NUMBERS: Final = frozenset({"int32", "int64", "float64"})
_TEXTS: Final = frozenset({"string", "bytes"})


def _scalar_problem(of: Type, value: Any) -> str:
    if of.scalar in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"expected numeric (int or float), got {_go_type(value)}"
    elif of.scalar in _TEXTS:
        if not isinstance(value, str):
            return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    elif of.scalar == "bool":
        if not isinstance(value, bool):
            return f"expected boolean, got &{{{go_text(value)}}}"
    elif isinstance(value, dict | list):
        return f"expected any scalar, got &{{{go_text(value)}}}"
    return ""


_GO_TYPES: Final = ((bool, "bool"), (str, "string"), (int, "int64"), (float, "float64"))


def _go_type(value: Any) -> str:
    """What Go's %T prints of a value decoded from JSON."""
    if isinstance(value, dict):
        return "map[string]interface {}"
    return next((name for kind, name in _GO_TYPES if isinstance(value, kind)), "[]interface {}")


def _go_syntax(value: Any) -> str:
    """What Go's %#v prints of a value decoded from JSON."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, dict):
        return (
            "map[string]interface {}{" + ", ".join(f"{go_quote(k)}:{_go_syntax(value[k])}" for k in sorted(value)) + "}"
        )
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    return go_text(value)


def _add_items(of: Type, value: list[Any], tree: FieldSet) -> None:
    assert of.element is not None
    key_of = item_key(of)
    elements: list[str] = []
    for item in value:
        try:
            elements.append(key_of(item))
        except Unkeyed:
            elements.append("")
    for element, item in zip(elements, value, strict=True):
        if not element:
            continue
        below = members(of.element, item) if elements.count(element) == 1 else EMPTY
        tree[element] = {SELF: EMPTY, **below} if below else EMPTY


def _below(of: Type, element: str) -> Type | None:
    """The type of what a path element of a value of this type leads to, None if it leads nowhere."""
    if of.form == "deduced":
        return of
    if element.startswith("f:") and of.form in ("struct", "map"):
        return of.children.get(element[2:]) or of.element
    return of.element if element.startswith("k:") and of.form == "list" else None


def _merged_list(of: Type, live: list[Any], config: list[Any]) -> list[Any]:
    """Source: typed/merge.go, visitListItems."""
    assert of.element is not None
    inner, key_of = of.element, item_key(of)
    left, right = [key_of(item) for item in live], [key_of(item) for item in config]
    by_right = dict(zip(right, config, strict=True))
    by_left: dict[str, Any] = {}
    for element, item in zip(left, live, strict=True):
        by_left[element] = None if element in by_left else item  # repeated ones are not merged
    shared = (element for element in right if element in by_left)
    wanted = next(shared, None)
    done: set[str] = set()
    out: list[Any] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            element = left[i]
            if element == right[j]:
                done.add(element)
                out.append(merged(inner, by_left[element], by_right[element]))
                i, j, wanted = i + 1, j + 1, next(shared, None)
                continue
            if element in by_right and wanted is not None and wanted != element:
                i += 1
                continue
        if i < len(left):
            if left[i] not in by_right:
                out.append(live[i])
                i += 1
                continue
            if left[i] in done:
                i += 1
        if j < len(right):
            element = right[j]
            done.add(element)
            out.append(merged(inner, by_left[element], config[j]) if element in by_left else config[j])
            j += 1
            if wanted == element:
                wanted = next(shared, None)
    return out


def _removed_from_map(of: Type, value: dict[str, Any], fields: FieldSet) -> Any:
    out: dict[str, Any] = {}
    touched = False
    for key, item in value.items():
        below = fields.get("f:" + key)
        if below is None:
            out[key] = item
        elif below and SELF not in below:
            touched = True
            out[key] = _emptied(item, removed(child(of, key), item, below))
    return out if out or touched else None


def _removed_from_list(of: Type, value: list[Any], fields: FieldSet) -> Any:
    assert of.element is not None
    key_of = item_key(of)
    out: list[Any] = []
    touched = False
    for item in value:
        try:
            below = fields.get(key_of(item))
        except Unkeyed:
            below = None
        if below is None:
            out.append(item)
        elif below and SELF not in below:
            touched = True
            out.append(_emptied(item, removed(of.element, item, below)))
    return out if out or touched else None


def _emptied(before: Any, after: Any) -> Any:
    """What is left of a container from which things were taken, but which itself stays."""
    if after is not None:
        return after
    return {} if isinstance(before, dict) else [] if isinstance(before, list) else None


def ordered_paths(fields: FieldSet, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All members in upstream's order: those of a level before those below it. Source: fieldpath/set.go, iteratePrefix."""
    elements = sorted((element for element in fields if element != SELF), key=_rank)
    for element in elements:
        if not fields[element] or SELF in fields[element]:
            yield (*prefix, element)
    for element in elements:
        if fields[element]:
            yield from ordered_paths(fields[element], (*prefix, element))


def _rank(element: str) -> tuple[int, str]:
    return "fkv".find(element[0]), element

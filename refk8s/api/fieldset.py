"""Sets of field paths, as managedFields record them, and the sets of fields in which two documents differ.

A `FieldSet` is the FieldsV1 tree itself: a dict from path element (`f:name`, `k:{"name":"x"}`, `v:"x"`) to the set below
it. An element is a member if its tree is empty or holds ".". Trees are never changed once built and share their parts,
so a set needs neither decoding nor encoding; `interned` gives equal sets one identity.
Source: sigs.k8s.io/structured-merge-diff/v6 fieldpath/set.go, fieldpath/serialize.go, typed/compare.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any, Final

import attrs
import orjson

from refk8s.api.patch.gotext import go_text
from refk8s.api.schema import Type, deduced
from refk8s.api.status import go_quote

FieldSet = dict[str, Any]
Path = tuple[str, ...]

EMPTY: Final[FieldSet] = {}
"""The set without members, and the tree of every leaf; never to be written to."""
SELF: Final = "."
_ABSENT: Final = object()


class Unkeyed(Exception):
    """A list element has none of its list's key fields, so that nobody can own it."""


@attrs.frozen(slots=True)
class Change:
    """The fields in which a new document differs from the old one."""

    added: FieldSet
    removed: FieldSet
    modified: FieldSet

    @property
    def written(self) -> FieldSet:
        """The fields that the new document brings."""
        return union(self.added, self.modified)


def compare(
    of: Type, old: dict[str, Any], new: dict[str, Any], skipped: frozenset[str], meta: frozenset[str]
) -> Change:
    """The change from `old` to `new`, without the top-level fields in `skipped` and the fields of metadata in `meta`.

    Subtrees that are the same object cost nothing. Raises Unkeyed.
    """
    added: FieldSet = {}
    removed: FieldSet = {}
    modified: FieldSet = {}
    for name, (element, field) in of.steps.items():
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        if before is after or name in skipped:
            continue
        if name == "metadata":
            before, after = (EMPTY if side is _ABSENT or side is None else side for side in (before, after))
        if before is _ABSENT:
            added[element] = whole(field, after)
        elif after is _ABSENT:
            removed[element] = whole(field, before)
        elif before != after:
            if name == "metadata":
                before = {key: value for key, value in before.items() if key not in meta}
                after = {key: value for key, value in after.items() if key not in meta}
                if not (before or after):
                    continue  # upstream never counts metadata itself
            _compare(element, field, before, after, added, removed, modified)
    if of.element is not None:
        rest = [{k: v for k, v in doc.items() if k not in of.steps and k not in skipped} for doc in (old, new)]
        _compare_maps(of.element, rest[0], rest[1], added, removed, modified)
    return Change(added, removed, modified)


def whole(of: Type, value: Any) -> FieldSet:
    """The tree of a value that is there as a whole: itself and all below it. Raises Unkeyed."""
    of = deduced(of, value)
    if of.leaf or not value:
        return EMPTY
    tree = {SELF: EMPTY}
    if of.form == "struct":
        steps = of.steps
        for key, item in value.items():
            if key in steps:
                element, field = steps[key]
                tree[element] = EMPTY if field.leaf else whole(field, item)
            elif of.element is not None:
                tree["f:" + key] = whole(of.element, item)
    elif of.form == "map":
        inner = _element(of)
        for key, item in value.items():
            tree["f:" + key] = EMPTY if inner.leaf else whole(inner, item)
    else:
        inner = _element(of)
        key_of = item_key(of)
        for item in value:
            element = key_of(item)
            tree[element] = EMPTY if inner.leaf or element in tree else whole(inner, item)
    return tree


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """The members of either; `left` itself if it has all of them."""
    if left is right or not right:
        return left
    if not left:
        return right
    result: FieldSet | None = None
    for element, below in right.items():
        there = left.get(element)
        joined = below if there is None else _join(there, below)
        if joined is not there:
            if result is None:
                result = dict(left)
            result[element] = joined
    return left if result is None else result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """The members of `left` that are not members of `right`; a parent is no member of the set of its children."""
    result: FieldSet | None = None
    for element, below in right.items():
        there = left.get(element)
        if there is None or element == SELF:
            continue
        rest = _subtract(there, below)
        if rest is not there:
            if result is None:
                result = dict(left)
            if rest is None:
                del result[element]
            else:
                result[element] = rest
    return left if result is None else result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """The members of both."""
    if left is right:
        return left
    result: FieldSet = {}
    for element, there in left.items():
        below = right.get(element)
        if below is None or element == SELF:
            continue
        common = intersection(there, below) if there and below else EMPTY
        member = _member(there) and _member(below)
        if member and common:
            result[element] = {SELF: EMPTY, **common}
        elif member or common:
            result[element] = common
    return result


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """The members of `left` that are neither members of `right` nor below one."""
    result: FieldSet | None = None
    for element, below in right.items():
        there = left.get(element)
        if there is None or element == SELF:
            continue
        rest = None if _member(below) else _below(there, recursive_difference(there, below))
        if rest is not there:
            result = dict(left) if result is None else result
            if rest is None:
                del result[element]
            else:
                result[element] = rest
    return left if result is None else result


def has(fields: FieldSet, path: Path) -> bool:
    """Whether the path is a member."""
    below: FieldSet | None = fields
    for element in path:
        below = below.get(element) if below else None
        if below is None:
            return False
    return bool(path) and below is not None and _member(below)


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """All members, parents before children."""
    for element, below in fields.items():
        if element == SELF:
            continue
        if _member(below):
            yield (*prefix, element)
        yield from paths(below, (*prefix, element))


def path_text(path: Path) -> str:
    """The path as conflicts show it, such as `.spec.containers[name="c"].image`. Source: fieldpath/element.go, String."""
    return "".join(map(_element_text, path))


def _element_text(element: str) -> str:
    rest = element[2:]
    if element.startswith("f:"):
        return "." + rest
    if element.startswith("k:"):
        return "[" + ",".join(f"{name}={_scalar_text(value)}" for name, value in orjson.loads(rest).items()) + "]"
    return f"[={_scalar_text(orjson.loads(rest))}]" if element.startswith("v:") else f"[{rest}]"


def _scalar_text(value: Any) -> str:
    return go_quote(value) if isinstance(value, str) else go_text(value) if value is not None else "null"


def interned(fields: FieldSet) -> FieldSet:
    """The equal set that all equal sets share, its elements in order; objects of one template have one set then."""
    return _interned(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)) if fields else EMPTY


def item_key(of: Type) -> Callable[[Any], str]:
    """The function from an element of an associative list to its path element. It raises Unkeyed."""
    keys = of.keys
    if not keys:
        return value_element
    if len(keys) == 1:
        name, default = keys[0]
        return _single_key(name, default)
    return _several_keys(tuple(sorted(keys)))


def value_element(value: Any) -> str:
    """The path element of a member of a set."""
    return f"v:{_json(value)}"


def _compare(
    element: str, of: Type, old: Any, new: Any, added: FieldSet, removed: FieldSet, modified: FieldSet
) -> None:
    """Enters the difference of two unequal values under `element`."""
    if of.form == "deduced":
        was, of = deduced(of, old), deduced(of, new)
        if of is not was:
            modified[element] = EMPTY
            return
    if of.leaf or not (old or new):
        modified[element] = EMPTY
        return
    a: FieldSet = {}
    r: FieldSet = {}
    m: FieldSet = {}
    if of.form == "struct":
        _compare_structs(of, old or EMPTY, new or EMPTY, a, r, m)
    elif of.form == "map":
        _compare_maps(_element(of), old or EMPTY, new or EMPTY, a, r, m)
    else:
        _compare_lists(of, old or [], new or [], a, r, m)
    if a:
        added[element] = a
    if r:
        removed[element] = r
    if m:
        modified[element] = m


def _compare_structs(
    of: Type, old: dict[str, Any], new: dict[str, Any], added: FieldSet, removed: FieldSet, modified: FieldSet
) -> None:
    steps = of.steps
    for key, after in new.items():
        before = old.get(key, _ABSENT)
        if before is after:
            continue
        if key not in steps:
            if of.element is None:
                continue
            element, field = "f:" + key, of.element
        else:
            element, field = steps[key]
        if before is _ABSENT:
            added[element] = EMPTY if field.leaf else whole(field, after)
        elif before != after:
            if field.leaf:
                modified[element] = EMPTY
            else:
                _compare(element, field, before, after, added, removed, modified)
    for key, before in old.items():
        if key not in new:
            if key in steps:
                element, field = steps[key]
                removed[element] = whole(field, before)
            elif of.element is not None:
                removed["f:" + key] = whole(of.element, before)


def _compare_maps(
    of: Type, old: dict[str, Any], new: dict[str, Any], added: FieldSet, removed: FieldSet, modified: FieldSet
) -> None:
    for key, after in new.items():
        before = old.get(key, _ABSENT)
        if before is _ABSENT:
            added["f:" + key] = whole(of, after)
        elif before != after:
            _compare("f:" + key, of, before, after, added, removed, modified)
    for key, before in old.items():
        if key not in new:
            removed["f:" + key] = whole(of, before)


def _compare_lists(
    of: Type, old: list[Any], new: list[Any], added: FieldSet, removed: FieldSet, modified: FieldSet
) -> None:
    inner = _element(of)
    befores, afters = _by_key(of, old), _by_key(of, new)
    for element, after in afters.items():
        before = befores.get(element)
        if before is None:
            added[element] = whole(inner, after[0]) if len(after) == 1 else EMPTY
        elif len(before) == len(after) == 1:
            if before[0] is not after[0] and before[0] != after[0]:
                _compare(element, inner, before[0], after[0], added, removed, modified)
        elif len(before) > 1 and len(after) > 1:
            if before != after:
                modified[element] = EMPTY
        elif len(before) > 1:  # no longer repeated: the mark of the repetition goes, the element comes
            added[element] = whole(inner, after[0])
            removed[element] = EMPTY
        else:  # newly repeated
            removed[element] = whole(inner, before[0])
            added[element] = EMPTY
    for element, before in befores.items():
        if element not in afters:
            removed[element] = whole(inner, before[0]) if len(before) == 1 else EMPTY


def _by_key(of: Type, items: list[Any]) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    key_of = item_key(of)
    for item in items:
        result.setdefault(key_of(item), []).append(item)
    return result


def _join(left: FieldSet, right: FieldSet) -> FieldSet:
    """The union of two trees under one element, whose own membership may come from either."""
    if left is right:
        return left
    if not left:
        return right if not right or SELF in right else {SELF: EMPTY, **right}
    if not right:
        return left if SELF in left else {SELF: EMPTY, **left}
    return union(left, right)


def _subtract(there: FieldSet, below: FieldSet) -> FieldSet | None:
    """What is left of the tree `there` without that of `below`; None if nothing."""
    if not there:
        return None if _member(below) else there
    if not below:
        if SELF not in there:
            return there
        return {key: value for key, value in there.items() if key != SELF}
    rest = difference(there, below)
    if SELF in below and SELF in rest:
        rest = {key: value for key, value in rest.items() if key != SELF}
        return rest or None
    return _below(there, rest)


def _below(there: FieldSet, rest: FieldSet) -> FieldSet | None:
    """The tree `rest` that was cut out of `there`, in its proper form; None if it has no members."""
    if rest is there:
        return there
    if len(rest) == 1 and SELF in rest:
        return EMPTY
    return rest or None


def _member(tree: FieldSet) -> bool:
    return not tree or SELF in tree


def _element(of: Type) -> Type:
    assert of.element is not None
    return of.element


@cache
def _single_key(name: str, default: Any) -> Callable[[Any], str]:
    prefix = f'k:{{"{name}":'

    @lru_cache(maxsize=4096, typed=True)
    def render(value: Any) -> str:
        return f"{prefix}{_json(value)}}}"

    def key_of(item: Any) -> str:
        value = item.get(name, default)
        if value is None:
            raise Unkeyed(name)
        if type(value) is int:
            return f"{prefix}{value}}}"
        return render(value) if value.__hash__ is not None else f"{prefix}{_text(value)}}}"

    return key_of


@cache
def _several_keys(keys: tuple[tuple[str, Any], ...]) -> Callable[[Any], str]:
    def key_of(item: Any) -> str:
        parts = []
        for name, default in keys:
            value = item.get(name, default)
            if value is not None:
                parts.append(f'"{name}":{_json(value) if value.__hash__ is not None else _text(value)}')
        if not parts:
            raise Unkeyed(keys[0][0])
        return "k:{" + ",".join(parts) + "}"

    return key_of


_HTML = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@lru_cache(maxsize=4096, typed=True)
def _json(value: Any) -> str:
    """The scalar as Go's encoder writes it, which escapes what HTML could mistake."""
    return _text(value)


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode().translate(_HTML)
    except TypeError:  # halves of surrogate pairs, and numbers of more than 64 bits: refused when they are stored
        return json.dumps(value).translate(_HTML)


@lru_cache(maxsize=8192)
def _interned(text: bytes) -> FieldSet:
    fields: FieldSet = orjson.loads(text)
    return fields

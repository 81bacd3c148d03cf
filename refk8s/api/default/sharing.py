"""Changing a tree without touching it: a function returns its argument itself where nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Doc = dict[str, Any]


def with_missing(doc: Doc, defaults: Mapping[str, Any]) -> Doc:
    """`doc` with those defaults whose keys it lacks."""
    missing = {key: value for key, value in defaults.items() if key not in doc}
    return doc | missing if missing else doc


def with_value(doc: Doc, key: str, value: Any) -> Doc:
    """`doc` with one entry replaced or added."""
    return doc if key in doc and doc[key] is value else {**doc, key: value}


def without(doc: Doc, *keys: str) -> Doc:
    """`doc` without the given entries."""
    if not any(key in doc for key in keys):
        return doc
    return {key: value for key, value in doc.items() if key not in keys}


def changed(doc: Doc, key: str, change: Callable[[Any], Any]) -> Doc:
    """`doc` with `change` applied to the entry under `key`, if there is one and it is not null."""
    old = doc.get(key)
    if old is None:
        return doc
    new = change(old)
    return doc if new is old else {**doc, key: new}


def each(items: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    """The list with `change` applied to every element."""
    out: list[Any] | None = None
    for index, old in enumerate(items):
        new = change(old)
        if new is not old:
            if out is None:
                out = items.copy()
            out[index] = new
    return items if out is None else out


def each_under(doc: Doc, key: str, change: Callable[[Any], Any]) -> Doc:
    """`doc` with `change` applied to every element of the list under `key`, if there is one."""
    return changed(doc, key, lambda items: each(items, change))

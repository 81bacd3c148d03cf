"""What differs between two versions of an object, leaf by leaf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Difference:
    """One leaf that differs: `path` with list elements by name (`status.conditions[Ready].status`), None for what is not there."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path} {short(self.old)}→{short(self.new)}"


def differences(was: Any, now: Any, path: str = "") -> list[Difference]:
    """Every leaf that differs, sorted by path; what is shared is not looked into. Lists of named (or typed) things are compared by name."""
    if was is now or was == now:
        return []
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        keys = sorted({*was, *now})
        return [
            leaf for key in keys for leaf in differences(was.get(key), now.get(key), f"{path}.{key}" if path else key)
        ]
    if isinstance(was, list) or isinstance(now, list):
        old, new = _by_name(was), _by_name(now)
        if old is not None and new is not None:
            return [
                leaf
                for key in sorted({*old, *new})
                for leaf in differences(old.get(key), new.get(key), f"{path}[{key}]")
            ]
    return [Difference(path, was, now)]


def short(value: Any, limit: int = 48) -> str:
    """A value in few characters, ∅ for nothing."""
    if value is None:
        return "∅"
    if isinstance(value, Mapping):
        return f"{{{', '.join(list(value)[:3])}{', …' if len(value) > 3 else ''}}}"
    if isinstance(value, list):
        return f"[{len(value)}]" if value else "[]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _by_name(value: Any) -> dict[str, Any] | None:
    """A list of named (or typed) things as a map, None for anything else; an absent list is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        return None
    for key in ("name", "type", "uid", "key"):
        if all(key in item for item in value):
            named = {str(item[key]): item for item in value}
            if len(named) == len(value):
                return named
    return None

"""The simple JSONPaths of printer columns, scales and selectable fields: `.spec.a[0]['b'].items[*].c` and filters `[?(@.type=="x")]`.

Source: client-go/util/jsonpath.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

Step = tuple[str, Any]

_STEP: Final = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\]\\])+)|\[(?P<index>-?\d+)\]|\[['"](?P<key>(?:\\.|[^'"\\])+)['"]\]|(?P<all>\[\*\]|\.\*)"""
    r"""|\[\?\(\s*@(?P<path>(?:\.[^.=<>!\s\[\]]+)+)\s*(?P<operator>==|!=)\s*['"]?(?P<value>[^'"\])]*)['"]?\s*\)\]"""
)


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Step, ...] | None:
    """The steps of a path, None if it is none that is understood here."""
    text = text.strip()
    if text and text[0] not in ".[":
        text = "." + text
    steps: list[Step] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            return None
        place = match.end()
        if match["name"] is not None:
            steps.append(("key", re.sub(r"\\(.)", r"\1", match["name"])))
        elif match["key"] is not None:
            steps.append(("key", re.sub(r"\\(.)", r"\1", match["key"])))
        elif match["index"] is not None:
            steps.append(("index", int(match["index"])))
        elif match["all"] is not None:
            steps.append(("all", None))
        else:
            path = tuple(match["path"].strip(".").split("."))
            steps.append(("filter", (path, match["operator"], match["value"])))
    return tuple(steps)


def find(steps: tuple[Step, ...], document: Any) -> list[Any]:
    """The values that a path leads to; none for what is missing."""
    found = [document]
    for kind, what in steps:
        found = [below for value in found for below in _below(kind, what, value)]
    return found


def _below(kind: str, what: Any, value: Any) -> list[Any]:
    if kind == "key":
        return [value[what]] if isinstance(value, dict) and what in value else []
    if kind == "index":
        return [value[what]] if isinstance(value, list) and -len(value) <= what < len(value) else []
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if kind == "all":
        return items
    path, operator, wanted = what
    return [item for item in items if (_text_at(item, path) == wanted) == (operator == "==")]


def _text_at(value: Any, path: tuple[str, ...]) -> str | None:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return str(value).lower() if isinstance(value, bool) else str(value)

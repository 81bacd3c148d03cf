"""The verbs of scripts that kubectl has not, or that take time: sleep, wait, read-modify-write, and the power button of nodes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..controllers.runtime import get, update
from ..core.flight import Compact, Switch
from .verb import Later, Said, Verb, as_kubectl, at, put, said, target

POLL_MS: Final = 1_000
_DURATION = re.compile(r"(\d+)(ms|s|m|h)", re.ASCII)
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def duration_ms(text: Any) -> int:
    """A duration such as 500ms, 3s, 2m, 1h in ms. Raises ValueError."""
    match = _DURATION.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 500ms, 3s, 2m or 1h")
    return int(match[1]) * _UNIT_MS[match[2]]


def sleep(arguments: Any, waited_ms: int) -> Said:
    """Do nothing for a duration."""
    left_ms = duration_ms(arguments) - waited_ms
    yield from ()
    return Later(left_ms) if left_ms > 0 else f"slept {arguments}"


def wait(arguments: Any, waited_ms: int) -> Said:
    """`kubectl wait`: {resource, name, namespace?, field?, value?, gone?, timeout?}: until the object is there (gone), or its field has the value."""
    row, key = target(arguments)
    found = yield as_kubectl(get(row.plural, key))
    label = f"{row.singular}/{arguments['name']}"
    if arguments.get("gone"):
        met = found.code == 404
    elif "field" in arguments:
        met = found.ok and at(found.obj.document, arguments["field"]) == arguments.get("value")
    else:
        met = found.ok
    if met:
        return f"{label} condition met"
    timeout = arguments.get("timeout", "30s")
    if waited_ms >= duration_ms(timeout):
        return f"error: timed out waiting for {label} after {timeout}"
    return Later(POLL_MS)


def increment(arguments: Any, waited_ms: int) -> Said:
    """Read, add 1, write back, `times` times: {resource, name, namespace?, field, times?, unconditional?, retry?}.

    `unconditional: true` writes without the resourceVersion that was read (last writer wins); `retry: false` gives up on a conflict.
    """
    row, key = target(arguments)
    field, times = arguments["field"], arguments.get("times", 1)
    done = lost = 0
    while done + lost < times:
        read = yield as_kubectl(get(row.plural, key))
        if not read.ok:
            return said(read, "")
        value = at(read.obj.document, field)
        more = _one_more(value)
        if more is None:
            return f"error: {row.singular}/{arguments['name']}: {field} is {value!r}, no number"
        body = put(read.obj.document, field, more)
        if arguments.get("unconditional"):
            metadata = {name: part for name, part in body["metadata"].items() if name != "resourceVersion"}
            body = {**body, "metadata": metadata}
        wrote = yield as_kubectl(update(row.plural, body))
        if wrote.ok:
            done += 1
        elif wrote.reason != "Conflict":
            return said(wrote, "")
        elif not arguments.get("retry", True):
            lost += 1
    return f"{row.singular}/{arguments['name']} {field} incremented {done} times" + (
        f", {lost} given up" if lost else ""
    )


def _one_more(value: Any) -> int | str | None:
    """The number after this one, in the form that it has (nothing counts as 0); None for what is no number."""
    if value is None:
        return 1
    if isinstance(value, str):
        return str(int(value) + 1) if re.fullmatch(r"-?\d{1,18}", value, re.ASCII) else None
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) else None


def stop_node(arguments: Any, waited_ms: int) -> Said:
    """Switch a node off: {name}. Its kubelet and its containers are gone at once."""
    yield Switch(f"kubelet/{arguments['name']}", on=False)
    return f"node {arguments['name']} switched off"


def start_node(arguments: Any, waited_ms: int) -> Said:
    """Switch a node on again: {name}."""
    yield Switch(f"kubelet/{arguments['name']}", on=True)
    return f"node {arguments['name']} switched on"


def compact(arguments: Any, waited_ms: int) -> Said:
    """`etcdctl compact`: {keep?}: forget all history but the last `keep` revisions (default 0)."""
    keep = int(arguments.get("keep", 0))
    yield Compact(keep)
    return f"compacted all but {keep} revisions"


VERBS: Final[Mapping[str, Verb]] = {
    "sleep": sleep,
    "wait": wait,
    "increment": increment,
    "stopNode": stop_node,
    "startNode": start_node,
    "compact": compact,
}

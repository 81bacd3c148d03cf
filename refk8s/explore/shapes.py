"""What a value is apart from when: its *shape*, in which times are relative to now and revisions are left out (ARCHITECTURE §6).

The hash of a shape at a time is `a + w * now_ms`: a time in a value counts as (now - time) with a weight of its own, so the sum of many shapes is again one
product and one addition, whatever the time is. What cannot be so expressed, the versions of objects that a value holds, are its `refs`.

What is left out: resourceVersions (how old a version is, is for canonical.py), and times that no logic reads: `creationTimestamp` of all but READ, the times of
Events, and of the times in managedFields all but their order and whether the newest is this very second (they order the entries, and a new entry has now).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import attrs

from ..api.store import Stored
from ..controllers.nodelifecycle_zones import NodeQueue
from ..core.clock import unix_ms
from ..core.digest import MASK, canonical, cell, digest_bytes, mix
from ..core.flight import token
from ..core.table import Lane, Log, Table
from ..kubelet.records import StatusEntry, Trouble, Worker
from ..kubelet.runtime import Instance, Runtime, Sandbox
from ..scheduler.cache import Cache
from ..scheduler.queue import Queue, Queued
from .renaming import UNCHANGED, Renaming

READ: Final = frozenset(
    {
        "pods",
        "replicasets",
        "deployments",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
        "nodes",
        "controllerrevisions",
    }
)
"""Resources whose creationTimestamp something reads: rankings, node health, pod GC."""

_FIRST_MS, _LAST_MS = 1_000_000_000_000, 9_000_000_000_000
"""Integers in between are times in ms (2001 to 2255); hashes and sizes are not there."""

_TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
_IS_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_REVISION = re.compile(rb'"resourceVersion":"[^"]*"')
_CREATED = re.compile(rb'"creationTimestamp":"[^"]*"')
_EVENT_TIMES = re.compile(rb'"(?:firstTimestamp|lastTimestamp|eventTime|lastObservedTime)":"[^"]*"')
_MOST_KNOWN: Final = 20_000
_FRESH: Final = 0x7F4A7C15


class Shape:
    """The shape of one value: its hash is `a + w * now_ms`, and `fresh` more in the second `second` (-1: never)."""

    __slots__ = ("a", "fresh", "refs", "second", "w")

    def __init__(self, a: int, w: int, refs: tuple[Stored, ...] = (), second: int = -1) -> None:
        self.a = a
        self.w = w
        self.refs = refs
        self.second = second
        self.fresh = mix(a, _FRESH) if second >= 0 else 0


def _shape(static: int, times: list[int], refs: tuple[Stored, ...] = (), second: int = -1) -> Shape:
    a, w = static, 0
    for place, time_ms in enumerate(times):
        weight = cell("time", static, place) | 1
        a -= weight * time_ms
        w += weight
    return Shape(a & MASK, w & MASK, refs, second)


def document_shape(resource: str, document: Any, renaming: Renaming) -> Shape:
    """The shape of an object's document, or of any JSON tree ("" for what is no object)."""
    second, ranked = -1, document
    metadata = document.get("metadata") if type(document) is dict else None
    if metadata and metadata.get("managedFields"):
        ranked, second = _ranked(document, metadata)
    data = renaming.data(_REVISION.sub(b"", canonical(ranked)))
    if resource not in READ:
        data = _CREATED.sub(b"", data)
        if resource == "events":
            data = _EVENT_TIMES.sub(b"", data)
    parts = _TIME.split(data)
    static = digest_bytes(b"\x1f".join(parts[::2])) if len(parts) > 1 else digest_bytes(data)
    return _shape(static, [unix_ms(text.decode()) for text in parts[1::2]], (), second)


def _ranked(document: Any, metadata: Any) -> tuple[Any, int]:
    """The document with ranks in place of the times in its managedFields, and the second of the newest."""
    entries = metadata["managedFields"]
    times = sorted({entry["time"] for entry in entries if entry.get("time")})
    rank = {time: place for place, time in enumerate(times)}
    ranked = [{**entry, "time": rank[entry["time"]]} if entry.get("time") else entry for entry in entries]
    second = unix_ms(times[-1]) // 1000 if times else -1
    return {**document, "metadata": {**metadata, "managedFields": ranked}}, second


# ---- values that processes remember and that flights have been answered

PARTS: Final[dict[type, Callable[[Any], Any]]] = {
    Worker: lambda one: (
        one.state,
        one.last,
        one.entry,
        one.busy,
        one.until_ms,
        one.plan,
        one.pulls,
        one.grace_s,
        one.alarm,
        tuple((name, _trouble(trouble)) for name, trouble in one.troubles),
        one.told,
    ),
    StatusEntry: lambda one: (one.status, one.version - one.sent, one.finished),
    Runtime: lambda one: (one.pods, one.images, one.addresses, one.address),
    Sandbox: lambda one: (one.uid, one.key, one.ip, one.ready, one.created_ms, one.instances),
    Instance: lambda one: (one.id, one.image, one.attempt, one.started_ms, one.exit_ms, one.exit_code),
    Queue: lambda one: tuple(sorted(one.pods.values(), key=lambda entry: entry.order)),
    Queued: lambda one: (
        one.pod.key,
        one.pod.pod,
        one.state,
        one.since_ms,
        one.attempts,
        one.rejections,
        one.errors,
        one.rejectors,
    ),
    Cache: lambda one: one.assumed,
    NodeQueue: lambda one: (one.waiting, tuple(one.places)),
}
"""What the values of our components consist of, as far as it matters; other attrs classes consist of their fields, all else of its token."""


def _trouble(one: Trouble) -> Any:
    """A container's trouble, with the times of its back-offs in ms."""
    backs = [
        None if each is None else (each.delay_ns, each.last_update_ns // 1_000_000) for each in (one.crash, one.pull)
    ]
    return one.reason, one.message, *backs, one.pull_error, one.told_ms


_UNREAD: Final = frozenset({"resource_version", "managed_fields"})


Known = dict[Any, tuple[list[str], list[int], list[Stored]]]
"""What values of PARTS that are the same for long consist of, by identity."""
_LASTING: Final = (Queued, Sandbox, StatusEntry)


class _Walk:
    """Collects what a value consists of: its text, with holes for times and refs."""

    __slots__ = ("events", "known", "refs", "renaming", "text", "times")

    def __init__(self, known: Known, renaming: Renaming, events: bool) -> None:
        self.known = known
        self.renaming = renaming
        self.events = events
        self.text: list[str] = []
        self.times: list[int] = []
        self.refs: list[Stored] = []

    def visit(self, value: Any) -> None:
        """Add one value."""
        kind = type(value)
        if kind is str:
            self._string(value)
        elif kind is int:
            if _FIRST_MS <= value < _LAST_MS:
                self._time(value)
            else:
                self.text.append(str(value))
        elif value is None or kind is float:
            self.text.append(repr(value))
        elif kind is bool:
            self.text.append(str(int(value)))  # as the number that it equals
        elif kind in (tuple, list):
            self._all("(", value)
        elif kind is Table or kind is dict:
            pairs = sorted(value.items())
            if self.renaming is not UNCHANGED:
                pairs.sort(key=lambda pair: self.renaming.text(str(pair[0])))
            self._all("{", [part for key, item in pairs if key != "resourceVersion" for part in (key, item)])
        elif kind is Lane:
            self._all("[", [value[number] for number in value.numbers()])
        elif kind is Log:
            self._all("[", list(value))
        elif kind is Stored:
            self.text.append("@")
            self.refs.append(value)
        elif kind in _LASTING:
            self._lasting(value)
        elif kind in PARTS:
            parts = PARTS[kind](value)
            self.text.append(kind.__name__)
            self.visit(parts if self.events or kind is not Worker else parts[:-1])
        elif attrs.has(kind):
            self._all(kind.__name__, [getattr(value, name) for name in _fields(kind)])
        else:
            self.text.append(self.renaming.text(token(value)))

    def _lasting(self, value: Any) -> None:
        found = self.known.get(value)
        if found is None:
            inner = _Walk(self.known, self.renaming, self.events)
            inner.text.append(type(value).__name__)
            inner.visit(PARTS[type(value)](value))
            found = ["\x1f".join(inner.text)], inner.times, inner.refs
            if len(self.known) >= _MOST_KNOWN:
                self.known.clear()
            self.known[value] = found
        self.text += found[0]
        self.times += found[1]
        self.refs += found[2]

    def _string(self, value: str) -> None:
        if len(value) >= 20 and _IS_TIME.fullmatch(value):
            self._time(unix_ms(value))
        else:
            self.text.append(f'"{self.renaming.text(value)}"')

    def _time(self, time_ms: int) -> None:
        self.text.append("~")
        self.times.append(time_ms)

    def _all(self, opening: str, values: Any) -> None:
        self.text.append(opening)
        for value in values:
            self.visit(value)
        self.text.append(")")


_names: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    found = _names.get(kind)
    if found is None:
        found = tuple(field.name for field in attrs.fields(kind) if field.name not in _UNREAD)
        _names[kind] = found
    return found


def value_shape(value: Any, known: Known, renaming: Renaming, *, events: bool) -> Shape:
    """The shape of a value of a process's memory; `known` is the caller's, to remember what parts of it consist of.

    Without `events` what is remembered of Events does not matter.
    """
    walk = _Walk(known, renaming, events)
    walk.visit(value)
    return _shape(digest_bytes("\x1f".join(walk.text).encode()), walk.times, tuple(walk.refs))

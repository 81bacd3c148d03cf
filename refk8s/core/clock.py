"""Time: RFC 3339 texts of logical time, and timers: named deadlines in logical milliseconds, in a persistent leftist heap with lazy removal.

*Goal* timers (back-off, deadlines, grace, container starts) keep a run going until they have fired; *periodic* ones (heartbeats, resync) do not.
Source of the distinction: ARCHITECTURE §5.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import attrs

from .digest import cell
from .heap import EMPTY_HEAP, Heap, peek, pop, push
from .table import EMPTY, Table


@lru_cache(maxsize=4096)
def rfc3339(unix_ms: int) -> str:
    """The time as metav1.Time writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def rfc3339_micro(unix_ms: int) -> str:
    """The time as metav1.MicroTime writes it: UTC, microseconds."""
    return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{unix_ms % 1000:03d}000Z"


@lru_cache(maxsize=4096)
def unix_ms(text: str) -> int:
    """The inverse of both. Raises ValueError for what is no RFC 3339 time."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


GOAL = 0
PERIODIC = 1


@attrs.frozen
class Timer:
    """One armed timer. `cause` is the step that armed it."""

    deadline_ms: int
    kind: int
    cause: int


class Timers:
    """All armed timers of a World. Names are unique per process; arming a name again replaces its deadline."""

    __slots__ = ("_heap", "armed", "fingerprint", "goals")

    def __init__(
        self,
        armed: Table[tuple[int, str], Timer] = EMPTY,
        heap: Heap = EMPTY_HEAP,
        goals: int = 0,
        fingerprint: int = 0,
    ) -> None:
        self.armed = armed
        self._heap = heap
        self.goals = goals
        self.fingerprint = fingerprint

    def arm(self, process: int, name: str, timer: Timer) -> Timers:
        """Timers in which `name` of `process` fires at its deadline."""
        base = self.disarm(process, name)
        heap = push(base._heap, (timer.deadline_ms, process, name))
        return Timers(
            base.armed.set((process, name), timer),
            heap,
            base.goals + (timer.kind == GOAL),
            base.fingerprint + _cell(process, name, timer),
        )

    def disarm(self, process: int, name: str) -> Timers:
        """Timers without `name` of `process`, which need not be armed."""
        old = self.armed.get((process, name))
        if old is None:
            return self
        return Timers(
            self.armed.delete((process, name)),
            self._heap,
            self.goals - (old.kind == GOAL),
            self.fingerprint - _cell(process, name, old),
        )

    def next_deadline(self) -> int | None:
        """The earliest deadline in logical ms, or None if nothing is armed."""
        heap = self._heap
        while heap is not None:
            deadline, process, name = peek(heap)
            timer = self.armed.get((process, name))
            if timer is not None and timer.deadline_ms == deadline:
                return int(deadline)
            heap = pop(heap)
        return None

    def due(self, now_ms: int) -> tuple[Timers, list[tuple[int, str]]]:
        """Timers with the heap cleaned up to `now_ms`, and the (process, name) of those due, in the order of deadline and name.

        They stay armed until they fire.
        """
        heap = self._heap
        found: list[tuple[int, str]] = []
        while heap is not None and peek(heap)[0] <= now_ms:
            deadline, process, name = peek(heap)
            timer = self.armed.get((process, name))
            if timer is not None and timer.deadline_ms == deadline and (process, name) not in found[-1:]:
                found.append((process, name))
            heap = pop(heap)
        return Timers(self.armed, heap, self.goals, self.fingerprint), found


def _cell(process: int, name: str, timer: Timer) -> int:
    return cell("timer", process, name, timer.deadline_ms, timer.kind)


NO_TIMERS = Timers()

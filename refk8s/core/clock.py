"""Time: RFC 3339 texts of logical time, and timers: named deadlines in logical milliseconds.

*Goal* timers (back-off, deadlines, grace, container starts) keep a run going until they have fired; *periodic* ones (heartbeats, resync) do not; *retries* (of
what has failed often, or for a reason that is known) do only if something has changed since they were armed.
Source of the distinction: ARCHITECTURE §5.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from .digest import cell
from .heap import EMPTY_HEAP, Heap, peek, pop, push
from .table import EMPTY, EMPTY_LANE, Lane, Table


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
RETRY = 2
STRENGTH = (0, 2, 1)
"""Of two timers of one key the earlier counts, and it keeps a run going as the stronger of their kinds does: goal, retry, periodic."""


class Timer:
    """One timer of a process. `cause` is the step that armed it, `number` its place among those of the same process and deadline."""

    __slots__ = ("cause", "deadline_ms", "kind", "name", "number")

    def __init__(self, name: str, deadline_ms: int, kind: int, cause: int, number: int) -> None:
        self.name = name
        self.deadline_ms = deadline_ms
        self.kind = kind
        self.cause = cause
        self.number = number


class Moment:
    """All timers with the same deadline: those of each process in the order of arming, and the bitset of these processes."""

    __slots__ = ("lanes", "who")

    def __init__(self, lanes: Table[int, Lane[Timer]] = EMPTY, who: int = 0) -> None:
        self.lanes = lanes
        self.who = who


_NO_MOMENT = Moment()


class Timers:
    """All timers of a World. Those that wait are grouped by deadline, so that time passes at one price however many fall due.

    `armed` holds by process and name the timer that was armed last; `due[p]` the timers of p whose deadline has come, until they fire; `goals` counts
    the goal timers of both. Names are unique per process among those that wait: arming a name again replaces its deadline, but what is due stays due.
    """

    __slots__ = ("_deadlines", "_moments", "armed", "due", "fingerprint", "goals")

    def __init__(
        self,
        armed: Table[int, Table[str, Timer]] = EMPTY,
        due: Table[int, Lane[Timer]] = EMPTY,
        moments: Table[int, Moment] = EMPTY,
        deadlines: Heap = EMPTY_HEAP,
        goals: int = 0,
        fingerprint: int = 0,
    ) -> None:
        self.armed = armed
        self.due = due
        self._moments = moments
        self._deadlines = deadlines  # of the moments; its smallest is always one of theirs
        self.goals = goals
        self.fingerprint = fingerprint

    def get(self, p: int, name: str) -> Timer | None:
        """The timer `name` of process p that was armed last and has not fired, or None."""
        mine = self.armed.get(p)
        return None if mine is None else mine.get(name)

    def arm(self, p: int, name: str, deadline_ms: int, kind: int, cause: int) -> Timers:
        """Timers in which `name` of process p fires at `deadline_ms`, which is in the future."""
        base = self._without_waiting(p, name)
        moment = base._moments.get(deadline_ms)
        deadlines = base._deadlines if moment is not None else push(base._deadlines, deadline_ms)
        lanes, who = (moment or _NO_MOMENT).lanes, (moment or _NO_MOMENT).who
        lane: Lane[Timer] = lanes.get(p, EMPTY_LANE)
        timer = Timer(name, deadline_ms, kind, cause, lane.next_number)
        return Timers(
            base.armed.set(p, base.armed.get(p, EMPTY).set(name, timer)),
            base.due,
            base._moments.set(deadline_ms, Moment(lanes.set(p, lane.push(timer)), who | 1 << p)),
            deadlines,
            base.goals + (kind == GOAL),
            base.fingerprint + _cell(p, timer),
        )

    def disarm(self, p: int, name: str) -> Timers:
        """Timers without `name` of process p, which need not be armed, and may be due."""
        base = self._without_waiting(p, name)
        lane = base.due.get(p)
        for number in lane.numbers() if lane is not None else ():
            if lane is not None and lane[number].name == name:
                return base.fire(p, number)
        return base

    def fire(self, p: int, number: int) -> Timers:
        """Timers without the one that is due at this place of `due[p]`."""
        lane = self.due[p]
        timer = lane[number]
        lane = lane.take(number)
        due = self.due.set(p, lane) if len(lane) else self.due.delete(p)
        armed = self.armed
        if self.get(p, timer.name) is timer:
            armed = _without(armed, p, timer.name)
        goals = self.goals - (timer.kind == GOAL)
        return Timers(armed, due, self._moments, self._deadlines, goals, self.fingerprint - _cell(p, timer))

    def drop(self, p: int) -> Timers:
        """Timers without those of process p."""
        left = self
        for name in self.armed.get(p) or ():
            left = left.disarm(p, name)
        while p in left.due:
            left = left.fire(p, left.due[p].head)
        return left

    def _without_waiting(self, p: int, name: str) -> Timers:
        """Timers without `name` of process p if it waits; if it is due, it stays so."""
        timer = self.get(p, name)
        moment = self._moments.get(timer.deadline_ms) if timer is not None else None
        if timer is None or moment is None:
            return self
        lane = moment.lanes[p].take(timer.number)
        deadlines = self._deadlines
        if len(lane):
            moments = self._moments.set(timer.deadline_ms, Moment(moment.lanes.set(p, lane), moment.who))
        elif len(moment.lanes) > 1:
            rest = Moment(moment.lanes.delete(p), moment.who & ~(1 << p))
            moments = self._moments.set(timer.deadline_ms, rest)
        else:
            moments = self._moments.delete(timer.deadline_ms)
            deadlines = _first_of(deadlines, moments)
        armed = _without(self.armed, p, name)
        goals = self.goals - (timer.kind == GOAL)
        return Timers(armed, self.due, moments, deadlines, goals, self.fingerprint - _cell(p, timer))

    def next_deadline(self) -> int | None:
        """The earliest deadline in logical ms of what waits, or None."""
        return int(peek(self._deadlines)) if self._deadlines is not None else None

    def advance(self, now_ms: int) -> tuple[Timers, int]:
        """Timers in which all with a deadline up to `now_ms` are due, and the bitset of the processes that have new ones."""
        made = self
        who = 0
        while (deadline := made.next_deadline()) is not None and deadline <= now_ms:
            moment = made._moments[deadline]
            who |= moment.who
            moments = made._moments.delete(deadline)
            deadlines = _first_of(pop(made._deadlines), moments)
            made = Timers(made.armed, made.due, moments, deadlines, made.goals, made.fingerprint)
            if len(made.due):
                made = made._fall_due(moment)
            else:
                made.due = moment.lanes
        return made, who

    def _fall_due(self, moment: Moment) -> Timers:
        """Timers in which those of a moment are due beside others; one takes the place of a due one of its name."""
        made = self
        for p, lane in moment.lanes.items():
            if p in made.due:
                new = {lane[number].name for number in lane.numbers()}
                due = made.due[p]
                for number in due.numbers():
                    if due[number].name in new:
                        made = made.fire(p, number)
            mine = made.due.get(p)
            if mine is None:
                mine = lane
            else:
                for number in lane.numbers():
                    mine = mine.push(lane[number])
            made = Timers(
                made.armed, made.due.set(p, mine), made._moments, made._deadlines, made.goals, made.fingerprint
            )
        return made

    def recompute_fingerprint(self) -> int:
        """The timers' part of the exact fingerprint, from scratch."""
        total = 0
        for p, mine in self.armed.items():
            total += sum(_cell(p, timer) for timer in mine.values())
        for p, lane in self.due.items():
            due = [lane[number] for number in lane.numbers()]
            total += sum(_cell(p, timer) for timer in due if self.get(p, timer.name) is not timer)
        return total


def _first_of(deadlines: Heap, moments: Table[int, Moment]) -> Heap:
    """The heap without the deadlines at its top at which nothing happens any more."""
    while deadlines is not None and peek(deadlines) not in moments:
        deadlines = pop(deadlines)
    return deadlines


def _without(armed: Table[int, Table[str, Timer]], p: int, name: str) -> Table[int, Table[str, Timer]]:
    rest = armed[p].delete(name)
    return armed.set(p, rest) if len(rest) else armed.delete(p)


def _cell(p: int, timer: Timer) -> int:
    return cell("timer", p, timer.name, timer.kind) * timer.deadline_ms


NO_TIMERS = Timers()

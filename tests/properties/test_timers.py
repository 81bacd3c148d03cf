"""Timers agree with a plain dictionary, whatever is armed, disarmed, fired and however time passes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refk8s.core.clock import GOAL, NO_TIMERS, PERIODIC, Timers

PROCESSES = st.integers(0, 2)
NAMES = st.sampled_from(["a", "b", "c"])
ARM = st.tuples(st.just("arm"), PROCESSES, NAMES, st.integers(1, 4), st.sampled_from([GOAL, PERIODIC]))
DISARM = st.tuples(st.just("disarm"), PROCESSES, NAMES)
OTHERS = st.sampled_from([("advance",), ("fire",), ("fire last",), ("drop", 1)])

Waiting = dict[tuple[int, str], tuple[int, int]]
Due = dict[tuple[int, str], tuple[int, int]]


class Plain:
    """The oracle: what waits and what is due by (process, name), with (deadline, kind)."""

    def __init__(self) -> None:
        self.waiting: Waiting = {}
        self.due: Due = {}

    def advance(self, now_ms: int) -> set[int]:
        ripe = {key: value for key, value in self.waiting.items() if value[0] <= now_ms}
        for key, value in ripe.items():
            del self.waiting[key]
            self.due.pop(key, None)
            self.due[key] = value
        return {p for p, _ in ripe}


def state(timers: Timers) -> tuple[Waiting, Due]:
    due = {
        (p, lane[n].name): (lane[n].deadline_ms, lane[n].kind) for p, lane in timers.due.items() for n in lane.numbers()
    }
    objects = {id(lane[n]) for lane in timers.due.values() for n in lane.numbers()}
    waiting = {
        (p, name): (timer.deadline_ms, timer.kind)
        for p, mine in timers.armed.items()
        for name, timer in mine.items()
        if id(timer) not in objects
    }
    return waiting, due


@given(st.lists(ARM | DISARM | OTHERS, max_size=40))
def test_timers_agree_with_a_plain_dictionary(operations: list[tuple]) -> None:
    timers, plain, now = NO_TIMERS, Plain(), 0
    for operation in operations:
        match operation:
            case ("arm", p, name, after, kind):
                timers = timers.arm(p, name, now + after, kind, 7)
                plain.waiting[(p, name)] = (now + after, kind)
            case ("disarm", p, name):
                timers = timers.disarm(p, name)
                plain.waiting.pop((p, name), None)
                plain.due.pop((p, name), None)
            case ("drop", p):
                timers = timers.drop(p)
                plain.waiting = {key: value for key, value in plain.waiting.items() if key[0] != p}
                plain.due = {key: value for key, value in plain.due.items() if key[0] != p}
            case ("advance",) if timers.next_deadline() is not None:
                now = timers.next_deadline() or 0
                timers, who = timers.advance(now)
                assert {p for p in range(3) if who >> p & 1} == plain.advance(now)
            case ("fire",) | ("fire last",) if plain.due:
                p = min(p for p, _ in plain.due)
                number = timers.due[p].numbers()[0 if operation == ("fire",) else -1]
                name = timers.due[p][number].name
                timers = timers.fire(p, number)
                del plain.due[(p, name)]
        assert state(timers) == (plain.waiting, plain.due)
        everything = [*plain.waiting.values(), *plain.due.values()]
        assert timers.goals == sum(kind == GOAL for _, kind in everything)
        assert timers.next_deadline() == min((deadline for deadline, _ in plain.waiting.values()), default=None)
        assert timers.recompute_fingerprint() == timers.fingerprint


def test_empty_again_is_as_at_the_beginning() -> None:
    timers = (
        NO_TIMERS.arm(0, "a", 5, GOAL, 1).arm(0, "a", 9, GOAL, 1).arm(1, "b", 9, PERIODIC, 1).drop(0).disarm(1, "b")
    )
    assert (timers.fingerprint, timers.goals, timers.next_deadline()) == (0, 0, None)

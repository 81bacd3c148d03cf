"""The search on a model so small that its states can be counted: exact counts, pinned, and compared with a model of the model."""

from __future__ import annotations

import itertools
from collections import deque
from typing import Any

import pytest

from refk8s.core.budget import FaultBudget
from refk8s.core.enabled import deviates, enabled
from refk8s.core.step import step
from refk8s.explore.search import LOOK_EVERY, Bounds, Explored, Search
from refk8s.explore.symmetry import Symmetric

from .counting import counting, monitor


def explored(writers: int, deviations: int, *, faults: str = "", reduce: bool = True, blind: bool = False) -> Explored:
    model, world = counting(writers, blind=blind, faults=FaultBudget.parse(faults))
    return Search(model, world, Bounds(deviations), monitor=monitor(), reduce=reduce, check_every=3).run()


# (writers, deviations, faults) → (states, transitions with and without reduction, quiet states)
PINNED = {
    (1, 0, ""): (6, 5, 5, 1),
    (2, 0, ""): (11, 10, 10, 1),
    (2, 1, ""): (30, 34, 34, 1),
    (2, 2, ""): (45, 61, 61, 1),
    (2, 9, ""): (55, 90, 90, 1),
    (3, 1, ""): (73, 87, 87, 1),
    (3, 3, ""): (395, 689, 689, 1),
    (3, 20, ""): (720, 1767, 1767, 1),
    (1, 1, "crash=9"): (40, 60, 62, 2),
    (2, 1, "crash=9"): (130, 197, 206, 2),
    (2, 2, "crash=9"): (515, 1024, 1075, 3),
    (3, 1, "crash=9"): (295, 436, 457, 2),
    (3, 2, "crash=9"): (2009, 3833, 4076, 3),
}


@pytest.mark.parametrize("case", PINNED, ids=str)
def test_counts_are_pinned(case: tuple[int, int, str]) -> None:
    writers, deviations, faults = case
    states, reduced, whole, quiet = PINNED[case]
    found = explored(writers, deviations, faults=faults)
    assert (found.states, found.transitions, found.quiet, found.complete) == (states, reduced, quiet, True)
    assert found.covered == deviations
    without = explored(writers, deviations, faults=faults, reduce=False)
    assert (without.states, without.transitions, without.quiet) == (states, whole, quiet)


def by_hand(writers: int) -> set[Any]:
    """The states that N writers have, in a model of the model: who waits for what, in which order the messages lie, and whose reading is stale.

    A writer is "wait" (its key is in the queue), "get" or "put" (its request is with the server), "got" (it may take what it read), "answer" (it may take the
    answer to its write), or "done"; beside it stands what it has read and whether it was written.
    """
    start = (0, (), tuple(("wait", 0, False) for _ in range(writers)))
    seen, todo = {start}, deque([start])
    while todo:
        value, inbox, states = todo.popleft()
        for n in range(writers):
            kind, read, written = states[n]

            def to(
                state: tuple[str, int, bool], more: tuple[int, ...], now: int, n: int = n, states: Any = states
            ) -> tuple[object, ...]:
                return now, more, (*states[:n], state, *states[n + 1 :])

            if kind == "wait":
                after = to(("get", 0, False), (*inbox, n), value)
            elif kind == "got":
                after = to(("put", read, False), (*inbox, n), value)
            elif kind == "get":
                after = to(("got", value, False), tuple(m for m in inbox if m != n), value)
            elif kind == "put":
                wins = read == value
                after = to(("answer", read, wins), tuple(m for m in inbox if m != n), value + wins)
            elif kind == "answer":
                after = to(("done" if written else "wait", 0, False), inbox, value)
            else:
                continue
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


def orbits(writers: int) -> int:
    """How many of these are left if it does not count which writer is which."""
    return len(
        {min(_permuted(state, order) for order in itertools.permutations(range(writers))) for state in by_hand(writers)}
    )


def _permuted(state: Any, order: tuple[int, ...]) -> Any:
    value, inbox, states = state
    return value, tuple(order[n] for n in inbox), tuple(states[order.index(n)] for n in range(len(order)))


@pytest.mark.parametrize("writers", [1, 2, 3])
def test_without_a_bound_there_are_as_many_states_as_by_hand(writers: int) -> None:
    found = explored(writers, 50)
    assert found.complete
    assert found.levels[-1].states == 0
    assert found.states == len(by_hand(writers))


def test_the_first_counterexample_has_the_fewest_deviations_and_then_the_fewest_steps() -> None:
    found = explored(2, 3, blind=True)
    assert found.failure is not None
    assert found.failure.id == "TOY-01"
    assert found.failure.finding == "the cell went from 1 to 1: expected 2"
    assert [level.deviations for level in found.levels] == [0, 1]
    assert len(found.path) == 9
    assert not found.complete
    assert found.covered == 0
    assert _schedules(deviations=0, length=20)
    assert _schedules(deviations=1, length=8)


def _schedules(deviations: int, length: int) -> int:
    """How many schedules two blind writers have with at most so many deviations and steps. Raises AssertionError if one of them loses an update."""
    model, world = counting(2, blind=True)
    watching = monitor()
    ways = [(world, deviations)]
    count = 0
    for _ in range(length):
        longer = []
        for at, left in ways:
            for action in enabled(at):
                rest = left - deviates(at, action)
                if rest >= 0:
                    after, delta = step(model, at, action)
                    assert watching.check(at, action, after, delta) is None
                    longer.append((after, rest))
        ways = longer
        count += len(ways)
    return count


def test_a_bound_on_states_stops_the_search_and_says_so() -> None:
    model, world = counting(3, faults=FaultBudget.parse("crash=9"))
    found = Search(model, world, Bounds(3, max_states=300), monitor=monitor()).run()
    assert found.stopped == "max-states"
    assert not found.complete
    assert found.covered == 1
    assert 300 <= found.states < 1000


def test_whoever_watches_the_search_can_stop_it() -> None:
    asked = itertools.count()
    model, world = counting(3, faults=FaultBudget.parse("crash=9"))
    found = Search(model, world, Bounds(3, enough=lambda: "memory" if next(asked) == 3 else "")).run()
    assert found.stopped == "memory"
    assert found.transitions == 4 * LOOK_EVERY


def up_to_symmetry(writers: int, deviations: int, faults: str = "") -> Explored:
    model, world = counting(writers, faults=FaultBudget.parse(faults))
    members = tuple(((f"writer/{n}",), world.names[f"writer/{n}"]) for n in range(writers))
    canonical = Symmetric(model, world, budgets=False, others=(members,))
    return Search(model, world, Bounds(deviations), monitor=monitor(), canonical=canonical).run()


# (writers, deviations, faults) → states when it does not count which of the writers is which, and when it does
SYMMETRIC = {
    (2, 50, ""): (29, 55),
    (3, 50, ""): (136, 720),
    (3, 2, "crash=9"): (852, 2009),
}


@pytest.mark.parametrize("case", SYMMETRIC, ids=str)
def test_counts_up_to_symmetry_are_pinned(case: tuple[int, int, str]) -> None:
    states, without = SYMMETRIC[case]
    found = up_to_symmetry(*case)
    assert found.complete
    assert found.failure is None
    assert (found.states, explored(case[0], case[1], faults=case[2]).states) == (states, without)


@pytest.mark.parametrize("writers", [2, 3])
def test_without_a_bound_symmetry_leaves_one_state_of_each_orbit(writers: int) -> None:
    assert up_to_symmetry(writers, 50).states == orbits(writers)

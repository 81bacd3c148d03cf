"""Exhaustive search: all schedules with at most k deviations, the fewest deviations and the shortest schedules first.

What it leaves out, specs/search.md argues for.

A schedule is what the sane scheduler does (`first`), but for its deviations: another action that is enabled, or a fault. Worlds are states by their canonical
fingerprints; of a state nothing is kept but its fingerprint and that of the state from which it was first reached, so a schedule is found again by replay.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from ..core.action import Action, AdvanceTo, StopFaults
from ..core.budget import KINDS, NO_FAULTS
from ..core.delta import Delta
from ..core.digest import MASK, cell
from ..core.enabled import is_quiet, label
from ..core.errors import ModelError
from ..core.invariant import Monitor
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..scenarios.format import Scenario
from .canonical import Canonical
from .cluster import Parts
from .due import Witness
from .due import usual as expected_of
from .failure import Failure, failure_of, of_violation
from .options import alternatives, commutes, free, usual
from .run import Outcome, no_cyclic_gc
from .symmetry import Symmetric

LONGEST_MS: Final = 60_000
LONGEST_BEATING_MS: Final = 900_000
"""When so much logical time has passed since the start, faults do not last any longer: some keep two components busy with each other for as long as they do."""
LOOK_EVERY: Final = 256
"""After so many transitions the bounds on memory and the caller's wishes are looked at."""


@attrs.frozen
class Bounds:
    """How far a search goes: `deviations` per schedule; it stops at `max_states` states, or as soon as `enough` names a reason (memory, Ctrl-C)."""

    deviations: int
    max_states: int = 10_000_000
    enough: Callable[[], str] = lambda: ""


@attrs.define
class Level:
    """What was seen of the schedules with a number of deviations that had not been seen with fewer."""

    deviations: int
    states: int = 0
    transitions: int = 0
    depth: int = 0
    done: bool = False


@attrs.define(eq=False)
class Explored:
    """What a search found.

    `complete`: every schedule within the bound was looked at (up to a failure, which ends a search); `stopped`: why it was not. `states` are distinct ones,
    `transitions` the steps taken, of which `merged` led to a state that was known; `quiet` states were judged by what must hold in the end. `path` leads
    to the failure, its last action included.
    """

    bound: int
    levels: list[Level] = attrs.Factory(list)
    states: int = 0
    transitions: int = 0
    merged: int = 0
    quiet: int = 0
    depth: int = 0
    frontier: int = 0
    stopped: str = ""
    failure: Failure | None = None
    path: tuple[Action, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all schedules within the bound were looked at."""
        return not self.stopped and self.failure is None

    @property
    def covered(self) -> int:
        """All schedules with at most so many deviations were looked at; -1 if not even those without any."""
        return max((level.deviations for level in self.levels if level.done), default=-1)


Progress = Callable[[Explored], None]
Entry = tuple[World, int, Action | None]


def _lasts(world: World) -> bool:
    return bool(world.holds or world.down or world.cuts)


class _Stop(Exception):
    """The search is over before its end."""


class Search:
    """One search. What the scenario expects is judged at quiet, beside the invariants; `parts` are those of its cluster, if not the usual ones.

    `symmetry`: which of several interchangeable pods or nodes is which does not count; `reduce`: steps that only lead where another schedule leads are left
    out; `check_every`: of so many states one is checked (MODEL checks).
    """

    def __init__(
        self,
        model: Model,
        world: World,
        bounds: Bounds,
        *,
        monitor: Monitor | None = None,
        scenario: Scenario | None = None,
        parts: Parts | None = None,
        reduce: bool = True,
        symmetry: bool = False,
        check_every: int = 0,
        canonical: Canonical | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.model = model
        self._root = world
        self._bounds = bounds
        self._monitor = monitor or Monitor(())
        self._scenario = scenario
        self._parts = parts
        self._reduce = reduce
        self._check_every = check_every
        self._progress = progress
        self._budgets = any(0 < world.faults.left(kind) < bounds.deviations for kind in KINDS)
        self._end_ms = world.now_ms + (LONGEST_BEATING_MS if model.heartbeats else LONGEST_MS)
        self._symmetry = symmetry
        self._canonical = canonical or self._fresh()
        self._parents: dict[int, int] = {}
        self._expected: dict[int, tuple[int, ...]] = {}
        self.found = Explored(bounds.deviations)
        self._level = Level(0)

    def _fresh(self) -> Canonical:
        if self._symmetry:
            return Symmetric(self.model, self._root, budgets=self._budgets)
        return Canonical(self.model, budgets=self._budgets)

    def _print(self, world: World, canonical: Canonical | None = None) -> int:
        """The fingerprint of a state: while a fault lasts, how long it may still last counts."""
        found = (canonical or self._canonical).fingerprint(world)
        return found + cell("horizon") * (world.now_ms - self._root.now_ms) & MASK if _lasts(world) else found

    def _usual(self, world: World) -> Action | None:
        """What is usual; no fault lasts longer than until the horizon."""
        action = usual(self.model, world)
        if type(action) is AdvanceTo and _lasts(world) and action.deadline_ms > self._end_ms:
            return StopFaults()
        return action

    def run(self) -> Explored:
        """Search until the end, a violation or a bound."""
        with no_cyclic_gc(), contextlib.suppress(_Stop):
            self._levels()
        self.found.states = len(self._parents)
        return self.found

    def _levels(self) -> None:
        root = self._print(self._root)
        self._parents[root] = root
        pending: dict[int, list[Entry]] = {0: [(self._root, root, None)]}
        deferred: dict[int, list[Entry]] = {}
        for deviations in range(self._bounds.deviations + 1):
            self._level = Level(deviations, states=int(not deviations))
            self.found.levels.append(self._level)
            last = deviations == self._bounds.deviations
            deferred = self._one_level(pending, deferred, last=last)
            self._level.done = True
            pending = {}

    def _one_level(
        self, pending: dict[int, list[Entry]], deferred: dict[int, list[Entry]], *, last: bool
    ) -> dict[int, list[Entry]]:
        """Look at all states of one level, by length; what is to deviate from, once that level is done."""
        later: dict[int, list[Entry]] = {}
        while pending or deferred:
            length = min([*pending, *deferred])
            following: list[Entry] = pending.setdefault(length + 1, [])
            self._level.depth, self.found.depth = length, max(self.found.depth, length)
            for world, fingerprint, _ in deferred.pop(length, ()):
                self._deviate(world, fingerprint, following)
            entries = pending.pop(length, [])
            for entry in entries:
                self._go_on(entry, following)
            if not last and entries:
                later[length] = entries
            self.found.frontier = len(following)
            if not following:
                del pending[length + 1]
        return later

    def _go_on(self, entry: Entry, following: list[Entry]) -> None:
        """What costs no deviation: the usual action, and the ends of faults that last."""
        world, fingerprint, skipped = entry
        if is_quiet(self.model, world):
            self._quiet(world, fingerprint)
            return
        action = self._usual(world)
        if action is not None and (skipped is None or type(action) is not type(skipped) or action != skipped):
            self._take(world, fingerprint, action, following, None)
        for end in free(self.model, world):
            self._take(world, fingerprint, end, following, None)

    def _deviate(self, world: World, fingerprint: int, following: list[Entry]) -> None:
        """What costs one deviation."""
        if is_quiet(self.model, world):
            return
        action = self._usual(world)
        for other in alternatives(self.model, world):
            skipped = (
                action if self._reduce and action is not None and commutes(self.model, world, action, other) else None
            )
            self._take(world, fingerprint, other, following, skipped)

    def _take(self, world: World, parent: int, action: Action, following: list[Entry], skipped: Action | None) -> None:
        found = self.found
        after, delta = step(self.model, world, action)
        found.transitions += 1
        self._level.transitions += 1
        violation = self._monitor.check(world, action, after, delta)
        if violation is not None:
            self._failed(of_violation(violation), parent, action)
        fingerprint = self._print(after)
        known = fingerprint in self._parents
        if self._check_every:
            self._check(after, fingerprint, known=known)
        if known:
            found.merged += 1
        else:
            self._parents[fingerprint] = parent
            self._level.states += 1
            following.append((after, fingerprint, skipped))
        if not found.transitions % LOOK_EVERY:
            self._look()

    def _look(self) -> None:
        found = self.found
        found.states = len(self._parents)
        if self._progress is not None:
            self._progress(found)
        found.stopped = "max-states" if found.states >= self._bounds.max_states else self._bounds.enough()
        if found.stopped:
            raise _Stop

    def _quiet(self, world: World, fingerprint: int) -> None:
        self.found.quiet += 1
        violation = self._monitor.check_quiet(self.model, world)
        outcome = Outcome(world, world.index - self._root.index, "violated" if violation else "quiet", violation)
        failure = of_violation(violation) if violation else None
        if self._scenario is not None:
            failure = failure_of(self._scenario, outcome)
            if violation is None and failure is not None and self._excuse(fingerprint):
                return
        if failure is not None:
            self._failed(failure, fingerprint, None)

    def _excuse(self, fingerprint: int) -> str:
        """Why nothing that the scenario expects is due at the end of the schedule that led here (due.py)."""
        if self._root.faults is NO_FAULTS or self._scenario is None:
            return ""
        witness, end = Witness(), self._root
        for before, action, after in self.way_to(fingerprint):
            witness(before, action, after, step(self.model, before, action)[1])
            end = after
        return witness.excuse(end, expected_of(self._scenario, self._parts))

    # ---- the way to a state

    def _failed(self, failure: Failure, fingerprint: int, action: Action | None) -> None:
        taken = self.way_to(fingerprint)
        end = taken[-1][2] if taken else self._root
        actions = [each for _, each, _ in taken]
        labels = [label(self.model, before, each) for before, each, _ in taken]
        if action is not None:
            again, failure = self._again(end, failure)
            actions.append(again)
            labels.append(label(self.model, end, again))
        self.found.failure = attrs.evolve(failure, step=end.index)
        self.found.path, self.found.labels = tuple(actions), tuple(labels)
        raise _Stop

    def way_to(self, fingerprint: int) -> list[tuple[World, Action, World]]:
        """The steps to a state that was seen, found again by replay. Raises ModelError if a step of it does not lead where it led."""
        chain = [fingerprint]
        while self._parents[chain[-1]] != chain[-1]:
            chain.append(self._parents[chain[-1]])
        world = self._root
        taken: list[tuple[World, Action, World]] = []
        for wanted in reversed(chain[:-1]):
            for action, after, _ in self._successors(world):
                if self._print(after) == wanted:
                    taken.append((world, action, after))
                    world = after
                    break
            else:
                raise ModelError(
                    f"step {world.index} of a schedule does not lead to the state that it led to: {_CAUSES}"
                )
        return taken

    def _again(self, world: World, failure: Failure) -> tuple[Action, Failure]:
        """The action that breaks the same invariant from here, and how it does."""
        for action, after, delta in self._successors(world):
            violation = self._monitor.check(world, action, after, delta)
            if violation is not None and violation.invariant.id == failure.id:
                return action, of_violation(violation)
        raise ModelError(f"{failure} cannot be found again after replay: {_CAUSES}")

    def _successors(self, world: World) -> Iterator[tuple[Action, World, Delta]]:
        """All that can follow, the usual first."""
        action = self._usual(world)
        first = [] if action is None else [action]
        for each in (*first, *free(self.model, world), *alternatives(self.model, world)):
            yield each, *step(self.model, world, each)

    # ---- MODEL checks

    def _check(self, world: World, fingerprint: int, *, known: bool) -> None:
        """The fingerprint equals its recomputation; successors of merged states are equal. Raises ModelError."""
        if fingerprint % self._check_every:
            return
        again = self._print(world, self._fresh())
        if again != fingerprint:
            raise ModelError(f"the canonical fingerprint at step {world.index} is not what its recomputation gives")
        if not self._budgets and world.faults is not NO_FAULTS:  # what was spent is the bound's affair, not the state's
            faults = self._root.faults
            if not world.faults.left("compact"):
                # then what history there is left is no part of the state (canonical.py)
                faults = attrs.evolve(faults, compact=0)
            world = world.with_faults(faults)
        successors = tuple(sorted(self._print(after) for _, after, _ in self._successors(world)))
        expected = self._expected.setdefault(fingerprint, successors)
        if known and expected != successors:
            raise ModelError(
                f"two states at step {world.index} count as equal, but not all that can follow does: {_CAUSES}"
            )


_CAUSES: Final = (
    "common causes: state that the canonical fingerprint leaves out although something reads it (specs/search.md)"
)


def search(model: Model, world: World, bounds: Bounds, **options: Any) -> Explored:
    """Search all schedules of a World within bounds; the options are those of Search."""
    return Search(attrs.evolve(model, keep_live=False), world, bounds, **options).run()

"""Named invariants, and the Monitor that routes each step's facts to those that they concern.

An invariant is a function `(before, action, after, delta) -> str | None`: None, or one sentence with subject, observed and expected. `on=` says when it is
asked, so that its cost is proportional to the change.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from functools import partial
from operator import eq
from typing import Any

import attrs

from .action import Action
from .delta import Delta
from .world import World

Check = Callable[..., "str | None"]


class Severity(enum.Enum):
    """What a violation means."""

    SAFETY = "safety"  # must hold at every step
    REACH = "reach"  # must be seen somewhere in the suite: the check returns a sentence when it is
    LIVENESS = "liveness"  # must hold once the cluster is quiet: the check is called as (model, world)
    MODEL = "model"  # a violation is a bug of refk8s itself


SAFETY, REACH, LIVENESS, MODEL = Severity


@attrs.frozen
class Writes:
    """Ask after every step that committed a change to one of `resources` (none named: to anything)."""

    resources: tuple[str, ...] = ()


@attrs.frozen
class Served:
    """Ask after every request that an API server handled."""


@attrs.frozen
class Delivered:
    """Ask after every step that moved an informer (delivery or relist)."""


@attrs.frozen
class Noted:
    """Ask after every step in which a component told a fact of this kind."""

    kind: str


@attrs.frozen
class AtQuiet:
    """Ask when a run has become quiet."""


@attrs.frozen
class EachStep:
    """Ask after every step of a run. The check has a memory: what is registered makes it, as `make(model, first world)`, for each run (Monitor.begin)."""


Occasion = Writes | Served | Delivered | Noted | AtQuiet | EachStep


def writes(*resources: str) -> Writes:
    """After every commit to one of `resources` (none named: to anything)."""
    return Writes(resources)


@attrs.frozen
class Invariant:
    """One named guarantee. `guarantee` is the docstring of its check, `spec` the page that explains it, `catalogue` its id in the catalogue of properties."""

    id: str
    claim: str
    guarantee: str
    severity: Severity
    on: Occasion
    spec: str
    source: str
    catalogue: str
    check: Check


class Registry:
    """The invariants of a suite, by id; ids are permanent and unique."""

    def __init__(self) -> None:
        self._found: dict[str, Invariant] = {}

    def invariant(
        self, id: str, *, severity: Severity, on: Occasion, spec: str, source: str, catalogue: str = ""
    ) -> Callable[[Check], Check]:
        """Register a check; its name is the claim, its docstring the guarantee."""

        def register(check: Check) -> Check:
            if id in self._found:
                raise ValueError(f"invariant {id} is defined twice")
            if not check.__doc__:
                raise ValueError(f"invariant {id} has no guarantee: give its check a docstring")
            guarantee = " ".join(check.__doc__.split())
            self._found[id] = Invariant(id, check.__name__, guarantee, severity, on, spec, source, catalogue, check)
            return check

        return register

    def add(self, invariant: Invariant) -> None:
        """Register a derived invariant (e.g. of a Machine)."""
        if invariant.id in self._found:
            raise ValueError(f"invariant {invariant.id} is defined twice")
        self._found[invariant.id] = invariant

    def all(self) -> tuple[Invariant, ...]:
        """The invariants in the order of their ids."""
        return tuple(self._found[id] for id in sorted(self._found))


@attrs.frozen
class Violation:
    """A broken invariant: where, and the sentence that says what was observed and expected."""

    invariant: Invariant
    step: int
    finding: str

    def __str__(self) -> str:
        return f"{self.invariant.id} {self.invariant.claim}: {self.finding}"


class _Group:
    """The invariants that are asked on the same occasion, and how often they were."""

    __slots__ = ("invariants", "rows", "times")

    def __init__(self, invariants: Iterable[Invariant]) -> None:
        self.invariants = tuple(invariants)
        self.rows = tuple((invariant.check, invariant) for invariant in self.invariants)
        self.times = 0


class Monitor:
    """Checks every step of one run. `reached` collects the REACH invariants seen."""

    def __init__(self, invariants: Iterable[Invariant]) -> None:
        self.invariants = tuple(invariants)
        self.reached: set[str] = set()
        self._groups: list[_Group] = []
        self._writes: dict[str, _Group] = {}
        self._served = self._on(lambda on: on == Served())
        self._delivered = self._on(lambda on: on == Delivered())
        kinds = sorted({invariant.on.kind for invariant in self.invariants if isinstance(invariant.on, Noted)})
        self._noted = {kind: self._on(partial(eq, Noted(kind))) for kind in kinds}
        self._quiet = self._on(lambda on: on == AtQuiet())
        self._remembering = self._on(lambda on: on == EachStep())
        self._each: tuple[tuple[Any, Invariant], ...] = ()

    def begin(self, model: Any, world: World) -> None:
        """A run begins here: invariants with a memory are asked from now on."""
        self._each = tuple((invariant.check(model, world), invariant) for invariant in self._remembering.invariants)

    @property
    def at_quiet(self) -> tuple[Invariant, ...]:
        """The invariants that are asked of a quiet world."""
        return self._quiet.invariants

    @property
    def asked(self) -> dict[str, int]:
        """How often each invariant was asked."""
        found: dict[str, int] = {}
        for group in self._groups:
            for invariant in group.invariants if group.times else ():
                found[invariant.id] = found.get(invariant.id, 0) + group.times
        return found

    def _on(self, wanted: Callable[[Occasion], bool]) -> _Group:
        group = _Group(invariant for invariant in self.invariants if wanted(invariant.on))
        self._groups.append(group)
        return group

    def _writers(self, resource: str) -> _Group:
        found = self._writes.get(resource)
        if found is None:
            found = self._on(lambda on: isinstance(on, Writes) and (not on.resources or resource in on.resources))
            self._writes[resource] = found
        return found

    def check(self, before: World, action: Action, after: World, delta: Delta) -> Violation | None:
        """The first violation of this step, or None."""
        found: Violation | None = None
        commits = delta.commits
        if commits:
            for place, change in enumerate(commits):
                if not place or all(change.resource != earlier.resource for earlier in commits[:place]):
                    found = found or self._ask(self._writers(change.resource), before, action, after, delta)
        if delta.served is not None:
            found = found or self._ask(self._served, before, action, after, delta)
        if delta.delivered is not None:
            found = found or self._ask(self._delivered, before, action, after, delta)
        for _, kind, _ in delta.notes:
            if kind in self._noted:
                found = found or self._ask(self._noted[kind], before, action, after, delta)
        for remembering, invariant in self._each:
            finding = remembering(before, action, after, delta)
            if finding is not None:
                found = found or Violation(invariant, before.index, finding)
        self._remembering.times += 1
        return found

    def _ask(self, group: _Group, before: World, action: Action, after: World, delta: Delta) -> Violation | None:
        group.times += 1
        for check, invariant in group.rows:
            finding = check(before, action, after, delta)
            if finding is not None:
                if invariant.severity is not REACH:
                    return Violation(invariant, before.index, finding)
                self.reached.add(invariant.id)
        return None

    def check_quiet(self, model: Any, world: World) -> Violation | None:
        """The first violated liveness property of a quiet world, or None."""
        self._quiet.times += 1
        for check, invariant in self._quiet.rows:
            finding = check(model, world)
            if finding is not None:
                return Violation(invariant, world.index, finding)
        return None

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


Occasion = Writes | Served | Delivered | Noted | AtQuiet


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


class Monitor:
    """Checks every step of one run. `reached` collects the REACH invariants seen, `asked` how often each invariant was asked."""

    def __init__(self, invariants: Iterable[Invariant]) -> None:
        self.invariants = tuple(invariants)
        self.reached: set[str] = set()
        self.asked: dict[str, int] = {}
        self._by_resource: dict[str, tuple[Invariant, ...]] = {}
        self._any_write = self._on(lambda on: on == Writes())
        self._served = self._on(lambda on: on == Served())
        self._delivered = self._on(lambda on: on == Delivered())
        kinds = sorted({invariant.on.kind for invariant in self.invariants if isinstance(invariant.on, Noted)})
        self._noted = {kind: self._on(partial(eq, Noted(kind))) for kind in kinds}
        self.at_quiet = self._on(lambda on: on == AtQuiet())

    def _on(self, wanted: Callable[[Occasion], bool]) -> tuple[Invariant, ...]:
        return tuple(invariant for invariant in self.invariants if wanted(invariant.on))

    def _writers(self, resource: str) -> tuple[Invariant, ...]:
        found = self._by_resource.get(resource)
        if found is None:
            found = self._any_write + self._on(lambda on: isinstance(on, Writes) and resource in on.resources)
            self._by_resource[resource] = found
        return found

    def check(self, before: World, action: Action, after: World, delta: Delta) -> Violation | None:
        """The first violation of this step, or None."""
        if delta.commits:
            seen: set[str] = set()
            for change in delta.commits:
                if change.resource not in seen:
                    seen.add(change.resource)
                    found = self._ask(self._writers(change.resource), before, action, after, delta)
                    if found is not None:
                        return found
        if delta.served is not None and self._served:
            found = self._ask(self._served, before, action, after, delta)
            if found is not None:
                return found
        if delta.delivered is not None and self._delivered:
            found = self._ask(self._delivered, before, action, after, delta)
            if found is not None:
                return found
        for _, kind, _ in delta.notes:
            found = self._ask(self._noted.get(kind, ()), before, action, after, delta)
            if found is not None:
                return found
        return None

    def _ask(
        self, invariants: tuple[Invariant, ...], before: World, action: Action, after: World, delta: Delta
    ) -> Violation | None:
        asked = self.asked
        for invariant in invariants:
            asked[invariant.id] = asked.get(invariant.id, 0) + 1
            finding = invariant.check(before, action, after, delta)
            if finding is not None:
                if invariant.severity is REACH:
                    self.reached.add(invariant.id)
                else:
                    return Violation(invariant, before.index, finding)
        return None

    def check_quiet(self, model: Any, world: World) -> Violation | None:
        """The first violated liveness property of a quiet world, or None."""
        for invariant in self.at_quiet:
            self.asked[invariant.id] = self.asked.get(invariant.id, 0) + 1
            finding = invariant.check(model, world)
            if finding is not None:
                return Violation(invariant, world.index, finding)
        return None

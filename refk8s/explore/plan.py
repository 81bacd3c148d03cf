"""A schedule as what is not normal in it: the default driver, except that some actions wait and some faults happen.

A plan names actions by their labels (and how often a label had been taken before), never by step numbers, so that it survives when other parts of it, or of the
scenario, are taken away. Its driver is exact on the whole plan of a run: it takes the same steps again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from ..core.action import Action, AdvanceTo, Input, StopFaults
from ..core.budget import NO_FAULTS, FaultBudget
from ..core.enabled import CLOCK, actions_of, deviates, enabled, find, is_idle, label
from ..core.errors import ReplayDivergence
from ..core.model import Model
from ..core.world import World

Nth = tuple[str, int]
"""A label, and the how-manieth time that it is taken (from 1)."""

START: Nth = ("", 0)
"""What has been taken from the beginning."""


@attrs.frozen
class Wait:
    """The action `what` waits until `until` has been taken (None: it does not happen as long as the run goes)."""

    what: Nth
    until: Nth | None


@attrs.frozen
class Inject:
    """What no default driver does (a fault, a hold, an input) happens as soon as it can after `after`."""

    what: str
    after: Nth
    payload: Any = attrs.field(default=None, eq=False)


Deviation = Wait | Inject
Plan = tuple[Deviation, ...]


@attrs.frozen(eq=False)
class Taken:
    """One step of a run: its label, the labels of what the default driver would have done before it, and whether no default driver does such things."""

    label: str
    overtaken: tuple[str, ...]
    injected: bool
    payload: Any = None

    @property
    def deviates(self) -> bool:
        """Whether the default driver would have done something else."""
        return self.injected or bool(self.overtaken)


class Recorder:
    """An observer that notes the steps of a run with all that they overtook."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.taken: list[Taken] = []

    def __call__(self, before: World, action: Action, after: World, delta: object) -> None:
        """Note one step."""
        self.taken.append(taken(self._model, before, action))


def taken(model: Model, world: World, action: Action) -> Taken:
    """What taking `action` in `world` means for a plan."""
    name = label(model, world, action)
    if not deviates(world, action):
        return Taken(name, (), injected=False)
    overtaken: list[str] = []
    for other in enabled(world):
        if type(other) is AdvanceTo:
            break  # time that passes while work waits is a fault
        if type(other) is type(action) and other == action:
            return Taken(name, tuple(overtaken), injected=False)
        overtaken.append(label(model, world, other))
    return Taken(name, (), injected=True, payload=action.payload if isinstance(action, Input) else None)


def plan_of(steps: Sequence[Taken]) -> Plan:
    """The plan under which the same steps are taken again, in the order in which its parts begin to matter."""
    counts: dict[str, int] = {}
    last: Nth = START
    found: list[Deviation] = []
    waiting: dict[Nth, int] = {}
    for step in steps:
        this = (step.label, counts.get(step.label, 0) + 1)
        if step.injected:
            found.append(Inject(step.label, last, step.payload))
        elif this in waiting:
            found[waiting.pop(this)] = Wait(this, last)
        for name in step.overtaken:
            other = (name, counts.get(name, 0) + 1)
            if other not in waiting:
                waiting[other] = len(found)
                found.append(Wait(other, None))
        counts[step.label] = this[1]
        last = this
    return tuple(found)


def rebased(plan: Iterable[Deviation], before: Mapping[str, int]) -> Plan:
    """The plan for a run that begins later: `before` says how often each label had been taken until there."""

    def later(nth: Nth) -> Nth:
        return (nth[0], nth[1] - before.get(nth[0], 0))

    found: list[Deviation] = []
    for part in plan:
        if isinstance(part, Inject):
            after = later(part.after)
            found.append(Inject(part.what, after if after[1] > 0 else START, part.payload))
        elif later(part.what)[1] > 0:
            until = later(part.until) if part.until else None
            if until is None or until[1] > 0:
                found.append(Wait(later(part.what), until))
    return tuple(found)


def _found(model: Model, world: World, what: str) -> Action | None:
    """The action with this label, if it is possible now. Time goes on to whatever deadline is next."""
    if what.startswith("advance "):
        return next(iter(actions_of(world, CLOCK)), None)
    try:
        return find(model, world, what)
    except ReplayDivergence:
        return None


_KINDS: Final = {
    "crash": "crash",
    "hold": "hold",
    "duplicate": "duplicate",
    "batch": "batch",
    "stop-node": "node",
    "mishap": "exit",
    "partition": "partition",
    "compact": "compact",
    "relist": "relist",
}
"""The kinds of faults by the verbs of their labels; of requests the outcome says it."""


def budget_of(plan: Iterable[Deviation]) -> FaultBudget:
    """The faults in a plan as a budget for its World, which is not quiet before the plan is carried out; none if there are no faults."""
    counts: dict[str, int] = {}
    for part in plan:
        if isinstance(part, Inject):
            verb = part.what.partition(" ")[0]
            kind = _KINDS.get(verb, "")
            if verb == "serve":
                kind = "lost" if part.what.endswith(" lost") else "reject"
            if kind:
                counts[kind] = counts.get(kind, 0) + 1
    return FaultBudget(**counts) if counts else NO_FAULTS


class PlanDriver:
    """Does what the default driver does, except for what a plan says. When nothing is left to do but that, faults stop."""

    name = "plan"
    seed: int | None = None

    def __init__(self, plan: Plan) -> None:
        self._waits: dict[str, dict[int, Nth | None]] = {}
        self._injects: list[Inject] = []
        for part in plan:
            if isinstance(part, Wait):
                self._waits.setdefault(part.what[0], {})[part.what[1]] = part.until
            else:
                self._injects.append(part)
        self._counts: dict[str, int] = {}
        self.faults = budget_of(plan)

    def choose(self, model: Model, world: World) -> Action | None:
        """The next action."""
        action, name = self._injected(model, world)
        if action is None:
            action, name = self._enabled(model, world)
            calm = world.faults is not NO_FAULTS and not world.timers.goals and is_idle(world)
            if calm and (action is None or type(action) is AdvanceTo):
                action, name = StopFaults(), "stop-faults"
        if action is not None:
            self._counts[name] = self._counts.get(name, 0) + 1
        return action

    def _injected(self, model: Model, world: World) -> tuple[Action | None, str]:
        """The first fault whose time has come, if it can happen now."""
        for place, part in enumerate(self._injects):
            if not self._done(part.after):
                continue
            if part.payload is not None:
                del self._injects[place]
                return Input(part.payload), part.what
            action = _found(model, world, part.what)
            if action is not None:
                del self._injects[place]
                return action, part.what
        return None, ""

    def _enabled(self, model: Model, world: World) -> tuple[Action | None, str]:
        """The first enabled action that need not wait. Time does not pass while something waits for what does not come any more."""
        waiting: tuple[Action, str] | None = None
        for action in enabled(world):
            if waiting is not None and type(action) is AdvanceTo:
                return waiting
            name = label(model, world, action)
            waits = self._waits.get(name)
            if waits is None:
                return action, name
            until = waits.get(self._counts.get(name, 0) + 1, START)
            if self._done(until):
                return action, name
            if until is not None and waiting is None:
                waiting = (action, name)
        return waiting or (None, "")

    def _done(self, nth: Nth | None) -> bool:
        return nth == START or (nth is not None and self._counts.get(nth[0], 0) >= nth[1])

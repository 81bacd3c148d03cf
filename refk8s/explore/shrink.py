"""Shrinking: from a run that fails to the smallest one that fails in the same way.

By labels. First the deviations from what the default driver does (delta debugging over a plan), then the scenario (components, what was done before, users,
objects, nodes, numbers), then time; again until nothing can be taken away. Every accepted step fails with the same id under all invariants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from ..core.action import Input
from ..core.budget import NO_FAULTS, FaultBudget
from ..core.enabled import find
from ..core.errors import Refk8sError, ReplayDivergence
from ..core.faults import recoveries
from ..core.invariant import LIVENESS, Invariant, Monitor
from ..core.model import Model
from ..core.step import step
from ..core.world import World
from ..scenarios.format import Scenario, from_data
from .cluster import Cluster, Parts, build
from .drivers import Driver, RandomDriver
from .due import Witness, usual
from .failure import ENDLESS, GUARANTEES, Failure, failure_of, of_violation
from .plan import START, Inject, Nth, Plan, PlanDriver, Recorder, Taken, Wait, plan_of, rebased
from .reduce import REDUCTIONS, Reduction, Smaller, at_rest, components, rest
from .run import run

EFFORT: Final = 400_000
"""How many steps all candidates together may take."""
SLACK: Final = 1.25
SEEDS: Final = 6
"""How many random schedules are tried in a smaller scenario in which the plan does not fail any more."""
INNER_EFFORT: Final = 10_000
"""How many steps may be taken to shrink one of these."""
ENDLESS_STEPS: Final = 1_500
"""After how many steps a run counts as one without an end, while it is shrunk."""

MOST_ANCHORS: Final = 10
"""How many of the steps that overtook an action are tried as the last one that it waits for."""

Progress = Callable[[str], None]


@attrs.frozen(eq=False)
class Failing:
    """A run that fails: the scenario, the plan under which it does, its steps, and how.

    `faults` is the budget that its World begins with. `cut`: steps without bearing have been left out.
    """

    scenario: Scenario
    plan: Plan
    taken: tuple[Taken, ...]
    failure: Failure
    faults: FaultBudget = NO_FAULTS
    cut: bool = False

    @property
    def deviations(self) -> int:
        """How many steps are not what the default driver would have done."""
        return sum(each.deviates for each in self.taken)

    @property
    def size(self) -> tuple[int, int, int]:
        """What shrinking makes smaller: deviations, then steps, then the parts of the plan."""
        return self.deviations, len(self.taken), len(self.plan)


class Shrinker:
    """The smallest failing run so far, and what may be tried with it. `best` is it; `effort_left` counts down the steps of candidates.

    `parts` are those with which it fails; `control` (if there are others with which it must not) those without the bug.
    """

    def __init__(
        self,
        failing: Failing,
        parts: Parts | None,
        invariants: Iterable[Invariant],
        progress: Progress = lambda line: None,
        effort: int = EFFORT,
        control: Parts | None = None,
    ) -> None:
        self.best = failing
        self.effort_left = effort
        self._parts = parts
        self._control = control
        self._all = tuple(invariants)
        self._watched = tuple(each for each in self._all if each.id == failing.failure.id)
        self._progress = progress
        self._built: tuple[Scenario | None, tuple[Model, World] | None] = (None, None)

    def shrink(self) -> Failing:
        """Take away what can be, until nothing can or the effort is spent."""
        self._quickly()
        allowed = self._reductions()
        early = [each for each in (components, rest, at_rest) if each in (*allowed, rest)]
        for each in early:  # less to do in everything that follows
            self._reduce(each, search=False)
        before = None
        while before is not self.best and self.effort_left > 0:
            before = self.best
            self._plan()
            for reduction in self._reductions():
                was = self.best
                self._reduce(reduction)
                if self.best is not was:
                    self._plan()
            self._hold()
        self._cut()
        return self.best

    def _reductions(self) -> tuple[Reduction, ...]:
        """What may be taken away: not what makes the failure by being missing. With a control that is seen; without one it is a rule."""
        id, at_quiet = self.best.failure.id, self.best.failure.step == len(self.best.taken)
        if id in GUARANTEES and self._control is None:
            return (rest,)
        if at_quiet and self._control is None:
            return tuple(each for each in REDUCTIONS if each is not components)
        return REDUCTIONS

    # ---- one candidate

    def attempt(self, scenario: Scenario, plan: Plan, most: int) -> Failing | None:
        """The run of a scenario under a plan if it fails as it should within `most` steps."""
        found = self._attempt(scenario, PlanDriver(plan), plan, most, self._watched)
        if found is None or self._fails_anyway(scenario, plan, most):
            return None
        if len(self._watched) == len(self._all):
            return found
        return self._attempt(scenario, PlanDriver(plan), plan, len(found.taken), self._all)

    def _fails_anyway(self, scenario: Scenario, plan: Plan, most: int) -> bool:
        """Whether the control fails, too."""
        if self._control is None:
            return False
        try:
            driver = PlanDriver(plan)
            model, world = build(self._limited(scenario), self._control, driver.faults)
            outcome = run(model, world, driver, monitor=Monitor(self._watched), max_steps=2 * most)
        except Exception:  # what cannot be judged is no candidate
            return True
        self.effort_left -= outcome.steps + _cost_of((model, world))
        failure = failure_of(scenario, outcome)
        return failure is not None and failure.id == self.best.failure.id

    def _attempt(
        self, scenario: Scenario, driver: Driver, plan: Plan | None, most: int, watched: Sequence[Invariant]
    ) -> Failing | None:
        """As `attempt`, with any driver. What raises is no candidate: a component may not be able to run in a cluster from which something is missing."""
        try:
            return self._run(scenario, driver, plan, most, watched)
        except Exception:
            return None

    def _run(
        self, scenario: Scenario, driver: Driver, plan: Plan | None, most: int, watched: Sequence[Invariant]
    ) -> Failing | None:
        if self.effort_left <= 0:
            return None
        built = self._world(scenario, driver.faults)
        if built is None:
            return None
        model, world = built
        recorder, witness = Recorder(model), Witness()
        observers = (recorder, witness) if self.best.failure.id in GUARANTEES else (recorder,)
        outcome = run(model, world, driver, monitor=Monitor(watched), max_steps=most, observers=observers)
        self.effort_left -= outcome.steps + 1
        excused = ""
        if len(observers) > 1 and driver.faults.total:
            # as replay judges it: time that passed while work waited excuses nothing
            excused = witness.excuse(outcome.world, usual(scenario, self._parts))
        failure = failure_of(scenario, outcome, excused=excused)
        if failure is None or failure.id != self.best.failure.id or not recorder.taken:
            return None
        if failure.step == len(recorder.taken) and next(recoveries(outcome.world), None) is not None:
            return None  # what is due at quiet is due when faults have stopped
        taken = tuple(recorder.taken)
        return Failing(scenario, plan_of(taken) if plan is None else plan, taken, failure, driver.faults)

    def _world(self, scenario: Scenario, faults: FaultBudget) -> tuple[Model, World] | None:
        """The model and first world of a scenario, or None if it has none or begins with the failure."""
        if self._built[0] is not scenario:
            try:
                sound = scenario.cluster.given is None or self._begins_well(scenario)
                self._built = (scenario, build(self._limited(scenario), self._parts) if sound else None)
                self.effort_left -= _cost_of(self._built[1])
            except Refk8sError:
                self._built = (scenario, None)
                self.effort_left -= self._limited(scenario).given_steps
        if self._built[1] is None or faults is NO_FAULTS:
            return self._built[1]
        model, world = self._built[1]
        return model, world.with_faults(faults)

    def _limited(self, scenario: Scenario) -> Cluster:
        """The cluster of a scenario, which must be at rest soon."""
        return attrs.evolve(scenario.cluster, given_steps=3_000 + 4 * len(self.best.taken))

    def _begins_well(self, scenario: Scenario) -> bool:
        """Whether a cluster at rest, before users do anything, is as invariants at quiet demand: what was done before must not be the failure itself."""
        if all(each.severity is not LIVENESS for each in self._watched):
            return True
        model, world = build(attrs.evolve(self._limited(scenario), users={}), self._parts)
        return Monitor(self._watched).check_quiet(model, world) is None

    @property
    def _most(self) -> int:
        return ENDLESS_STEPS if self.best.failure.id == ENDLESS else int(len(self.best.taken) * SLACK) + 8

    def _accept(self, found: Failing, what: str) -> bool:
        self.best = found
        deviations, steps, _ = found.size
        self._progress(f"{what}: {deviations} deviations, {steps} steps")
        return True

    # ---- the plan

    def _try_plan(self, plan: Plan, what: str) -> bool:
        """Whether the run fails under another plan that is not larger; then it is the best one."""
        found = self.attempt(self.best.scenario, plan, self._most)
        return found is not None and found.size < self.best.size and self._accept(found, what)

    def _quickly(self) -> None:
        """The great cuts: no deviations at all, only the faults, only the order."""
        plan = self.best.plan
        faults = tuple(part for part in plan if isinstance(part, Inject))
        for kept in ((), faults, tuple(part for part in plan if not isinstance(part, Inject))):
            if len(kept) < len(plan) and self._try_plan(kept, "fewer deviations"):
                return

    def _plan(self) -> None:
        """Delta debugging: leave out ever smaller pieces of the plan."""
        size = len(self.best.plan)
        while size:
            at = 0
            while at < len(self.best.plan):
                plan = self.best.plan
                if not self._try_plan(plan[:at] + plan[at + size :], "fewer deviations"):
                    at += size
            size //= 2
        self._sooner()

    def _sooner(self) -> None:
        """Let what waits wait less long: only until one of the first steps that overtook it."""
        for number in range(len(self.best.plan) if len(self.best.plan) <= MOST_ANCHORS else 0):
            wait = self.best.plan[number] if number < len(self.best.plan) else None
            if not isinstance(wait, Wait):
                continue
            for until in _overtakers(self.best.taken, wait.what)[:MOST_ANCHORS]:
                plan = self.best.plan
                if until == wait.until or self._try_plan(
                    (*plan[:number], Wait(wait.what, until), *plan[number + 1 :]), "waits less"
                ):
                    break

    def _cut(self) -> None:
        """Leave out steps that have no bearing: what they did is merely late. Deviations stay. Not where the cluster has to become quiet."""
        if self.best.failure.step == len(self.best.taken):
            return
        place = len(self.best.taken) - 2
        while place >= 0 and self.effort_left > 0:
            taken = self.best.taken
            found = None if taken[place].deviates else self._follow([*taken[:place], *taken[place + 1 :]])
            if found is not None and found.deviations == self.best.deviations:
                self._accept(found, "cut")
            place = min(place, len(self.best.taken) - 1) - 1

    def _follow(self, steps: Sequence[Taken]) -> Failing | None:
        """The run that takes these steps as far as they are possible, if it fails as it should. Deviations stay what they were."""
        built = self._world(self.best.scenario, self.best.faults)
        assert built is not None
        model, world = built
        monitor, done = Monitor(self._all), []
        monitor.begin(model, world)
        for each in steps:
            try:
                action = Input(each.payload) if each.payload is not None else find(model, world, each.label)
            except ReplayDivergence:
                continue
            after, delta = step(model, world, action)
            done.append(each)
            violation = monitor.check(world, action, after, delta)
            world = after
            if violation is not None:
                if violation.invariant.id != self.best.failure.id:
                    return None
                return attrs.evolve(self.best, taken=tuple(done), failure=of_violation(violation), cut=True)
        self.effort_left -= len(done)
        return None

    # ---- the scenario

    def _reduce(self, reduction: Reduction, *, search: bool = True) -> None:
        at = 0
        while self.effort_left > 0:
            spec = self.best.scenario.data.get("spec") or {}
            for smaller in _from(reduction(spec), at):
                if smaller.spec != spec and self._try_scenario(smaller, search=search):
                    break
                at += 1
            else:
                return

    def _try_scenario(self, smaller: Smaller, *, search: bool) -> bool:
        """Whether a smaller scenario fails, too: under the plan, under it as of later, or under a few random schedules; then it is the best one."""
        try:
            scenario = from_data({**self.best.scenario.data, "spec": smaller.spec})
        except Refk8sError:
            return False
        plans = [self.best.plan]
        if smaller.later and self.best.plan:
            plans.append(rebased(self.best.plan, self._before(*smaller.later)))
        if self.best.plan:
            plans.append(())
        for plan in dict.fromkeys(plans):
            found = self.attempt(scenario, plan, self._most)
            if found is not None and found.size[:2] <= self.best.size[:2]:
                return self._accept(found, smaller.what)
        return search and self._searched(scenario, smaller.what)

    def _searched(self, scenario: Scenario, what: str) -> bool:
        """Whether one of a few random schedules of a smaller scenario fails, too, and shrinks to one that is not larger than the best one."""
        if not self.best.plan:
            return False
        for seed in range(SEEDS):
            found = self._attempt(scenario, RandomDriver(seed), None, self._most, self._watched)
            if found is not None:
                inner = Shrinker(
                    found, self._parts, self._all, effort=min(self.effort_left, INNER_EFFORT), control=self._control
                )
                inner._quickly()
                inner._plan()
                inner._hold()
                self.effort_left -= INNER_EFFORT - max(inner.effort_left, 0)
                best = inner.attempt(scenario, inner.best.plan, inner._most) if inner.effort_left > 0 else None
                if best is not None and best.size[:2] <= self.best.size[:2]:
                    return self._accept(best, what)
        return False

    def _before(self, user: str, count: int) -> Mapping[str, int]:
        """How often each label had been taken before a user began the next of `count` steps (no user: before any did something)."""
        counts: dict[str, int] = {}
        begin = f"begin user/{user}/script" if user else "begin user/"
        for each in self.best.taken:
            if each.label.startswith(begin):
                count -= 1
                if count < 0:
                    break
            counts[each.label] = counts.get(each.label, 0) + 1
        return counts

    # ---- holds

    def _hold(self) -> None:
        """A delay that lasts is one deviation: hold the informer or process instead, if that is less."""
        for wait in [part for part in self.best.plan if isinstance(part, Wait)]:
            held = _held(wait.what[0])
            after = _before_overtaken(self.best.taken, wait.what)
            if held is None or after is None or wait not in self.best.plan:
                continue
            rest = tuple(part for part in self.best.plan if part != wait)
            hold = Inject(f"hold {held}", after)
            releases = (Inject(f"release {held}", wait.until),) if wait.until is not None else ()
            if not self._try_plan((*rest, hold), "held"):
                self._try_plan((*rest, hold, *releases), "held")


def _cost_of(built: tuple[Model, World] | None) -> int:
    """How many steps it costs about to make a first world."""
    return 20 if built is None else 20 + 3 * built[1].store.revision


def _from(found: Iterator[Smaller], at: int) -> Iterator[Smaller]:
    for number, each in enumerate(found):
        if number >= at:
            yield each


def _held(label: str) -> str | None:
    """What to hold so that an action waits: an informer, or a process."""
    verb, _, rest = label.partition(" ")
    words = rest.split(" ")
    if verb in ("deliver", "relist"):
        return f"{words[0]} {words[1]}"
    if verb in ("begin", "fire"):
        return words[0].rpartition("/")[0]
    return None


def _overtakers(taken: Sequence[Taken], what: Nth) -> list[Nth]:
    """The steps that overtook an action."""
    counts: dict[str, int] = {}
    found = []
    for each in taken:
        counts[each.label] = counts.get(each.label, 0) + 1
        if what[0] in each.overtaken and counts.get(what[0], 0) + 1 == what[1]:
            found.append((each.label, counts[each.label]))
    return found


def _before_overtaken(taken: Sequence[Taken], what: Nth) -> Nth | None:
    """The step before the first one that overtook an action."""
    counts: dict[str, int] = {}
    last = START
    for each in taken:
        if what[0] in each.overtaken and counts.get(what[0], 0) + 1 == what[1]:
            return last
        counts[each.label] = counts.get(each.label, 0) + 1
        last = (each.label, counts[each.label])
    return None

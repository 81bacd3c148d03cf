"""Shrinking as others use it: from a run or a trace that fails to a trace of the smallest run that fails in the same way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core.action import Input
from ..core.budget import FaultBudget
from ..core.enabled import find
from ..core.errors import Refk8sError
from ..core.invariant import Invariant, Monitor
from ..core.step import step
from ..scenarios.format import Scenario
from ..trace.format import Trace, Writer
from ..trace.replay import replay, scenario_of
from .cluster import Parts, build
from .drivers import Driver
from .due import Witness, usual
from .failure import ENDLESS, Failure, failure_of
from .plan import Recorder, plan_of
from .run import run
from .shrink import EFFORT, Failing, Progress, Shrinker


def fails(
    scenario: Scenario,
    driver: Driver,
    *,
    parts: Parts | None = None,
    invariants: Iterable[Invariant],
    max_steps: int = 200_000,
) -> Failing | None:
    """A run of a scenario under a driver, as something to shrink if it fails; None if it holds."""
    model, world = build(scenario.cluster, parts, driver.faults)
    recorder = Recorder(model)
    witness = Witness()
    observers = (recorder, witness)
    outcome = run(model, world, driver, monitor=Monitor(invariants), max_steps=max_steps, observers=observers)
    excused = witness.excuse(outcome.world, usual(scenario, parts)) if driver.faults.total else ""
    failure = failure_of(scenario, outcome, excused=excused)
    if failure is None:
        return None
    return Failing(scenario, plan_of(recorder.taken), tuple(recorder.taken), failure, driver.faults)


def failing_of(trace: Trace, *, parts: Parts | None = None, invariants: Iterable[Invariant]) -> Failing:
    """The failing run that a trace records. Raises ReplayDivergence if it is another one now, Refk8sError if it does not fail."""
    recorder: list[Recorder] = []

    def record(before: Any, action: Any, after: Any, delta: Any) -> None:
        recorder[0](before, action, after, delta)

    from ..trace.replay import world_of

    recorder.append(Recorder(world_of(trace, parts)[0]))
    done = replay(trace, monitor=Monitor(invariants), parts=parts, observers=(record,))
    if done.failure is None:
        verdict = trace.verdict.get("verdict", "cut off before its end")
        raise Refk8sError(f"it does not fail ({done.steps} steps, {verdict}); only what fails can be shrunk")
    taken = tuple(recorder[0].taken)
    faults = FaultBudget.of(trace.header.get("faults") or {})
    return Failing(scenario_of(trace), plan_of(taken), taken, done.failure, faults)


def shrunk(
    failing: Failing,
    *,
    parts: Parts | None = None,
    control: Parts | None = None,
    invariants: Iterable[Invariant],
    progress: Progress = lambda line: None,
    effort: int = EFFORT,
) -> Failing:
    """The smallest run found that fails in the same way. Raises Refk8sError if the run does not fail a second time."""
    shrinker = Shrinker(failing, parts, invariants, progress, effort, control)
    if effort <= len(failing.taken):
        raise Refk8sError(f"an effort of {effort} steps is not enough to do its {len(failing.taken)} steps once more")
    if (
        failing.failure.id != ENDLESS
        and shrinker.attempt(failing.scenario, failing.plan, len(failing.taken) + 1) is None
    ):
        raise Refk8sError(
            f"{failing.failure.id} is not violated when the same is done again under a plan; shrink needs that"
        )
    return shrinker.shrink()


def write(failing: Failing, path: Path, *, parts: Parts | None = None, header: dict[str, Any] | None = None) -> Failure:
    """Write a failing run as a trace that replays strictly; the failure as it is there."""
    model, world = build(failing.scenario.cluster, parts, failing.faults)
    whole = {"scenario": failing.scenario.data, "redacted": True, "seed": None, "driver": "shrunk"}
    writer = Writer(path, model, world, {**whole, "faults": failing.faults.data(), **(header or {})})
    for each in failing.taken:
        action = Input(each.payload) if each.payload is not None else find(model, world, each.label)
        after, delta = step(model, world, action)
        writer(world, action, after, delta, dev=each.deviates)
        world = after
    failure = failing.failure
    writer.close("limit" if failure.id == ENDLESS else "violated", failure.data())
    return failure

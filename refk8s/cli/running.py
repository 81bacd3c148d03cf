"""A run as the CLI reports it: outcome, story, tables, exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..core.action import Action
from ..core.budget import NO_FAULTS, FaultBudget
from ..core.delta import Delta
from ..core.digest import text
from ..core.enabled import deviates
from ..core.invariant import Monitor, Violation
from ..core.world import World
from ..explore.cluster import build
from ..explore.drivers import LENGTH, Driver, driver_of
from ..explore.due import Witness, usual
from ..explore.expect import failed_steps, unmet, until
from ..explore.failure import EXPECTED, REFUSED, Failure, failure_of
from ..explore.run import Observer, Outcome, run, run_twice
from ..scenarios import Scenario, from_data
from ..trace.format import Writer
from ..trace.objects import STORY_KINDS, head_of, rows
from ..trace.redact import redact
from ..trace.report import Way, report
from ..trace.story import Storyteller, without_details
from ..trace.why import chain
from .codes import HELD, INCONCLUSIVE, INTERRUPTED, VIOLATED
from .interrupt import Interruptible
from .output import dim
from .session import invariants, seconds

REPORT_VERSION: Final = 1
MOST_CAUSES: Final = 12


@attrs.frozen
class Order:
    """What `refk8s run` was asked for. `command` repeats it."""

    driver: str
    seed: int | None
    steps: int
    until: str
    trace: Path | None
    keep_secrets: bool
    command: str
    faults: FaultBudget = NO_FAULTS


@attrs.frozen(eq=False)
class Report:
    """What `refk8s run` found out. `failures` are the sentences about what should not be; `redacted`: Secrets were, because a trace is written."""

    scenario: Scenario
    order: Order
    outcome: Outcome
    interrupted: bool
    failures: tuple[str, ...]
    teller: Storyteller
    deviations: tuple[int, ...]
    epoch_ms: int
    checked: int
    redacted: bool
    excused: str = ""

    @property
    def verdict(self) -> str:
        """The outcome's verdict, or "interrupted"."""
        return "interrupted" if self.interrupted else self.outcome.verdict

    @property
    def exit_code(self) -> int:
        """0 held, 1 violated, 4 a bound was hit first, 130 interrupted."""
        if self.outcome.violation is not None or self.failures or self.outcome.verdict == "hot loop":
            return VIOLATED
        if self.interrupted:
            return INTERRUPTED
        return INCONCLUSIVE if self.outcome.verdict == "limit" else HELD

    def story(self, *, everything: bool = False) -> Iterator[str]:
        """The lines of the story."""
        lines = self.teller.lines if everything else without_details(self.teller.lines)
        width = max((len(line.actor) for line in lines), default=0)
        for line in lines:
            because = dim(f"  (because of #{line.because})") if line.because >= 0 else ""
            yield f"{seconds(line.at_ms):>10}  #{line.step:<5} {line.actor:<{width}}  {line.text}{because}"

    def tables(self, namespace: str = "") -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
        """(resource, column titles, rows) of what is there at the end."""
        for resource in STORY_KINDS:
            found = rows(self.outcome.world, resource, namespace)
            if found:
                yield resource, head_of(resource), found

    def ending(self) -> Iterator[str]:
        """The verdict, and what to do with it."""
        world, failure = self.outcome.world, self.failure
        told = list(self._told(failure)) if failure is not None else []
        yield from told[:-1]
        yield from self.failures[1:] if failure is not None and failure.id == EXPECTED else self.failures
        how = ENDINGS[self.verdict]
        at = seconds(world.now_ms - self.epoch_ms)
        yield f"{how} after {self.outcome.steps} steps, {world.store.revision} revisions, {at} of logical time; {self.checked} invariants on"
        failed = [] if self.scenario.must_succeed else failed_steps(world)
        if failed:
            steps = "1 step of a user" if len(failed) == 1 else f"{len(failed)} steps of users"
            yield f"{steps} failed, which this scenario allows (no mustSucceed); first {failed[0]}"
        if self.excused and self.scenario.expect and self.outcome.verdict == "quiet":
            yield f"what the scenario expects was not due: {self.excused}"
        yield f"digest {text(world.fingerprint)}"
        if self.order.trace is not None:
            yield f"replay: refk8s replay {self.order.trace}"
        elif told or self.failures:
            yield f"reproduce: {self._reproduce()}"

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the run; None also at the step limit, and where a step of a user was refused: that says one line."""
        if self.outcome.verdict == "limit":
            return None
        failure = failure_of(self.scenario, self.outcome, excused=self.excused)
        return None if failure is not None and failure.id == REFUSED else failure

    def _told(self, failure: Failure) -> Iterator[str]:
        """The failure report, with the story of how it came to it."""
        lines = [line for line in self.teller.lines if line.step <= failure.step]
        causes = chain(lines, lines[-1]) if lines and self.outcome.violation is not None else without_details(lines)
        told = causes[-MOST_CAUSES:]
        way = [Way(line.step, f"{line.actor}: {line.text}", line.step in self.deviations) for line in told]
        yield from report(failure, len(self.deviations), way, self._reproduce())

    def _reproduce(self) -> str:
        if self.order.trace is not None:
            return f"refk8s replay {self.order.trace}"
        secrets = " --secrets" if redact(self.scenario.data) is not self.scenario.data else ""
        return f"{self.order.command} --trace failure.trace.jsonl{secrets}"

    def data(self, *, everything: bool = False, namespace: str = "") -> dict[str, Any]:
        """The report as data (shape version 1)."""
        outcome, world = self.outcome, self.outcome.world
        violation = outcome.violation
        lines = self.teller.lines if everything else without_details(self.teller.lines)
        return {
            "version": REPORT_VERSION,
            "scenario": self.scenario.name,
            "driver": self.order.driver,
            "seed": self.order.seed,
            "faults": self.order.faults.data(),
            "verdict": self.verdict,
            "held": self.exit_code == HELD,
            "steps": outcome.steps,
            "deviations": len(self.deviations),
            "revision": world.store.revision,
            "logicalSeconds": (world.now_ms - self.epoch_ms) / 1000,
            "digest": text(world.fingerprint),
            "violation": None
            if violation is None
            else {"id": violation.invariant.id, "step": violation.step, "finding": violation.finding},
            "failures": list(self.failures),
            "objects": {
                resource: [dict(zip((c.lower() for c in head), row, strict=True)) for row in found]
                for resource, head, found in self.tables(namespace)
            },
            "story": [line.data() for line in lines],
        }


ENDINGS: Final = {
    "quiet": "quiet",
    "until": "condition reached",
    "limit": "inconclusive: stopped at the step limit",
    "violated": "violated",
    "stopped": "nothing can happen any more",
    "hot loop": "hot loop: time stood still",
    "interrupted": "interrupted",
}


class _Deviations:
    """An observer that notes the steps at which something else was done than the default driver would have."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, before: World, action: Action, after: World, delta: Delta) -> None:
        if deviates(before, action):
            self.steps.append(before.index)


def execute(scenario: Scenario, order: Order) -> Report:
    """Run a scenario as the CLI does. Raises Refk8sError."""
    redacted = False
    if order.trace is not None and not order.keep_secrets:
        shown = redact(scenario.data)
        redacted = shown is not scenario.data
        scenario = from_data(shown) if redacted else scenario
    holds = until(order.until)
    length = usual(scenario).steps if order.faults.total else LENGTH
    name = order.driver if order.driver != "twice" else "default" if order.seed is None else "random"

    def chooser() -> Driver:
        return driver_of(name, order.seed, faults=order.faults, length=length)

    faults = chooser().faults
    model, world = build(scenario.cluster, faults=faults)

    suite = invariants().all()
    teller, deviations = Storyteller(model.epoch_ms, model.is_heartbeat, model), _Deviations()
    witness = Witness()
    observers: list[Observer] = [teller, deviations, witness]
    with Interruptible(chooser()) as driver:
        if order.driver == "twice":
            run_twice(model, world, lambda: Interruptible(chooser()), max_steps=order.steps)
        writer = None
        if order.trace is not None:
            header = {"scenario": scenario.data, "redacted": not order.keep_secrets, "seed": order.seed}
            writer = Writer(order.trace, model, world, {**header, "driver": order.driver, "faults": faults.data()})
            observers.append(writer)
        verdict: str = "interrupted"
        violation: Violation | Mapping[str, Any] | None = None
        try:
            outcome = run(
                model,
                world,
                driver,
                monitor=Monitor(suite),
                max_steps=order.steps,
                until=holds,
                observers=tuple(observers),
            )
            interrupted = driver.interrupted and outcome.verdict == "stopped"
            excused = witness.excuse(outcome.world, usual(scenario)) if faults.total else ""
            verdict, violation = "interrupted" if interrupted else outcome.verdict, outcome.violation
            failure = failure_of(scenario, outcome, excused=excused) if verdict == "quiet" else None
            if failure is not None:
                verdict, violation = "violated", failure.data()
        finally:
            if writer is not None:
                writer.close(verdict, violation)
    failures = _failures(scenario, order, outcome, excused=excused)
    return Report(
        scenario,
        order,
        outcome,
        interrupted,
        failures,
        teller,
        tuple(deviations.steps),
        model.epoch_ms,
        len(suite),
        redacted,
        excused,
    )


def _failures(scenario: Scenario, order: Order, outcome: Outcome, *, excused: str) -> tuple[str, ...]:
    """The sentences about what should not be, invariants apart; `excused`: why nothing that the scenario expects is due."""
    found = []
    if scenario.must_succeed and not excused:
        found += [f"refused: {sentence}" for sentence in failed_steps(outcome.world)]
    if outcome.verdict == "quiet":
        if not excused:
            found += [f"expectation not met: {sentence}" for sentence in unmet(outcome.world, scenario.expect)]
        if order.until != "quiet":
            found.append(f"--until {order.until}: not reached, and nothing more will happen")
    return tuple(found)

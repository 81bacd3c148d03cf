"""Checking a scenario under one schedule: build, run to quiet with all invariants on, compare with what it expects."""

from __future__ import annotations

import attrs

from ..core.budget import NO_FAULTS, FaultBudget
from ..core.digest import text
from ..core.invariant import Monitor, Violation
from ..core.world import World
from ..scenarios.format import Scenario
from .cluster import Parts, build
from .drivers import LENGTH, driver_of
from .due import Witness, usual
from .expect import failed_steps, unmet
from .run import Observer, Outcome, Verdict, run

MAX_STEPS = 200_000


@attrs.frozen(eq=False)
class Result:
    """How a scenario fared under one schedule. `held`: quiet, no invariant broken, every expectation met.

    `excused` says why, after faults, nothing that the scenario expects was due ("": all of it was).
    """

    scenario: str
    seed: int | None
    verdict: Verdict
    steps: int
    commits: int
    at_ms: int
    digest: str
    violation: Violation | None
    unmet: tuple[str, ...]
    world: World
    excused: str = ""

    @property
    def held(self) -> bool:
        """Whether all is as it should be."""
        return self.verdict == "quiet" and not self.unmet

    def why(self) -> str:
        """What is wrong, in one line."""
        if self.violation is not None:
            return str(self.violation)
        if self.unmet:
            return self.unmet[0]
        return "" if self.held else f"ended as {self.verdict!r} after {self.steps} steps"


def check(
    scenario: Scenario,
    seed: int | None = None,
    *,
    driver: str = "",
    faults: FaultBudget = NO_FAULTS,
    length: int = 0,
    parts: Parts | None = None,
    monitor: Monitor | None = None,
    max_steps: int = MAX_STEPS,
    observers: tuple[Observer, ...] = (),
) -> Result:
    """Run a scenario to quiet under a driver (without a name: the default one if there is no seed, else the random one), with all invariants on unless another
    monitor is given.

    `faults` may happen on the way, spread over `length` steps (0: as many as the default driver takes); then they stop, and the default driver goes on to
    quiet: LIVENESS invariants are asked there. What the scenario expects is due unless faults hit what nobody repairs (due.py).
    """
    if monitor is None:
        from refk8s.invariants import suite

        monitor = Monitor(suite().all())
    name = driver or ("default" if seed is None else "random")
    witness = Witness()
    if faults.total:
        length = length or usual(scenario, parts).steps
        observers = (*observers, witness)
    chooser = driver_of(name, seed, faults=faults, length=length or LENGTH)
    model, world = build(scenario.cluster, parts, chooser.faults)
    outcome: Outcome = run(model, world, chooser, monitor=monitor, max_steps=max_steps, observers=observers)
    end = outcome.world
    excused = witness.excuse(end, usual(scenario, parts)) if faults.total else ""
    missing = []
    if not excused:
        missing = unmet(end, scenario.expect) if outcome.verdict == "quiet" else []
        missing += failed_steps(end) if scenario.must_succeed else []
    return Result(
        scenario.name,
        seed,
        outcome.verdict,
        outcome.steps,
        end.store.revision,
        end.now_ms - model.epoch_ms,
        text(end.fingerprint),
        outcome.violation,
        tuple(missing),
        end,
        excused,
    )

"""Checking a scenario under one schedule: build, run to quiet with all invariants on, compare with what it expects."""

from __future__ import annotations

import attrs

from ..core.digest import text
from ..core.invariant import Monitor, Violation
from ..core.world import World
from ..scenarios.format import Scenario
from .cluster import Parts, build
from .drivers import DefaultDriver, RandomDriver
from .expect import failed_steps, unmet
from .run import Observer, Outcome, Verdict, run

MAX_STEPS = 200_000


@attrs.frozen(eq=False)
class Result:
    """How a scenario fared under one schedule. `held`: quiet, no invariant broken, every expectation met."""

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
    parts: Parts | None = None,
    monitor: Monitor | None = None,
    max_steps: int = MAX_STEPS,
    observers: tuple[Observer, ...] = (),
) -> Result:
    """Run a scenario under the default driver (no seed) or the random one, with all invariants on unless another monitor is given."""
    if monitor is None:
        from refk8s.invariants import suite

        monitor = Monitor(suite().all())
    model, world = build(scenario.cluster, parts)
    driver = DefaultDriver() if seed is None else RandomDriver(seed)
    outcome: Outcome = run(model, world, driver, monitor=monitor, max_steps=max_steps, observers=observers)
    end = outcome.world
    missing = unmet(end, scenario.expect) if outcome.verdict == "quiet" else []
    if scenario.must_succeed:
        missing += failed_steps(end)
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
    )

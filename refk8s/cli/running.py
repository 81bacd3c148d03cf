"""A run as the CLI reports it: outcome, story, tables, exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ..core.digest import text
from ..core.errors import Refk8sError
from ..core.invariant import Monitor
from ..explore.cluster import build
from ..explore.drivers import DefaultDriver, Driver, RandomDriver
from ..explore.expect import unmet, until
from ..explore.run import Observer, Outcome, run, run_twice
from ..scenarios import Scenario, from_data
from ..trace.format import Writer, redact
from ..trace.objects import STORY_KINDS, head_of, rows
from ..trace.story import Storyteller
from .session import invariants, seconds

REPORT_VERSION = 1


@attrs.frozen(eq=False)
class Report:
    """What `refk8s run` found out."""

    scenario: Scenario
    driver: str
    seed: int | None
    outcome: Outcome
    unmet: tuple[str, ...]
    teller: Storyteller
    epoch_ms: int
    checked: int
    trace: Path | None

    @property
    def exit_code(self) -> int:
        """0 held, 1 violated, 4 a bound was hit first."""
        if self.outcome.violation is not None or self.unmet or self.outcome.verdict == "hot loop":
            return 1
        return 4 if self.outcome.verdict == "limit" else 0

    def story(self, *, everything: bool = False) -> Iterator[str]:
        """The lines of the story."""
        shown = [line for line in self.teller.lines if everything or not line.heartbeat]
        width = max((len(line.actor) for line in shown), default=0)
        for line in shown:
            because = f"  (because of #{line.because})" if line.because >= 0 else ""
            yield f"{seconds(line.at_ms):>10}  #{line.step:<5} {line.actor:<{width}}  {line.text}{because}"

    def tables(self) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
        """(resource, column titles, rows) of what is there at the end."""
        for resource in STORY_KINDS:
            found = rows(self.outcome.world, resource)
            if found:
                yield resource, head_of(resource), found

    def ending(self) -> Iterator[str]:
        """The verdict, and what to do with it."""
        outcome, world = self.outcome, self.outcome.world
        violation = outcome.violation
        if violation is not None:
            yield f"{violation.invariant.id} violated at step {violation.step}"
            yield f"  guarantee: {violation.invariant.guarantee}"
            yield f"  observed:  {violation.finding}"
        for sentence in self.unmet:
            yield f"expectation not met: {sentence}"
        how = {
            "quiet": "quiet",
            "until": "condition reached",
            "limit": "stopped at the step limit",
            "violated": "violated",
        }.get(outcome.verdict, outcome.verdict)
        at = seconds(world.now_ms - self.epoch_ms)
        yield f"{how} after {outcome.steps} steps, {world.store.revision} revisions, {at} of logical time; {self.checked} invariants on"
        yield f"digest {text(world.fingerprint)}"
        if self.trace is not None:
            yield f"replay: refk8s replay {self.trace}"
        elif violation is not None:
            yield f"reproduce: {self._command()} --trace failure.trace.jsonl"

    def _command(self) -> str:
        seed = f" --seed {self.seed}" if self.seed is not None else ""
        return f"refk8s run {self.scenario.name}{seed}"

    def data(self) -> dict[str, Any]:
        """The report as data (shape version 1)."""
        outcome, world = self.outcome, self.outcome.world
        violation = outcome.violation
        return {
            "version": REPORT_VERSION,
            "scenario": self.scenario.name,
            "driver": self.driver,
            "seed": self.seed,
            "verdict": outcome.verdict,
            "held": self.exit_code == 0,
            "steps": outcome.steps,
            "revision": world.store.revision,
            "logicalSeconds": (world.now_ms - self.epoch_ms) / 1000,
            "digest": text(world.fingerprint),
            "violation": None
            if violation is None
            else {"id": violation.invariant.id, "step": violation.step, "finding": violation.finding},
            "unmet": list(self.unmet),
            "objects": {
                resource: [dict(zip((c.lower() for c in head), row, strict=True)) for row in found]
                for resource, head, found in self.tables()
            },
            "story": [
                {
                    "step": line.step,
                    "at": line.at_ms / 1000,
                    "actor": line.actor,
                    "text": line.text,
                    "subject": line.subject,
                    "because": line.because,
                }
                for line in self.teller.lines
                if not line.heartbeat
            ],
        }


def execute(
    scenario: Scenario,
    driver: str,
    seed: int | None,
    steps: int,
    condition: str,
    trace: Path | None,
    *,
    keep_secrets: bool = False,
) -> Report:
    """Run a scenario as the CLI does. Raises Refk8sError."""
    if trace is not None and not keep_secrets:
        scenario = from_data(redact(dict(scenario.data)))
    model, world = build(scenario.cluster)
    holds = until(condition)
    if driver != "default" and seed is None:
        seed = 0
    if driver == "twice":
        run_twice(model, world, lambda: RandomDriver(seed or 0), max_steps=steps)
    chooser: Driver = DefaultDriver() if driver == "default" else RandomDriver(seed or 0)
    suite = invariants().all()
    teller = Storyteller(model.epoch_ms, model.is_heartbeat)
    observers: list[Observer] = [teller]
    writer = None
    if trace is not None:
        header = {"scenario": scenario.data, "seed": seed, "driver": driver, "faults": {}}
        writer = Writer(trace, model, world, header)
        observers.append(writer)
    outcome = None
    try:
        outcome = run(
            model, world, chooser, monitor=Monitor(suite), max_steps=steps, until=holds, observers=tuple(observers)
        )
    finally:
        if writer is not None:
            end = outcome.world if outcome is not None else world
            writer.close(
                end,
                outcome.verdict if outcome is not None else "interrupted",
                outcome.violation if outcome is not None else None,
            )
    assert outcome is not None
    missing = tuple(unmet(outcome.world, scenario.expect)) if outcome.verdict == "quiet" else ()
    return Report(scenario, driver, seed, outcome, missing, teller, model.epoch_ms, len(suite), trace)


__all__ = ["Refk8sError", "Report", "execute"]

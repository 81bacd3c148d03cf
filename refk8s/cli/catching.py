"""From a failed seed to a file: the run again, shrunk, as a trace that replays; with its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from .campaign import CRASHED, Failed, Job, driver_for, most_steps, parts_for, scenario_of

EFFORT: Final = 400_000


@attrs.frozen
class Distinct:
    """A distinct failure: the first seed that showed it, all seeds, and (once it is caught) its trace with its size."""

    first: Failed
    seeds: tuple[int, ...]
    trace: str = ""
    steps: int = 0
    deviations: int = 0

    def data(self) -> dict[str, Any]:
        """It as data."""
        return {
            "id": self.first.id,
            "finding": self.first.finding,
            "seed": self.first.seed,
            "count": len(self.seeds),
            "seeds": list(self.seeds[:20]),
            "trace": self.trace,
            "steps": self.steps,
            "deviations": self.deviations,
        }


def distinct(failures: Sequence[Failed]) -> list[Distinct]:
    """The failures, those with the same id about the same thing put together, in the order of their first seeds."""
    found: dict[tuple[str, str], list[Failed]] = {}
    for failed in failures:
        found.setdefault((failed.id, failed.about), []).append(failed)
    return [Distinct(same[0], tuple(each.seed for each in same)) for same in found.values()]


def catch(job: Job, failure: Distinct, folder: Path, *, shrink: bool, progress: Any) -> Distinct:
    """Write the trace of a distinct failure into a folder, shrunk if wanted. Raises Refk8sError."""
    from ..core.errors import Refk8sError
    from ..explore.shrunk import fails, shrunk, write
    from .session import invariants, mutant_named
    from .shrink import sizes

    seed = failure.first.seed
    if failure.first.id == CRASHED:
        return failure
    suite, parts = invariants().all(), parts_for(job)
    control = mutant_named(job.mutant).control() if job.mutant else None
    scenario = scenario_of(job.data)
    whole = fails(scenario, driver_for(job, seed), parts=parts, invariants=suite, max_steps=most_steps(job))
    if whole is None:
        raise Refk8sError(
            f"{job.name}: seed {seed} failed with {failure.first.id} and does not any more; run make test"
        )
    small = whole
    if shrink:
        small = shrunk(whole, parts=parts, control=control, invariants=suite, progress=progress, effort=EFFORT)
    header: dict[str, Any] = {"seed": seed, "shrunk": sizes(whole, small)}
    if job.mutant:
        header["mutant"] = job.mutant
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{job.mutant or job.name}.{small.failure.id}.seed-{seed}.trace.jsonl"
    write(small, path, parts=parts, header=header)
    return attrs.evolve(failure, trace=str(path), steps=len(small.taken), deviations=small.deviations)

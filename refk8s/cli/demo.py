"""`refk8s demo`: the shipped scenarios through many seeds; what `make demo` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note, table
from .session import MOST_JOBS

if TYPE_CHECKING:
    from .campaign import Summary


def demo(
    seeds: Annotated[int, typer.Option(help="Random schedules per scenario, besides the default one.", min=0)] = 100,
    jobs: Annotated[
        int | None, typer.Option(help="Worker processes; without it, one per core.", min=1, max=MOST_JOBS)
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--scenario", help="Only this scenario (may be repeated).")] = None,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run the shipped scenarios, each under the default driver and many random schedules, with every invariant on.

    Examples:
      refk8s demo
      refk8s demo --seeds 2000 --scenario rollout
    """
    from ..scenarios import resolve, shipped
    from .campaign import DEFAULT, campaign, job_of

    results = campaign([job_of(resolve(name)) for name in only or shipped()], DEFAULT, seeds, jobs)
    if output is not Format.text:
        emit({"version": 1, "scenarios": [data(result) for result in results]}, output)
    else:
        table(
            ("SCENARIO", "SCHEDULES", "VERDICT", "STEPS", "STEPS/S", "LOGICAL TIME"),
            [
                (r.scenario, r.runs, "held" if not r.failures else "violated", r.steps, r.steps_per_s, r.logical)
                for r in results
            ],
        )
        for result in results:
            for each in result.failures[:3]:
                again = f" --seed {each.seed}" if each.seed != DEFAULT else ""
                typer.echo(
                    f"{result.scenario}: {each.id}: {each.finding}\n  reproduce: refk8s run {result.scenario}{again}"
                )
    failed = any(result.failures for result in results)
    note(
        "some schedules failed"
        if failed
        else "every invariant held in every schedule; try: refk8s run rollout, refk8s step first-pod"
    )
    raise typer.Exit(1 if failed else 0)


def data(summary: Summary) -> dict[str, Any]:
    """A summary as data."""
    from .campaign import DEFAULT

    return {
        "scenario": summary.scenario,
        "schedules": summary.runs,
        "held": not summary.failures,
        "steps": summary.steps,
        "cpuSeconds": round(sum(chunk.cpu_s for chunk in summary.chunks), 3),
        "logicalSeconds": sum(chunk.logical_ms for chunk in summary.chunks) / 1000,
        "failures": [
            {"seed": each.seed if each.seed != DEFAULT else None, "why": f"{each.id}: {each.finding}"}
            for each in summary.failures
        ],
    }

"""`refk8s demo`: the shipped scenarios through many seeds; what `make demo` runs."""

from __future__ import annotations

from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, note, table


def demo(
    seeds: Annotated[int, typer.Option(help="Random schedules per scenario, besides the default one.", min=0)] = 100,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; without it, one per core.", min=1)] = None,
    only: Annotated[list[str] | None, typer.Option("--scenario", help="Only this scenario (may be repeated).")] = None,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run the shipped scenarios, each under the default driver and many random schedules, with every invariant on.

    Examples:
      refk8s demo
      refk8s demo --seeds 2000 --scenario rollout
    """
    from ..scenarios import resolve, shipped
    from .campaign import campaign

    names = list(only) if only else shipped()
    for name in names:
        resolve(name)
    results = campaign(names, seeds, jobs)
    if output is not Format.text:
        emit({"version": 1, "scenarios": [result.data() for result in results]}, output)
    else:
        table(
            ("SCENARIO", "SCHEDULES", "VERDICT", "STEPS", "STEPS/S", "LOGICAL TIME"),
            [
                (r.scenario, r.runs, "held" if not r.failures else "violated", r.steps, r.steps_per_s, r.logical)
                for r in results
            ],
        )
        for result in results:
            for seed, why in result.failures[:3]:
                again = f" --seed {seed}" if seed is not None else ""
                typer.echo(f"{result.scenario}: {why}\n  reproduce: refk8s run {result.scenario}{again}")
    failed = any(result.failures for result in results)
    note(
        "some schedules failed"
        if failed
        else "every invariant held in every schedule; try: refk8s run rollout, refk8s step first-pod"
    )
    raise typer.Exit(1 if failed else 0)

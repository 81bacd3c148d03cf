"""`refk8s replay`: run a trace again and compare every digest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import OUTPUT, Format, emit


def replay(
    trace: Annotated[Path, typer.Argument(help="A trace written by `refk8s run --trace`.")],
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Skip steps that are no longer enabled, and report the trace as stale.")
    ] = False,
    upto: Annotated[int | None, typer.Option(help="Stop before this step.", min=0)] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Check the invariants.")] = True,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Replay a trace byte for byte; exit code 3 and the line where it diverges, 1 where an invariant breaks.

    Examples:

      refk8s replay rollout.trace.jsonl

      refk8s replay old.trace.jsonl.gz --lenient
    """
    from ..core.digest import text
    from ..core.invariant import Monitor
    from ..trace.format import read
    from ..trace.replay import replay as again
    from ..trace.replay import summary
    from .session import invariants

    monitor = Monitor(invariants().all()) if check else None
    done = again(read(trace), lenient=lenient, monitor=monitor, upto=upto)
    if output is not Format.text:
        emit(summary(done), output)
    elif done.violation is not None:
        typer.echo(f"{done.violation.invariant.id} violated at step {done.violation.step}")
        typer.echo(f"  guarantee: {done.violation.invariant.guarantee}")
        typer.echo(f"  observed:  {done.violation.finding}")
    else:
        skipped = f", {done.skipped} skipped" if done.skipped else ""
        typer.echo(f"{done.status}: {done.steps} steps{skipped}, digest {text(done.world.fingerprint)}")
        if done.first_difference:
            typer.echo(f"  {done.first_difference}")
    raise typer.Exit({"same": 0, "stale": 3, "violated": 1}[done.status])

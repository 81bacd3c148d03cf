"""`refk8s replay`: run a trace again and compare every digest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .codes import DIVERGED, HELD, VIOLATED
from .output import OUTPUT, Format, emit

if TYPE_CHECKING:
    from ..trace.format import Trace
    from ..trace.replay import Replayed


def replay(
    trace: Annotated[Path, typer.Argument(help="A trace written by `refk8s run --trace`.")],
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Skip steps that are no longer enabled, and report the trace as stale.")
    ] = False,
    upto: Annotated[int | None, typer.Option(help="Stop before this step.", min=0)] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Check the invariants.")] = True,
    without_mutant: Annotated[
        bool,
        typer.Option(
            "--without-mutant", help="Replay a mutant's trace without its bug (with --lenient: the digests differ)."
        ),
    ] = False,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Replay a trace byte for byte; exit code 3 and the line where it diverges, 1 where an invariant breaks.

    Examples:
      refk8s replay rollout.trace.jsonl
      refk8s replay old.trace.jsonl.gz --lenient
      refk8s replay blind-put.trace.jsonl --lenient --without-mutant
    """
    from ..core.errors import Refk8sError
    from ..core.invariant import Monitor
    from ..trace.format import read
    from ..trace.replay import replay as again
    from ..trace.replay import summary
    from .session import invariants, parts_of

    monitor = Monitor(invariants().all()) if check else None
    recorded = read(trace)
    try:
        parts = parts_of(recorded.header, without_mutant=without_mutant)
        done = again(recorded, lenient=lenient, monitor=monitor, upto=upto, parts=parts)
    except Refk8sError as error:
        raise type(error)(f"{trace}: {error}") from None
    if output is not Format.text:
        emit({**summary(done), "recorded": recorded.verdict.get("verdict")}, output)
    else:
        for line in _report(trace, recorded, done):
            typer.echo(line)
    raise typer.Exit({"same": HELD, "stale": DIVERGED, "violated": VIOLATED}[done.status])


def _report(path: Path, recorded: Trace, done: Replayed) -> Iterator[str]:
    from ..core.digest import text

    verdict = recorded.verdict.get("verdict", "cut off before its end")
    if done.failure is not None:
        from ..trace.report import report_of_trace

        yield from report_of_trace(done.failure, recorded.steps[: done.failure.step + 1], path)
    skipped = f", {done.skipped} skipped" if done.skipped else ""
    yield f"{done.status}: {done.steps} steps{skipped}, digest {text(done.world.fingerprint)}; recorded as {verdict}"
    if done.first_difference:
        yield f"  first difference: {done.first_difference}"

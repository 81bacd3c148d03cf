"""`refk8s shrink`: the smallest run that fails as a trace does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note
from .session import not_too_large


def shrink(
    trace: Annotated[Path, typer.Argument(help="A trace that fails, written by run, fuzz, explore or zoo.")],
    out: Annotated[
        Path, typer.Option("--trace", "-t", help="Write the shrunk trace here (.jsonl or .jsonl.gz).", dir_okay=False)
    ],
    effort: Annotated[
        int, typer.Option(help="How many steps all candidates together may take.", min=1, callback=not_too_large)
    ] = 400_000,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Take away from a failing run what the failure does not need: deviations, then inputs, then time.

    The shrunk trace breaks the same guarantee, and `refk8s replay` replays it strictly. * marks its deviations from normal.

    Examples:
      refk8s shrink failure.trace.jsonl --trace small.trace.jsonl
      refk8s shrink failure.trace.jsonl -t small.trace.jsonl -o json

    Exit codes: 0 a shrunk trace was written, 2 the trace does not fail, 3 it does not replay any more.
    """
    from ..core.errors import Refk8sError
    from ..explore.shrunk import failing_of, shrunk, write
    from ..trace.format import read, writable_trace
    from ..trace.report import report_of_trace
    from .session import invariants, parts_of

    writable_trace(out)
    recorded = read(trace)
    parts = parts_of(recorded.header)
    control = parts_of(recorded.header, without_mutant=True)
    suite = invariants().all()
    try:
        failing = failing_of(recorded, parts=parts, invariants=suite)
        found = shrunk(failing, parts=parts, control=control, invariants=suite, progress=Lines(), effort=effort)
    except Refk8sError as error:
        raise type(error)(f"{trace}: {error}") from None
    kept = {name: recorded.header[name] for name in ("mutant", "redacted") if name in recorded.header}
    write(found, out, parts=parts, header={**kept, "shrunk": sizes(failing, found)})
    if output is not Format.text:
        emit({"version": 1, **sizes(failing, found), "failure": found.failure.data(), "trace": str(out)}, output)
        return
    for line in report_of_trace(found.failure, read(out).steps, out):
        typer.echo(line)


def sizes(before: Any, after: Any) -> dict[str, int]:
    """How large a failing run was, and is."""
    return {
        "fromSteps": len(before.taken),
        "fromDeviations": before.deviations,
        "steps": len(after.taken),
        "deviations": after.deviations,
    }


class Lines:
    """Progress: a line on stderr that is written over on a terminal; elsewhere every tenth of them stays."""

    def __init__(self) -> None:
        import sys

        self._live = sys.stderr.isatty()
        self._count = 0

    def __call__(self, line: str) -> None:
        """Show a line."""
        self._count += 1
        if self._live:
            typer.echo(f"\r\x1b[K{line}", err=True, nl=False)
        elif self._count % 10 == 1:
            note(line)

"""`refk8s zoo list|show|run`: real bugs brought back, and which invariant catches each."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note, table
from .session import MOST_JOBS

if TYPE_CHECKING:
    from ..zoo.mutant import Mutant

app = typer.Typer(help="Mutants: real bugs brought back by one replaced seam each.", no_args_is_help=True)


@app.command("list")
def list_(output: Annotated[Format, OUTPUT] = Format.text) -> None:
    """List the mutants with the invariants that catch them.

    Example:
      refk8s zoo list
    """
    from ..zoo import MUTANTS

    if output is not Format.text:
        emit({"version": 1, "mutants": [_data(mutant) for mutant in MUTANTS]}, output)
        return
    table(
        ("ID", "CAUGHT BY", "SCENARIO", "TITLE"),
        [(m.id, ",".join(m.catches), m.scenario_name, m.title) for m in MUTANTS],
    )


@app.command("show")
def show(
    id: Annotated[str, typer.Argument(help="The id of a mutant, e.g. blind-put.")],
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Show one mutant: which real bug it is, what it does, and what catches it.

    Example:
      refk8s zoo show blind-put
    """
    from .session import mutant_named

    mutant = mutant_named(id)
    if output is not Format.text:
        emit({"version": 1, **_data(mutant)}, output)
        return
    typer.echo(f"{mutant.id}: {mutant.title}")
    typer.echo(f"caught by {', '.join(mutant.catches)} in {mutant.scenario_name}")
    if mutant.rows:
        typer.echo(f"rows of the catalogue: {', '.join(mutant.rows)}")
    if mutant.gates:
        typer.echo(f"gates: {', '.join(f'{name}={on}' for name, on in sorted(mutant.gates.items()))}")
    faults = f" with faults {mutant.faults}" if mutant.faults else ""
    typer.echo(f"budget: {mutant.seeds} seeds of driver {mutant.driver}{faults}")
    typer.echo(f"\n{mutant.story}")


@app.command("run")
def run(
    ids: Annotated[list[str] | None, typer.Argument(help="Mutants to run; without any, all of them.")] = None,
    ranges: Annotated[int, typer.Option(help="How many ranges of seeds; figures are their medians.", min=1, max=5)] = 5,
    shrink: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Shrink the run that shows the mutant.")] = True,
    traces: Annotated[
        Path | None, typer.Option(help="Write the shrunk traces into this folder.", file_okay=False)
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Worker processes; without it, one per core.", min=1, max=MOST_JOBS)
    ] = None,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Hunt mutants from scratch, in several ranges of seeds, until an invariant catches each; shrink what shows them.

    SEEDS and TIME are what it takes to the first failure (medians), STEPS and DEVIATIONS the size of the shrunk run.

    Examples:
      refk8s zoo run
      refk8s zoo run blind-put -o json
      refk8s zoo run no-expectations --traces shrunk/

    Exit codes: 0 all were caught, 1 one got away.
    """
    from ..zoo import MUTANTS
    from ..zoo.hunt import RANGES
    from .hunting import hunted
    from .places import writable_folder
    from .progress import Progress
    from .session import mutant_named
    from .workers import Workers

    wanted = [mutant_named(name).id for name in dict.fromkeys(ids)] if ids else [mutant.id for mutant in MUTANTS]
    if traces is not None:
        writable_folder(traces)
        traces.mkdir(parents=True, exist_ok=True)
    firsts = ", ".join(map(str, RANGES[:ranges]))
    note(
        f"{len(wanted)} mutant{'' if len(wanted) == 1 else 's'}, each hunted from seed{'' if ranges == 1 else 's'} {firsts} on"
    )
    work = partial(hunted, ranges=ranges, shrink=shrink, traces=traces)
    orders, found = iter(wanted), {}
    with Progress(len(wanted), "mutants") as progress:
        for name, row in Workers(work, min(jobs or os.cpu_count() or 1, len(wanted))).results(
            lambda: next(orders, None)
        ):
            found[name] = row
            progress(1, not row["caughtBy"])
    rows = [found[name] for name in wanted]
    if output is not Format.text:
        emit({"version": 2, "mutants": rows}, output)
    else:
        head = ("ID", "ROWS", "CAUGHT BY", "SEEDS", "TIME", "STEPS", "DEVIATIONS")
        table(head, [_cells(row) for row in rows])
    raise typer.Exit(0 if all(row["caughtBy"] for row in rows) else 1)


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["id"],
        ", ".join(row["rows"]) or "-",
        row["caughtBy"] or "missed",
        row["seeds"],
        f"{row['seconds']}s",
        row["steps"] or "-",
        row["deviations"] if row["steps"] else "-",
    )


def _data(mutant: Mutant) -> dict[str, Any]:
    return {
        "id": mutant.id,
        "title": mutant.title,
        "rows": list(mutant.rows),
        "catches": list(mutant.catches),
        "story": mutant.story,
        "scenario": mutant.scenario_name,
        "gates": dict(mutant.gates),
        "budget": {"seeds": mutant.seeds, "steps": mutant.steps, "driver": mutant.driver, "faults": mutant.faults},
    }

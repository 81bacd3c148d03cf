"""`refk8s zoo list|show|run`: real bugs brought back, and which invariant catches each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note, table

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
    typer.echo(f"\n{mutant.story}")


@app.command("run")
def run(
    ids: Annotated[list[str] | None, typer.Argument(help="Mutants to run; without any, all of them.")] = None,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run mutants until an invariant catches each; exit code 1 if one gets away.

    Examples:
      refk8s zoo run
      refk8s zoo run blind-put -o json
    """
    import time

    from ..core.errors import Refk8sError
    from ..zoo import MUTANTS
    from ..zoo.run import run_mutant

    known = {mutant.id: mutant for mutant in MUTANTS}
    for name in ids or ():
        if name not in known:
            raise Refk8sError(f"no mutant {name!r}; `refk8s zoo list` names them all")
    rows = []
    for mutant in [known[name] for name in ids] if ids else MUTANTS:
        began = time.perf_counter()
        caught = run_mutant(mutant)
        took_s = time.perf_counter() - began
        note(f"{mutant.id}: {'caught by ' + caught.invariant if caught else 'not caught'} in {took_s:.2f} s")
        rows.append(
            {
                "id": mutant.id,
                "caughtBy": caught.invariant if caught else None,
                "seed": caught.seed if caught else None,
                "step": caught.step if caught else None,
                "seeds": caught.seeds if caught else mutant.seeds,
                "seconds": round(took_s, 3),
            }
        )
    if output is not Format.text:
        emit({"version": 1, "mutants": rows}, output)
    else:
        cells = [
            (
                r["id"],
                r["caughtBy"] or "missed",
                r["seed"] if r["seed"] is not None else "default",
                r["step"],
                f"{r['seconds']}s",
            )
            for r in rows
        ]
        table(("ID", "CAUGHT BY", "SEED", "STEP", "TIME"), cells)
    raise typer.Exit(0 if all(row["caughtBy"] for row in rows) else 1)


def _data(mutant: Mutant) -> dict[str, Any]:
    return {
        "id": mutant.id,
        "title": mutant.title,
        "catches": list(mutant.catches),
        "story": mutant.story,
        "scenario": mutant.scenario_name,
    }

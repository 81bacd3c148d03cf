"""`refk8s zoo list|run`: real bugs brought back, and which invariant catches each."""

from __future__ import annotations

from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, note, table

app = typer.Typer(help="Mutants: real bugs brought back by one replaced seam each.", no_args_is_help=True)


@app.command("list")
def list_(output: Annotated[Format, OUTPUT] = Format.text) -> None:
    """List the mutants with the invariants that catch them.

    Example:
      refk8s zoo list
    """
    from ..zoo import MUTANTS

    if output is not Format.text:
        rows = [
            {"id": m.id, "title": m.title, "catches": list(m.catches), "story": m.story, "scenario": m.scenario_name}
            for m in MUTANTS
        ]
        emit({"version": 1, "mutants": rows}, output)
        return
    table(
        ("ID", "CAUGHT BY", "SCENARIO", "TITLE"),
        [(m.id, ",".join(m.catches), m.scenario_name, m.title) for m in MUTANTS],
    )


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

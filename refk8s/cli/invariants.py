"""`refk8s invariants list|show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, table

if TYPE_CHECKING:
    from ..core.invariant import Invariant

app = typer.Typer(help="The named guarantees that every run checks.", no_args_is_help=True)


@app.command("list")
def list_(output: Annotated[Format, OUTPUT] = Format.text) -> None:
    """List the invariants.

    Example:
      refk8s invariants list -o json
    """
    from .session import invariants

    found = invariants().all()
    if output is not Format.text:
        emit({"version": 1, "invariants": [_data(invariant) for invariant in found]}, output)
        return
    table(
        ("ID", "SEVERITY", "CATALOGUE", "CLAIM"),
        [(i.id, i.severity.value, i.catalogue, i.claim.replace("_", " ")) for i in found],
    )


@app.command("show")
def show(
    id: Annotated[str, typer.Argument(help="The id of an invariant, e.g. API-01.")],
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Show one invariant: its guarantee, its source, its spec page, and which mutants it catches.

    Example:
      refk8s invariants show API-01
    """
    from ..core.errors import Refk8sError
    from ..zoo import MUTANTS
    from .session import invariants

    found = {invariant.id: invariant for invariant in invariants().all()}
    if id.upper() not in found:
        raise Refk8sError(f"no invariant {id!r}; `refk8s invariants list` names them all")
    invariant = found[id.upper()]
    mutants = [mutant.id for mutant in MUTANTS if invariant.id in mutant.catches]
    data = {**_data(invariant), "mutants": mutants}
    if output is not Format.text:
        emit({"version": 1, **data}, output)
        return
    for name, value in data.items():
        typer.echo(f"{name + ':':<11} {', '.join(value) if isinstance(value, list) else value}")


def _data(invariant: Invariant) -> dict[str, Any]:
    return {
        "id": invariant.id,
        "claim": invariant.claim.replace("_", " "),
        "guarantee": invariant.guarantee,
        "severity": invariant.severity.value,
        "catalogue": invariant.catalogue,
        "spec": invariant.spec,
        "source": invariant.source,
    }

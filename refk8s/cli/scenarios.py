"""`refk8s scenarios list|show|check|schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, note, table
from .session import scenario_names

app = typer.Typer(help="What a run is about: the shipped scenarios, and how to write one.", no_args_is_help=True)


@app.command("list")
def list_(output: Annotated[Format, OUTPUT] = Format.text) -> None:
    """List the shipped scenarios.

    Example:
      refk8s scenarios list
    """
    from ..scenarios import resolve, shipped

    found = [resolve(name) for name in shipped()]
    if output is not Format.text:
        emit({"version": 1, "scenarios": [{"name": s.name, "description": s.description} for s in found]}, output)
        return
    table(("NAME", "DESCRIPTION"), [(s.name, s.description) for s in found])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A shipped scenario.", autocompletion=scenario_names)],
) -> None:
    """Print a shipped scenario, as a beginning for one's own.

    Example:
      refk8s scenarios show rollout > mine.yaml
    """
    from ..core.errors import Refk8sError
    from ..scenarios import shipped
    from ..scenarios.format import HERE

    if name not in shipped():
        raise Refk8sError(f"no shipped scenario {name!r}; there are {', '.join(shipped())}")
    typer.echo((HERE / f"{name}.yaml").read_text(), nl=False)


@app.command("check")
def check(
    targets: Annotated[list[str], typer.Argument(help="Scenario files; - for standard input.")],
) -> None:
    """Read scenarios without running them; exit code 2 and file and line for the first mistake.

    Example:
      refk8s scenarios check mine.yaml
    """
    from ..scenarios import resolve

    for target in targets:
        scenario = resolve(target)
        cluster = scenario.cluster
        steps = sum(len(script) for script in cluster.users.values())
        note(
            f"{target}: {scenario.name}: {len(cluster.nodes)} nodes, {len(cluster.users)} users with {steps} steps, {len(scenario.expect)} expectations"
        )


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors.

    Example:
      refk8s scenarios schema > scenario.schema.json
    """
    from ..scenarios.schema import text

    typer.echo(text(), nl=False)

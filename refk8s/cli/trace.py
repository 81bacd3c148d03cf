"""`refk8s trace show|diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, table

app = typer.Typer(help="Look at traces.", no_args_is_help=True)


@app.command("show")
def show(
    trace: Annotated[Path, typer.Argument(help="A trace.")],
    first: Annotated[int, typer.Option("--from", help="The first step.", min=0)] = 0,
    count: Annotated[int, typer.Option(help="How many steps.", min=1)] = 1_000_000,
    deviations: Annotated[
        bool,
        typer.Option("--deviations", help="Only the steps that deviate from what the default driver would have done."),
    ] = False,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Print the steps of a trace; * marks deviations from normal.

    Example:
      refk8s trace show rollout.trace.jsonl --from 100 --count 20
    """
    from ..core.errors import Refk8sError
    from ..trace.format import read
    from ..trace.replay import scenario_of

    found = read(trace)
    try:
        name = scenario_of(found).name
    except Refk8sError as error:
        raise type(error)(f"{trace}: {error}") from None
    steps = [step for step in found.steps[first : first + count] if step.dev or not deviations]
    if output is not Format.text:
        import attrs

        emit(
            {
                "version": 1,
                "header": dict(found.header),
                "steps": [attrs.asdict(step) for step in steps],
                "verdict": dict(found.verdict),
            },
            output,
        )
        return
    header = found.header
    seed = f", seed {header['seed']}" if header.get("seed") is not None else ""
    typer.echo(f"scenario {name}, driver {header.get('driver')}{seed}")
    table(
        ("STEP", "", "BECAUSE", "LABEL", "WROTE"),
        [(s.i, "*" if s.dev else "", s.because if s.because >= 0 else "", s.label, ", ".join(s.keys)) for s in steps],
    )
    if found.verdict:
        typer.echo(f"verdict: {found.verdict['verdict']} after {found.verdict['steps']} steps")
    else:
        typer.echo(f"cut off after {len(found.steps)} steps: no verdict")


@app.command("diff")
def diff(
    left: Annotated[Path, typer.Argument(help="A trace.")],
    right: Annotated[Path, typer.Argument(help="Another trace.")],
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Say where two traces part; exit code 3 if they do.

    Example:
      refk8s trace diff a.trace.jsonl b.trace.jsonl
    """
    import attrs

    from ..trace.diff import diff as compare
    from ..trace.format import read

    found = compare(read(left), read(right))
    if output is not Format.text:
        emit({"version": 1, "same": found is None, "difference": attrs.asdict(found) if found else None}, output)
    elif found is None:
        typer.echo("the same run")
    else:
        typer.echo(f"they part at {'the header' if found.at < 0 else f'step {found.at}'}: {found.what}")
        typer.echo(f"  {left}: {found.left or '(ended)'}")
        typer.echo(f"  {right}: {found.right or '(ended)'}")
    raise typer.Exit(0 if found is None else 3)

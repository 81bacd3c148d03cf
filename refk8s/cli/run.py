"""`refk8s run`: a scenario or manifests, as a story and a final table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, note, table


def run(
    targets: Annotated[
        list[str],
        typer.Argument(
            help="A shipped scenario, a scenario file, or manifests: files, directories, - for standard input."
        ),
    ],
    seed: Annotated[
        int | None, typer.Option(help="Seed of the random driver; without one the default driver runs.")
    ] = None,
    driver: Annotated[
        str, typer.Option(help="default, random, or twice (every schedule run twice, digests compared).")
    ] = "",
    steps: Annotated[int, typer.Option(help="Stop after so many steps.", min=1)] = 200_000,
    until: Annotated[str, typer.Option(help="Stop when this holds: quiet, or kind/name=STATE.")] = "quiet",
    trace: Annotated[Path | None, typer.Option(help="Write a trace here (.jsonl, or .jsonl.gz compressed).")] = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Keep the data of Secrets in the trace (it is redacted otherwise).")
    ] = False,
    nodes: Annotated[int, typer.Option(help="Nodes of the cluster that manifests are applied to.", min=1)] = 3,
    everything: Annotated[bool, typer.Option("--all", help="Tell heartbeats too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No story, only the end.")] = False,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run a scenario or manifests to quiet, checking every invariant at every step.

    Examples:

      refk8s run first-pod

      refk8s run rollout --seed 7 --trace rollout.trace.jsonl

      refk8s run shop.yaml db/ --nodes 5 --until pod/web=Running

      kubectl get pods -o yaml | refk8s run - -o json
    """
    from ..core.errors import Refk8sError
    from .running import execute
    from .session import find_scenario

    name = driver or ("default" if seed is None else "random")
    if name not in ("default", "random", "twice"):
        raise Refk8sError(f"--driver {name}: there are default, random and twice")
    scenario = find_scenario(targets, nodes)
    report = execute(scenario, name, seed, steps, until, trace, keep_secrets=secrets)
    if output is not Format.text:
        emit(report.data(), output)
        raise typer.Exit(report.exit_code)
    note(f"scenario {scenario.name}, driver {name}, seed {report.seed if report.seed is not None else 'none'}")
    if not quiet:
        for line in report.story(everything=everything):
            typer.echo(line)
    for resource, head, rows in report.tables():
        typer.echo(f"\n{resource}")
        table(head, rows)
    typer.echo("")
    for line in report.ending():
        typer.echo(line)
    raise typer.Exit(report.exit_code)

"""`refk8s run`: a scenario or manifests, as a story and a final table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from .output import OUTPUT, Format, emit, note, table
from .session import NAMESPACE, NODES, SEED, TARGETS

DRIVERS: Final = ("default", "random", "pct", "swarm", "twice")


def run(
    targets: Annotated[list[str], TARGETS],
    seed: Annotated[int | None, SEED] = None,
    driver: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="default (no seed), random, pct or swarm (--seed), or twice: the schedule is run twice and every digest compared.",
        ),
    ] = "",
    faults: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="Faults that may happen: crash=2,lost=1, or 3 (any three), or all (one of each kind). They stop, then the cluster must become quiet.",
        ),
    ] = "",
    steps: Annotated[int, typer.Option(help="Stop after so many steps; exit code 4.", min=1)] = 200_000,
    until: Annotated[
        str, typer.Option(metavar="WHAT", help="Stop when this holds: quiet, kind/name, or kind/name=STATE.")
    ] = "quiet",
    trace: Annotated[
        Path | None, typer.Option(help="Write a trace here (.jsonl, or .jsonl.gz compressed).", dir_okay=False)
    ] = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Keep the data of Secrets in the trace; without it, it is redacted.")
    ] = False,
    nodes: Annotated[int | None, NODES] = None,
    namespace: Annotated[str, NAMESPACE] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Tell details too: heartbeats, bookkeeping, refused writes.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No story, only the end.")] = False,
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run a scenario or manifests to quiet, checking every invariant at every step.

    Examples:
      refk8s run first-pod
      refk8s run rollout --seed 7 --trace rollout.trace.jsonl
      refk8s run rollout --seed 7 --faults crash=3
      refk8s run node-failure --driver swarm --seed 3 --faults all=2
      refk8s run shop.yaml db/ --nodes 5 --until deployment/web=Available
      kubectl get pods -o yaml | refk8s run - -o json

    Exit codes: 0 everything held, 1 an invariant broke, an expectation was not met or a manifest was refused, 4 the step limit came first.
    """
    from ..core.budget import FaultBudget
    from ..core.errors import Refk8sError
    from .running import Order, execute
    from .session import find_scenario

    budget = FaultBudget.parse(faults)
    name = driver or ("default" if seed is None and not budget.total else "random")
    if name not in DRIVERS:
        raise Refk8sError(f"--driver {name}: there are {', '.join(DRIVERS)}")
    if name == "default" and seed is not None:
        raise Refk8sError("--driver default has no seed; leave --seed away, or take --driver random")
    if name == "default" and budget.total:
        raise Refk8sError("--driver default makes no faults; leave it away, or take --driver random, pct or swarm")
    seed = 0 if name in ("random", "pct", "swarm") and seed is None else seed
    if name == "twice" and seed is None and budget.total:
        seed = 0
    scenario = find_scenario(targets, nodes, namespace, lists=True)
    order = Order(
        name, seed, steps, until, trace, secrets, _again(targets, seed, nodes, namespace, driver, faults), budget
    )
    report = execute(scenario, order)
    if output is not Format.text:
        emit(report.data(everything=everything, namespace=namespace), output)
        raise typer.Exit(report.exit_code)
    with_faults = f", faults {budget}" if budget.total else ""
    note(f"scenario {scenario.name}, driver {name}, seed {seed if seed is not None else 'none'}{with_faults}")
    if report.redacted:
        note("the data of Secrets is redacted in this run and its trace; --secrets keeps it")
    if not quiet:
        for line in report.story(everything=everything):
            typer.echo(line)
    for resource, head, rows in report.tables(namespace):
        typer.echo(f"\n{resource}")
        table(head, rows)
    typer.echo("")
    for line in report.ending():
        typer.echo(line)
    raise typer.Exit(report.exit_code)


def _again(targets: list[str], seed: int | None, nodes: int | None, namespace: str, driver: str, faults: str) -> str:
    """The command that makes the same run."""
    words = ["refk8s", "run", *targets]
    words += ["--seed", str(seed)] if seed is not None else []
    words += ["--driver", driver] if driver in ("pct", "swarm") else []
    words += ["--faults", faults] if faults else []
    words += ["--nodes", str(nodes)] if nodes is not None else []
    words += ["--namespace", namespace] if namespace else []
    return shlex.join(words)

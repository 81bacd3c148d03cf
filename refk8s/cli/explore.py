"""`refk8s explore`: every schedule with at most so many deviations from what a sane cluster would do."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from .output import OUTPUT, Format, emit, note
from .session import NAMESPACE, NODES, TARGETS, not_too_large


def explore(
    targets: Annotated[list[str], TARGETS],
    deviations: Annotated[
        int,
        typer.Option(
            "--deviations",
            "-k",
            help="Schedules with at most so many deviations are looked at.",
            min=0,
            callback=not_too_large,
        ),
    ] = 1,
    faults: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="Faults that may happen: kinds, each as often as the bound allows (crash,lost,hold), or so often (crash=1); all; none.",
        ),
    ] = "all",
    max_states: Annotated[
        int, typer.Option(help="Stop after so many states; exit code 4.", min=1, callback=not_too_large)
    ] = 1_000_000,
    memory: Annotated[
        str, typer.Option(metavar="SIZE", help="Stop before the process takes more than this (500M, 2G); exit code 4.")
    ] = "2G",
    trace: Annotated[
        Path | None, typer.Option(help="Write a counterexample here (.jsonl, or .jsonl.gz).", dir_okay=False)
    ] = None,
    rested: Annotated[
        bool, typer.Option("--rested", help="Begin with a cluster at rest, not with one that is being switched on.")
    ] = False,
    heartbeats: Annotated[bool, typer.Option("--heartbeats", help="With the heartbeats of nodes.")] = False,
    events: Annotated[bool, typer.Option("--events", help="With Events.")] = False,
    reduce: Annotated[
        bool, typer.Option("--reduce/--no-reduce", help="Leave out steps that only lead where another schedule leads.")
    ] = True,
    symmetry: Annotated[
        bool, typer.Option("--symmetry", help="Which of several equal nodes or pods of a set is which does not count.")
    ] = False,
    check: Annotated[
        int,
        typer.Option(
            metavar="N", help="Check one of N states: fingerprints, and what follows merged states; 0: none.", min=0
        ),
    ] = 1000,
    mutant: Annotated[str, typer.Option(metavar="ID", help="Search with this bug of the zoo in the cluster.")] = "",
    nodes: Annotated[int | None, NODES] = None,
    namespace: Annotated[str, NAMESPACE] = "",
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Look at all schedules with at most K deviations: reorderings, holds, and other faults at every place where they are possible.

    The fewest deviations come first, among these the shortest schedules, so that the first counterexample is a shortest one. Heartbeats and Events are left
    out.

    Examples:
      refk8s explore first-pod
      refk8s explore two-writers --rested -k 3 --faults none
      refk8s explore rollout --rested --faults crash,lost --memory 1G -o json
      refk8s explore two-writers --rested --mutant blind-put --trace lost.trace.jsonl

    Exit codes: 0 everything held in all of them, 1 an invariant broke, 4 a bound on states or memory came first.
    """
    from ..explore.searching import View
    from ..trace.format import writable_trace
    from .exploring import Order, bytes_of, execute
    from .session import find_scenario

    if trace is not None:
        writable_trace(trace)
    scenario = find_scenario(targets, nodes, namespace)
    wanted = "" if faults == "none" else faults
    view = View(heartbeats, events, rested)
    order = Order(
        deviations, wanted, max_states, bytes_of(memory), trace, view, reduce, symmetry, check, mutant, _again()
    )
    report = execute(scenario, order)
    if output is not Format.text:
        emit(report.data(), output)
        raise typer.Exit(report.exit_code)
    note(f"scenario {scenario.name}, at most {deviations} deviation{'' if deviations == 1 else 's'}, faults {faults}")
    for line in report.lines():
        typer.echo(line)
    raise typer.Exit(report.exit_code)


def _again() -> str:
    """The command as it was given."""
    return shlex.join(["refk8s", *sys.argv[1:]])

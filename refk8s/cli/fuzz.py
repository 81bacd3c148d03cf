"""`refk8s fuzz`: many schedules of one scenario, with faults; each distinct failure as a small trace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import OUTPUT, Format, emit, note
from .session import NAMESPACE, NODES, TARGETS

if TYPE_CHECKING:
    from .campaign import Job, Summary
    from .catching import Distinct


def fuzz(
    targets: Annotated[list[str] | None, TARGETS] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds: FIRST, FIRST+1, …", min=1)] = 1000,
    first: Annotated[int, typer.Option(help="The first seed.", min=0)] = 0,
    driver: Annotated[str, typer.Option(metavar="NAME", help="random, pct or swarm.")] = "random",
    faults: Annotated[
        str, typer.Option(metavar="SPEC", help="Faults that may happen: crash=2,lost=1, or 3 (any three), or all.")
    ] = "",
    jobs: Annotated[int | None, typer.Option(help="Worker processes; without it, one per core.", min=1)] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(help="A file that keeps what is done; the same command goes on from there.", dir_okay=False),
    ] = None,
    time: Annotated[str, typer.Option(metavar="30s|10m|2h", help="Begin no more schedules after so long.")] = "",
    mutant: Annotated[
        str, typer.Option(metavar="ID", help="With the bug of this mutant of the zoo, in its scenario.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Where the traces of failures go.", file_okay=False)] = Path("failures"),
    shrink: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Shrink the traces.")] = True,
    nodes: Annotated[int, NODES] = 3,
    namespace: Annotated[str, NAMESPACE] = "",
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run a scenario or manifests under many random schedules, with all invariants on.

    There is one shrunk trace for each distinct failure: by invariant, and by what it is about. Ctrl-C loses at most the seeds that are under way; with
    --ledger the same command goes on where it was, even after kill -9.

    Examples:
      refk8s fuzz rollout --seeds 1000
      refk8s fuzz node-failure --seeds 10000 --driver swarm --faults all --ledger soak.db
      refk8s fuzz shop.yaml --faults crash=2,lost=1 --time 10m -o json
      refk8s fuzz --mutant no-expectations --seeds 20

    Exit codes: 0 everything held, 1 something failed, 2 a mistake in the command, 130 interrupted.
    """
    from .campaign import campaign
    from .catching import catch, distinct

    seconds = _seconds(time)
    job = _job(list(targets or ()), nodes, namespace, driver, faults, mutant)
    note(
        f"scenario {job.name}, driver {driver}, seeds {first} to {first + seeds - 1}{f', faults {faults}' if faults else ''}"
    )
    try:
        (summary,) = campaign([job], first, first + seeds, jobs, ledger=ledger, seconds=seconds)
    except KeyboardInterrupt:
        if ledger is not None:
            note(f"what is done is in {ledger}; the same command goes on from there")
        raise
    found = distinct(summary.failures)
    for number, each in enumerate(found):
        note(f"{'shrinking' if shrink else 'writing'} {each.first.id} of seed {each.first.seed}")
        found[number] = catch(job, each, out, shrink=shrink, progress=lambda line: None)
    if output is not Format.text:
        emit(data(summary, found), output)
    else:
        _tell(summary, found)
    raise typer.Exit(1 if found else 0)


def _job(targets: list[str], nodes: int, namespace: str, driver: str, faults: str, mutant: str) -> Job:
    from ..core.errors import Refk8sError
    from .campaign import job_of
    from .session import find_scenario, mutant_named

    if mutant:
        if targets:
            raise Refk8sError(f"--mutant {mutant} has a scenario of its own; leave {targets[0]} away")
        return job_of(mutant_named(mutant).load(), driver, faults, mutant)
    if not targets:
        raise Refk8sError(
            "what shall be fuzzed? Name a scenario or manifests; `refk8s scenarios list` names those that are shipped"
        )
    return job_of(find_scenario(targets, nodes, namespace or "default"), driver, faults)


def _seconds(text: str) -> float | None:
    from ..core.errors import Refk8sError

    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text, re.ASCII)
    if found is None:
        raise Refk8sError(f"--time {text}: write 30s, 10m or 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def data(summary: Summary, failures: list[Distinct]) -> dict[str, Any]:
    """The summary as data."""
    return {
        "scenario": summary.scenario,
        "seeds": summary.runs,
        "failures": [each.data() for each in failures],
        "seeds_per_s": summary.seeds_per_s,
        "steps": summary.steps,
        "coverage": coverage(summary),
    }


def coverage(summary: Summary) -> dict[str, Any]:
    """What the seeds touched, and what they never did."""
    from ..explore.coverage import Coverage
    from .session import invariants

    whole = Coverage()
    for chunk in summary.chunks:
        whole.add(chunk.coverage)
    return whole.data(invariants().all())


def _tell(summary: Summary, failures: list[Distinct]) -> None:
    from ..core.invariant import Monitor
    from ..trace.format import read
    from ..trace.replay import replay
    from ..trace.report import report_of_trace
    from .session import invariants, parts_of

    for each in failures:
        if not each.trace:
            typer.echo(f"{each.first.id} with seed {each.first.seed}: {each.first.finding}")
            continue
        recorded = read(Path(each.trace))
        done = replay(recorded, monitor=Monitor(invariants().all()), parts=parts_of(recorded.header))
        assert done.failure is not None
        for line in report_of_trace(done.failure, recorded.steps, each.trace):
            typer.echo(line)
        typer.echo(f"seen under {len(each.seeds)} of {summary.runs} seeds, first {each.first.seed}\n")
    for part, found in coverage(summary).items():
        never = f"; never {', '.join(ranges(found['never']))}" if found["never"] else ""
        typer.echo(f"{part}: {len(found['reached'])} reached{never}")
    plural = "" if len(failures) == 1 else "s"
    verdict = f"{len(failures)} distinct failure{plural}" if failures else "held"
    typer.echo(f"{verdict}: {summary.runs} seeds, {summary.steps} steps, {summary.seeds_per_s} seeds/s")


def ranges(names: list[str]) -> list[str]:
    """Names with consecutive numbers at their ends put together: A-T1, A-T2, A-T3 are A-T1..3."""
    found: list[tuple[str, int, int]] = []
    for name in names:
        stem, number = re.fullmatch(r"(.*?)(\d*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
        last = found[-1] if found else ("", 0, 0)
        if number and last[0] == stem and last[2] + 1 == int(number) and not number.startswith("0"):
            found[-1] = (stem, last[1], int(number))
        elif number and not number.startswith("0"):
            found.append((stem, int(number), int(number)))
        else:
            found.append((name, -1, -1))
    return [stem if lo < 0 else f"{stem}{lo}" if lo == hi else f"{stem}{lo}..{hi}" for stem, lo, hi in found]

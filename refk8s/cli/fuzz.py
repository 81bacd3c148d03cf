"""`refk8s fuzz`: many schedules of one scenario, with faults; each distinct failure as a small trace."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from .codes import HELD, INCONCLUSIVE, INTERRUPTED, VIOLATED
from .output import OUTPUT, Format, emit, note
from .session import MOST_JOBS, NAMESPACE, NODES, TARGETS, not_too_large

if TYPE_CHECKING:
    from .campaign import Job, Summary
    from .catching import Distinct

DRIVERS: Final = ("random", "pct", "swarm")


def fuzz(
    targets: Annotated[list[str] | None, TARGETS] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds: FIRST, FIRST+1, …", min=1, callback=not_too_large)] = 1000,
    first: Annotated[int, typer.Option(help="The first seed.", min=0, callback=not_too_large)] = 0,
    driver: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="random, pct or swarm; without it, the mutant's own or random.", show_default=False
        ),
    ] = "",
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Faults that may happen: crash=2,lost=1, or 3 (any three), or all; without it, the mutant's own or none.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Worker processes; without it, one per core.", min=1, max=MOST_JOBS)
    ] = None,
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
    nodes: Annotated[int | None, NODES] = None,
    namespace: Annotated[str, NAMESPACE] = "",
    output: Annotated[Format, OUTPUT] = Format.text,
) -> None:
    """Run a scenario or manifests under many random schedules, with all invariants on.

    There is one shrunk trace for each distinct failure: by invariant, and by what it is about. After Ctrl-C it reports what was found until then; with
    --ledger the same command goes on where it was, even after kill -9.

    Examples:
      refk8s fuzz rollout --seeds 1000
      refk8s fuzz node-failure --seeds 10000 --driver swarm --faults all --ledger soak.db
      refk8s fuzz shop.yaml --faults crash=2,lost=1 --time 10m -o json
      refk8s fuzz --mutant no-expectations --seeds 20

    Exit codes: 0 everything held, 1 something failed, 2 a mistake in the command, 4 --time came before the first seed, 130 interrupted.
    """
    from .campaign import Interrupted, campaign
    from .catching import distinct
    from .places import writable_folder

    seconds = _seconds(time)
    job = _job(list(targets or ()), nodes, namespace, driver, faults, mutant)
    writable_folder(out)
    with_faults = f", faults {job.faults}" if job.faults else ""
    note(f"scenario {job.name}, driver {job.driver}, seeds {first} to {first + seeds - 1}{with_faults}")
    interrupted = False
    try:
        (summary,) = campaign([job], first, first + seeds, jobs, ledger=ledger, seconds=seconds)
    except Interrupted as stopped:
        (summary,), interrupted = stopped.summaries, True
    except KeyboardInterrupt:  # before there was anything to do
        _go_on(ledger)
        raise
    found = distinct(summary.failures)
    if not interrupted:
        interrupted = _catch(job, found, out, shrink=shrink)
    if output is not Format.text:
        emit(data(summary, found), output)
    else:
        _tell(summary, found, _again(list(targets or ()), job, nodes, namespace, mutant), interrupted=interrupted)
    if interrupted:
        _go_on(ledger)
    raise typer.Exit(_code(summary, found, interrupted=interrupted))


def _go_on(ledger: Path | None) -> None:
    if ledger is not None:
        note(f"what is done is in {ledger}; the same command goes on from there")


def _code(summary: Summary, found: list[Distinct], *, interrupted: bool) -> int:
    if interrupted:
        return INTERRUPTED
    return VIOLATED if found else HELD if summary.runs else INCONCLUSIVE


def _catch(job: Job, found: list[Distinct], out: Path, *, shrink: bool) -> bool:
    """Put a trace to each failure, as far as one can be written; whether Ctrl-C came in between."""
    from ..core.errors import Refk8sError
    from .catching import catch

    for number, each in enumerate(found):
        note(f"{'shrinking' if shrink else 'writing'} {each.first.id} of seed {each.first.seed}")
        try:
            found[number] = catch(job, each, out, shrink=shrink, progress=lambda line: None)
        except KeyboardInterrupt:
            return True
        except (OSError, Refk8sError) as error:  # what was found is worth more than its file
            note(f"no trace written: {error}")
    return False


def _job(targets: list[str], nodes: int | None, namespace: str, driver: str, faults: str | None, mutant: str) -> Job:
    from ..core.errors import Refk8sError
    from ..scenarios import from_data
    from ..trace.redact import redact
    from .campaign import job_of
    from .session import find_scenario, mutant_named, only_for_manifests

    if driver and driver not in DRIVERS:
        raise Refk8sError(f"--driver {driver}: many schedules need one of {', '.join(DRIVERS)}")
    if mutant:
        if targets:
            raise Refk8sError(f"--mutant {mutant} has a scenario of its own; leave {targets[0]} away")
        bug = mutant_named(mutant)
        only_for_manifests(f"--mutant {mutant}", "a bug in a scenario", nodes, namespace)
        return job_of(bug.load(), driver or bug.driver, bug.faults if faults is None else _wanted(faults), mutant)
    if not targets:
        raise Refk8sError(
            "what shall be fuzzed? Name a scenario or manifests; `refk8s scenarios list` names those that are shipped"
        )
    scenario = find_scenario(targets, nodes, namespace)
    shown = redact(scenario.data)
    if shown is not scenario.data:
        note("the data of Secrets is redacted, in the schedules and in traces of failures")
        scenario = from_data(shown)
    return job_of(scenario, driver or "random", _wanted(faults))


def _wanted(faults: str | None) -> str:
    """A budget of faults as a campaign has it: "" for none."""
    return "" if faults is None or faults.strip() == "none" else faults


def _again(targets: list[str], job: Job, nodes: int | None, namespace: str, mutant: str) -> str:
    """The command that does one seed again, but for the seed."""
    words = ["refk8s", "fuzz", *targets]
    words += ["--mutant", mutant] if mutant else []
    words += ["--driver", job.driver] if job.driver != "random" else []
    words += ["--faults", job.faults] if job.faults else []
    words += ["--nodes", str(nodes)] if nodes is not None else []
    words += ["--namespace", namespace] if namespace else []
    return shlex.join([*words, "--seeds", "1", "--first"])


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


def _tell(summary: Summary, failures: list[Distinct], again: str, *, interrupted: bool) -> None:
    from ..core.invariant import Monitor
    from ..trace.format import read
    from ..trace.replay import replay
    from ..trace.report import report_of_trace
    from .session import invariants, parts_of

    for each in failures:
        if not each.trace:
            typer.echo(f"{each.first.id} with seed {each.first.seed}: {each.first.finding}")
            typer.echo(f"reproduce: {again} {each.first.seed}")
            typer.echo(f"seen under {len(each.seeds)} of {summary.runs} seeds\n")
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
    verdict = (
        f"{len(failures)} distinct failure{plural}" if failures else "held" if summary.runs else "nothing was done"
    )
    cut = f" of {summary.runs + summary.left}" if summary.left else ""
    stopped = " (interrupted)" if interrupted else " (--time came first)" if summary.left else ""
    typer.echo(f"{verdict}: {summary.runs}{cut} seeds{stopped}, {summary.steps} steps, {summary.seeds_per_s} seeds/s")


def ranges(names: list[str]) -> list[str]:
    """Names with consecutive numbers at their ends put together: A-T1, A-T2, A-T3 are A-T1..3."""
    found: list[tuple[str, int, int]] = []
    for name in names:
        stem = name.rstrip("0123456789")
        number = name[len(stem) :]
        last = found[-1] if found else ("", 0, 0)
        if number and last[0] == stem and last[2] + 1 == int(number) and not number.startswith("0"):
            found[-1] = (stem, last[1], int(number))
        elif number and not number.startswith("0"):
            found.append((stem, int(number), int(number)))
        else:
            found.append((name, -1, -1))
    return [stem if lo < 0 else f"{stem}{lo}" if lo == hi else f"{stem}{lo}..{hi}" for stem, lo, hi in found]

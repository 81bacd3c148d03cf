"""The long campaigns (`make soak`): every shipped scenario under many seeds of the swarm driver with every kind of fault, with one ledger for all.

python -m tests.tools.soak [--seeds 10000] [--faults all] [--jobs N] [--folder soak]

It goes on where it was interrupted. At the end: a table, what was never reached, and a shrunk trace for each distinct failure; exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from refk8s.cli.campaign import Summary, campaign, job_of
from refk8s.cli.catching import catch, distinct
from refk8s.cli.fuzz import ranges
from refk8s.cli.output import note, table
from refk8s.cli.session import invariants
from refk8s.core.errors import Refk8sError
from refk8s.explore.coverage import Coverage
from refk8s.scenarios import resolve, shipped


def main() -> int:
    """Run the campaigns; exit code 1 if something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--faults", default="all")
    parser.add_argument("--driver", default="swarm")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=Path("soak"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    ledger = options.folder / "ledger.db"
    jobs = [job_of(resolve(name), options.driver, options.faults) for name in shipped()]
    try:
        summaries = campaign(jobs, 0, options.seeds, options.jobs, ledger=ledger)
    except Refk8sError as error:  # a ledger of something else
        note(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        note(f"interrupted; what is done is in {ledger}, and make soak goes on from there")
        return 130
    _tell(summaries)
    failed = 0
    for summary in summaries:
        for failure in distinct(summary.failures):
            failed += 1
            caught = catch(summary.job, failure, options.folder, shrink=True, progress=note)
            seeds = len(caught.seeds)
            print(
                f"{summary.scenario}: {caught.first.id} under {seeds} seeds, first {caught.first.seed}: {caught.first.finding}"
            )
            print(f"  reproduce: refk8s replay {caught.trace}" if caught.trace else "  the model crashed")
    print(f"{failed} distinct failures" if failed else "every invariant held in every schedule")
    return 1 if failed else 0


def _tell(summaries: list[Summary]) -> None:
    head = ("SCENARIO", "SEEDS", "VERDICT", "STEPS", "STEPS/S", "LOGICAL TIME")
    rows = [
        (s.scenario, s.runs, "violated" if s.failures else "held", s.steps, s.steps_per_s, s.logical) for s in summaries
    ]
    table(head, rows)
    whole = Coverage()
    for summary in summaries:
        for chunk in summary.chunks:
            whole.add(chunk.coverage)
    for part, found in whole.data(invariants().all()).items():
        reached = (
            ", ".join(f"{name} {count}" for name, count in found["reached"].items())
            if part in ("faults", "replies")
            else ""
        )
        never = f"; never {', '.join(ranges(found['never']))}" if found["never"] else ""
        print(f"{part}: {len(found['reached'])} reached{never}{f' ({reached})' if reached else ''}")


if __name__ == "__main__":
    sys.exit(main())

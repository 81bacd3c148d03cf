"""The pinned traces of the zoo and its figures, in tests/traces/zoo.

python -m tests.tools.pin_zoo         what does not replay any more is recorded anew: by its labels, or (if they show the bug no more) hunted again
python -m tests.tools.pin_zoo --all   every mutant is hunted anew (`make zoo`; some minutes)
python -m tests.tools.pin_zoo ID …    these are

Part of `make traces`. `figures.json` is what specs/TRACK_RECORD.md is made of; SEEDS and SECONDS in it are as of the last hunt.
"""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from refk8s.cli.hunting import LONG, hunted
from refk8s.cli.workers import Workers
from refk8s.core.budget import FaultBudget
from refk8s.core.errors import Refk8sError
from refk8s.core.invariant import Monitor
from refk8s.explore.plan import Taken
from refk8s.explore.shrink import Failing
from refk8s.explore.shrunk import write
from refk8s.invariants import suite
from refk8s.trace.format import Trace, read
from refk8s.trace.replay import replay, scenario_of
from refk8s.zoo import MUTANTS
from refk8s.zoo.mutant import Mutant

FOLDER: Final = Path(__file__).resolve().parents[1] / "traces" / "zoo"
FIGURES: Final = FOLDER / "figures.json"


def trace_of(id: str) -> Path:
    """The pinned trace of a mutant."""
    plain = FOLDER / f"{id}.trace.jsonl"
    packed = FOLDER / f"{id}.trace.jsonl.gz"
    return packed if packed.exists() else plain


@lru_cache(maxsize=1)
def figures() -> dict[str, dict[str, Any]]:
    """The figures by mutant."""
    if not FIGURES.exists():
        return {}
    return {row["id"]: row for row in json.loads(FIGURES.read_text())}


def main() -> None:
    """Renew what has to be."""
    FOLDER.mkdir(exist_ok=True)
    known = dict(figures())
    named = sys.argv[1:]
    if named and named != ["--all"]:
        wanted = [mutant for mutant in MUTANTS if mutant.id in named]
    else:
        wanted = [mutant for mutant in MUTANTS if named or not kept(mutant, known)]
    orders = iter([mutant.id for mutant in wanted])
    work = partial(hunted, ranges=5, shrink=True, traces=FOLDER)
    for name, row in Workers(work, os.cpu_count() or 1).results(lambda: next(orders, None)):
        known[name] = row
        _drop_twin(name, row["steps"])
        print(f"zoo/{name}: {row['caughtBy']} after {row['seeds']} seeds, {row['steps']} steps", flush=True)
    rows = [known[mutant.id] for mutant in MUTANTS]
    text = json.dumps(rows, indent=1) + "\n"
    if not FIGURES.exists() or FIGURES.read_text() != text:
        FIGURES.write_text(text)
    for path in FOLDER.glob("*.trace.jsonl*"):
        if path.name.partition(".")[0] not in known or path != trace_of(path.name.partition(".")[0]):
            path.unlink()


def _drop_twin(name: str, steps: int) -> None:
    packed = FOLDER / f"{name}.trace.jsonl.gz"
    if steps <= LONG and packed.exists():
        packed.unlink()


def kept(mutant: Mutant, known: dict[str, dict[str, Any]]) -> bool:
    """Whether the pinned trace shows the bug still; it is recorded anew by its labels if only digests, or the words of the finding, have changed."""
    path = trace_of(mutant.id)
    if mutant.id not in known or not path.exists() or known[mutant.id]["rows"] != list(mutant.rows):
        return False
    try:  # equal digests, and the same finding: all is as it was when it was recorded
        pinned = read(path)
        done = replay(pinned, monitor=Monitor(suite().all()), parts=mutant.parts())
        if done.failure is not None and done.failure.data() == pinned.verdict["violation"]:
            return True
    except Refk8sError:
        pass
    try:
        again = by_labels(mutant, read(path), path)
    except Refk8sError:
        return False
    if not again:
        return False
    known[mutant.id]["caughtBy"] = again
    print(f"zoo/{mutant.id}: recorded anew by its labels", flush=True)
    return True


def shows(mutant: Mutant, trace: Trace) -> str:
    """The id of the invariant that a trace breaks with the bug and not without, "" if it does not. Raises ReplayDivergence."""
    invariants = suite().all()
    failure = replay(trace, monitor=Monitor(invariants), parts=mutant.parts()).failure
    if failure is None or trace.verdict["violation"] != failure.data() or failure.step < len(trace.steps) - 1:
        return ""
    if replay(trace, lenient=True, monitor=Monitor(invariants), parts=mutant.control()).failure is not None:
        return ""
    return failure.id if failure.id in mutant.catches else ""


def by_labels(mutant: Mutant, trace: Trace, path: Path) -> str:
    """Record a trace anew, with the same steps; what `shows` says of it. Raises ReplayDivergence."""
    loosely = replay(trace, lenient=True, monitor=Monitor(suite().all()), parts=mutant.parts())
    if loosely.failure is None or loosely.skipped:
        return ""
    taken = tuple(Taken(each.label, (), injected=each.dev, payload=each.payload) for each in trace.steps)
    header = {name: trace.header[name] for name in ("mutant", "shrunk") if name in trace.header}
    failing = Failing(scenario_of(trace), (), taken, loosely.failure, FaultBudget.of(trace.header["faults"]))
    write(failing, path, parts=mutant.parts(), header=header)
    return shows(mutant, read(path))


if __name__ == "__main__":
    main()

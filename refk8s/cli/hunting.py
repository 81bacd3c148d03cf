"""What `refk8s zoo run` does with one mutant: hunt it in several ranges of seeds, shrink what shows it, and say what that took."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any


def hunted(name: str, *, ranges: int, shrink: bool, traces: Path | None) -> dict[str, Any]:
    """The figures of one mutant; `seconds` are CPU seconds to the first failure. Raises Refk8sError."""
    from ..explore.shrunk import write
    from ..zoo.hunt import RANGES, hunt, smallest
    from .session import invariants, mutant_named

    mutant, suite = mutant_named(name), invariants().all()
    hunts, took_s = [], []
    for first in RANGES[:ranges]:
        began = time.process_time()
        hunts.append(hunt(mutant, first, suite))
        took_s.append(time.process_time() - began)
    caught = [each for each in hunts if each.failing is not None]
    row: dict[str, Any] = {
        "id": mutant.id,
        "rows": list(mutant.rows),
        "caughtBy": caught[0].caught_by if len(caught) == len(hunts) else None,
        "seeds": int(median(each.seeds for each in hunts)),
        "budget": mutant.seeds,
        "seconds": round(median(took_s), 2),
        "steps": None,
        "deviations": None,
    }
    if shrink and caught and caught[0].failing is not None:
        small = smallest(mutant, caught[0].failing, suite)
        row |= {"steps": len(small.taken), "deviations": small.deviations}
        if traces is not None:
            path = traces / f"{mutant.id}.trace.jsonl{'.gz' if len(small.taken) > LONG else ''}"
            write(small, path, parts=mutant.parts(), header={"mutant": mutant.id})
    return row


LONG = 60
"""A trace of more steps is compressed."""

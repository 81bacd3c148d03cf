"""The failure report: what broke and where, the guarantee, what was observed and expected, the way there, and how to see it again (STYLE 11).

One form for all that finds failures: run, replay, fuzz, shrink, zoo, explore, and the rule machines of refk8s.testing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from ..explore.failure import Failure
from .format import Step

MOST_STEPS: Final = 40
"""Of a longer trace the beginning is left out."""


@attrs.frozen
class Way:
    """One line of the way to a failure; `starred`: it is a deviation from normal."""

    step: int
    text: str
    starred: bool


def report(failure: Failure, deviations: int, way: Iterable[Way], reproduce: str) -> Iterator[str]:
    """The lines of a failure report. `reproduce` is the command that shows the failure again."""
    yield f"{failure.id} violated at step {failure.step} ({deviations} deviation{'' if deviations == 1 else 's'})"
    yield from middle(failure.guarantee, failure.finding)
    for line in way:
        yield f"  {'*' if line.starred else ' '} #{line.step:<5} {line.text}"
    yield f"reproduce: {reproduce}"


def middle(guarantee: str, finding: str) -> Iterator[str]:
    """The lines that say what was promised, observed and expected."""
    yield f"  guarantee: {guarantee}"
    observed, expected = split(finding)
    yield f"  observed:  {observed}"
    yield f"  expected:  {expected or re.split(r'(?<=[.!?]) ', guarantee, maxsplit=1)[0]}"


def split(finding: str) -> tuple[str, str]:
    """What a finding says was observed, and what it says was expected ("" if it does not; an invariant of a user's own may leave it to the guarantee)."""
    observed, *expected = re.split(r"[:;,] expected ", finding, maxsplit=1)
    return observed, expected[0] if expected else ""


def way_of(steps: Sequence[Step]) -> Iterator[Way]:
    """The way as the steps of a trace, each with what it wrote."""
    left_out = max(0, len(steps) - MOST_STEPS)
    if left_out:
        yield Way(
            0, f"… {left_out} steps, {sum(step.dev for step in steps[:left_out])} of them deviations", starred=False
        )
    for step in steps[left_out:]:
        wrote = f"  → {', '.join(step.keys)}" if step.keys else ""
        yield Way(step.i, f"{step.label}{wrote}", step.dev)


def report_of_trace(failure: Failure, steps: Sequence[Step], path: Path | str) -> Iterator[str]:
    """The report of a failure that a trace in a file shows."""
    return report(failure, sum(step.dev for step in steps), way_of(steps), f"refk8s replay {path}")

"""Where two traces part: the first step whose label or digest differs, with what is around it."""

from __future__ import annotations

import attrs

from .format import Step, Trace


@attrs.frozen
class Difference:
    """The first difference of two traces. `at` is the step (-1: in the headers); `left` and `right` what each has there ("" past its end)."""

    at: int
    what: str
    left: str
    right: str


def diff(left: Trace, right: Trace) -> Difference | None:
    """The first difference, or None if the traces are the same run."""
    for field in ("version", "epoch", "gates", "digest"):
        if left.header.get(field) != right.header.get(field):
            return Difference(-1, f"header {field}", str(left.header.get(field)), str(right.header.get(field)))
    for a, b in zip(left.steps, right.steps, strict=False):
        if a.label != b.label:
            return Difference(a.i, "label", a.label, b.label)
        if a.digest != b.digest:
            return Difference(a.i, f"digest after {a.label!r}", a.digest, b.digest)
    if len(left.steps) != len(right.steps):
        place = min(len(left.steps), len(right.steps))
        return Difference(place, "length", _label(left.steps, place), _label(right.steps, place))
    return None


def _label(steps: tuple[Step, ...], place: int) -> str:
    return steps[place].label if place < len(steps) else ""

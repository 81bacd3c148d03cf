"""Why did that happen: the chain of causes behind a step, or behind the last change of an object, up to the user who began it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..core.errors import Refk8sError
from ..users.verb import by_any
from .story import Line, Storyteller


def line_about(teller: Storyteller, subject: str, namespace: str = "default") -> Line:
    """The last line of the story about a step number, `kind/name` (in `namespace`) or `kind/namespace/name`. Raises Refk8sError if there is none."""
    lines = teller.lines
    step = subject.removeprefix("#")  # as the story prints it
    if step.isdecimal():
        return _line_of_step(teller, int(step))
    kind, _, name = subject.partition("/")
    try:
        row = by_any(kind)
    except KeyError:
        raise Refk8sError(
            f"why {subject}: no kind {kind!r}; write kind/name, for instance pod/web, or a step number"
        ) from None
    key = name if "/" in name or not row.namespaced else f"{namespace}/{name}"
    about = [line for line in lines if line.subject == f"{row.plural}/{key}"]
    if not about:
        near = sorted({line.subject for line in lines if line.subject.startswith(f"{row.plural}/")})[:5]
        raise Refk8sError(
            f"why {subject}: nothing happened to {row.plural}/{key}; there were {', '.join(near) or 'none of this kind'}"
        )
    return about[-1]


def _line_of_step(teller: Storyteller, step: int) -> Line:
    """What the story tells of a step; one that changed nothing is a line of its own, because of the change that enabled it."""
    if step not in teller.causes:
        raise Refk8sError(f"why {step}: there is no such step; there are steps 0 to {len(teller.causes) - 1}")
    told = [line for line in teller.lines if line.step == step]
    if told:
        return told[-1]
    cause = teller.root(step)
    at_ms = next((line.at_ms for line in teller.lines if line.step == cause), 0)
    return Line(step, at_ms, "(this step)", "changed nothing", "", cause)


def chain(lines: Sequence[Line], last: Line) -> list[Line]:
    """The lines from the first cause to `last`."""
    by_step: Mapping[int, Line] = {line.step: line for line in lines}
    found = [last]
    while found[-1].because in by_step and by_step[found[-1].because] is not found[-1]:
        found.append(by_step[found[-1].because])
    return found[::-1]


def linked(lines: Sequence[Line]) -> Iterator[str]:
    """A chain as people read it: each line below what it came from, further in."""
    for depth, line in enumerate(lines):
        mark = "  " * (depth - 1) + "└ " if depth else ""
        yield f"{line.at_ms / 1000:>9.3f}s  #{line.step:<5} {mark}{line.actor}: {line.text}"

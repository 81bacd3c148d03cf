"""The `functions` corpus: recorded answers of pure functions, one family per function.

Each family has one adapter that takes a recorded input to an answer of the expected shape; the adapters only translate,
the answers come from the model.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refk8s.conformance.answers import ANSWERS
from refk8s.conformance.cases import Case, ConformanceError, read, vendored
from refk8s.conformance.report import Disagreement, Group, Report

__all__ = ["ConformanceError", "run"]

CORPUS = "functions"

Answer = Callable[[Any], Any]

_GO_MAP = re.compile(r"map\[|\[\[")


def run(folder: Path | str | None = None) -> Report:
    """Compare the model with the cases in `folder` (default: those in the source tree). Raises ConformanceError.

    A family without an adapter disagrees in every case, and so does a case whose answer crashes.
    """
    families = read(vendored(CORPUS) if folder is None else Path(folder))
    return Report(tuple(_group(family, cases) for family, cases in families.items()))


def _group(family: str, cases: list[Case]) -> Group:
    answer = ANSWERS.get(family)
    if answer is None:
        disagreements = [Disagreement(case.name, f"no answers for family {family}") for case in cases]
    else:
        disagreements = [found for case in cases if (found := _check(answer, family, case)) is not None]
    return Group(CORPUS, family, len(cases), tuple(disagreements))


def _check(answer: Answer, family: str, case: Case) -> Disagreement | None:
    try:
        got = answer(case.input)
    except Exception as error:  # whatever goes wrong inside an answer is a disagreement with a name, never a way out
        return Disagreement(case.name, f"crashed: {type(error).__name__}: {error}")
    if _same(got, case.expected) or (family == "patch" and _same_error(got, case.expected)):
        return None
    return Disagreement(case.name, f"expected {case.expected!r}, got {got!r}")


def _same(a: Any, b: Any) -> bool:
    """Say whether two JSON trees are equal; true and 1 are not."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _same_error(got: Any, expected: Any) -> bool:
    """Say whether two errors are equal up to where a Go map is printed, whose order is arbitrary."""
    if not (isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys() == {"error"}):
        return False
    ours, theirs = (_GO_MAP.split(str(each["error"]), maxsplit=1) for each in (got, expected))
    return len(ours) == len(theirs) == 2 and ours[0] == theirs[0]

"""What was observed and what was expected: in every report, and in every finding of a shipped invariant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import refk8s.invariants
from refk8s.explore.failure import Failure
from refk8s.trace.report import report, split

FOLDER = Path(refk8s.invariants.__file__).parent
REASONS = (
    "excess",
    "unfit",
    "_conflict",
    "_difference",
    "_finalizer_finding",
    "_kept_away",
    "_no_room",
    "_skewed",
    "_strange_move",
    "_stuck",
    "_watch",
    "_wrong_victims",
)
"""The functions whose sentences end a finding."""


@pytest.mark.parametrize(
    ("finding", "observed", "expected"),
    [
        ("pods/a has 2: expected 1", "pods/a has 2", "1"),
        ("pods/a has 2, expected 1", "pods/a has 2", "1"),
        ("pods/a has 2; expected 1: expected 3", "pods/a has 2", "1: expected 3"),
        ("pods/a is unexpected", "pods/a is unexpected", ""),
    ],
)
def test_a_finding_says_what_was_observed_and_what_was_expected(finding: str, observed: str, expected: str) -> None:
    assert split(finding) == (observed, expected)


def test_what_a_finding_leaves_out_is_what_the_guarantee_says() -> None:
    failure = Failure("MINE-01", "No pod is ever bound. Not even by hand.", "pods/a is bound", 3)
    assert list(report(failure, 0, (), "…")) == [
        "MINE-01 violated at step 3 (0 deviations)",
        "  guarantee: No pod is ever bound. Not even by hand.",
        "  observed:  pods/a is bound",
        "  expected:  No pod is ever bound.",
        "reproduce: …",
    ]


def sentences(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """(function, sentence) of what the checks in a file, and the functions that they leave it to, return."""
    tree = ast.parse(path.read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        if function.decorator_list or function.name in REASONS:
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield function.name, node.value


def parts(value: ast.expr) -> list[str]:
    """The sentences that an expression may be, with «…» around what is put in."""
    if isinstance(value, ast.IfExp):
        return [*parts(value.body), *parts(value.orelse)]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.JoinedStr):
        found = [""]
        for piece in value.values:
            inner = piece.value if isinstance(piece, ast.FormattedValue) else piece
            ends = parts(inner) if isinstance(inner, ast.IfExp | ast.Constant) else [f"«{ast.unparse(inner)}»"]
            found = [begin + end for begin in found for end in ends]
        return found
    return []


def leaves_it(sentence: str) -> bool:
    """Whether a sentence ends in what one of the REASONS says."""
    last = sentence.rpartition("«")[2] if sentence.endswith("»") else ""
    return any(name in last for name in ("why", *REASONS))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_every_finding_of_a_shipped_invariant_says_what_was_expected(path: Path) -> None:
    silent = [
        f"{path.name}, {function}: {sentence}"
        for function, value in sentences(path)
        for sentence in parts(value)
        if sentence and not split(sentence)[1] and not leaves_it(sentence)
    ]
    assert not silent

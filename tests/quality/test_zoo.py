"""The tools find known bugs: every mutant is caught, every invariant has a mutant that it catches, and without the bug nobody complains."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import attrs
import pytest

from refk8s.core.invariant import MODEL, REACH, Monitor
from refk8s.invariants import suite
from refk8s.trace.format import read
from refk8s.trace.replay import replay
from refk8s.trace.report import split
from refk8s.zoo import MUTANTS
from refk8s.zoo import hunt as hunting
from refk8s.zoo.hunt import hunt, unmutated
from refk8s.zoo.mutant import Mutant
from tests.tools.pin_zoo import figures, trace_of

ALL = suite().all()
INVARIANTS = {invariant.id: invariant for invariant in ALL}
SILENT_SEEDS = (None, 0, 1, 2)
MOST_LINES = 20
ROWS = 20
"""How many rows of the catalogue of real bugs there are to be at least."""

pairs = [pytest.param(mutant, id, id=f"{mutant.id}-{id}") for mutant in MUTANTS for id in mutant.catches]
each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)


@each
def test_a_mutant_is_caught_from_scratch_within_its_budget_by_an_invariant_that_it_names(mutant: Mutant) -> None:
    found = hunt(mutant, 0, ALL)
    assert found.failing is not None, f"{mutant.id} got away"
    assert found.caught_by in mutant.catches, found.failing.failure


@pytest.mark.parametrize(("mutant", "id"), pairs)
def test_an_invariant_that_a_mutant_names_catches_it_alone(mutant: Mutant, id: str) -> None:
    found = hunt(mutant, 0, [INVARIANTS[id]], default_first=True)
    assert found.failing is not None, f"{id} does not see {mutant.id}"


@each
def test_without_the_bug_the_same_scenario_is_silent(mutant: Mutant) -> None:
    for seed in SILENT_SEEDS:
        outcome = unmutated(mutant, seed, ALL)
        assert outcome.verdict == "quiet", f"seed {seed}: {outcome.violation or outcome.verdict}"


@each
def test_the_pinned_trace_violates_with_the_bug_and_not_without(mutant: Mutant) -> None:
    trace, figure = read(trace_of(mutant.id)), figures()[mutant.id]
    assert trace.header["mutant"] == mutant.id
    done = replay(trace, monitor=Monitor(ALL), parts=mutant.parts())
    assert done.failure is not None
    assert done.failure.id in mutant.catches
    assert done.failure.id == figure["caughtBy"]
    assert trace.verdict["violation"] == done.failure.data()
    assert split(done.failure.finding)[1], f"it does not say what was expected: {done.failure.finding}"
    assert figure["steps"] == len(trace.steps) == done.steps
    assert figure["deviations"] == sum(step.dev for step in trace.steps)
    assert replay(trace, lenient=True, monitor=Monitor(ALL), parts=mutant.control()).failure is None


def test_half_of_the_pinned_traces_can_be_read_at_a_glance() -> None:
    lengths = sorted(figures()[mutant.id]["steps"] for mutant in MUTANTS if mutant.rows)
    assert lengths[len(lengths) // 2] <= 12


def test_no_pinned_trace_is_too_long_to_be_read() -> None:
    lengths = sorted(row["steps"] for row in figures().values())
    assert lengths[-1] <= 250
    assert sum(length > 60 for length in lengths) <= 4


def test_enough_rows_of_the_catalogue_are_there_and_named_in_the_stories() -> None:
    rows = {row for mutant in MUTANTS for row in mutant.rows if not row.startswith("zero")}
    assert len(rows) >= ROWS
    for mutant in MUTANTS:
        for row in mutant.rows:
            word = "k8s-lite-go" if row.startswith("zero") else row
            assert word in mutant.story, f"{mutant.id}: {row}"


def test_the_mistakes_of_the_seed_project_are_there() -> None:
    zero = {row: mutant.id for mutant in MUTANTS for row in mutant.rows if row.startswith("zero")}
    assert {row: zero[row] for row in ("zero b", "zero c", "zero g")} == {
        "zero b": "unbound-and-deleted",
        "zero c": "name-never-free",
        "zero g": "round-robin",
    }
    assert "zero a" in next(mutant for mutant in MUTANTS if mutant.id == "blind-put").rows


def test_every_invariant_is_shown_to_bite() -> None:
    shown = {id for mutant in MUTANTS for id in mutant.catches}
    toothless = [id for id, found in INVARIANTS.items() if found.severity not in (REACH, MODEL) and id not in shown]
    assert not toothless


def test_mutants_name_invariants_that_exist() -> None:
    assert not [(mutant.id, id) for mutant in MUTANTS for id in mutant.catches if id not in INVARIANTS]


def test_ids_of_mutants_are_their_files_names() -> None:
    files = {path.stem.replace("_", "-") for path in Path(hunting.__file__).parent.glob("*.py")}
    assert {mutant.id for mutant in MUTANTS} == files - {"--init--", "mutant", "hunt", "scenes"}


@each
def test_a_mutant_is_small_and_tells_its_story(mutant: Mutant) -> None:
    tree = ast.parse(Path(inspect.getfile(hunting)).with_name(f"{mutant.id.replace('-', '_')}.py").read_text())
    bug = [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    documented = [part for node in bug for part in ast.walk(node) if isinstance(part, (ast.ClassDef, ast.FunctionDef))]
    docstrings = sum(ast.get_docstring(part) is not None for part in documented)
    lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in bug)
    assert lines - docstrings <= MOST_LINES
    assert len(mutant.story.split()) >= 15


def test_a_run_without_an_end_is_not_caught_before_an_invariant_says_why() -> None:
    restless = next(mutant for mutant in MUTANTS if mutant.id == "polls-for-ever")
    others = [invariant for invariant in ALL if invariant.id != "LIVE-02"]
    assert hunt(attrs.evolve(restless, seeds=2, steps=2_000), 0, others).failing is None

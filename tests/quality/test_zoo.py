"""The tools find known bugs: every mutant is caught, every invariant has a mutant that it catches, and without the bug nobody complains."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from refk8s.core.invariant import MODEL, REACH
from refk8s.invariants import suite
from refk8s.zoo import MUTANTS
from refk8s.zoo import run as zoo_run
from refk8s.zoo.mutant import Mutant
from refk8s.zoo.run import run_mutant, run_unmutated

INVARIANTS = {invariant.id: invariant for invariant in suite().all()}
SILENT_SEEDS = (None, 0, 1, 2)
MOST_LINES = 20

pairs = [pytest.param(mutant, id, id=f"{mutant.id}-{id}") for mutant in MUTANTS for id in mutant.catches]
each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)


@each
def test_a_mutant_is_caught_by_an_invariant_that_it_names(mutant: Mutant) -> None:
    caught = run_mutant(mutant)
    assert caught is not None, f"{mutant.id} got away"
    assert caught.invariant in mutant.catches, caught.finding


@pytest.mark.parametrize(("mutant", "id"), pairs)
def test_an_invariant_that_a_mutant_names_catches_it_alone(mutant: Mutant, id: str) -> None:
    caught = run_mutant(mutant, invariants=[INVARIANTS[id]])
    assert caught is not None, f"{id} does not see {mutant.id}"


@each
def test_without_the_bug_the_same_scenario_is_silent(mutant: Mutant) -> None:
    for seed in SILENT_SEEDS:
        outcome = run_unmutated(mutant, seed)
        assert outcome.verdict == "quiet", f"seed {seed}: {outcome.violation or outcome.verdict}"


def test_every_invariant_is_shown_to_bite() -> None:
    shown = {id for mutant in MUTANTS for id in mutant.catches}
    toothless = [id for id, found in INVARIANTS.items() if found.severity not in (REACH, MODEL) and id not in shown]
    assert not toothless


def test_mutants_name_invariants_that_exist() -> None:
    assert not [(mutant.id, id) for mutant in MUTANTS for id in mutant.catches if id not in INVARIANTS]


def test_ids_of_mutants_are_their_files_names() -> None:
    files = {path.stem.replace("_", "-") for path in Path(zoo_run.__file__).parent.glob("*.py")}
    assert {mutant.id for mutant in MUTANTS} == files - {"--init--", "mutant", "run", "scenes"}


@each
def test_a_mutant_is_small_and_tells_its_story(mutant: Mutant) -> None:
    tree = ast.parse(Path(inspect.getfile(zoo_run)).with_name(f"{mutant.id.replace('-', '_')}.py").read_text())
    bug = [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
    documented = [part for node in bug for part in ast.walk(node) if isinstance(part, (ast.ClassDef, ast.FunctionDef))]
    docstrings = sum(ast.get_docstring(part) is not None for part in documented)
    lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in bug)
    assert lines - docstrings <= MOST_LINES
    assert len(mutant.story.split()) >= 15


def test_a_run_that_never_becomes_quiet_counts_as_caught() -> None:
    hot = next(mutant for mutant in MUTANTS if mutant.id == "hot-loop")
    caught = run_mutant(hot, seeds=0)
    assert caught is not None
    assert (caught.invariant, caught.seed) == (zoo_run.NEVER_QUIET, None)

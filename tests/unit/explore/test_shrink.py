"""Shrinking: the same failure, less of everything, and a trace that replays strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from refk8s.core.errors import Refk8sError
from refk8s.core.invariant import Monitor
from refk8s.explore.drivers import DefaultDriver, driver_of
from refk8s.explore.reduce import REDUCTIONS, amounts, components, nodes, rest, who_does_what
from refk8s.explore.shrink import Failing
from refk8s.explore.shrunk import failing_of, fails, shrunk, write
from refk8s.invariants import suite
from refk8s.scenarios import resolve
from refk8s.trace.format import read
from refk8s.trace.replay import replay
from refk8s.zoo import MUTANTS
from refk8s.zoo.mutant import Mutant

ALL = suite().all()


def mutant(id: str) -> Mutant:
    return next(each for each in MUTANTS if each.id == id)


def failing(bug: Mutant, seeds: range = range(50)) -> Failing:
    found = (fails(bug.load(), driver_of("random", seed), parts=bug.parts(), invariants=ALL) for seed in seeds)
    return next(each for each in found if each is not None)


@pytest.mark.parametrize(
    ("id", "deviations", "steps"), [("blind-put", 1, 8), ("no-expectations", 1, 17), ("deaf-to-deletions", 0, 40)]
)
def test_the_shrunk_run_fails_in_the_same_way_and_replays_strictly(
    id: str, deviations: int, steps: int, tmp_path: Path
) -> None:
    bug = mutant(id)
    whole = failing(bug)
    small = shrunk(whole, parts=bug.parts(), control=bug.control(), invariants=ALL)
    assert small.failure.id == whole.failure.id
    assert small.deviations <= deviations
    assert len(small.taken) <= steps
    path = tmp_path / "small.trace.jsonl"
    write(small, path, parts=bug.parts())
    trace = read(path)
    again = replay(trace, monitor=Monitor(ALL), parts=bug.parts())
    assert (again.status, again.failure) == ("violated", small.failure)
    assert sum(each.dev for each in trace.steps) == small.deviations
    sound = replay(trace, lenient=True, monitor=Monitor(ALL), parts=bug.control())
    assert sound.failure is None


def test_a_trace_can_be_shrunk_and_then_no_further(tmp_path: Path) -> None:
    bug = mutant("blind-put")
    write(failing(bug), tmp_path / "whole.trace.jsonl", parts=bug.parts())
    first = failing_of(read(tmp_path / "whole.trace.jsonl"), parts=bug.parts(), invariants=ALL)
    small = shrunk(first, parts=bug.parts(), invariants=ALL)
    write(small, tmp_path / "small.trace.jsonl", parts=bug.parts())
    again = failing_of(read(tmp_path / "small.trace.jsonl"), parts=bug.parts(), invariants=ALL)
    assert len(again.taken) == len(small.taken)


def test_a_run_that_holds_is_nothing_to_shrink(tmp_path: Path) -> None:
    assert fails(resolve("first-pod"), DefaultDriver(), invariants=ALL) is None


def test_a_failure_at_quiet_does_not_come_from_a_process_that_is_down() -> None:
    bug = mutant("deaf-to-deletions")
    whole = failing(bug)
    small = shrunk(whole, parts=bug.parts(), invariants=ALL, effort=60_000)
    assert not [each.label for each in small.taken if each.label.startswith(("hold", "crash"))]
    assert "components" not in small.scenario.data["spec"]  # without a control nobody can tell who would have done it


SPEC = {
    "nodes": [{"name": "node", "count": 2}],
    "users": {"ann": [{"scale": {"resource": "deployments", "name": "web", "replicas": 5}}, {"sleep": "9s"}]},
    "expect": [{"resource": "pods"}],
}


def test_every_reduction_takes_something_away_and_changes_nothing_in_place() -> None:
    before = repr(SPEC)
    found = [smaller for reduction in REDUCTIONS for smaller in reduction(SPEC)]
    assert all(smaller.spec != SPEC for smaller in found)
    assert repr(SPEC) == before


def test_reductions_are_these() -> None:
    assert [each.spec["nodes"] for each in nodes(SPEC)] == [[], [{"name": "node-1"}], [{"name": "node-2"}]]
    assert [each.what for each in amounts(SPEC)] == ["replicas 1", "replicas 2", "replicas 4"]
    assert [each.what for each in rest(SPEC)] == ["a cluster at rest"]
    assert [each.what for each in who_does_what(SPEC)][:3] == [
        "without expectations",
        "without user ann",
        "ann without scale",
    ]
    assert next(components(SPEC)).spec["components"] == {"controllerManagers": 0, "schedulers": 0}


def test_shrinking_says_if_the_failure_is_not_there(tmp_path: Path) -> None:
    bug = mutant("blind-put")
    with pytest.raises(Refk8sError, match="not violated when the same is done again"):
        shrunk(failing(bug), parts=bug.control(), invariants=ALL)

"""The search on the real model: it is silent and complete on scenarios without a bug, and finds bugs of the zoo with the fewest deviations."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from refk8s.core.invariant import Monitor
from refk8s.explore.canonical import Canonical
from refk8s.explore.cluster import build
from refk8s.explore.search import Bounds, Explored, Search
from refk8s.explore.searching import View, budget_of, start_of, viewed, write_trace
from refk8s.invariants import suite
from refk8s.scenarios import from_data, resolve
from refk8s.scenarios.format import Scenario
from refk8s.scenarios.spec import API_VERSION
from refk8s.trace.format import read
from refk8s.trace.replay import replay
from refk8s.zoo import MUTANTS
from refk8s.zoo.scenes import apply, deployment, scene

SMALL_DEPLOYMENT = {
    "apiVersion": API_VERSION,
    "kind": "Scenario",
    "metadata": {"name": "small-deployment"},
    "spec": dict(scene(apply(deployment(replicas=2)), nodes=2)),
}


def scenario_of(name: str) -> Scenario:
    return from_data(SMALL_DEPLOYMENT) if name == "small-deployment" else resolve(name)


def explored(
    scenario: Scenario, deviations: int, faults: str, *, rested: bool = True, check_every: int = 0, **more: bool
) -> Explored:
    scenario = viewed(scenario, View(rested=rested))
    model, world = start_of(scenario, budget_of(faults, deviations))
    bounds = Bounds(deviations, max_states=100_000)
    options = {"scenario": scenario, **more, "check_every": check_every}
    return Search(attrs.evolve(model, keep_live=False), world, bounds, monitor=Monitor(suite().all()), **options).run()


@pytest.mark.parametrize(
    ("name", "deviations", "faults", "rested"),
    [
        ("first-pod", 2, "", False),
        ("first-pod", 3, "", True),
        ("first-pod", 1, "all", True),
        ("two-writers", 2, "", True),
        ("two-writers", 1, "crash,lost,reject,hold", True),
        ("small-deployment", 1, "", True),
    ],
)
def test_all_schedules_within_the_bound_hold(name: str, deviations: int, faults: str, rested: bool) -> None:
    found = explored(scenario_of(name), deviations, faults, rested=rested)
    assert found.failure is None
    assert found.complete
    assert found.covered == deviations
    assert found.quiet
    assert found.states == sum(level.states for level in found.levels)


@pytest.mark.parametrize(("name", "faults"), [("first-pod", "all"), ("two-writers", "crash,lost,hold")])
def test_what_is_left_out_leads_only_where_other_schedules_lead(name: str, faults: str) -> None:
    whole = explored(scenario_of(name), 1, faults, reduce=False)
    reduced = explored(scenario_of(name), 1, faults)
    assert (whole.states, whole.quiet, whole.depth) == (reduced.states, reduced.quiet, reduced.depth)
    assert whole.transitions > reduced.transitions


@pytest.mark.parametrize("rested", [False, True], ids=["switched on", "rested"])
def test_symmetry_merges_only_states_that_go_on_equally(rested: bool) -> None:
    whole = explored(scenario_of("small-deployment"), 1, "", rested=rested)
    merged = explored(scenario_of("small-deployment"), 1, "", rested=rested, symmetry=True, check_every=7)
    assert merged.complete
    assert merged.failure is None
    assert merged.states < whole.states


@pytest.mark.parametrize(
    ("name", "deviations", "faults", "every"),
    [
        ("first-pod", 2, "", 3),
        ("two-writers", 1, "all", 20),
        ("small-deployment", 1, "hold", 80),
        (
            "first-pod",
            1,
            "compact,crash",
            1,
        ),  # after a crash no compaction is left, and how much history there is does not count
    ],
)
def test_states_that_count_as_equal_go_on_equally(name: str, deviations: int, faults: str, every: int) -> None:
    assert explored(scenario_of(name), deviations, faults, check_every=every).complete  # raises ModelError otherwise


# mutant → (deviations allowed, faults) → (invariant, deviations needed, steps)
FOUND = {
    "blind-put": (2, "", "API-01", 1, 10),
    "double-binding": (2, "", "API-09", 1, 19),
    "no-expectations": (1, "hold", "REPLICASET-01", 1, 42),
    "start-time-of-the-kubelet": (1, "crash,lost", "CONV-05", 1, 35),
    "room-given-away": (2, "all", "KUBELET-01", 0, 67),
}


@pytest.mark.parametrize("id", FOUND)
def test_bugs_are_found_with_the_fewest_deviations_and_the_trace_replays(id: str, tmp_path: Path) -> None:
    deviations, faults, invariant, needed, steps = FOUND[id]
    mutant = next(each for each in MUTANTS if each.id == id)
    scenario = viewed(mutant.load(), View(rested=True))
    cluster = attrs.evolve(scenario.cluster, gates={**mutant.gates}, leader_election=mutant.leader_election)
    budget = budget_of(faults, deviations)
    model, world = build(cluster, mutant.parts(), budget)
    searching = attrs.evolve(model, keep_live=False)
    found = Search(searching, world, Bounds(deviations, max_states=50_000), monitor=Monitor(suite().all())).run()
    assert found.failure is not None
    assert found.failure.id == invariant
    assert (found.levels[-1].deviations, len(found.path)) == (needed, steps)
    if not mutant.leader_election:
        return  # a trace's header cannot say so
    path = tmp_path / "found.trace.jsonl"
    write_trace(
        path,
        model,
        world,
        found,
        {"scenario": scenario.data, "seed": None, "driver": "explore", "faults": budget.data()},
    )
    recorded = read(path)
    again = replay(recorded, monitor=Monitor(suite().all()), parts=mutant.parts())
    assert again.failure is not None
    assert (again.failure.id, again.failure.finding) == (invariant, found.failure.finding)
    assert sum(step.dev for step in recorded.steps) >= needed


def test_a_bug_of_the_canonical_fingerprint_is_noticed() -> None:
    class Forgetful(Canonical):
        """Does not see what is under way."""

        def _inboxes(self, world: object) -> int:
            return 0

    from refk8s.core.errors import ModelError

    scenario = viewed(resolve("two-writers"), View(rested=True))
    model, world = start_of(scenario, budget_of("", 1))
    model = attrs.evolve(model, keep_live=False)
    with pytest.raises(ModelError, match=r"recomputation|not all that can follow"):
        Search(model, world, Bounds(1), check_every=1, canonical=Forgetful(model)).run()

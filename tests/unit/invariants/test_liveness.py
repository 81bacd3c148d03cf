"""What comes to rest, and what does not, as the invariants with a memory see it."""

from __future__ import annotations

import re

import attrs
import pytest

from refk8s.core.budget import FaultBudget
from refk8s.core.enabled import first, is_idle
from refk8s.core.invariant import Monitor
from refk8s.core.model import NO_BOUNDS, Bounds
from refk8s.core.step import step
from refk8s.explore.cluster import Cluster, Parts, build
from refk8s.explore.lasso import OLD_MS, lasso_digest
from refk8s.explore.run import Outcome, run
from refk8s.invariants import suite
from refk8s.scenarios import from_data
from refk8s.zoo import MUTANTS
from refk8s.zoo.mutant import with_controller
from refk8s.zoo.polls_for_ever import Anxious

LIVE = tuple(each for each in suite().all() if each.id.startswith("LIVE-"))
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


def usual(mutant: str) -> Cluster:
    """The cluster of a mutant's scenario with the bounds that hold for all, and with heartbeats."""
    return attrs.evolve(BY_ID[mutant].load().cluster, bounds=NO_BOUNDS, heartbeats=True)


def outcome(mutant: str, cluster: Cluster, *, fixed: bool = False) -> Outcome:
    chosen = BY_ID[mutant]
    model, world = build(cluster, chosen.control() if fixed else chosen.parts())
    return run(model, world, monitor=Monitor(LIVE), max_steps=20_000)


KINDS = pytest.mark.parametrize(
    ("mutant", "id"), [("hot-loop", "LIVE-01"), ("polls-for-ever", "LIVE-02"), ("wakes-itself", "LIVE-03")]
)


@KINDS
def test_each_kind_of_unrest_has_its_invariant_and_the_correct_code_is_silent(mutant: str, id: str) -> None:
    found = outcome(mutant, usual(mutant))
    assert found.violation is not None
    assert found.violation.invariant.id == id
    assert outcome(mutant, usual(mutant), fixed=True).verdict == "quiet"


@KINDS
def test_tighter_bounds_of_the_scenario_show_it_sooner(mutant: str, id: str) -> None:
    found = outcome(mutant, BY_ID[mutant].load().cluster)
    assert found.violation is not None
    assert found.violation.invariant.id == id
    assert found.steps < 250
    assert outcome(mutant, usual(mutant)).steps > found.steps


@pytest.mark.parametrize(
    ("mutant", "bounds", "finding"),
    [
        ("hot-loop", Bounds(steps_at_once=90), "91 steps without time passing, .*: expected at most 90"),
        ("wakes-itself", Bounds(writes=7), ".* has written .* 8 times .*: expected at most 7"),
    ],
)
def test_a_bound_of_the_scenario_is_the_one_that_is_told(mutant: str, bounds: Bounds, finding: str) -> None:
    found = outcome(mutant, attrs.evolve(usual(mutant), bounds=bounds))
    assert found.violation is not None
    assert re.fullmatch(finding, found.violation.finding)


def test_correct_code_breaks_a_bound_that_is_too_tight() -> None:
    few = Bounds(writes=1)
    found = outcome("wakes-itself", attrs.evolve(usual("wakes-itself"), bounds=few), fixed=True)
    assert found.violation is not None
    assert found.violation.invariant.id == "LIVE-03"


def test_a_circle_is_told_with_its_length() -> None:
    found = outcome("polls-for-ever", usual("polls-for-ever"))
    assert found.violation is not None
    assert "steps and 300s" in found.violation.finding  # the period of the looks, and of the node's status


def test_a_run_that_waits_for_long_is_no_circle() -> None:
    waiting = from_data(
        {
            "apiVersion": "refk8s.dev/v1",
            "kind": "Scenario",
            "metadata": {"name": "long"},
            "spec": {"users": {"ann": [{"sleep": "3h"}]}, "nodes": [{"name": "n"}]},
        }
    )
    found = run(*build(waiting.cluster), monitor=Monitor(LIVE))
    assert found.verdict == "quiet"
    assert found.steps > 6_000


def test_under_an_adversary_nobody_looks_for_circles() -> None:
    chosen = BY_ID["polls-for-ever"]
    model, world = build(usual(chosen.id), chosen.parts(), FaultBudget.parse("crash=1"))
    assert run(model, world, monitor=Monitor(LIVE), max_steps=8_000).verdict == "limit"


def test_the_digest_of_a_circle_forgets_old_ages_revisions_and_events_and_nothing_else() -> None:
    class EverySecond(Anxious):
        every_ms = 1_000

    parts = with_controller("replicaset", EverySecond)(Parts())
    model, world = build(usual("polls-for-ever"), parts)
    digests: dict[int, int] = {}
    seen = again = 0
    while world.now_ms < model.epoch_ms + OLD_MS + 700_000:
        action = first(world)
        assert action is not None
        if is_idle(world) and world.now_ms > model.epoch_ms + OLD_MS + 60_000:
            seen += 1
            again += lasso_digest(world) in digests
            digests[lasso_digest(world)] = world.index
        world, _ = step(model, world, action)
    assert again > 100
    assert seen - again > 100, "within a period all moments differ"

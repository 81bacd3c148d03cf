"""What comes to rest, and what does not, as the invariants with a memory see it."""

from __future__ import annotations

import pytest

from refk8s.core.budget import FaultBudget
from refk8s.core.enabled import first, is_idle
from refk8s.core.invariant import Monitor
from refk8s.core.step import step
from refk8s.explore.cluster import build
from refk8s.explore.lasso import OLD_MS, lasso_digest
from refk8s.explore.run import Outcome, run
from refk8s.invariants import suite
from refk8s.scenarios import from_data
from refk8s.zoo import MUTANTS

LIVE = tuple(each for each in suite().all() if each.id.startswith("LIVE-"))
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


def outcome(mutant: str, *, fixed: bool = False) -> Outcome:
    chosen = BY_ID[mutant]
    model, world = build(chosen.load().cluster, chosen.control() if fixed else chosen.parts())
    return run(model, world, monitor=Monitor(LIVE), max_steps=chosen.steps)


@pytest.mark.parametrize(
    ("mutant", "id"), [("hot-loop", "LIVE-01"), ("polls-for-ever", "LIVE-02"), ("wakes-itself", "LIVE-03")]
)
def test_each_kind_of_unrest_has_its_invariant_and_the_correct_code_is_silent(mutant: str, id: str) -> None:
    found = outcome(mutant)
    assert found.violation is not None
    assert found.violation.invariant.id == id
    assert outcome(mutant, fixed=True).verdict == "quiet"


def test_a_circle_is_told_with_its_length() -> None:
    found = outcome("polls-for-ever")
    assert found.violation is not None
    assert "steps and 300s" in found.violation.finding  # the period of the node's status


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
    model, world = build(chosen.load().cluster, chosen.parts(), FaultBudget.parse("crash=1"))
    assert run(model, world, monitor=Monitor(LIVE), max_steps=8_000).verdict == "limit"


def test_the_digest_of_a_circle_forgets_old_ages_revisions_and_events_and_nothing_else() -> None:
    model, world = build(BY_ID["polls-for-ever"].load().cluster, BY_ID["polls-for-ever"].parts())
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

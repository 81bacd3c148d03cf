"""The random driver's quick ways: what it draws without making all options is what it would draw of them."""

from __future__ import annotations

import pytest

from refk8s.core.budget import FaultBudget
from refk8s.core.enabled import CLOCK, acting, actions_of, actors, pick
from refk8s.core.fingerprint import recompute_fingerprint
from refk8s.core.ready import ids
from refk8s.core.step import step
from refk8s.explore.cluster import build
from refk8s.explore.drivers import driver_of
from refk8s.scenarios import resolve


class Draw:
    """A source of choices that always draws the same number, and keeps the bound that it was asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.bound = 0

    def __call__(self, bound: int) -> int:
        self.bound = bound
        return self.number


@pytest.mark.parametrize(("scenario", "seed"), [("first-pod", 3), ("rollout-with-crashes", 5), ("two-writers", 1)])
def test_an_action_that_is_drawn_alone_is_the_one_of_the_list(scenario: str, seed: int) -> None:
    faults = FaultBudget.parse("all")
    driver = driver_of("random", seed, faults=faults, length=200)
    model, world = build(resolve(scenario).cluster, None, faults)
    compared = 0
    while world.index < 400 and (action := driver.choose(model, world)) is not None:
        who = actors(world)
        assert [p for p in who if p != CLOCK] == list(ids(acting(world)))
        for p in ids(acting(world)):
            options = actions_of(world, p)
            for n, option in enumerate(options):
                draw = Draw(n)
                drawn = pick(world, p, draw)
                assert (type(drawn), drawn, draw.bound) == (type(option), option, len(options))
                compared += 1
        world, _ = step(model, world, action)
    assert compared > 500


def test_a_world_with_faults_has_their_cell_in_its_fingerprint_and_leaves_the_first_one_alone() -> None:
    cluster = resolve("first-pod").cluster
    model, world = build(cluster)
    again, with_faults = build(cluster, None, FaultBudget.parse("crash=3"))
    assert again is model
    assert build(cluster)[1].fingerprint == world.fingerprint != with_faults.fingerprint
    assert with_faults.fingerprint == recompute_fingerprint(model, with_faults)
    assert with_faults.with_faults(FaultBudget()).fingerprint == world.fingerprint

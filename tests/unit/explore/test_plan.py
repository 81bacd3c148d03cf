"""Plans: the whole plan of a run is the run, what is left of it is the default driver's, and labels survive what is taken away."""

from __future__ import annotations

import pytest

from refk8s.core.budget import FaultBudget
from refk8s.core.model import Model
from refk8s.explore.cluster import build
from refk8s.explore.drivers import DefaultDriver, Driver, driver_of
from refk8s.explore.plan import START, Inject, Plan, PlanDriver, Recorder, Taken, Wait, plan_of, rebased
from refk8s.explore.run import run
from refk8s.scenarios import resolve


def recorded(scenario: str, driver: Driver, most: int = 200_000) -> tuple[Model, list[Taken]]:
    model, world = build(resolve(scenario).cluster, faults=driver.faults)
    recorder = Recorder(model)
    run(model, world, driver, observers=(recorder,), max_steps=most)
    return model, recorder.taken


def labels(taken: list[Taken]) -> list[str]:
    return [each.label for each in taken]


@pytest.mark.parametrize("scenario", ["two-writers", "full-node", "rollout"])
@pytest.mark.parametrize("seed", range(3))
def test_the_whole_plan_of_a_run_is_the_run(scenario: str, seed: int) -> None:
    _, taken = recorded(scenario, driver_of("random", seed))
    plan = plan_of(taken)
    assert plan
    assert labels(recorded(scenario, PlanDriver(plan))[1]) == labels(taken)


@pytest.mark.parametrize("seed", range(6))
def test_the_whole_plan_of_a_run_with_faults_is_the_run(seed: int) -> None:
    faults = FaultBudget.parse("all")
    _, taken = recorded("full-node", driver_of("swarm", seed, faults=faults, length=150))
    assert any(each.injected for each in taken)
    assert labels(recorded("full-node", PlanDriver(plan_of(taken)))[1]) == labels(taken)


def test_an_empty_plan_is_the_default_driver() -> None:
    _, taken = recorded("first-pod", DefaultDriver())
    assert plan_of(taken) == ()
    assert labels(recorded("first-pod", PlanDriver(()))[1]) == labels(taken)


HOLD = "hold kube-scheduler pods"
BEGIN = "begin user/ann/script next"


def test_an_injection_happens_once_right_after_what_it_waits_for() -> None:
    _, taken = recorded("first-pod", PlanDriver((Inject(HOLD, (BEGIN, 1)),)))
    names = labels(taken)
    assert names.count(HOLD) == 1
    assert names[names.index(BEGIN) + 1] == HOLD
    assert [each.label for each in taken if each.deviates] == [HOLD, "stop-faults"]


def test_what_waits_for_something_that_never_comes_happens_before_time_passes() -> None:
    _, taken = recorded("first-pod", PlanDriver((Wait((BEGIN, 1), ("deliver nothing", 1)),)))
    names = labels(taken)
    assert BEGIN in names
    assert not any(name.startswith("advance") for name in names[: names.index(BEGIN)])


def test_what_waits_for_ever_never_happens() -> None:
    _, taken = recorded("first-pod", PlanDriver((Wait((BEGIN, 1), None),)), most=200)
    assert BEGIN not in labels(taken)


def test_a_plan_as_of_later_counts_from_there() -> None:
    plan: Plan = (Wait(("a", 3), ("b", 2)), Wait(("a", 1), None), Inject("c", ("b", 1)))
    assert rebased(plan, {"a": 2, "b": 1}) == (Wait(("a", 1), ("b", 1)), Inject("c", START))

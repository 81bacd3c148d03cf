"""No alarm under faults: every shipped scenario, a hundred seeds each, with two faults of every kind at most. `make soak` takes ten thousand of each."""

from __future__ import annotations

from collections import Counter

import pytest

from refk8s.core.action import Action, Compaction, Crash, Hold, Input, Release, Relist, Restart
from refk8s.core.budget import KINDS, FaultBudget
from refk8s.core.delta import Delta
from refk8s.core.enabled import enabled, find
from refk8s.core.faults import kind_of
from refk8s.core.invariant import Monitor
from refk8s.core.step import recompute_fingerprint, step
from refk8s.core.world import World
from refk8s.explore.check import check
from refk8s.explore.cluster import YOU, build
from refk8s.explore.drivers import SwarmDriver
from refk8s.explore.due import usual
from refk8s.explore.run import run, run_twice
from refk8s.invariants import suite
from refk8s.scenarios import Scenario, from_data, resolve, shipped

SEEDS, CHUNK = 100, 20
INVARIANTS = suite().all()
FAULTS = FaultBudget.parse("all=2")
PATCH = {"verb": "patch", "resource": "nodes", "name": "node-1", "options": {"patchType": "merge"}}
DRIVERS = ("swarm", "random", "pct", "swarm", "swarm")


@pytest.mark.parametrize("lo", range(0, SEEDS, CHUNK))
@pytest.mark.parametrize("name", shipped())
def test_a_scenario_is_silent_under_faults(name: str, lo: int) -> None:
    scenario = resolve(name)
    for seed in range(lo, lo + CHUNK):
        driver = DRIVERS[lo // CHUNK]
        result = check(scenario, seed, driver=driver, faults=FAULTS, monitor=Monitor(INVARIANTS), max_steps=60_000)
        assert result.held, f"refk8s run {name} --driver {driver} --seed {seed} --faults all=2: {result.why()}"


REPLICAS = {"apiServers": 2, "controllerManagers": 2, "schedulers": 2}


def replicated(name: str) -> Scenario:
    """A shipped scenario with two of each component of the control plane."""
    data = resolve(name).data
    return from_data({**data, "spec": {**data["spec"], "components": REPLICAS}})


@pytest.mark.parametrize("lo", [0, 10])
def test_a_replicated_control_plane_is_silent_under_faults(lo: int) -> None:
    scenario = replicated("full-node")
    for seed in range(lo, lo + 10):
        result = check(scenario, seed, faults=FAULTS, monitor=Monitor(INVARIANTS), max_steps=60_000)
        assert result.held, f"seed {seed}: {result.why()}"


def test_nobody_lists_from_a_watch_cache_that_has_to_list_anew_itself() -> None:
    model, world = build(replicated("first-pod").cluster)
    world = run(model, world).world
    kubelet, server = world.names["kubelet/node-1"], world.procs[world.names["kubelet/node-1"]].server
    cache = world.first_informer[server] + model.program(world.pids[server]).stream_index["nodes"]
    for action in (Hold(cache), Crash(kubelet), Restart(kubelet)):
        world, _ = step(model, world, action)
    for value in "xy":
        body = {"metadata": {"labels": {"value": value}}}
        world, _ = step(model, world, Input({"request": {**PATCH, "body": body}}))
        world, _ = step(model, world, find(model, world, f"serve {YOU}/input:patch nodes node-1 patch nodes node-1"))
    mine = world.first_informer[kubelet] + model.program("kubelet/node-1").stream_index["nodes@name=node-1"]
    assert Relist(mine) in list(enabled(world))
    world, _ = step(model, world, Compaction(0))
    assert Relist(mine) not in list(enabled(world))
    for action in (Release(cache), Relist(cache)):
        world, _ = step(model, world, action)
    assert Relist(mine) in list(enabled(world))


def test_every_kind_of_fault_happens_and_expectations_are_mostly_due() -> None:
    kinds: Counter[str | None] = Counter()

    def count(before: World, action: Action, after: World, delta: Delta) -> None:
        if before.faults.total:
            kinds[kind_of(action, before)] += 1

    excused = 0
    for seed in range(30):
        result = check(
            resolve("rollout-with-crashes"),
            seed,
            faults=FaultBudget.parse("all"),
            monitor=Monitor(()),
            observers=(count,),
        )
        excused += bool(result.excused)
    assert set(KINDS) <= set(kinds)
    assert excused < 15


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["first-pod", "two-writers"])
def test_a_run_with_faults_is_deterministic_and_its_fingerprints_are_right(name: str, seed: int) -> None:
    scenario = resolve(name)
    driver = SwarmDriver(seed, faults=FAULTS, length=usual(scenario).steps)
    model, world = build(scenario.cluster, faults=driver.faults)
    run_twice(model, world, lambda: SwarmDriver(seed, faults=FAULTS, length=usual(scenario).steps))

    def check_fingerprint(before: World, action: Action, after: World, delta: Delta) -> None:
        if kind_of(action, before) or after.faults is not before.faults:
            assert after.fingerprint == recompute_fingerprint(model, after)
            again, _ = step(model, before, action)
            assert again.fingerprint == after.fingerprint

    outcome = run(model, world, driver, observers=(check_fingerprint,))
    assert outcome.verdict == "quiet"
    assert outcome.world.fingerprint == recompute_fingerprint(model, outcome.world)

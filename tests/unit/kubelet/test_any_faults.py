"""Crashes, lost replies and refused requests at any moment: in the end everything is as if they had not been."""

from typing import Any

import pytest

from refk8s.core.action import Action, Crash, Restart, Serve
from refk8s.core.rng import SplitMix64
from refk8s.core.step import recompute_fingerprint, step
from refk8s.explore.drivers import RandomDriver
from refk8s.kubelet.admission import NOTHING_TAKEN
from refk8s.kubelet.machines import CONTAINER_STATE, POD_PHASE
from refk8s.kubelet.program import NodeSpec
from refk8s.kubelet.runtime import NOTHING_RUNS

from .kubelet_world import KubeletWorld
from .pods import container

LIVES = (
    "",
    "exit 0 after 3s",
    "exit 1 after 2s then run",
    "stop 4s",
    "i: exit 1 after 1s then exit 0 after 1s",
    "image after 8s",
    "ready after 4s",
)
INITS: tuple[list[Any], ...] = ([], [container("i")], [container("s", restartPolicy="Always")])
NAMES = [f"p{n}" for n in range(4)]


def start(rng: SplitMix64) -> KubeletWorld:
    made = KubeletWorld.start(NodeSpec("n1"), NodeSpec("n2"))
    probe = {"httpGet": {"port": 80}, "periodSeconds": 1}
    for name in NAMES:
        made.create(
            name,
            LIVES[rng.below(len(LIVES))],
            restartPolicy=("Always", "OnFailure", "Never")[rng.below(3)],
            initContainers=INITS[rng.below(3)],
            containers=[container(readinessProbe=probe), container("d")][: 1 + rng.below(2)],
        )
    return made


def disturb(made: KubeletWorld, rng: SplitMix64, seed: int, steps: int) -> None:
    driver = RandomDriver(seed)
    p = made.world.names["kubelet/n1"]
    for _ in range(steps):
        chance = rng.below(100)
        action: Action | None
        if chance == 0:
            action = Crash(p) if made.world.procs[p].alive else Restart(p)
        elif chance == 1:
            made.delete(NAMES[rng.below(3)], (None, 0, 1)[rng.below(3)])
            continue
        else:
            action = driver.choose(made.model, made.world)
        if isinstance(action, Serve) and rng.below(12) == 0:
            action = action._replace(lost=True) if rng.below(2) else action._replace(reject=500)
        if action is None:
            break
        before = made.world
        made.world, delta = step(made.model, before, action)
        made.watch(before, action, made.world, delta)
    if not made.world.procs[p].alive:
        made.restart()


@pytest.mark.parametrize("seed", range(24))
def test_a_kubelet_recovers_from_any_faults(seed: int) -> None:
    rng = SplitMix64(seed)
    made = start(rng)
    disturb(made, rng, seed, 600)
    assert recompute_fingerprint(made.model, made.world) == made.world.fingerprint
    assert made.run().verdict == "quiet"
    pods = {name: document for name in NAMES if (document := made.get(name)) is not None}
    uids = {document["metadata"]["uid"] for document in pods.values()}
    for document in pods.values():
        assert "deletionTimestamp" not in document["metadata"]
        assert document["status"]["phase"] in ("Running", "Succeeded", "Failed")
    # nothing is left of pods that are gone, and pods that have ended take nothing
    runtime = made.memory("node:runtime") or NOTHING_RUNS
    assert set(runtime.pods.keys()) <= uids
    memory = made.world.process("kubelet/n1").memory
    assert {name.split(":")[1] for name in memory if name.startswith(("pod:", "gone:"))} <= uids
    running = {d["metadata"]["uid"] for d in pods.values() if d["status"]["phase"] == "Running"}
    taken = made.memory("~taken") or NOTHING_TAKEN
    assert set(taken.shares.keys()) == running
    # whatever happened, every change was a row of the state tables
    for machine in (POD_PHASE, CONTAINER_STATE):
        for _, change in made.changes:
            if change.resource == "pods":
                assert all(row is not None for *_, row in machine.fired(change))

"""Every row of the machines on conditions and phases is fired by some schedule: no row is there only because it sounds right.

The machines of pods and containers are reached in tests/unit/kubelet/test_machines.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from refk8s.api.rest import Api
from refk8s.api.store import Change, Store
from refk8s.core.action import Action
from refk8s.core.delta import Delta
from refk8s.core.machine import Machine
from refk8s.core.model import Occasion
from refk8s.core.wire import Request, Response
from refk8s.core.world import World
from refk8s.explore.cluster import Parts, build
from refk8s.explore.drivers import RandomDriver
from refk8s.explore.run import run
from refk8s.kinds.machines import DEPLOYMENT, MACHINES, NAMESPACE, NODE, SCHEDULED, progress_state
from refk8s.scenarios import from_data
from refk8s.zoo.scenes import apply, config_map, delete, deployment, patch, pod, scene, sleep

SEEDS = (None, *range(12))
NO_LIMIT = 2**31 - 1
QUOTA = config_map("quota")


class Quota(Api):
    """Creates no ReplicaSet while there is a ConfigMap named quota, and takes no word about finding one while there is one named mute."""

    def serve(self, store: Store, request: Request, occasion: Occasion) -> tuple[Store, Response, tuple[Change, ...]]:
        full = (
            request.verb == "create" and request.resource == "replicasets" and store.get("configmaps", "default/quota")
        )
        mute = request.resource == "deployments" and request.subresource and store.get("configmaps", "default/mute")
        if full or (mute and progress_state(request.body)[""] == "progressing"):
            return store, self.refuse(request, 500), ()
        return super().serve(store, request, occasion)


def deadline(seconds: int) -> dict[str, Any]:
    return patch("deployments", "web", {"spec": {"progressDeadlineSeconds": seconds}})


def image(tag: str) -> dict[str, Any]:
    return {"setImage": {"resource": "deployments", "name": "web", "container": "web", "image": f"web:{tag}"}}


def rollout(do: str) -> dict[str, Any]:
    return {"rollout": {"do": do, "name": "web"}}


def late(seconds: int, **spec: Any) -> dict[str, Any]:
    made = deployment(progressDeadlineSeconds=20, **spec)
    made["spec"]["template"]["metadata"] = {
        "labels": {"app": "web"},
        "annotations": {"refk8s.dev/behaviour": f"ready after {seconds}s"},
    }
    made["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/", "port": 80}}
    return made


def node(name: str, **status: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


NOT_READY = {"conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "x"}]}
FULL, FREE = apply(QUOTA), delete("configmaps", "quota")
SCENES: Mapping[Machine, tuple[Mapping[str, Any], ...]] = {
    SCHEDULED: (
        scene(apply(pod("a"), pod("big", cpu="64"), pod("gated", schedulingGates=[{"name": "example.com/gate"}]))),
        scene(apply(pod("pinned", nodeName="node"), pod("too-big", cpu="64", nodeName="node"))),
        scene(
            *(apply(pod(f"p{n}", cpu="1500m")) for n in range(5)),
            apply(pod("taken", cpu="3", nodeName="node-1")),
            nodes=2,
            components={"schedulers": 2},
        ),
        scene(
            apply(*(pod(f"p{n}", cpu="2500m") for n in range(3))),
            apply(pod("x", cpu="2500m", nodeName="node-1"), pod("y", cpu="2500m", nodeName="node-2")),
            nodes=2,
            components={"schedulers": 2},
        ),
    ),
    NODE: (
        scene({"stopNode": {"name": "node"}}, sleep("70s"), {"startNode": {"name": "node"}}),
        scene(sleep("70s"), objects=[node("node", **NOT_READY)]),
        scene(sleep("90s"), objects=[node("gone", **NOT_READY), node("new")]),
    ),
    NAMESPACE: (
        scene(
            apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}), delete("namespaces", "shop")
        ),
    ),
    DEPLOYMENT: (
        scene(apply(deployment()), sleep("10s"), image("2")),
        scene(apply(deployment(paused=True)), sleep("2s"), rollout("resume")),
        scene(apply(deployment()), sleep("200ms"), rollout("pause"), sleep("1s"), rollout("resume")),
        scene(apply(deployment()), sleep("10s"), rollout("pause"), sleep("1s"), deadline(NO_LIMIT), rollout("resume")),
        scene(apply(deployment()), sleep("10s"), deadline(NO_LIMIT)),
        scene(apply(late(60)), sleep("1s"), deadline(NO_LIMIT)),
        scene(apply(late(60)), sleep("40s"), deadline(NO_LIMIT)),
        scene(apply(late(60))),
        scene(apply(late(60, replicas=1))),
        scene(
            apply(
                late(
                    30,
                    replicas=6,
                    strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                )
            )
        ),
        scene(apply(late(60)), sleep("30s"), image("2")),
        scene(apply(late(60)), sleep("30s"), FULL, image("2"), sleep("2s"), FREE),
        scene(FULL, apply(deployment()), sleep("2s"), FREE),
        scene(FULL, apply(deployment()), sleep("2s"), rollout("pause"), FREE, rollout("resume")),
        scene(FULL, apply(deployment()), sleep("2s"), deadline(NO_LIMIT), FREE),
        scene(apply(deployment()), sleep("300ms"), FULL, image("2"), sleep("2s"), FREE),
        scene(apply(deployment()), sleep("10s"), FULL, image("2"), sleep("2s"), FREE),
        scene(apply(late(200)), sleep("5s"), FULL, image("2"), sleep("5s"), image("1"), FREE),
        scene(apply(deployment()), sleep("10s"), FULL, image("2"), sleep("2s"), image("1"), FREE),
        scene(
            apply(config_map("mute")),
            apply(deployment(replicas=1)),
            sleep("5s"),
            apply(deployment(replicas=0, cpu="200m", strategy={"type": "Recreate"})),
            sleep("10s"),
            delete("configmaps", "mute"),
        ),
    ),
}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.id)
def test_every_row_is_fired(machine: Machine) -> None:
    missing = {row.id for row in machine.rows}

    def observe(before: World, action: Action, after: World, delta: Delta) -> None:
        for change in delta.commits:
            if change.resource == machine.resource:
                rows = machine.fired(change)
                assert all(row is not None or change.actor.startswith("user/") for *_, row in rows), rows
                missing.difference_update(row.id for *_, row in rows if row is not None)

    for seed in SEEDS:
        for number, spec in enumerate(SCENES[machine]):
            if missing:
                name = {"name": f"{machine.id.lower()}-{number}"}
                data = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": name, "spec": dict(spec)}
                cluster = attrs.evolve(from_data(data).cluster, leader_election=False)
                model, world = build(cluster, Parts(api=Quota()))
                driver = None if seed is None else RandomDriver(seed)
                run(model, world, driver, observers=(observe,), max_steps=10_000)
    assert not missing, f"never fired: {sorted(missing)}"

"""Preemption in the living cluster: what is written, in which order, and what happens when it cannot be written; Permit, gates and nominations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import pytest

from refk8s.core.action import Action, AdvanceTo, Serve
from refk8s.core.enabled import enabled, first, is_quiet, label
from refk8s.core.step import step
from refk8s.core.world import World
from refk8s.explore.cluster import Parts, build
from refk8s.scenarios.format import from_data
from refk8s.scheduler.framework import Code, Plugin, Point, Profile, Status, Wait
from refk8s.scheduler.nodeinfo import PodInfo
from refk8s.scheduler.plugins import default_profile
from refk8s.scheduler.program import kube_scheduler
from refk8s.scheduler.queue import EMPTY_QUEUE, Queue
from refk8s.scheduler.rules import Profiles
from refk8s.scheduler.snapshot import Snapshot
from refk8s.zoo.scenes import apply, delete, deployment, pod, preemption_scene, priority_class, scene, sleep

HEADER = {"apiVersion": "refk8s.dev/v1", "kind": "Scenario", "metadata": {"name": "preempting"}}


class Cluster:
    """A cluster of a scene, stepped by hand."""

    def __init__(self, spec: Any, profile: Profile | None = None) -> None:
        parts = Parts()
        if profile is not None:
            parts = attrs.evolve(parts, scheduler=lambda: kube_scheduler(profiles=Profiles.of(profile)))
        self.model, self.world = build(from_data({**HEADER, "spec": spec}).cluster, parts)
        self.log: list[str] = []

    def until(self, condition: Callable[[World], bool], choose: Callable[[Action], Action] | None = None) -> Cluster:
        for _ in range(4_000):
            if condition(self.world):
                return self
            action = first(self.world)
            assert action is not None
            if choose is not None:
                action = choose(action)
            self.log.append(label(self.model, self.world, action))
            self.world, _ = step(self.model, self.world, action)
        raise AssertionError("it does not happen")

    def quiet(self, choose: Callable[[Action], Action] | None = None) -> Cluster:
        return self.until(lambda world: is_quiet(self.model, world), choose)

    def pod(self, name: str) -> dict[str, Any]:
        stored = self.world.store.get("pods", f"default/{name}")
        assert stored is not None, name
        return stored.document

    def names(self) -> list[str]:
        return sorted(stored.name for stored in self.world.store.collection("pods").objects.values())

    def queue(self) -> Queue:
        found: Queue = self.world.process("kube-scheduler").memory.get("queue", EMPTY_QUEUE)
        return found

    def events(self, reason: str) -> list[str]:
        events = self.world.store.collection("events").objects.values()
        return [e.document["message"] for e in events if e.document["reason"] == reason]

    def served(self, words: str) -> int:
        """The step at which a request was served."""
        return next(n for n, line in enumerate(self.log) if line.startswith("serve") and words in line)


def test_a_victim_is_told_why_then_deleted_and_the_preemptor_takes_its_room() -> None:
    cluster = Cluster(preemption_scene())
    seen: list[dict[str, Any]] = []

    def has_condition(world: World) -> bool:
        for stored in world.store.collection("pods").objects.values():
            seen.extend(c for c in stored.document["status"].get("conditions") or () if c["type"] == "DisruptionTarget")
        return bool(seen)

    cluster.until(has_condition)
    assert {field: seen[0][field] for field in ("status", "reason", "message")} == {
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": "default-scheduler: preempting to accommodate a higher priority pod",
    }
    cluster.quiet()
    assert len(cluster.names()) == 3
    vip = cluster.pod("vip")
    assert vip["spec"]["nodeName"] == "node"
    assert "nominatedNodeName" not in vip["status"]
    (message,) = cluster.events("Preempted")
    assert message == f"Preempted by pod {vip['metadata']['uid']} on node node"
    assert cluster.events("FailedScheduling") == ["0/1 nodes are available: 1 Insufficient cpu."]
    told, gone = cluster.served("patch pods/status default/low-"), cluster.served("delete pods default/low-")
    assert told < gone


def test_the_nomination_is_written_with_the_condition_and_reserves_room_meanwhile() -> None:
    cluster = Cluster(preemption_scene(apply(pod("late", cpu="150m"))))
    cluster.until(lambda world: bool(len(cluster.queue().nominated)))
    assert list(cluster.queue().nominated) == ["node"]

    def is_told(world: World) -> bool:
        stored = world.store.get("pods", "default/vip")
        return stored is not None and stored.document["status"].get("nominatedNodeName") == "node"

    cluster.until(is_told).quiet()
    assert "nodeName" not in cluster.pod("late")["spec"], "150m are free beside vip only in part"
    assert not len(cluster.queue().nominated)


def test_the_least_important_victims_go_and_the_last_one_alone() -> None:
    spec = scene(
        apply(priority_class("high", 1000), priority_class("mid", 10)),
        apply(pod("a", cpu="600m", priorityClassName="mid"), pod("b", cpu="600m"), pod("c", cpu="600m")),
        sleep("3s"),
        apply(pod("vip", cpu="1300m", priorityClassName="high")),
        node={"cpu": "2"},
    )
    cluster = Cluster(spec).quiet()
    assert cluster.names() == ["a", "vip"]
    deletes = sorted(
        n for n, line in enumerate(cluster.log) if "serve kube-scheduler/preempt" in line and " delete pods" in line
    )
    patches = sorted(
        n for n, line in enumerate(cluster.log) if "serve kube-scheduler/preempt" in line and "pods/status" in line
    )
    assert len(deletes) == len(patches) == 2
    assert patches[0] < deletes[0] < patches[1] < deletes[1]


def test_a_preemption_that_cannot_be_written_is_tried_again() -> None:
    cluster = Cluster(preemption_scene())
    refused: list[int] = []

    def choose(action: Action) -> Action:
        words = label(cluster.model, cluster.world, action)
        if type(action) is Serve and "delete pods default/low-" in words and not refused:
            refused.append(1)
            return action._replace(reject=500)
        return action

    cluster.quiet(choose)
    assert refused
    assert cluster.pod("vip")["spec"]["nodeName"] == "node"


def test_a_victim_that_is_gone_already_is_no_failure() -> None:
    cluster = Cluster(preemption_scene(delete("pods", "low-0"), delete("pods", "low-1"), delete("pods", "low-2")))
    cluster.quiet()
    assert cluster.names() == ["vip"]


def test_while_victims_are_being_evicted_the_preemptor_stays_out_of_the_queue() -> None:
    cluster = Cluster(preemption_scene(sleep("0s"), delete("pods", "low-0", gracePeriodSeconds=0)))
    states: set[str] = set()

    def hold_evictions(action: Action) -> Action:
        entry = next((e for e in cluster.queue().pods.values() if e.pod.name == "vip"), None)
        states.add(entry.state if entry is not None else "")
        others = [
            a
            for a in enabled(cluster.world)
            if "serve kube-scheduler/preempt" not in label(cluster.model, cluster.world, a) and type(a) is not AdvanceTo
        ]
        return others[0] if others else action

    cluster.quiet(hold_evictions)
    assert "gated" in states
    assert cluster.pod("vip")["spec"]["nodeName"] == "node"


def test_a_less_important_nominated_pod_loses_its_nomination() -> None:
    spec = scene(
        apply(priority_class("high", 1000), priority_class("mid", 10)),
        apply(
            {
                **pod("low", cpu="1500m", terminationGracePeriodSeconds=30),
                "metadata": {"name": "low", "annotations": {"refk8s.dev/behaviour": "stop 20s"}},
            }
        ),
        sleep("3s"),
        apply(pod("mid", cpu="1500m", priorityClassName="mid")),
        sleep("2s"),
        apply(pod("vip", cpu="1500m", priorityClassName="high")),
        node={"cpu": "2"},
    )
    cluster = Cluster(spec)

    def nominated(name: str) -> Callable[[World], bool]:
        def holds(world: World) -> bool:
            stored = world.store.get("pods", f"default/{name}")
            return stored is not None and stored.document["status"].get("nominatedNodeName") == "node"

        return holds

    cluster.until(nominated("mid")).quiet()
    assert cluster.pod("vip")["spec"]["nodeName"] == "node"
    assert "nodeName" not in cluster.pod("mid")["spec"]


def test_a_deployment_heals_elsewhere_after_preemption() -> None:
    spec = scene(
        apply(priority_class("high", 1000), deployment(replicas=2, cpu="1500m")),
        sleep("5s"),
        apply(pod("vip", cpu="1500m", priorityClassName="high")),
        nodes=3,
        node={"cpu": "2"},
    )
    cluster = Cluster(spec).quiet()
    assert len([name for name in cluster.names() if name.startswith("web-")]) == 2
    assert cluster.pod("vip")["spec"]["nodeName"]


# ---- Permit


@attrs.frozen
class Pairs(Plugin):
    """Binds no pod labelled pair=… before its partner has a node too."""

    timeout_ms: int = 5_000

    name: ClassVar[str] = "Pairs"
    points = frozenset({Point.PERMIT, Point.RESERVE})

    def reserve(self, pod: PodInfo, node: str, snapshot: Snapshot) -> Status | None:
        return Status(Code.UNSCHEDULABLE, self.name, ("nothing is reserved for it",)) if pod.name == "never" else None

    def permit(self, pod: PodInfo, node: str, snapshot: Snapshot) -> Status | Wait | None:
        if pod.name == "refused":
            return Status(Code.UNSCHEDULABLE, self.name, ("not permitted",))
        pair = pod.labels.get("pair")
        placed = [p for n in snapshot.nodes() for p in n.pods if p.labels.get("pair") == pair]
        return Wait(self.timeout_ms) if pair and len(placed) < 2 else None


def with_pairs() -> Profile:
    profile = default_profile()
    return attrs.evolve(profile, plugins=(*profile.plugins, Pairs()))


def paired(name: str) -> dict[str, Any]:
    return {**pod(name), "metadata": {"name": name, "labels": {"pair": "p"}}}


def test_a_pod_waits_for_permit_until_it_is_given() -> None:
    cluster = Cluster(scene(apply(paired("one")), sleep("2s"), apply(paired("two"))), with_pairs()).quiet()
    assert cluster.pod("one")["spec"]["nodeName"] == cluster.pod("two")["spec"]["nodeName"] == "node"
    assert not cluster.events("FailedScheduling")


def test_a_pod_that_waits_for_permit_too_long_is_rejected_and_gives_its_room_back() -> None:
    cluster = Cluster(scene(apply(paired("one"), pod("other")), sleep("8s")), with_pairs())
    cluster.until(lambda world: bool(cluster.events("FailedScheduling")))
    assert cluster.events("FailedScheduling") == [
        "0/1 nodes are available: 1 rejected due to timeout after waiting 5s at plugin Pairs."
    ]
    cache = cluster.world.process("kube-scheduler").memory["cache"]
    assert not len(cache.assumed)
    (entry,) = cluster.queue().pods.values()
    assert (entry.state, entry.rejectors) == ("unschedulable", ("Pairs",))


@pytest.mark.parametrize(("name", "reason"), [("refused", "not permitted"), ("never", "nothing is reserved for it")])
def test_a_pod_that_a_plugin_refuses_after_the_choice_is_rejected(name: str, reason: str) -> None:
    cluster = Cluster(scene(apply(pod(name))), with_pairs()).quiet()
    assert cluster.events("FailedScheduling") == [f"0/1 nodes are available: 1 {reason}."]
    assert "nodeName" not in cluster.pod(name)["spec"]

"""When the invariants of quiet clusters judge, and when they wait."""

from __future__ import annotations

from refk8s.core.action import Crash
from refk8s.core.step import step
from refk8s.invariants import convergence
from refk8s.zoo.scenes import annotated, apply, deployment, pod

from .worlds import CHECKS, changed, settled, with_condition, with_status


def test_a_node_that_died_unnoticed_is_not_settled() -> None:
    model, world = settled(apply(pod("web")))
    dead, _ = step(model, world, Crash(world.names["kubelet/node"]))
    noticed = changed(dead, "kube-controller-manager", "nodes", "node", with_condition("Ready", "Unknown"))[1]
    assert [convergence._is_settled(each) for each in (world, dead, noticed)] == [True, False, True]


def test_crash_looping_containers_are_the_outside_and_no_alarm() -> None:
    model, world = settled(apply(annotated(pod("web"), behaviour="exit 1 after 2s")))
    assert convergence._restless(world) == {"default/web"}
    assert CHECKS["CONV-04"](model, world) is None


def test_a_deployment_short_of_replicas_needs_a_reason() -> None:
    model, world = settled(apply(deployment(replicas=2)))
    assert CHECKS["CONV-01"](model, world) is None
    wrong = changed(world, "user/ann", "deployments", "default/web", with_status(availableReplicas=1))[1]
    assert "status.availableReplicas is 1: expected 2, as its ReplicaSets have" in (
        CHECKS["CONV-01"](model, wrong) or ""
    )


def test_a_deployment_whose_replica_set_is_annotated_with_another_size_is_upstreams_known_exception() -> None:
    model, world = settled(apply(deployment(replicas=2)))
    larger = changed(
        world, "user/ann", "deployments", "default/web", lambda d: {**d, "spec": {**d["spec"], "replicas": 3}}
    )
    assert CHECKS["CONV-01"](model, larger[1]) is None


def test_a_pod_without_a_node_must_say_why() -> None:
    model, world = settled(apply(pod("huge", cpu="64")))
    assert CHECKS["CONV-03"](model, world) is None
    silent = changed(world, "user/ann", "pods", "default/huge", with_status(conditions=[]))[1]
    assert "does not say why" in (CHECKS["CONV-03"](model, silent) or "")


def test_a_pod_that_fits_must_not_wait() -> None:
    model, world = settled(apply(pod("huge", cpu="64")))
    assert CHECKS["SCHED-06"](model, world) is None
    larger = with_status(allocatable={"cpu": "128", "memory": "8Gi", "pods": "110"})
    roomy = changed(world, "user/ann", "nodes", "node", larger)[1]
    assert "waits for a node, and node is open to it" in (CHECKS["SCHED-06"](model, roomy) or "")

"""Dumps as the beginning of a run: what the API server computes is there even if the dump leaves it out."""

from __future__ import annotations

from typing import Any

import pytest

from refk8s.explore.cluster import Cluster, build
from refk8s.explore.run import run
from refk8s.kubelet.program import NodeSpec

BOUND = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "namespace": "default", "uid": "u-1"},
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "nginx:1"}]},
}
BIG = {"name": "c", "image": "nginx:1", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}


@pytest.mark.parametrize(("container", "qos"), [(BOUND["spec"]["containers"][0], "BestEffort"), (BIG, "Guaranteed")])  # type: ignore[index]  # mypy joins the values of a literal
def test_a_bound_pod_without_status_is_completed_and_runs(container: dict[str, Any], qos: str) -> None:
    pod = {**BOUND, "spec": {"nodeName": "n1", "containers": [container]}}
    model, world = build(Cluster(nodes=(NodeSpec("n1"),), objects=(pod,)))
    before = world.store.get("pods", "default/a").document
    assert (before["status"], before["metadata"]["generation"]) == ({"phase": "Pending", "qosClass": qos}, 1)
    outcome = run(model, world, max_steps=5_000)
    assert outcome.verdict == "quiet"
    assert outcome.world.store.get("pods", "default/a").document["status"]["phase"] == "Running"
